//! A real Jaeger at the end of a path. Building it takes minutes, so by day this runs only where it has been built already.

use std::collections::BTreeSet;

use serde_json::Value;
use spanfate_model::cause::NamedCause;
use spanfate_model::fate::{EngineLoss, Fate};
use spanfate_model::result::{EngineDifference, EngineResult};

use crate::lab::{Finished, Lab, lab_alone, root, skipped};

/// Whether it has been built; where it has not, the test is skipped.
fn is_built() -> bool {
    let built = root().join("target/fixtures/jaeger-1.76").is_file();
    if !built {
        skipped("Jaeger has not been built here (`spanfate scenario dual-engine` builds it)");
    }
    built
}

fn engine(done: &Finished, variant: &str) -> EngineResult {
    let variant = done.result.variants.iter().find(|one| one.name == variant).unwrap();
    variant.trials[0].engine.clone().unwrap()
}

fn differs(engine: &EngineResult) -> &EngineDifference {
    engine.differs.as_ref().unwrap()
}

/// A span by its ids.
type NamedSpan = (String, String);

fn named(value: &Value) -> NamedSpan {
    let id = |name: &str| value[name].as_str().unwrap().to_owned();
    (id("trace_id"), id("span_id"))
}

/// The spans of a trial that the receiver has, and those of them that by the books Jaeger does not show.
fn by_the_books(lab: &Lab, run: &str, trial: &str) -> (BTreeSet<NamedSpan>, BTreeSet<NamedSpan>) {
    let rows = lab.call(&["export", run, "--ndjson", "--trial", trial]);
    assert!(rows.status.success(), "{}", String::from_utf8_lossy(&rows.stderr));
    let rows = String::from_utf8(rows.stdout).unwrap();
    let rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    // One path is that to Jaeger, the other one leads to the receiver.
    let arrived = |row: &Value, jaeger: bool| {
        let paths = row["paths"].as_str().unwrap();
        let path = paths.split(';').find(|one| one.starts_with("jaeger") == jaeger);
        path.unwrap_or_else(|| panic!("a path is missing: {row}")).ends_with("=received")
    };
    let received: Vec<Value> = rows.filter(|row| arrived(row, false)).collect();
    let lost = received.iter().filter(|row| !arrived(row, true)).map(named).collect();
    (received.iter().map(named).collect(), lost)
}

/// Holds what Jaeger showed against what the receiver kept, trial by trial: what differs must be what the books say that Jaeger lost, span
/// by span. Gives how many that were.
fn diff_names_what_the_books_say(lab: &Lab, done: &Finished) -> Vec<usize> {
    let run = done.run.to_str().unwrap();
    let trials = done.result.variants.iter().flat_map(|variant| &variant.trials);
    let one = |number: u16| {
        let trial = number.to_string();
        let (received, lost) = by_the_books(lab, run, &trial);
        let back = done.run.join(format!("trial-{number:03}")).join("jaeger.back.jsonl");
        let back = back.to_str().unwrap();
        let diff = lab.call(&["diff", run, back, "--trial", &trial, "--json", "--samples", "65535"]);
        let found: Value = serde_json::from_slice(&diff.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&diff.stderr)));
        let samples = found["samples"].as_array().unwrap();
        let alone = samples.iter().filter(|sample| sample["kind"] == "only_left").map(named);
        assert_eq!(alone.collect::<BTreeSet<_>>(), lost, "trial {trial}");
        assert_eq!(samples.len(), lost.len(), "trial {trial}: something else differs: {}", found["counts"]);
        let both = (received.len() - lost.len()) as u64;
        assert_eq!(found["counts"]["both"].as_u64(), Some(both), "{}", found["counts"]);
        assert_eq!(diff.status.code(), Some(if lost.is_empty() { 0 } else { 99 }), "{}", found["reasons"]);
        lost.len()
    };
    trials.map(|trial| one(trial.ledger.trial)).collect()
}

const BOTH: &str = r#"
    [load]
    rate = "100/s"
    warmup = "100ms"
    lasting = "2s"
    [exporter]
    delay = "50ms"
    retry = { enabled = true, initial = "50ms", max_interval = "200ms" }
    [receiver]
    keep = "spans"
    [pipeline]
    ends = ["receiver", "jaeger"]
    [[variant]]
    name = "calm"
    faults = []
    [[variant]]
    name = "restarted"
    faults = ["killed"]
    [[fault]]
    name = "killed"
    at = "1500ms"
    on = "jaeger"
    kind = { kill = { restart_after = "100ms" } }
"#;

pub(crate) fn what_a_killed_engine_held_is_lost_there_and_nowhere_else() {
    if !is_built() {
        return;
    }
    let Some(lab) = lab_alone() else { return };
    let done = lab.run(BOTH);
    done.assert_exact();
    let calm = engine(&done, "calm");
    assert_eq!((calm.came, calm.accepted, calm.shown, calm.lost_in_all()), (1050, 1050, 1050, 0), "{calm:?}");
    assert_eq!((differs(&calm).same, differs(&calm).traces), (210, 0), "{calm:?}");
    let restarted = engine(&done, "restarted");
    let memory = Fate::LostInEngine(EngineLoss::Memory);
    let lost = restarted.lost.get(&memory).copied().unwrap_or_default();
    assert!(lost > 300 && restarted.lost_in_all() == lost, "{restarted:?}");
    assert_eq!((restarted.starts, restarted.shown + lost), (2, restarted.accepted + restarted.shown_unasked));
    assert!(differs(&restarted).missing_in_receiver.is_empty(), "{restarted:?}");
    assert_eq!(differs(&restarted).missing_in_engine.values().sum::<u64>(), lost);
    assert!(differs(&restarted).from_ms.is_some_and(|from| from < 500.0), "{restarted:?}");
    let first = &done.result.insights.why("restarted").unwrap().suspects[0];
    assert_eq!((first.service.as_str(), first.cause), ("jaeger", NamedCause::EngineEnded));
    assert!(done.stdout.contains("traces differ from the receiver's"), "{}", done.stdout);
    // Whole spans lie beside the wire log, and tell the same of each span.
    let kept = std::fs::metadata(done.run.join("trial-000").join("wire.spans.otlp")).unwrap().len();
    assert!(kept > 1050 * 100, "{kept} bytes");
    assert_eq!(diff_names_what_the_books_say(&lab, &done), [0, lost as usize]);
}

pub(crate) fn an_engine_can_stand_in_the_place_of_the_receiver() {
    if !is_built() {
        return;
    }
    let Some(lab) = lab_alone() else { return };
    let done = lab.run(
        r#"
        [load]
        rate = "100/s"
        warmup = "100ms"
        lasting = "1s"
        [exporter]
        delay = "50ms"
        [pipeline]
        ends = ["jaeger"]
    "#,
    );
    done.assert_exact();
    let trial = &done.result.variants[0].trials[0];
    let engine = trial.engine.as_ref().unwrap();
    assert!(engine.alone && engine.differs.is_none());
    assert_eq!((engine.shown, trial.ledger.total(Fate::Received)), (550, 550));
}

#[test]
#[ignore = "builds Jaeger: cargo test -p spanfate --test e2e both_engines_of_the_library_close -- --ignored"]
fn both_engines_of_the_library_close() {
    for name in ["dual-engine", "dual-engine-faults"] {
        let Some(lab) = lab_alone() else { return };
        let mut command = lab.program();
        command.args(["scenario", name, "--out"]).arg(lab.path("results"));
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let done = lab.finish(command.spawn().unwrap());
        done.assert_exact();
        for trial in done.result.variants.iter().flat_map(|variant| &variant.trials) {
            let engine = trial.engine.as_ref().unwrap();
            assert_eq!(engine.unread, None);
            assert!(differs(engine).missing_in_receiver.is_empty(), "{engine:?}");
        }
        // Nothing is planted in the first; in the second one stands still, one is killed and comes back, one stays away.
        let lost = diff_names_what_the_books_say(&lab, &done);
        match lost[..] {
            [0] => assert_eq!(name, "dual-engine"),
            [0, restarted, down] => assert!(restarted > 0 && down > restarted, "{lost:?}"),
            _ => panic!("{name}: {lost:?}"),
        }
    }
}

/// A hundred thousand spans in each of ten trials: what Jaeger shows of them is read back in hundreds of pages.
const MILLION: &str = r#"
    trials = 10
    [load]
    rate = "1000/s"
    warmup = "500ms"
    lasting = "20s"
    [exporter]
    delay = "100ms"
    queue = 65536
    retry = { enabled = true, initial = "100ms", max_interval = "500ms" }
    [receiver]
    keep = "spans"
    [pipeline]
    ends = ["receiver", "jaeger"]
"#;

#[test]
#[ignore = "some ten minutes, and builds Jaeger: cargo test -p spanfate --test e2e a_million_spans_in_both_engines -- --ignored"]
fn a_million_spans_in_both_engines_give_no_false_alarm() {
    let Some(lab) = lab_alone() else { return };
    let done = lab.run(MILLION);
    done.assert_exact();
    let trials = || done.result.variants.iter().flat_map(|variant| &variant.trials);
    for engine in trials().map(|trial| trial.engine.as_ref().unwrap()) {
        assert_eq!(engine.unread, None);
        assert!(differs(engine).missing_in_receiver.is_empty(), "{engine:?}");
    }
    let shown: u64 = trials().map(|trial| trial.engine.as_ref().unwrap().shown).sum();
    assert!(shown >= 1_000_000, "{shown} spans");
    // Nothing is planted, and nothing is found that the books do not name, span by span.
    let lost = diff_names_what_the_books_say(&lab, &done);
    assert_eq!((lost.len(), lost.iter().sum::<usize>()), (10, 0), "{lost:?}");
}
