//! What was kept of what matters: key spans, and traces of requests that a fault made fail or slow. Also what no sampler took counts as
//! something that could have been kept.

use spanfate_model::books::damage::{Kept, KeptOf};
use spanfate_model::fault::TraceMark;

use crate::evidence::SpanEvidence;

/// What is known of it while the spans are walked.
pub(crate) struct KeptBooks<'a> {
    /// By number of a fault: what the traces of its requests are.
    marks: &'a [Option<TraceMark>],
    traces: Vec<KeptTrace>,
    /// Per measured request and not, key spans, and those that arrived.
    key_spans: [KeptOf; 2],
}

/// What is known of a request's spans.
#[derive(Clone, Copy, Default)]
struct KeptTrace {
    created: u32,
    received: u32,
    flags: u8,
}

/// A fault made it fail.
const ERROR: u8 = 1;
/// The failed span arrived.
const ERROR_RECEIVED: u8 = 2;
/// A fault made it slow.
const SLOW: u8 = 4;
/// The slow span arrived.
const SLOW_RECEIVED: u8 = 8;

impl<'a> KeptBooks<'a> {
    pub(crate) fn new(requests: usize, marks: &'a [Option<TraceMark>]) -> Self {
        Self { marks, traces: vec![KeptTrace::default(); requests], key_spans: [KeptOf::default(); 2] }
    }

    pub(crate) fn see(&mut self, span: &SpanEvidence, request: u32, received: bool, measured: bool) {
        if span.is_key() {
            let count = &mut self.key_spans[usize::from(measured)];
            count.all += 1;
            count.kept += u64::from(received);
        }
        let Some(trace) = self.traces.get_mut(request as usize) else { return };
        trace.created += 1;
        trace.received += u32::from(received);
        let mark = usize::from(span.fault).checked_sub(1).and_then(|fault| *self.marks.get(fault)?);
        trace.flags |= match (mark, received) {
            (Some(TraceMark::Error), false) => ERROR,
            (Some(TraceMark::Error), true) => ERROR | ERROR_RECEIVED,
            (Some(TraceMark::Slow), false) => SLOW,
            (Some(TraceMark::Slow), true) => SLOW | SLOW_RECEIVED,
            (None, _) => 0,
        };
    }

    /// What it comes to, of the requests that are measured; nothing where the scenario does not say what matters.
    pub(crate) fn finish(&self, measured: impl Fn(u32) -> bool) -> Option<Kept> {
        let key_spans = self.key_spans[1];
        if key_spans.all == 0 && self.marks.iter().all(Option::is_none) {
            return None;
        }
        let mut out = Kept { key_spans, ..Kept::default() };
        for (_, trace) in (0..).zip(&self.traces).filter(|(request, _)| measured(*request)) {
            let is_whole = trace.created == trace.received;
            let mut add = |of: fn(&mut Kept) -> &mut KeptOf, kept: bool| {
                let count = of(&mut out);
                count.all += 1;
                count.kept += u64::from(kept);
            };
            if trace.flags & ERROR != 0 {
                add(|kept| &mut kept.errors, trace.flags & ERROR_RECEIVED != 0);
            }
            if trace.flags & SLOW != 0 {
                add(|kept| &mut kept.slow, trace.flags & SLOW_RECEIVED != 0);
            }
            if trace.received > 0 {
                add(|kept| &mut kept.whole, is_whole);
            }
            out.errors_whole += u64::from(trace.flags & ERROR != 0 && is_whole);
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use spanfate_model::format::slots::FLAG_KEY;

    use super::*;

    const MARKS: [Option<TraceMark>; 3] = [None, Some(TraceMark::Error), Some(TraceMark::Slow)];

    #[test]
    fn what_matters_is_counted_whether_it_was_sampled_or_not() {
        let mut books = KeptBooks::new(5, &MARKS);
        let plain = SpanEvidence::default();
        let key = SpanEvidence { flags: FLAG_KEY, ..plain };
        let touched = |fault: u8| SpanEvidence { fault: fault + 1, ..plain };
        // One that failed and arrived whole, one of which only the failed span arrived, one of which all but that one did.
        let traces: [&[(SpanEvidence, bool)]; 5] = [
            &[(key, true), (touched(1), true)],
            &[(plain, false), (touched(1), true), (key, false)],
            &[(plain, true), (touched(1), false), (touched(2), true)],
            &[(touched(2), false), (touched(0), false)],
            &[(key, true), (touched(1), true)], // of the warm-up
        ];
        for (request, spans) in (0..).zip(traces) {
            for (span, received) in spans {
                books.see(span, request, *received, request < 4);
            }
        }
        let of = |all, kept| KeptOf { all, kept };
        let kept = books.finish(|request| request < 4).unwrap();
        let expected =
            Kept { key_spans: of(2, 1), errors: of(3, 2), errors_whole: 1, slow: of(2, 1), whole: of(3, 1) };
        assert_eq!(kept, expected);
        assert_eq!((kept.errors.share(), of(0, 0).share()), (Some(2.0 / 3.0), None));
    }

    #[test]
    fn where_nothing_matters_nothing_is_said() {
        let mut books = KeptBooks::new(1, &[None]);
        books.see(&SpanEvidence::default(), 0, true, true);
        assert_eq!(books.finish(|_| true), None);
    }
}
