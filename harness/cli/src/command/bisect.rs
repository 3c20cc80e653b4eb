//! `spanfate bisect`: which SDK release changed what a scenario's expectations say.

use spanfate_model::result::RunResult;
use spanfate_model::scenario::Variant;
use spanfate_model::verdict::{ExitCode, Verdict};
use spanfate_run::fixture::sdk_versions;

use super::series::Series;
use crate::args::BisectArguments;
use crate::error::Error;
use crate::scenario_file;
use crate::select::keep_variants;
use crate::show;

/// Bisects.
pub(super) fn run(arguments: &BisectArguments, color: bool) -> Result<ExitCode, Error> {
    let loaded = scenario_file::load(&arguments.scenario, color)?;
    let mut scenario = loaded.scenario;
    keep_variants(&mut scenario, &arguments.variants)?;
    if scenario.expect.is_empty() {
        let what = "the scenario expects nothing, so no release can be good or bad; add an [[expect]] that holds with one of them";
        return Err(Error::Refused(what.to_owned()));
    }
    let file = (loaded.text, loaded.folder);
    let series = Series::begin(scenario, file, arguments.out.as_deref(), "bisect")?;
    let releases = between(&sdk_versions(&series.project)?, &arguments.good, &arguments.bad)?;
    bisect(&series, &releases)
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

fn bisect(series: &Series, releases: &[String]) -> Result<ExitCode, Error> {
    let (mut good, mut bad) = (0, releases.len() - 1);
    for (at, wanted) in [(good, Verdict::Pass), (bad, Verdict::Fail)] {
        let (release, found) = (&releases[at], judge(series, &releases[at])?);
        if let Some(code) = stopped(series, found.verdict) {
            return Ok(code);
        }
        if found.verdict != wanted {
            let which = if wanted == Verdict::Pass { "good" } else { "bad" };
            let verdict = if wanted == Verdict::Pass { "fails" } else { "passes" };
            show::note(&format!("the scenario {verdict} with {release}, which should be the {which} one"));
            return Ok(ExitCode::Inconclusive);
        }
    }
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        let found = judge(series, &releases[middle])?;
        if let Some(code) = stopped(series, found.verdict) {
            return Ok(code);
        }
        if found.verdict == Verdict::Pass {
            good = middle;
        } else {
            bad = middle;
        }
    }
    show::data(&format!("{} is the first that fails; {} passes\n", releases[bad], releases[good]))?;
    Ok(ExitCode::Pass)
}

/// The exit code where a verdict ends the search.
fn stopped(series: &Series, verdict: Verdict) -> Option<ExitCode> {
    match (series.interrupt.signal(), verdict) {
        (Some(2), _) => Some(ExitCode::Interrupted),
        (Some(_), _) => Some(ExitCode::Terminated),
        (None, Verdict::Inconclusive | Verdict::AccountingBroken) => {
            show::note("the search stops here: a release that cannot be judged is neither good nor bad");
            Some(verdict.exit())
        }
        (None, Verdict::Pass | Verdict::Fail) => None,
    }
}

/// Runs the scenario with a release.
fn judge(series: &Series, release: &str) -> Result<RunResult, Error> {
    let mut scenario = series.scenario.clone();
    if scenario.variant.is_empty() {
        scenario.variant.push(Variant::default());
    }
    scenario.compare = None;
    for variant in &mut scenario.variant {
        variant.sdk = Some(release.to_owned());
    }
    let (_, result) = series.run(&series.select(&scenario)?, false)?;
    let why = result.reasons.first().map(|reason| format!(": {reason}")).unwrap_or_default();
    show::note(&format!("{release}: {}{why}", word(result.verdict)));
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
