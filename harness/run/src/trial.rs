//! One trial: the phases in order, straight on. Everything it starts belongs to it and is gone when it ends.
//!
//! Between the start of its services and their end there is either a load of ours, with the faults of the plan, or the life of a
//! program that somebody else uses (`life`).

mod endpoint;
pub(crate) mod engine;
pub(crate) mod events;
pub(crate) mod fault;
pub(crate) mod hops;
pub mod join;
mod life;
pub(crate) mod links;
pub mod progress;
pub(crate) mod runtime_trace;
pub(crate) mod services;
pub(crate) mod slices;
mod switch;
pub(crate) mod usage;

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use spanfate_model::fault::{FaultKind, Target};
use spanfate_model::format::event::EventKind;
use spanfate_model::format::layout::{LOAD_LOG, TrialDir, WIRE_LOG};
use spanfate_model::format::manifest::{FORMAT, Quiet, Status, TrialManifest};
use spanfate_model::load::{Closed, schedule};
use spanfate_model::plan::{Plan, PlannedTrial, PlannedVariant};
use spanfate_model::scenario::{Fault, Root, Service};

use crate::fixture::Programs;
use crate::host::clock;
use crate::host::limits::LimitsMet;
use crate::host::machine;
use crate::host::machine::Cpus;
use crate::process::guard::Guard;
use crate::process::interrupt::Interrupt;
use crate::receiver;
use crate::receiver::{DiscardPlan, EntryWhen, KeepPlan, RunningReceiver, Script, ScriptEntry, Upstream};
use crate::trial::events::EventLog;
use crate::trial::fault::{Driver, FaultScene};
use crate::trial::hops::{HopStage, Hops};
use crate::trial::links::TrialLinks;
use crate::trial::progress::Tick;
use crate::trial::services::{ServiceWatch, Services, TrialStage};
use crate::trial::slices::Slices;
use crate::trial::switch::ProbeSwitch;
use crate::trial::usage::Sampler;
use crate::{RunError, load, store};

/// Time between "ready" and the first request: connections and threads settle.
const SETTLE: Duration = Duration::from_millis(100);
/// How often the orchestrator looks.
const LOOK: Duration = Duration::from_millis(50);

/// The same, for a process that is asked to stop.
const STOP_LOOK: Duration = Duration::from_millis(5);

/// What a trial is made of.
pub(crate) struct Trial<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) planned: &'a PlannedTrial,
    pub(crate) variant: &'a PlannedVariant,
    pub(crate) dir: TrialDir,
    pub(crate) programs: &'a Programs,
    pub(crate) cpus: &'a Cpus,
    /// Share of the time that a self-test steals from its services.
    pub(crate) stolen: f64,
    /// What it waited for.
    pub(crate) quiet: Option<Quiet>,
    pub(crate) scratch: PathBuf,
    pub(crate) guard: &'a Arc<Guard>,
    pub(crate) interrupt: &'a Interrupt,
    /// Limits that it meets.
    pub(crate) limits: Arc<LimitsMet>,
    /// Where all that is received goes on to.
    pub(crate) relay: Option<&'a Upstream>,
}

/// Most bytes of the receiver's log where nobody knows how many spans there will be; 64 per span.
const OPEN_LOG_BYTES: u64 = 8 << 30;
/// Most bytes of metrics that are kept, where some are.
const METRIC_BYTES: u64 = 256 << 20;

impl Trial<'_> {
    /// Runs the trial. Its manifest is in place from the beginning, so that a torn trial can be analysed.
    pub(crate) fn run(&self, tick: &mut dyn FnMut(Tick)) -> Result<TrialManifest, RunError> {
        fs::create_dir_all(&self.dir.0).map_err(RunError::unwritten(&self.dir.0))?;
        let claim = store::make_scratch(&self.scratch, self.unprivileged())?;
        let mut manifest = TrialManifest {
            format: FORMAT.to_owned(),
            trial: self.planned.index,
            status: Status::Partial,
            scratch: Some(self.scratch.to_string_lossy().into_owned()),
            quiet: self.quiet.clone(),
            ..TrialManifest::default()
        };
        manifest.phases.prepared = clock::now();
        store::write_json(&self.dir.manifest(), &manifest)?;
        let done = self.phases(&mut manifest, tick);
        if let Err(error) = &done {
            manifest.error = Some(error.to_string());
        }
        runtime_trace::read(&self.programs.traceevents, &self.scratch, &manifest, self.guard)?;
        // Also after an error: what was seen until then is evidence.
        if !store::adopt(&self.dir, &manifest)? {
            let gone = std::io::ErrorKind::NotFound.into();
            return Err(RunError::file("find the scratch directory", &self.scratch)(gone));
        }
        drop(claim);
        manifest.limits_met = self.limits.all();
        manifest.scratch = None;
        manifest.phases.finished = clock::now();
        if let Ok(cut_short) = done {
            manifest.status = if cut_short { Status::Interrupted } else { Status::Complete };
        }
        store::write_json(&self.dir.manifest(), &manifest)?;
        done.map(|_| manifest)
    }

    /// All phases; whether the user cut the load short.
    fn phases(&self, manifest: &mut TrialManifest, tick: &mut dyn FnMut(Tick)) -> Result<bool, RunError> {
        let loaded = self.plan.subject().has_load();
        let mut events = EventLog::create(&self.dir.events())?;
        // First: a network namespace holds only what is started after it was entered.
        let links = TrialLinks::start(self.variant, &self.programs.toxiproxy, self.guard, &self.dir)?;
        let script = script_of(self.variant);
        let receiver = receiver::start_with(self.receiver_config(&script), self.relay)?;
        if loaded {
            events.say(EventKind::PhaseBegan, json!({"phase": "start"}))?;
        }
        let mut hops = Hops::start(self.hop_stage(&links), receiver.address(), manifest, &mut events)?;
        let stage = self.stage(&hops, receiver.address(), &links);
        let mut say = |text| tick(Tick::Awaits(text));
        let mut services = Services::start(&stage, manifest, &mut events, &mut say)?;
        manifest.phases.ready = clock::now();
        store::write_json(&self.dir.manifest(), manifest)?;
        let mut subject = stage.sampled(&services);
        let slices = (self.stolen > 0.0).then(|| Slices::start(self.stolen, &subject.pids)).transpose()?;
        subject.stopped = slices.as_ref().map(|slices| Arc::clone(&slices.stopped));
        let sampler = Sampler::start(subject, &self.dir.usage())?;
        let mut scene = FaultScene {
            services: &mut services,
            hops: &mut hops,
            watch: ServiceWatch { stage: &stage, manifest, events: &mut events, sampler: &sampler },
            links: &links,
            script: &script,
        };
        let done = if loaded {
            self.under_load(&mut scene, &receiver, tick)
        } else {
            self.life(&mut scene, &receiver, tick).map(|()| false)
        };
        drop((sampler, slices));
        // Nobody sends any more: the taps end before what is behind them.
        let tapped = hops.close(manifest);
        let closed = receiver.stop();
        if let Ok(summary) = &closed {
            manifest.unread.clone_from(&summary.unread);
            manifest.kept.clone_from(&summary.kept);
            manifest.kept_logs.clone_from(&summary.kept_logs);
        }
        let cut_short = done?;
        tapped?;
        closed?;
        Ok(cut_short)
    }

    /// From the first request until all services have stopped; whether the user cut it short.
    fn under_load(
        &self,
        scene: &mut FaultScene<'_, '_, '_>,
        receiver: &RunningReceiver,
        tick: &mut dyn FnMut(Tick),
    ) -> Result<bool, RunError> {
        let load = self.plan.load_of(self.variant);
        let began = clock::now() + SETTLE.as_nanos() as u64;
        let phases = &mut scene.watch.manifest.phases;
        (phases.load_began, phases.measured_from) = (began, began + load.warmup.nanos());
        store::write_json(&self.dir.manifest(), scene.watch.manifest)?;
        scene.watch.events.say(EventKind::PhaseBegan, json!({"phase": "load"}))?;
        let mut driver = Driver::new(self.plan, self.variant, self.planned.seed, began, &self.cpus.fixture);
        let (cut_short, scheduling) = self.drive(&mut driver, scene, receiver, began, tick)?;
        driver.load_ended(scene)?;
        let manifest = &mut *scene.watch.manifest;
        manifest.load_scheduling = Some(scheduling);
        manifest.phases.drained = clock::now();
        manifest.phases.load_ended = match load.closed {
            Some(_) => manifest.phases.drained,
            None => manifest.phases.measured_from + load.lasting.nanos(),
        };
        scene.watch.events.say(EventKind::PhaseBegan, json!({"phase": "stop"}))?;
        let arrived = scene.hops.taken().unwrap_or(receiver.counts().accepted);
        tick(Tick::Load { phase: "drain", started: 0, intended: 0, received: arrived });
        stop(&mut driver, scene)?;
        Ok(cut_short)
    }

    /// A program of the user's own keeps its user.
    fn unprivileged(&self) -> bool {
        !self.plan.subject().is_own() && machine::can_lay_down_privileges(&self.scratch)
    }

    fn receiver_config(&self, script: &Script) -> receiver::ReceiverConfig {
        let settings = &self.variant.receiver;
        let spans = self.plan.spans_per_trial(self.variant);
        let usual =
            receiver::ReceiverConfig::new(self.scratch.join(WIRE_LOG), self.receiver_log_bytes(spans));
        receiver::ReceiverConfig {
            answer_after: settings.answer_after.map(|after| after.0),
            max_bytes: settings.max_bytes.map_or(usual.max_bytes, |bytes| bytes.0 as usize),
            max_spans: settings.max_spans.map_or(usual.max_spans, std::num::NonZeroU32::get),
            discard_acknowledged: DiscardPlan {
                count: self.plan.plant.discard_acknowledged,
                every: (spans / 4 / u64::from(self.plan.plant.discard_acknowledged.max(1))).max(1) as u32,
            },
            script: script.clone(),
            keep: settings.keeps_spans().then(|| self.keep_plan(spans)),
            keep_logs: self.variant.keeps_logs().then(|| self.keep_plan(spans)),
            limits: Arc::clone(&self.limits),
            ..usual
        }
    }

    /// Four copies of every span of the plan and some, or what half the free space holds where there is no such plan: beyond that
    /// the receiver says that it lost count.
    fn receiver_log_bytes(&self, spans: u64) -> u64 {
        if self.plan.subject().has_load() {
            return (64 << 20) + spans * 4 * 64;
        }
        let free = machine::free_bytes(&self.scratch).unwrap_or(OPEN_LOG_BYTES);
        OPEN_LOG_BYTES.min(free / 2)
    }

    /// Four copies of every span of the plan with 4 KiB each, or half of what is free.
    fn keep_plan(&self, spans: u64) -> KeepPlan {
        let free = machine::free_bytes(&self.scratch).unwrap_or(OPEN_LOG_BYTES);
        let wanted = (64 << 20) + spans.saturating_mul(4 * 4096);
        let most_bytes = if self.plan.subject().has_load() { wanted.min(free / 2) } else { free / 2 };
        let metric_bytes = self.variant.receiver.keeps_metrics().then_some(METRIC_BYTES.min(free / 4));
        KeepPlan { folder: self.scratch.clone(), most_bytes, metric_bytes }
    }

    fn hop_stage<'s>(&'s self, links: &'s TrialLinks) -> HopStage<'s> {
        HopStage {
            hops: &self.variant.hops,
            engine: self.variant.engine.as_ref(),
            keep: self.variant.receiver.keeps_spans(),
            dir: &self.dir,
            scratch: &self.scratch,
            programs: self.programs,
            cpus: &self.cpus.harness,
            limits: &self.limits,
            guard: self.guard,
            links,
            log_bytes: self.receiver_log_bytes(self.plan.spans_per_trial(self.variant)),
        }
    }

    fn stage<'s>(&'s self, hops: &Hops<'_>, receiver: SocketAddr, links: &'s TrialLinks) -> TrialStage<'s> {
        TrialStage {
            plan: self.plan,
            planned: self.planned,
            variant: self.variant,
            dir: &self.dir,
            scratch: &self.scratch,
            programs: self.programs,
            cpus: &self.cpus.fixture,
            limits: &self.limits,
            guard: self.guard,
            interrupt: self.interrupt,
            receiver: hops.address().unwrap_or(receiver),
            engine: hops.beside(),
            links,
            unprivileged: self.unprivileged(),
        }
    }

    /// Runs the load to its end, or until the user stops it; whether they did, and how its thread was scheduled. A fixture that
    /// dies is data: the load goes on.
    fn drive(
        &self,
        driver: &mut Driver<'_>,
        scene: &mut FaultScene<'_, '_, '_>,
        receiver: &RunningReceiver,
        began: u64,
        tick: &mut dyn FnMut(Tick),
    ) -> Result<(bool, String), RunError> {
        let mut cut_short = false;
        let starts = self.starts();
        let intended = starts.count();
        let (target, path) = scene.services.entry()?;
        let name = &self.plan.services[0].name;
        let running = load::start(load::LoadConfig {
            target: scene.links.route(&Target::Link { from: None, to: Some(name.clone()) }, target)?,
            path,
            starts,
            start_at: began,
            timeout: self.plan.load_of(self.variant).timeout.0,
            headers: self.headers(),
            log: self.scratch.join(LOAD_LOG),
            real_time: self.cpus.fixture != self.cpus.harness,
            limits: Arc::clone(&self.limits),
        })?;
        let mut shown = 0;
        let mut switch = ProbeSwitch::of(scene.watch.stage);
        while !running.is_finished() {
            if self.interrupt.requested() {
                running.stop_early();
                scene.services.end_for_user();
                cut_short = true;
            }
            let due = driver.step(scene)?;
            switch.step(scene.services, scene.watch.events)?;
            let now = clock::now();
            if now >= shown + LOOK.as_nanos() as u64 {
                shown = now;
                let started = running.progress().started;
                let arrived = scene.hops.taken().unwrap_or(receiver.counts().accepted);
                tick(Tick::Load { phase: "load", started, intended, received: arrived });
            }
            clock::sleep_until(due.min(now + LOOK.as_nanos() as u64));
        }
        switch.finish(scene.watch.events)?;
        let summary = running.join()?;
        Ok((cut_short, summary.scheduling))
    }

    fn starts(&self) -> load::Starts {
        let plan = self.plan.load_of(self.variant);
        match plan.closed {
            Some(Closed { connections, requests }) => {
                load::Starts::Closed { connections: connections.get(), requests: requests.get() }
            }
            None => load::Starts::Open {
                schedule: schedule(plan, self.planned.seed).into(),
                measured_from: plan.warmup.nanos(),
                max_in_flight: plan.max_in_flight.get(),
            },
        }
    }

    fn headers(&self) -> load::Headers {
        let tag = self.planned.tag;
        let first = self.plan.services.first();
        // A program of the user's own does not know our numbers; it knows traceparent.
        let usual = if first.is_some_and(Service::is_own) { Root::RemoteSampled } else { Root::Local };
        match first.and_then(|service| service.root).unwrap_or(usual) {
            Root::Local => load::Headers::Number,
            Root::RemoteSampled => load::Headers::TraceParent { tag, sampled: true },
            Root::RemoteUnsampled => load::Headers::TraceParent { tag, sampled: false },
        }
    }
}

/// Stops all services, then the collectors when they have sent what they hold; faults whose time is not over act until they are gone.
fn stop(driver: &mut Driver<'_>, scene: &mut FaultScene<'_, '_, '_>) -> Result<(), RunError> {
    for service in scene.services.callers_first() {
        while scene.services.forget_or_stop(service)? {
            let due = driver.step(scene)?;
            clock::sleep_until(due.min(clock::now() + STOP_LOOK.as_nanos() as u64));
        }
    }
    for hop in 0..scene.hops.len() {
        while scene.hops.wind_up(hop, &mut scene.watch)? {
            let due = driver.step(scene)?;
            clock::sleep_until(due.min(clock::now() + STOP_LOOK.as_nanos() as u64));
        }
    }
    driver.finish(scene)
}

/// What the receiver is told to do with requests, by fault.
fn script_of(variant: &PlannedVariant) -> Script {
    let entry = |(number, fault): (usize, &Fault)| {
        let FaultKind::Answer(answer) = &fault.kind else { return None };
        let when = fault.requests.map_or(EntryWhen::Switched, |requests| EntryWhen::Requests {
            from: requests.from,
            to: requests.to.unwrap_or(u32::MAX),
            every: requests.every.get(),
        });
        Some(ScriptEntry { fault: number as u8, answer: answer.clone(), when })
    };
    Script::new(variant.faults.iter().enumerate().filter_map(entry).collect())
}
