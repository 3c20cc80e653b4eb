//! Whether this machine can do what Spanfate does: each line ok or absent, why it matters, what to do.

mod limits;

use std::fs;
use std::path::Path;

use spanfate_probes::capability;

use crate::host::machine;
use crate::host::project::Project;
use crate::process::child;
use crate::trial::fault::MachineNeed;
use crate::{RunError, store};

/// How a check came out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckOutcome {
    /// All is well.
    Ok,
    /// Works, with a loss of quality.
    Warn,
    /// Not there; something cannot be done.
    Absent,
}

/// One line of the doctor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DoctorLine {
    /// What was checked.
    pub what: String,
    /// How it came out.
    pub state: CheckOutcome,
    /// What was found.
    pub found: String,
    /// Why it matters.
    pub why: &'static str,
    /// What to do; empty if nothing.
    pub remedy: String,
    /// Whether `scenario` cannot run without it.
    pub needed: bool,
}

fn line(what: &str, state: CheckOutcome, found: String, why: &'static str, remedy: &str) -> DoctorLine {
    let remedy = if state == CheckOutcome::Ok { String::new() } else { remedy.to_owned() };
    DoctorLine { what: what.to_owned(), state, found, why, remedy, needed: false }
}

fn graded(good: bool, otherwise: CheckOutcome) -> CheckOutcome {
    if good { CheckOutcome::Ok } else { otherwise }
}

/// Runs all checks.
pub fn examine() -> Vec<DoctorLine> {
    let mut out =
        vec![project(), go(), cores(), clock_source(), pressure(), steal(), scratch(), abandoned(), disk()];
    out.extend(limits::lines(machine::divide_cpus().allowed.len()));
    out.push(rights());
    out.extend(for_faults());
    out.extend(capability::examine().into_iter().map(|found| DoctorLine {
        what: found.what.to_owned(),
        state: graded(found.present, CheckOutcome::Absent),
        found: found.detail,
        why: "the eBPF witness needs it; without it runs go on with the other witnesses",
        remedy: if found.present { String::new() } else { found.remedy.to_owned() },
        needed: false,
    }));
    out
}

/// What only some kinds of faults need.
fn for_faults() -> Vec<DoctorLine> {
    let tools = [
        ("faults: netem", MachineNeed::Netem, "`packets` delays, loses and duplicates packets with it"),
        ("faults: network namespace", MachineNeed::Namespace, "`shaper` holds packets back in one"),
        ("faults: CPU control group", MachineNeed::CpuGroup, "`cpu` sets a quota in one"),
        ("faults: memory control group", MachineNeed::MemoryGroup, "`oom` sets a limit in one"),
    ];
    let one = |(what, tool, why): &(&str, MachineNeed, &'static str)| match tool.find() {
        Ok(()) => line(what, CheckOutcome::Ok, "present".to_owned(), why, ""),
        Err(RunError::Absent { what: missing, remedy }) => {
            line(what, CheckOutcome::Absent, format!("no {missing}"), why, &remedy)
        }
        Err(error) => line(what, CheckOutcome::Absent, error.to_string(), why, "leave such faults out"),
    };
    tools.iter().map(one).collect()
}

fn rights() -> DoctorLine {
    let why = "services of ours then run as a user without rights; only the harness keeps its own";
    let good = machine::may_become_others();
    let found = if good { "services run as nobody" } else { "services run as this program's user" };
    line(
        "fixture user",
        graded(good, CheckOutcome::Warn),
        found.to_owned(),
        why,
        "run as root, where that matters",
    )
}

fn project() -> DoctorLine {
    let project = Project::find();
    let state = graded(project.is_ok(), CheckOutcome::Absent);
    let found = if project.is_ok() { "scenarios/ and go-fixtures/ found" } else { "not found" };
    let why = "scenario files and fixtures live there";
    DoctorLine {
        needed: true,
        ..line("project folder", state, found.to_owned(), why, "run inside a checkout of Spanfate")
    }
}

fn go() -> DoctorLine {
    let version = machine::go_version();
    let good = child::is_installed("go") && version.as_deref().is_some_and(|v| go_minor(v) >= 26);
    let found = version.unwrap_or_else(|| "not on PATH".to_owned());
    let remedy = "install Go 1.26 or later (https://go.dev/dl) and put `go` on PATH";
    DoctorLine {
        needed: true,
        ..line(
            "go toolchain",
            graded(good, CheckOutcome::Absent),
            found,
            "fixtures are built with it",
            remedy,
        )
    }
}

/// The minor version in `go version go1.26.8 linux/amd64`.
fn go_minor(version: &str) -> u32 {
    version
        .split_whitespace()
        .find_map(|word| word.strip_prefix("go1."))
        .and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
        .unwrap_or_default()
}

fn cores() -> DoctorLine {
    let cpus = machine::divide_cpus();
    let good = cpus.allowed.len() > 1;
    let found = format!("{} (fixture {:?}, harness {:?})", cpus.allowed.len(), cpus.fixture, cpus.harness);
    let why = "on one core, loss at the limit measures scheduling, not the SDK";
    line("cpu cores", graded(good, CheckOutcome::Warn), found, why, "give this process two cores or more")
}

fn clock_source() -> DoctorLine {
    let found = read("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    let fast =
        ["tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page"].contains(&found.as_str());
    let why = "every mark of the process witness reads the clock; a slow source makes it cost microseconds";
    line(
        "clock source",
        graded(fast, CheckOutcome::Warn),
        found,
        why,
        "prefer a machine whose clock source is tsc or kvm-clock",
    )
}

fn read(path: &str) -> String {
    fs::read_to_string(path).map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
}

fn pressure() -> DoctorLine {
    let why = "neighbours on the machine spoil loss and latency figures";
    let text = read("/proc/pressure/cpu");
    let value = text.split_whitespace().find_map(|word| word.strip_prefix("avg10=")?.parse::<f64>().ok());
    let Some(share) = value else {
        let remedy = "boot with psi=1; neighbour CPU and steal are still recorded";
        return line(
            "cpu pressure",
            CheckOutcome::Warn,
            "no pressure stall information".to_owned(),
            why,
            remedy,
        );
    };
    let found = format!("some tasks waited {share} % of the last 10 s");
    line(
        "cpu pressure",
        graded(share < 20.0, CheckOutcome::Warn),
        found,
        why,
        "stop other work before measuring",
    )
}

fn steal() -> DoctorLine {
    let stat = read("/proc/stat");
    let ticks: Vec<u64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .map(|field| field.parse().unwrap_or_default())
        .collect();
    let total: u64 = ticks.iter().take(8).sum();
    let share = ticks.get(7).copied().unwrap_or_default() as f64 / total.max(1) as f64;
    let found = format!("{:.2} % since boot", share * 100.0);
    line(
        "steal",
        graded(share < 0.02, CheckOutcome::Warn),
        found,
        "a hypervisor that takes cycles spoils rates",
        "use a quieter host",
    )
}

fn scratch() -> DoctorLine {
    let root = machine::scratch_root(256 << 20, &std::env::temp_dir());
    let good = machine::is_tmpfs(&root);
    let free = machine::free_bytes(&root).unwrap_or_default();
    let found = format!("{}, {} MiB free", if good { "tmpfs" } else { "on disk" }, free >> 20);
    let why = "span ledgers and receipts are written there during a trial; a disk stalls their writers";
    line(
        "scratch space",
        graded(good && free > 256 << 20, CheckOutcome::Warn),
        found,
        why,
        "mount a tmpfs on /dev/shm",
    )
}

fn abandoned() -> DoctorLine {
    let left = store::abandoned_scratch(Path::new(machine::SHARED_MEMORY));
    let names: Vec<String> = left.iter().map(|path| path.display().to_string()).collect();
    let found = if left.is_empty() { "none".to_owned() } else { names.join(", ") };
    let why = "raw logs of a killed run stay in memory until they are analysed";
    let remedy = "run `spanfate analyze RUN` for each, or remove them";
    line("abandoned scratch", graded(left.is_empty(), CheckOutcome::Warn), found, why, remedy)
}

fn disk() -> DoctorLine {
    let free = machine::free_bytes(Path::new(".")).unwrap_or_default();
    let found = format!("{} MiB free here", free >> 20);
    let why = "raw logs take about 45 MB per variant of qps5k";
    line("disk", graded(free > 2 << 30, CheckOutcome::Warn), found, why, "free some space or use --out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_versions_are_read() {
        assert_eq!(go_minor("go version go1.26.8 linux/amd64"), 26);
        assert_eq!(go_minor("go version go1.30rc1 linux/amd64"), 30);
        assert_eq!(go_minor("what"), 0);
    }
}
