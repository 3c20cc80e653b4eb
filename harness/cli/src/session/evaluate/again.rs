//! Answers about cases that have run, from what was kept of them. Nothing runs.

use std::collections::BTreeMap;
use std::path::Path;

use spanfate_analysis::outside::table;
use spanfate_analysis::{held_confidence, score};
use spanfate_model::finding::evaluation::{ConfidenceTable, EvaluatedCase, Evaluation, SeedSet};
use spanfate_model::finding::outside::OutsideSuspect;
use spanfate_model::format::layout::RunDir;
use spanfate_model::plan::Plan;
use spanfate_model::result::environment::Environment;
use spanfate_run::pages::scrape;
use spanfate_run::store;

use super::{CASES, RAW, asked, fit, place_of};
use crate::error::Error;

/// What the cases come to now. Beside what was judged once: it may have been looked at since.
const AGAIN: &str = "again.json";

/// Asks again: by the raw logs of each case where they were kept. Other answers stay as they are, and only their confidence is read off anew.
pub(super) fn asked_again(dir: &Path, table: Option<&ConfidenceTable>) -> Result<Evaluation, Error> {
    let mut found: Evaluation = store::read_json(&dir.join(CASES))?;
    // Of a case that ran twice the last one counts: its files are those that are there.
    let cases: BTreeMap<u64, EvaluatedCase> =
        std::mem::take(&mut found.cases).into_iter().map(|case| (case.number, case)).collect();
    for (number, mut case) in cases {
        let place = place_of(dir, number);
        let raw = RunDir(place.join(RAW));
        if raw.plan().is_file() {
            let plan: Plan = store::read_plan(&raw)?;
            let environment: Environment = store::read_json(&raw.environment())?;
            if let Some(planned) = plan.trials.first() {
                case.answer = asked(&raw, &plan, planned, &environment)?;
            }
        }
        let held = table.unwrap_or(held_confidence());
        for suspect in &mut case.answer {
            suspect.confidence = held.confidence(suspect.evidence);
        }
        case.outside = by_tables(&place)?;
        found.cases.push(case);
    }
    found.again = true;
    found.score = score(&found.cases);
    store::write_json(&dir.join(AGAIN), &found)?;
    if found.set == SeedSet::Tune {
        fit(dir, &found)?;
    }
    Ok(found)
}

/// The answer by the tables of a case; nothing where they are not there.
pub(super) fn by_tables(place: &Path) -> Result<Option<Vec<OutsideSuspect>>, Error> {
    let (metrics, traces) = (place.join("metrics.csv"), place.join("traces.csv"));
    if !metrics.is_file() || !traces.is_file() {
        return Ok(None);
    }
    let ((metrics, _), (traces, _)) = (scrape::file(&metrics)?, scrape::file(&traces)?);
    table::blamed(&metrics, Some(&traces)).map(Some).map_err(Error::Unsuited)
}
