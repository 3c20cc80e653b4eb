//! Two streams of spans, held against each other while they come in at two receivers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use spanfate_diff::{DiffTask, LiveDiff, LiveMessage, LiveSide, LiveStands};
use spanfate_model::finding::diff::{DiffResult, LiveVerdict};
use spanfate_model::format::wire::WireProtocol;
use spanfate_model::quantity::unit::Period;
use spanfate_model::unread::{UnreadReason, UnreadRequests};
use spanfate_run::RunError;
use spanfate_run::host::clock;
use spanfate_run::process::interrupt::Interrupt;
use spanfate_run::receive::{endpoint, showing};
use spanfate_run::receiver::{ReceiverSummary, RunningReceiver};

use crate::error::Error;

/// Traces that are judged before somebody else may have a turn.
const AT_ONCE: usize = 64;
/// So often, at least, is looked whether it should end, nanoseconds.
const LOOK: u64 = 50_000_000;
/// Nobody sleeps less than so long: a verdict is worth no more wake-ups.
const LEAST_SLEEP: u64 = 1_000_000;
/// What waits at the end gets its windows, and so long on top; nanoseconds.
const GRACE: u64 = 1_000_000_000;

/// What is asked of a live comparison.
pub(crate) struct LiveAsked {
    /// Where the left and the right stream come in.
    pub(crate) listen: [SocketAddr; 2],
    /// How long a span waits for its copy.
    pub(crate) window: Period,
    /// When it ends by itself.
    pub(crate) lasting: Option<Period>,
    pub(crate) task: DiffTask,
}

/// What is told of a live comparison.
pub(crate) enum LiveNews<'a> {
    /// Both sides listen, at these endpoints.
    Begins { left: String, right: String },
    /// A trace differs.
    Differs(&'a LiveVerdict),
    /// How it stands.
    Stands(LiveStands),
    /// It ends as soon as what waits has its verdict.
    Ends(LiveStands),
}

/// A comparison that receivers and the judge share.
type SharedDiff = Arc<Mutex<LiveDiff>>;

fn locked(shared: &SharedDiff) -> MutexGuard<'_, LiveDiff> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Receives and judges until a signal, or until its time is over.
pub(crate) fn watch(
    asked: &LiveAsked,
    interrupt: &Interrupt,
    tell: &mut dyn FnMut(&LiveNews<'_>),
) -> Result<DiffResult, Error> {
    let shared: SharedDiff = Arc::new(Mutex::new(LiveDiff::new(&asked.task, asked.window.nanos())));
    let left = listen(asked.listen[0], "left", LiveSide::Left, &shared)?;
    let right = listen(asked.listen[1], "right", LiveSide::Right, &shared)?;
    let names = [&left, &right].map(|side| format!("OTLP at {}", endpoint(side.address())));
    tell(&LiveNews::Begins { left: endpoint(left.address()), right: endpoint(right.address()) });
    judge(asked, interrupt, &shared, &[&left, &right], tell);
    let incomplete = [complaints(left.stop())?, complaints(right.stop())?];
    let empty = LiveDiff::new(&asked.task, asked.window.nanos());
    let all = std::mem::replace(&mut *locked(&shared), empty);
    Ok(all.finish(names, incomplete))
}

/// Gives verdicts when they are due.
fn judge(
    asked: &LiveAsked,
    interrupt: &Interrupt,
    shared: &SharedDiff,
    sides: &[&RunningReceiver; 2],
    tell: &mut dyn FnMut(&LiveNews<'_>),
) {
    let until = asked.lasting.map(|lasting| clock::now().saturating_add(lasting.nanos()));
    let mut last = None;
    let mut differ = Vec::new();
    loop {
        let (stands, due) = {
            let mut all = locked(shared);
            let judged = all.settle(AT_ONCE, &mut clock::now, &mut |verdict| {
                if verdict.counts.differences() > 0 {
                    differ.push(verdict);
                }
            });
            (all.stands(), if judged == AT_ONCE { Some(0) } else { all.next_due() })
        };
        for verdict in differ.drain(..) {
            tell(&LiveNews::Differs(&verdict));
        }
        tell(&LiveNews::Stands(stands));
        let now = clock::now();
        let broken = sides.iter().any(|side| !side.is_open());
        let asked_to_end = interrupt.requested() || broken || until.is_some_and(|until| now >= until);
        if asked_to_end && last.is_none() {
            locked(shared).close();
            // A span that came just now waits for one window; one that completes its trace meanwhile for another.
            last = Some(now.saturating_add(asked.window.nanos().saturating_mul(2)).saturating_add(GRACE));
            tell(&LiveNews::Ends(stands));
        }
        if last.is_some_and(|last| stands.waiting == 0 || now >= last) {
            return;
        }
        // What is not known yet is due after a whole window at the earliest.
        let next = due.unwrap_or(u64::MAX).min(now.saturating_add(asked.window.nanos().min(LOOK)));
        if due != Some(0) {
            clock::sleep_until(next.max(now.saturating_add(LEAST_SLEEP)));
        }
    }
}

/// A receiver whose messages go to one side.
fn listen(
    address: SocketAddr,
    name: &str,
    side: LiveSide,
    shared: &SharedDiff,
) -> Result<RunningReceiver, Error> {
    let shared = Arc::clone(shared);
    let shown = move |protocol: WireProtocol, at: u64, message: &[u8]| {
        let message = LiveMessage { bytes: message, json: protocol == WireProtocol::HttpJson };
        locked(&shared).take(side, at, &message);
    };
    showing(address, name, shown).map_err(|error| match error {
        RunError::Listen { address, source } => Error::Run(RunError::Absent {
            what: format!("the address {address} for the {name} side"),
            remedy: format!("{source}; choose another with receive:ADDRESS:PORT (port 0: any free port)"),
        }),
        other => other.into(),
    })
}

/// Why a side may lack spans, as its receiver knows.
fn complaints(ended: Result<ReceiverSummary, RunError>) -> Result<Vec<String>, Error> {
    let summary = ended?;
    let mut out = Vec::new();
    // Others are no exports of spans, but where nothing else came: an exporter that is set up wrongly looks so.
    let counts = summary.counts;
    let could_hold_spans = |unread: &&UnreadRequests| {
        use UnreadReason::{Encoding, MediaType, NoSpan, TooLarge, Undecodable};
        let of_spans =
            [MediaType, Encoding, Undecodable, TooLarge].iter().any(|reason| unread.reason.is(reason));
        of_spans || (counts.accepted == 0 && !unread.reason.is(&NoSpan))
    };
    for unread in summary.unread.iter().filter(could_hold_spans) {
        let (requests, example) = (unread.requests, &unread.example);
        out.push(format!("{requests} requests were turned away, the first: {example}"));
    }
    for (count, what) in
        [(counts.refused, "spans were refused"), (counts.stalled, "requests were begun and not completed")]
    {
        if count > 0 {
            out.push(format!("{count} {what}"));
        }
    }
    Ok(out)
}
