//! Sends traces of known content through a live pipeline and looks for them at its end. It decides nothing: what happens is told as
//! events, in the order in which it happened.

mod encode;
mod given;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use spanfate_model::finding::canary::sent::{CanaryDoor, CanaryLook, CanaryMint, CanarySpan};
use spanfate_model::format::wire::WireProtocol;
use spanfate_model::quantity::id::{SpanId, TraceId};
use spanfate_model::quantity::unit::MonoNs;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

pub use self::given::CanaryDoorway;
use crate::RunError;
use crate::backend::json;
use crate::backend::lookout::Lookout;
pub use crate::backend::{BackEnd, BackEndAccess, OF_CANARY};
use crate::host::clock;
use crate::receive;
use crate::receiver::{DirectLine, RunningReceiver, whole_spans};

/// Events that may wait for who keeps the books. Beyond, whoever has news waits.
const MOST_WAITING: usize = 65_536;
/// Questions under way at once.
const MOST_QUESTIONS: usize = 8;
/// The first look at a trace; each later one waits twice as long, up to the longest wait.
const FIRST_LOOK: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How often a last question is repeated that had no answer, and after how long.
const LAST_TRIES: u32 = 3;
const LAST_WAIT: Duration = Duration::from_secs(1);

/// Where the spans are looked for.
#[derive(Clone, Debug)]
pub enum CanaryEnd {
    /// A receiver of ours, at which the pipeline ends.
    Receive(SocketAddr),
    /// A back end that is asked.
    Ask(Box<BackEndAccess>),
}

/// What a canary does.
#[derive(Clone, Debug)]
pub struct CanaryOrder {
    /// Makes the traces.
    pub mint: CanaryMint,
    /// Where they go.
    pub to: CanaryDoorway,
    /// Where they are looked for.
    pub from: CanaryEnd,
    /// Time from one trace to the next.
    pub gap: Duration,
    /// So many traces; without it until it is stopped.
    pub most: Option<u32>,
    /// Nanoseconds within which a span must have come.
    pub deadline: u64,
    /// Nanoseconds after which it is given up.
    pub patience: u64,
    /// No trace is looked at again once all of it is there.
    pub at_once: bool,
}

/// Something that happened.
#[derive(Clone, PartialEq, Debug)]
pub enum CanaryEvent {
    /// A trace is being sent.
    Sent {
        /// Its number.
        number: u32,
        /// When its request began.
        at: MonoNs,
        /// What its times are made of, unix nanoseconds.
        wall: u64,
    },
    /// The endpoint's answer to it.
    Answered {
        /// Which trace.
        number: u32,
        /// The answer.
        door: CanaryDoor,
    },
    /// A span came to the receiver.
    Came {
        /// When the request with it was complete.
        at: MonoNs,
        /// The span.
        span: Box<CanarySpan>,
    },
    /// The reader showed what it has of a trace.
    Looked {
        /// Which trace.
        number: u32,
        /// When it was asked.
        at: MonoNs,
        /// What it showed.
        look: CanaryLook,
    },
    /// The reader gave no answer.
    Unread {
        /// Why.
        why: String,
    },
    /// The reader is not asked for this trace any more.
    Closed {
        /// Which trace.
        number: u32,
        /// Whether the last question had an answer.
        answered: bool,
    },
}

/// How far a flight may go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum FlightPhase {
    /// It sends.
    Sending,
    /// It sends nothing more, and waits for what it has sent.
    Waiting,
    /// It waits for nothing more.
    Over,
}

/// A canary under way; dropping it ends it.
#[derive(Debug)]
pub struct CanaryFlight {
    events: Receiver<CanaryEvent>,
    phase: watch::Sender<FlightPhase>,
    thread: Option<JoinHandle<()>>,
    receiver: Option<RunningReceiver>,
}

impl CanaryFlight {
    /// Starts it. Fails where the receiver's address cannot be had, or certificates cannot be read.
    pub fn start(order: CanaryOrder) -> Result<Self, RunError> {
        let (news, events) = sync_channel(MOST_WAITING);
        let (phase, told) = watch::channel(FlightPhase::Sending);
        let line = DirectLine::new(&order.to.upstream, order.to.protocol, order.to.headers.clone())?;
        let (receiver, lookout) = match &order.from {
            CanaryEnd::Receive(address) => (Some(listen(*address, order.mint, news.clone())?), None),
            CanaryEnd::Ask(reader) => (None, Some(Lookout::new(BackEndAccess::clone(reader))?)),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(RunError::system("start a runtime"))?;
        let bird = Arc::new(Bird { order, line, lookout, questions: Semaphore::new(MOST_QUESTIONS), news });
        let thread = std::thread::Builder::new()
            .name("canary".to_owned())
            .spawn(move || {
                runtime.block_on(fly(bird, told));
                // A name that is still being looked up is not waited for.
                runtime.shutdown_background();
            })
            .map_err(RunError::system("start a thread"))?;
        Ok(Self { events, phase, thread: Some(thread), receiver })
    }

    /// Where the receiver listens, if there is one.
    pub fn listens(&self) -> Option<SocketAddr> {
        self.receiver.as_ref().map(RunningReceiver::address)
    }

    /// Whether spans can still come; a receiver that broke takes none.
    pub fn sees(&self) -> bool {
        self.receiver.as_ref().is_none_or(RunningReceiver::is_open)
    }

    /// What has happened, one by one; waits for at most so long.
    pub fn next(&self, wait: Duration) -> Option<CanaryEvent> {
        self.events.recv_timeout(wait).ok()
    }

    /// What has happened by now.
    pub fn news(&self) -> impl Iterator<Item = CanaryEvent> {
        self.events.try_iter()
    }

    /// Whether all that it sends is sent, and answered.
    pub fn is_done(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Sends nothing more. What is under way goes on.
    pub fn stop_sending(&self) {
        self.phase.send_replace(FlightPhase::Waiting);
    }
}

impl Drop for CanaryFlight {
    fn drop(&mut self) {
        self.phase.send_replace(FlightPhase::Over);
        // Who waits for room among the events must not wait for ever.
        let (_, none) = sync_channel(0);
        self.events = none;
        if let Some(receiver) = self.receiver.take() {
            // What it counted is nobody's concern.
            drop(receiver.stop());
        }
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// A receiver that shows the spans of this canary; others it takes and forgets.
fn listen(
    address: SocketAddr,
    mint: CanaryMint,
    news: SyncSender<CanaryEvent>,
) -> Result<RunningReceiver, RunError> {
    let shown = move |protocol: WireProtocol, at: MonoNs, message: &[u8]| {
        let is_ours = |trace: TraceId| mint.number_of(trace).is_some();
        show(protocol, message, is_ours, |span| {
            // The thread of the receiver may wait: its clients do.
            drop(news.send(CanaryEvent::Came { at, span: Box::new(span) }));
        });
    };
    receive::showing(address, "canary", shown).map_err(|error| match error {
        RunError::Listen { address, source } => RunError::Absent {
            what: format!("the address {address}"),
            remedy: format!("{source}; choose another with --from receive:ADDRESS:PORT"),
        },
        other => other,
    })
}

fn show(
    protocol: WireProtocol,
    message: &[u8],
    wanted: impl Fn(TraceId) -> bool,
    mut each: impl FnMut(CanarySpan),
) {
    match protocol {
        // The receiver has read it before: it is in order.
        WireProtocol::Grpc | WireProtocol::HttpProtobuf => drop(whole_spans(message, wanted, each)),
        WireProtocol::HttpJson => {
            let spans =
                json::documents(message).unwrap_or_default().into_iter().flat_map(|one| json::otlp(&one));
            spans.filter(|span| wanted(span.trace)).for_each(&mut each);
        }
    }
}

/// What all tasks of a flight share.
struct Bird {
    order: CanaryOrder,
    line: DirectLine,
    lookout: Option<Lookout>,
    questions: Semaphore,
    news: SyncSender<CanaryEvent>,
}

/// Sends at the times of the schedule, whatever becomes of what was sent, then waits for its tasks.
async fn fly(bird: Arc<Bird>, mut told: watch::Receiver<FlightPhase>) {
    let mut tasks = JoinSet::new();
    let start = clock::now();
    let most = bird.order.most.unwrap_or(u32::MAX);
    for number in 0..most {
        let due = start.saturating_add(bird.order.gap.as_nanos() as u64 * u64::from(number));
        tokio::select! {
            () = until(due) => {}
            _ = told.changed() => break,
        }
        while tasks.try_join_next().is_some() {}
        let bird = Arc::clone(&bird);
        tasks.spawn(async move { bird.send(number).await });
    }
    let all = async { while tasks.join_next().await.is_some() {} };
    tokio::select! {
        () = all => {}
        _ = told.wait_for(|phase| *phase == FlightPhase::Over) => {}
    }
    tasks.shutdown().await;
    bird.line.close().await;
    if let Some(lookout) = &bird.lookout {
        lookout.close().await;
    }
}

async fn until(at: MonoNs) {
    sleep(Duration::from_nanos(at.saturating_sub(clock::now()))).await;
}

impl Bird {
    /// Tells news. Where the books are far behind it waits, on this runtime without holding up others.
    async fn tell(&self, event: CanaryEvent) {
        let mut event = event;
        while let Err(TrySendError::Full(back)) = self.news.try_send(event) {
            event = back;
            sleep(Duration::from_millis(10)).await;
        }
    }

    async fn send(&self, number: u32) {
        let CanaryOrder { mint, to, .. } = &self.order;
        let (at, wall) = (clock::now(), clock::wall());
        let message = encode::request(&mint.trace(number, wall));
        self.tell(CanaryEvent::Sent { number, at, wall }).await;
        let door = self.line.export(to.protocol, &message, mint.spans_per_trace()).await;
        let reached = !matches!(door, CanaryDoor::Unreachable(_));
        self.tell(CanaryEvent::Answered { number, door }).await;
        if let Some(lookout) = &self.lookout {
            let answered = !reached || self.watch(lookout, number, at).await;
            self.tell(CanaryEvent::Closed { number, answered }).await;
        }
    }

    /// Asks for a trace again and again: at the deadline in any case, and for the last time when it is given up. Says whether the
    /// last question had an answer.
    async fn watch(&self, lookout: &Lookout, number: u32, sent: MonoNs) -> bool {
        let order = &self.order;
        let trace = order.mint.trace_id(number);
        let all = order.mint.spans_per_trace() as usize;
        let (deadline, end) = (sent.saturating_add(order.deadline), sent.saturating_add(order.patience));
        let mut wait = FIRST_LOOK;
        let mut complete = false;
        loop {
            let now = clock::now();
            let next = now.saturating_add(wait.as_nanos() as u64);
            let due = match (complete, now < deadline) {
                (true, _) => deadline,
                (false, true) => next.min(deadline),
                (false, false) => next.min(end),
            };
            until(due).await;
            // Timers may be early by a fraction of a millisecond.
            let last = due >= end || (complete && due >= deadline);
            let mut seen = self.ask(lookout, number, trace).await;
            for _ in 0..LAST_TRIES {
                if !last || seen.is_some() {
                    break;
                }
                sleep(LAST_WAIT).await;
                seen = self.ask(lookout, number, trace).await;
            }
            complete = complete || seen.as_ref().is_some_and(|seen| seen.len() >= all);
            if last || (complete && (order.at_once || due >= deadline)) {
                return seen.is_some() || complete;
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// One question; the different spans that were shown, if there was an answer.
    async fn ask(&self, lookout: &Lookout, number: u32, trace: TraceId) -> Option<BTreeSet<SpanId>> {
        let _turn = self.questions.acquire().await.ok()?;
        let at = clock::now();
        match lookout.look(trace).await {
            Ok(look) => {
                let index = |span: &CanarySpan| self.order.mint.index_of(number, span.span).is_some();
                let seen = look.spans.iter().filter(|span| index(span)).map(|span| span.span).collect();
                self.tell(CanaryEvent::Looked { number, at, look }).await;
                Some(seen)
            }
            Err(why) => {
                self.tell(CanaryEvent::Unread { why }).await;
                None
            }
        }
    }
}

/// Bits that no other canary has, as far as the kernel can tell.
pub fn draw() -> u64 {
    let mut bytes = [0; 8];
    let drawn = std::fs::File::open("/dev/urandom")
        .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut bytes));
    let time = clock::wall() ^ (u64::from(std::process::id()) << 32);
    if drawn.is_ok() { u64::from_le_bytes(bytes) ^ time } else { time }
}
