//! `spanfate why` held against what was injected: on a short run, on hidden faults, and each night on every scenario of the library that
//! loses spans on purpose.

use std::fs;

use spanfate_analysis::{blinded, conclude_trial, suspects};
use spanfate_model::cause::NamedCause::{
    self, Burst, CollectorCrashed, CollectorQueueFull, CollectorSendFailed, CollectorStopped, CpuStarved,
    EndedLate, ExportFailing, NeverEnded, ProcessEnded, Rejected, ShutdownDeadline, SlowAnswer, SlowNetwork,
    SlowSerialising,
};
use spanfate_model::finding::evaluation::{Evaluation, SeedSet};
use spanfate_model::format::layout::RunDir;
use spanfate_model::result::{RunResult, Suspect, named};
use spanfate_run::store;

use crate::lab::{Lab, lab_alone};

/// Who is blamed first for the losses of a variant, if that is sure enough to be named.
fn first<'a>(result: &'a RunResult, variant: &str) -> Option<&'a Suspect> {
    named(&result.insights.why(variant)?.suspects)
}

/// Three losses of three kinds, each in a second of load.
const SHORT: &str = r#"
[load]
rate = "200/s"
warmup = "300ms"
lasting = "1500ms"

[exporter]
delay = "100ms"

[[variant]]
name = "answer"
exporter = { queue = 128, batch = 64 }

[[variant]]
name = "kill"

[[variant]]
name = "leak"

[[fault]]
at = "500ms"
for = "1s"
kind = { answer = { after = { time = "250ms" } } }
variants = ["answer"]

[[fault]]
at = "1s"
kind = { kill = { restart_after = "100ms" } }
variants = ["kill"]

[[fault]]
at = "500ms"
for = "800ms"
kind = { panic = { place = "before_defer", one_in = 4 } }
variants = ["leak"]
"#;

pub(crate) fn the_first_cause_is_what_was_injected_and_the_fault_log_is_not_asked() {
    let Some(lab) = lab_alone() else { return };
    let run = lab.run(SHORT);
    run.assert_exact();
    for (variant, cause) in [("answer", SlowAnswer), ("kill", ProcessEnded), ("leak", NeverEnded)] {
        let found = first(&run.result, variant);
        assert_eq!(
            found.map(|one| one.cause),
            Some(cause),
            "{variant}: {:?}",
            run.result.insights.why(variant)
        );
        assert!(found.is_some_and(|one| !one.path.is_empty() && one.path.is_sorted_by_key(|hop| hop.at_ms)));
    }
    let dir = RunDir(run.run.clone());
    let plan = store::read_plan(&dir).unwrap();
    let cores = run.result.environment.fixture_cpus.len();
    for planned in &plan.trials {
        let logs = store::read_trial(&dir.trial(planned.index)).unwrap();
        let (blind_plan, blind_logs) = blinded(plan.clone(), logs.clone());
        assert!(blind_plan.variants.iter().all(|variant| variant.faults.is_empty()));
        assert!(blind_logs.events.len() < logs.events.len(), "the fault log was there");
        let told = conclude_trial(&plan, planned, cores, &logs).result;
        let blind = conclude_trial(&blind_plan, planned, cores, &blind_logs).result;
        assert!(blind.faults.is_empty() && !told.faults.is_empty());
        let answer = suspects(std::slice::from_ref(&blind));
        assert!(!answer.is_empty());
        let mut with_log = suspects(std::slice::from_ref(&told));
        // That a span never ended is seen when it is left over; only the plan of faults dates it to its panic.
        if answer[0].cause == NeverEnded {
            with_log.iter_mut().zip(&answer).for_each(|(one, blind)| one.path.clone_from(&blind.path));
        }
        assert_eq!(answer, with_log);
    }
}

pub(crate) fn hidden_faults_are_run_asked_for_and_scored_and_a_test_is_judged_once() {
    let Some(lab) = lab_alone() else { return };
    let out = lab.path("out");
    let evaluate = |more: &[&str]| {
        let mut command = lab.program();
        command.args(["why", "--evaluate", "--set", "test", "--seed", "4", "--format", "json"]).args(more);
        command.output().unwrap()
    };
    let done = evaluate(&["--cases", "1", "--verify", "--keep", "--out", out.to_str().unwrap()]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let found: Evaluation = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((found.set, found.score.cases, found.cases.len()), (SeedSet::Test, 1, 1));
    assert!(found.cases[0].candidates >= 13 && found.cases[0].due > 0, "{:?}", found.cases[0]);
    let dir = fs::read_dir(&out).unwrap().next().unwrap().unwrap().path();
    // The case says what became of its advice, or why none ran.
    let advice = found.cases[0].advice.as_ref().unwrap();
    let said = !advice.remedies.is_empty() || !advice.left_out.is_empty();
    assert_eq!(said, found.cases[0].lost > 0, "{advice:?}");
    assert!(found.score.advice.is_some());
    let metrics = fs::read_to_string(dir.join("case-0000/metrics.csv")).unwrap();
    assert!(metrics.lines().count() > 30 && metrics.lines().all(|line| line.split(',').count() >= 7));
    assert!(fs::read_to_string(dir.join("case-0000/traces.csv")).unwrap().lines().count() > 10);
    // By what was kept the same is answered again, and nothing runs.
    let mut command = lab.program();
    command.args(["why", "--evaluate", "--format", "json", "--from"]).arg(&dir);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let again: Evaluation = serde_json::from_slice(&output.stdout).unwrap();
    assert!(again.again && again.cases[0].answer == found.cases[0].answer, "{:?}", again.cases[0]);
    assert!(again.score.outside.is_some() && again.cases[0].outside == found.cases[0].outside);
    assert!(dir.join("again.json").is_file());
    // A user's own tables are answered by the same rules.
    let mut command = lab.program();
    let [metrics, traces] = ["metrics", "traces"].map(|name| dir.join(format!("case-0000/{name}.csv")));
    command.args(["why", "--format", "json", "--metrics"]).arg(metrics).arg("--traces").arg(traces);
    let table: serde_json::Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    assert_eq!(table["suspects"], serde_json::to_value(&found.cases[0].outside).unwrap());
    // What was judged is not judged again.
    let again = evaluate(&["--cases", "2", "--continue", dir.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(2), "{}", String::from_utf8_lossy(&again.stderr));
}

/// A scenario, a pattern of its variants, the service that is to blame (empty: any), and what it may be called.
type Injected = (&'static str, &'static str, &'static str, &'static [NamedCause]);

/// What scenarios of the library inject: of each variant that matches and loses spans, the first cause must be one of these. Where two
/// stand, the witnesses outside of the receiver see no difference: a line that is thin and a receiver that reads slowly, or a call that
/// gets no answer until its time is over.
const LIBRARY: [Injected; 73] = [
    ("smoke", "too-small", "", &[SlowAnswer]),
    ("chain", "slow-receiver", "payment", &[SlowAnswer]),
    ("bad-hop", "order-cannot-export", "order", &[ExportFailing]),
    ("bad-hop", "order-is-killed", "order", &[ProcessEnded]),
    ("bad-hop", "gateway-cannot-export", "gateway", &[ExportFailing]),
    ("bandwidth", "100kB", "", &[SlowNetwork]),
    ("black-hole", "*", "", &[ExportFailing, SlowNetwork]),
    ("collector-batch", "batch-processor", "agent", &[CollectorQueueFull]),
    ("collector-flapping", "*", "", &[ExportFailing]),
    ("collector-kill", "batch-processor-10s", "agent", &[CollectorCrashed]),
    ("collector-outage", "gives-up", "agent", &[CollectorSendFailed]),
    ("collector-outage", "memory-killed", "agent", &[CollectorCrashed]),
    ("collector-outage", "short-queue", "agent", &[CollectorQueueFull]),
    ("collector-own", "short-queue", "gateway", &[CollectorQueueFull]),
    ("collector-restart", "back-end-down", "agent", &[CollectorStopped]),
    ("collector-slow-backend", "*", "agent", &[CollectorQueueFull]),
    ("collector-two-hops", "two-batch-processors", "gateway", &[CollectorCrashed]),
    ("contract-losses", "queue-full", "", &[SlowAnswer]),
    ("contract-losses", "killed", "", &[ProcessEnded]),
    ("contract-losses", "refused", "", &[ExportFailing]),
    ("contract-losses", "never-ended", "", &[NeverEnded]),
    ("cpu-squeeze", "quota-*", "", &[CpuStarved]),
    ("crash-random", "*", "", &[ProcessEnded]),
    ("bridges", "otel-killed", "", &[ProcessEnded]),
    ("bridges", "opentracing-bridge-killed", "", &[ProcessEnded]),
    ("bridges", "opencensus-bridge-killed", "", &[ProcessEnded]),
    ("crash-matrix", "os-exit", "", &[ProcessEnded]),
    ("crash-matrix", "log-fatal", "", &[ProcessEnded]),
    ("crash-matrix", "kill", "", &[ProcessEnded]),
    ("crash-matrix", "oom", "", &[ProcessEnded]),
    ("cut-answers", "*", "", &[ExportFailing]),
    ("designs/guard-crash", "nothing", "", &[ProcessEnded]),
    ("designs/guard-crash", "blocking", "", &[ProcessEnded]),
    ("designs/guard-exit", "nothing/*", "", &[ProcessEnded]),
    ("designs/guard-handover", "nothing", "", &[NeverEnded]),
    ("designs/guard-leak", "nothing", "", &[NeverEnded]),
    ("designs/guard-panic", "nothing", "", &[NeverEnded]),
    ("designs/logs-kill", "*", "", &[ProcessEnded]),
    ("designs/sampling-probes", "nothing", "", &[SlowAnswer]),
    ("designs/sampling-switch", "nothing", "", &[SlowAnswer]),
    ("hang", "20s", "", &[NeverEnded]),
    ("jitter-sweep", "200ms", "", &[SlowNetwork]),
    ("kill-when-full", "*", "", &[ProcessEnded]),
    ("known-issues/4663", "refused", "", &[ExportFailing]),
    ("known-issues/4663", "reset", "", &[ExportFailing]),
    ("known-issues/4669", "without", "", &[ExportFailing]),
    ("known-issues/4727", "sdk-defaults", "", &[SlowAnswer]),
    ("known-issues/5557", "1.47.0", "", &[SlowAnswer]),
    ("known-issues/8254", "grpc-refused", "", &[ExportFailing]),
    ("limit-data", "*", "", &[ExportFailing]),
    ("outage-1s", "*", "", &[ExportFailing]),
    ("outage-3s", "*", "", &[ExportFailing]),
    ("outage-12s", "*", "", &[ExportFailing]),
    ("outage-30s", "*", "", &[ExportFailing]),
    ("outage-advised", "*", "", &[ExportFailing]),
    ("panic-matrix", "before-defer", "", &[NeverEnded]),
    // That of fatal-after-shutdown loses nothing, or the one span that is just ending.
    ("panic-matrix", "fatal", "", &[ProcessEnded]),
    ("panic-matrix", "fatal-elsewhere", "", &[ProcessEnded]),
    ("partial-success", "*", "", &[Rejected]),
    ("paths", "*", "", &[SlowAnswer]),
    ("pause", "4s*", "", &[Burst]),
    ("retry-after", "*", "", &[ExportFailing]),
    ("shaper", "plain", "", &[SlowNetwork, ExportFailing]),
    ("short-delay", "delay-50ms", "", &[SlowAnswer]),
    ("shutdown-deadlines", "*", "", &[ShutdownDeadline]),
    ("slicer", "hard", "", &[SlowNetwork]),
    ("slow-reading", "*", "", &[SlowNetwork, ExportFailing]),
    ("slow-serialisation", "800us", "", &[SlowSerialising]),
    ("span-errors", "never-ended", "", &[NeverEnded]),
    ("span-errors", "body-unread", "", &[NeverEnded]),
    ("span-errors", "ended-after-shutdown", "", &[EndedLate]),
    ("status-codes", "http-40*", "", &[ExportFailing]),
    ("too-large", "b512*", "", &[ExportFailing]),
];

/// Scenarios of the library whose faults are asked for nothing here, and why.
const SPARED: [(&str, &str); 33] = [
    ("cache-contention", "requests wait, and no span is lost"),
    ("claims/probes-under-gc", "no span is lost"),
    ("clock-step", "no span is lost"),
    ("collector-fan-out", "one way gets what the other one loses"),
    ("collector-tail-sampling", "what is left out is left out on purpose"),
    ("collector-grace-period", "its expectations name what each hop loses"),
    ("collector-head-sampling", "its expectations name what each hop loses"),
    ("collector-hundred-traces", "its expectations name what each hop loses"),
    ("collector-memory-limit", "its expectations name what each hop loses"),
    ("collector-one-big-span", "its expectations name what each hop loses"),
    ("collector-persistent-queue", "its expectations name what each hop loses"),
    ("collector-reload", "its expectations name what each hop loses"),
    ("collector-rolling-restart", "its expectations name what each hop loses"),
    ("collector-sidecar-ends-first", "its expectations name what each hop loses"),
    ("designs/sampling-endpoint", "no span is lost"),
    ("designs/sampling-load-step", "no span is lost"),
    ("designs/sampling-tail", "no span is lost"),
    ("dual-engine", "its expectations name what each hop loses"),
    ("dual-engine-faults", "its expectations name what each hop loses"),
    ("nightly-collector", "its expectations name what each hop loses"),
    ("context-lost", "traces are torn, and no span is lost"),
    ("deep-stacks", "no span is lost"),
    ("gc", "collections cost spans on slow machines only, and then it is for want of CPU"),
    ("known-issues/8383", "no span is lost"),
    ("late-answers", "no span is lost"),
    ("load-link", "requests are lost, and no span is"),
    ("probes/kills", "as in crash-random"),
    ("probes/traps", "the harness's own probes are the fault"),
    ("qps5k-cpu", "at_every_quota asks it"),
    ("reset-storm", "no span is lost"),
    ("selftest", "its differences are those of a comparison"),
    ("slow-close", "no span is lost"),
    ("storm", "everything happens at once, and no cause is first"),
];

#[test]
fn every_scenario_with_a_fault_is_asked_for_its_cause_or_says_why_not() {
    let scenarios = crate::lab::root().join("scenarios");
    let mut missing = Vec::new();
    for folder in ["", "claims/", "designs/", "known-issues/", "probes/"] {
        for entry in fs::read_dir(scenarios.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".toml")) else {
                continue;
            };
            let name = format!("{folder}{name}");
            let text = fs::read_to_string(&path).unwrap();
            let known = LIBRARY.iter().any(|one| one.0 == name) || SPARED.iter().any(|one| one.0 == name);
            if text.lines().any(|line| line.trim() == "[[fault]]") && !known {
                missing.push(name);
            }
        }
    }
    assert!(missing.is_empty(), "add to LIBRARY, or to SPARED with a reason: {missing:?}");
}

#[test]
#[ignore = "runs the lossy scenarios of the library, some twenty minutes: cargo test -p spanfate --test e2e blame_over_the_library -- --ignored"]
fn blame_over_the_library() {
    let Some(lab) = lab_alone() else { return };
    let only = std::env::var("BLAME_PART").unwrap_or_default();
    let chosen: Vec<&Injected> =
        LIBRARY.iter().filter(|one| format!("{} / {}", one.0, one.1).contains(&only)).collect();
    assert!(!chosen.is_empty(), "no scenario has `{only}` in its name");
    let wrong: Vec<String> =
        chosen.into_iter().enumerate().flat_map(|(at, one)| blamed(&lab, at, one)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Scenarios of the library of a few seconds, one of each kind of cause that takes no quota of CPU.
const QUICK: [(&str, &str); 4] = [
    ("smoke", "too-small"),
    ("crash-matrix", "os-exit"),
    ("known-issues/4663", "refused"),
    ("span-errors", "body-unread"),
];

pub(crate) fn blame_over_quick_scenarios_of_the_library() {
    let Some(lab) = lab_alone() else { return };
    let chosen: Vec<&Injected> =
        QUICK.iter().filter_map(|quick| LIBRARY.iter().find(|one| (one.0, one.1) == *quick)).collect();
    assert_eq!(chosen.len(), QUICK.len(), "a quick scenario is one of the library's");
    let wrong: Vec<String> =
        chosen.into_iter().enumerate().flat_map(|(at, one)| blamed(&lab, at, one)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Runs one trial of each variant; what is wrong with the answers.
#[expect(clippy::print_stdout, reason = "what was said of each; shown by --nocapture")]
fn blamed(lab: &Lab, at: usize, (scenario, variants, service, causes): &Injected) -> Vec<String> {
    let out = lab.path(&format!("results-{at}"));
    let mut command = lab.program();
    command.args(["scenario", scenario, "--trials", "1", "--variant", variants, "--out"]).arg(&out);
    let output = command.output().unwrap();
    let read = fs::read_dir(&out).ok().into_iter().flatten().flatten();
    let result = read.into_iter().find_map(|entry| fs::read(entry.path().join("result.json")).ok());
    let Some(result) = result else {
        return vec![format!("{scenario}: no result: {}", String::from_utf8_lossy(&output.stderr))];
    };
    let result: RunResult = serde_json::from_slice(&result).unwrap();
    drop(fs::remove_dir_all(&out));
    let mut wrong = Vec::new();
    if result.insights.why.is_empty() {
        wrong.push(format!("{scenario}, {variants}: nothing was lost"));
    }
    for why in &result.insights.why {
        let found = named(&why.suspects);
        let right = found.is_some_and(|one| {
            causes.contains(&one.cause) && (service.is_empty() || one.service == *service)
        });
        let all: Vec<String> = why
            .suspects
            .iter()
            .map(|one| {
                format!("{} {} {:.2} ({:.2})", one.service, one.cause.as_str(), one.share, one.confidence)
            })
            .collect();
        let line = format!("{scenario}, {}: {} lost: {}", why.variant, why.of, all.join(", "));
        println!("{} {line}", if right { "right" } else { "WRONG" });
        if !right {
            wrong.push(line);
        }
    }
    wrong
}
