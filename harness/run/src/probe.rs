//! The probe witness: probes on one process, and the thread that writes down what they say.

mod facts;
mod fill;
mod layout;
mod scribe;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::JoinHandle;

use spanfate_model::format::probe::{ProbeKind, ProbeManifest, Record, TRAP_TAKEN, header};
use spanfate_model::limits::LimitedPart;
use spanfate_model::quantity::unit::Period;
use spanfate_model::scenario::ebpf::{Buffer, Ebpf, EbpfMode, Trap};
use spanfate_probes::ProbeError;
use spanfate_probes::attach::Attached;
use spanfate_probes::gobin::{GoBinary, OffsetSource};
use spanfate_probes::lookup::{FoundSites, GROWS, look_up};
use spanfate_probes::memory::Memory;

use crate::RunError;
use crate::host::clock;
use crate::host::limits::LimitsMet;
pub use facts::{Facts, facts};
pub use layout::LayoutVerdict;
use scribe::Scribe;

/// Distance of two looks at the buffer where each span makes records.
const LOOK_NS: u64 = 1_000_000;
/// The same, where only batches do.
const SLOW_LOOK_NS: u64 = 50_000_000;

/// What putting probes on a process needs.
#[derive(Clone, Copy, Debug)]
pub struct WantedProbes<'a> {
    /// The process; it may not have become its program yet.
    pub pid: u32,
    /// Its program.
    pub program: &'a Path,
    /// Which probes.
    pub ebpf: &'a Ebpf,
    /// File of the log.
    pub log: &'a Path,
    /// Its name in the manifest.
    pub name: &'a str,
    /// Where limits are noted that are met.
    pub limits: &'a Arc<LimitsMet>,
}

/// Millionths in one.
const MILLION: f64 = 1e6;

/// Spans that have been seen so far, by what happened to them. For people; the log is exact.
#[derive(Debug, Default)]
pub struct LiveCounts {
    /// Started.
    pub started: AtomicU64,
    /// Dropped for a full queue.
    pub dropped: AtomicU64,
    /// Handed to an exporter.
    pub handed: AtomicU64,
    /// Batches that came back with an error.
    pub failed: AtomicU64,
    /// Share of the fullest queue that is filled, in millionths.
    filled: AtomicU32,
}

impl LiveCounts {
    fn note(&self, record: &Record) {
        let counter = match record {
            Record::Span(mark) => match mark.kind {
                ProbeKind::Started => &self.started,
                ProbeKind::Dropped => &self.dropped,
                ProbeKind::Handed => &self.handed,
                _ => return,
            },
            Record::Processor(look) if look.kind == ProbeKind::Exported && look.failed => &self.failed,
            _ => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Share of the fullest queue of a batch processor that is filled, 0 to 1, by the last look at it.
    pub fn filled(&self) -> f64 {
        f64::from(self.filled.load(Ordering::Relaxed)) / MILLION
    }

    fn note_filled(&self, share: f64) {
        self.filled.store((share * MILLION) as u32, Ordering::Relaxed);
    }
}

/// What is known once a process with probes has ended.
#[derive(Debug)]
pub struct ProbedEnd {
    layout: LayoutVerdict,
    /// No span of another copy of the SDK ended.
    copies_are_silent: bool,
}

impl ProbedEnd {
    /// Nothing is known.
    const fn unseen() -> Self {
        Self { layout: LayoutVerdict::Unseen, copies_are_silent: false }
    }

    /// Writes it into what the manifest says.
    pub fn enter(self, manifest: &mut ProbeManifest) {
        self.layout.enter(manifest);
        if self.copies_are_silent {
            manifest.copies_are_silent();
        }
    }
}

/// Probes on a process, and who reads them.
#[derive(Debug)]
pub struct Probing {
    gone: Arc<AtomicBool>,
    seen: Arc<LiveCounts>,
    thread: Option<JoinHandle<Result<ProbedEnd, RunError>>>,
}

/// Puts probes on a process; what to write of it in the manifest. Where there can be none the manifest says why.
pub fn start(wanted: &WantedProbes<'_>) -> Result<(Option<Probing>, ProbeManifest), RunError> {
    Ok(match put(wanted)? {
        Ok((probing, manifest)) => (Some(probing), manifest),
        Err(why) => {
            let absent = Some(why.to_string());
            (None, ProbeManifest { mode: wanted.ebpf.mode, absent, ..ProbeManifest::default() })
        }
    })
}

/// The same, with the reason apart.
pub fn put(wanted: &WantedProbes<'_>) -> Result<Result<(Probing, ProbeManifest), ProbeError>, RunError> {
    let mut manifest = ProbeManifest { mode: wanted.ebpf.mode, ..ProbeManifest::default() };
    let ready = GoBinary::open(wanted.program).map_err(ProbeError::from).and_then(|binary| {
        let found = look_up(&binary, wanted.ebpf)?;
        let attached = Attached::attach(wanted.pid, wanted.program, &found, wanted.ebpf)?;
        Ok((attached, Memory::new(wanted.pid, &binary, &found.offsets), found))
    });
    let (mut attached, memory, found) = match ready {
        Ok(ready) => ready,
        Err(error) => return Ok(Err(error)),
    };
    describe(&found, attached.sites(), wanted.name, &mut manifest);
    manifest.trap = trap(wanted.ebpf, &mut attached, &found);
    let file = File::create(wanted.log).map_err(RunError::unwritten(wanted.log))?;
    let seen = Arc::new(LiveCounts::default());
    let header = header(wanted.pid, clock::now());
    let source = (memory, found.exporters);
    let scribe = Scribe::new(attached, source, file, *wanted.ebpf, &header, Arc::clone(&seen))
        .map_err(RunError::unwritten(wanted.log))?;
    let gone = Arc::new(AtomicBool::new(false));
    let (pace, log, thread_gone) = (pace(wanted.ebpf), wanted.log.to_owned(), Arc::clone(&gone));
    let limits = Arc::clone(wanted.limits);
    let thread = std::thread::Builder::new()
        .name("probes".to_owned())
        .spawn(move || match write(scribe, pace, &thread_gone) {
            // A log without its end says by itself that something is missing.
            Err(error) if limits.note(LimitedPart::ProbeLog, &error) => Ok(ProbedEnd::unseen()),
            written => written.map_err(RunError::unwritten(&log)),
        })
        .map_err(RunError::system("start a thread"))?;
    Ok(Ok((Probing { gone, seen, thread: Some(thread) }, manifest)))
}

fn describe(found: &FoundSites, sites: usize, name: &str, manifest: &mut ProbeManifest) {
    manifest.log = Some(name.to_owned());
    manifest.go.clone_from(&found.go);
    found.sdk.trim_start_matches('v').clone_into(&mut manifest.sdk);
    manifest.sites = sites as u32;
    manifest.sees_return = found.sites.iter().any(|site| site.program == "closed");
    manifest.missing.clone_from(&found.missing);
    manifest.lacking.clone_from(&found.lacking);
    if let OffsetSource::Nearest { sdk, go } = &found.source {
        manifest.nearest = Some(format!("SDK {sdk}, Go {go}"));
    }
}

/// What the kernel says of the trap that the scenario sets, if it sets one.
fn trap(ebpf: &Ebpf, attached: &mut Attached, found: &FoundSites) -> Option<String> {
    match ebpf.trap? {
        Trap::Fentry => Some(attached.try_fentry(GROWS)),
        Trap::Entry | Trap::Uretprobe => {
            let sits = found.sites.iter().any(|site| matches!(site.program, "entry" | "returned"));
            Some(if sits { TRAP_TAKEN.to_owned() } else { "the function is not in the program".to_owned() })
        }
    }
}

/// How the reader waits.
#[derive(Clone, Copy)]
struct ReaderPace {
    /// Between two looks.
    between: u64,
    /// The kernel wakes it.
    woken: bool,
}

fn pace(ebpf: &Ebpf) -> ReaderPace {
    let usual = if ebpf.mode >= EbpfMode::Spans { LOOK_NS } else { SLOW_LOOK_NS };
    let between = ebpf.reader_pause.map_or(usual, Period::nanos);
    let woken = ebpf.reader_pause.is_none()
        && match ebpf.buffer {
            Buffer::Ring => false,
            Buffer::RingWaking | Buffer::RingBatched | Buffer::Perf => true,
        };
    ReaderPace { between, woken }
}

/// Writes until the process is gone and everything it left has been read.
fn write(mut scribe: Scribe, pace: ReaderPace, gone: &AtomicBool) -> std::io::Result<ProbedEnd> {
    loop {
        // In this order: what came before the end is read after it.
        let last = gone.load(Ordering::Acquire);
        scribe.look()?;
        if last {
            return scribe.finish();
        }
        if pace.woken {
            scribe.wait(SLOW_LOOK_NS / 1_000_000);
        } else {
            clock::sleep_until(clock::now() + pace.between);
        }
    }
}

impl Probing {
    /// What has been seen so far.
    pub fn seen(&self) -> &LiveCounts {
        &self.seen
    }

    /// Reads what is left of a process that has ended, and ends.
    pub fn finish(mut self) -> Result<ProbedEnd, RunError> {
        self.gone.store(true, Ordering::Release);
        let Some(thread) = self.thread.take() else { return Ok(ProbedEnd::unseen()) };
        thread.join().unwrap_or_else(|_| {
            Err(RunError::system("join the probes' thread")(std::io::ErrorKind::Other.into()))
        })
    }
}

impl Drop for Probing {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // An error before has taken the trial down already.
            drop(thread.join());
        }
    }
}
