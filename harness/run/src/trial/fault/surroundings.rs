//! A machine that is disturbed on purpose while a run goes on, for self-tests. It is no fault of the plan: nothing that judges the run
//! knows of it, and the marks must find it as they find a real one.

use std::sync::Arc;

use spanfate_model::finding::noise::Disturbance;

use super::cgroup::{Cgroup, Controller};
use super::process::neighbour;
use crate::RunError;
use crate::process::child::Managed;
use crate::process::guard::Guard;

/// A neighbour and a quota, until it is dropped.
#[derive(Debug)]
pub(crate) struct Surroundings {
    _neighbour: Option<Managed>,
    _quota: Option<Cgroup>,
}

impl Surroundings {
    /// `cpus`: the fixture's cores.
    pub(crate) fn disturb(what: &Disturbance, cpus: &[u32], guard: &Arc<Guard>) -> Result<Self, RunError> {
        // Before the quota: it takes nothing away from the neighbour.
        let neighbour = (what.neighbour > 0.0).then(|| neighbour(what.neighbour, cpus, guard)).transpose()?;
        let quota = (what.quota > 0.0).then(|| limit(what.quota, guard)).transpose()?;
        Ok(Self { _neighbour: neighbour, _quota: quota })
    }
}

/// Puts this program, and all that it starts from now on, under a quota, as a container is.
fn limit(cores: f64, guard: &Arc<Guard>) -> Result<Cgroup, RunError> {
    let own = std::process::id();
    let group = Cgroup::create(Controller::Cpu, &format!("spanfate-{own}-surroundings"), guard)?;
    group.limit_cpu(cores)?;
    group.take_in(own)?;
    Ok(group)
}
