//! The log of a tap, request by request: what the sender was told, and when.

use spanfate_model::format::wire::{self, Disposition, Relayed, WireRecord};
use spanfate_model::quantity::unit::MonoNs;

use crate::evidence::process::Process;

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
