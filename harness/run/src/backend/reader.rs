//! Reads a back end page by page, within its bounds.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use spanfate_model::format::wire::WireProtocol;
use spanfate_model::quantity::id::TraceId;
use spanfate_model::quantity::unit::MonoNs;
use tokio::runtime::Runtime;

use super::access::{BackEnd, BackEndAccess};
use super::page::{BackEndPage, PageShape, spans};
use super::search::{AskedTimes, TimesToAsk};
use super::ways::Dialect;
use super::{BackEndBounds, BackEndError, BackEndRead, page};
use crate::RunError;
use crate::host::clock;
use crate::receiver::{DirectLine, PageAsked, PageTrouble};

/// Time between two tries.
const BETWEEN: Duration = Duration::from_millis(300);

/// Who is given the pages.
type Each<'a> = dyn FnMut(BackEndPage) -> ControlFlow<()> + 'a;

/// A reader at work, with a runtime of its own.
#[derive(Debug)]
pub struct BackEndReader {
    line: DirectLine,
    kind: BackEnd,
    bounds: BackEndBounds,
    runtime: Runtime,
}

/// One reading.
struct BackEndReading {
    began: MonoNs,
    read: BackEndRead,
    seen: BTreeSet<TraceId>,
}

/// A page, or that there is none.
enum BackEndAnswer {
    Page(Bytes),
    /// 404: no such trace, no trace in the window, or no such interface.
    NotThere,
    Large,
}

impl BackEndReader {
    /// Prepares to ask; nothing is connected yet.
    pub fn open(access: BackEndAccess, bounds: BackEndBounds) -> Result<Self, RunError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(RunError::system("start a runtime"))?;
        let line = DirectLine::new(&access.upstream, WireProtocol::HttpProtobuf, access.headers)?;
        Ok(Self { line, kind: access.kind, bounds, runtime })
    }

    /// All traces with a span that began in one of these times, each from and to in unix nanoseconds, both included; of the services
    /// that are named, or of all that the back end names. Only Jaeger has a search.
    pub fn search(
        &self,
        times: &[(u64, u64)],
        services: &[String],
        each: &mut Each<'_>,
    ) -> Result<BackEndRead, BackEndError> {
        if self.kind == BackEnd::Tempo {
            return Err(BackEndError::NoSearch);
        }
        self.runtime.block_on(async {
            let mut reading = BackEndReading::begin();
            let (dialect, all) = self.services(&mut reading).await?;
            let wanted = if services.is_empty() { &all[..] } else { services };
            for service in wanted {
                let mut windows = TimesToAsk::of(times.iter().map(|(from, to)| (from / 1000, to / 1000)));
                while let Some(window) = windows.next() {
                    let Some(page) = self.window(&mut reading, dialect, service, window).await? else {
                        windows.halve(window);
                        continue;
                    };
                    if each(page).is_break() {
                        return Ok(reading.read);
                    }
                }
            }
            Ok(reading.read)
        })
    }

    /// Traces by their ids, in that order.
    pub fn traces(
        &self,
        ids: &mut dyn Iterator<Item = TraceId>,
        each: &mut Each<'_>,
    ) -> Result<BackEndRead, BackEndError> {
        let dialects = self.dialects()?;
        self.runtime.block_on(async {
            let mut reading = BackEndReading::begin();
            let mut known = None;
            for trace in ids {
                let Some(page) = self.trace(&mut reading, trace, &dialects, &mut known).await? else {
                    reading.read.absent += 1;
                    continue;
                };
                if each(page).is_break() {
                    break;
                }
            }
            Ok(reading.read)
        })
    }

    /// Whether there is a query service at all: it names its services. Of Tempo nothing is known that says so.
    pub fn answers(&self) -> Result<(), BackEndError> {
        match self.kind {
            BackEnd::Jaeger => {
                self.runtime.block_on(async { self.services(&mut BackEndReading::begin()).await.map(drop) })
            }
            BackEnd::Tempo => Ok(()),
        }
    }

    /// The interfaces that may be asked, those with more of a span first.
    fn dialects(&self) -> Result<Vec<Dialect>, BackEndError> {
        let all: &[Dialect] = match self.kind {
            BackEnd::Jaeger => &[Dialect::JaegerThree, Dialect::JaegerOne],
            BackEnd::Tempo => &[
                Dialect::TempoTwo,
                Dialect::TempoOne { protobuf: false },
                Dialect::TempoOne { protobuf: true },
            ],
        };
        let is_wanted = |dialect: &Dialect| match self.bounds.only {
            Some(shape) => dialect.shape() == shape,
            None => dialect.shape() != PageShape::OtlpProtobuf,
        };
        let wanted: Vec<Dialect> = all.iter().copied().filter(is_wanted).collect();
        if wanted.is_empty() {
            return Err(BackEndError::NoInterface { back_end: self.kind.name() });
        }
        Ok(wanted)
    }

    /// One trace; `known` is the interface that has shown one.
    async fn trace(
        &self,
        reading: &mut BackEndReading,
        trace: TraceId,
        dialects: &[Dialect],
        known: &mut Option<Dialect>,
    ) -> Result<Option<BackEndPage>, BackEndError> {
        let (mut odd, mut absent) = (None, false);
        for dialect in known.map_or(dialects, |_| &[]).iter().copied().chain(*known) {
            let asked = dialect.of_trace(trace);
            let bytes = match self.ask(reading, dialect, &asked).await? {
                BackEndAnswer::Page(bytes) => bytes,
                BackEndAnswer::NotThere => {
                    absent = true;
                    continue;
                }
                BackEndAnswer::Large => return Err(self.large(asked)),
            };
            match reading.page(dialect, asked, bytes, Some(trace)) {
                Ok(page) if page.fresh.is_empty() => {}
                Ok(page) => {
                    *known = Some(dialect);
                    return Ok(Some(page));
                }
                // A page of something else may stand where there is no such interface, as long as another one answers.
                Err(error) if known.is_none() => odd = Some(error),
                Err(error) => return Err(error),
            }
        }
        odd.filter(|_| !absent).map_or(Ok(None), Err)
    }

    /// The names of all services, and which interface has a search.
    async fn services(&self, reading: &mut BackEndReading) -> Result<(Dialect, Vec<String>), BackEndError> {
        let mut failed = None;
        for dialect in self.dialects()? {
            let Some(asked) = dialect.of_services() else { continue };
            let bytes = match self.ask(reading, dialect, asked).await? {
                BackEndAnswer::Page(bytes) => bytes,
                BackEndAnswer::NotThere => {
                    let asked = asked.to_owned();
                    failed = Some(BackEndError::Refused { asked, status: StatusCode::NOT_FOUND.as_u16() });
                    continue;
                }
                BackEndAnswer::Large => return Err(self.large(asked.to_owned())),
            };
            match page::services(&bytes) {
                Ok(names) => return Ok((dialect, names)),
                Err(why) => failed = Some(odd(dialect, asked.to_owned(), why)),
            }
        }
        Err(failed.unwrap_or(BackEndError::NoSearch))
    }

    /// The page of a window; nothing where it holds more than a page.
    async fn window(
        &self,
        reading: &mut BackEndReading,
        dialect: Dialect,
        service: &str,
        window: AskedTimes,
    ) -> Result<Option<BackEndPage>, BackEndError> {
        let asked = dialect.of_search(service, window, self.bounds.traces);
        let bytes = match self.ask(reading, dialect, &asked).await? {
            BackEndAnswer::Page(bytes) => bytes,
            // So says the newer interface that there is none in the window.
            BackEndAnswer::NotThere => {
                let (shape, bytes) = (dialect.shape(), Bytes::new());
                let (fresh, spans) = (BTreeSet::new(), Vec::new());
                return Ok(Some(BackEndPage { shape, bytes, asked, fresh, spans }));
            }
            BackEndAnswer::Large if window.0 == window.1 => return Err(self.large(asked)),
            BackEndAnswer::Large => return Ok(None),
        };
        let found = spans(dialect.shape(), &bytes).map_err(|why| odd(dialect, asked.clone(), why))?;
        let traces: BTreeSet<TraceId> = found.iter().map(|span| span.key.trace).collect();
        if traces.len() as u64 >= u64::from(self.bounds.traces) {
            if window.0 == window.1 {
                return Err(BackEndError::Crowded { asked, traces: self.bounds.traces });
            }
            return Ok(None);
        }
        Ok(Some(reading.fresh(dialect, asked, bytes, found)))
    }

    fn large(&self, asked: String) -> BackEndError {
        BackEndError::Large { asked, mib: self.bounds.page_bytes >> 20 }
    }

    /// Asks for a page, several times where it does not come.
    async fn ask(
        &self,
        reading: &mut BackEndReading,
        dialect: Dialect,
        asked: &str,
    ) -> Result<BackEndAnswer, BackEndError> {
        let mut left = self.bounds.tries.max(1);
        loop {
            reading.go_on(&self.bounds)?;
            let page = PageAsked {
                path: asked,
                accept: dialect.accept(),
                most_bytes: self.bounds.page_bytes,
                wait: self.bounds.page_time,
            };
            let asked = asked.to_owned();
            let failed = match self.line.page(&page).await {
                Ok((StatusCode::NOT_FOUND, _)) => return Ok(BackEndAnswer::NotThere),
                Ok((status, bytes)) if status.is_success() => {
                    reading.read.bytes += bytes.len() as u64;
                    return Ok(BackEndAnswer::Page(bytes));
                }
                Ok((status, _)) => return Err(BackEndError::Refused { asked, status: status.as_u16() }),
                Err(PageTrouble::Large) => return Ok(BackEndAnswer::Large),
                Err(PageTrouble::Unreachable(why)) => BackEndError::Unreachable { asked, why },
                Err(PageTrouble::Broken(why)) => BackEndError::Half { asked, why },
                Err(PageTrouble::Late) => {
                    BackEndError::Late { asked, seconds: self.bounds.page_time.as_secs() }
                }
            };
            left -= 1;
            if left == 0 {
                return Err(failed);
            }
            tokio::time::sleep(BETWEEN).await;
        }
    }
}

impl BackEndReading {
    fn begin() -> Self {
        Self { began: clock::now(), read: BackEndRead::default(), seen: BTreeSet::new() }
    }

    /// Counts a page that is about to be asked for; an error where the bounds are used up.
    fn go_on(&mut self, bounds: &BackEndBounds) -> Result<(), BackEndError> {
        let lasted = Duration::from_nanos(clock::now().saturating_sub(self.began));
        if self.read.pages >= bounds.pages || lasted >= bounds.all_time {
            return Err(BackEndError::TooMany { pages: self.read.pages, seconds: lasted.as_secs() });
        }
        self.read.pages += 1;
        Ok(())
    }

    /// A page with the spans that were found in it; those of traces that were shown before are left out.
    fn fresh(
        &mut self,
        dialect: Dialect,
        asked: String,
        bytes: Bytes,
        mut found: Vec<page::ShownSpan>,
    ) -> BackEndPage {
        let traces: BTreeSet<TraceId> = found.iter().map(|span| span.key.trace).collect();
        let fresh: BTreeSet<TraceId> = traces.into_iter().filter(|trace| self.seen.insert(*trace)).collect();
        self.read.traces += fresh.len() as u64;
        found.retain(|span| fresh.contains(&span.key.trace));
        BackEndPage { shape: dialect.shape(), bytes, asked, fresh, spans: found }
    }

    /// The page of one trace.
    fn page(
        &mut self,
        dialect: Dialect,
        asked: String,
        bytes: Bytes,
        trace: Option<TraceId>,
    ) -> Result<BackEndPage, BackEndError> {
        let shape = dialect.shape();
        if shape == PageShape::OtlpProtobuf {
            let fresh: BTreeSet<TraceId> =
                trace.into_iter().filter(|trace| self.seen.insert(*trace)).collect();
            self.read.traces += fresh.len() as u64;
            return Ok(BackEndPage { shape, bytes, asked, fresh, spans: Vec::new() });
        }
        let found = spans(shape, &bytes).map_err(|why| odd(dialect, asked.clone(), why))?;
        Ok(self.fresh(dialect, asked, bytes, found))
    }
}

fn odd(dialect: Dialect, asked: String, why: String) -> BackEndError {
    BackEndError::Odd { asked, shape: dialect.name(), why }
}
