//! The services of a trial: those that are called start before those that call them, and stop after them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use spanfate_model::event::EventKind;
use spanfate_model::layout::{TrialDir, slots_name};
use spanfate_model::manifest::{ProcessManifest, TrialManifest};
use spanfate_model::plan::{Plan, PlannedTrial, PlannedVariant};
use spanfate_model::topology::callers_first;

use crate::events::EventLog;
use crate::fixture::{self, Own, Programs, Running, Setup, Start};
use crate::guard::Guard;
use crate::usage::Subject;
use crate::{Error, store};

/// What a service gets beyond its own shutdown deadline before it is killed.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// What starting the services needs.
pub(crate) struct Stage<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) planned: &'a PlannedTrial,
    pub(crate) variant: &'a PlannedVariant,
    pub(crate) dir: &'a TrialDir,
    pub(crate) scratch: &'a Path,
    pub(crate) programs: &'a Programs,
    pub(crate) cpus: &'a [u32],
    pub(crate) guard: &'a Arc<Guard>,
    pub(crate) receiver: SocketAddr,
}

/// Services that run, in the plan's order.
#[derive(Debug)]
pub(crate) struct Services {
    running: Vec<Option<Running>>,
    /// Indices, callers first.
    order: Vec<usize>,
    shutdown: Vec<Duration>,
}

impl Stage<'_> {
    /// Starts all services. The manifest is on disk before each start, so that a torn trial can be analysed.
    pub(crate) fn start(
        &self,
        manifest: &mut TrialManifest,
        events: &mut EventLog,
    ) -> Result<Services, Error> {
        let services = &self.plan.services;
        let order = callers_first(services)
            .map_err(|error| Error::Fixture { fixture: "chain".to_owned(), problem: error.to_string() })?;
        manifest.processes = (0..services.len()).map(|index| self.process(index)).collect();
        store::write_json(&self.dir.manifest(), manifest)?;
        let mut out = Services {
            running: services.iter().map(|_| None).collect(),
            shutdown: services.iter().map(|service| service.shutdown.0).collect(),
            order,
        };
        for index in out.order.clone().into_iter().rev() {
            let running = self.start_one(index, &out)?;
            let process = &mut manifest.processes[index];
            process.effective = running.effective();
            (process.gomaxprocs, process.go, process.sdk) = running.runtime();
            store::write_json(&self.dir.manifest(), manifest)?;
            let (pid, address) = (running.pid(), running.address);
            let data = json!({"service": services[index].name, "pid": pid, "address": address});
            events.say(EventKind::ProcessStarted, data)?;
            out.running[index] = Some(running);
        }
        Ok(out)
    }

    fn process(&self, index: usize) -> ProcessManifest {
        let service = &self.plan.services[index];
        let witnessed = self.plan.is_witnessed(self.variant, service);
        ProcessManifest {
            service: service.name.clone(),
            process: index as u16,
            ledger: witnessed.then(|| slots_name(&service.name, 0)),
            ..ProcessManifest::default()
        }
    }

    fn start_one(&self, index: usize, started: &Services) -> Result<Running, Error> {
        let service = &self.plan.services[index];
        let stderr = self.dir.stderr_of(&service.name);
        let ledger = self.plan.is_witnessed(self.variant, service).then(|| self.ledger(index));
        let setup = Setup {
            plan: self.plan,
            trial: self.planned,
            variant: self.variant,
            index,
            receiver: self.receiver,
            ledger: ledger.as_deref(),
            reached: &started.addresses(),
        };
        if service.is_own() {
            return Own {
                service,
                base: &self.programs.base,
                environment: fixture::environment_of(&setup),
                cpus: self.cpus,
                stdout: &self.dir.stdout_of(&service.name),
                stderr: &stderr,
            }
            .start(self.guard);
        }
        let config = self.dir.fixture_config(&service.name);
        fixture::write_config(&config, &setup)?;
        let start = Start {
            name: &service.name,
            program: &self.programs.fixture,
            config: &config,
            environment: fixture::environment_of(&setup),
            cpus: self.cpus,
            stderr: &stderr,
        };
        Running::start(&start, self.guard)
    }

    fn ledger(&self, index: usize) -> PathBuf {
        self.scratch.join(slots_name(&self.plan.services[index].name, 0))
    }

    /// What the sampler looks at.
    pub(crate) fn subject(&self, services: &Services) -> Subject {
        let witnessed = |index: &usize| self.plan.is_witnessed(self.variant, &self.plan.services[*index]);
        Subject {
            pids: services.running.iter().flatten().map(Running::pid).collect(),
            cpus: self.cpus.to_vec(),
            ledgers: (0..self.plan.services.len())
                .filter(witnessed)
                .map(|index| self.ledger(index))
                .collect(),
        }
    }
}

impl Services {
    fn addresses(&self) -> Vec<Option<SocketAddr>> {
        self.running.iter().map(|running| running.as_ref().map(|running| running.address)).collect()
    }

    /// Address and path of the requests: the first service gets them.
    pub(crate) fn entry(&self) -> Result<(SocketAddr, String), Error> {
        let first = self.running.first().and_then(Option::as_ref);
        first.map(|running| (running.address, running.path.clone())).ok_or_else(|| Error::Fixture {
            fixture: "chain".to_owned(),
            problem: "has no service that could take the load".to_owned(),
        })
    }

    /// Stops all, callers first, so that nobody calls a service that is gone.
    pub(crate) fn stop(mut self, manifest: &mut TrialManifest, events: &mut EventLog) -> Result<(), Error> {
        for index in self.order.clone() {
            let Some(running) = self.running[index].take() else { continue };
            let end = running.stop(self.shutdown[index] + STOP_GRACE)?;
            manifest.phases.stopped = end.at;
            let process = &mut manifest.processes[index];
            let data = json!({"service": process.service, "code": end.code, "signal": end.signal});
            process.end = Some(end);
            events.say(EventKind::ProcessExited, data)?;
        }
        Ok(())
    }
}
