//! The place of one collector: the process that fills it now, and what is to become of it.

mod drain;

use nix::sys::signal::Signal;
use serde_json::json;
use spanfate_model::format::event::EventKind;
use spanfate_model::format::layout::hop_page_name;
use spanfate_model::format::manifest::{HopManifest, HopPageManifest, ProcessEnd, TrialManifest};
use spanfate_model::quantity::unit::{MonoNs, Period};
use spanfate_model::scenario::pipeline::CollectorHop;

use super::HopStage;
use super::set::HopSet;
use crate::fixture::RunningService;
use crate::hop::page;
use crate::hop::start::{CollectorStart, READY_BOUND, last_words, listens};
use crate::host::clock;
use crate::receiver::RunningReceiver;
use crate::trial::events::EventLog;
use crate::trial::services::{Blame, ServiceWatch};
use crate::{RunError, store};
use drain::HopDrain;

/// How often it is looked whether it listens.
const LOOK_NS: u64 = 20_000_000;
/// How often it is looked how full its queues are, where a fault waits for that.
const QUEUE_LOOK_NS: u64 = 50_000_000;
/// A collector's place in the path.
pub(super) struct HopPlace {
    index: usize,
    hop: CollectorHop,
    set: HopSet,
    pub(super) tap: RunningReceiver,
    running: Option<RunningService>,
    /// Until when it has to listen, where it does not yet.
    awaited: Option<MonoNs>,
    /// When it is next looked whether it does.
    look_at: MonoNs,
    /// Its entry in the manifest.
    entry: usize,
    starts: u32,
    pub(super) blame: Option<Blame>,
    /// When it is started again.
    again_at: Option<MonoNs>,
    /// When it is killed, having been asked to stop.
    until: Option<MonoNs>,
    /// It is stopped by a signal, and answers nobody.
    stopped: bool,
    /// It has been told to read its configuration again.
    reload: Option<HopReload>,
    drain: Option<HopDrain>,
}

/// A collector that reads its configuration again.
#[derive(Clone, Copy)]
struct HopReload {
    fault: usize,
    asked: MonoNs,
}

impl HopPlace {
    pub(super) fn new(
        (index, hop): (usize, CollectorHop),
        set: HopSet,
        tap: RunningReceiver,
        now: MonoNs,
    ) -> Self {
        Self {
            index,
            hop,
            set,
            tap,
            running: None,
            awaited: None,
            look_at: now,
            entry: 0,
            starts: 0,
            blame: None,
            again_at: None,
            until: None,
            stopped: false,
            reload: None,
            drain: None,
        }
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(RunningService::pid)
    }

    pub(super) fn is_called(&self, name: &str) -> bool {
        self.hop.name == name
    }

    /// What its queues hold, by its own metrics, where it is time for another look and it answers.
    pub(super) fn queue(&mut self) -> Option<u64> {
        let now = clock::now();
        if now < self.look_at || self.running.is_none() || self.stopped || self.awaited.is_some() {
            return None;
        }
        self.look_at = now + QUEUE_LOOK_NS;
        page::of(self.set.metrics).map(|page| page::queued(&page))
    }

    pub(super) fn signal(&mut self, signal: Signal) {
        self.stopped = (self.stopped || signal == Signal::SIGSTOP) && signal != Signal::SIGCONT;
        if let Some(running) = &self.running {
            running.signal(signal);
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.awaited.is_some() || self.again_at.is_some() || self.until.is_some() || self.reload.is_some()
    }

    /// Asks it to stop, to be killed after `grace`, or else after what its hop says.
    pub(super) fn ask_to_stop(&mut self, grace: Option<Period>) -> Result<(), RunError> {
        let Some(running) = self.running.as_mut() else { return Ok(()) };
        running.ask_to_stop(Signal::SIGTERM, false)?;
        self.until.get_or_insert(clock::now() + grace.unwrap_or(self.hop.shutdown).nanos());
        Ok(())
    }

    /// Has it read its configuration again. Where it ends over that, the fault ended it.
    pub(super) fn reload(&mut self, fault: usize) {
        let Some(running) = &self.running else { return };
        running.signal(Signal::SIGHUP);
        self.reload = Some(HopReload { fault, asked: clock::now() });
        self.blame = Some(Blame { fault, restart_after: None });
    }

    /// Starts it; it may not listen yet. The manifest is on disk before, so that a torn trial can be analysed.
    pub(super) fn begin(
        &mut self,
        stage: &HopStage<'_>,
        manifest: &mut TrialManifest,
        events: &mut EventLog,
    ) -> Result<(), RunError> {
        let incarnation = self.starts;
        let began = clock::now();
        self.enter(began, manifest);
        store::write_json(&stage.dir.manifest(), manifest)?;
        let start = CollectorStart {
            hop: &self.hop.name,
            program: &self.set.program,
            arguments: &self.set.arguments,
            environment: &self.set.environment,
            folder: self.set.folder.as_deref(),
            cpus: stage.cpus,
            output: &self.set.output,
        };
        let running = start.begin(stage.guard)?;
        let data = json!({"service": self.hop.name, "pid": running.pid(), "incarnation": incarnation});
        events.say(EventKind::ProcessStarted, data)?;
        self.running = Some(running);
        self.starts += 1;
        self.stopped = false;
        self.awaited = Some(began + READY_BOUND.as_nanos() as u64);
        Ok(())
    }

    /// Gives another start of it a place in the manifest.
    fn enter(&mut self, began: MonoNs, manifest: &mut TrialManifest) {
        self.entry = manifest.hops.len();
        manifest.hops.push(HopManifest {
            hop: self.hop.name.clone(),
            place: self.index as u8,
            incarnation: self.starts,
            began,
            exporter: self.set.exporter.clone(),
            to_engine: self.set.to_engine.clone(),
            holds: self.set.holds,
            ends: self.set.ends.iter().map(|(end, _)| end.clone()).collect(),
            rewritten: self.set.rewritten.clone(),
            ..HopManifest::default()
        });
    }

    /// Waits until it listens.
    pub(super) fn wait(
        &mut self,
        stage: &HopStage<'_>,
        manifest: &mut TrialManifest,
    ) -> Result<(), RunError> {
        while !self.has_come(stage, manifest)? {
            let ended = self.running.as_mut().map(RunningService::end).transpose()?.flatten();
            if ended.is_some() {
                return Err(self.fail("ended before it listened"));
            }
            clock::sleep_until(clock::now() + LOOK_NS);
        }
        Ok(())
    }

    /// Notes that it listens, where it does; whether it is awaited no more.
    fn has_come(&mut self, stage: &HopStage<'_>, manifest: &mut TrialManifest) -> Result<bool, RunError> {
        let Some(until) = self.awaited else { return Ok(true) };
        let now = clock::now();
        if now < self.look_at {
            return Ok(false);
        }
        self.look_at = now + LOOK_NS;
        if self.set.listens.iter().all(|port| listens(*port)) {
            self.awaited = None;
            if let Some(hop) = manifest.hops.get_mut(self.entry) {
                hop.ready = clock::now();
            }
            store::write_json(&stage.dir.manifest(), manifest)?;
            return Ok(true);
        }
        if now > until {
            return Err(self.fail(&format!("did not listen within {} s", READY_BOUND.as_secs())));
        }
        Ok(false)
    }

    fn fail(&self, what: &str) -> RunError {
        let said = last_words(&self.set.output);
        let arguments: Vec<_> = self.set.arguments.iter().map(|one| one.to_string_lossy()).collect();
        let problem = format!("{what} (arguments: {}). It said:\n{said}", arguments.join(" "));
        RunError::Fixture { fixture: self.hop.name.clone(), problem }
    }

    /// Whether it has read its configuration again: its pipeline is another one then, with counters that began anew. To the books that is
    /// an orderly end and another start, in one process.
    fn has_reloaded(
        &mut self,
        stage: &HopStage<'_>,
        watch: &mut ServiceWatch<'_, '_>,
    ) -> Result<(), RunError> {
        let Some(HopReload { fault, asked }) = self.reload else { return Ok(()) };
        let now = clock::now();
        if now < self.look_at {
            return Ok(());
        }
        self.look_at = now + LOOK_NS;
        let up = page::of(self.set.metrics).and_then(|page| page::up_for(&page));
        // It said so at some moment between its being asked and now.
        let said = now.midpoint(clock::now());
        let began = up.map_or(0, |up| said.saturating_sub(up));
        if began <= asked || !self.set.listens.iter().all(|port| listens(*port)) {
            let late = now > asked + READY_BOUND.as_nanos() as u64 + self.hop.shutdown.nanos();
            return if late { Err(self.fail("did not come back after SIGHUP")) } else { Ok(()) };
        }
        if let Some(hop) = watch.manifest.hops.get_mut(self.entry) {
            hop.end = Some(ProcessEnd {
                at: began,
                code: Some(0),
                asked_to_stop: Some(asked),
                asked_with: Some(Signal::SIGHUP as i32),
                fault: Some(fault),
                ..ProcessEnd::default()
            });
        }
        (self.reload, self.blame) = (None, None);
        self.enter(began, watch.manifest);
        if let Some(hop) = watch.manifest.hops.get_mut(self.entry) {
            hop.ready = now;
        }
        self.starts += 1;
        store::write_json(&stage.dir.manifest(), watch.manifest)
    }

    /// Keeps what its metrics say now.
    pub(super) fn look_inside(
        &mut self,
        stage: &HopStage<'_>,
        manifest: &mut TrialManifest,
    ) -> Result<(), RunError> {
        if self.running.is_none() || self.stopped || self.awaited.is_some() {
            return Ok(());
        }
        let at = clock::now();
        match page::of(self.set.metrics) {
            Some(page) => self.keep(stage, manifest, at, &page),
            None => Ok(()),
        }
    }

    fn keep(
        &self,
        stage: &HopStage<'_>,
        manifest: &mut TrialManifest,
        at: MonoNs,
        page: &str,
    ) -> Result<(), RunError> {
        let Some(hop) = manifest.hops.get_mut(self.entry) else { return Ok(()) };
        let file = hop_page_name(&self.hop.name, hop.incarnation, hop.pages.len());
        store::write_bytes(&stage.dir.raw(&file), page.as_bytes())?;
        hop.pages.push(HopPageManifest { file, at });
        store::write_json(&stage.dir.manifest(), manifest)
    }

    /// Looks after it; whether its process has just ended.
    pub(super) fn look(
        &mut self,
        stage: &HopStage<'_>,
        watch: &mut ServiceWatch<'_, '_>,
        suspect: Option<Blame>,
    ) -> Result<bool, RunError> {
        if self.again_at.is_some_and(|at| clock::now() >= at) {
            self.again_at = None;
            self.begin(stage, watch.manifest, watch.events)?;
        }
        let Some(running) = self.running.as_mut() else { return Ok(false) };
        let Some(mut end) = running.end()? else {
            if self.until.is_some_and(|until| clock::now() >= until) {
                running.kill();
            }
            self.has_come(stage, watch.manifest)?;
            self.has_reloaded(stage, watch)?;
            return Ok(false);
        };
        let asked = end.asked_to_stop.is_some();
        let blame = self.blame.take().or_else(|| suspect.filter(|_| !asked));
        end.fault = blame.map(|blame| blame.fault);
        let at = end.at;
        let data = json!({"service": self.hop.name, "code": end.code, "signal": end.signal});
        if let Some(hop) = watch.manifest.hops.get_mut(self.entry) {
            hop.end = Some(end);
        }
        store::write_json(&stage.dir.manifest(), watch.manifest)?;
        watch.events.say(EventKind::ProcessExited, data)?;
        self.again_at = blame.and_then(|blame| Some(at + blame.restart_after?));
        (self.running, self.until, self.awaited, self.drain, self.reload) = (None, None, None, None, None);
        Ok(true)
    }

    /// Ends the tap, notes what that took, and ends the receivers of its further exporters; its process is gone by then.
    pub(super) fn close(self, manifest: &mut TrialManifest) -> Result<(), RunError> {
        drop(self.running);
        let mut done = self.tap.stop().map(|summary| {
            if let Some(hop) = manifest.hops.get_mut(self.entry) {
                hop.tap_cpu_ns = summary.cpu_ns;
            }
        });
        for (_, end) in self.set.ends {
            done = done.and(end.stop().map(drop));
        }
        done
    }
}
