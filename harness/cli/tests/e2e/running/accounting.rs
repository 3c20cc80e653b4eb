//! A real SDK under load: every span has its fate, and what is on disk gives the same result again.

use std::fs;

use spanfate_model::fate::witness::{Witness, WitnessState};
use spanfate_model::fate::{Decider, ExitWay, Fate};

use crate::lab::{lab, lab_alone};

#[test]
fn grpc_and_http_lose_nothing_and_a_small_queue_loses_what_the_law_says() {
    let Some(lab) = lab() else { return };
    let done = lab.run(
        r#"
        [load]
        rate = "400/s"
        arrival = "poisson"
        warmup = "200ms"
        lasting = "1s"
        [[variant]]
        name = "grpc"
        [[variant]]
        name = "http"
        exporter = { protocol = "http/protobuf", compression = "gzip", via = "option" }
        [[variant]]
        name = "small"
        exporter = { queue = 64, batch = 32, delay = "100ms" }
        receiver = { answer_after = "100ms" }
        "#,
    );
    done.assert_exact();
    let trial = |index: usize| &done.result.variants[index].trials[0];
    for index in [0, 1] {
        assert_eq!(trial(index).loss.lost, 0);
        assert!(trial(index).ledger.total(Fate::Received) > 1000);
    }
    assert!(
        trial(1).exports.wire_bytes_per_span < trial(1).exports.raw_bytes_per_span / 2.0,
        "not compressed"
    );
    assert!(trial(2).ledger.total(Fate::DroppedQueueFull) > 100);
    assert_eq!(trial(2).effective.as_ref().unwrap().queue, 64);
    let prediction = trial(2).loss.predicted.unwrap();
    assert!(
        (prediction.rate - trial(2).loss.rate).abs() < 0.1,
        "{prediction:?} against {}",
        trial(2).loss.rate
    );
    let complete = [Witness::Process, Witness::Sdk, Witness::Wire, Witness::Load];
    for report in trial(0).witnesses.iter().filter(|report| complete.contains(&report.witness)) {
        assert_eq!(report.state, WitnessState::Complete, "{report:?}");
    }
    assert!(done.stdout.contains("small") && done.stdout.contains("dropped_queue_full"), "{}", done.stdout);
}

#[test]
fn analyze_and_report_give_the_same_bytes_from_disk() {
    let Some(lab) = lab() else { return };
    let done = lab.run("[load]\nrate = \"200/s\"\nwarmup = \"100ms\"\nlasting = \"500ms\"\n");
    done.assert_exact();
    let id = done.run.file_name().unwrap().to_string_lossy().into_owned();
    let files = [
        done.run.join("result.json"),
        done.run.join("trial-000/ledger.json"),
        lab.path("results").join(format!("{id}.html")),
    ];
    let read = || files.iter().map(|path| fs::read(path).unwrap()).collect::<Vec<_>>();
    let first = read();
    for path in &files {
        fs::remove_file(path).unwrap();
    }
    let again = lab.call(&["analyze", done.run.to_str().unwrap()]);
    assert_eq!(again.status.code(), done.code);
    assert_eq!(String::from_utf8_lossy(&again.stdout), done.stdout);
    assert_eq!(first, read());
    fs::remove_file(&files[2]).unwrap();
    assert!(lab.call(&["report", done.run.to_str().unwrap()]).status.success());
    assert_eq!(first, read());
}

#[test]
fn samplers_and_parents_decide_and_every_unsampled_span_is_counted() {
    let Some(lab) = lab() else { return };
    let load = "[load]\nrate = \"400/s\"\nwarmup = \"0s\"\nlasting = \"1s\"\n";
    let done = lab.run(&format!(
        r#"{load}
        [[variant]]
        name = "ratio"
        exporter = {{ sampler = "traceidratio", ratio = 0.25 }}
        [[variant]]
        name = "off"
        exporter = {{ sampler = "always_off", via = "option" }}
        "#
    ));
    done.assert_exact();
    let ratio = &done.result.variants[0].trials[0].ledger;
    assert_eq!(ratio.created, 2000);
    let received = ratio.total(Fate::Received);
    assert!((300..700).contains(&received), "{received} of 2000 at a ratio of a quarter");
    assert_eq!(ratio.total(Fate::NotSampled(Decider::Sampler)), 2000 - received);
    let off = &done.result.variants[1].trials[0].ledger;
    assert_eq!(off.total(Fate::NotSampled(Decider::Sampler)), 2000);
}

#[test]
fn an_unsampled_remote_parent_is_what_decides_by_default() {
    let Some(lab) = lab() else { return };
    let load = "[load]\nrate = \"200/s\"\nwarmup = \"0s\"\nlasting = \"500ms\"\n";
    let done = lab.run(&format!("{load}[service]\nroot = \"remote-unsampled\"\nspans_per_request = 3\n"));
    done.assert_exact();
    let ledger = &done.result.variants[0].trials[0].ledger;
    assert_eq!((ledger.created, ledger.total(Fate::NotSampled(Decider::Parent))), (300, 300));
}

#[test]
fn a_remote_sampled_parent_keeps_its_trace_id() {
    let Some(lab) = lab() else { return };
    let load = "[load]\nrate = \"200/s\"\nwarmup = \"0s\"\nlasting = \"500ms\"\n";
    let done = lab.run(&format!("{load}[service]\nroot = \"remote-sampled\"\nspans_per_request = 3\n"));
    done.assert_exact();
    let ledger = &done.result.variants[0].trials[0].ledger;
    assert_eq!((ledger.expected.created, ledger.total(Fate::Received)), (300, 300));
}

#[test]
fn without_the_process_witness_the_load_says_what_must_exist() {
    let Some(lab) = lab() else { return };
    let done = lab.run(
        r#"
        [load]
        rate = "300/s"
        warmup = "0s"
        lasting = "1s"
        [service]
        witness = "off"
        [[variant]]
        name = "all-arrive"
        [[variant]]
        name = "some-lost"
        exporter = { queue = 32, batch = 16, delay = "100ms" }
        receiver = { answer_after = "100ms" }
        "#,
    );
    // A loss is data. Where it happened nobody saw: it is counted, and no span of it is named.
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    let ledger = |index: usize| &done.result.variants[index].trials[0].ledger;
    assert_eq!(
        (ledger(0).created, ledger(0).total(Fate::Received), ledger(0).unaccounted.count),
        (1500, 1500, 0)
    );
    assert_eq!(ledger(1).created, 1500);
    let lost = &ledger(1).fates[&Fate::LostBeforeReceiver];
    assert!(lost.total > 100 && lost.counted == lost.total && ledger(1).closes(), "{lost:?}");
    assert_eq!(ledger(1).unaccounted.count, 0);
    assert_eq!(ledger(0).unexpected.count + ledger(1).unexpected.count, 0);
}

pub(crate) fn a_batch_of_one_and_a_passed_deadline_keep_exact_books() {
    let Some(lab) = lab_alone() else { return };
    let done = lab.run(
        r#"
        [load]
        rate = "600/s"
        warmup = "0s"
        lasting = "1500ms"
        [service]
        shutdown = "300ms"
        [[variant]]
        name = "single"
        exporter = { batch = 1 }
        [[variant]]
        name = "deadline"
        exporter = { queue = 512, batch = 64 }
        receiver = { answer_after = "600ms" }
        "#,
    );
    done.assert_exact();
    let trial = |index: usize| &done.result.variants[index].trials[0];
    // How many they are is a matter of the machine's speed; each has one span.
    let singles = &trial(0).exports;
    assert!(singles.calls > 100 && (singles.spans_per_call - 1.0).abs() < f64::EPSILON, "{singles:?}");
    assert!(trial(0).witnesses.iter().filter(|w| matches!(w.state, WitnessState::Lossy(_))).count() == 0);
    let deadline = Fate::LostInQueueAtExit(ExitWay::ShutdownDeadline);
    assert!(trial(1).ledger.total(deadline) > 0, "{:?}", trial(1).ledger.fates.keys());
    // The books closed and the witnesses agree, so nothing is in doubt.
    assert_eq!(done.code, Some(0), "{:?}", done.result.reasons);
}
