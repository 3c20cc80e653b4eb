//! A real Collector in the path. Building it takes minutes, so by day this runs only where it has been built already.

pub(crate) mod advised;
mod liars;
mod own;

use std::path::PathBuf;

use spanfate_model::cause::NamedCause;
use spanfate_model::fate::{CollectorLoss, Fate};
use spanfate_model::result::HopResult;

use crate::lab::{Finished, lab_alone, root, skipped};

/// The project's own collector, where it has been built.
fn built() -> Option<PathBuf> {
    let path = root().join("target/fixtures/collector-0.165");
    path.is_file().then_some(path)
}

/// The same; where it has not been, the test is skipped.
fn is_built() -> bool {
    if built().is_none() {
        skipped("the collector has not been built here (`spanfate scenario collector-kill` builds it)");
    }
    built().is_some()
}

/// Whether the larger of the project's collectors has been built; where it has not been, the test is skipped.
fn is_larger_built() -> bool {
    let built = root().join("target/fixtures/collector-0.160-contrib").is_file();
    if !built {
        skipped(
            "the larger collector has not been built here (`spanfate scenario collector-tail-sampling` builds it)",
        );
    }
    built
}

const KILLED: &str = r#"
    [load]
    rate = "100/s"
    warmup = "100ms"
    lasting = "2s"
    [exporter]
    delay = "50ms"
    retry = { enabled = true, initial = "50ms", max_interval = "200ms" }
    [[pipeline.hop]]
    name = "agent"
    [[variant]]
    name = "batch-processor"
    hops.agent = { batch_timeout = "1s" }
    [[variant]]
    name = "wait-for-result"
    hops.agent = { batch_processor = false, wait_for_result = true }
    [[fault]]
    at = "1500ms"
    on = "agent"
    kind = { kill = { restart_after = "100ms" } }
"#;

fn hop(done: &Finished, variant: &str) -> HopResult {
    let variant = done.result.variants.iter().find(|one| one.name == variant).unwrap();
    variant.trials[0].hops[0].clone()
}

pub(crate) fn what_a_killed_collector_held_is_lost_and_nothing_else_is() {
    if !is_built() {
        return;
    }
    let Some(lab) = lab_alone() else { return };
    let done = lab.run(KILLED);
    done.assert_exact();
    let held = hop(&done, "batch-processor");
    let lost = held.lost.get(&Fate::LostInCollector(CollectorLoss::Crash)).copied().unwrap_or_default();
    assert!(lost > 0 && held.lost_in_all() == lost, "{held:?}");
    assert_eq!((held.accepted, held.passed), (1050, 1050 - lost));
    assert_eq!(held.starts, 2);
    let waits = hop(&done, "wait-for-result");
    assert_eq!((waits.passed, waits.lost_in_all()), (1050, 0), "{waits:?}");
    assert!(done.stdout.contains("acknowledged, then lost"), "{}", done.stdout);
    let why = done.result.insights.why("batch-processor").unwrap();
    let first = &why.suspects[0];
    assert_eq!((first.service.as_str(), first.cause), ("agent", NamedCause::CollectorCrashed), "{why:?}");
    // What was lost came after what the collector had sent, so not long before it was killed.
    assert!(first.path.iter().all(|step| step.at_ms > 400.0 && step.at_ms < 1600.0), "{:?}", first.path);
    let mut explain = lab.program();
    explain.args(["explain", "--sample", "lost_in_collector.crash"]).arg(&done.run);
    let told = explain.output().unwrap();
    let told = String::from_utf8_lossy(&told.stdout);
    for said in ["agent told the SDK that it took the request", "never seen by the receiver"] {
        assert!(told.contains(said), "{said}: {told}");
    }
}

const RELOADED: &str = r#"
    [load]
    rate = "100/s"
    warmup = "100ms"
    lasting = "2s"
    [exporter]
    delay = "50ms"
    retry = { enabled = true, initial = "50ms", max_interval = "200ms" }
    [[pipeline.hop]]
    name = "agent"
    knobs = { batch_processor = false, retry_initial = "100ms", retry_max = "200ms" }
    [[variant]]
    name = "memory"
    [[variant]]
    name = "disk"
    hops.agent = { storage = "disk" }
    [[fault]]
    at = "600ms"
    for = "900ms"
    kind = { answer = { status = { grpc = "UNAVAILABLE" } } }
    [[fault]]
    at = "1s"
    on = "agent"
    kind = "reload"
"#;

pub(crate) fn a_configuration_that_is_read_again_is_an_end_and_a_start_in_one_process() {
    if !is_built() {
        return;
    }
    let Some(lab) = lab_alone() else { return };
    let done = lab.run(RELOADED);
    done.assert_exact();
    let memory = hop(&done, "memory");
    let lost = memory.lost.get(&Fate::LostInCollector(CollectorLoss::Shutdown)).copied().unwrap_or_default();
    assert!(lost > 0 && memory.lost_in_all() == lost, "{memory:?}");
    assert_eq!((memory.accepted, memory.passed), (1050, 1050 - lost));
    assert_eq!((memory.starts, memory.ends[0].as_str()), (2, "read its configuration again"));
    let disk = hop(&done, "disk");
    assert_eq!((disk.passed, disk.lost_in_all(), disk.starts), (1050, 0, 2), "{disk:?}");
}

#[test]
#[ignore = "builds the Collector and runs for minutes: cargo test -p spanfate --test e2e the_library_s_collectors_agree_with_the_books_to_the_span -- --ignored"]
fn the_library_s_collectors_agree_with_the_books_to_the_span() {
    let all = [
        "outage",
        "kill",
        "restart",
        "batch",
        "two-hops",
        "slow-backend",
        "own",
        "fan-out",
        "tail-sampling",
        "memory-limit",
        "grace-period",
        "persistent-queue",
        "reload",
        "rolling-restart",
        "one-big-span",
        "sidecar-ends-first",
        "hundred-traces",
        "head-sampling",
    ];
    for name in all {
        let Some(lab) = lab_alone() else { return };
        let mut command = lab.program();
        command.args(["scenario", &format!("collector-{name}"), "--out"]).arg(lab.path("results"));
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let done = lab.finish(command.spawn().unwrap());
        done.assert_exact();
    }
}
