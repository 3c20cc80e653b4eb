//! What the kernel and this process's privileges offer to uprobes on Go programs.

use std::fs;
use std::path::Path;

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

/// Looks at everything the probes will need. It starts nothing and changes nothing.
pub fn examine() -> Vec<Capability> {
    vec![
        architecture(),
        file_of("ebpf: BTF", "/sys/kernel/btf/vmlinux", "use a kernel built with CONFIG_DEBUG_INFO_BTF"),
        uprobes(),
        privileges(),
    ]
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

fn file_of(what: &'static str, path: &str, remedy: &'static str) -> Capability {
    let present = Path::new(path).exists();
    let detail = if present { "present" } else { "not there" };
    Capability { what, present, detail: detail.to_owned(), remedy }
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
