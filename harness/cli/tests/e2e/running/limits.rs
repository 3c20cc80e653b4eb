//! Limits of the surroundings: what they take is never the service's loss.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use spanfate_model::limits::{LimitedPart, OwnLimit};
use spanfate_model::result::{Basis, TrustCheck};
use spanfate_model::verdict::Verdict;

use crate::lab::{Finished, Lab, lab, lab_alone, skipped};

/// Starts a scenario through a shell, which may change what it runs under before it becomes the program.
fn through(lab: &Lab, shell: &[&str], before: &str, scenario: &str) -> std::process::Child {
    let scenario = lab.scenario(scenario);
    let program = lab.program();
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg("-c").arg(format!("{before}\nexec \"$0\" scenario \"$@\""));
    command.arg(program.get_program()).arg(scenario).arg("--out").arg(lab.path("results"));
    command.current_dir(crate::lab::root()).env("NO_COLOR", "1");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The run cannot be judged, and says why; the books hold all the same.
fn assert_ours(done: &Finished, what: OwnLimit, part: LimitedPart, says: &str) {
    assert_eq!((done.result.verdict, done.code), (Verdict::Inconclusive, Some(3)), "{}", done.stdout);
    assert!(done.result.reasons.iter().any(|reason| reason.contains(says)), "{:?}", done.result.reasons);
    let trial = &done.result.variants[0].trials[0];
    let met = |met: &&spanfate_model::limits::LimitMet| met.what.is(&what) && met.part.is(&part);
    assert!(trial.limits_met.iter().any(|limit| met(&limit)), "{:?}", trial.limits_met);
    assert!(trial.ledger.closes() && !trial.is_valid(Basis::Loss) && !trial.is_valid(Basis::Latency));
}

#[test]
fn without_descriptors_the_load_says_so_and_the_service_is_not_blamed() {
    let Some(lab) = lab() else { return };
    let scenario =
        "[load]\nrate = \"500/s\"\nwarmup = \"0s\"\nlasting = \"800ms\"\n[service]\nsleep = \"400ms\"\n";
    let done = lab.finish(through(&lab, &["sh"], "ulimit -n 120", scenario));
    assert_ours(&done, OwnLimit::Descriptors, LimitedPart::Load, "our own descriptors ran out (120 allowed)");
    let load = &done.result.variants[0].trials[0].load;
    let unsent: u64 = load.failed.values().sum();
    assert!(unsent > 0 && load.failed.contains_key("no descriptor or port left for the load"), "{load:?}");
    assert!(done.stdout.contains("no descriptor or port left for the load"), "{}", done.stdout);
}

pub(crate) fn without_space_for_raw_logs_the_run_has_gaps_and_no_verdict() {
    let Some(lab) = lab_alone() else { return };
    let private = Command::new("unshare").args(["-m", "mount", "-t", "tmpfs", "tmpfs", "/dev/shm"]).output();
    if !private.is_ok_and(|output| output.status.success()) {
        skipped("no mounts of one's own here");
        return;
    }
    // As soon as requests are recorded, somebody else takes all the space that is left.
    let before = "mount -t tmpfs -o size=200m tmpfs /dev/shm\n\
        ( until ls /dev/shm/spanfate-*/load.* >/dev/null 2>&1; do sleep 0.02; done; exec cat /dev/zero >/dev/shm/fill 2>&1 ) &";
    let scenario = "[load]\nrate = \"1000/s\"\nwarmup = \"0s\"\nlasting = \"1500ms\"\n[exporter]\nbatch = 16\nqueue = 64\n";
    let done = lab.finish(through(&lab, &["unshare", "-m", "sh"], before, scenario));
    assert_ours(&done, OwnLimit::Space, LimitedPart::WireLog, "the space for raw logs ran out");
}

#[test]
fn what_is_started_gets_the_descriptors_that_the_user_gave() {
    let Some(lab) = lab() else { return };
    let mut command = lab.program();
    let parent = std::process::id().to_string();
    command.args(["__exec", "--parent", &parent, "--descriptors", "77", "--", "sh", "-c", "ulimit -Sn"]);
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "77\n", "{output:?}");
}

/// A control group with the `cpu` controller, gone with this value.
struct QuotaGroup {
    path: PathBuf,
    first: bool,
}

impl QuotaGroup {
    fn create() -> Self {
        let first = Path::new("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").is_file();
        let root = if first { "/sys/fs/cgroup/cpu" } else { "/sys/fs/cgroup" };
        let path = Path::new(root).join(format!("spanfate-test-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self { path, first }
    }

    /// Tenths of a core that may be used; none for all.
    fn allow(&self, tenths: Option<u64>) {
        if self.first {
            let quota = tenths.map_or("-1".to_owned(), |tenths| (tenths * 10_000).to_string());
            fs::write(self.path.join("cpu.cfs_quota_us"), quota).unwrap();
        } else {
            let quota = tenths.map_or("max".to_owned(), |tenths| (tenths * 10_000).to_string());
            fs::write(self.path.join("cpu.max"), format!("{quota} 100000")).unwrap();
        }
    }

    fn throttled(&self) -> u64 {
        let stat = fs::read_to_string(self.path.join("cpu.stat")).unwrap();
        let line = stat.lines().find_map(|line| line.strip_prefix("nr_throttled "));
        line.and_then(|number| number.parse().ok()).unwrap_or_default()
    }
}

impl Drop for QuotaGroup {
    fn drop(&mut self) {
        drop(fs::remove_dir(&self.path));
    }
}

pub(crate) fn a_quota_that_holds_everything_back_is_named() {
    let Some(lab) = lab_alone() else { return };
    if lab.skips_without("faults: CPU control group") {
        return;
    }
    let group = QuotaGroup::create();
    let before = format!("echo $$ > {}/cgroup.procs", group.path.display());
    let scenario = "[load]\nrate = \"1000/s\"\nwarmup = \"0s\"\nlasting = \"2s\"\n";
    let child = through(&lab, &["sh"], &before, scenario);
    // Not before: all that is built would wait, too.
    lab.until("the first sample", || {
        let usage = lab.run_dir()?.join("trial-000/usage.ndjson");
        fs::metadata(usage).ok().filter(|usage| usage.len() > 0)
    });
    let before = group.throttled();
    group.allow(Some(1));
    lab.until("the quota is used up", || (group.throttled() > before + 5).then_some(()));
    group.allow(None);
    let done = lab.finish(child);
    assert_eq!((done.result.verdict, done.code), (Verdict::Inconclusive, Some(3)), "{}", done.stdout);
    let trial = &done.result.variants[0].trials[0];
    let quota = trial.usage.harness_quota.unwrap();
    assert!(quota.throttled > 2 && (quota.cores - 0.1).abs() < 1e-9, "{quota:?}");
    let marks = trial.validity.iter().filter(|mark| mark.check.is(&TrustCheck::Throttled));
    assert_eq!(marks.filter(|mark| !mark.valid).count(), 2, "{:?}", trial.validity);
    assert!(done.result.reasons.iter().any(|reason| reason.contains("a CPU quota of 0.1 cores")));
    assert!(done.stdout.contains("cpu quota"), "{}", done.stdout);
    assert!(trial.ledger.closes() && trial.ledger.unexplained.count == 0);
}
