//! Whether struct offsets that are only supposed fit the program: what is read by them must agree with itself.
//!
//! A span's ids are read from the span at its start and its end, and from another struct, its snapshot, where it comes to a
//! processor. They are random, so offsets that are wrong do not give the same ids at both.

use std::collections::BTreeSet;

use spanfate_model::format::probe::{ProbeKind, ProbeManifest, Record, SpanMark};
use spanfate_model::quantity::id::{SpanKey, TraceId};

/// So many spans are remembered from their start or end; no other ones are looked at.
const REMEMBERED: usize = 4096;
/// Goroutines are numbered from 1. No program comes so far, and addresses are larger.
const GOROUTINES: u64 = 1 << 38;

/// How often something was right, and how often it was wrong.
#[derive(Default)]
struct Tally {
    right: u64,
    wrong: u64,
}

impl Tally {
    const fn note(&mut self, right: bool) {
        if right {
            self.right += 1;
        } else {
            self.wrong += 1;
        }
    }

    /// Records from before all probes were there may lack their counterpart; wrong offsets give none.
    const fn is_wrong(&self) -> bool {
        self.wrong > self.right
    }

    const fn all(&self) -> u64 {
        self.right + self.wrong
    }
}

/// Collects what proves or refutes offsets.
#[derive(Default)]
pub(super) struct LayoutCheck {
    spans: BTreeSet<SpanKey>,
    /// Of these, spans that started.
    started: BTreeSet<SpanKey>,
    /// Spans that came to a processor while every span was remembered.
    came: Vec<SpanKey>,
    /// Ids of spans that start: nobody else has them.
    ids: Tally,
    goroutines: Tally,
    /// A batch processor's channel has the room that its settings say.
    queues: Tally,
}

/// What became of offsets that were tried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LayoutVerdict {
    /// Nothing came that says something about them.
    Unseen,
    /// They fit: so many spans say so.
    Fits(u64),
    /// They do not fit, and why that is known.
    Refuted(String),
}

impl LayoutCheck {
    /// Takes a record in.
    pub(super) fn note(&mut self, record: &Record) {
        let Record::Span(mark) = record else { return };
        if self.spans.len() < REMEMBERED {
            self.span(mark);
        }
    }

    fn span(&mut self, mark: &SpanMark) {
        self.goroutines.note((1..GOROUTINES).contains(&mark.goroutine));
        match mark.kind {
            ProbeKind::Started => {
                self.spans.insert(mark.key);
                let fresh = self.started.insert(mark.key);
                self.ids.note(fresh && !mark.key.span.is_zero() && mark.key.trace != TraceId::default());
            }
            // Also of a span that started before the probes were there.
            ProbeKind::Ended => {
                self.spans.insert(mark.key);
            }
            ProbeKind::Offered | ProbeKind::Queued | ProbeKind::Dropped | ProbeKind::Simple
                // A span of a type of the program's own may have none.
                if !mark.key.span.is_zero() =>
            {
                self.came.push(mark.key);
            }
            _ => {}
        }
    }

    /// Takes in whether a batch processor's queue has the room that its settings say.
    pub(super) const fn queue(&mut self, fits: bool) {
        self.queues.note(fits);
    }

    /// What all of it says.
    pub(super) fn verdict(&self) -> LayoutVerdict {
        let mut both = Tally::default();
        self.came.iter().for_each(|key| both.note(self.spans.contains(key)));
        let refuted = |tally: &Tally, what: &str| {
            LayoutVerdict::Refuted(format!("of {} {what}, {} make no sense", tally.all(), tally.wrong))
        };
        if self.ids.is_wrong() {
            return refuted(&self.ids, "ids of spans that started");
        }
        if both.is_wrong() {
            return refuted(&both, "ids of spans that came to a processor");
        }
        if self.goroutines.is_wrong() {
            return refuted(&self.goroutines, "numbers of goroutines");
        }
        if self.queues.is_wrong() {
            return refuted(&self.queues, "settings of batch processors");
        }
        let spans: BTreeSet<_> = self.came.iter().filter(|key| self.spans.contains(key)).collect();
        if spans.is_empty() { LayoutVerdict::Unseen } else { LayoutVerdict::Fits(spans.len() as u64) }
    }
}

impl LayoutVerdict {
    /// Writes it into what the manifest says, if there the offsets are only supposed.
    pub fn enter(self, manifest: &mut ProbeManifest) {
        let Some(nearest) = &manifest.nearest else { return };
        match self {
            Self::Unseen => {}
            Self::Fits(spans) => manifest.verified = Some(spans),
            Self::Refuted(why) => {
                manifest.absent = Some(format!(
                    "its structs were read as those of {nearest}, and that does not fit: {why}; build the program without \
                     -ldflags=-s, so that its debug information tells"
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use spanfate_model::quantity::id::SpanId;

    use super::*;

    fn mark(kind: ProbeKind, id: u64, goroutine: u64) -> Record {
        let key = SpanKey { trace: TraceId(u128::from(id).to_le_bytes()), span: SpanId(id.to_le_bytes()) };
        Record::Span(SpanMark {
            kind,
            at: 1,
            goroutine,
            key,
            sampled: true,
            parent_sampled: false,
            extra: 0,
            name: 0,
            a: 0,
            b: 0,
        })
    }

    fn verdict(records: &[(ProbeKind, u64, u64)], queues: &[bool]) -> LayoutVerdict {
        let mut check = LayoutCheck::default();
        for (kind, id, goroutine) in records {
            check.note(&mark(*kind, *id, *goroutine));
        }
        for fits in queues {
            check.queue(*fits);
        }
        check.verdict()
    }

    #[test]
    fn offsets_are_believed_where_two_structs_have_the_same_ids_and_refuted_where_not() {
        use ProbeKind::{Ended, Offered, Queued, Started};
        let whole = |id| [(Started, id, 7), (Ended, id, 7), (Offered, id, 7), (Queued, id, 7)];
        assert_eq!(verdict(&[whole(1), whole(2)].concat(), &[true]), LayoutVerdict::Fits(2));
        assert_eq!(verdict(&[], &[]), LayoutVerdict::Unseen);
        // A program that exports nothing.
        assert_eq!(verdict(&whole(1)[..2], &[]), LayoutVerdict::Unseen);
        // It began before the probes were there: one span lacks its end.
        assert_eq!(
            verdict(&[vec![(Offered, 9, 7)], whole(1).to_vec()].concat(), &[]),
            LayoutVerdict::Fits(1)
        );
        let refuted = |records: &[(ProbeKind, u64, u64)], queues: &[bool], what: &str| {
            let LayoutVerdict::Refuted(why) = verdict(records, queues) else { panic!("{what}") };
            assert!(why.contains(what), "{why}");
        };
        refuted(
            &[(Started, 1, 7), (Ended, 1, 7), (Offered, 77, 7), (Queued, 78, 7)],
            &[],
            "of 2 ids of spans that came",
        );
        refuted(&[(Started, 0, 7), (Started, 0, 7), (Started, 0, 7)], &[], "of 3 ids of spans that started");
        refuted(&[(Started, 5, 7), (Started, 5, 7), (Started, 5, 7)], &[], "ids of spans that started");
        refuted(&[(Started, 1, 0), (Ended, 1, 0xc0_0001_2340)], &[], "of 2 numbers of goroutines");
        refuted(&whole(1), &[false], "of 1 settings of batch processors");
    }

    #[test]
    fn a_verdict_counts_only_where_offsets_are_supposed() {
        let mut known = ProbeManifest::default();
        LayoutVerdict::Refuted("x".to_owned()).enter(&mut known);
        assert_eq!(known, ProbeManifest::default());
        let mut tried = ProbeManifest { nearest: Some("SDK 1.47.0, Go 1.26".to_owned()), ..known };
        LayoutVerdict::Fits(3).enter(&mut tried);
        assert_eq!((tried.verified, &tried.absent), (Some(3), &None));
        LayoutVerdict::Refuted("of 3 ids, 3 make no sense".to_owned()).enter(&mut tried);
        let why = tried.absent.unwrap();
        assert!(why.contains("SDK 1.47.0, Go 1.26") && why.contains("of 3 ids"), "{why}");
    }
}
