//! The log of a tap, request by request: what the sender was told, and when.

use spanfate_model::format::wire::{self, Disposition, Relayed, WireRecord};
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::HopSent;

use crate::evidence::process::Process;
use crate::statistics::quantile::millis;

/// An answer is late from so many times the usual time on, and so many nanoseconds; the trouble is real after so many of them.
const LATE: u64 = 3;
const LATE_NS: u64 = 5_000_000;
const IN_A_ROW: usize = 3;
/// A time without requests is a silence from so many times the usual one on, and so many nanoseconds.
const SILENT: u64 = 5;
const SILENT_NS: u64 = 400_000_000;

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum RequestEnd {
    /// It was taken, but for so many of its spans.
    Taken(u32),
    Refused,
    Unanswered,
}

/// Appearances of spans, each as often as it came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct TapAppearances {
    pub(crate) taken: u64,
    pub(crate) rejected: u64,
    pub(crate) refused: u64,
    pub(crate) unanswered: u64,
}

/// A request with spans.
#[derive(Clone, Copy, Debug)]
struct TapRequest {
    /// When it was complete.
    at: MonoNs,
    /// When what became of its answer was known; `MonoNs::MAX` where it never was.
    answered: MonoNs,
    spans: u32,
    end: RequestEnd,
}

impl TapRequest {
    /// How long it waited for its answer, nanoseconds.
    const fn took(&self) -> Option<u64> {
        match self.answered {
            MonoNs::MAX => None,
            answered => Some(answered.saturating_sub(self.at)),
        }
    }
}

/// The requests of a tap.
#[derive(Clone, Debug, Default)]
pub(crate) struct TapTally {
    requests: Vec<TapRequest>,
    /// By process and place: whether the last request with the span was refused.
    refused: Vec<Vec<bool>>,
}

impl TapTally {
    /// Reads a log, of a tap or of the receiver itself.
    pub(crate) fn of(log: Option<&[u8]>, processes: &[Process<'_>]) -> Self {
        let mut out = Self {
            requests: Vec::new(),
            refused: processes.iter().map(|process| vec![false; process.len()]).collect(),
        };
        let Some(bytes) = log else { return out };
        for record in wire::read(bytes).into_iter().flatten() {
            match record {
                WireRecord::Request(request) => {
                    let end = match request.disposition {
                        // Behind a relay the answer tells.
                        Disposition::Accepted if is_relayed(bytes) => RequestEnd::Unanswered,
                        // Of a partial success its spans tell how many.
                        Disposition::Accepted | Disposition::RejectedPartial => RequestEnd::Taken(0),
                        Disposition::Refused | Disposition::Failed => RequestEnd::Refused,
                    };
                    let (at, spans) = (request.at, request.spans);
                    out.requests.push(TapRequest { at, answered: MonoNs::MAX, spans, end });
                }
                WireRecord::Answer(answer) => {
                    let Some(request) = out.requests.get_mut(answer.request as usize) else { continue };
                    request.answered = answer.at;
                    request.end = match answer.relayed {
                        Relayed::No => continue,
                        Relayed::Taken { rejected } => RequestEnd::Taken(rejected),
                        Relayed::Refused => RequestEnd::Refused,
                        Relayed::Unanswered => RequestEnd::Unanswered,
                    };
                }
                WireRecord::Span(span) if span.disposition == Disposition::RejectedPartial => {
                    if let Some(TapRequest { end: RequestEnd::Taken(rejected), .. }) =
                        out.requests.get_mut(span.request as usize)
                    {
                        *rejected += 1;
                    }
                }
                _ => {}
            }
        }
        out.mark(bytes, processes);
        out
    }

    /// The requests of several places together, in the order in which they came.
    pub(crate) fn together(all: &[&Self]) -> Self {
        let mut requests: Vec<TapRequest> = all.iter().flat_map(|one| one.requests.iter().copied()).collect();
        requests.sort_by_key(|request| request.at);
        Self { requests, refused: Vec::new() }
    }

    /// Marks the spans whose last request was refused.
    fn mark(&mut self, bytes: &[u8], processes: &[Process<'_>]) {
        for record in wire::read(bytes).into_iter().flatten() {
            let WireRecord::Span(span) = record else { continue };
            let end = self.requests.get(span.request as usize).map(|request| request.end);
            let found =
                processes.iter().enumerate().find_map(|(at, process)| Some((at, process.find(&span.key)?)));
            if let Some((process, number)) = found {
                self.refused[process][number] = end == Some(RequestEnd::Refused);
            }
        }
    }

    /// Whether the last request with a span was refused.
    pub(crate) fn is_refused(&self, process: usize, number: usize) -> bool {
        self.refused.get(process).and_then(|places| places.get(number)).copied().unwrap_or_default()
    }

    /// When the first request came that was refused or left without an answer.
    pub(crate) fn first_refused(&self) -> Option<MonoNs> {
        self.requests.iter().find(|request| !matches!(request.end, RequestEnd::Taken(_))).map(|one| one.at)
    }

    /// When trouble began here: the first request that was not taken, the first of three in a row that were answered late, or the last
    /// before a silence, as long as its sender had something to send (until `fed`).
    pub(crate) fn trouble(&self, fed: MonoNs) -> Option<MonoNs> {
        let mut took: Vec<u64> = self.requests.iter().filter_map(TapRequest::took).collect();
        took.sort_unstable();
        let usual = took.get(took.len() / 10).copied().unwrap_or_default();
        let is_late =
            |one: &TapRequest| one.took().is_some_and(|took| took > usual.saturating_mul(LATE) + LATE_NS);
        let late = self.requests.windows(IN_A_ROW).find(|some| some.iter().all(is_late));
        let late = late.and_then(|some| some.first()).map(|one| one.at);
        [self.first_refused(), late, self.silent(fed)].into_iter().flatten().min()
    }

    /// When the first silence began that is far longer than the usual time between two requests.
    fn silent(&self, fed: MonoNs) -> Option<MonoNs> {
        let times: Vec<MonoNs> = self.requests.iter().map(|request| request.at).collect();
        let last = times.last().copied()?;
        let ends = times.iter().skip(1).copied().chain((fed > last).then_some(fed));
        let gaps: Vec<(MonoNs, u64)> =
            times.iter().copied().zip(ends).map(|(at, next)| (at, next.saturating_sub(at))).collect();
        let mut sorted: Vec<u64> = gaps.iter().map(|(_, gap)| *gap).collect();
        sorted.sort_unstable();
        let usual = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        let long = usual.saturating_mul(SILENT).max(SILENT_NS);
        gaps.into_iter().find(|(_, gap)| *gap > long).map(|(at, _)| at)
    }

    /// The requests that were taken, and how long their answers took; nothing where none was.
    pub(crate) fn answered(&self) -> Option<HopSent> {
        let taken =
            self.requests.iter().filter(|one| one.spans > 0 && matches!(one.end, RequestEnd::Taken(_)));
        let timed = taken.filter_map(|one| Some((one.spans, one.took()?)));
        let (mut out, mut waited) = (HopSent::default(), 0);
        for (spans, took) in timed {
            out.requests += 1;
            out.spans += u64::from(spans);
            waited += took;
        }
        out.answer_ms = millis(waited / out.requests.max(1));
        (out.requests > 0).then_some(out)
    }

    /// When the last request came.
    pub(crate) fn last(&self) -> Option<MonoNs> {
        self.requests.last().map(|request| request.at)
    }

    /// Requests with spans.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.iter().filter(|request| request.spans > 0).count() as u64
    }

    /// Appearances of spans in requests that came before one time and were answered after another: what somebody may not have counted
    /// yet who looked then.
    pub(crate) fn open_since(&self, looked: MonoNs, before: MonoNs) -> TapAppearances {
        self.sum(|request| request.at < before && request.answered >= looked)
    }

    /// Appearances of all spans.
    pub(crate) fn all(&self) -> TapAppearances {
        self.sum(|_| true)
    }

    fn sum(&self, counts: impl Fn(&TapRequest) -> bool) -> TapAppearances {
        let mut out = TapAppearances::default();
        for request in self.requests.iter().filter(|request| counts(request)) {
            let spans = u64::from(request.spans);
            match request.end {
                RequestEnd::Taken(rejected) => {
                    let rejected = u64::from(rejected).min(spans);
                    out.taken += spans - rejected;
                    out.rejected += rejected;
                }
                RequestEnd::Refused => out.refused += spans,
                RequestEnd::Unanswered => out.unanswered += spans,
            }
        }
        out
    }
}

/// Whether a log is that of a receiver with a relay.
fn is_relayed(bytes: &[u8]) -> bool {
    bytes.get(16).is_some_and(|flags| flags & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn tally(requests: &[(u64, u64, RequestEnd)]) -> TapTally {
        let one = |&(at, took, end): &(u64, u64, RequestEnd)| TapRequest {
            at: at * MS,
            answered: (at + took) * MS,
            spans: 1,
            end,
        };
        TapTally { requests: requests.iter().map(one).collect(), refused: Vec::new() }
    }

    fn taken(times: &[(u64, u64)]) -> TapTally {
        let all: Vec<_> = times.iter().map(|(at, took)| (*at, *took, RequestEnd::Taken(0))).collect();
        tally(&all)
    }

    #[test]
    fn what_was_taken_and_answered_is_what_was_sent() {
        let mut some = taken(&[(0, 2), (100, 4), (200, 30)]);
        some.requests[2].end = RequestEnd::Refused;
        some.requests[1].spans = 3;
        let sent = some.answered().unwrap();
        assert_eq!((sent.requests, sent.spans), (2, 4));
        assert!((sent.answer_ms - 3.0).abs() < 1e-9, "{sent:?}");
        assert_eq!(tally(&[(0, 2, RequestEnd::Unanswered)]).answered(), None);
    }

    #[test]
    fn trouble_begins_with_what_is_refused_late_or_not_sent() {
        let steady: Vec<(u64, u64)> = (0..30).map(|at| (at * 100, 2)).collect();
        assert_eq!(taken(&steady).trouble(3_000 * MS), None);
        // The sender had more and nothing came.
        assert_eq!(taken(&steady).trouble(4_000 * MS), Some(2_900 * MS));
        let late: Vec<(u64, u64)> =
            (0..30).map(|at| (at * 100, if at < 20 && at != 5 { 2 } else { 90 })).collect();
        assert_eq!(taken(&late).trouble(3_000 * MS), Some(2_000 * MS), "one late answer is none");
        let gap: Vec<(u64, u64)> = (0..30).map(|at| (at * 100 + u64::from(at > 10) * 900, 2)).collect();
        assert_eq!(taken(&gap).trouble(3_900 * MS), Some(1_000 * MS));
        let mut refused: Vec<_> = (0..30).map(|at| (at * 100, 2, RequestEnd::Taken(0))).collect();
        refused[7].2 = RequestEnd::Refused;
        assert_eq!(tally(&refused).trouble(3_000 * MS), Some(700 * MS));
    }
}
