//! What the kernel and this process's privileges offer to uprobes on Go programs.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU32;

use aya::EbpfLoader;
use aya::programs::UProbe;
use aya::programs::uprobe::{UProbeAttachLocation, UProbeScope};

use crate::ProbeError;
use crate::error::chain;
use crate::gobin::OffsetTable;
use crate::object::OBJECT;
use crate::preemption::KernelPreemption;

/// One capability.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Capability {
    /// What it is.
    pub what: &'static str,
    /// Whether it is there.
    pub present: bool,
    /// What was found.
    pub detail: String,
    /// What to do without it.
    pub remedy: &'static str,
}

/// `CAP_BPF`, `CAP_PERFMON` and `CAP_SYS_ADMIN` by number.
const CAPABILITIES: [(&str, u32); 3] = [("CAP_SYS_ADMIN", 21), ("CAP_PERFMON", 38), ("CAP_BPF", 39)];

/// Looks at everything the probes will need, and tries: it loads a program and puts it where no code runs. It leaves nothing.
pub fn examine() -> Vec<Capability> {
    let [programs, probes] = tried();
    vec![architecture(), uprobes(), privileges(), preemption(), programs, probes, versions()]
}

/// Loads a program, and puts it on the first byte of this program's own file, which is its header and no code.
fn tried() -> [Capability; 2] {
    let line = |what, done: &Result<(), String>, remedy| Capability {
        what,
        present: done.is_ok(),
        detail: done.as_ref().err().cloned().unwrap_or_else(|| "works".to_owned()),
        remedy,
    };
    let mut loader = EbpfLoader::new();
    // A small buffer: nothing will come.
    loader.btf(None).map_max_entries("events", 4096).map_max_entries("scratch", 1);
    let (taken, put) = match loader.load(OBJECT).map_err(|error| chain(&error)) {
        Err(error) => (Err(error), Err("no program to put anywhere".to_owned())),
        Ok(mut object) => match object.program_mut("entry").map(<&mut UProbe>::try_from) {
            Some(Ok(program)) => {
                let taken = program.load().map_err(|error| chain(&error));
                let put = taken.clone().and_then(|()| put(program));
                (taken, put)
            }
            _ => (Err("the object lacks a program".to_owned()), Err("no program to put anywhere".to_owned())),
        },
    };
    [
        line(
            "ebpf: programs",
            &taken,
            "run as root, or with CAP_BPF and CAP_PERFMON; see kernel.unprivileged_bpf_disabled",
        ),
        line("ebpf: probes", &put, "run as root, or with CAP_SYS_ADMIN; see kernel.perf_event_paranoid"),
    ]
}

fn put(program: &mut UProbe) -> Result<(), String> {
    let own = NonZeroU32::new(std::process::id()).ok_or("this process has no number")?;
    let first = UProbeAttachLocation::AbsoluteOffset(0);
    let link = program.attach(first, "/proc/self/exe", UProbeScope::OneProcess(own));
    let link = link.map_err(|error| chain(&error))?;
    program.detach(link).map_err(|error| chain(&error))
}

/// Which versions of the SDK have their struct offsets in the table; of others the binary's own debug information tells.
fn versions() -> Capability {
    let table = OffsetTable::committed();
    let of_go = |(go, sdks): (&String, &BTreeMap<String, _>)| {
        let (first, last) = sdks.keys().next().zip(sdks.keys().next_back())?;
        Some(format!("Go {go} with SDK {first} to {last}"))
    };
    let known: Vec<String> = table.0.iter().filter_map(of_go).collect();
    Capability {
        what: "ebpf: known SDKs",
        present: !known.is_empty(),
        detail: known.join("; "),
        remedy: "build the program with debug information, so without -ldflags=-s",
    }
}

fn architecture() -> Capability {
    let present = cfg!(all(target_arch = "x86_64", target_os = "linux"));
    Capability {
        what: "ebpf: architecture",
        present,
        detail: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        remedy: "use x86-64 Linux; register conventions differ elsewhere",
    }
}

fn uprobes() -> Capability {
    let kind = fs::read_to_string("/sys/bus/event_source/devices/uprobe/type");
    Capability {
        what: "ebpf: uprobes",
        present: kind.is_ok(),
        detail: kind.map_or_else(
            |_| "no uprobe event source".to_owned(),
            |kind| format!("event source {}", kind.trim()),
        ),
        remedy: "use a kernel built with CONFIG_UPROBES and CONFIG_UPROBE_EVENTS",
    }
}

/// How the kernel preempts, and whether the programs bear it.
fn preemption() -> Capability {
    let kernel = KernelPreemption::of_this_kernel();
    let admitted = kernel.admit(OBJECT);
    Capability {
        what: "ebpf: preemption",
        present: admitted.is_ok(),
        detail: match &admitted {
            Ok(()) => format!("{kernel}; the programs may be preempted by each other anywhere"),
            Err(error) => ProbeError::from(error.clone()).to_string(),
        },
        remedy: "use a release of spanfate as it is, or start the kernel without preemption",
    }
}

fn privileges() -> Capability {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = effective_mask(&status);
    let missing: Vec<&str> =
        CAPABILITIES.iter().filter(|(_, bit)| mask >> bit & 1 == 0).map(|(name, _)| *name).collect();
    Capability {
        what: "ebpf: privileges",
        present: missing.is_empty(),
        detail: if missing.is_empty() {
            "all held".to_owned()
        } else {
            format!("missing {}", missing.join(", "))
        },
        remedy: "run as root, or give the program these capabilities",
    }
}

fn effective_mask(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap_or_default();
    u64::from_str_radix(line.trim(), 16).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_read_as_the_kernel_writes_them() {
        assert_eq!(effective_mask("Name:\tx\nCapEff:\t000001ffffffffff\n"), 0x1ff_ffff_ffff);
        assert_eq!(effective_mask("nothing"), 0);
    }

    #[test]
    fn every_line_says_what_was_found() {
        assert!(examine().iter().all(|line| !line.detail.is_empty() && !line.remedy.is_empty()));
    }
}
