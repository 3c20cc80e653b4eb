//! Asks a back end for single traces by their ids, again and again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use spanfate_model::finding::canary::sent::{CanaryLook, CanarySpan};
use spanfate_model::format::wire::WireProtocol;
use spanfate_model::quantity::id::TraceId;

use super::access::{BackEnd, BackEndAccess};
use super::json;
use crate::RunError;
use crate::receiver::{DirectLine, PageAsked, PageTrouble};

/// A way to ask.
#[derive(Debug)]
struct QueryWay {
    /// What stands before the id.
    path: &'static str,
    read: fn(&Value) -> Vec<CanarySpan>,
    /// The unit of its times, nanoseconds.
    precision: u64,
}

/// With whole nanoseconds first.
const JAEGER: [QueryWay; 2] = [
    QueryWay { path: "/api/v3/traces/", read: json::otlp, precision: 1 },
    QueryWay { path: "/api/traces/", read: json::jaeger, precision: 1000 },
];
const TEMPO: [QueryWay; 2] = [
    QueryWay { path: "/api/v2/traces/", read: json::otlp, precision: 1 },
    QueryWay { path: "/api/traces/", read: json::otlp, precision: 1 },
];

/// Longest time until a page is there.
const WAIT: Duration = Duration::from_secs(10);
/// Most bytes of a page: of a canary's trace, which has a few spans.
const MOST_BYTES: usize = 1 << 20;

/// No way has shown a trace yet.
const UNKNOWN: usize = usize::MAX;

/// A reader at work.
#[derive(Debug)]
pub(crate) struct Lookout {
    line: DirectLine,
    ways: &'static [QueryWay],
    /// The way that has shown a trace; until one has, all are tried: versions differ in which they have.
    known: AtomicUsize,
}

/// What one way answered.
enum WayAnswer {
    Shown(Vec<CanarySpan>),
    /// It says that there is no such trace.
    NotThere,
    /// There is a page, and it is no trace.
    NoPage,
    Failed(String),
}

impl Lookout {
    pub(crate) fn new(reader: BackEndAccess) -> Result<Self, RunError> {
        let ways: &'static [QueryWay] = match reader.kind {
            BackEnd::Jaeger => &JAEGER,
            BackEnd::Tempo => &TEMPO,
        };
        let line = DirectLine::new(&reader.upstream, WireProtocol::HttpProtobuf, reader.headers)?;
        Ok(Self { line, ways, known: AtomicUsize::new(UNKNOWN) })
    }

    pub(crate) async fn close(&self) {
        self.line.close().await;
    }

    /// The spans that are there of a trace, or why nobody knows.
    pub(crate) async fn look(&self, trace: TraceId) -> Result<CanaryLook, String> {
        let known = self.known.load(Ordering::Relaxed);
        let (mut absent, mut failed, mut no_page) = (false, None, None);
        for (at, way) in self.ways.iter().enumerate().filter(|(at, _)| known == UNKNOWN || known == *at) {
            match self.ask(way, trace).await {
                WayAnswer::Shown(spans) => {
                    self.known.store(at, Ordering::Relaxed);
                    return Ok(CanaryLook { spans, precision: way.precision });
                }
                WayAnswer::NotThere => absent = true,
                WayAnswer::NoPage => no_page = Some(format!("what {} shows is no trace", way.path)),
                WayAnswer::Failed(why) => failed = Some(why),
            }
        }
        // A page that is no trace says only that there is no such way here, as long as another one answers.
        match failed.or(no_page.filter(|_| !absent)) {
            Some(why) => Err(why),
            None => Ok(CanaryLook { spans: Vec::new(), precision: 1 }),
        }
    }

    async fn ask(&self, way: &QueryWay, trace: TraceId) -> WayAnswer {
        let path = format!("{}{trace}", way.path);
        let asked = PageAsked { path: &path, accept: "application/json", most_bytes: MOST_BYTES, wait: WAIT };
        let (status, body) = match self.line.page(&asked).await {
            Ok(page) => page,
            Err(PageTrouble::Unreachable(why) | PageTrouble::Broken(why)) => return WayAnswer::Failed(why),
            Err(PageTrouble::Large) => return WayAnswer::Failed("its page is too large".to_owned()),
            Err(PageTrouble::Late) => {
                return WayAnswer::Failed(format!("no answer within {} s", WAIT.as_secs()));
            }
        };
        match status {
            StatusCode::NOT_FOUND => return WayAnswer::NotThere,
            status if !status.is_success() => return WayAnswer::Failed(format!("HTTP {}", status.as_u16())),
            _ => {}
        }
        let Some(documents) = json::documents(&body) else { return WayAnswer::NoPage };
        let mut spans: Vec<CanarySpan> = documents.iter().flat_map(way.read).collect();
        spans.retain(|span| span.trace == trace);
        if spans.is_empty() { WayAnswer::NotThere } else { WayAnswer::Shown(spans) }
    }
}
