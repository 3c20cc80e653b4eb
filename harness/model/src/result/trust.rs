//! Whether a figure may be believed: what it is about, what was checked, and on which side of its bound the value must lie.

mod undisturbed;

use std::borrow::Cow;

use crate::format::probe::ProbeKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TrialResult;
use crate::format::manifest::Status;
use crate::term::{Term, Word, worded, words};

pub use undisturbed::{EstimateDoubt, UndisturbedTimes};

words! {
    /// What a figure needs to be believed.
    pub enum Basis {
        /// A load that came as planned, a core of its own, and no span that nobody can place.
        Loss = "loss",
        /// A load that came at the planned times, and a core of its own.
        Latency = "latency",
        /// Only books that close; they hold on the noisiest machine.
        Accounting = "accounting",
    }
}

words! {
    /// What is checked of a trial.
    pub enum TrustCheck {
        /// Requests started in the worst 1 s window, share of intended.
        Started = "requests started in the worst 1 s window, share of intended",
        /// Spans that cannot be placed.
        Unplaced = "spans that cannot be placed",
        /// Spans that may have been made and that nobody counted.
        Uncounted = "spans that may have been made uncounted",
        /// Samples of what others took.
        Samples = "usage samples",
        /// CPU that neither fixture nor idle took on the fixture's cores, share.
        ForeignCpu = "foreign CPU on the fixture's cores, share",
        /// Time that the hypervisor took on the fixture's cores, share.
        Steal = "steal on the fixture's cores, share",
        /// Requests that failed, share of started.
        Failed = "requests that failed, share of started",
        /// The p99 of the start lag, milliseconds.
        StartLag = "start lag p99, ms (at most a tenth of response p99, or 0.2)",
        /// Periods in which a quota on CPU time was used up, share.
        Throttled = "periods in which a CPU quota was used up, share",
        /// How often a limit of the harness's own surroundings was met.
        Limits = "times that a limit of the harness was met",
    }
}

/// What spoils a figure whose check fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spoiler {
    /// The load or its generator.
    Load,
    /// The witnesses of the spans.
    Witnesses,
    /// The witness of the machine.
    Samples,
    /// Other work on the machine.
    Others,
    /// A quota on CPU time.
    Quota,
    /// A limit of the harness's own surroundings.
    Limits,
}

/// On which side of its bound a value may lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The bound or less.
    AtMost,
    /// The bound or more.
    AtLeast,
}

/// Whether a figure may be believed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Validity {
    /// The figure: `loss` or `latency`.
    pub figure: Term<Basis>,
    /// What was checked.
    pub check: Term<TrustCheck>,
    /// The measured value.
    pub measured: f64,
    /// The bound.
    pub bound: f64,
    /// On which side of the bound the value may lie. Results of older versions do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Bound>,
    /// Whether the figure may be believed as far as this check goes.
    pub valid: bool,
}

impl TrustCheck {
    /// It in words for people; results keep the word that it was written with at first.
    pub fn in_words(self) -> Cow<'static, str> {
        match self {
            Self::ForeignCpu => worded("neighbour CPU on the fixture's cores, share"),
            _ => self.text(),
        }
    }

    /// On which side of its bound its value may lie.
    pub const fn side(self) -> Bound {
        match self {
            Self::Started | Self::Samples => Bound::AtLeast,
            Self::Unplaced
            | Self::Uncounted
            | Self::ForeignCpu
            | Self::Steal
            | Self::Failed
            | Self::StartLag
            | Self::Throttled
            | Self::Limits => Bound::AtMost,
        }
    }

    /// What spoils the figure where it fails.
    pub const fn spoiler(self) -> Spoiler {
        match self {
            Self::Started | Self::Failed | Self::StartLag => Spoiler::Load,
            Self::Unplaced | Self::Uncounted => Spoiler::Witnesses,
            Self::Samples => Spoiler::Samples,
            Self::ForeignCpu | Self::Steal => Spoiler::Others,
            Self::Throttled => Spoiler::Quota,
            Self::Limits => Spoiler::Limits,
        }
    }
}

impl Bound {
    /// Whether a value lies on this side of a bound.
    pub fn holds(self, measured: f64, bound: f64) -> bool {
        match self {
            Self::AtMost => measured <= bound,
            Self::AtLeast => measured >= bound,
        }
    }
}

impl Validity {
    /// The mark of a check.
    pub fn of(figure: Basis, check: TrustCheck, measured: f64, bound: f64) -> Self {
        let side = check.side();
        let valid = side.holds(measured, bound);
        let (figure, check) = (Term::Known(figure), Term::Known(check));
        Self { figure, check, measured: (measured * 1e4).round() / 1e4, bound, side: Some(side), valid }
    }

    /// On which side of the bound the value may lie, where that is known.
    pub fn side(&self) -> Option<Bound> {
        self.side.or_else(|| self.check.known().map(|check| check.side()))
    }

    /// What spoils the figure where the check fails, if this version knows the check.
    pub fn spoiler(&self) -> Option<Spoiler> {
        self.check.known().map(|check| check.spoiler())
    }

    /// The check in words with its value and its bound, for a line.
    pub fn said(&self) -> String {
        let check =
            self.check.known().map_or_else(|| self.check.to_string(), |check| check.in_words().into_owned());
        format!("{check}: {}, bound {}", self.measured, self.bound)
    }

    /// Whether the check is about what takes CPU time away, not about the load or a witness.
    pub fn is_of_others(&self) -> bool {
        matches!(self.spoiler(), Some(Spoiler::Others | Spoiler::Quota))
    }
}

impl TrialResult {
    /// Spans that probes counted where they start, end or are handed to an exporter: the most of these. They may be there where no books
    /// are kept.
    pub fn spans_counted(&self) -> u64 {
        let sites = [ProbeKind::Started, ProbeKind::Ended, ProbeKind::Handed];
        let of = |site: ProbeKind| {
            self.probes.iter().filter_map(|probes| probes.hits.get(site.as_str())).sum::<u64>()
        };
        sites.into_iter().map(of).max().unwrap_or_default()
    }

    /// Whether a figure may be believed.
    pub fn is_valid(&self, figure: Basis) -> bool {
        self.status != Status::Partial
            && self.validity.iter().all(|mark| mark.valid || !mark.figure.is(&figure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_of_an_older_version_is_read_and_means_the_same() {
        let old = r#"{"figure":"loss","check":"usage samples","measured":1.0,"bound":2.0,"valid":false}"#;
        let mark: Validity = serde_json::from_str(old).unwrap();
        assert_eq!((mark.side(), mark.is_of_others()), (Some(Bound::AtLeast), false));
        assert_eq!(serde_json::to_string(&mark).unwrap(), old);
        let foreign = old.replace("usage samples", "foreign CPU of a sort");
        let mark: Validity = serde_json::from_str(&foreign).unwrap();
        assert_eq!((mark.side(), mark.is_of_others()), (None, false));
    }
}
