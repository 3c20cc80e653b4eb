//! Faults of a process, from outside: signals, control groups, a neighbour.

use std::fs;
use std::sync::Arc;

use nix::sys::signal::Signal;
use spanfate_model::fault::FaultKind;
use spanfate_model::fault::measure::Measured;
use spanfate_model::format::event::Amounts;
use spanfate_model::quantity::unit::{MonoNs, Period};

use super::FaultScene;
use super::cgroup::{Cgroup, Controller};
use crate::RunError;
use crate::host::clock;
use crate::process::child::{Managed, command};
use crate::process::guard::Guard;
use crate::process::own;
use crate::trial::services::Blame;

/// Something that acts on a process until it is ended.
#[derive(Debug)]
pub(super) enum Injected {
    Pause { since: MonoNs },
    Cpu(Cgroup),
    Oom(Cgroup),
    Neighbour { child: Managed, since: MonoNs },
}

/// Applies a fault to a process that runs.
pub(super) fn apply(
    kind: &FaultKind,
    number: usize,
    service: usize,
    cpus: &[u32],
    scene: &mut FaultScene<'_, '_, '_>,
) -> Result<Option<Injected>, RunError> {
    let Some(pid) = scene.pid(service) else { return Ok(None) };
    // What only may end it is a suspect while it acts, and no more.
    if let Some(restart) = kind.ends_process().filter(|_| kind.is_moment()) {
        scene.blame(service, Blame { fault: number, restart_after: restart.map(Period::nanos) })?;
    }
    let name = || format!("spanfate-{}-{pid}-{number}", std::process::id());
    Ok(match kind {
        FaultKind::Kill(_) => {
            scene.signal(service, Signal::SIGKILL);
            None
        }
        FaultKind::Terminate(down) => {
            scene.ask_to_stop(service, down.grace)?;
            None
        }
        FaultKind::Reload => {
            scene.reload(service, number)?;
            None
        }
        FaultKind::Pause => {
            scene.signal(service, Signal::SIGSTOP);
            Some(Injected::Pause { since: clock::now() })
        }
        FaultKind::Cpu(cpu) => {
            let group = Cgroup::create(Controller::Cpu, &name(), scene.watch.stage.guard)?;
            group.limit_cpu(cpu.quota)?;
            group.take_in(pid)?;
            Some(Injected::Cpu(group))
        }
        FaultKind::Oom(oom) => {
            let group = Cgroup::create(Controller::Memory, &name(), scene.watch.stage.guard)?;
            group.limit_memory(oom.limit.0)?;
            group.take_in(pid)?;
            Some(Injected::Oom(group))
        }
        FaultKind::Neighbour(neighbour) => {
            let child = self::neighbour(neighbour.share, cpus, scene.watch.stage.guard)?;
            Some(Injected::Neighbour { child, since: clock::now() })
        }
        _ => None,
    })
}

/// A process that takes a share of the first of some cores.
pub(super) fn neighbour(share: f64, cpus: &[u32], guard: &Arc<Guard>) -> Result<Managed, RunError> {
    let mut process = command(own::program(), cpus.get(..1).unwrap_or(cpus));
    process.arg("__spin").arg("--share").arg(share.to_string());
    Managed::spawn(process, guard, "the neighbour")
}

impl Injected {
    /// Ends it; gives what it measured.
    pub(super) fn end(self, service: usize, scene: &mut FaultScene<'_, '_, '_>) -> Result<Amounts, RunError> {
        let mut out = Amounts::new();
        match self {
            Self::Pause { since } => {
                let stopped = scene.pid(service).is_some_and(is_stopped);
                let time = clock::now().saturating_sub(since);
                scene.signal(service, Signal::SIGCONT);
                // Only what was seen stopped was stopped.
                out.insert(Measured::StoppedNs.into(), if stopped { time } else { 0 });
            }
            Self::Cpu(group) => {
                out.insert(Measured::ThrottledNs.into(), group.throttled_ns()?);
                group.limit_cpu(0.0)?;
            }
            Self::Oom(group) => {
                out.insert(Measured::OomKills.into(), group.oom_kills()?);
            }
            Self::Neighbour { child, since } => {
                out.insert(Measured::CpuNs.into(), cpu_ns(child.pid()));
                out.insert(Measured::LastedNs.into(), clock::now().saturating_sub(since));
            }
        }
        Ok(out)
    }
}

/// Whether all of a process is stopped by a signal.
fn is_stopped(pid: u32) -> bool {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let stats: Vec<String> =
        tasks.filter_map(|task| fs::read_to_string(task.path().join("stat")).ok()).collect();
    let stopped =
        |stat: &String| stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('T'));
    !stats.is_empty() && stats.iter().all(stopped)
}

/// CPU time of a process so far: first field of its `schedstat`, which is measured and not sampled.
fn cpu_ns(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default();
    text.split_whitespace().next().and_then(|field| field.parse().ok()).unwrap_or_default()
}
