//! Waiting for a quiet machine before a trial, for a bounded time, and choosing the core from which the hypervisor takes least.

use std::fs;
use std::time::Duration;

use nix::unistd::{SysconfVar, sysconf};
use spanfate_model::format::manifest::{CoreLook, Quiet};
use spanfate_model::quantity::unit::MonoNs;

use crate::host::clock;
use crate::host::cores::core_times;
use crate::host::machine::Cpus;

/// Length of a look: shorter ones would see less than one tick of a small share.
const LOOK_NS: u64 = 1_000_000_000;
/// Most of the fixture's core that others may take on a quiet machine.
const BUSY_MOST: f64 = 0.05;
/// Most of it that the hypervisor may take.
const STEAL_MOST: f64 = 0.02;
/// Most of the harness's cores that others may take: half of one is enough for it.
const HARNESS_BUSY_MOST: f64 = 0.5;
/// A core is less stolen than another by so much, or by chance: one tick of a second is a hundredth.
const LESS_STOLEN: f64 = 0.02;

/// The counters of a core.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct CoreCounters {
    cpu: u32,
    idle_ns: u64,
    steal_ns: u64,
}

/// Waits until the machine is quiet, at most for `most`, but looks at it for a second at least. `may_choose`: the fixture may get
/// another core than before. `stopped` ends the waiting early.
pub(crate) fn wait(
    cpus: &Cpus,
    most: Duration,
    may_choose: bool,
    stopped: impl Fn() -> bool,
) -> (Cpus, Quiet) {
    let began = clock::now();
    let until = began + most.as_nanos() as u64;
    loop {
        let cores = look(&cpus.allowed);
        let chosen = if may_choose { choose(&cores, cpus) } else { cpus.clone() };
        let came = is_quiet(&cores, &chosen);
        let now = clock::now();
        if came || now + LOOK_NS > until || stopped() {
            let waited_ms = (now - began) / 1_000_000;
            let fixture = chosen.fixture.clone();
            return (chosen, Quiet { waited_ms, came, cores, fixture });
        }
    }
}

/// Looks at the cores for a second.
fn look(allowed: &[u32]) -> Vec<CoreLook> {
    let tick_ns =
        sysconf(SysconfVar::CLK_TCK).ok().flatten().map_or(10_000_000, |hz| 1_000_000_000 / hz as u64);
    let read = || counters(&fs::read_to_string("/proc/stat").unwrap_or_default(), allowed, tick_ns);
    let (began, before) = (clock::now(), read());
    clock::sleep_until(began + LOOK_NS);
    let (ended, after) = (clock::now(), read());
    between(&before, &after, ended - began)
}

/// The counters of some cores, from the text of `/proc/stat`.
fn counters(stat: &str, allowed: &[u32], tick_ns: u64) -> Vec<CoreCounters> {
    let one = |cpu: &u32| {
        let (idle_ns, steal_ns) = core_times(stat, &[*cpu], tick_ns);
        CoreCounters { cpu: *cpu, idle_ns, steal_ns }
    };
    allowed.iter().map(one).collect()
}

/// What the counters say of the time between two readings. Idle time is measured by the kernel, busy time only sampled.
fn between(before: &[CoreCounters], after: &[CoreCounters], lasted: MonoNs) -> Vec<CoreLook> {
    let share = |ns: u64| ((ns as f64 / lasted.max(1) as f64).min(1.0) * 1e4).round() / 1e4;
    let one = |(before, after): (&CoreCounters, &CoreCounters)| CoreLook {
        cpu: after.cpu,
        busy: ((1.0 - share(after.idle_ns.saturating_sub(before.idle_ns))) * 1e4).round() / 1e4,
        steal: share(after.steal_ns.saturating_sub(before.steal_ns)),
    };
    before.iter().zip(after).map(one).collect()
}

/// The fixture's core: the one it had, unless the hypervisor takes clearly less of another. Where all share one core there is no
/// choice.
fn choose(cores: &[CoreLook], usual: &Cpus) -> Cpus {
    let [had] = usual.fixture[..] else { return usual.clone() };
    if usual.fixture == usual.harness {
        return usual.clone();
    }
    let Some(now) = cores.iter().find(|core| core.cpu == had) else { return usual.clone() };
    let least = cores.iter().min_by(|a, b| a.steal.total_cmp(&b.steal).then(a.busy.total_cmp(&b.busy)));
    match least {
        Some(least) if least.steal + LESS_STOLEN <= now.steal => Cpus {
            fixture: vec![least.cpu],
            harness: usual.allowed.iter().copied().filter(|cpu| *cpu != least.cpu).collect(),
            allowed: usual.allowed.clone(),
        },
        _ => usual.clone(),
    }
}

/// Whether a trial on these cores would have them to itself. A machine that cannot be looked at is not waited for.
fn is_quiet(cores: &[CoreLook], cpus: &Cpus) -> bool {
    cores.iter().all(|core| {
        if cpus.fixture.contains(&core.cpu) {
            core.steal <= STEAL_MOST && core.busy <= BUSY_MOST
        } else {
            core.busy <= HARNESS_BUSY_MOST
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpus(fixture: u32, harness: u32) -> Cpus {
        Cpus { allowed: vec![0, 1], fixture: vec![fixture], harness: vec![harness] }
    }

    fn cores(steal: [f64; 2], busy: [f64; 2]) -> Vec<CoreLook> {
        let one = |at: usize| CoreLook { cpu: at as u32, busy: busy[at], steal: steal[at] };
        vec![one(0), one(1)]
    }

    #[test]
    fn shares_come_of_what_the_kernel_counts() {
        let read = |text: &str| counters(text, &[0, 1], 10_000_000);
        let before =
            read("cpu  9 9 9 9\ncpu0 10 0 0 100 0 0 0 5 0 0\ncpu1 10 0 0 50 1 0 0 0\ncpu2 1 1 1 1\n");
        let after =
            read("cpu  9 9 9 9\ncpu0 40 0 0 160 0 0 0 15 0 0\ncpu1 10 0 0 148 2 0 0 1\ncpu2 1 1 1 1\n");
        let found = between(&before, &after, 1_000_000_000);
        let of = |cpu, busy, steal| CoreLook { cpu, busy, steal };
        assert_eq!(found, [of(0, 0.4, 0.1), of(1, 0.01, 0.01)]);
    }

    #[test]
    fn the_fixture_moves_only_to_a_core_that_is_clearly_less_stolen() {
        let now = |steal| choose(&cores(steal, [0.0, 0.0]), &cpus(0, 1));
        assert_eq!(now([0.08, 0.01]), cpus(1, 0));
        assert_eq!(now([0.02, 0.01]), cpus(0, 1));
        assert_eq!(now([0.0, 0.5]), cpus(0, 1));
        // Also back again.
        assert_eq!(choose(&cores([0.0, 0.09], [0.0, 0.0]), &cpus(1, 0)), cpus(0, 1));
        let shared = Cpus { allowed: vec![0], fixture: vec![0], harness: vec![0] };
        assert_eq!(choose(&cores([0.5, 0.0], [0.0, 0.0]), &shared), shared);
    }

    #[test]
    fn quiet_is_what_leaves_the_fixture_its_core() {
        let quiet = |steal, busy| is_quiet(&cores(steal, busy), &cpus(0, 1));
        assert!(quiet([0.01, 0.3], [0.03, 0.4]));
        assert!(!quiet([0.03, 0.0], [0.03, 0.0]));
        assert!(!quiet([0.0, 0.0], [0.06, 0.0]));
        assert!(!quiet([0.0, 0.0], [0.0, 0.6]));
        assert!(is_quiet(&[], &cpus(0, 1)));
    }
}
