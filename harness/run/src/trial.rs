//! One trial: the phases in order, straight on. Everything it starts belongs to it and is gone when it ends.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use spanfate_model::event::EventKind;
use spanfate_model::layout::{LOAD_LOG, TrialDir, WIRE_LOG, slots_name};
use spanfate_model::load::schedule;
use spanfate_model::manifest::{FORMAT, ProcessManifest, Status, TrialManifest};
use spanfate_model::plan::{Plan, PlannedTrial, PlannedVariant};
use spanfate_model::scenario::{Root, WitnessMode};

use crate::events::EventLog;
use crate::fixture::{self, Running, Setup, Start};
use crate::guard::Guard;
use crate::interrupt::Interrupt;
use crate::machine::Cpus;
use crate::receiver::{Deadlines, DiscardPlan, Receiver};
use crate::usage::{Sampler, Subject};
use crate::{Error, clock, load, receiver, store};

/// Time between "ready" and the first request: connections and threads settle.
const SETTLE: Duration = Duration::from_millis(100);
/// How often the orchestrator looks.
const LOOK: Duration = Duration::from_millis(50);
/// What the fixture gets beyond its own shutdown deadline before it is killed.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// What a trial is made of.
pub(crate) struct Trial<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) planned: &'a PlannedTrial,
    pub(crate) variant: &'a PlannedVariant,
    pub(crate) dir: TrialDir,
    pub(crate) program: &'a Path,
    pub(crate) cpus: &'a Cpus,
    pub(crate) scratch: PathBuf,
    pub(crate) guard: &'a Arc<Guard>,
    pub(crate) interrupt: &'a Interrupt,
}

/// Four copies of every span and some: beyond that the receiver says that it lost count.
const fn receiver_log_bytes(spans: u64) -> u64 {
    (64 << 20) + spans * 4 * 64
}

/// How far a trial is, for the progress line.
pub(crate) struct Tick {
    pub(crate) phase: &'static str,
    pub(crate) started: u64,
    pub(crate) intended: u64,
    pub(crate) received: u64,
}

impl Trial<'_> {
    /// Runs the trial. Its manifest is in place from the beginning, so that a torn trial can be analysed.
    pub(crate) fn run(&self, tick: &mut dyn FnMut(Tick)) -> Result<TrialManifest, Error> {
        fs::create_dir_all(&self.dir.0).map_err(Error::unwritten(&self.dir.0))?;
        let claim = store::make_scratch(&self.scratch)?;
        let mut manifest = TrialManifest {
            format: FORMAT.to_owned(),
            trial: self.planned.index,
            status: Status::Partial,
            scratch: Some(self.scratch.to_string_lossy().into_owned()),
            ..TrialManifest::default()
        };
        manifest.phases.prepared = clock::now();
        store::write_json(&self.dir.manifest(), &manifest)?;
        let done = self.phases(&mut manifest, tick);
        if let Err(error) = &done {
            manifest.error = Some(error.to_string());
        }
        // Also after an error: what was seen until then is evidence.
        if !store::adopt(&self.dir, &manifest)? {
            let gone = std::io::ErrorKind::NotFound.into();
            return Err(Error::file("find the scratch directory", &self.scratch)(gone));
        }
        drop(claim);
        manifest.scratch = None;
        manifest.phases.finished = clock::now();
        if let Ok(cut_short) = done {
            manifest.status = if cut_short { Status::Interrupted } else { Status::Complete };
        }
        store::write_json(&self.dir.manifest(), &manifest)?;
        done.map(|_| manifest)
    }

    /// All phases; whether the user cut the load short.
    fn phases(&self, manifest: &mut TrialManifest, tick: &mut dyn FnMut(Tick)) -> Result<bool, Error> {
        let mut events = EventLog::create(&self.dir.events())?;
        let receiver = receiver::start(self.receiver_config())?;
        events.say(EventKind::PhaseBegan, json!({"phase": "start"}))?;
        let mut fixture = self.start_fixture(&receiver, manifest)?;
        manifest.phases.ready = clock::now();
        store::write_json(&self.dir.manifest(), manifest)?;
        events.say(EventKind::ProcessStarted, json!({"pid": fixture.pid(), "address": fixture.address}))?;
        let sampler = Sampler::start(self.subject(&fixture, manifest), &self.dir.usage())?;

        let began = clock::now() + SETTLE.as_nanos() as u64;
        manifest.phases.load_began = began;
        manifest.phases.measured_from = began + self.plan.load.warmup.nanos();
        store::write_json(&self.dir.manifest(), manifest)?;
        events.say(EventKind::PhaseBegan, json!({"phase": "load"}))?;
        let cut_short = self.drive(&mut fixture, &receiver, began, tick)?;
        manifest.phases.load_ended = manifest.phases.measured_from + self.plan.load.lasting.nanos();
        manifest.phases.drained = clock::now();

        events.say(EventKind::PhaseBegan, json!({"phase": "stop"}))?;
        tick(Tick { phase: "drain", started: 0, intended: 0, received: receiver.counts().accepted });
        let end = fixture.stop(self.plan.service.shutdown.0 + STOP_GRACE)?;
        manifest.phases.stopped = end.at;
        events.say(EventKind::ProcessExited, json!({"code": end.code, "signal": end.signal}))?;
        if let Some(process) = manifest.processes.first_mut() {
            process.end = Some(end);
        }
        // Before anything long: how the process ended decides fates.
        store::write_json(&self.dir.manifest(), manifest)?;
        drop(sampler);
        receiver.stop()?;
        Ok(cut_short)
    }

    fn receiver_config(&self) -> receiver::Config {
        let settings = &self.variant.receiver;
        let spans = self.plan.spans_per_trial();
        receiver::Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            answer_after: settings.answer_after.map(|after| after.0),
            max_bytes: settings.max_bytes.map_or(16 << 20, |bytes| bytes.0) as usize,
            max_spans: settings.max_spans.map_or(65_536, std::num::NonZeroU32::get),
            deadlines: Deadlines::default(),
            log: self.scratch.join(WIRE_LOG),
            log_limit: receiver_log_bytes(spans),
            discard_acknowledged: DiscardPlan {
                count: self.plan.plant.discard_acknowledged,
                every: (spans / 4 / u64::from(self.plan.plant.discard_acknowledged.max(1))).max(1) as u32,
            },
            hop: 0,
            path: 0,
        }
    }

    fn start_fixture(&self, receiver: &Receiver, manifest: &mut TrialManifest) -> Result<Running, Error> {
        let service = self.plan.service.fixture.service();
        let witnessed = self.plan.service.witness == WitnessMode::Full;
        let name = slots_name(service, 0);
        let ledger = self.scratch.join(&name);
        manifest.processes = vec![ProcessManifest {
            service: service.to_owned(),
            ledger: witnessed.then_some(name),
            ..ProcessManifest::default()
        }];
        store::write_json(&self.dir.manifest(), manifest)?;
        let setup = Setup {
            plan: self.plan,
            trial: self.planned,
            variant: self.variant,
            receiver: receiver.address(),
            ledger: witnessed.then_some(ledger.as_path()),
        };
        fixture::write_config(&self.dir.fixture_config(), &setup)?;
        let start = Start {
            program: self.program,
            config: &self.dir.fixture_config(),
            environment: fixture::environment_of(&setup),
            cpus: &self.cpus.fixture,
            stderr: &self.dir.fixture_stderr(),
        };
        let running = Running::start(&start, self.guard)?;
        let process = &mut manifest.processes[0];
        process.effective = running.effective();
        (process.gomaxprocs, process.go, process.sdk) = running.runtime();
        Ok(running)
    }

    fn subject(&self, fixture: &Running, manifest: &TrialManifest) -> Subject {
        let ledger = manifest.processes.first().and_then(|process| process.ledger.as_ref());
        Subject {
            pid: fixture.pid(),
            cpus: self.cpus.fixture.clone(),
            ledger: ledger.map(|name| self.scratch.join(name)),
        }
    }

    /// Runs the load to its end, or until the user stops it. A fixture that dies is data: the load goes on.
    fn drive(
        &self,
        fixture: &mut Running,
        receiver: &Receiver,
        began: u64,
        tick: &mut dyn FnMut(Tick),
    ) -> Result<bool, Error> {
        let mut cut_short = false;
        let schedule = schedule(&self.plan.load, self.planned.seed);
        let intended = schedule.len() as u64;
        let running = load::start(load::Config {
            target: fixture.address,
            path: "/work".to_owned(),
            schedule,
            measured_from: self.plan.load.warmup.nanos(),
            start_at: began,
            max_in_flight: self.plan.load.max_in_flight.get(),
            timeout: self.plan.load.timeout.0,
            headers: self.headers(),
            log: self.scratch.join(LOAD_LOG),
        })?;
        while !running.is_finished() {
            if self.interrupt.requested() {
                running.stop_early();
                cut_short = true;
            }
            let started = running.progress().started;
            tick(Tick { phase: "load", started, intended, received: receiver.counts().accepted });
            clock::sleep_until(clock::now() + LOOK.as_nanos() as u64);
        }
        running.join()?;
        Ok(cut_short)
    }

    fn headers(&self) -> load::Headers {
        match self.plan.service.root {
            Root::Local => load::Headers::Number,
            Root::RemoteSampled => load::Headers::TraceParent { tag: self.planned.tag, sampled: true },
            Root::RemoteUnsampled => load::Headers::TraceParent { tag: self.planned.tag, sampled: false },
        }
    }
}
