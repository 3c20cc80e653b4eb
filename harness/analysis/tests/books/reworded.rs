//! No conclusion rests on a text: with every text of the files said differently, in raw logs and in what is concluded from
//! them, a run has the same fates, doses, validity, verdict and reasons, but for the letters of these texts.

use super::common::life::Life;
use super::common::{BEGAN, Batch, World, killed, started};
use serde_json::{Value, json};
use spanfate_analysis::value_of;
use spanfate_model::fate::witness::Witness;
use spanfate_model::fault::measure::Measured;
use spanfate_model::format::event::{Amounts, Event, EventKind, FaultEvent};
use spanfate_model::format::wire::Disposition;
use spanfate_model::result::{Agreement, Basis, ById, CountedThing, RunResult, TrialResult, Validity};
use spanfate_model::scenario::Fault;
use spanfate_model::scenario::expect::Expect;
use spanfate_model::scenario::figure::Figure;
use spanfate_model::term::reword;
use spanfate_model::verdict::Verdict;

/// A fault with everything that an injector may have measured of it.
fn measured() -> Vec<Event> {
    let amounts: Amounts =
        Measured::ALL.iter().zip(1..).map(|(what, amount)| ((*what).into(), amount * 1_000_000)).collect();
    let cleared = FaultEvent { measured: amounts, ..FaultEvent::default() };
    let event = |at: u64, kind, data| Event { at: BEGAN + at, kind, source: "harness".to_owned(), data };
    vec![
        event(
            50,
            EventKind::FaultApplied,
            json!({"fault": 0, "state": {"queue": 7, "in_flight": 1, "created": 9}}),
        ),
        event(80, EventKind::FaultCleared, serde_json::to_value(cleared).unwrap()),
    ]
}

/// One span that was exported and one that was dropped, under a fault, and what is expected of them.
fn under(kind: &str) -> (TrialResult, RunResult) {
    let fault: Fault = serde_json::from_str(&format!(r#"{{"at": "0s", "kind": {kind}}}"#)).unwrap();
    let mut world = World { batches: vec![Batch::Ok], faults: vec![fault], ..World::default() };
    world.spans = vec![started().queued().exported(0).on_wire(&[Disposition::Accepted]), started()];
    world.spans[1].slot.dropped = 70;
    let plan = expecting(world.plan());
    let mut logs = world.logs(&plan);
    logs.events = measured();
    super::common::conclude(&plan, &logs)
}

fn expecting(mut plan: spanfate_model::plan::Plan) -> spanfate_model::plan::Plan {
    for that in ["loss.rate <= 0 %", "response.p99 < 1s", "duplicates == 0", "probe.ids_differ == 0"] {
        let that = serde_json::from_value(Value::from(that)).unwrap();
        plan.expect.push(Expect { that, variants: None });
    }
    plan
}

/// A wire log that may be cut anywhere, so that a span cannot be placed.
fn unplaced() -> (TrialResult, RunResult) {
    let mut world = World { batches: vec![Batch::Ok], ..World::default() };
    world.spans = vec![
        started().queued().exported(0).on_wire(&[Disposition::Accepted]),
        started().queued().exported(0),
    ];
    let plan = expecting(world.plan());
    let mut logs = world.logs(&plan);
    logs.wire.as_mut().unwrap().change(|wire| wire.truncate(wire.len() - 64));
    super::common::conclude(&plan, &logs)
}

/// A span that died with its process, whose counter says otherwise.
fn died() -> (TrialResult, RunResult) {
    let mut world = World { batches: vec![Batch::Unfinished], end: Some(killed()), ..World::default() };
    world.spans = vec![started().queued().exported(0), started()];
    let plan = expecting(world.plan());
    let logs = world.logs(&plan);
    super::common::conclude(&plan, &logs)
}

/// Books of probes.
fn probed() -> (TrialResult, RunResult) {
    let mut life = Life::default();
    life.queued(1).batch(1, &[1], false, true).queued(2);
    life.conclude()
}

/// All worlds, each concluded.
fn worlds() -> Vec<(TrialResult, RunResult)> {
    let kinds = [
        r#""pause""#,
        r#""down""#,
        r#"{"kill": {}}"#,
        r#"{"latency": {"delay": "25ns"}}"#,
        r#"{"packets": {"delay": "5ms", "loss": 0.01}}"#,
        r#"{"shaper": {"rate": "1MiB"}}"#,
        r#"{"neighbour": {"share": 0.5}}"#,
        r#"{"cpu": {"quota": 0.5}}"#,
        r#"{"oom": {"limit": "64MiB", "grow": "128MiB"}}"#,
        r#"{"deep": {"depth": 10, "one_in": 1}}"#,
    ];
    kinds.iter().map(|kind| under(kind)).chain([unplaced(), died(), probed()]).collect()
}

fn written(result: &RunResult) -> String {
    serde_json::to_string_pretty(result).unwrap()
}

#[test]
fn no_conclusion_rests_on_a_text() {
    let (plain, other) = (worlds(), reword::during(worlds));
    let mut differing = 0;
    for ((trial, run), (other_trial, other_run)) in plain.iter().zip(&other) {
        assert_eq!((run.verdict, run.reasons.len()), (other_run.verdict, other_run.reasons.len()));
        assert_eq!((&trial.faults, &trial.validity), (&other_trial.faults, &other_trial.validity));
        assert_eq!((&trial.ledger, &trial.agreement), (&other_trial.ledger, &other_trial.agreement));
        // All the rest, whatever it is: only letters of texts may be turned, in sentences that hold them.
        let (run, other) = (written(run), written(other_run));
        assert_eq!(reword::differs(&run, &other), None);
        differing += usize::from(run != other);
    }
    assert!(differing >= 10, "nothing was said differently: {differing}");
}

#[test]
fn the_worlds_decide_what_they_are_there_for() {
    let all = worlds();
    let reached = all.iter().filter(|(trial, _)| trial.faults.iter().any(|fault| fault.bit)).count();
    assert!((5..10).contains(&reached), "{reached}");
    let verdicts: Vec<Verdict> = all.iter().map(|(_, run)| run.verdict).collect();
    assert!(verdicts.contains(&Verdict::Pass) && verdicts.contains(&Verdict::Inconclusive), "{verdicts:?}");
    let reasons = |(_, run): &(TrialResult, RunResult)| run.reasons.join("\n");
    assert!(all.iter().map(reasons).any(|all| all.contains("only complete witnesses")));
    assert!(all.iter().map(reasons).any(|all| all.contains("stop other work")));
}

#[test]
fn a_figure_of_rows_by_id_takes_these_rows_and_no_others() {
    let value = || {
        let mut trial = probed().0;
        let rows = [
            CountedThing::ById(ById::Ended),
            CountedThing::OnPath(spanfate_model::result::PathTotal::Dropped, None),
        ];
        trial.agreement = rows
            .into_iter()
            .zip([3, 40])
            .map(|(what, difference)| Agreement {
                what: what.into(),
                counts: vec![(Witness::Probe, difference)],
                difference,
                explained: None,
            })
            .collect();
        value_of(Figure::ProbeIds, &trial)
    };
    assert_eq!((value(), reword::during(value)), (Some(3.0), Some(3.0)));
}

#[test]
fn what_is_written_reworded_is_read_reworded() {
    use spanfate_model::result::TrustCheck;
    let sides = || {
        TrustCheck::ALL
            .iter()
            .map(|check| {
                let mark = Validity { side: None, ..Validity::of(Basis::Loss, *check, 1.0, 2.0) };
                let read: Validity = serde_json::from_value(serde_json::to_value(&mark).unwrap()).unwrap();
                (read.side(), read.is_of_others(), read.spoiler(), read.valid)
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(sides(), reword::during(sides));
}
