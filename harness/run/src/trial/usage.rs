//! Samples of resource usage, ten a second: the counters as they are, no differences.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use nix::sys::resource::{UsageWho, getrusage};
use nix::unistd::{SysconfVar, sysconf};
use spanfate_model::format::event::UsageSample;
use spanfate_model::format::slots::{HEADER_BYTES, read_live};
use spanfate_model::limits::LimitedPart;

use crate::RunError;
use crate::host::clock;
use crate::host::cores::core_times;
use crate::host::limits::LimitsMet;
use crate::host::quota::{self, QuotaGroup};
use crate::trial::slices::StolenTime;

/// Distance of samples.
const EVERY_NS: u64 = 100_000_000;

/// What is sampled.
#[derive(Clone, Debug)]
pub(crate) struct Sampled {
    /// Process ids of the services; their figures are added up.
    pub(crate) pids: Vec<u32>,
    /// Their cores.
    pub(crate) cpus: Vec<u32>,
    /// Their span ledgers, for the live words.
    pub(crate) ledgers: Vec<PathBuf>,
    /// Where limits are noted that are met.
    pub(crate) limits: Arc<LimitsMet>,
    /// What a self-test steals from the services.
    pub(crate) stopped: Option<Arc<StolenTime>>,
}

/// A running sampler.
#[derive(Debug)]
pub(crate) struct Sampler {
    stop: Arc<AtomicBool>,
    /// Processes and span ledgers that came later.
    added: Arc<Mutex<Vec<Addition>>>,
    stopped: Option<Arc<StolenTime>>,
    thread: Option<JoinHandle<()>>,
}

/// A process that came later, and its span ledger.
type Addition = (u32, Option<PathBuf>);

/// A process, and its counters as they were when it could last be read: those of one that has ended stay as they were.
#[derive(Clone, Copy, Debug, Default)]
struct SampledProcess {
    pid: u32,
    cpu_ns: u64,
    wait_ns: u64,
}

impl Sampler {
    /// Starts sampling into a file, one JSON object per line.
    pub(crate) fn start(subject: Sampled, to: &Path) -> Result<Self, RunError> {
        let file = File::create(to).map_err(RunError::unwritten(to))?;
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let added = Arc::new(Mutex::new(Vec::new()));
        let (theirs, stopped) = (Arc::clone(&added), subject.stopped.clone());
        let thread = std::thread::Builder::new()
            .name("usage".to_owned())
            .spawn(move || sample_until(&flag, &theirs, &subject, file))
            .map_err(RunError::system("start a thread"))?;
        Ok(Self { stop, added, stopped, thread: Some(thread) })
    }

    /// From now on samples a process that was started later, too.
    pub(crate) fn add(&self, pid: u32, ledger: Option<PathBuf>) {
        self.added.lock().unwrap_or_else(PoisonError::into_inner).push((pid, ledger));
        self.stopped.iter().for_each(|stopped| stopped.add(pid));
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn sample_until(stop: &AtomicBool, added: &Mutex<Vec<Addition>>, subject: &Sampled, file: File) {
    let mut out = BufWriter::new(file);
    let mut ledgers: Vec<File> = subject.ledgers.iter().filter_map(|path| File::open(path).ok()).collect();
    let mut processes: Vec<SampledProcess> =
        subject.pids.iter().map(|pid| SampledProcess { pid: *pid, ..SampledProcess::default() }).collect();
    let mut quotas = Quotas::of(&subject.pids);
    let mut unopened: Vec<PathBuf> = Vec::new();
    let tick_ns =
        sysconf(SysconfVar::CLK_TCK).ok().flatten().map_or(10_000_000, |hz| 1_000_000_000 / hz as u64);
    let mut next = clock::now();
    while !stop.load(Ordering::SeqCst) {
        for (pid, ledger) in added.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            processes.push(SampledProcess { pid, ..SampledProcess::default() });
            quotas.add(pid);
            unopened.extend(ledger);
        }
        // A process that has just been started makes its ledger a moment later.
        unopened.retain(|path| File::open(path).map(|file| ledgers.push(file)).is_err());
        let Some(sample) = take(subject, &mut processes, &ledgers, tick_ns) else {
            next += EVERY_NS;
            clock::sleep_until(next);
            continue;
        };
        let sample = UsageSample {
            harness_quota: quota::count(&quotas.harness),
            fixture_quota: quota::count(&quotas.services),
            ..sample
        };
        // A sample that cannot be written is missing from the file; the analysis works with those that are there.
        if serde_json::to_writer(&mut out, &sample).is_err()
            || out.write_all(b"\n").is_err()
            || out.flush().is_err()
        {
            return;
        }
        next += EVERY_NS;
        clock::sleep_until(next);
    }
}

/// The control groups whose quotas hold somebody back.
#[derive(Debug, Default)]
struct Quotas {
    harness: Vec<QuotaGroup>,
    /// Only those that the harness is not in.
    services: Vec<QuotaGroup>,
}

impl Quotas {
    fn of(pids: &[u32]) -> Self {
        let mut out = Self { harness: quota::own(), services: Vec::new() };
        for pid in pids {
            out.add(*pid);
        }
        out
    }

    fn add(&mut self, pid: u32) {
        for group in quota::of_process(pid) {
            if !self.harness.contains(&group) && !self.services.contains(&group) {
                self.services.push(group);
            }
        }
    }
}

/// A sample; `None` when the machine's counters could not be read: zeros would be taken for figures.
fn take(
    subject: &Sampled,
    processes: &mut [SampledProcess],
    ledgers: &[File],
    tick_ns: u64,
) -> Option<UsageSample> {
    let mut sample = UsageSample { at: clock::now(), harness_cpu_ns: own_cpu(), ..UsageSample::default() };
    for process in processes {
        if let Some(own) = subject.read(&format!("/proc/{}/stat", process.pid)) {
            let (cpu_ns, rss) = process_cpu_and_rss(&own, tick_ns);
            // A process that has ended and was not waited for yet has no threads any more.
            process.cpu_ns = process.cpu_ns.max(cpu_ns);
            process.wait_ns = process.wait_ns.max(waited(process.pid));
            sample.fixture_rss += rss;
        }
        sample.fixture_cpu_ns += process.cpu_ns;
        sample.fixture_wait_ns += process.wait_ns;
    }
    let cores = subject.read("/proc/stat")?;
    (sample.core_idle_ns, sample.core_steal_ns) = core_times(&cores, &subject.cpus, tick_ns);
    if let Some(stopped) = &subject.stopped {
        // To the kernel the core was idle meanwhile; under a hypervisor it would not have been.
        let ns = stopped.ns();
        sample.core_idle_ns = sample.core_idle_ns.saturating_sub(ns);
        sample.core_steal_ns += ns;
    }
    if let Some(text) = subject.read("/proc/pressure/cpu") {
        sample.pressure_ns = pressure(&text);
    }
    for file in ledgers {
        let mut page = [0; HEADER_BYTES];
        if file.read_exact_at(&mut page, 0).is_ok() {
            let live = read_live(&page);
            sample.queue = sample.queue.max(live.queue);
            sample.in_flight += live.in_flight;
            sample.created += live.next_slot;
        }
    }
    Some(sample)
}

impl Sampled {
    /// Reads a file; that there was no descriptor for it is noted.
    fn read(&self, path: &str) -> Option<String> {
        match fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) => {
                self.limits.note(LimitedPart::Sampler, &error);
                None
            }
        }
    }
}

/// Run-queue wait of all threads of a process: second field of each `schedstat`. Unlike the counters of `/proc/stat` it is
/// measured, not sampled by the timer tick. It only falls when a thread ends, which Go's do not while they serve.
fn waited(pid: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    tasks
        .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok())
        .sum()
}

fn own_cpu() -> u64 {
    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| {
        let (user, system) = (usage.user_time(), usage.system_time());
        ((user.tv_sec() + system.tv_sec()) * 1_000_000_000 + (user.tv_usec() + system.tv_usec()) * 1000)
            as u64
    })
}

/// Fields 14 and 15 (user and system ticks) and 24 (resident pages) of `/proc/PID/stat`, counted after the command name,
/// which may hold spaces and brackets.
fn process_cpu_and_rss(stat: &str, tick_ns: u64) -> (u64, u64) {
    let fields: Vec<u64> = stat
        .rsplit_once(')')
        .map(|(_, rest)| rest.split_whitespace().map(|field| field.parse().unwrap_or_default()).collect())
        .unwrap_or_default();
    let field = |number: usize| fields.get(number - 3).copied().unwrap_or_default();
    ((field(14) + field(15)) * tick_ns, field(24) * 4096)
}

/// `total=` of the `some` line, microseconds.
fn pressure(text: &str) -> u64 {
    let line = text.lines().find(|line| line.starts_with("some")).unwrap_or_default();
    line.rsplit_once("total=").and_then(|(_, total)| total.trim().parse::<u64>().ok()).unwrap_or_default()
        * 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_files_are_read_as_the_kernel_writes_them() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 5 0 100 1000000 2560 18446744073709551615";
        assert_eq!(process_cpu_and_rss(stat, 10_000_000), (2_000_000_000, 2560 * 4096));
        assert_eq!(
            pressure("some avg10=0.00 avg60=0.00 avg300=0.00 total=1234\nfull avg10=0 total=9"),
            1_234_000
        );
    }
}
