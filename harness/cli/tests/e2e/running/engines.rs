//! A real Jaeger at the end of a path. Building it takes minutes, so by day this runs only where it has been built already.

use spanfate_model::cause::NamedCause;
use spanfate_model::fate::{EngineLoss, Fate};
use spanfate_model::result::{EngineDifference, EngineResult};

use crate::lab::{Finished, lab, root, skipped};

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

#[test]
fn what_a_killed_engine_held_is_lost_there_and_nowhere_else() {
    if !is_built() {
        return;
    }
    let Some(lab) = lab() else { return };
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
    // Whole spans lie beside the wire log.
    let kept = std::fs::metadata(done.run.join("trial-000").join("wire.spans.otlp")).unwrap().len();
    assert!(kept > 1050 * 100, "{kept} bytes");
}

#[test]
fn an_engine_can_stand_in_the_place_of_the_receiver() {
    if !is_built() {
        return;
    }
    let Some(lab) = lab() else { return };
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
        let Some(lab) = lab() else { return };
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
    }
}
