//! The storage engine at the end of a path: how it is started, and how what it holds is read back before it is stopped.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use spanfate_model::format::layout::{back_bodies_name, back_name};
use spanfate_model::format::manifest::EngineBack;
use spanfate_model::format::wire::{Disposition, RequestRecord, SpanRecord, WireProtocol, header, write_end};
use spanfate_model::scenario::pipeline::StoreEngine;

use crate::RunError;
use crate::backend::{BackEndAccess, BackEndBounds, BackEndPage, BackEndReader};
use crate::host::clock;
use crate::host::ports::free_port;
use crate::receiver::Names;

/// Around now begin nearly all spans; unix nanoseconds.
const HOUR: u64 = 3_600_000_000_000;
/// No clock of a service is so far ahead: the year 2200.
const FAR: u64 = 7_258_118_400_000_000_000;

/// Ports of an engine on this machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EnginePorts {
    /// Where it takes spans over gRPC and over HTTP.
    pub(crate) grpc: u16,
    pub(crate) http: u16,
    /// Where it serves its metrics.
    pub(crate) admin: u16,
    /// Where it is asked.
    pub(crate) query: u16,
}

impl EnginePorts {
    /// Free ones.
    pub(crate) fn find() -> Result<Self, RunError> {
        Ok(Self { grpc: free_port()?, http: free_port()?, admin: free_port()?, query: free_port()? })
    }

    /// Arguments of Jaeger all-in-one that listens there and nowhere else that another program could want.
    pub(crate) fn arguments(self) -> Result<Vec<OsString>, RunError> {
        let on = |flag: &str, port: u16| OsString::from(format!("--{flag}=127.0.0.1:{port}"));
        Ok(vec![
            on("collector.otlp.grpc.host-port", self.grpc),
            on("collector.otlp.http.host-port", self.http),
            on("admin.http.host-port", self.admin),
            on("query.http-server.host-port", self.query),
            on("query.grpc-server.host-port", free_port()?),
            on("collector.grpc-server.host-port", free_port()?),
            on("collector.http-server.host-port", free_port()?),
        ])
    }
}

/// What an engine's environment says beside what it inherits: it keeps spans in memory, and makes none of its own.
pub(crate) const ENVIRONMENT: [(&str, &str); 2] =
    [("SPAN_STORAGE_TYPE", "memory"), ("OTEL_TRACES_SAMPLER", "always_off")];

/// Where what an engine shows is asked for, and where it goes.
#[derive(Clone, Debug)]
pub(crate) struct EngineReading {
    pub(crate) engine: StoreEngine,
    /// Port of its query service.
    pub(crate) query: u16,
    /// Folder of its log.
    pub(crate) folder: PathBuf,
    /// What it answers is kept beside.
    pub(crate) keep: bool,
}

impl EngineReading {
    /// Reads all that it shows; `asked` is whether there is somebody to ask. What could not be read is said in what is given back.
    pub(crate) fn read(&self, asked: bool) -> Result<EngineBack, RunError> {
        let file = back_name(&self.engine.name);
        let path = self.folder.join(&file);
        let bodies = self.keep.then(|| back_bodies_name(&self.engine.name));
        let at = clock::now();
        let mut log = BackLog::create(&path)?;
        let kept = bodies.as_ref().map(|name| self.folder.join(name));
        let mut kept = kept.as_deref().map(create).transpose()?;
        let mut back = EngineBack { file, bodies, at, ..EngineBack::default() };
        let mut written = 0;
        if asked {
            self.ask(&mut back, &mut |page| {
                log.page(page)?;
                let Some(kept) = &mut kept else { return Ok(()) };
                written += page.bytes.len() as u64 + 1;
                line(kept, &page.bytes)
            })
            .map_err(RunError::unwritten(&path))?;
        }
        log.finish(back.failed.is_none()).map_err(RunError::unwritten(&path))?;
        if let Some(mut kept) = kept {
            kept.flush().map_err(RunError::unwritten(&path))?;
            back.bodies_bytes = Some(written);
        }
        Ok(back)
    }

    fn ask(
        &self,
        back: &mut EngineBack,
        each: &mut dyn FnMut(&BackEndPage) -> io::Result<()>,
    ) -> io::Result<()> {
        let opened = BackEndAccess::local_jaeger(self.query).and_then(|access| {
            BackEndReader::open(access, BackEndBounds::default()).map_err(|e| e.to_string())
        });
        let reader = match opened {
            Ok(reader) => reader,
            Err(why) => {
                back.failed = Some(why);
                return Ok(());
            }
        };
        let now = clock::wall();
        let (from, to) = (now.saturating_sub(HOUR), now.saturating_add(HOUR));
        // Clocks of services may be wrong, by a fault for example.
        let times = [(from, to), (0, from - 1), (to + 1, FAR)];
        let mut written = Ok(());
        let read = reader.search(&times, &[], &mut |page| {
            // Without spans it is the answer that there are none.
            if !page.spans.is_empty() {
                written = each(&page);
            }
            if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        written?;
        match read {
            Ok(read) => {
                (back.pages, back.bytes, back.traces) = (read.pages.into(), read.bytes, read.traces);
            }
            Err(error) => back.failed = Some(error.to_string()),
        }
        Ok(())
    }
}

/// The log of what an engine showed: a page is a request, and its spans are accepted.
struct BackLog {
    out: BufWriter<File>,
    names: Names,
    requests: u32,
}

impl BackLog {
    fn create(path: &Path) -> Result<Self, RunError> {
        let (names, first) = Names::begin();
        let mut out = create(path)?;
        out.write_all(&[&header()[..], &first].concat()).map_err(RunError::unwritten(path))?;
        Ok(Self { out, names, requests: 0 })
    }

    fn page(&mut self, page: &BackEndPage) -> io::Result<()> {
        let request = self.requests;
        let of = RequestRecord {
            request,
            connection: 0,
            at: clock::now(),
            raw_bytes: page.bytes.len() as u32,
            wire_bytes: page.bytes.len() as u32,
            spans: page.spans.len() as u32,
            protocol: WireProtocol::HttpJson,
            disposition: Disposition::Accepted,
            hop: 0,
            path: 0,
            fault: 0,
        };
        let (mut names, mut spans) = (Vec::new(), Vec::new());
        for span in &page.spans {
            let record = SpanRecord {
                request,
                key: span.key,
                parent: span.parent,
                name: self.names.id(span.name.as_bytes(), &mut names),
                service: self.names.id(span.service.as_bytes(), &mut names),
                kind: span.kind,
                disposition: Disposition::Accepted,
                start_wall: span.start,
                end_wall: span.end,
            };
            spans.extend_from_slice(&record.write());
        }
        self.out.write_all(&names)?;
        self.out.write_all(&of.write())?;
        self.out.write_all(&spans)?;
        self.requests += 1;
        Ok(())
    }

    /// Without its end a log says by itself that something is missing.
    fn finish(mut self, whole: bool) -> io::Result<()> {
        if whole {
            self.out.write_all(&write_end(u64::from(self.requests)))?;
        }
        self.out.flush()
    }
}

fn create(path: &Path) -> Result<BufWriter<File>, RunError> {
    File::create(path).map(BufWriter::new).map_err(RunError::file("create", path))
}

/// A body as one line: what breaks lines in JSON stands between values.
fn line(out: &mut impl Write, body: &[u8]) -> io::Result<()> {
    let one: Vec<u8> =
        body.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }).collect();
    out.write_all(&one)?;
    out.write_all(b"\n")
}
