//! The harness is stopped or killed in the middle: nothing of it remains, and what it left is a valid partial result.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use spanfate_model::format::manifest::Status;
use spanfate_model::result::RunResult;
use spanfate_run::host::clock;

use crate::lab::{Lab, lab, lab_alone, root};

const LONG: &str = "[load]\nrate = \"300/s\"\nwarmup = \"100ms\"\nlasting = \"30s\"\n";

/// Process id and start time of every process, with its parent's id.
fn processes() -> Vec<(i32, i32, String)> {
    let mut out = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some((_, rest)) = stat.rsplit_once(')') else { continue };
        let fields: Vec<&str> = rest.split_whitespace().collect();
        if fields[0] != "Z" {
            out.push((pid, fields[1].parse().unwrap(), fields[19].to_owned()));
        }
    }
    out
}

/// The harness and everything below it.
fn family(harness: i32) -> BTreeSet<(i32, String)> {
    let all = processes();
    let mut pids = BTreeSet::from([harness]);
    loop {
        let before = pids.len();
        pids.extend(
            all.iter()
                .filter(|(_, parent, _)| pids.contains(parent))
                .map(|(pid, ..)| *pid)
                .collect::<Vec<_>>(),
        );
        if pids.len() == before {
            return all
                .into_iter()
                .filter(|(pid, ..)| pids.contains(pid))
                .map(|(pid, _, since)| (pid, since))
                .collect();
        }
    }
}

fn remaining(family: &BTreeSet<(i32, String)>) -> Vec<i32> {
    processes()
        .into_iter()
        .filter(|(pid, _, since)| family.contains(&(*pid, since.clone())))
        .map(|(pid, ..)| pid)
        .collect()
}

/// Kills the harness and checks that its whole family is gone within two seconds.
fn kill_harness(mut child: Child) {
    let harness = child.id().cast_signed();
    let family = family(harness);
    kill(Pid::from_raw(harness), Signal::SIGKILL).unwrap();
    child.wait().unwrap();
    let killed = clock::now();
    while !remaining(&family).is_empty() {
        assert!(clock::now() - killed < 2_000_000_000, "still there: {:?} of {family:?}", remaining(&family));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(family.len() >= 3, "the harness had no children to lose: {family:?}");
}

/// Waits until requests have been answered for a while.
fn wait_for_load(lab: &Lab) {
    lab.until("load", || {
        let usage = fs::read_to_string(lab.run_dir()?.join("trial-000/usage.ndjson")).ok()?;
        (usage.lines().count() > 8).then_some(())
    });
}

pub(crate) fn a_harness_killed_in_mid_run_leaves_nothing_behind_but_a_valid_partial_result() {
    let Some(lab) = lab_alone() else { return };
    let child = lab.start(LONG);
    wait_for_load(&lab);
    kill_harness(child);
    let run = lab.run_dir().unwrap();
    let first = lab.call(&["analyze", run.to_str().unwrap()]);
    assert_eq!(first.status.code(), Some(3), "{}", String::from_utf8_lossy(&first.stderr));
    let bytes = fs::read(run.join("result.json")).unwrap();
    let result: RunResult = serde_json::from_slice(&bytes).unwrap();
    let trial = &result.variants[0].trials[0];
    assert_eq!((result.status, trial.status), (Status::Partial, Status::Partial));
    assert!(trial.ledger.created > 100 && trial.ledger.closes());
    assert_eq!(trial.ledger.unexplained.count + trial.ledger.unexpected.count, 0);
    // The raw logs have moved into the run's directory: no scratch is left, and the result is the same again.
    let manifest = fs::read_to_string(run.join("trial-000/trial.json")).unwrap();
    assert!(!manifest.contains("\"scratch\""), "{manifest}");
    lab.call(&["analyze", run.to_str().unwrap()]);
    assert_eq!(bytes, fs::read(run.join("result.json")).unwrap());
}

/// A process that is stopped, one in a control group, a neighbour, a proxy with a link that is down: all at once.
const INJECTED: &str = r#"
    [[service]]
    name = "front"
    calls = ["back"]
    [[service]]
    name = "back"
    [[fault]]
    at = "200ms"
    on = "back"
    kind = "pause"
    [[fault]]
    at = "200ms"
    kind = { cpu = { quota = 0.5 } }
    [[fault]]
    at = "200ms"
    kind = { neighbour = { share = 0.1 } }
    [[fault]]
    at = "200ms"
    kind = "down"
    "#;

pub(crate) fn what_faults_have_injected_goes_with_the_harness() {
    let Some(lab) = lab_alone() else { return };
    if lab.skips_without("faults: CPU control group") {
        return;
    }
    let child = lab.start(&format!("{LONG}{INJECTED}"));
    wait_for_load(&lab);
    let applied = || {
        let events = fs::read_to_string(lab.run_dir()?.join("trial-000/events.ndjson")).ok()?;
        (events.matches("fault_applied").count() == 4).then_some(())
    };
    lab.until("four faults", applied);
    let group = format!("spanfate-{}-", child.id());
    let groups = || {
        let all = fs::read_dir("/sys/fs/cgroup/cpu").or_else(|_| fs::read_dir("/sys/fs/cgroup"));
        let names = all.into_iter().flatten().flatten().map(|entry| entry.file_name());
        names.filter(|name| name.to_string_lossy().starts_with(&group)).count()
    };
    assert_eq!(groups(), 1);
    kill_harness(child);
    lab.until("the end of the control group", || (groups() == 0).then_some(()));
    let run = lab.run_dir().unwrap();
    let analysed = lab.call(&["analyze", run.to_str().unwrap()]);
    assert_eq!(analysed.status.code(), Some(3), "{}", String::from_utf8_lossy(&analysed.stderr));
    let result: RunResult = serde_json::from_slice(&fs::read(run.join("result.json")).unwrap()).unwrap();
    let trial = &result.variants[0].trials[0];
    assert!(trial.ledger.closes() && trial.ledger.unexplained.count == 0, "{:?}", trial.ledger);
    assert_eq!(trial.faults.len(), 4);
}

pub(crate) fn a_harness_killed_while_it_builds_takes_the_compilers_along() {
    let Some(lab) = lab_alone() else { return };
    let scenario = lab.scenario(LONG);
    let mut command = lab.program();
    command.arg("scenario").arg(scenario).arg("--out").arg(lab.path("results"));
    // An empty build cache: hundreds of packages to compile.
    command.env("GOCACHE", lab.path("cache")).env("GOFLAGS", "-modcacherw");
    let child = command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let harness = child.id().cast_signed();
    // The harness, its guard, go and at least one compiler.
    lab.until("a compiler", || (family(harness).len() >= 4).then_some(()));
    kill_harness(child);
    let run = lab.run_dir().unwrap();
    assert_eq!(lab.call(&["analyze", run.to_str().unwrap()]).status.code(), Some(3));
    // What it left half made is gone with the next run, and the one after that has nothing to link.
    let [first, second] = ["first", "second"].map(|out| built_by_a_run(&lab, out));
    assert!(!root().join(format!("target/fixtures/fixture.{harness}.fresh")).exists());
    assert_eq!(first, second);
}

/// Runs something short; the file that the fixture then is.
fn built_by_a_run(lab: &Lab, out: &str) -> u64 {
    let scenario = lab.scenario(&LONG.replace("30s", "100ms"));
    let output =
        lab.call(&["scenario", scenario.to_str().unwrap(), "--out", lab.path(out).to_str().unwrap()]);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", String::from_utf8_lossy(&output.stderr));
    fs::metadata(root().join("target/fixtures/fixture")).unwrap().ino()
}

#[test]
fn ctrl_c_ends_in_order_with_a_valid_partial_result() {
    let Some(lab) = lab() else { return };
    let child = lab.start(&format!("trials = 3\n{LONG}"));
    wait_for_load(&lab);
    let family = family(child.id().cast_signed());
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    let done = lab.finish(child);
    assert_eq!(done.code, Some(130), "{}{}", done.stdout, done.stderr);
    assert_eq!(done.result.status, Status::Interrupted);
    let trial = &done.result.variants[0].trials[0];
    assert!(trial.ledger.created > 100 && trial.ledger.closes());
    assert_eq!(
        trial.ledger.unexplained.count + trial.ledger.unexpected.count + trial.ledger.unaccounted.count,
        0
    );
    assert!(trial.load.not_started.values().sum::<u64>() > 1000, "{:?}", trial.load.not_started);
    assert!(remaining(&family).is_empty());
}

#[test]
fn a_run_that_goes_on_is_left_alone() {
    let Some(lab) = lab() else { return };
    let child = lab.start(LONG);
    wait_for_load(&lab);
    let run = lab.run_dir().unwrap();
    let busy = lab.call(&["analyze", run.to_str().unwrap()]);
    assert_eq!(busy.status.code(), Some(66));
    assert!(String::from_utf8_lossy(&busy.stderr).contains("still being written"));
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM).unwrap();
    assert_eq!(lab.finish(child).code, Some(143));
}

/// Two cells, two trials each: two seconds in all, of which a half is taken away.
const SWEPT: &str = r#"
    trials = 2
    [load]
    rate = "200/s"
    warmup = "100ms"
    lasting = "400ms"
    [sweep]
    exporter.queue = [512, 1024]
    "#;

#[test]
fn a_sweep_that_was_stopped_is_taken_up_where_it_was() {
    let Some(lab) = lab() else { return };
    let child = lab.start(SWEPT);
    lab.until("the second trial", || {
        fs::read_to_string(lab.run_dir()?.join("trial-001/usage.ndjson")).ok().map(|_| ())
    });
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    let stopped = lab.finish(child);
    assert_eq!(stopped.code, Some(130), "{}", stopped.stderr);
    let run = stopped.run.to_str().unwrap().to_owned();
    let first = fs::read(stopped.run.join("trial-000/ledger.json")).unwrap();
    let whole = lab.resume(&run, &[]);
    whole.assert_exact();
    assert_eq!((whole.result.status, whole.result.variants.len()), (Status::Complete, 2));
    for variant in &whole.result.variants {
        let seen: Vec<(u16, Status)> = variant.trials.iter().map(|t| (t.repetition, t.status)).collect();
        assert_eq!(seen, [(0, Status::Complete), (1, Status::Complete)]);
        // 100 requests with five spans: what an uninterrupted run has, too.
        assert!(variant.trials.iter().all(|trial| trial.ledger.created == 500));
    }
    assert_eq!(whole.result.plan, stopped.result.plan);
    // What was whole has not been run again, and a run that lacks nothing is only concluded.
    assert_eq!(fs::read(whole.run.join("trial-000/ledger.json")).unwrap(), first);
    let bytes = fs::read(whole.run.join("result.json")).unwrap();
    lab.resume(&run, &[]).assert_exact();
    assert_eq!(fs::read(whole.run.join("result.json")).unwrap(), bytes);
}

#[test]
fn a_run_ends_in_time_and_is_not_resumed_on_another_machine() {
    let Some(lab) = lab() else { return };
    let scenario = lab.scenario(&SWEPT.replace("400ms", "1500ms"));
    let mut command = lab.program();
    command.arg("scenario").arg(scenario).arg("--out").arg(lab.path("results"));
    // A trial takes 1.6 s and is given 2.8 s: one has room, or two or three, and never four.
    let child = command.args(["--max-duration", "7s"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let stopped = lab.finish(child.unwrap());
    assert_eq!(stopped.code, Some(103), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("spanfate resume"), "{}", stopped.stderr);
    assert_eq!(stopped.result.status, Status::Partial);
    let environment = stopped.run.join("environment.json");
    let other = fs::read_to_string(&environment).unwrap().replace("\"kernel\": \"", "\"kernel\": \"not ");
    fs::write(&environment, other).unwrap();
    let run = stopped.run.to_str().unwrap().to_owned();
    let refused = lab.call(&["resume", &run]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("kernel: not "), "{refused:?}");
    let mixed = lab.resume(&run, &["--allow-env-mismatch"]);
    assert_eq!(mixed.code, Some(3), "{}", mixed.stderr);
    assert!(mixed.result.reasons[0].contains("resumed on another machine"), "{:?}", mixed.result.reasons);
    assert_eq!(mixed.result.status, Status::Complete);
}

#[test]
fn a_run_outlives_the_file_of_its_program() {
    let Some(lab) = lab() else { return };
    let program = lab.path("spanfate");
    fs::copy(env!("CARGO_BIN_EXE_spanfate"), &program).unwrap();
    let scenario =
        lab.scenario("trials = 2\n[load]\nrate = \"100/s\"\nwarmup = \"100ms\"\nlasting = \"2s\"\n");
    let mut command = Command::new(&program);
    command.args(["scenario", scenario.to_str().unwrap(), "--out"]).arg(lab.path("results"));
    command.current_dir(root()).env("NO_COLOR", "1").stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    wait_for_load(&lab);
    // As a build does it while the run goes on; the second trial starts its processes anew.
    fs::remove_file(&program).unwrap();
    let done = lab.finish(child);
    done.assert_exact();
    assert_eq!((done.result.status, done.result.variants[0].trials.len()), (Status::Complete, 2));
}
