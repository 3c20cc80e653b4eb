//! A world whose truth follows from the numbers of its spans, written as a results directory.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::num::NonZeroU32;
use std::path::Path;

use spanfate_model::exporter::Effective;
use spanfate_model::fate::{ExportCause, Fate, Leak};
use spanfate_model::format::layout::{LOAD_LOG, RunDir, TrialDir, WIRE_LOG, slots_name};
use spanfate_model::format::manifest::{
    FORMAT, Phases, ProcessEnd, ProcessManifest, RunManifest, Status, TrialManifest,
};
use spanfate_model::format::slots::{FLAG_RECORDING, FLAG_SAMPLED, Header, Live, LogEntry, LogRecord, Slot};
use spanfate_model::format::wire::{self, Disposition, RequestRecord, SpanRecord, WireProtocol};
use spanfate_model::load::{LoadRecord, RequestOutcome, remote_parent};
use spanfate_model::plan::{Plan, PlannedTrial};
use spanfate_model::quantity::id::{SlotRef, SpanId, SpanKey};
use spanfate_model::quantity::unit::{Period, Rate};
use spanfate_model::result::environment::Environment;
use spanfate_model::scenario::{Load, Scenario, Service, WitnessMode};
use spanfate_run::store;

/// Spans by fate.
pub type Truth = BTreeMap<String, u64>;

/// Spans of a request, requests per second, spans of a batch.
pub const EACH: u64 = 5;
const RATE: f64 = 100_000.0;
const BATCH: u64 = 512;
/// Start of the load.
const BEGAN: u64 = 1_000_000_000;

/// What becomes of a span, by its number: every batch that is full of received spans succeeds, every seventh fails.
fn fate(span: u64) -> Fate {
    match (span % 10, span / BATCH % 7) {
        (3, _) => Fate::DroppedQueueFull,
        (7, _) if span.is_multiple_of(1000 - 3) => Fate::NeverEnded(Leak::Forgotten),
        (_, 6) => Fate::ExportFailed(ExportCause::Timeout),
        _ => Fate::Received,
    }
}

/// Every hundredth received span arrives twice.
const fn copies(span: u64) -> u64 {
    if span.is_multiple_of(100) { 2 } else { 1 }
}

/// A trial of so many spans.
pub struct World {
    spans: u64,
    plan: Plan,
    trial: PlannedTrial,
}

impl World {
    /// A world of so many spans, a multiple of five; with or without a process witness.
    pub fn new(spans: u64, witnessed: bool) -> Self {
        let lasting = Period::millis((spans / EACH) * 1000 / RATE as u64);
        let rate = Rate((spans / EACH) as f64 / lasting.seconds());
        let mut service = Service {
            spans_per_request: NonZeroU32::MIN.saturating_add(EACH as u32 - 1),
            ..Service::default()
        };
        if !witnessed {
            service.witness = WitnessMode::Off;
        }
        let load = Load { warmup: Some(Period::default()), ..Load::steady(rate, lasting) };
        let plan = Plan::resolve(&Scenario {
            description: "Made by an example; no service ran.".to_owned(),
            seed: 11,
            services: vec![service],
            ..Scenario::new("synthetic".to_owned(), load)
        });
        Self { spans, trial: plan.trials[0], plan }
    }

    /// Requests per second.
    fn rate(&self) -> f64 {
        self.plan.load.rate.map_or(1.0, |rate| rate.0)
    }

    fn witnessed(&self) -> bool {
        self.plan.services[0].witness == WitnessMode::Full
    }

    /// Writes the results directory, and gives the truth.
    pub fn write(&self, dir: &Path) -> Result<Truth, Box<dyn Error>> {
        fs::create_dir_all(dir)?;
        let run = RunDir(dir.to_owned());
        let place = run.trial(0);
        fs::create_dir_all(&place.0)?;
        store::write_json(&run.plan(), &self.plan)?;
        store::write_json(
            &run.environment(),
            &Environment { fixture_cpus: vec![0], ..Environment::default() },
        )?;
        let manifest = RunManifest {
            format: FORMAT.to_owned(),
            run_id: "synthetic".to_owned(),
            status: Status::Complete,
            trials: vec![0],
            ..RunManifest::default()
        };
        store::write_json(&run.manifest(), &manifest)?;
        store::write_json(&place.manifest(), &self.manifest())?;
        if self.witnessed() {
            self.write_ledger(&place)?;
        }
        self.write_wire(&place)?;
        self.write_load(&place)?;
        let truth = self.truth();
        store::write_json(&run.0.join("truth.json"), &truth)?;
        Ok(truth)
    }

    fn manifest(&self) -> TrialManifest {
        let end = self.at(self.spans) + 1_000_000_000;
        let process = ProcessManifest {
            service: "synthetic".to_owned(),
            ledger: self.witnessed().then(|| slots_name("synthetic", 0)),
            effective: Some(Effective { queue: 2048, batch: BATCH as u32, ..Effective::default() }),
            end: Some(ProcessEnd {
                at: end,
                code: Some(0),
                asked_to_stop: Some(end - 500_000_000),
                said_stopped: true,
                ..ProcessEnd::default()
            }),
            ..ProcessManifest::default()
        };
        TrialManifest {
            format: FORMAT.to_owned(),
            status: Status::Complete,
            processes: vec![process],
            phases: Phases { load_began: BEGAN, ..Phases::default() },
            ..TrialManifest::default()
        }
    }

    /// When a span was created.
    fn at(&self, span: u64) -> u64 {
        BEGAN + (span as f64 / EACH as f64 / self.rate() * 1e9) as u64
    }

    fn key(&self, span: u64) -> SpanKey {
        SpanKey {
            trace: self.trial.tag.trace_id((span / EACH) as u32),
            span: SpanId::of_slot(SlotRef { process: 0, slot: span }, self.trial.salt),
        }
    }

    fn slot(&self, span: u64) -> Slot {
        let (key, at, fate) = (self.key(span), self.at(span), fate(span));
        let request = span / EACH * EACH;
        let parent = if span == request {
            remote_parent(&self.trial.tag, (span / EACH) as u32)
        } else {
            self.key(request).span
        };
        let mut slot = Slot {
            key,
            parent,
            created: at,
            name: 1,
            // A server span and its children.
            kind: if span == request { 2 } else { 1 },
            flags: FLAG_SAMPLED | FLAG_RECORDING,
            started: at + 100,
            ..Slot::default()
        };
        if fate != Fate::NeverEnded(Leak::Forgotten) {
            (slot.ending, slot.ended, slot.closed) = (at + 1000, at + 1200, at + 1300);
        }
        match fate {
            Fate::DroppedQueueFull => slot.dropped = at + 1100,
            Fate::Received | Fate::ExportFailed(_) => {
                (slot.exported, slot.batch) = (at + 2_000_000, (span / BATCH) as u32 + 1);
            }
            _ => {}
        }
        slot
    }

    fn write_ledger(&self, place: &TrialDir) -> io::Result<()> {
        let mut file =
            BufWriter::with_capacity(1 << 20, File::create(place.raw(&slots_name("synthetic", 0)))?);
        let log: Vec<u8> = self.log().iter().flat_map(LogRecord::write).collect();
        let count =
            |wanted: fn(Fate) -> bool| (0..self.spans).filter(|span| wanted(fate(*span))).count() as u64;
        let header = Header {
            slots: self.spans,
            log_bytes: log.len() as u64,
            salt: self.trial.salt,
            service: "synthetic".to_owned(),
            ..Header::default()
        };
        let live = Live {
            next_slot: self.spans,
            log_used: log.len() as u64,
            phase: 5,
            sdk_started_sampled: self.spans,
            sdk_processed: count(|fate| matches!(fate, Fate::Received | Fate::ExportFailed(_))),
            sdk_queue_full: count(|fate| fate == Fate::DroppedQueueFull),
            sdk_exported: count(|fate| fate == Fate::Received),
            sdk_export_failed: count(|fate| matches!(fate, Fate::ExportFailed(_))),
            ..Live::default()
        };
        let mut page = header.write();
        live.write(&mut page);
        file.write_all(&page)?;
        for span in 0..self.spans {
            file.write_all(&self.slot(span).write())?;
        }
        file.write_all(&log)?;
        file.flush()
    }

    /// The name, then a begin and an end per batch.
    fn log(&self) -> Vec<LogRecord> {
        let name = LogEntry::Name { id: 1, text: "work".to_owned() };
        let mut out = vec![LogRecord { at: BEGAN, entry: name }];
        for number in 0..self.spans.div_ceil(BATCH) {
            let (at, batch) = (self.at((number + 1) * BATCH), number as u32);
            let error = (number % 7 == 6).then(|| "context deadline exceeded".to_owned());
            out.push(LogRecord { at, entry: LogEntry::ExportBegin { batch, spans: BATCH as u32, path: 0 } });
            out.push(LogRecord { at: at + 1_000_000, entry: LogEntry::ExportEnd { batch, error, path: 0 } });
        }
        out.push(LogRecord { at: self.at(self.spans) + 600_000_000, entry: LogEntry::Phase(4) });
        out
    }

    fn write_wire(&self, place: &TrialDir) -> io::Result<()> {
        let mut file = BufWriter::with_capacity(1 << 20, File::create(place.raw(WIRE_LOG))?);
        file.write_all(&wire::header())?;
        let mut requests = 0;
        for batch in 0..self.spans.div_ceil(BATCH) {
            let all = batch * BATCH..((batch + 1) * BATCH).min(self.spans);
            let again = all.clone().filter(|span| copies(*span) > 1);
            // What arrives twice arrives in a request of its own.
            for spans in [all.clone().collect::<Vec<_>>(), again.collect()] {
                let spans: Vec<u64> =
                    spans.into_iter().filter(|span| fate(*span) == Fate::Received).collect();
                if spans.is_empty() {
                    continue;
                }
                let at = self.at(all.end) + 3_000_000;
                file.write_all(&request(requests, at, spans.len()).write())?;
                for span in spans {
                    file.write_all(&appearance(requests, self.key(span), at).write())?;
                }
                requests += 1;
            }
        }
        file.write_all(&wire::write_end(u64::from(requests)))?;
        file.flush()
    }

    fn write_load(&self, place: &TrialDir) -> io::Result<()> {
        let mut file = BufWriter::with_capacity(1 << 20, File::create(place.raw(LOAD_LOG))?);
        for request in 0..self.spans / EACH {
            let intended = BEGAN + (request as f64 * 1e9 / self.rate()) as u64;
            let record = LoadRecord {
                request: request as u32,
                outcome: RequestOutcome::Answered,
                measured: true,
                status: 200,
                intended,
                started: intended + 10_000,
                done: intended + 100_000,
                connection: 0,
            };
            file.write_all(&record.write())?;
        }
        file.flush()
    }

    /// Spans by fate; without a ledger only those that arrived have one.
    fn truth(&self) -> Truth {
        let mut out = Truth::new();
        for span in 0..self.spans {
            let name = match fate(span) {
                fate if fate == Fate::Received || self.witnessed() => fate.to_string(),
                _ => "lost_before_receiver".to_owned(),
            };
            *out.entry(name).or_insert(0) += 1;
        }
        out
    }
}

fn request(request: u32, at: u64, spans: usize) -> RequestRecord {
    RequestRecord {
        request,
        connection: 0,
        at,
        raw_bytes: spans as u32 * 200,
        wire_bytes: spans as u32 * 200,
        spans: spans as u32,
        protocol: WireProtocol::Grpc,
        disposition: Disposition::Accepted,
        hop: 0,
        path: 0,
        fault: 0,
    }
}

fn appearance(request: u32, key: SpanKey, at: u64) -> SpanRecord {
    SpanRecord {
        request,
        key,
        parent: SpanId::default(),
        name: 0,
        service: 0,
        kind: 1,
        disposition: Disposition::Accepted,
        start_wall: at,
        end_wall: at,
    }
}
