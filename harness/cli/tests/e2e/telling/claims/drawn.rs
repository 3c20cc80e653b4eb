//! Ten rows of the page on the article's claims, drawn by seed: what was measured for them is counted again by hand, from raw logs.

use std::path::Path;

use spanfate_model::finding::claims::register::RunAsked;
use spanfate_model::finding::claims::{ClaimVerdict, ClaimsRecord, ClaimsState, JudgedClaim, MeasuredFor};
use spanfate_model::plan::Plan;
use spanfate_model::quantity::id::mix;
use spanfate_model::verdict::Verdict;

use super::recount::Remains;
use crate::lab::{Lab, lab_alone};

/// The rows that rest on counts and times of runs; what inspections see has no log.
const ROWS: [u32; 16] = [1, 3, 4, 5, 6, 8, 16, 18, 19, 33, 35, 36, 37, 40, 42, 49];
const SEED: u64 = 91;
const DRAWN: usize = 10;
/// Of these the ones with short runs, which are counted by day.
const BY_DAY: [u32; 3] = [6, 18, 33];

fn drawn() -> Vec<u32> {
    let mut rows = ROWS.to_vec();
    rows.sort_by_key(|row| mix((SEED << 32) | u64::from(*row)));
    rows.truncate(DRAWN);
    rows
}

pub(crate) fn drawn_rows_with_short_runs_are_what_is_counted_by_hand() {
    let Some(lab) = lab_alone() else { return };
    let rows = drawn();
    let by_day: Vec<u32> = rows.into_iter().filter(|row| BY_DAY.contains(row)).collect();
    assert_eq!(by_day.len(), BY_DAY.len(), "the draw has changed");
    counted_again(&lab, &by_day);
}

#[test]
#[ignore = "seven rows with an outage of 12 s among their runs, some four minutes: cargo test -p spanfate --test e2e drawn_rows -- --ignored --nocapture"]
fn drawn_rows_with_long_runs_are_what_is_counted_by_hand() {
    let Some(lab) = lab_alone() else { return };
    let rows: Vec<u32> = drawn().into_iter().filter(|row| !BY_DAY.contains(row)).collect();
    counted_again(&lab, &rows);
}

#[expect(clippy::print_stdout, reason = "what was counted of each; shown by --nocapture")]
fn counted_again(lab: &Lab, rows: &[u32]) {
    let results = lab.path("results").display().to_string();
    // What the machine spoils is not run again: counts by hand are held against all that is there.
    let mut arguments: Vec<String> =
        ["claims", "--json", "--repeat-spoilt", "0", "--out", &results].map(str::to_owned).to_vec();
    arguments.extend(rows.iter().flat_map(|row| ["--claim".to_owned(), row.to_string()]));
    let out = lab.program().args(&arguments).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(matches!(out.status.code(), Some(0 | 3)), "{said}");
    let record: ClaimsRecord = serde_json::from_slice(&out.stdout).unwrap();
    let folder = |path: &Path| path.join("claims.json").is_file();
    let dirs = std::fs::read_dir(&results).unwrap().map(|entry| entry.unwrap().path());
    let dir = dirs.into_iter().find(|path| folder(path)).unwrap();
    let state = std::fs::read(dir.join("claims.json")).unwrap();
    let state: ClaimsState = serde_json::from_slice(&state).unwrap();
    let mut agreed = 0;
    for row in rows {
        let judged = record.claim(*row).unwrap();
        let counted = of_claim(judged, &state, &dir);
        println!("{row} {}: {counted} values counted again", judged.verdict.as_str());
        // Where the machine left all of it open, or a cause alone decides, there is nothing to hold a count against.
        let of_runs = judged.measures.iter().filter(|one| matches!(one.of, MeasuredFor::Run { .. }));
        assert_eq!(counted, of_runs.map(|one| one.values.len()).sum::<usize>(), "{row}: {judged:?}");
        agreed += counted;
    }
    assert!(agreed > 0, "the machine left all open: {said}");
    assert!(record.runs.iter().all(|run| run.unexplained == 0 && run.created > 0), "{:?}", record.runs);
}

/// Holds everything that was measured for a claim in runs against a count by hand; gives how many values agree.
fn of_claim(judged: &JudgedClaim, state: &ClaimsState, dir: &Path) -> usize {
    let mut agreed = 0;
    let mut by_hand: Vec<Option<bool>> = Vec::new();
    for measure in &judged.measures {
        let MeasuredFor::Run { scenario, variant, that, because, premise } = &measure.of else {
            by_hand.push(None);
            continue;
        };
        let name = that.figure().to_string();
        let run = dir.join(state.runs[scenario].directory.as_ref().unwrap());
        let counted: Vec<f64> = trials(&run, variant)
            .iter()
            .map(|trial| {
                Remains::read(trial).figure(&name).unwrap_or_else(|| panic!("{name} is not counted"))
            })
            .collect();
        // A trial that the machine spoilt has no value; those that have one stand in the order of the trials.
        let mut left = counted.iter();
        for value in &measure.values {
            let same = |hand: &&f64| (**hand - value).abs() <= value.abs() * 1e-6;
            assert!(
                left.any(|hand| same(&hand)),
                "{} {variant}: {name} is {:?}, by hand {counted:?}",
                judged.number,
                measure.values
            );
            agreed += 1;
        }
        let whole = measure.values.len() == counted.len();
        if let RunAsked::Holds(condition) = that
            && whole
            && because.is_none()
        {
            let holds = counted.iter().all(|value| condition.holds(*value));
            let said = measure.verdict;
            assert!(said != Some(if holds { Verdict::Fail } else { Verdict::Pass }), "{measure:?}");
            by_hand.push((!premise).then_some(holds));
        } else {
            by_hand.push(None);
        }
    }
    verdict_by_hand(judged, &by_hand);
    agreed
}

/// Where all conditions of a claim were counted by hand, its verdict is what they come to.
fn verdict_by_hand(judged: &JudgedClaim, by_hand: &[Option<bool>]) {
    let conditions: Vec<bool> = judged
        .measures
        .iter()
        .zip(by_hand)
        .filter(|(measure, _)| measure.verdict.is_some() && !measure.of.is_premise())
        .filter_map(|(_, holds)| *holds)
        .collect();
    let all = judged.measures.iter().filter(|one| one.verdict.is_some() && !one.of.is_premise()).count();
    let settled = ![ClaimVerdict::Inconclusive, ClaimVerdict::NotTestable].contains(&judged.verdict);
    if conditions.is_empty() || conditions.len() < all || !settled {
        return;
    }
    let holding = conditions.iter().filter(|holds| **holds).count();
    let expected = match holding {
        0 => ClaimVerdict::Refuted,
        many if many == all => ClaimVerdict::Reproduced,
        _ => ClaimVerdict::Partly,
    };
    assert_eq!(judged.verdict, expected, "{judged:?}");
}

/// The folders of a variant's trials, in the order in which they were planned.
fn trials(run: &Path, variant: &str) -> Vec<std::path::PathBuf> {
    let plan: Plan = serde_json::from_slice(&std::fs::read(run.join("plan.json")).unwrap()).unwrap();
    let of_variant = |trial: &&spanfate_model::plan::PlannedTrial| {
        plan.variant_of(trial).is_some_and(|planned| planned.name == variant)
    };
    let mut trials: Vec<_> = plan.trials.iter().filter(of_variant).collect();
    trials.sort_by_key(|trial| trial.repetition);
    trials.iter().map(|trial| run.join(format!("trial-{:03}", trial.index))).collect()
}
