//! What `why` is worth: its answers to hidden faults beside the truth.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::outside::OutsideSuspect;
use super::verify::Verification;
use crate::cause::NamedCause;
use crate::result::Suspect;

/// Fewest lost spans of a case that ask for a cause.
pub const LOSSY: u64 = 10;

/// Which seeds: those that confidence is fitted on, or those that it is judged by. No seed is in both.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeedSet {
    /// To tune.
    #[default]
    Tune,
    /// To judge.
    Test,
}

impl SeedSet {
    /// Its name on the command line and in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tune => "tune",
            Self::Test => "test",
        }
    }
}

/// A fault that was injected, as its log says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct InjectedFault {
    /// Name of its kind.
    pub kind: String,
    /// The services at which it can cost spans: several for one of the receiver or of the load.
    pub services: Vec<String>,
    /// What it should be called; absent for one that costs no span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<NamedCause>,
    /// When it acted, milliseconds from the start of the load.
    pub from_ms: f64,
    /// Until when; absent: to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_ms: Option<f64>,
    /// Whether its dose was reached.
    pub bit: bool,
}

/// A case: what was hidden, and what was answered.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EvaluatedCase {
    /// Its number in the set.
    pub number: u64,
    /// Its seed.
    pub seed: u64,
    /// The services it ran on: `single` or `chain`.
    pub shape: String,
    /// What was hidden, in a word; `none` for nothing.
    pub kind: String,
    /// No seed of the tuning set has this kind.
    pub held_out: bool,
    /// The faults, as their log says.
    pub injected: Vec<InjectedFault>,
    /// Answers that could have been given: services times causes.
    pub candidates: u64,
    /// Spans of the measured part that should have arrived.
    pub due: u64,
    /// Of these, lost.
    pub lost: u64,
    /// Highest share of the services' cores that others took, as measured.
    pub foreign: f64,
    /// The answer, given without the fault log.
    pub answer: Vec<Suspect>,
    /// What became of the settings that were advised, run with the same fault; absent where they were not to be run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<Verification>,
    /// What is answered by its tables of metrics and traces alone; absent in cases that are older than that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<Vec<OutsideSuspect>>,
}

/// Cases and what they come to.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Evaluation {
    /// Version of the format.
    pub format: String,
    /// Which seeds.
    pub set: SeedSet,
    /// The seed that all others are made of.
    pub seed: u64,
    /// The kinds of hidden faults that are drawn from; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// The answers were not given when the cases ran, but later, from what was kept of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// The machine.
    pub machine: String,
    /// What they come to.
    pub score: EvaluationScore,
    /// The cases, by number.
    pub cases: Vec<EvaluatedCase>,
}

/// So many of so many, with the 95 % bounds of the share (Clopper-Pearson).
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct CountedShare {
    /// How many.
    pub hits: u64,
    /// Of so many.
    pub of: u64,
    /// Bounds of the share, 0 to 1; absent of nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<(f64, f64)>,
}

impl CountedShare {
    /// The share, 0 to 1; 0 of nothing.
    pub fn share(&self) -> f64 {
        self.hits as f64 / self.of.max(1) as f64
    }
}

/// A mean with the 95 % bounds of a bootstrap over the cases.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct BootstrapMean {
    /// The value.
    pub value: f64,
    /// Its bounds.
    pub bounds: (f64, f64),
}

/// Answers of about the same confidence.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ReliabilityBin {
    /// Least confidence.
    pub from: f64,
    /// Confidence below this; the last bin has 1, too.
    pub to: f64,
    /// Answers.
    pub cases: u64,
    /// Their mean confidence.
    pub confidence: f64,
    /// The share of them that is right.
    pub right: f64,
}

/// Cases of one kind.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct KindScore {
    /// The kind.
    pub kind: String,
    /// No seed of the tuning set has it.
    pub held_out: bool,
    /// Cases.
    pub cases: u64,
    /// Of these, cases with a fault that cost spans.
    pub lossy: u64,
    /// Of these, first causes that are right.
    pub top1: u64,
    /// Right with every step of the path in its place.
    pub grounded: u64,
    /// Answers that the cause is unknown.
    pub abstained: u64,
    /// What was named first in place of the right cause, and how often.
    pub instead: Vec<(String, u64)>,
}

/// What answers come to. Where nothing is said of it, figures are over the cases whose fault acted and cost spans.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct EvaluationScore {
    /// All cases.
    pub cases: u64,
    /// Of these, cases that are not counted: the fault did not act, or it cost no span although it should.
    pub void: u64,
    /// The first cause is the right one; an answer that the cause is unknown is not.
    pub top1: CountedShare,
    /// The first cause is at the right service, whatever it is called.
    #[serde(default)]
    pub service: CountedShare,
    /// A right one is among the first three.
    pub top3: CountedShare,
    /// Who guesses is right so often, mean.
    pub chance: f64,
    /// Right so many times as often as who guesses.
    pub lift: f64,
    /// The first cause is right, and each step of its path lies in the fault's time, in the order of time.
    pub grounded: CountedShare,
    /// Answers that the cause is unknown.
    pub abstained: CountedShare,
    /// Of the answers that name a cause, right ones.
    pub precision: CountedShare,
    /// Of the cases without a fault that costs spans, those for which a cause was named.
    pub false_alarms: CountedShare,
    /// Of these cases, those that lost spans all the same: the machine was busy with other work.
    pub clean_lossy: u64,
    /// Mean squared distance between confidence and truth, of named causes, false alarms among them.
    pub brier: BootstrapMean,
    /// Expected calibration error, over the bins below.
    pub calibration_error: BootstrapMean,
    /// Confidence beside the share that is right.
    pub reliability: Vec<ReliabilityBin>,
    /// By kind.
    pub kinds: Vec<KindScore>,
    /// What advised settings came to; absent where none were to be run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<AdviceScore>,
    /// What metrics and traces alone came to; absent where no case has tables of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<OutsideScore>,
}

/// Answers that are given by tables of metrics and traces alone, over the same cases.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct OutsideScore {
    /// Service and cause are right.
    pub top1: CountedShare,
    /// The service is right, whatever the cause.
    pub service: CountedShare,
    /// The right service and cause are among the first three.
    pub top3: CountedShare,
    /// Of the cases without a fault that costs spans, those for which something was named.
    pub false_alarms: CountedShare,
    /// By kind: lossy cases, those with the right service and cause, and those with the right service.
    pub kinds: Vec<(String, u64, u64, u64)>,
}

/// What advised settings came to when they ran with the same fault.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct AdviceScore {
    /// Of the cases whose prediction can be judged, those within 2 points of what was measured.
    pub near: CountedShare,
    /// The same, also of those with trials that are not valid for loss.
    pub near_of_all: CountedShare,
    /// Cases with lost spans for which no setting is advised, or none that could be run.
    pub without: u64,
    /// Each that ran, by number.
    pub tried: Vec<TriedAdvice>,
}

/// The advice of a case that ran.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TriedAdvice {
    /// Number of the case.
    pub case: u64,
    /// What was hidden.
    pub kind: String,
    /// What was set.
    pub lines: Vec<String>,
    /// Loss rate as it was, 0 to 1.
    pub original: f64,
    /// Loss rate that was predicted with the advice, 0 to 1.
    pub predicted: f64,
    /// Loss rate that was measured with it, 0 to 1.
    pub measured: f64,
    /// Whether the trials can be judged.
    pub valid: bool,
}

impl TriedAdvice {
    /// Predicted less measured, percentage points.
    pub fn apart_points(&self) -> f64 {
        (self.predicted - self.measured) * 100.0
    }
}

/// How confidence follows from evidence: a step function, ascending.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ConfidenceTable {
    /// The command that made it.
    pub made_by: String,
    /// Answers it was fitted on.
    pub answers: u64,
    /// From this evidence on, this confidence.
    pub steps: Vec<(f64, f64)>,
}

impl ConfidenceTable {
    /// The confidence that belongs to an amount of evidence.
    pub fn confidence(&self, evidence: f64) -> f64 {
        let known = self.steps.iter().take_while(|(from, _)| *from <= evidence);
        known.last().or_else(|| self.steps.first()).map_or(evidence, |(_, confidence)| *confidence)
    }
}
