//! The place of one service: the process that fills it now, and what is to become of it.

use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;
use spanfate_model::format::event::{EventKind, LiveState};
use spanfate_model::format::manifest::TrialManifest;
use spanfate_model::format::slots::{HEADER_BYTES, read_live};
use spanfate_model::quantity::unit::MonoNs;

use super::{Blame, ServiceWatch, TrialStage, note_end};
use crate::fixture::{RunningService, Starting};
use crate::host::clock;
use crate::trial::events::EventLog;
use crate::{RunError, store};

/// A service's place.
#[derive(Debug, Default)]
pub(super) struct ServicePlace {
    pub(super) running: Option<RunningService>,
    pub(super) starting: Option<Starting>,
    /// Its entry in the manifest's processes.
    pub(super) entry: usize,
    /// Which start of it this is.
    pub(super) incarnation: u32,
    pub(super) address: Option<SocketAddr>,
    pub(super) path: String,
    pub(super) shutdown: Duration,
    /// Its span ledger, open for the live words.
    pub(super) ledger: Option<File>,
    /// What its end is put down to, when it comes.
    pub(super) blame: Option<Blame>,
    /// When it is started again.
    pub(super) again_at: Option<MonoNs>,
    /// When it is killed, having been asked to stop.
    pub(super) until: Option<MonoNs>,
}

impl ServicePlace {
    pub(super) fn is_busy(&self) -> bool {
        self.starting.is_some() || self.again_at.is_some() || self.until.is_some()
    }

    pub(super) fn state(&self) -> Option<LiveState> {
        let mut page = [0; HEADER_BYTES];
        self.ledger.as_ref()?.read_exact_at(&mut page, 0).ok()?;
        let live = read_live(&page);
        Some(LiveState { queue: live.queue, in_flight: live.in_flight, created: live.next_slot })
    }

    /// Takes in a process that is ready, and says so where it is written down.
    pub(super) fn enter(
        &mut self,
        running: RunningService,
        service: usize,
        stage: &TrialStage<'_>,
        manifest: &mut TrialManifest,
        events: &mut EventLog,
    ) -> Result<(), RunError> {
        if let Some(process) = manifest.processes.get_mut(self.entry) {
            process.effective = running.effective();
            (process.gomaxprocs, process.go, process.sdk) = running.runtime();
            process.probe = running.probe().or(process.probe.take());
        }
        store::write_json(&stage.dir.manifest(), manifest)?;
        let name = &stage.plan.services[service].name;
        let mut data = json!({"service": name, "pid": running.pid(), "incarnation": self.incarnation});
        if let Some((address, path)) = &running.entry {
            data["address"] = json!(address);
            (self.address, self.path) = (Some(*address), path.clone());
        }
        events.say(EventKind::ProcessStarted, data)?;
        // Without it only triggers are blind; those are refused where there is no ledger.
        self.ledger = stage.ledger_of(service, self.incarnation).and_then(|path| File::open(path).ok());
        self.running = Some(running);
        Ok(())
    }

    /// Asks its process to stop by a signal, to be killed when the time to shut down and some grace are over; whether there is one.
    pub(super) fn ask_to_stop(
        &mut self,
        by: Signal,
        grace: Duration,
        for_user: bool,
    ) -> Result<bool, RunError> {
        let Some(running) = self.running.as_mut() else { return Ok(false) };
        running.ask_to_stop(by, for_user)?;
        self.until.get_or_insert(clock::now() + (self.shutdown + grace).as_nanos() as u64);
        Ok(true)
    }

    /// Notes its end, if it has come, and kills it when it is overdue; whether it has just ended.
    pub(super) fn end_overdue_or_none(
        &mut self,
        service: usize,
        watch: &mut ServiceWatch<'_, '_>,
        suspect: &dyn Fn(usize) -> Option<Blame>,
    ) -> Result<bool, RunError> {
        let Some(running) = self.running.as_mut() else { return Ok(false) };
        let Some(mut end) = running.end()? else {
            if self.until.is_some_and(|until| clock::now() >= until) {
                running.kill();
            }
            return Ok(false);
        };
        running.finish_probes()?;
        if let Some(process) = watch.manifest.processes.get_mut(self.entry) {
            process.probe = running.probe().or(process.probe.take());
        }
        let asked = end.asked_to_stop.is_some();
        let blame = self.blame.take().or_else(|| suspect(service).filter(|_| !asked));
        end.fault = blame.map(|blame| blame.fault);
        let at = note_end(service, self.entry, end, watch)?;
        self.again_at = blame.and_then(|blame| Some(at + blame.restart_after?));
        (self.running, self.until) = (None, None);
        Ok(true)
    }
}
