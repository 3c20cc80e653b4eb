//! From a scenario, and what is changed of it, to a plan.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use spanfate_model::plan::Plan;
use spanfate_model::scenario::expect::Expect;
use spanfate_model::scenario::figure::nearest;
use spanfate_model::scenario::{Compare, Scenario, Sweep, Variant, WitnessMode};

use super::arms::{Arm, fitting};
use crate::error::Error;
use crate::scenario_file::{self, Loaded, Override};

/// A plan and the text it came from.
pub(crate) struct Selected {
    pub(crate) plan: Plan,
    pub(crate) text: String,
    /// The scenario file's folder.
    pub(crate) folder: PathBuf,
}

/// What is to be other than a scenario's file says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Changes {
    /// Trials per variant, or pairs of a comparison.
    pub(crate) trials: Option<NonZeroU32>,
    pub(crate) seed: Option<u64>,
    /// Only these variants, by name or pattern; all where none is named.
    pub(crate) variants: Vec<String>,
    pub(crate) witness: Option<WitnessChange>,
    /// Keys of the file with other values.
    pub(crate) overrides: Vec<Override>,
}

impl Changes {
    /// Whether nothing of what the file says changes once it was read.
    fn is_done(&self) -> bool {
        *self == Self { overrides: self.overrides.clone(), ..Self::default() }
    }
}

/// The process witness of all variants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WitnessChange {
    Full,
    Off,
    /// Each variant with and without it, side by side.
    Pair,
}

/// Loads a scenario, and changes it.
pub(crate) fn select(file: &Path, changes: &Changes, color: bool) -> Result<Selected, Error> {
    changed(scenario_file::load_with(file, &changes.overrides, color)?, changes)
}

/// Changes a scenario that was loaded.
pub(crate) fn changed(loaded: Loaded, changes: &Changes) -> Result<Selected, Error> {
    if changes.is_done() {
        return Ok(Selected::as_it_is(loaded));
    }
    let mut scenario = loaded.scenario;
    match (&mut scenario.compare, changes.trials) {
        (Some(compare), Some(trials)) => compare.pairs = trials,
        (None, Some(trials)) => scenario.trials = trials,
        (_, None) => {}
    }
    scenario.seed = changes.seed.unwrap_or(scenario.seed);
    keep_variants(&mut scenario, &changes.variants)?;
    if let Some(witness) = changes.witness {
        choose_witness(&mut scenario, witness);
    }
    Selected::of(&scenario, loaded.text, loaded.folder)
}

impl Selected {
    /// What a file says; it was checked and resolved when it was read.
    fn as_it_is(loaded: Loaded) -> Self {
        Self { plan: loaded.plan, text: loaded.text, folder: loaded.folder }
    }

    /// The plan of a scenario that was changed after it was read. It must be as valid as what a file says.
    pub(crate) fn of(scenario: &Scenario, text: String, folder: PathBuf) -> Result<Self, Error> {
        match scenario_file::resolve(scenario) {
            Ok(plan) => Ok(Self { plan, text, folder }),
            Err(problem) => Err(Error::Usage(problem)),
        }
    }
}

/// The scenario with one variant in two arms. `tune` has the last word on how they are compared.
pub(crate) fn with_arms(
    mut scenario: Scenario,
    arms: &[Arm; 2],
    variant: Option<&str>,
    tune: impl FnOnce(&mut Compare),
) -> Result<Scenario, Error> {
    fitting(arms, &scenario)?;
    // What decides is the scenario's own word, whichever arms it names.
    let own = scenario.compare.take();
    keep_variants(&mut scenario, &variant.map(str::to_owned).into_iter().collect::<Vec<_>>())?;
    if scenario.variant.len() > 1 {
        let names: Vec<&str> = scenario.variant.iter().map(|variant| variant.name.as_str()).collect();
        return Err(Error::Refused(format!("choose the variant with --variant: {}", names.join(", "))));
    }
    let base = scenario.variant.pop().unwrap_or_default();
    let names = arms.each_ref().map(Arm::name);
    let rename = |names_of: &mut Option<Vec<String>>| {
        if names_of.is_some() {
            *names_of = Some(names.to_vec());
        }
    };
    scenario.fault.iter_mut().for_each(|fault| rename(&mut fault.variants));
    scenario.expect.iter_mut().for_each(|expect| rename(&mut expect.variants));
    let conditions = scenario.claim.iter_mut().flat_map(|claim| &mut claim.holds_if);
    conditions.for_each(|expect| rename(&mut expect.variants));
    let built = arms.iter().zip(&names).map(|(arm, name)| {
        let mut variant = Variant { name: name.clone(), cell: Vec::new(), ..base.clone() };
        arm.set(&scenario.pipeline, &mut variant);
        variant
    });
    scenario.variant = built.collect();
    scenario.sweep = Sweep::default();
    scenario.trials = NonZeroU32::MIN;
    let [baseline, candidate] = names;
    let mut compare = Compare { baseline, candidate, ..own.unwrap_or_default() };
    tune(&mut compare);
    scenario.compare = Some(compare);
    Ok(scenario)
}

/// The variants that names and patterns stand for, in the scenario's order.
fn matching(known: &[&str], wanted: &[String]) -> Result<Vec<String>, Error> {
    if let Some(none) = wanted.iter().find(|pattern| !known.iter().any(|name| is_like(pattern, name))) {
        let hint = match nearest(none, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the scenario has: {}", known.join(", ")),
        };
        let what = if none.contains(['*', '?']) { "no variant like" } else { "no variant" };
        return Err(Error::NothingSelected(format!("there is {what} `{none}`; {hint}")));
    }
    let chosen = known.iter().filter(|name| wanted.iter().any(|pattern| is_like(pattern, name)));
    Ok(chosen.map(|name| (*name).to_owned()).collect())
}

/// Whether a name is like a pattern: `*` stands for any letters, `?` for one.
fn is_like(pattern: &str, name: &str) -> bool {
    let mut letters = pattern.chars();
    match letters.next() {
        None => name.is_empty(),
        Some('*') => name
            .char_indices()
            .map(|(at, _)| at)
            .chain([name.len()])
            .any(|at| is_like(letters.as_str(), &name[at..])),
        Some(letter) => {
            let mut rest = name.chars();
            rest.next().is_some_and(|first| letter == '?' || letter == first)
                && is_like(letters.as_str(), rest.as_str())
        }
    }
}

/// Leaves only these variants, and what is said of them; all of them where none is named. A name may be a pattern.
pub(crate) fn keep_variants(scenario: &mut Scenario, wanted: &[String]) -> Result<(), Error> {
    if wanted.is_empty() {
        return Ok(());
    }
    let known = scenario_file::variant_names(scenario);
    let wanted = &matching(&known, wanted)?;
    scenario.variant.retain(|variant| wanted.contains(&variant.name));
    let keep = |variants: &mut Option<Vec<String>>| match variants {
        Some(names) => {
            names.retain(|name| wanted.contains(name));
            !names.is_empty()
        }
        None => true,
    };
    if let Some(compare) = &scenario.compare
        && !(wanted.contains(&compare.baseline) && wanted.contains(&compare.candidate))
    {
        // One of the two alone is no comparison.
        scenario.compare = None;
    }
    scenario.expect.retain_mut(|expect| keep(&mut expect.variants));
    // Half of a claim is another claim.
    let whole = |expect: &Expect| expect.variants.iter().flatten().all(|name| wanted.contains(name));
    scenario.claim.retain(|claim| claim.holds_if.iter().all(whole));
    scenario.fault.retain_mut(|fault| keep(&mut fault.variants));
    Ok(())
}

/// Name of a variant's twin without the process witness.
fn twin_of(name: &str) -> String {
    format!("{name}.witness-off")
}

/// The witness for all variants; a pair runs each of them with and without it, side by side.
fn choose_witness(scenario: &mut Scenario, witness: WitnessChange) {
    if scenario.variant.is_empty() {
        scenario.variant.push(Variant::default());
    }
    let with = |variant: &Variant, mode| Variant { witness: Some(mode), ..variant.clone() };
    let twin =
        |variant: &Variant| Variant { name: twin_of(&variant.name), ..with(variant, WitnessMode::Off) };
    if witness == WitnessChange::Pair {
        // A twin has the same faults, or the pair would compare more than the witness.
        for names in scenario.fault.iter_mut().filter_map(|fault| fault.variants.as_mut()) {
            names.extend(names.clone().iter().map(|name| twin_of(name)));
        }
    }
    let written = std::mem::take(&mut scenario.variant);
    scenario.variant = match witness {
        WitnessChange::Full => written.iter().map(|variant| with(variant, WitnessMode::Full)).collect(),
        WitnessChange::Off => written.iter().map(|variant| with(variant, WitnessMode::Off)).collect(),
        WitnessChange::Pair => {
            written.iter().flat_map(|variant| [with(variant, WitnessMode::Full), twin(variant)]).collect()
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stands_for_the_variants_that_are_like_it() {
        let known = ["sdk-defaults", "answer-30ms", "answer-50ms", "answer-30ms-b2048"];
        let chosen = |patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(|one| (*one).to_owned()).collect();
            matching(&known, &patterns).map_err(|error| error.to_string())
        };
        assert_eq!(chosen(&["answer-*"]).unwrap(), ["answer-30ms", "answer-50ms", "answer-30ms-b2048"]);
        assert_eq!(
            chosen(&["answer-?0ms", "sdk-*"]).unwrap(),
            ["sdk-defaults", "answer-30ms", "answer-50ms"]
        );
        assert_eq!(chosen(&["*30*"]).unwrap(), ["answer-30ms", "answer-30ms-b2048"]);
        assert_eq!(chosen(&["answer-30ms"]).unwrap(), ["answer-30ms"]);
        assert_eq!(chosen(&["*"]).unwrap().len(), 4);
        let none = chosen(&["answer-30ms", "anwser-*"]).unwrap_err();
        assert!(none.contains("no variant like `anwser-*`") && none.contains("the scenario has:"), "{none}");
        assert!(chosen(&["answer-30m"]).unwrap_err().contains("did you mean `answer-30ms`?"));
    }
}
