//! A trial's raw logs, opened and joined: what its ledger and its rows are made from.

use spanfate_model::fate::Leak;
use spanfate_model::fault::TraceMark;
use spanfate_model::format::manifest::{ProcessManifest, TrialManifest};
use spanfate_model::format::probe::ProbeManifest;
use spanfate_model::format::raw::{Log, TrialLogs};
use spanfate_model::plan::subject::Subject;
use spanfate_model::plan::topology::Share;
use spanfate_model::plan::{Plan, PlannedTrial, PlannedVariant};
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::scenario::ebpf::EbpfMode;
use spanfate_model::unread::{UnreadReason, UnreadRequests};

use crate::evidence::engine::EngineBooks;
use crate::evidence::excuse::{self, Acted};
use crate::evidence::hops::PathHops;
use crate::evidence::loadbook::LoadBook;
use crate::evidence::probe::ProbeLog;
use crate::evidence::process::Process;
use crate::evidence::receipts::{self, Receipts};
use crate::evidence::sources::Sources;

/// The logs of a trial.
pub(crate) struct Opened<'a> {
    pub(crate) manifest: &'a TrialManifest,
    planned: &'a PlannedTrial,
    pub(crate) processes: Vec<Process<'a>>,
    /// The probes on each process of the manifest, where the scenario wants some.
    pub(crate) probes: Vec<ProbeLog<'a>>,
    pub(crate) receipts: Receipts<'a>,
    /// The collectors in the path.
    pub(crate) hops: PathHops<'a>,
    /// The storage engine in which a path ends, where one does.
    pub(crate) engine: Option<EngineBooks<'a>>,
    /// The log of the place behind the last collector: the receiver's, or that of the tap before an engine that stands in its place.
    pub(crate) end: Option<&'a [u8]>,
    pub(crate) book: LoadBook,
    /// Start of the load.
    pub(crate) began: MonoNs,
    pub(crate) keeper: Keeper,
    pub(crate) subject: Subject,
    /// As far as the plan says, every span is sampled.
    all_sampled: bool,
    shares: Vec<Share>,
    services: Vec<&'a str>,
    leaks: Vec<Option<Leak>>,
    marks: Vec<Option<TraceMark>>,
    /// When faults acted.
    pub(crate) acted: Vec<Acted>,
    /// When faults kept the load from being sent as planned.
    pub(crate) excused: Vec<(MonoNs, MonoNs)>,
}

/// Who keeps books of each span.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeper {
    /// Nobody shall.
    Nobody,
    /// Some process's books are missing or unreadable.
    Missing,
    /// Every process its own.
    Processes,
    /// Probes, for some process at least.
    Probes,
}

impl<'a> Opened<'a> {
    /// Opens the logs and joins the wire to the ledgers.
    pub(crate) fn open(plan: &'a Plan, planned: &'a PlannedTrial, logs: &'a TrialLogs) -> Self {
        let manifest = &logs.manifest;
        let probe_of = |index: usize| logs.probes.get(index).and_then(Option::as_deref);
        let probes: Vec<ProbeLog<'_>> = manifest
            .processes
            .iter()
            .enumerate()
            .filter_map(|(index, process)| ProbeLog::open(process, probe_of(index)))
            .collect();
        let stand = |process: &ProcessManifest| {
            let log = probes.iter().find(|log| std::ptr::eq(log.manifest, process))?;
            (process.ledger.is_none() && log.keeps_books()).then(|| log.stand(manifest.status))
        };
        // Until the load begins only our own looks call a program of the user's own: nothing of them is counted.
        let wire = logs.wire.as_deref().filter(|_| !is_never_loaded(plan, logs));
        let open = |(process, bytes): (&'a ProcessManifest, &'a Option<Log>)| match bytes.as_deref() {
            Some(bytes) => Process::open(process, bytes, manifest.status),
            None => stand(process),
        };
        let processes: Vec<Process<'_>> = manifest
            .processes
            .iter()
            .zip(&logs.ledgers)
            .filter(|_| !is_never_loaded(plan, logs))
            .filter_map(open)
            .collect();
        let variant = plan.variant_of(planned);
        let Arrived { receipts, hops, engine, end } = arrived(variant, wire, logs, &processes);
        let book = LoadBook::open(plan.load_of_trial(planned), planned.seed, logs.load.as_deref());
        let began = load_began(manifest.phases.load_began, &book);
        // A start that never came to its ready line served nobody: without its ledger nothing is missing.
        let counts = |(process, ledger): (&ProcessManifest, &Option<Log>)| {
            let books = process.ledger.is_some() || process.probe.as_ref().is_some_and(keeps_books);
            books && (process.incarnation == 0 || process.effective.is_some() || ledger.is_some())
        };
        let expected = manifest.processes.iter().zip(&logs.ledgers).filter(|pair| counts(*pair)).count();
        let faults = variant.map_or(&[][..], |variant| &variant.faults);
        let acted = excuse::acted(&logs.events);
        let excused = variant.map(|variant| excuse::excused(variant, &acted)).unwrap_or_default();
        let keeper = match plan.variant_of(planned).is_some_and(|variant| plan.has_books(variant)) {
            false => Keeper::Nobody,
            true if expected == 0 || processes.len() < expected => Keeper::Missing,
            true if processes.iter().any(Process::is_of_probes) => Keeper::Probes,
            true => Keeper::Processes,
        };
        let services = plan.services.iter().map(|service| service.name.as_str()).collect();
        Self {
            manifest,
            planned,
            processes,
            probes,
            receipts,
            hops,
            engine,
            end,
            book,
            began,
            keeper,
            subject: plan.subject(),
            all_sampled: plan.variant_of(planned).is_some_and(|variant| plan.samples_all(variant)),
            shares: plan.shares(),
            services,
            leaks: faults.iter().map(|fault| fault.kind.leak()).collect(),
            marks: faults.iter().map(|fault| fault.kind.marks()).collect(),
            acted,
            excused,
        }
    }

    /// What the books are built from.
    pub(crate) fn sources(&self) -> Sources<'_> {
        Sources {
            trial: self.planned.index,
            status: self.manifest.status,
            tag: self.planned.tag,
            shares: &self.shares,
            services: &self.services,
            subject: self.subject,
            all_sampled: self.all_sampled,
            load_began: self.began,
            leaks: &self.leaks,
            marks: &self.marks,
            processes: &self.processes,
            receipts: &self.receipts,
            hops: &self.hops,
            engine: self.engine.as_ref(),
            book: &self.book,
            witnessed: matches!(self.keeper, Keeper::Processes | Keeper::Probes),
        }
    }
}

/// What came to the places of the paths.
struct Arrived<'a> {
    receipts: Receipts<'a>,
    hops: PathHops<'a>,
    engine: Option<EngineBooks<'a>>,
    end: Option<&'a [u8]>,
}

/// Joins the logs of receiver, taps and engine to what was created.
fn arrived<'a>(
    variant: Option<&'a PlannedVariant>,
    wire: Option<&'a [u8]>,
    logs: &'a TrialLogs,
    processes: &[Process<'a>],
) -> Arrived<'a> {
    let engine = variant.and_then(|variant| variant.engine.as_ref());
    let mut engine = engine.map(|engine| EngineBooks::open(engine, logs, processes));
    let mut receipts = match &mut engine {
        // What it showed is all that arrived.
        Some(engine) if engine.alone => std::mem::take(&mut engine.back),
        _ => receipts::collect(wire, processes),
    };
    receipts.note_calls(processes);
    // Of what was refused for its size the client was told so, and what the log knows of it is there.
    let is_noted = |unread: &UnreadRequests| unread.reason.is(&UnreadReason::TooLarge) && unread.taken == 0;
    receipts.unread_otherwise = logs.manifest.unread.iter().any(|unread| !is_noted(unread));
    let hops = variant.map_or(&[][..], |variant| &variant.hops);
    let alone = engine.as_ref().filter(|engine| engine.alone);
    let hops = PathHops::open(hops, logs, processes, alone.map_or(&receipts, |engine| &engine.tap));
    let end = alone.map_or(wire, |engine| engine.log);
    if let Some(engine) = engine.as_ref().filter(|engine| !engine.alone) {
        engine.join(&mut receipts);
    }
    Arrived { receipts, hops, engine, end }
}

/// Whether a program of the user's own never came to its load.
fn is_never_loaded(plan: &Plan, logs: &TrialLogs) -> bool {
    plan.subject() == Subject::Own && logs.manifest.phases.load_began == 0 && logs.load.is_none()
}

/// Whether probes that are there write down enough to keep a process's books.
fn keeps_books(probe: &ProbeManifest) -> bool {
    probe.absent.is_none() && probe.possible(probe.mode) == EbpfMode::Events
}

/// The start of the load; a torn manifest does not know it, the load's log does.
fn load_began(manifest: MonoNs, book: &LoadBook) -> MonoNs {
    if manifest != 0 {
        return manifest;
    }
    let known = book
        .records
        .iter()
        .zip(&book.schedule)
        .find_map(|(record, offset)| record.map(|r| r.intended.saturating_sub(*offset)));
    known.unwrap_or_default()
}
