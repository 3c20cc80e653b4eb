//! What limits this process: a quota on CPU time, descriptors, shared memory.

use std::path::Path;

use spanfate_model::format::event::QuotaCount;

use super::{CheckOutcome, DoctorLine, graded, line};
use crate::host::{limits, machine, quota};

/// Descriptors that a load needs which has as many requests open as it may by default (1,024), with those of receiver and logs.
const DESCRIPTORS: u64 = 2048;

/// Free shared memory for the raw logs of a trial of usual length.
const SHARED_BYTES: u64 = 256 << 20;

/// The lines.
pub(super) fn lines(cores: usize) -> [DoctorLine; 3] {
    let groups = quota::own();
    let kind = groups.first().map_or("no control group", quota::QuotaGroup::kind);
    let shared = Path::new(machine::SHARED_MEMORY);
    [
        cpu_quota(&quota::count(&groups), cores, kind),
        descriptors(limits::descriptors()),
        shared_memory(machine::is_tmpfs(shared), machine::size_and_free(shared)),
    ]
}

fn cpu_quota(count: &QuotaCount, cores: usize, kind: &str) -> DoctorLine {
    let why = "a quota stops harness and service together in the middle of their work: loss and times are then its own";
    let remedy = "lift it (cpu.max or cpu.cfs_quota_us of the control group, the CPU limit of the container)";
    if count.is_none() {
        return line("cpu quota", CheckOutcome::Ok, format!("none ({kind})"), why, remedy);
    }
    let QuotaCount { milli_cores, periods, throttled, throttled_ns } = *count;
    let allowed = milli_cores as f64 / 1000.0;
    let unit = if milli_cores == 1000 { "core" } else { "cores" };
    let found = format!(
        "{allowed} {unit} of {cores} may be used; so far it was used up in {throttled} of {periods} periods ({:.1} s; {kind})",
        throttled_ns as f64 / 1e9
    );
    let roomy = milli_cores >= cores as u64 * 1000 && throttled == 0;
    line("cpu quota", graded(roomy, CheckOutcome::Warn), found, why, remedy)
}

fn descriptors(allowed: Option<(u64, u64)>) -> DoctorLine {
    let why = "every open request and every client takes one; without one the load cannot connect and the receiver cannot answer";
    let Some((soft, hard)) = allowed else {
        let (state, found) = (CheckOutcome::Warn, "unknown".to_owned());
        return line("descriptors", state, found, why, "see `ulimit -n`");
    };
    let raised = if soft < hard { "; a run raises its own to the hard limit" } else { "" };
    let remedy = format!("allow more: `ulimit -Hn {DESCRIPTORS}` as root, or LimitNOFILE= of the unit");
    let found = format!("soft limit {soft}, hard limit {hard}{raised}");
    line("descriptors", graded(hard >= DESCRIPTORS, CheckOutcome::Warn), found, why, &remedy)
}

fn shared_memory(tmpfs: bool, size_and_free: Option<(u64, u64)>) -> DoctorLine {
    let why = "span ledgers and receipts lie there during a trial; where it fills up, witnesses have gaps";
    let remedy = "give it more: `mount -o remount,size=1g /dev/shm`, or `--shm-size 1g` of a container";
    let (state, found) = match size_and_free {
        Some((size, free)) if tmpfs => {
            let found = format!("{}: {} MiB, {} MiB free", machine::SHARED_MEMORY, size >> 20, free >> 20);
            (graded(free >= SHARED_BYTES, CheckOutcome::Warn), found)
        }
        _ => (CheckOutcome::Warn, format!("{} is no tmpfs", machine::SHARED_MEMORY)),
    };
    line("shared memory", state, found, why, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_below_the_cores_is_a_warning_and_says_how_often_it_was_used_up() {
        let none = cpu_quota(&QuotaCount::default(), 2, "control group of version 2");
        assert_eq!(
            (none.state, none.found.as_str()),
            (CheckOutcome::Ok, "none (control group of version 2)")
        );
        let count =
            QuotaCount { milli_cores: 1000, periods: 121, throttled: 84, throttled_ns: 6_200_000_000 };
        let tight = cpu_quota(&count, 2, "control group of version 1");
        assert_eq!(tight.state, CheckOutcome::Warn);
        assert!(tight.found.starts_with("1 core of 2 may be used"), "{}", tight.found);
        assert!(tight.found.contains("84 of 121 periods (6.2 s"), "{}", tight.found);
        let roomy = QuotaCount { milli_cores: 4000, periods: 9, ..QuotaCount::default() };
        assert_eq!(cpu_quota(&roomy, 2, "").state, CheckOutcome::Ok);
        assert_eq!(cpu_quota(&QuotaCount { throttled: 1, ..roomy }, 2, "").state, CheckOutcome::Warn);
    }

    #[test]
    fn descriptors_and_shared_memory_are_said_with_their_size() {
        let cases = [((256, 256), CheckOutcome::Warn), ((1024, 1 << 20), CheckOutcome::Ok)];
        for ((soft, hard), state) in cases {
            let found = descriptors(Some((soft, hard)));
            assert_eq!(found.state, state);
            assert_eq!(found.found.contains("raises"), soft < hard, "{}", found.found);
        }
        assert_eq!(descriptors(None).state, CheckOutcome::Warn);
        let small = shared_memory(true, Some((64 << 20, 60 << 20)));
        assert_eq!(
            (small.state, small.found.as_str()),
            (CheckOutcome::Warn, "/dev/shm: 64 MiB, 60 MiB free")
        );
        assert_eq!(shared_memory(true, Some((1 << 30, 1 << 30))).state, CheckOutcome::Ok);
        assert_eq!(shared_memory(false, Some((1 << 30, 1 << 30))).state, CheckOutcome::Warn);
    }
}
