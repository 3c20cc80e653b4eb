//! Which SDK release or collector changed what a scenario's expectations say.

use std::path::Path;

use spanfate_model::result::RunResult;
use spanfate_model::scenario::Variant;
use spanfate_model::verdict::Verdict;
use spanfate_run::fixture::sdk_versions;
use spanfate_run::process::interrupt::Interrupt;

use super::Audience;
use super::arms::{Arm, fitting};
use super::selected::keep_variants;
use super::series::Series;
use crate::error::Error;
use crate::scenario_file::Loaded;

/// How a search for a release ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum BisectEnded {
    /// The first that fails, and its neighbour that passes.
    Found { bad: String, good: String },
    /// One that should pass fails, or the other way round.
    Contradicted { release: String, found: Verdict },
    /// One cannot be judged.
    Unjudged(Verdict),
    /// By a signal.
    Interrupted(i32),
}

/// Among what is searched: from what passes to what fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SearchedArms<'a> {
    /// The releases of the SDK between two.
    Releases { good: &'a str, bad: &'a str },
    /// These collectors, in their order.
    Collectors(&'a [String]),
}

/// Searches between two releases or among collectors, of which the first is one with which the expectations hold and the last one with
/// which they do not, with results in `out` or where they usually go.
pub(crate) fn bisect(
    loaded: Loaded,
    variants: &[String],
    among: SearchedArms<'_>,
    out: Option<&Path>,
    interrupt: &Interrupt,
    audience: &mut dyn Audience,
) -> Result<BisectEnded, Error> {
    let mut scenario = loaded.scenario;
    keep_variants(&mut scenario, variants)?;
    if scenario.expect.is_empty() {
        let what = "the scenario expects nothing, so nothing can be good or bad; add an [[expect]] that holds with one of them";
        return Err(Error::Refused(what.to_owned()));
    }
    let collectors: Vec<Arm> = match among {
        SearchedArms::Collectors(named) => named.iter().map(|one| Arm::collector(one)).collect(),
        SearchedArms::Releases { .. } => Vec::new(),
    };
    fitting(&collectors, &scenario)?;
    let file = (loaded.text, loaded.folder);
    let series = Series::begin(scenario, file, (out, "bisect"), interrupt)?;
    let arms = match among {
        SearchedArms::Collectors(_) => collectors,
        SearchedArms::Releases { good, bad } => {
            let releases = between(&sdk_versions(&series.project)?, good, bad)?;
            releases.iter().map(|release| Arm::release(release)).collect()
        }
    };
    if arms.len() < 2 {
        return Err(Error::Refused("a search needs two collectors at least".to_owned()));
    }
    search(&series, &arms, audience)
}

/// The releases from the good to the bad one, both included, in that order.
fn between(known: &[String], good: &str, bad: &str) -> Result<Vec<String>, Error> {
    let place = |wanted: &str| {
        // `1.44` means its newest patch.
        let of = |version: &String| version == wanted || version.starts_with(&format!("{wanted}."));
        known.iter().rposition(of).ok_or_else(|| Error::Missing {
            what: "SDK release",
            name: wanted.to_owned(),
            hint: format!(
                "; the newest are {}",
                known.iter().rev().take(6).cloned().collect::<Vec<_>>().join(", ")
            ),
        })
    };
    let (good, bad) = (place(good)?, place(bad)?);
    let mut out: Vec<String> = known.get(good.min(bad)..=good.max(bad)).unwrap_or_default().to_vec();
    if bad < good {
        out.reverse();
    }
    if out.len() < 2 {
        return Err(Error::Refused("the good and the bad release are the same".to_owned()));
    }
    Ok(out)
}

fn search(series: &Series, arms: &[Arm], audience: &mut dyn Audience) -> Result<BisectEnded, Error> {
    let (mut good, mut bad) = (0, arms.len() - 1);
    for (at, wanted) in [(good, Verdict::Pass), (bad, Verdict::Fail)] {
        let found = judge(series, &arms[at], audience)?.verdict;
        if let Some(ended) = stopped(series, found) {
            return Ok(ended);
        }
        if found != wanted {
            return Ok(BisectEnded::Contradicted { release: arms[at].called.clone(), found });
        }
    }
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        let found = judge(series, &arms[middle], audience)?.verdict;
        if let Some(ended) = stopped(series, found) {
            return Ok(ended);
        }
        if found == Verdict::Pass {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Ok(BisectEnded::Found { bad: arms[bad].called.clone(), good: arms[good].called.clone() })
}

/// How the search ends where a verdict ends it.
fn stopped(series: &Series, verdict: Verdict) -> Option<BisectEnded> {
    match (series.interrupt.signal(), verdict) {
        (Some(signal), _) => Some(BisectEnded::Interrupted(signal)),
        (None, Verdict::Inconclusive | Verdict::AccountingBroken) => Some(BisectEnded::Unjudged(verdict)),
        (None, Verdict::Pass | Verdict::Fail) => None,
    }
}

/// Runs the scenario with one of them.
fn judge(series: &Series, arm: &Arm, audience: &mut dyn Audience) -> Result<RunResult, Error> {
    let mut scenario = series.scenario.clone();
    if scenario.variant.is_empty() {
        scenario.variant.push(Variant::default());
    }
    scenario.compare = None;
    for variant in &mut scenario.variant {
        arm.set(&scenario.pipeline, variant);
    }
    let (_, result) = series.run(&series.select(&scenario)?, audience)?;
    let why = result.reasons.first().map(|reason| format!(": {reason}")).unwrap_or_default();
    audience.note(&format!("{}: {}{why}", arm.called, word(result.verdict)));
    Ok(result)
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "good",
        Verdict::Fail => "bad",
        Verdict::Inconclusive => "inconclusive",
        Verdict::AccountingBroken => "accounting broken",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_run_from_the_good_to_the_bad_one() {
        let known: Vec<String> =
            ["1.37.0", "1.38.0", "1.38.1", "1.39.0", "1.40.0"].map(str::to_owned).to_vec();
        assert_eq!(between(&known, "1.38", "1.40").unwrap(), ["1.38.1", "1.39.0", "1.40.0"]);
        assert_eq!(between(&known, "1.39.0", "1.37.0").unwrap(), ["1.39.0", "1.38.1", "1.38.0", "1.37.0"]);
        assert!(between(&known, "1.39", "1.39.0").is_err());
        assert!(matches!(between(&known, "1.3", "1.40").unwrap_err(), Error::Missing { .. }));
    }
}
