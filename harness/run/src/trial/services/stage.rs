//! What starting services needs, and starting them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use spanfate_model::fault::Target;
use spanfate_model::format::layout::{self, TrialDir, lines_name, probe_name, slots_name, trace_events_name};
use spanfate_model::format::manifest::ProcessManifest;
use spanfate_model::format::probe::ProbeManifest;
use spanfate_model::plan::subject::Subject;
use spanfate_model::plan::{Plan, PlannedTrial, PlannedVariant};

use super::Services;
use crate::fixture::{self, Own, Probes, Programs, RunningService, Setup, Start, Starting};
use crate::host::limits::{LimitsMet, need_room};
use crate::probe::{self, Probing};
use crate::process::guard::Guard;
use crate::process::interrupt::Interrupt;
use crate::trial::links::TrialLinks;
use crate::trial::usage::Sampled;
use crate::{RunError, store};

/// What starting the services needs.
pub(crate) struct TrialStage<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) planned: &'a PlannedTrial,
    pub(crate) variant: &'a PlannedVariant,
    pub(crate) dir: &'a TrialDir,
    pub(crate) scratch: &'a Path,
    pub(crate) programs: &'a Programs,
    pub(crate) cpus: &'a [u32],
    pub(crate) limits: &'a Arc<LimitsMet>,
    pub(crate) guard: &'a Arc<Guard>,
    pub(crate) interrupt: &'a Interrupt,
    pub(crate) receiver: SocketAddr,
    /// Where the path to an engine beside the receiver leads.
    pub(crate) engine: Option<SocketAddr>,
    pub(crate) links: &'a TrialLinks,
    /// Fixtures run as a user without rights.
    pub(crate) unprivileged: bool,
}

impl TrialStage<'_> {
    /// What the manifest says of a start of a service before it has happened.
    pub(super) fn process(&self, index: usize, incarnation: u32) -> ProcessManifest {
        let service = &self.plan.services[index];
        let witnessed = self.plan.is_witnessed(self.variant, service);
        ProcessManifest {
            service: service.name.clone(),
            process: index as u16,
            incarnation,
            ledger: witnessed.then(|| slots_name(&service.name, incarnation)),
            trace: service.runtime_trace.then(|| trace_events_name(&service.name, incarnation)),
            logs: self.variant.writes_lines(service).then(|| lines_name(&service.name, incarnation)),
            // As long as nothing else is known; a torn trial has it so.
            probe: self.is_probed(index).then(|| ProbeManifest {
                log: Some(probe_name(&service.name, incarnation)),
                mode: self.variant.ebpf.unwrap_or_default().mode,
                ..ProbeManifest::default()
            }),
            telemetry: if service.is_own() {
                fixture::telemetry_of(service, &self.variant.exporter)
            } else {
                BTreeMap::new()
            },
            endpoint: self
                .links
                .route(&self.variant.exports_of(&service.name), self.receiver)
                .ok()
                .map(|to| to.to_string()),
            ..ProcessManifest::default()
        }
    }

    /// Starts one service and waits until it is ready; `say` hears what is waited for, where that takes long.
    pub(super) fn start_one(
        &self,
        index: usize,
        addresses: &[Option<SocketAddr>],
        say: &mut dyn FnMut(String),
    ) -> Result<RunningService, RunError> {
        let service = &self.plan.services[index];
        if !service.is_own() {
            return self.begin(index, 0, None, addresses)?.wait();
        }
        let reached = self.reached_from(index, addresses)?;
        let setup = self.setup(index, 0, None, &reached, None)?;
        let program = fixture::executable_of(service, &self.programs.base);
        let probes = |pid| self.probe(index, 0, pid, &program);
        let probes = self.variant.ebpf.is_some().then_some(&probes as &Probes<'_>);
        let base = &self.programs.base;
        if self.plan.subject().is_kept_apart() {
            let environment = fixture::environment_of(&setup);
            let (stdout, stderr) = (self.dir.stdout_of(&service.name), self.dir.stderr_of(&service.name));
            let output = Some((stdout.as_path(), stderr.as_path()));
            let own = Own { service, base, environment, cpus: self.cpus, output, probes };
            return own.start(self.guard, self.interrupt, say);
        }
        // It has everything from its user; only where its spans go is ours.
        let environment = vec![fixture::endpoint_of(&setup)];
        Own { service, base, environment, cpus: &[], output: None, probes }.hold(self.guard)
    }

    /// Whether a service shall have probes.
    fn is_probed(&self, index: usize) -> bool {
        self.variant.ebpf.is_some() && self.plan.services[index].makes_spans()
    }

    /// Puts probes on a start of a service.
    fn probe(
        &self,
        index: usize,
        incarnation: u32,
        pid: u32,
        program: &Path,
    ) -> Result<(Option<Probing>, ProbeManifest), RunError> {
        let ebpf = self.variant.ebpf.unwrap_or_default();
        let name = probe_name(&self.plan.services[index].name, incarnation);
        let log = self.scratch.join(&name);
        let limits = self.limits;
        let wanted = probe::WantedProbes { pid, program, ebpf: &ebpf, log: &log, name: &name, limits };
        if self.plan.subject() == Subject::Attached {
            // Nothing else sees what becomes of its spans.
            let (probing, about) = probe::put(&wanted)?.map_err(|error| RunError::unfit(program, &error))?;
            return Ok((Some(probing), about));
        }
        let done = probe::start(&wanted)?;
        match &done.1.absent {
            Some(why) if ebpf.required => Err(RunError::Absent {
                what: format!("the eBPF witness that the scenario requires ({why})"),
                remedy: "run as root on x86-64 Linux; `spanfate doctor` names what is missing".to_owned(),
            }),
            _ => Ok(done),
        }
    }

    /// Starts a fixture without waiting for it.
    pub(super) fn begin(
        &self,
        index: usize,
        incarnation: u32,
        listen: Option<SocketAddr>,
        addresses: &[Option<SocketAddr>],
    ) -> Result<Starting, RunError> {
        let service = &self.plan.services[index];
        let ledger = self.ledger_of(index, incarnation);
        let reached = self.reached_from(index, addresses)?;
        let setup = self.setup(index, incarnation, listen, &reached, ledger.as_deref())?;
        if ledger.is_some() {
            let bytes = fixture::ledger_bytes(self.plan, self.variant, index);
            need_room(self.scratch, bytes, &format!("the span ledger of {}", service.name))?;
        }
        // Beside the span ledger, for the results may lie where a user without rights may not go; and kept with them.
        let config = self.scratch.join(layout::fixture_config(&service.name));
        fixture::write_config(&config, &setup)?;
        store::copy(&config, &self.dir.fixture_config(&service.name))?;
        let program = self
            .programs
            .fixture_of(self.variant)
            .map_err(|problem| RunError::Fixture { fixture: service.name.clone(), problem })?;
        let probes = |pid| self.probe(index, incarnation, pid, program);
        let start = Start {
            name: &service.name,
            program,
            config: &config,
            environment: fixture::environment_of(&setup),
            cpus: self.cpus,
            stderr: &self.dir.stderr_of(&service.name),
            unprivileged: self.unprivileged,
            probes: self.is_probed(index).then_some(&probes as &Probes<'_>),
            takes_faults: fixture::takes_faults(self.variant, &service.name),
        };
        Starting::begin(&start, self.guard)
    }

    fn setup<'a>(
        &'a self,
        index: usize,
        incarnation: u32,
        listen: Option<SocketAddr>,
        reached: &'a [Option<SocketAddr>],
        ledger: Option<&'a Path>,
    ) -> Result<Setup<'a>, RunError> {
        let name = &self.plan.services[index].name;
        let exports = self.variant.exports_of(name);
        let to_engine = |address| self.links.route(&self.variant.to_engine(name), address);
        Ok(Setup {
            plan: self.plan,
            trial: self.planned,
            variant: self.variant,
            index,
            incarnation,
            listen,
            receiver: self.links.route(&exports, self.receiver)?,
            engine: self.engine.map(to_engine).transpose()?,
            ledger,
            reached,
        })
    }

    /// Where a service reaches the others: by a proxy where a fault is on the link.
    fn reached_from(
        &self,
        index: usize,
        addresses: &[Option<SocketAddr>],
    ) -> Result<Vec<Option<SocketAddr>>, RunError> {
        let from = &self.plan.services[index].name;
        let route = |(to, address): (&spanfate_model::scenario::Service, &Option<SocketAddr>)| {
            let link = Target::Link { from: Some(from.clone()), to: Some(to.name.clone()) };
            address.map(|address| self.links.route(&link, address)).transpose()
        };
        self.plan.services.iter().zip(addresses).map(route).collect()
    }

    /// Span ledger of a start of a service, if it keeps one.
    pub(crate) fn ledger_of(&self, index: usize, incarnation: u32) -> Option<PathBuf> {
        let service = &self.plan.services[index];
        let witnessed = self.plan.is_witnessed(self.variant, service);
        witnessed.then(|| self.scratch.join(slots_name(&service.name, incarnation)))
    }

    /// What the sampler looks at.
    pub(crate) fn sampled(&self, services: &Services) -> Sampled {
        let indices = 0..self.plan.services.len();
        Sampled {
            pids: indices.clone().filter_map(|index| services.pid(index)).collect(),
            cpus: self.cpus.to_vec(),
            ledgers: indices.filter_map(|index| self.ledger_of(index, 0)).collect(),
            limits: Arc::clone(self.limits),
            stopped: None,
        }
    }
}
