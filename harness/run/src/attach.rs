//! A program of the user's own, run as it always does, with probes on it and its spans taken by our receiver. It is a trial
//! without a load, and leaves what a trial leaves.

mod join;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;
use spanfate_model::event::EventKind;
use spanfate_model::layout::{RunDir, TrialDir, WIRE_LOG, probe_name};
use spanfate_model::manifest::{FORMAT, ProcessEnd, ProcessManifest, RunManifest, Status, TrialManifest};
use spanfate_model::plan::Plan;
use spanfate_model::probe::{Ebpf, ProbeManifest};
use spanfate_model::scenario::Service;
use spanfate_probes::ProbeError;

use crate::child::{Managed, Manner, code_and_signal, command_in};
use crate::events::EventLog;
use crate::guard::Guard;
use crate::interrupt::Interrupt;
use crate::probe::{self, Probing};
use crate::receiver::{self, Deadlines, DiscardPlan, Receiver, Script, Upstream};
use crate::usage::{Sampler, Subject};
use crate::{Error, clock, fixture, machine, store};

pub use join::{Joined, join};

/// How often the program is looked at.
const LOOK_NS: u64 = 20_000_000;
/// Largest message, uncompressed.
const MOST_BYTES: usize = 16 << 20;
/// Most bytes of the wire log: 64 per span.
const LOG_LIMIT: u64 = 8 << 30;

/// A program to attach to.
#[expect(missing_debug_implementations, reason = "it holds a closure")]
pub struct Attach<'a> {
    /// Where its own paths begin.
    pub base: &'a Path,
    /// The plan, whose one service it is.
    pub plan: &'a Plan,
    /// What the program gets to stop in order, before it is killed.
    pub grace: Duration,
    /// Ctrl-C; it is handed on to the program.
    pub interrupt: &'a Interrupt,
    /// Where what it exports goes on to.
    pub relay: Option<&'a Upstream>,
    /// Says to the user why the relay does not work, when it begins not to.
    pub say: &'a dyn Fn(&str),
}

/// How far it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tick {
    /// Spans started.
    pub started: u64,
    /// Dropped for a full queue.
    pub dropped: u64,
    /// Handed to an exporter.
    pub handed: u64,
    /// Batches that came back with an error.
    pub failed: u64,
    /// Accepted by our receiver, or by the endpoint behind it.
    pub received: u64,
    /// Requests that the endpoint behind the relay did not take.
    pub not_taken: u64,
}

/// The program with all that is around it.
struct Stage {
    child: Managed,
    probing: Option<Probing>,
    receiver: Receiver,
    sampler: Sampler,
    events: EventLog,
}

impl Attach<'_> {
    fn service(&self) -> Result<&Service, Error> {
        self.plan.services.first().ok_or_else(|| self.fail("has no command".to_owned()))
    }

    fn fail(&self, problem: String) -> Error {
        Error::Fixture { fixture: self.plan.name.clone(), problem }
    }

    /// Runs it to its end. What a run leaves is in its directory, as after any other.
    pub fn execute(&self, dir: &RunDir, show: &mut dyn FnMut(Tick)) -> Result<(), Error> {
        let mut run: RunManifest = store::read_json(&dir.manifest())?;
        let cpus = machine::divide_cpus();
        let scratch_root = machine::scratch_root(LOG_LIMIT.min(1 << 30), &dir.0);
        let mut environment = machine::environment(&cpus, &scratch_root);
        // It is not kept apart from us: it runs as it always does.
        environment.fixture_cpus.clone_from(&cpus.allowed);
        store::write_json(&dir.environment(), &environment)?;
        run.trials.push(0);
        store::write_json(&dir.manifest(), &run)?;
        let scratch = scratch_root.join(format!("{}{}", store::SCRATCH_PREFIX, dir.id()));
        let done = self.trial(&dir.trial(0), &scratch, show);
        match &done {
            Ok(()) => run.status = Status::Complete,
            Err(error) => run.stopped_by = Some(error.to_string()),
        }
        store::write_json(&dir.manifest(), &run)?;
        done
    }

    fn trial(&self, dir: &TrialDir, scratch: &Path, show: &mut dyn FnMut(Tick)) -> Result<(), Error> {
        fs::create_dir_all(&dir.0).map_err(Error::unwritten(&dir.0))?;
        let claim = store::make_scratch(scratch, false)?;
        let service = self.service()?.name.clone();
        let log = probe_name(&service, 0);
        let probe = ProbeManifest { log: Some(log), mode: self.ebpf().mode, ..ProbeManifest::default() };
        let mut manifest = TrialManifest {
            format: FORMAT.to_owned(),
            scratch: Some(scratch.to_string_lossy().into_owned()),
            processes: vec![ProcessManifest { service, probe: Some(probe), ..ProcessManifest::default() }],
            ..TrialManifest::default()
        };
        manifest.phases.prepared = clock::now();
        store::write_json(&dir.manifest(), &manifest)?;
        let done = self.live(dir, scratch, &mut manifest, show);
        manifest.error = done.as_ref().err().map(ToString::to_string);
        store::adopt(dir, &manifest)?;
        drop(claim);
        manifest.scratch = None;
        manifest.phases.finished = clock::now();
        if done.is_ok() {
            manifest.status = Status::Complete;
        }
        store::write_json(&dir.manifest(), &manifest)?;
        done
    }

    fn ebpf(&self) -> Ebpf {
        self.plan.variants.first().and_then(|variant| variant.ebpf).unwrap_or_default()
    }

    /// The program's whole life.
    fn live(
        &self,
        dir: &TrialDir,
        scratch: &Path,
        manifest: &mut TrialManifest,
        show: &mut dyn FnMut(Tick),
    ) -> Result<(), Error> {
        let mut stage = self.start(dir, scratch, manifest)?;
        let began = clock::now();
        (manifest.phases.ready, manifest.phases.load_began) = (began, began);
        manifest.phases.measured_from = began;
        store::write_json(&dir.manifest(), manifest)?;
        let end = self.watch(&mut stage, show)?;
        manifest.phases.load_ended = end.asked_to_stop.unwrap_or(end.at);
        (manifest.phases.drained, manifest.phases.stopped) = (manifest.phases.load_ended, end.at);
        let data = json!({"service": self.service()?.name, "code": end.code, "signal": end.signal});
        stage.events.say(EventKind::ProcessExited, data)?;
        manifest.processes[0].end = Some(end);
        store::write_json(&dir.manifest(), manifest)?;
        if let Some(probing) = stage.probing.take() {
            probing.finish()?;
        }
        drop(stage.sampler);
        stage.receiver.stop().map(drop)
    }

    fn start(&self, dir: &TrialDir, scratch: &Path, manifest: &mut TrialManifest) -> Result<Stage, Error> {
        let mut events = EventLog::create(&dir.events())?;
        let receiver = receiver::start_with(receiver_config(scratch), self.relay)?;
        let guard = Arc::new(Guard::start()?);
        let mut child = self.spawn(receiver.address(), &guard)?;
        if !child.wait_held()? {
            return Err(self.fail("could not be started".to_owned()));
        }
        let service = self.service()?;
        let (name, program) = (probe_name(&service.name, 0), fixture::executable_of(service, self.base));
        let wanted = probe::Wanted {
            pid: child.pid(),
            program: &program,
            ebpf: &self.ebpf(),
            log: &scratch.join(&name),
            name: &name,
        };
        let (probing, about) = probe::put(&wanted)?.map_err(|error| unfit(&program, error))?;
        manifest.processes[0].probe = Some(about);
        let pids = vec![child.pid()];
        let subject = Subject { pids, cpus: machine::divide_cpus().allowed, ledgers: Vec::new() };
        let sampler = Sampler::start(subject, &dir.usage())?;
        let data = json!({"service": service.name, "pid": child.pid(), "incarnation": 0});
        events.say(EventKind::ProcessStarted, data)?;
        child.release();
        Ok(Stage { child, probing: Some(probing), receiver, sampler, events })
    }

    /// Starts the program with everything it has from its user; only where its spans go is ours.
    fn spawn(&self, receiver: SocketAddr, guard: &Arc<Guard>) -> Result<Managed, Error> {
        let service = self.service()?;
        let program = fixture::executable_of(service, self.base);
        let mut process = command_in(program, Manner { hold: true, ..Manner::default() })?;
        process.args(service.command.iter().skip(1)).envs(&service.env);
        let endpoint = format!("http://{receiver}");
        process.env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint);
        for name in fixture::ELSEWHERE {
            process.env_remove(name);
        }
        Managed::spawn_marked(process, guard, &service.name)
    }

    /// Waits for its end, hands on what the user asks for.
    fn watch(&self, stage: &mut Stage, show: &mut dyn FnMut(Tick)) -> Result<ProcessEnd, Error> {
        let (mut asked, mut said) = (None, None);
        loop {
            let trouble = stage.receiver.relay_trouble();
            if trouble != said {
                (self.say)(trouble.as_deref().unwrap_or_default());
                said = trouble;
            }
            if let Some(status) = stage.child.poll()? {
                let (code, signal) = code_and_signal(status);
                let end = ProcessEnd {
                    at: clock::now(),
                    code,
                    signal,
                    asked_to_stop: asked,
                    ..ProcessEnd::default()
                };
                return Ok(end);
            }
            let now = clock::now();
            match (self.interrupt.signal(), asked) {
                (Some(signal), None) => {
                    stage.child.signal(Signal::try_from(signal).unwrap_or(Signal::SIGTERM));
                    asked = Some(now);
                }
                (_, Some(since)) if now > since + self.grace.as_nanos() as u64 => stage.child.kill_group(),
                _ => {}
            }
            show(stage.tick());
            clock::sleep_until(now + LOOK_NS);
        }
    }
}

impl Stage {
    fn tick(&self) -> Tick {
        let counts = self.receiver.counts();
        let (received, not_taken) = (counts.accepted, counts.relay.refused + counts.relay.unanswered);
        let Some(probing) = &self.probing else { return Tick { received, not_taken, ..Tick::default() } };
        let seen = probing.seen();
        Tick {
            started: seen.started.load(Ordering::Relaxed),
            dropped: seen.dropped.load(Ordering::Relaxed),
            handed: seen.handed.load(Ordering::Relaxed),
            failed: seen.failed.load(Ordering::Relaxed),
            received,
            not_taken,
        }
    }
}

fn receiver_config(scratch: &Path) -> receiver::Config {
    let free = machine::free_bytes(scratch).unwrap_or(LOG_LIMIT);
    receiver::Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        answer_after: None,
        max_bytes: MOST_BYTES,
        max_spans: 65_536,
        deadlines: Deadlines::default(),
        log: scratch.join(WIRE_LOG),
        log_limit: LOG_LIMIT.min(free / 2),
        discard_acknowledged: DiscardPlan::default(),
        script: Script::default(),
        hop: 0,
        path: 0,
    }
}

/// Why a program cannot be attached to: itself, or the machine.
fn unfit(program: &Path, error: ProbeError) -> Error {
    match error {
        ProbeError::Kernel { .. } | ProbeError::Machine => {
            Error::Absent { what: "the eBPF witness".to_owned(), remedy: error.to_string() }
        }
        other => Error::Unfit { program: PathBuf::from(program), why: other.to_string() },
    }
}
