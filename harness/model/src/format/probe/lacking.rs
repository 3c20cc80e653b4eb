//! What a program lacks of what probes sit on, and what that costs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ProbeKind, ProbeManifest};
use crate::scenario::ebpf::EbpfMode;

/// A site that a program lacks, in whole or in part.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LackingSite {
    /// What its records would have said.
    pub tells: ProbeKind,
    /// The function that it would sit on, by its full name.
    pub function: String,
    /// The functions that the compiler put copies of it into, where no probe can read what it is about. Empty: it is not there at
    /// all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inlined_into: Vec<String>,
    /// It is there, in a copy of the SDK beside the one that is probed: of the copy's spans nothing is read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub copy: bool,
}

impl LackingSite {
    /// What can still be recorded without it.
    const fn leaves(&self) -> EbpfMode {
        use ProbeKind::{
            Blocked, Created, Dropped, GcBegin, GcEnd, GivenUp, Gone, Goroutine, Offered, Passed, Queued,
            StwBegin, StwEnd,
        };
        match self.tells {
            // What a queue took or dropped is known by its processor's own counter and by what comes out of it; what was offered,
            // by what the queue took. Of queues that block, whose spans are then open, only programs with such a queue need it. The others
            // are beside the books of spans.
            Dropped | Queued | Offered | Blocked | GivenUp | Passed | Created | GcBegin | GcEnd
            | StwBegin | StwEnd | Goroutine | Gone => EbpfMode::Events,
            _ => EbpfMode::Batch,
        }
    }
}

impl ProbeManifest {
    /// What of a mode the program lets probes record: where it lacks a function, spans may pass unseen.
    #[must_use]
    pub fn possible(&self, mode: EbpfMode) -> EbpfMode {
        if self.missing.is_empty() && self.lacking.is_empty() {
            return mode;
        }
        let known = self.lacking.iter().map(LackingSite::leaves).min();
        mode.min(known.unwrap_or(EbpfMode::Batch))
    }

    /// Notes that copies of the SDK beside the one that is probed made no spans, so that none passed unseen.
    pub fn copies_are_silent(&mut self) {
        self.lacking.retain(|site| !site.copy);
    }

    /// Whether something is not told of every span because a function is missing.
    #[must_use]
    pub fn lacks(&self, tells: ProbeKind) -> bool {
        self.lacking.iter().any(|site| site.tells == tells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(missing: &[&str], lacking: &[ProbeKind]) -> ProbeManifest {
        let site = |tells: &ProbeKind| LackingSite {
            tells: *tells,
            function: String::new(),
            inlined_into: Vec::new(),
            copy: false,
        };
        ProbeManifest {
            missing: missing.iter().map(ToString::to_string).collect(),
            lacking: lacking.iter().map(site).collect(),
            ..ProbeManifest::default()
        }
    }

    #[test]
    fn a_missing_site_costs_what_it_shows() {
        use EbpfMode::{Batch, Counters, Events};
        for (missing, lacking, asked, left) in [
            (&[][..], &[][..], Events, Events),
            (&[], &[ProbeKind::Created, ProbeKind::Dropped], Events, Events),
            (&["f"], &[ProbeKind::Offered], Counters, Counters),
            (&["f"], &[ProbeKind::GivenUp], Events, Events),
            (&["f", "g"], &[ProbeKind::Dropped, ProbeKind::Ended], Events, Batch),
            (&["f"], &[ProbeKind::Started], Events, Batch),
            // What the function is for was not written down.
            (&["f"], &[], Events, Batch),
        ] {
            assert_eq!(manifest(missing, lacking).possible(asked), left, "{missing:?} {lacking:?}");
        }
        assert!(manifest(&[], &[ProbeKind::Dropped]).lacks(ProbeKind::Dropped));
        assert!(!manifest(&["f"], &[]).lacks(ProbeKind::Dropped));
    }
}
