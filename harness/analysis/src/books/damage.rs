//! What the missing spans do to traces: each request's trace gets exactly one state.

use spanfate_model::books::damage::{Damage, ServiceDamage};
use spanfate_model::books::row::Standing;
use spanfate_model::fate::{Fate, FateClass};
use spanfate_model::plan::topology::Share;

use crate::evidence::{Parent, SpanEvidence};

/// What is known of the traces while the spans are walked.
pub(crate) struct Traces {
    services: usize,
    /// Per request and service: sampled spans, and those of them that did not arrive.
    cells: Vec<TraceCell>,
    /// Per request, the flags below.
    flags: Vec<u8>,
    /// Calls between services, and of these, calls whose context arrived as it was sent.
    calls: (u64, u64),
}

/// Span kind of a service that is called, in OTLP's numbering.
const SERVER: u8 = 2;

#[derive(Clone, Copy, Default)]
struct TraceCell {
    due: u32,
    missing: u32,
    /// Of these, spans that were left out on purpose.
    left_out: u32,
}

/// The root did not arrive.
const ROOT_MISSING: u8 = 1;
/// A span arrived whose parent did not.
const ORPHAN: u8 = 2;
/// Some of the spans are in another trace.
const PART: u8 = 4;

/// One span as the traces see it.
pub(crate) struct Sighting<'a> {
    pub(crate) span: &'a SpanEvidence,
    /// Index of its service.
    pub(crate) service: usize,
    pub(crate) request: u32,
    /// Part of the request's trace: 0 unless the context was lost.
    pub(crate) part: u16,
    pub(crate) root: bool,
    pub(crate) standing: Standing,
    /// Its parent; `None` for one that is nobody's span.
    pub(crate) parent: Option<Parent>,
}

impl Sighting<'_> {
    fn is_received(&self) -> bool {
        self.standing == Standing::Fate(Fate::Received)
    }

    fn is_left_out(&self) -> bool {
        matches!(self.standing, Standing::Fate(fate) if fate.class() == FateClass::Deliberate)
    }
}

impl Traces {
    pub(crate) fn new(requests: usize, services: usize) -> Self {
        Self {
            services,
            cells: vec![TraceCell::default(); requests * services],
            flags: vec![0; requests],
            calls: (0, 0),
        }
    }

    pub(crate) fn see(&mut self, seen: &Sighting<'_>) {
        let request = seen.request as usize;
        let place = request * self.services + seen.service;
        if !seen.span.is_sampled() || seen.service >= self.services {
            return;
        }
        let (Some(cell), Some(flags)) = (self.cells.get_mut(place), self.flags.get_mut(request)) else {
            return;
        };
        if seen.service > 0 && seen.span.kind == SERVER {
            self.calls.0 += 1;
            self.calls.1 += u64::from(seen.parent.is_some_and(|parent| parent.same_trace));
        }
        cell.due += 1;
        let received = seen.is_received();
        cell.missing += u32::from(!received);
        cell.left_out += u32::from(seen.is_left_out());
        if seen.root && seen.part == 0 && !received {
            *flags |= ROOT_MISSING;
        }
        if received && seen.parent.is_some_and(|parent| !parent.received) {
            *flags |= ORPHAN;
        }
        if seen.part != 0 {
            *flags |= PART;
        }
    }

    /// The states of the traces of the requests that are measured.
    pub(crate) fn finish(&self, names: &[&str], shares: &[Share], measured: impl Fn(u32) -> bool) -> Damage {
        let service = |(name, share): (&&str, &Share)| ServiceDamage {
            service: (*name).to_owned(),
            depth: share.depth,
            ..ServiceDamage::default()
        };
        let mut out =
            Damage { services: names.iter().zip(shares).map(service).collect(), ..Damage::default() };
        for (request, flags) in self.flags.iter().enumerate().filter(|(request, _)| measured(*request as u32))
        {
            let cells = &self.cells[request * self.services..(request + 1) * self.services];
            count(&mut out, cells, *flags);
        }
        (out.calls, out.intact_calls) = self.calls;
        out.amplify();
        assert!(out.closes(), "a trace has not exactly one state: {out:?}");
        out
    }
}

fn count(out: &mut Damage, cells: &[TraceCell], flags: u8) {
    let sum = |of: fn(&TraceCell) -> u32| cells.iter().map(of).sum::<u32>();
    let (due, missing, left_out) =
        (sum(|cell| cell.due), sum(|cell| cell.missing), sum(|cell| cell.left_out));
    if due == 0 {
        return;
    }
    out.traces += 1;
    out.missing_spans += u64::from(missing);
    out.left_out_spans += u64::from(left_out);
    out.left_out += u64::from(missing > 0 && missing == left_out);
    for (service, cell) in out.services.iter_mut().zip(cells).filter(|(_, cell)| cell.due > 0) {
        service.traces += 1;
        service.broken += u64::from(cell.missing > 0);
        service.invisible += u64::from(cell.missing == cell.due);
        service.missing_spans += u64::from(cell.missing);
    }
    if missing == due {
        out.absent += 1;
    } else if flags & ROOT_MISSING != 0 {
        out.headless += 1;
    } else if missing > 0 {
        out.torn += 1;
        out.torn_unseen += u64::from(flags & ORPHAN == 0);
    } else if flags & PART != 0 {
        out.split += 1;
    } else {
        out.complete += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use spanfate_model::fate::Filter;
    use spanfate_model::quantity::id::SpanId;
    use spanfate_model::quantity::id::SpanKey;

    use super::*;

    /// A chain of three services with two spans each: span `n` is the child of span `n - 1`.
    const SPANS: usize = 6;

    const ARRIVED: Standing = Standing::Fate(Fate::Received);
    const LOST: Standing = Standing::Fate(Fate::DroppedQueueFull);
    const FILTERED: Standing = Standing::Fate(Fate::Filtered(Filter::Processor));

    fn shares() -> Vec<Share> {
        (0..3).map(|depth| Share { depth, visits: 1, spans: 2..=2 }).collect()
    }

    /// Sees the traces: `stands[r]` says how the spans of request `r` stand, `split[r]` at which service it broke in two.
    fn see(stands: &[[Standing; SPANS]], split: &[Option<usize>]) -> Damage {
        let mut traces = Traces::new(stands.len(), 3);
        for (request, (stands, split)) in stands.iter().zip(split).enumerate() {
            for (span, standing) in stands.iter().enumerate() {
                let service = span / 2;
                let broken = split.is_some_and(|at| at == service && span % 2 == 0);
                let orphaned = span == 0 || broken;
                let parent = SpanId(if orphaned { [0; 8] } else { [span as u8; 8] });
                let evidence = SpanEvidence::started(SpanKey::default(), parent, 1, true, false);
                traces.see(&Sighting {
                    span: &evidence,
                    service,
                    request: request as u32,
                    part: u16::from(split.is_some_and(|at| service >= at)),
                    root: orphaned,
                    standing: *standing,
                    parent: (!orphaned)
                        .then(|| Parent { received: stands[span - 1] == ARRIVED, same_trace: true }),
                });
            }
        }
        traces.finish(&["a", "b", "c"], &shares(), |_| true)
    }

    fn one(stands: [Standing; SPANS], split: Option<usize>) -> Damage {
        see(&[stands], &[split])
    }

    #[test]
    fn each_state_is_what_somebody_sees() {
        let (o, x) = (ARRIVED, LOST);
        assert_eq!(one([o; 6], None).complete, 1);
        assert_eq!(one([x, o, o, o, o, o], None).headless, 1);
        assert_eq!(one([x; 6], None).absent, 1);
        assert_eq!(one([o; 6], Some(1)).split, 1);
        // A hole in the middle shows; a tail that is missing does not.
        let hole = one([o, o, x, o, o, o], None);
        assert_eq!((hole.torn, hole.torn_unseen), (1, 0));
        let tail = one([o, o, o, o, x, x], None);
        assert_eq!((tail.torn, tail.torn_unseen, tail.services[2].invisible), (1, 1, 1));
    }

    #[test]
    fn what_was_left_out_on_purpose_damages_no_trace_that_misses_nothing_else() {
        let (o, x, f) = (ARRIVED, LOST, FILTERED);
        let damage = see(&[[f; 6], [o, f, o, o, f, o], [o, f, x, o, o, o], [o, x, o, o, o, o]], &[None; 4]);
        // What somebody sees is the same, whoever left it out.
        assert_eq!((damage.absent, damage.torn, damage.missing_spans), (1, 3, 11));
        assert_eq!((damage.left_out, damage.left_out_spans, damage.damaged()), (2, 9, 2));
        // Two traces by the two spans that were lost.
        assert_eq!((damage.amplification, damage.damaged_share()), (1.0, 0.5));
        let filtered = see(&[[f; 6]; 3], &[None; 3]);
        assert_eq!((filtered.absent, filtered.damaged(), filtered.amplification), (3, 0, 0.0));
    }

    #[test]
    fn spans_that_are_not_sampled_damage_nothing() {
        let mut traces = Traces::new(1, 3);
        let span = SpanEvidence::default();
        let unsampled = Sighting {
            span: &span,
            service: 0,
            request: 0,
            part: 0,
            root: true,
            standing: LOST,
            parent: None,
        };
        traces.see(&unsampled);
        assert_eq!(traces.finish(&["a", "b", "c"], &shares(), |_| true).traces, 0);
    }

    proptest! {
        #[test]
        fn damage_is_what_counting_trace_by_trace_gives(
            received in proptest::collection::vec(any::<[bool; SPANS]>(), 0..40),
            broken in proptest::collection::vec(proptest::option::of(1_usize..3), 40),
        ) {
            let stands: Vec<[Standing; SPANS]> =
                received.iter().map(|spans| spans.map(|arrived| if arrived { ARRIVED } else { LOST })).collect();
            let damage = see(&stands, &broken);
            let count = |wanted: &dyn Fn(&[bool; SPANS], Option<usize>) -> bool| {
                received.iter().zip(&broken).filter(|(r, s)| wanted(r, **s)).count() as u64
            };
            let all = |r: &[bool; SPANS]| r.iter().all(|arrived| *arrived);
            let none = |r: &[bool; SPANS]| r.iter().all(|arrived| !*arrived);
            prop_assert_eq!(damage.traces, received.len() as u64);
            prop_assert_eq!(damage.complete, count(&|r, s| all(r) && s.is_none()));
            prop_assert_eq!(damage.split, count(&|r, s| all(r) && s.is_some()));
            prop_assert_eq!(damage.absent, count(&|r, _| none(r)));
            prop_assert_eq!(damage.headless, count(&|r, _| !none(r) && !r[0]));
            prop_assert_eq!(damage.torn, count(&|r, _| !all(r) && r[0]));
            for (service, part) in damage.services.iter().enumerate() {
                let own = |r: &[bool; SPANS]| [r[2 * service], r[2 * service + 1]];
                prop_assert_eq!(part.broken, count(&|r, _| own(r).contains(&false)));
                prop_assert_eq!(part.invisible, count(&|r, _| own(r) == [false; 2]));
            }
            let missing: u64 = received.iter().flatten().filter(|arrived| !**arrived).count() as u64;
            prop_assert_eq!(damage.missing_spans, missing);
        }
    }
}
