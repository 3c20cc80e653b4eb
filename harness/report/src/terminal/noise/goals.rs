//! What verdicts on a disturbed machine are to be worth, and what comparisons find there.

use spanfate_model::finding::noise::{
    EQUAL, GOALS, GoalReached, LOSSY, NoiseCell, NoiseGoal, NoiseTable, PROFILES, SLOWER, TruthTold,
};

use crate::text::number::TERMINAL;

/// A goal in words, what of it was reached, and whether that meets it.
pub(super) fn rows(found: &NoiseTable, library: &[&str]) -> Vec<[String; 3]> {
    let row = |goal: &NoiseGoal| {
        let it = found.reached(*goal, library);
        [words(*goal, it.wanted), reached(*goal, &it), met(&it)]
    };
    GOALS.iter().map(row).collect()
}

fn percent(share: f64) -> String {
    format!("{} %", TERMINAL.fixed(share * 100.0, 0))
}

fn words(goal: NoiseGoal, wanted: f64) -> String {
    match goal {
        NoiseGoal::NoWrongWord => "no wrong pass and no wrong fail in any cell".to_owned(),
        NoiseGoal::Conclusive { up_to, with_replay, .. } => {
            let how = if with_replay { "with replays of queues" } else { "the first goal, without replays" };
            format!(
                "pass or fail in at least {} of the cells up to {} disturbance ({how})",
                percent(wanted),
                percent(up_to)
            )
        }
        NoiseGoal::FalseAlarms => {
            "the same twice is called worse in at most 5 % of the comparisons, in each profile".to_owned()
        }
        NoiseGoal::SlowerFound => {
            format!("a tenth slower is found in at least {} up to 5 % disturbance", percent(wanted))
        }
        NoiseGoal::LossFound => {
            format!("0.5 % of spans lost is found in at least {} up to 5 % disturbance", percent(wanted))
        }
    }
}

fn reached(goal: NoiseGoal, it: &GoalReached) -> String {
    if it.of == 0 {
        return "none ran".to_owned();
    }
    let what = match goal {
        NoiseGoal::FalseAlarms => "profiles",
        NoiseGoal::NoWrongWord | NoiseGoal::Conclusive { .. } => "cells",
        NoiseGoal::SlowerFound | NoiseGoal::LossFound => "comparisons",
    };
    format!("{} of {} {what}, {}", it.reached, it.of, percent(it.reached as f64 / it.of as f64))
}

/// Cells that nobody measured may not meet it.
fn met(it: &GoalReached) -> String {
    let met = match it.is_met() {
        None => return "not measured".to_owned(),
        Some(true) => "goal met",
        Some(false) => "goal not met",
    };
    match it.missing {
        0 => met.to_owned(),
        1 => format!("{met}; 1 cell did not run"),
        missing => format!("{met}; {missing} cells did not run"),
    }
}

/// A profile, and of comparisons under it: false alarms of the same twice; what is slower, and what loses spans, found.
pub(super) fn comparisons(found: &NoiseTable) -> Vec<[String; 4]> {
    let row = |profile: &str| {
        let of = |form: &str, wanted: TruthTold| {
            let its = || {
                let is_it = move |cell: &&NoiseCell| cell.profile == profile && cell.form() == Some(form);
                found.cells.iter().filter(is_it)
            };
            if its().count() == 0 {
                return "not run".to_owned();
            }
            let count = |told: TruthTold| its().filter(|cell| cell.told == told).count();
            let open = match count(TruthTold::Inconclusive) {
                0 => String::new(),
                open => format!(" ({open} open)"),
            };
            format!("{} of {}{open}", count(wanted), its().count())
        };
        [
            profile.to_owned(),
            of(EQUAL, TruthTold::WrongFail),
            of(SLOWER, TruthTold::Right),
            of(LOSSY, TruthTold::Right),
        ]
    };
    PROFILES.iter().map(|profile| row(profile.name)).collect()
}
