//! From the command line's selection to a plan.

use std::path::PathBuf;

use spanfate_model::figure::nearest;
use spanfate_model::plan::Plan;
use spanfate_model::scenario::{Scenario, Variant, WitnessMode};

use crate::args::{Selection, Witness};
use crate::error::Error;
use crate::scenario_file;

/// A plan and the text it came from.
pub(crate) struct Selected {
    pub(crate) plan: Plan,
    pub(crate) text: String,
    /// The scenario file's folder.
    pub(crate) folder: PathBuf,
}

/// Loads a scenario and applies what the command line says.
pub(crate) fn select(selection: &Selection, color: bool) -> Result<Selected, Error> {
    let loaded = scenario_file::load(&selection.file, color)?;
    let mut scenario = loaded.scenario;
    scenario.trials = selection.trials.unwrap_or(scenario.trials);
    scenario.seed = selection.seed.unwrap_or(scenario.seed);
    keep_variants(&mut scenario, &selection.variants)?;
    if let Some(witness) = selection.witness {
        choose_witness(&mut scenario, witness);
    }
    // What the command line changed must be as valid as what the file says.
    match scenario_file::problems(&scenario).into_iter().next() {
        Some(problem) => Err(Error::Usage(problem)),
        None => Ok(Selected { plan: Plan::resolve(&scenario), text: loaded.text, folder: loaded.folder }),
    }
}

fn keep_variants(scenario: &mut Scenario, wanted: &[String]) -> Result<(), Error> {
    if wanted.is_empty() {
        return Ok(());
    }
    let known: Vec<String> =
        Plan::resolve(scenario).variants.into_iter().map(|variant| variant.name).collect();
    if let Some(name) = wanted.iter().find(|name| !known.contains(name)) {
        let hint = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the scenario has: {}", known.join(", ")),
        };
        return Err(Error::NothingSelected(format!("there is no variant `{name}`; {hint}")));
    }
    scenario.variant.retain(|variant| wanted.contains(&variant.name));
    let keep = |variants: &mut Option<Vec<String>>| match variants {
        Some(names) => {
            names.retain(|name| wanted.contains(name));
            !names.is_empty()
        }
        None => true,
    };
    scenario.expect.retain_mut(|expect| keep(&mut expect.variants));
    scenario.fault.retain_mut(|fault| keep(&mut fault.variants));
    Ok(())
}

/// Name of a variant's twin without the process witness.
fn twin_of(name: &str) -> String {
    format!("{name}.witness-off")
}

/// The witness for all variants; a pair runs each of them with and without it, side by side.
fn choose_witness(scenario: &mut Scenario, witness: Witness) {
    if scenario.variant.is_empty() {
        scenario.variant.push(Variant::default());
    }
    let with = |variant: &Variant, mode| Variant { witness: Some(mode), ..variant.clone() };
    let twin =
        |variant: &Variant| Variant { name: twin_of(&variant.name), ..with(variant, WitnessMode::Off) };
    if witness == Witness::Pair {
        // A twin has the same faults, or the pair would compare more than the witness.
        for names in scenario.fault.iter_mut().filter_map(|fault| fault.variants.as_mut()) {
            names.extend(names.clone().iter().map(|name| twin_of(name)));
        }
    }
    let written = std::mem::take(&mut scenario.variant);
    scenario.variant = match witness {
        Witness::Full => written.iter().map(|variant| with(variant, WitnessMode::Full)).collect(),
        Witness::Off => written.iter().map(|variant| with(variant, WitnessMode::Off)).collect(),
        Witness::Pair => {
            written.iter().flat_map(|variant| [with(variant, WitnessMode::Full), twin(variant)]).collect()
        }
    };
}
