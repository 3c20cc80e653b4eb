//! What of a run did not pass: the variants that are worth another run.

use std::path::Path;

use spanfate_analysis::verdict_of;
use spanfate_model::result::{RunResult, VariantResult};
use spanfate_model::verdict::Verdict;

use super::runs::{self, Shelf};
use crate::error::Error;

/// The variants of a run that did not pass; of the newest run of a scenario where none is named.
pub(crate) fn failed(run: Option<&Path>, title: &str, results: Option<&Path>) -> Result<Vec<String>, Error> {
    let result = match run {
        Some(run) => runs::result_of(run)?,
        None => newest_of(title, results)?,
    };
    let names: Vec<String> = result
        .variants
        .iter()
        .filter(|variant| !has_passed(variant, &result))
        .map(|variant| variant.name.clone())
        .collect();
    if names.is_empty() {
        let what = format!("every variant of the run {} passed, so none is to run again", result.run_id);
        return Err(Error::NothingSelected(what));
    }
    Ok(names)
}

fn newest_of(title: &str, results: Option<&Path>) -> Result<RunResult, Error> {
    let shelf = Shelf::of(results.map(Path::to_owned))?;
    let entries = shelf.entries();
    let of_title = entries.iter().filter(|entry| entry.found.as_ref().is_ok_and(|one| one.scenario == title));
    let newest = of_title.max_by(|a, b| (a.began, &a.run).cmp(&(b.began, &b.run)));
    let missing = || Error::Missing {
        what: "run with a result of the scenario",
        name: title.to_owned(),
        hint: "; run it once without --failed, or name a run after --failed".to_owned(),
    };
    let found = newest.and_then(|entry| shelf.result(&entry.run)).ok_or_else(missing)?;
    found.map_err(Error::Refused)
}

/// Whether everything that was expected of a variant holds, and its books close without a gap.
fn has_passed(variant: &VariantResult, result: &RunResult) -> bool {
    let expected = result.expectations.iter().filter(|one| one.variant == variant.name);
    let claimed = result.claims.iter().flat_map(|claim| &claim.rests_on);
    let doubtful = claimed.filter(|one| one.variant == variant.name && one.verdict == Verdict::Inconclusive);
    let holds = expected.map(|one| one.verdict).all(|verdict| verdict == Verdict::Pass);
    let sound = variant.trials.iter().all(|trial| verdict_of(trial, &result.plan) == Verdict::Pass);
    holds && doubtful.count() == 0 && !variant.trials.is_empty() && sound
}
