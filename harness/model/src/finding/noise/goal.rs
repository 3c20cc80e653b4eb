//! What verdicts on a disturbed machine are to be worth, and what of it was reached.

use super::{EQUAL, LOSSY, NoiseCell, NoiseProfile, NoiseTable, PROFILES, SLOWER, TruthTold, form_of};

/// A goal.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum NoiseGoal {
    /// No cell passes what is broken, or fails what is sound.
    NoWrongWord,
    /// Cells up to a disturbance say pass or fail.
    Conclusive {
        /// The largest disturbance of the cells, 0 to 1.
        up_to: f64,
        /// The least share of them, 0 to 1.
        wanted: f64,
        /// Whether queues are run again without the stalls, which answers more.
        with_replay: bool,
    },
    /// What is the same is not called worse, in each profile.
    FalseAlarms,
    /// What is a tenth slower is found.
    SlowerFound,
    /// What loses 0.5 % of its spans is found.
    LossFound,
}

/// The highest share of false alarms in a profile.
const ALARMS_MAX: f64 = 0.05;
/// The least share in which something is found …
const FOUND_MIN: f64 = 0.9;
/// … up to this disturbance.
const FOUND_UP_TO: f64 = 0.05;

const fn conclusive(up_to: f64, wanted: f64, with_replay: bool) -> NoiseGoal {
    NoiseGoal::Conclusive { up_to, wanted, with_replay }
}

/// All goals.
pub const GOALS: [NoiseGoal; 8] = [
    NoiseGoal::NoWrongWord,
    conclusive(0.05, 0.9, false),
    conclusive(0.1, 0.8, false),
    conclusive(0.05, 0.95, true),
    conclusive(0.1, 0.9, true),
    NoiseGoal::FalseAlarms,
    NoiseGoal::SlowerFound,
    NoiseGoal::LossFound,
];

/// What of a goal was reached.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct GoalReached {
    /// The least share that is wanted, 0 to 1.
    pub wanted: f64,
    /// Cells that it is about, of those that ran; of false alarms the profiles.
    pub of: u64,
    /// Of these, as many as are as they should be.
    pub reached: u64,
    /// Cells that it is about and that did not run.
    pub missing: u64,
}

impl GoalReached {
    /// Whether what ran meets the goal; `None` where nothing ran.
    pub fn is_met(&self) -> Option<bool> {
        (self.of > 0).then_some(self.reached as f64 >= self.wanted * self.of as f64)
    }
}

impl NoiseGoal {
    /// The largest disturbance of the cells that it is about.
    const fn up_to(self) -> f64 {
        match self {
            Self::NoWrongWord | Self::FalseAlarms => 1.0,
            Self::Conclusive { up_to, .. } => up_to,
            Self::SlowerFound | Self::LossFound => FOUND_UP_TO,
        }
    }

    /// The form of the scenarios that it is about; nothing: all.
    const fn form(self) -> Option<&'static str> {
        match self {
            Self::NoWrongWord | Self::Conclusive { .. } => None,
            Self::FalseAlarms => Some(EQUAL),
            Self::SlowerFound => Some(SLOWER),
            Self::LossFound => Some(LOSSY),
        }
    }

    fn is_about(self, scenario: &str, profile: &NoiseProfile) -> bool {
        profile.size() <= self.up_to() + 1e-9
            && self.form().is_none_or(|form| form_of(scenario) == Some(form))
    }
}

impl NoiseTable {
    /// What of a goal was reached. `library` is all that may run.
    pub fn reached(&self, goal: NoiseGoal, library: &[&str]) -> GoalReached {
        let profile_of = |cell: &NoiseCell| PROFILES.iter().find(|profile| profile.name == cell.profile);
        let about = |cell: &&NoiseCell| profile_of(cell).is_some_and(|it| goal.is_about(&cell.scenario, it));
        let cells: Vec<&NoiseCell> = self.cells.iter().filter(about).collect();
        let pairs = library.iter().flat_map(|name| PROFILES.iter().map(move |profile| (name, profile)));
        let wanted = pairs.filter(|(name, profile)| goal.is_about(name, profile));
        let missing = wanted.filter(|(name, profile)| self.cell(name, profile.name).is_none()).count() as u64;
        let count = |is: &dyn Fn(&NoiseCell) -> bool| cells.iter().filter(|cell| is(cell)).count() as u64;
        let (of, told) = (cells.len() as u64, |cell: &NoiseCell| cell.told);
        let wrong = |cell: &NoiseCell| matches!(told(cell), TruthTold::WrongPass | TruthTold::WrongFail);
        let said = |cell: &NoiseCell| !matches!(told(cell), TruthTold::Inconclusive | TruthTold::NoVerdict);
        let reached = |wanted, reached| GoalReached { wanted, of, reached, missing };
        match goal {
            NoiseGoal::NoWrongWord => reached(1.0, count(&|cell| !wrong(cell))),
            NoiseGoal::Conclusive { wanted, .. } => reached(wanted, count(&said)),
            NoiseGoal::SlowerFound | NoiseGoal::LossFound => {
                reached(FOUND_MIN, count(&|cell| told(cell) == TruthTold::Right))
            }
            NoiseGoal::FalseAlarms => {
                let of_profile = |profile: &NoiseProfile| {
                    let its = || cells.iter().filter(|cell| cell.profile == profile.name);
                    let alarms = its().filter(|cell| wrong(cell)).count() as f64;
                    (its().count() > 0).then(|| alarms <= ALARMS_MAX * its().count() as f64)
                };
                let each: Vec<bool> = PROFILES.iter().filter_map(of_profile).collect();
                let quiet = each.iter().filter(|quiet| **quiet).count() as u64;
                GoalReached { wanted: 1.0, of: each.len() as u64, reached: quiet, missing }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::verdict::Verdict;

    use super::*;

    fn cell(scenario: &str, profile: &str, truth: Verdict, verdict: Verdict) -> NoiseCell {
        NoiseCell {
            scenario: scenario.to_owned(),
            profile: profile.to_owned(),
            truth,
            verdict: Some(verdict),
            told: TruthTold::of(truth, verdict),
            expectations: (0, 0, 0),
            trials: 1,
            spoilt: 0,
            foreign: 0.0,
            steal: 0.0,
            throttled: 0.0,
            reasons: Vec::new(),
        }
    }

    #[test]
    fn profiles_have_a_size() {
        let sizes: Vec<u32> = PROFILES.iter().map(|one| (one.size() * 100.0).round() as u32).collect();
        assert_eq!(sizes, [0, 5, 20, 50, 30, 50, 2, 5, 10, 30]);
    }

    #[test]
    fn goals_count_the_cells_they_are_about_and_those_that_did_not_run() {
        let (pass, fail, open) = (Verdict::Pass, Verdict::Fail, Verdict::Inconclusive);
        let table = NoiseTable {
            cells: vec![
                cell("grpc", "steal-5", pass, pass),
                cell("grpc", "steal-10", pass, open),
                cell("grpc", "neighbour-50", pass, fail),
                cell("selftest+equal", "idle", pass, open),
                cell("selftest+equal", "steal-5", pass, fail),
                cell("selftest+slower", "steal-5", fail, fail),
                cell("selftest+slower", "all", fail, open),
            ],
            ..NoiseTable::default()
        };
        let library = ["grpc", "selftest+equal", "selftest+slower", "selftest+lossy"];
        let reached = |goal| {
            let it = table.reached(goal, &library);
            (it.reached, it.of, it.missing, it.is_met())
        };
        assert_eq!(reached(NoiseGoal::NoWrongWord), (5, 7, 33, Some(false)));
        // Idle, neighbour-5, steal-2 and steal-5.
        assert_eq!(reached(conclusive(0.05, 0.9, false)), (3, 4, 12, Some(false)));
        assert_eq!(reached(conclusive(0.05, 0.75, false)), (3, 4, 12, Some(true)));
        assert_eq!(reached(conclusive(0.1, 0.6, true)), (3, 5, 15, Some(true)));
        assert_eq!(reached(NoiseGoal::FalseAlarms), (1, 2, 8, Some(false)));
        assert_eq!(reached(NoiseGoal::SlowerFound), (1, 1, 3, Some(true)));
        assert_eq!(reached(NoiseGoal::LossFound), (0, 0, 4, None));
    }
}
