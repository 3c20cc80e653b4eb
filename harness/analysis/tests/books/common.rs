//! Worlds of known truth: raw logs made byte by byte, as the fixture, the receiver and the load would write them.

pub(crate) mod engine;
pub(crate) mod hops;
pub(crate) mod ledger;
pub(crate) mod life;

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use spanfate_analysis::{conclude_run, conclude_trial};
use spanfate_model::exporter::Effective;
use spanfate_model::format::manifest::{
    Phases, ProcessEnd, ProcessManifest, RunManifest, Status, TrialManifest,
};
use spanfate_model::format::raw::{Log, TrialLogs};
use spanfate_model::format::slots::{FLAG_RECORDING, FLAG_SAMPLED, PathRecord, RuntimeSample, Slot};
use spanfate_model::format::wire::{
    self, AnswerFate, AnswerRecord, Disposition, Relayed, RequestRecord, SpanRecord, WireProtocol,
};
use spanfate_model::load::{LoadRecord, RequestOutcome};
use spanfate_model::plan::Plan;
use spanfate_model::quantity::id::{SlotRef, SpanId, SpanKey};
use spanfate_model::quantity::unit::{Period, Rate};
use spanfate_model::result::environment::Environment;
use spanfate_model::result::{RunResult, TrialResult};
use spanfate_model::scenario::pipeline::Pipeline;
use spanfate_model::scenario::{Fault, Load, Plant, Scenario, Service};

/// When the load of every world begins.
pub(crate) const BEGAN: u64 = 1_000_000_000;

/// One span of a world: its marks in the ledger, its appearances on the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Span {
    pub(crate) slot: Slot,
    pub(crate) wire: Vec<Disposition>,
    /// Its appearances at taps, by the hop's place: what the collector made of each.
    pub(crate) taps: Vec<(usize, Relayed)>,
    /// The id does not lead to the slot: the general join must find it.
    pub(crate) foreign: bool,
    /// The span in whose trace it is; absent: it has a trace of its own.
    pub(crate) trace_of: Option<u32>,
    /// It arrived at the end of the first collector's further exporter.
    pub(crate) at_end: bool,
    /// How much later than others it comes to taps, ns.
    pub(crate) late: u64,
    /// How often the engine at the end showed it.
    pub(crate) shown: u16,
}

/// The same span on a second path: its marks there, and its appearances by it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Further {
    pub(crate) record: PathRecord,
    pub(crate) wire: Vec<Disposition>,
}

/// What came of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Batch {
    /// No result: the process ended first.
    Unfinished,
    /// No error.
    Ok,
    /// An error with this text.
    Failed(String),
}

/// A world: what happened, and what each witness noted of it.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) spans: Vec<Span>,
    /// One for each span, where there is a second path; its batches are numbered as those of the first.
    pub(crate) further: Vec<Further>,
    pub(crate) batches: Vec<Batch>,
    /// When each began and ended; those that are not here all at the same time.
    pub(crate) calls: Vec<(u64, u64)>,
    /// What the process says of itself every now and then.
    pub(crate) runtime: Vec<(u64, RuntimeSample)>,
    pub(crate) blocking: bool,
    pub(crate) end: Option<ProcessEnd>,
    pub(crate) shutdown_began: u64,
    pub(crate) overflow: u64,
    pub(crate) sampler: String,
    pub(crate) plant: Plant,
    pub(crate) faults: Vec<Fault>,
    pub(crate) load: Option<Load>,
    pub(crate) hops: Vec<hops::WorldHop>,
    pub(crate) engine: Option<engine::WorldEngine>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            spans: Vec::new(),
            further: Vec::new(),
            batches: Vec::new(),
            calls: Vec::new(),
            runtime: Vec::new(),
            blocking: false,
            end: Some(orderly()),
            shutdown_began: 9_000_000_000,
            overflow: 0,
            sampler: "ParentBased{root:AlwaysOnSampler}".to_owned(),
            plant: Plant::default(),
            faults: Vec::new(),
            load: None,
            hops: Vec::new(),
            engine: None,
        }
    }
}

/// The end of a process that stopped when it was asked to.
pub(crate) fn orderly() -> ProcessEnd {
    ProcessEnd {
        at: 9_500_000_000,
        code: Some(0),
        said_stopped: true,
        asked_to_stop: Some(9_000_000_000),
        ..ProcessEnd::default()
    }
}

/// The end of a process that was killed.
pub(crate) fn killed() -> ProcessEnd {
    ProcessEnd { at: 9_500_000_000, signal: Some(9), ..ProcessEnd::default() }
}

/// A sampled, recording span that was created and started.
pub(crate) fn started() -> Span {
    let slot = Slot {
        created: BEGAN + 10,
        started: BEGAN + 20,
        flags: FLAG_SAMPLED | FLAG_RECORDING,
        ..Slot::default()
    };
    Span { slot, ..Span::default() }
}

impl Span {
    /// Ended and accepted by the batch processor.
    pub(crate) fn queued(mut self) -> Self {
        (self.slot.ending, self.slot.ended, self.slot.closed) = (BEGAN + 30, BEGAN + 40, BEGAN + 50);
        self
    }

    /// Handed to the exporter in a batch.
    pub(crate) fn exported(mut self, batch: u32) -> Self {
        (self.slot.exported, self.slot.batch) = (BEGAN + 60, batch + 1);
        self
    }

    /// Seen by the receiver.
    pub(crate) fn on_wire(mut self, dispositions: &[Disposition]) -> Self {
        self.wire = dispositions.to_vec();
        self
    }
}

impl World {
    /// The plan: one request per span, all measured.
    pub(crate) fn plan(&self) -> Plan {
        let rate = Rate(self.spans.len().max(1) as f64);
        let lasting = Period::millis(1000);
        let steady = || Load { warmup: Some(Period::default()), ..Load::steady(rate, lasting) };
        Plan::resolve(&Scenario {
            seed: 7,
            services: vec![Service { spans_per_request: NonZeroU32::MIN, ..Service::default() }],
            fault: self.faults.clone(),
            plant: self.plant.clone(),
            pipeline: self.pipeline(),
            ..Scenario::new("world".to_owned(), self.load.clone().unwrap_or_else(steady))
        })
    }

    fn pipeline(&self) -> Pipeline {
        let hop = |(at, hop): (usize, &hops::WorldHop)| match at.checked_sub(1).filter(|_| hop.beside) {
            Some(before) => format!(r#"{{"name": "{}", "beside": "{}"}}"#, hop.name, self.hops[before].name),
            None => format!(r#"{{"name": "{}"}}"#, hop.name),
        };
        let hops: Vec<String> = self.hops.iter().enumerate().map(hop).collect();
        let ends = self.engine.as_ref().map_or("", |engine| engine.ends());
        serde_json::from_str(&format!(r#"{{"hop": [{}], "ends": [{ends}]}}"#, hops.join(","))).unwrap()
    }

    /// What the receiver of the first hop's further exporter saw, where it has one.
    fn ends(&self, plan: &Plan) -> BTreeMap<String, Log> {
        if !self.hops.first().is_some_and(|hop| hop.further) {
            return BTreeMap::new();
        }
        let arrived = self.spans.iter().enumerate().filter(|(_, span)| span.at_end);
        let records = arrived.map(|(index, _)| self.appeared(plan, index, Disposition::Accepted));
        BTreeMap::from([(hops::END_LOG.to_owned(), write_wire(&records.collect::<Vec<_>>()).into())])
    }

    /// What the tap before a hop saw.
    fn tap_log(&self, plan: &Plan, hop: usize) -> Vec<u8> {
        let of_span = |(index, span): (usize, &Span)| {
            let record = self.appeared(plan, index, Disposition::Accepted);
            let here = span.taps.clone().into_iter().filter(move |(at, _)| *at == hop);
            let late = span.late;
            here.map(move |(_, relayed)| (record, relayed, late))
        };
        hops::tap_log(&self.spans.iter().enumerate().flat_map(of_span).collect::<Vec<_>>())
    }

    /// The key of a span: its own slot's, unless it is foreign.
    pub(crate) fn key(&self, plan: &Plan, index: usize) -> SpanKey {
        let trial = &plan.trials[0];
        let span = if self.spans[index].foreign {
            SpanId((index as u64 + 1).to_be_bytes())
        } else {
            SpanId::of_slot(SlotRef { process: 0, slot: index as u64 }, trial.salt)
        };
        let trace = self.spans[index].trace_of.unwrap_or(index as u32);
        SpanKey { trace: trial.tag.trace_id(trace), span }
    }

    /// The raw logs.
    pub(crate) fn logs(&self, plan: &Plan) -> TrialLogs {
        let process = ProcessManifest {
            service: "http".to_owned(),
            ledger: Some("http.0.slots".to_owned()),
            effective: Some(Effective {
                queue: 2048,
                batch: 512,
                sampler: self.sampler.clone(),
                ..Effective::default()
            }),
            end: self.end.clone(),
            ..ProcessManifest::default()
        };
        let manifest = TrialManifest {
            status: if self.end.is_some() { Status::Complete } else { Status::Partial },
            processes: vec![process],
            phases: Phases { load_began: BEGAN, ..Phases::default() },
            hops: (0..)
                .zip(&self.hops)
                .map(|(place, hop)| hop.manifest(place))
                .chain(self.engine.iter().flat_map(engine::WorldEngine::starts))
                .collect(),
            engine: self.engine.as_ref().map(engine::WorldEngine::manifest),
            ..TrialManifest::default()
        };
        TrialLogs {
            manifest,
            ledgers: vec![Some(ledger::encode(self, plan).into())],
            probes: Vec::new(),
            traces: Vec::new(),
            lines: Vec::new(),
            records: Vec::new(),
            wire: Some(self.wire_of_paths(plan).into()),
            taps: (0..self.hops.len()).map(|hop| Some(self.tap_log(plan, hop).into())).collect(),
            ends: self.ends(plan),
            engine_tap: self.engine.as_ref().map(|_| self.tap_log(plan, engine::TAP).into()),
            back: self.engine.as_ref().map(|engine| engine.back(self, plan).into()),
            pages: self.hops.iter().map(|hop| vec![hop.page.clone().map(|(_, text)| text)]).collect(),
            load: Some(Self::load_log(plan).into()),
            events: Vec::new(),
            usage: Vec::new(),
        }
    }

    /// The wire log, one request per appearance, each of its path.
    fn wire_of_paths(&self, plan: &Plan) -> Vec<u8> {
        let nothing = Further::default();
        let mut records = Vec::new();
        for (index, span) in self.spans.iter().enumerate() {
            let further = self.further.get(index).unwrap_or(&nothing);
            for (path, wire) in [(0, &span.wire), (1, &further.wire)] {
                records.extend(wire.iter().map(|how| (self.appeared(plan, index, *how), BEGAN + 100, path)));
            }
        }
        for (record, at) in records.iter_mut().zip(0..) {
            record.1 += at;
        }
        write_wire_at(&records)
    }

    pub(crate) fn appeared(&self, plan: &Plan, index: usize, disposition: Disposition) -> SpanRecord {
        SpanRecord {
            request: 0,
            key: self.key(plan, index),
            parent: SpanId::default(),
            name: 0,
            service: 0,
            kind: 0,
            disposition,
            start_wall: 0,
            end_wall: 0,
        }
    }

    /// The wire log, one request per appearance, in the order that `arrange` gives.
    pub(crate) fn wire_log(
        &self,
        plan: &Plan,
        arrange: impl FnOnce(Vec<SpanRecord>) -> Vec<SpanRecord>,
    ) -> Vec<u8> {
        let mut records = Vec::new();
        for (index, span) in self.spans.iter().enumerate() {
            for disposition in &span.wire {
                records.push(self.appeared(plan, index, *disposition));
            }
        }
        write_wire(&arrange(records))
    }

    pub(crate) fn load_log(plan: &Plan) -> Vec<u8> {
        let mut schedule = spanfate_model::load::schedule(&plan.load, plan.trials[0].seed);
        if plan.load.closed.is_some() {
            // It sends when it was answered.
            schedule = (0..plan.load.requests()).map(|request| request * 3).collect();
        }
        let record = |(request, offset): (usize, &u64)| LoadRecord {
            request: request as u32,
            outcome: RequestOutcome::Answered,
            measured: true,
            status: 200,
            intended: BEGAN + offset,
            started: BEGAN + offset + u64::from(plan.load.closed.is_none()),
            done: BEGAN + offset + 2,
            connection: 0,
        };
        schedule.iter().enumerate().flat_map(|entry| record(entry).write()).collect()
    }

    /// Concludes the world as it is.
    pub(crate) fn conclude(&self) -> (TrialResult, RunResult) {
        let plan = self.plan();
        conclude(&plan, &self.logs(&plan))
    }
}

/// Writes a wire log: every span record in a request of its own, answered, closed in order.
pub(crate) fn write_wire(records: &[SpanRecord]) -> Vec<u8> {
    let at = |(record, request): (&SpanRecord, u64)| (*record, BEGAN + 100 + request, 0);
    write_wire_at(&records.iter().zip(0..).map(at).collect::<Vec<_>>())
}

/// The same, with the time and the path of each request.
pub(crate) fn write_wire_at(records: &[(SpanRecord, u64, u8)]) -> Vec<u8> {
    let mut log = wire::header().to_vec();
    for (request, (record, at, path)) in records.iter().enumerate() {
        let request = request as u32;
        log.extend(
            RequestRecord {
                request,
                connection: 0,
                at: *at,
                raw_bytes: 100,
                wire_bytes: 100,
                spans: 1,
                protocol: WireProtocol::Grpc,
                disposition: record.disposition,
                hop: 0,
                path: *path,
                fault: 0,
            }
            .write(),
        );
        log.extend(SpanRecord { request, ..*record }.write());
        let answer = AnswerRecord {
            request,
            at: BEGAN + 200,
            fate: AnswerFate::TakenByTransport,
            fault: 0,
            status: 0,
            relayed: Relayed::No,
        };
        log.extend(answer.write());
    }
    log.extend(wire::write_end(records.len() as u64));
    log
}

/// Concludes logs.
pub(crate) fn conclude(plan: &Plan, logs: &TrialLogs) -> (TrialResult, RunResult) {
    let trial = conclude_trial(plan, &plan.trials[0], 1, logs);
    let manifest = RunManifest { status: Status::Complete, ..RunManifest::default() };
    let run = conclude_run(plan.clone(), Environment::default(), &manifest, vec![trial.clone()]);
    (trial.result, run)
}
