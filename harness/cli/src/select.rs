//! From the command line's selection to a plan.

use spanfate_model::plan::Plan;
use spanfate_model::scenario::Scenario;

use crate::args::Selection;
use crate::error::Error;
use crate::scenario_file;

/// A plan and the text it came from.
pub(crate) struct Selected {
    pub(crate) plan: Plan,
    pub(crate) text: String,
}

/// Loads a scenario and applies what the command line says.
pub(crate) fn select(selection: &Selection, color: bool) -> Result<Selected, Error> {
    let loaded = scenario_file::load(&selection.file, color)?;
    let mut scenario = loaded.scenario;
    scenario.trials = selection.trials.unwrap_or(scenario.trials);
    scenario.seed = selection.seed.unwrap_or(scenario.seed);
    keep_variants(&mut scenario, &selection.variants)?;
    Ok(Selected { plan: Plan::resolve(&scenario), text: loaded.text })
}

fn keep_variants(scenario: &mut Scenario, wanted: &[String]) -> Result<(), Error> {
    if wanted.is_empty() {
        return Ok(());
    }
    let known = scenario.variant.iter().map(|variant| variant.name.clone()).collect::<Vec<_>>().join(", ");
    scenario.variant.retain(|variant| wanted.contains(&variant.name));
    if scenario.variant.is_empty() {
        return Err(Error::NothingSelected(known));
    }
    for expect in &mut scenario.expect {
        if let Some(names) = &mut expect.variants {
            names.retain(|name| wanted.contains(name));
        }
    }
    Ok(())
}
