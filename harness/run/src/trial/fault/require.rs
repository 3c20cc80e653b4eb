//! What faults need of the machine, looked up before anything is built.

use std::thread;

use spanfate_model::fault::FaultKind;
use spanfate_model::plan::Plan;

use super::cgroup::{Controller, may_make};
use crate::RunError;
use crate::trial::links::has_netem;

/// Something of the machine that a kind of fault needs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum MachineNeed {
    /// A network namespace with a device whose packets can be told apart.
    Namespace,
    /// Delay and loss of packets in the kernel.
    Netem,
    /// A control group with a quota on CPU time.
    CpuGroup,
    /// A control group with a limit on memory.
    MemoryGroup,
}

impl MachineNeed {
    /// Whether it is there; why not, and what to do.
    pub(crate) fn find(self) -> Result<(), RunError> {
        match self {
            // Of a thread of its own: it ends with the namespace.
            Self::Namespace | Self::Netem => {
                let looked = thread::spawn(has_netem).join().unwrap_or(Ok(false))?;
                if self == Self::Namespace || looked { Ok(()) } else { Err(no_netem()) }
            }
            Self::CpuGroup => may_make(Controller::Cpu),
            Self::MemoryGroup => may_make(Controller::Memory),
        }
    }
}

fn no_netem() -> RunError {
    RunError::Absent {
        what: "netem in this kernel".to_owned(),
        remedy: "use a kernel with CONFIG_NET_SCH_NETEM (module sch_netem), or `latency`, `shaper` or another fault of links"
            .to_owned(),
    }
}

/// Fails where a fault of the plan could not be made to happen here.
pub(crate) fn require(plan: &Plan) -> Result<(), RunError> {
    let needs = |kind: &FaultKind| match kind {
        FaultKind::Packets(_) => Some(MachineNeed::Netem),
        FaultKind::Shaper(_) => Some(MachineNeed::Namespace),
        FaultKind::Cpu(_) => Some(MachineNeed::CpuGroup),
        FaultKind::Oom(_) => Some(MachineNeed::MemoryGroup),
        _ => None,
    };
    let mut tools: Vec<MachineNeed> = plan
        .variants
        .iter()
        .flat_map(|variant| &variant.faults)
        .filter_map(|fault| needs(&fault.kind))
        .collect();
    tools.sort_unstable();
    tools.dedup();
    tools.into_iter().try_for_each(MachineNeed::find)
}
