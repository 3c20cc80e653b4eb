//! The place of one collector: the process that fills it now, and what is to become of it.

use std::path::PathBuf;

use nix::sys::signal::Signal;
use serde_json::json;
use spanfate_model::format::event::EventKind;
use spanfate_model::format::layout::hop_page_name;
use spanfate_model::format::manifest::{
    HopEndManifest, HopManifest, HopPageManifest, HopRewrite, TrialManifest,
};
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::scenario::pipeline::CollectorHop;

use super::HopStage;
use crate::fixture::RunningService;
use crate::hop::page::{self, HeldInside};
use crate::hop::start::{CollectorStart, READY_BOUND, last_words, listens};
use crate::host::clock;
use crate::receiver::RunningReceiver;
use crate::trial::events::EventLog;
use crate::trial::services::{Blame, ServiceWatch};
use crate::{RunError, store};

/// How often it is looked whether it listens.
const LOOK_NS: u64 = 20_000_000;
/// How often it is looked what it still holds.
const DRAIN_LOOK_NS: u64 = 100_000_000;
/// It holds no more when nothing has changed for so long, beyond the time of its batches, and its queues are empty.
const STILL_NS: u64 = 2_000_000_000;

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
    drain: Option<HopDrain>,
}

/// How a collector is set up, whoever wrote its configuration.
pub(super) struct HopSet {
    pub(super) program: PathBuf,
    pub(super) configs: Vec<PathBuf>,
    /// Where it runs; absent: where the harness does.
    pub(super) folder: Option<PathBuf>,
    /// Where what it says goes.
    pub(super) output: PathBuf,
    /// Ports on which it takes spans.
    pub(super) listens: Vec<u16>,
    /// Port of its metrics.
    pub(super) metrics: u16,
    /// How long it may hold spans although it could send them.
    pub(super) holds: u64,
    /// The receivers of further exporters.
    pub(super) ends: Vec<(HopEndManifest, RunningReceiver)>,
    /// What the manifest says of all this.
    pub(super) exporter: Option<String>,
    pub(super) rewritten: Vec<HopRewrite>,
}

impl HopSet {
    /// The exporters of which each gets all that the collector takes.
    fn exporters(&self) -> Vec<String> {
        let further = self.ends.iter().map(|(end, _)| end.exporter.clone());
        self.exporter.iter().cloned().chain(further).collect()
    }
}

/// How far a collector is with what it holds.
struct HopDrain {
    /// When the patience ends.
    until: MonoNs,
    next: MonoNs,
    held: HeldInside,
    /// Since when nothing has changed.
    since: MonoNs,
    page: Option<(MonoNs, String)>,
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
            drain: None,
        }
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(RunningService::pid)
    }

    pub(super) fn signal(&mut self, signal: Signal) {
        self.stopped = (self.stopped || signal == Signal::SIGSTOP) && signal != Signal::SIGCONT;
        if let Some(running) = &self.running {
            running.signal(signal);
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.awaited.is_some() || self.again_at.is_some() || self.until.is_some()
    }

    pub(super) fn ask_to_stop(&mut self) -> Result<(), RunError> {
        let Some(running) = self.running.as_mut() else { return Ok(()) };
        running.ask_to_stop(Signal::SIGTERM, false)?;
        self.until.get_or_insert(clock::now() + self.hop.shutdown.nanos());
        Ok(())
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
        self.entry = manifest.hops.len();
        manifest.hops.push(HopManifest {
            hop: self.hop.name.clone(),
            place: self.index as u8,
            incarnation,
            began,
            exporter: self.set.exporter.clone(),
            holds: self.set.holds,
            ends: self.set.ends.iter().map(|(end, _)| end.clone()).collect(),
            rewritten: self.set.rewritten.clone(),
            ..HopManifest::default()
        });
        store::write_json(&stage.dir.manifest(), manifest)?;
        let start = CollectorStart {
            hop: &self.hop.name,
            program: &self.set.program,
            configs: &self.set.configs,
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
        let configs: Vec<_> = self.set.configs.iter().map(|config| config.display().to_string()).collect();
        let problem = format!("{what} (configuration: {}). It said:\n{said}", configs.join(", "));
        RunError::Fixture { fixture: self.hop.name.clone(), problem }
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
        (self.running, self.until, self.awaited, self.drain) = (None, None, None, None);
        Ok(true)
    }

    /// Lets it send what it holds and then asks it to stop; whether it is still there. One that is due to come back does: its queue
    /// may lie on disk.
    pub(super) fn wind_up(
        &mut self,
        stage: &HopStage<'_>,
        watch: &mut ServiceWatch<'_, '_>,
    ) -> Result<bool, RunError> {
        if self.running.is_none() {
            return Ok(self.again_at.is_some());
        }
        if self.until.is_some() || self.awaited.is_some() {
            return Ok(true);
        }
        let now = clock::now();
        let drain = self.drain.get_or_insert_with(|| HopDrain {
            // What a processor holds on purpose is not late.
            until: now + self.hop.drain.nanos().max(self.set.holds.saturating_add(2 * STILL_NS)),
            next: now,
            held: HeldInside::default(),
            since: now,
            page: None,
        });
        if now < drain.next {
            return Ok(true);
        }
        drain.next = now + DRAIN_LOOK_NS;
        if let Some(page) = (!self.stopped).then(|| page::of(self.set.metrics)).flatten() {
            let held = HeldInside::of(&page, &self.set.exporters());
            if held != drain.held {
                (drain.held, drain.since) = (held, now);
            }
            drain.page = Some((now, page));
        }
        let still = now >= drain.since + STILL_NS + self.set.holds && !drain.held.is_queued();
        // What a second start sends of a queue on disk it has not taken itself: its counters do not say when it is done.
        let empty = self.starts == 1 && drain.page.is_some() && drain.held.is_nothing();
        if empty || still || now >= drain.until {
            let page = drain.page.take();
            if let Some((at, page)) = page {
                self.keep(stage, watch.manifest, at, &page)?;
            }
            self.ask_to_stop()?;
        }
        Ok(true)
    }

    /// Ends the tap and the receivers of its further exporters; its process is gone by then.
    pub(super) fn close(self) -> Result<(), RunError> {
        drop(self.running);
        let mut done = self.tap.stop().map(drop);
        for (_, end) in self.set.ends {
            done = done.and(end.stop().map(drop));
        }
        done
    }
}
