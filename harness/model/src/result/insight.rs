//! What follows from a result for its readers: why spans are lost, what to set, what to choose, where loss begins. All of it is
//! concluded from the rest of the result; a reader of an older one concludes it when it opens it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Basis, HopAdvised, LossProof, Prediction, RunResult, TrialResult, VariantResult};
use crate::fate::Fate;
use crate::fate::witness::{Witness, WitnessReport, WitnessState};
use crate::quantity::unit::Period;

mod advised;
mod begins;
mod choice;
mod suspect;

pub use advised::{Advised, How, PredictedBy, PredictedLoss, Price};
pub use begins::{Begin, LineLaw, LossAlong, LossBegins, LossPlace};
pub use choice::{Candidate, Cost, Selection};
pub use suspect::{DisturbedHop, HopEvent, Suspect, UNKNOWN_BELOW, named};

/// The conclusions.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Insights {
    /// Every variant: with which others it may be compared, and what its trials say of loss.
    pub variants: Vec<VariantInsight>,
    /// The variant that a reader looks at first; absent where nothing ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focus: Option<FocusVariant>,
    /// Lost spans of the whole trials by fate, most first.
    pub lost: Vec<LostTo>,
    /// Why each variant lost spans in its measured part; those that lose the largest share first.
    pub why: Vec<LossCause>,
    /// Where the capacity model knows a worker: the variant that was asked for the largest share of its ceiling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Nearest>,
    /// What to set in place of each variant that loses; those that lose the largest share first.
    pub advice: Vec<Advised>,
    /// What to set of the collectors that lost spans to a full queue, or gave them up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<HopAdvised>,
    /// The configurations to choose from; absent where there are not two under the same conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Selection>,
    /// Where loss begins: a line per configuration that ran at several rates; where none did, one for all variants of which the
    /// capacity model speaks.
    pub begins: Vec<LossBegins>,
    /// What an operator is told of the lost spans; absent where nothing ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent: Option<SilentLosses>,
}

/// The variant that matters most to a reader.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FocusVariant {
    /// Its name.
    pub variant: String,
    /// Why this one.
    pub rule: FocusRule,
}

/// Why a variant matters most. The first three name the variant that people run today; where that one lost nothing and another did,
/// the last names the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum FocusRule {
    /// The scenario compares the others with it.
    Baseline,
    /// It is the first that sets nothing: the SDK's defaults.
    SetsNothing,
    /// It is the first of the scenario.
    First,
    /// It lost the largest share.
    LosesMost,
}

/// What is known of a variant beside others.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct VariantInsight {
    /// Its name.
    pub variant: String,
    /// In what it is like which others.
    pub likeness: Likeness,
    /// Mean loss rate over the conclusive trials; over all where none is.
    pub loss: f64,
    /// Trials that are valid for loss and whose faults all reached their dose.
    pub conclusive: u64,
    /// Of these, trials that lost spans.
    pub lossy: u64,
}

/// In what variants are alike: two with the same number are alike in that. Numbers begin with 0, in the plan's order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Likeness {
    /// What a user chooses: exporter knobs, SDK version and build.
    pub set: usize,
    /// The receiver.
    pub receiver: usize,
    /// The witnesses in and on the processes.
    pub witness: usize,
    /// The load.
    pub load: usize,
    /// The faults.
    pub faults: usize,
}

impl Likeness {
    /// The same befell both: receiver, witnesses, load and faults.
    pub const fn same_conditions(self, other: Self) -> bool {
        self.same_surroundings(other) && self.load == other.load && self.faults == other.faults
    }

    /// They differ in nothing but their faults.
    pub const fn same_but_faults(self, other: Self) -> bool {
        self.set == other.set && self.same_surroundings(other) && self.load == other.load
    }

    /// They differ in nothing but their load.
    pub const fn same_but_load(self, other: Self) -> bool {
        self.set == other.set && self.same_surroundings(other) && self.faults == other.faults
    }

    /// They differ in nothing but their witnesses.
    pub const fn same_but_witness(self, other: Self) -> bool {
        self.set == other.set
            && self.receiver == other.receiver
            && self.load == other.load
            && self.faults == other.faults
    }

    const fn same_surroundings(self, other: Self) -> bool {
        self.receiver == other.receiver && self.witness == other.witness
    }
}

/// Lost spans of one fate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LostTo {
    /// The fate.
    pub fate: Fate,
    /// Spans of all trials, warm-up included.
    pub spans: u64,
    /// The variant that lost most to it in its measured part; absent where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst: Option<String>,
}

/// Why a variant lost spans.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LossCause {
    /// The variant.
    pub variant: String,
    /// What most of its lost spans met.
    pub fate: Fate,
    /// Spans of the measured part that met it.
    pub lost: u64,
    /// Of so many lost ones.
    pub of: u64,
    /// What made the queue run full; absent where something else did it, or nothing is known of the worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<QueueLimit>,
    /// What is known of the worker where most was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<Prediction>,
    /// What the scenario made the receiver do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<Late>,
    /// Its faults that reached their dose in some trial, by their numbers in the variant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<usize>,
    /// What its full queues say, run again; absent where none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<LossProof>,
    /// What is to blame, by service and cause, the largest share first; none in results older than this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspects: Vec<Suspect>,
}

/// What makes a queue run full.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum QueueLimit {
    /// More spans came than one worker can export.
    Ceiling,
    /// One worker could have exported what came: exports stood still for longer than the queue could take up.
    Standstill,
}

/// A receiver that was made to answer late.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Late {
    /// After this time.
    pub answer_after: Period,
    /// A variant with the same settings and a receiver that answers at once, which lost nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without: Option<String>,
}

/// The worker that is nearest to its ceiling.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Nearest {
    /// Its variant.
    pub variant: String,
    /// What is known of it.
    pub law: Prediction,
}

/// What an operator is told of lost spans: by default, and by rules on the SDK's own metrics. Whole trials, warm-up included.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SilentLosses {
    /// Lost spans.
    pub lost: u64,
    /// Of these, spans of which the SDK says nothing by default.
    pub silent: u64,
    /// Spans that a rule counts.
    pub counted: u64,
    /// Spans that a rule hints at.
    pub hinted: u64,
    /// Spans of which no rule can tell.
    pub untold: u64,
}

impl Insights {
    /// Nothing was concluded: nothing ran, or the result is older than conclusions in results.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is known of a variant beside others.
    pub fn of(&self, variant: &str) -> Option<&VariantInsight> {
        self.variants.iter().find(|known| known.variant == variant)
    }

    /// Why a variant lost spans.
    pub fn why(&self, variant: &str) -> Option<&LossCause> {
        self.why.iter().find(|known| known.variant == variant)
    }
}

impl RunResult {
    /// A variant by its name.
    pub fn variant(&self, name: &str) -> Option<&VariantResult> {
        self.variants.iter().find(|variant| variant.name == name)
    }
}

impl TrialResult {
    /// Whether it says something about loss under its faults. A fault that did not happen says nothing.
    pub fn is_conclusive(&self) -> bool {
        self.is_valid(Basis::Loss) && self.loss.due > 0 && self.faults.iter().all(|fault| fault.bit)
    }

    /// Whether there was a witness in its processes; without one what it would have counted is 0 and means nothing.
    pub fn is_witnessed(&self) -> bool {
        let absent = |report: &WitnessReport| {
            report.witness == Witness::Process && matches!(report.state, WitnessState::Absent(_))
        };
        // The breakdown is known wherever there are books of each span, also by probes.
        !self.breakdown.is_empty() || !self.witnesses.iter().any(absent)
    }
}
