//! Faults, each with the real parts it is made of: the real SDK, the real Toxiproxy, real signals and control groups. Every
//! case asserts its dose and exact books.

use spanfate_model::fate::Fate;
use spanfate_model::result::TrialResult;

use crate::lab::{Finished, Lab, lab, lab_alone};

mod bridges;
pub(crate) mod code;
pub(crate) mod network;
pub(crate) mod process;
pub(crate) mod receiver;
pub(crate) mod timing;

/// What all cases of a run have in common.
const LOAD: &str = r#"
    [load]
    rate = "400/s"
    warmup = "100ms"
    lasting = "1100ms"
    timeout = "800ms"
    [exporter]
    delay = "50ms"
"#;

/// A fault as a variant of its own, and what must come of it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Keys of the variant beside its name.
    pub(crate) variant: &'static str,
    /// Keys of the fault.
    pub(crate) fault: &'static str,
    pub(crate) check: fn(&TrialResult),
}

/// Runs all cases as one scenario, holds each to its dose, to exact books and to its own check.
pub(crate) fn run(lab: &Lab, services: &str, cases: &[Case]) -> Finished {
    let mut text = format!("{LOAD}\n{services}\n");
    for Case { name, variant, fault, .. } in cases {
        text += &format!(
            "[[variant]]\nname = \"{name}\"\n{variant}\n[[fault]]\nvariants = [\"{name}\"]\n{fault}\n"
        );
    }
    let done = lab.run(&text);
    done.assert_exact();
    for case in cases {
        let trial = trial_of(&done, case.name);
        for fault in &trial.faults {
            assert!(fault.bit, "{}: {fault:?}\n{:?}", case.name, done.result.reasons);
        }
        (case.check)(trial);
    }
    done
}

/// The trial of a variant.
pub(crate) fn trial_of<'a>(done: &'a Finished, variant: &str) -> &'a TrialResult {
    let found = done.result.variants.iter().find(|result| result.name == variant);
    &found.unwrap_or_else(|| panic!("no variant {variant}")).trials[0]
}

/// The main dose of a trial's first fault.
pub(crate) fn dose(trial: &TrialResult) -> f64 {
    trial.faults[0].main().map_or(0.0, |dose| dose.amount)
}

/// Another dose of a trial's first fault.
pub(crate) fn amount(trial: &TrialResult, what: &str) -> f64 {
    let found = trial.faults[0].doses.iter().find(|dose| dose.what.text() == what);
    found.unwrap_or_else(|| panic!("no dose `{what}` in {:?}", trial.faults[0])).amount
}

/// Spans with a fate, by its name.
pub(crate) fn spans(trial: &TrialResult, fate: &str) -> u64 {
    trial.ledger.total(Fate::by_name(fate).unwrap_or_else(|| panic!("no fate {fate}")))
}

/// Nothing was lost.
pub(crate) fn all_received(trial: &TrialResult) {
    assert_eq!(spans(trial, "received"), trial.ledger.created, "{:?}", trial.ledger.fates);
}
