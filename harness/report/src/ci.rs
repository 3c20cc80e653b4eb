//! What machines and reviewers read of a run: test results, a summary, figures for trend services. All of it is rendered
//! from the result alone.

pub(crate) mod annotations;
pub(crate) mod bmf;
mod checks;
pub(crate) mod contracted;
pub(crate) mod diffed;
pub(crate) mod gobench;
pub(crate) mod junit;
pub(crate) mod markdown;
mod suite;

use std::collections::BTreeSet;

use spanfate_model::result::RunResult;
use spanfate_model::result::environment::Environment;

use crate::figures::sums::trials;
use crate::text::fit::clean;

/// Text on one line: breaks and tabs become spaces, what steers is replaced.
fn plain(text: &str) -> String {
    clean(&text.replace(['\n', '\r', '\t'], " "))
}

/// Names made fit for a format and told apart where that made two of them the same.
fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut out = Vec::new();
    for name in names {
        let mut given = name.clone();
        let mut number = 2u32;
        while !taken.insert(given.clone()) {
            given = format!("{name}_{number}");
            number += 1;
        }
        out.push(given);
    }
    out
}

/// What the run was made on, and with: names and values, for a list.
fn origin(result: &RunResult) -> Vec<(&'static str, String)> {
    let Environment { spanfate, profile, kernel, arch, cpu, go, memory, .. } = &result.environment;
    let cpus = |cpus: &[u32]| cpus.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let sdks: BTreeSet<&str> = trials(result).map(|(_, trial)| trial.sdk.as_str()).collect();
    let named: Vec<String> = result.environment.sdks.iter().map(ToString::to_string).collect();
    let facts = [
        ("run", result.run_id.clone()),
        ("seed", result.plan.seed.to_string()),
        ("load", result.plan.load.to_string()),
        ("spanfate", format!("{spanfate} ({profile} build)")),
        ("sdk", sdks.into_iter().collect::<Vec<_>>().join(", ")),
        ("sdks of variants", named.join(", ")),
        ("go", go.clone()),
        ("kernel", kernel.clone()),
        ("arch", arch.clone()),
        ("cpu", cpu.clone()),
        ("cpus of the service", cpus(&result.environment.fixture_cpus)),
        ("cpus of the harness", cpus(&result.environment.harness_cpus)),
        ("memory", format!("{} MiB", memory / 1_048_576)),
    ];
    let mut facts: Vec<(&str, String)> = facts.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    if !result.plan.subject().has_load() {
        facts.retain(|(name, _)| *name != "load");
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_became_the_same_are_told_apart() {
        let names = ["a", "b", "a", "a_2", "a"].map(str::to_owned);
        assert_eq!(distinct(names.into_iter()), ["a", "b", "a_2", "a_2_2", "a_3"]);
    }
}
