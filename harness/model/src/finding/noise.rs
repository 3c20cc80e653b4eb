//! What verdicts are worth on a machine that is disturbed: scenarios of known truth beside disturbances of known size.

mod goal;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verdict::Verdict;

pub use goal::{GOALS, GoalReached, NoiseGoal};

/// What is done to the machine while a scenario runs.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Disturbance {
    /// Share of the service's core that a neighbour takes.
    pub neighbour: f64,
    /// Cores that harness and services may use together, by a quota on CPU time; 0 for no quota.
    pub quota: f64,
    /// Share of the time in which the services are stopped, in slices of 5 to 50 ms.
    pub stolen: f64,
}

/// A disturbance with its name.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct NoiseProfile {
    /// How it is called on the command line and in tables.
    pub name: &'static str,
    /// What it does.
    pub does: Disturbance,
}

const fn profile(name: &'static str, neighbour: f64, quota: f64, stolen: f64) -> NoiseProfile {
    NoiseProfile { name, does: Disturbance { neighbour, quota, stolen } }
}

/// All profiles.
pub const PROFILES: [NoiseProfile; 10] = [
    profile("idle", 0.0, 0.0, 0.0),
    profile("neighbour-5", 0.05, 0.0, 0.0),
    profile("neighbour-20", 0.2, 0.0, 0.0),
    profile("neighbour-50", 0.5, 0.0, 0.0),
    profile("quota-0.7", 0.0, 0.7, 0.0),
    profile("quota-0.5", 0.0, 0.5, 0.0),
    profile("steal-2", 0.0, 0.0, 0.02),
    profile("steal-5", 0.0, 0.0, 0.05),
    profile("steal-10", 0.0, 0.0, 0.1),
    profile("all", 0.2, 0.7, 0.05),
];

impl NoiseProfile {
    /// How much it takes from the service at its core, 0 to 1.
    pub fn size(&self) -> f64 {
        let Disturbance { neighbour, quota, stolen } = self.does;
        let held = if quota > 0.0 { (1.0 - quota).max(0.0) } else { 0.0 };
        neighbour.max(stolen).max(held)
    }
}

/// The form of a scenario that compares the same twice.
pub const EQUAL: &str = "equal";
/// That whose handlers take a tenth longer.
pub const SLOWER: &str = "slower";
/// That which loses 0.5 % of its spans.
pub const LOSSY: &str = "lossy";

/// What the verdict of a cell is worth.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TruthTold {
    /// The verdict is the truth.
    Right,
    /// It says neither.
    Inconclusive,
    /// It passes what is broken.
    WrongPass,
    /// It fails what is sound, or says that the books do not close.
    WrongFail,
    /// The harness could not finish the run.
    NoVerdict,
}

impl TruthTold {
    /// Whether it says the opposite of the truth.
    pub const fn is_wrong(self) -> bool {
        matches!(self, Self::WrongPass | Self::WrongFail)
    }

    /// What a verdict is worth, beside the truth.
    pub const fn of(truth: Verdict, verdict: Verdict) -> Self {
        match (truth, verdict) {
            (_, Verdict::Inconclusive) => Self::Inconclusive,
            (Verdict::Pass, Verdict::Pass) | (Verdict::Fail, Verdict::Fail) => Self::Right,
            (_, Verdict::Pass) => Self::WrongPass,
            (_, Verdict::Fail | Verdict::AccountingBroken) => Self::WrongFail,
        }
    }
}

/// A scenario under a disturbance.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NoiseCell {
    /// The scenario, with the form of it that is broken on purpose behind a `+`.
    pub scenario: String,
    /// The profile.
    pub profile: String,
    /// What is true: `pass` or `fail`.
    pub truth: Verdict,
    /// What was said; absent where the run could not be finished.
    pub verdict: Option<Verdict>,
    /// What that is worth.
    pub told: TruthTold,
    /// Expectations that hold, that do not, and that could not be judged; of a comparison the figures that decide.
    pub expectations: (u64, u64, u64),
    /// Trials that counted.
    pub trials: u64,
    /// Attempts that were spoilt and made again.
    pub spoilt: u64,
    /// The highest share of the service's core that others took in a trial, as measured.
    pub foreign: f64,
    /// The highest share that was stolen from it.
    pub steal: f64,
    /// The highest share of the periods in which a quota was used up.
    pub throttled: f64,
    /// Why it is no pass, worst first, or what kept it from being finished.
    pub reasons: Vec<String>,
}

/// `noise.json`.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct NoiseTable {
    /// Version of the format.
    pub format: String,
    /// How often a spoilt trial was run again at most.
    pub repeats: u16,
    /// Whether whole scenarios ran, or one trial of three variants of each at most.
    pub whole: bool,
    /// The processors of the machine.
    pub machine: String,
    /// The cells that ran, in the order in which they ran.
    pub cells: Vec<NoiseCell>,
}

/// The cells of a profile, counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NoiseCounts {
    /// All that ran.
    pub cells: u64,
    /// With a verdict that is pass or fail.
    pub conclusive: u64,
    /// Of these, wrong.
    pub wrong_pass: u64,
    /// Of these, wrong the other way.
    pub wrong_fail: u64,
}

impl NoiseCell {
    /// How much was taken from the service's core in the worst trial, as measured, 0 to 1: by others and by the hypervisor, or by a
    /// quota. It may be more than its profile does, on a machine that is not idle itself.
    pub fn disturbed(&self) -> f64 {
        self.foreign.max(self.steal).max(self.throttled)
    }

    /// The form of the scenario, behind its `+`; nothing where it ran as it is.
    pub fn form(&self) -> Option<&str> {
        form_of(&self.scenario)
    }
}

/// The form in the name of a scenario.
fn form_of(scenario: &str) -> Option<&str> {
    scenario.rsplit_once('+').map(|(_, form)| form)
}

impl NoiseTable {
    /// The cell of a scenario under a profile, if it ran.
    pub fn cell(&self, scenario: &str, profile: &str) -> Option<&NoiseCell> {
        self.cells.iter().find(|cell| cell.scenario == scenario && cell.profile == profile)
    }

    /// The cells that are asked for, counted.
    pub fn count(&self, wanted: impl Fn(&NoiseCell) -> bool) -> NoiseCounts {
        let mut out = NoiseCounts::default();
        for cell in self.cells.iter().filter(|cell| wanted(cell)) {
            out.cells += 1;
            out.conclusive += u64::from(!matches!(cell.told, TruthTold::Inconclusive | TruthTold::NoVerdict));
            out.wrong_pass += u64::from(cell.told == TruthTold::WrongPass);
            out.wrong_fail += u64::from(cell.told == TruthTold::WrongFail);
        }
        out
    }

    /// The worst that was told: a wrong word is a finding, an inconclusive one is not.
    pub fn verdict(&self) -> Verdict {
        let all = self.count(|_| true);
        match all {
            NoiseCounts { cells: 0, .. } => Verdict::Inconclusive,
            NoiseCounts { wrong_pass: 0, wrong_fail: 0, .. } => Verdict::Pass,
            NoiseCounts { .. } => Verdict::Fail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_verdict_that_contradicts_the_truth_is_wrong() {
        let (pass, fail) = (Verdict::Pass, Verdict::Fail);
        assert_eq!(TruthTold::of(pass, pass), TruthTold::Right);
        assert_eq!(TruthTold::of(fail, fail), TruthTold::Right);
        assert_eq!(TruthTold::of(fail, pass), TruthTold::WrongPass);
        assert_eq!(TruthTold::of(pass, fail), TruthTold::WrongFail);
        assert_eq!(TruthTold::of(pass, Verdict::AccountingBroken), TruthTold::WrongFail);
        // That the loss which was planted breaks the books is wrong, too: it is a loss with a fate.
        assert_eq!(TruthTold::of(fail, Verdict::AccountingBroken), TruthTold::WrongFail);
        assert_eq!(TruthTold::of(pass, Verdict::Inconclusive), TruthTold::Inconclusive);
        assert_eq!(TruthTold::of(fail, Verdict::Inconclusive), TruthTold::Inconclusive);
    }
}
