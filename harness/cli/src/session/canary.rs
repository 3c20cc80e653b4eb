//! Traces of known content through a live pipeline, and what came of each span.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use spanfate_analysis::canary::{CanaryBooks, CanaryTerms};
use spanfate_model::finding::canary::sent::{CanaryMint, MOST_SERVICES};
use spanfate_model::finding::canary::{CanaryResult, CanaryTask};
use spanfate_model::quantity::unit::{Period, Rate};
use spanfate_run::canary::{CanaryDoorway, CanaryEnd, CanaryEvent, CanaryFlight, CanaryOrder, draw};
use spanfate_run::host::clock;
use spanfate_run::pages::{PageAnswer, Pages};
use spanfate_run::process::interrupt::Interrupt;

use crate::error::Error;

/// Most traces per second; a canary is no load test.
const MOST_RATE: f64 = 100.0;
/// The same where nothing ends it.
const MOST_ENDLESS: f64 = 10.0;
/// Most spans per second.
const MOST_SPANS: f64 = 1000.0;
/// Most traces of a canary that ends.
const MOST_TRACES: f64 = 100_000.0;
/// Most spans that wait for their outcome at once.
const MOST_OPEN: f64 = 500_000.0;
/// How often the books are looked at.
const LOOK: Duration = Duration::from_millis(50);
/// Nanoseconds between two pages of metrics.
const PAGE_EVERY: u64 = 1_000_000_000;
/// What is under way may still come so long after a signal.
const GRACE: u64 = 2_000_000_000;

/// How long a canary sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CanaryLasting {
    /// One trace.
    Once,
    /// For a time.
    For(Period),
    /// Until a signal.
    Watch,
}

/// What is asked of a canary.
pub(crate) struct CanaryAsked {
    pub(crate) to: CanaryDoorway,
    pub(crate) from: CanaryEnd,
    pub(crate) rate: Rate,
    pub(crate) services: NonZeroU32,
    pub(crate) lasting: CanaryLasting,
    pub(crate) deadline: Period,
    pub(crate) max_loss: f64,
    pub(crate) strict: bool,
    pub(crate) seed: Option<u64>,
    pub(crate) metrics: Option<u16>,
}

/// A canary that is about to send.
pub(crate) struct CanaryReady {
    order: CanaryOrder,
    task: CanaryTask,
    metrics: Option<u16>,
}

/// Holds what is asked against the budget.
pub(crate) fn ready(asked: CanaryAsked) -> Result<CanaryReady, Error> {
    let refused = |text: String| Err(Error::Refused(format!("{text}; a canary is no load test")));
    let services = asked.services.get();
    if services > u32::from(MOST_SERVICES) {
        return refused(format!("a trace has at most {MOST_SERVICES} services"));
    }
    let seed = asked.seed.unwrap_or_else(draw);
    let mint = CanaryMint::new(draw(), seed, services as u16);
    let spans = f64::from(mint.spans_per_trace());
    let rate = asked.rate.0;
    let most = if asked.lasting == CanaryLasting::Watch { MOST_ENDLESS } else { MOST_RATE };
    if rate > most {
        return refused(format!("--rate is at most {most}/s"));
    }
    if rate * spans > MOST_SPANS {
        return refused(format!(
            "{rate} traces per second of {spans} spans are more than {MOST_SPANS} spans per second"
        ));
    }
    let patience = asked.deadline.seconds() * 2.0;
    if rate * spans * patience > MOST_OPEN {
        return refused(format!(
            "more than {MOST_OPEN} spans would wait at once; lower --rate or --deadline"
        ));
    }
    let traces = match asked.lasting {
        CanaryLasting::Once => Some(1.0),
        CanaryLasting::For(lasting) => Some((rate * lasting.seconds()).ceil().max(1.0)),
        CanaryLasting::Watch => None,
    };
    if traces.is_some_and(|traces| traces > MOST_TRACES) {
        return refused(format!("--for and --rate make more than {MOST_TRACES} traces"));
    }
    let from = match &asked.from {
        CanaryEnd::Receive(_) => "our receiver".to_owned(),
        CanaryEnd::Ask(reader) => reader.shown(),
    };
    let task = CanaryTask {
        to: asked.to.shown(),
        protocol: asked.to.protocol().to_owned(),
        from,
        rate_per_s: rate,
        services: mint.services(),
        spans_per_trace: mint.spans_per_trace(),
        deadline_s: asked.deadline.seconds(),
        patience_s: patience,
        seed,
        instance: mint.instance(),
        max_loss: asked.max_loss,
        strict: asked.strict,
    };
    let order = CanaryOrder {
        mint,
        to: asked.to,
        from: asked.from,
        gap: Duration::from_secs_f64(1.0 / rate),
        most: traces.map(|traces| traces as u32),
        deadline: asked.deadline.nanos(),
        patience: asked.deadline.nanos().saturating_mul(2),
        at_once: asked.lasting == CanaryLasting::Once,
    };
    Ok(CanaryReady { order, task, metrics: asked.metrics })
}

/// What is told while a canary is under way.
pub(crate) enum CanaryNews<'a> {
    /// It is about to send; with the endpoint of its receiver, and where its metrics are.
    Begins { task: &'a CanaryTask, listens: Option<String>, metrics: Option<String> },
    /// How it stands; the result is worked out only where somebody wants it.
    Stands { books: &'a CanaryBooks, task: &'a CanaryTask },
}

/// Sends and looks until all is settled, or a signal ends it.
pub(crate) fn fly(
    ready: CanaryReady,
    interrupt: &Interrupt,
    tell: &mut dyn FnMut(&CanaryNews<'_>),
) -> Result<CanaryResult, Error> {
    let CanaryReady { order, task, metrics } = ready;
    let page = Arc::new(Mutex::new(String::new()));
    let pages = metrics.map(|port| serve(port, &page)).transpose()?;
    let terms = CanaryTerms {
        deadline: order.deadline,
        patience: order.patience,
        asked: matches!(order.from, CanaryEnd::Ask(_)),
        at_once: order.at_once,
    };
    let mut books = CanaryBooks::new(order.mint, terms, clock::now());
    let flight = CanaryFlight::start(order)?;
    tell(&CanaryNews::Begins {
        task: &task,
        listens: flight.listens().map(spanfate_run::receive::endpoint),
        metrics: pages.as_ref().map(|pages| format!("http://{}/metrics", pages.address())),
    });
    let (mut end, mut written) = (None, 0);
    loop {
        // Before the news are taken: who is done has told all.
        let done = flight.is_done();
        let now = clock::now();
        if let Some(event) = flight.next(LOOK) {
            note(&mut books, event);
            flight.news().for_each(|event| note(&mut books, event));
        }
        books.settle(now);
        tell(&CanaryNews::Stands { books: &books, task: &task });
        if pages.is_some() && now >= written + PAGE_EVERY {
            written = now;
            *page.lock().unwrap_or_else(PoisonError::into_inner) =
                spanfate_report::canary_metrics(&books.result(&task), books.open() as u64);
        }
        if !flight.sees() {
            books.blind("the receiver has ended".to_owned());
            break;
        }
        if (done || interrupt.requested()) && books.open() == 0 {
            break;
        }
        if interrupt.requested() {
            let until = *end.get_or_insert_with(|| {
                flight.stop_sending();
                now + GRACE
            });
            if now >= until {
                books.cut();
                break;
            }
        }
    }
    Ok(books.result(&task))
}

fn note(books: &mut CanaryBooks, event: CanaryEvent) {
    match event {
        CanaryEvent::Sent { number, at, wall } => books.sent(number, at, wall),
        CanaryEvent::Answered { number, door } => books.answered(number, door),
        CanaryEvent::Came { at, span } => books.came(&span, at),
        CanaryEvent::Looked { number, at, look } => books.looked(number, at, &look),
        CanaryEvent::Unread { why } => books.unread(why),
        CanaryEvent::Closed { number, answered } => books.closed(number, answered),
    }
}

/// Serves the newest page of metrics on this machine.
fn serve(port: u16, page: &Arc<Mutex<String>>) -> Result<Pages, Error> {
    let page = Arc::clone(page);
    Ok(Pages::open(port, move |path, _| match path {
        "/metrics" => PageAnswer::Page(page.lock().unwrap_or_else(PoisonError::into_inner).clone()),
        _ => PageAnswer::Missing("metrics are at /metrics\n".to_owned()),
    })?)
}
