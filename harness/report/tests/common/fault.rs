//! Runs with faults: ended processes, links that go down several times, doses that are not reached, states that begin one.

use std::collections::BTreeMap;

use spanfate_model::books::ledger::FateCount;
use spanfate_model::exporter::Exporter;
use spanfate_model::fate::{ExitWay, Fate};
use spanfate_model::result::{Dose, FaultResult, FaultWindow, RunResult, VariantResult};
use spanfate_model::scenario::Fault;
use spanfate_model::term::Term;

use super::{case, chain, run};

/// A fault as a plan has it.
fn planned(json: &str) -> Fault {
    serde_json::from_str(json).unwrap_or_else(|problem| unreachable!("{json}: {problem}"))
}

/// A kill at a moment.
const KILL: &str = r#"{"kind": {"kill": {}}, "on": "http", "at": "1s"}"#;

fn window(from_ms: f64, to_ms: Option<f64>) -> FaultWindow {
    FaultWindow { from_ms, to_ms, why: String::new() }
}

fn concluded(number: usize, fault: &Fault, windows: Vec<FaultWindow>, doses: &[(&str, f64)]) -> FaultResult {
    let doses: Vec<Dose> =
        doses.iter().map(|(what, amount)| Dose { what: Term::read(what), amount: *amount }).collect();
    let needed = fault.needed() as f64;
    FaultResult {
        number,
        name: fault.title().to_owned(),
        kind: fault.kind.name().to_owned(),
        on: fault.on.as_ref().map(ToString::to_string).unwrap_or_default(),
        windows,
        bit: doses.first().is_some_and(|dose| dose.amount >= needed),
        doses,
        needed,
        missed: Vec::new(),
    }
}

fn put(variant: &mut VariantResult, fault: &FaultResult) {
    for trial in &mut variant.trials {
        trial.faults.push(fault.clone());
    }
}

/// Four variants: a kill at a moment; a link that is down six times and a late one that lasts; a quota that is not felt; one
/// begun by a state, one that never began and one that counts requests.
pub(crate) fn faulty() -> RunResult {
    let names = ["kill", "outage", "quota", "states"];
    let mut result = run(&names.map(|name| case(name, Exporter::default(), 0.0, 4.1)), 1);
    killed(&mut result);
    outage(&mut result);
    quota(&mut result);
    states(&mut result);
    result
}

fn killed(result: &mut RunResult) {
    let kill = planned(KILL);
    let doses = [
        ("processes it ended", 1.0),
        ("spans in the queue at most just before", 412.0),
        ("exports in flight at most just before", 1.0),
    ];
    put(&mut result.variants[0], &concluded(0, &kill, vec![window(1000.123, Some(1000.123))], &doses));
    result.plan.variants[0].faults = vec![kill];
    let trial = &mut result.variants[0].trials[0];
    trial.services[0].starts = 2;
    let queued = FateCount { total: 412, measured: 412, ..FateCount::default() };
    trial.ledger.fates.insert(Fate::LostInQueueAtExit(ExitWay::Kill), queued);
    trial.ledger.created += 412;
    (trial.loss.lost, trial.loss.silent) = (412, 412);
    trial.timeline[4].lost = 412;
}

fn outage(result: &mut RunResult) {
    let down = planned(
        r#"{"kind": "down", "on": "http -> receiver", "at": "1s", "for": "500ms", "every": "1500ms"}"#,
    );
    let late = planned(
        r#"{"name": "slow link", "kind": {"latency": {"delay": "50ms"}}, "on": "load -> http", "at": "6s"}"#,
    );
    let windows =
        (0..6).map(|n| window(1000.0 + 1500.0 * f64::from(n), Some(1500.0 + 1500.0 * f64::from(n))));
    let doses = [
        ("operations it broke", 3.0),
        ("operations meanwhile", 7.0),
        ("of these failed", 2.0),
        ("ms the longest took", 10_004.2),
    ];
    let variant = &mut result.variants[1];
    put(variant, &concluded(0, &down, windows.collect(), &doses));
    // It lasts until the trial ends, and another begins when nothing is drawn any more.
    put(
        variant,
        &concluded(
            1,
            &late,
            vec![window(6000.0, None), window(60_000.0, None)],
            &[("operations it delayed", 4321.0)],
        ),
    );
    let exports = &mut variant.trials[0].exports;
    exports.failed = 12;
    exports.failed_by =
        BTreeMap::from([("HTTP 503".to_owned(), 4), ("refused".to_owned(), 7), ("too_large".to_owned(), 1)]);
    exports.longest_ms = Some(10_004.2);
    let ledger = &mut variant.trials[0].ledger;
    (ledger.reported_failed, ledger.expected.repeated) = (1024, 35);
    ledger.copies.insert(2, 512);
    result.plan.variants[1].faults = vec![down, late];
}

fn quota(result: &mut RunResult) {
    let quota = planned(r#"{"kind": {"cpu": {"quota": 0.9}}, "on": "http", "at": "1s", "for": "1s"}"#);
    put(
        &mut result.variants[2],
        &concluded(0, &quota, vec![window(1006.7, Some(2006.75))], &[("ms throttled", 0.0)]),
    );
    result.plan.variants[2].faults = vec![quota];
}

fn states(result: &mut RunResult) {
    let panic = planned(
        r#"{"kind": {"panic": {"place": "before_defer", "one_in": 10}}, "on": "http", "when": {"queue_at_least": 400}}"#,
    );
    let never = planned(r#"{"kind": {"kill": {}}, "on": "http", "when": {"queue_at_least": 100000}}"#);
    let counted = planned(
        r#"{"kind": {"bandwidth": {"rate": "1kB"}}, "on": "http -> receiver", "requests": {"from": 5, "to": 9}}"#,
    );
    let why = "queue 412, 1 export in flight, 2000 spans created".to_owned();
    let began = FaultWindow { why, ..window(798.659, Some(998.661)) };
    let missed = FaultResult {
        missed: vec!["the state it waits for did not come before the load ended".to_owned()],
        ..concluded(1, &never, Vec::new(), &[("processes it ended", 0.0)])
    };
    let variant = &mut result.variants[3];
    put(variant, &concluded(0, &panic, vec![began], &[("panics", 24.0), ("of these recovered", 24.0)]));
    put(variant, &missed);
    put(variant, &concluded(2, &counted, vec![window(0.0, Some(9000.0))], &[("requests it acted on", 5.0)]));
    result.plan.variants[3].faults = vec![panic, never, counted];
}

/// One kill in three trials of a chain that loses trace context; one of the kills ended nothing.
pub(crate) fn repeatedly() -> RunResult {
    let mut result = run(&[case("kill", Exporter::default(), 0.0, 4.1)], 3);
    let kill = planned(KILL);
    for (at, trial) in result.variants[0].trials.iter_mut().enumerate() {
        let from = 1000.0 + 100.0 * at as f64;
        let ended = if at == 1 { 0.0 } else { 1.0 };
        let doses =
            [("processes it ended", ended), ("spans in the queue at most just before", 100.0 * at as f64)];
        trial.faults.push(concluded(0, &kill, vec![window(from, Some(from))], &doses));
    }
    result.plan.variants[0].faults = vec![kill];
    result
}

/// A chain in which a service loses trace context.
pub(crate) fn contextless() -> RunResult {
    let mut result = chain();
    let lost = planned(
        r#"{"kind": {"context_lost": {"how": "strip", "one_in": 2}}, "on": "order", "at": "2s", "for": "1s"}"#,
    );
    let doses = [("contexts lost", 1000.0), ("calls sent intact meanwhile", 19.0)];
    put(&mut result.variants[0], &concluded(0, &lost, vec![window(2000.0, Some(3000.0))], &doses));
    if let Some(damage) = &mut result.variants[0].summary.damage {
        (damage.calls, damage.intact_calls, damage.split) = (120_000, 119_000, 1000);
        damage.complete -= 1000;
    }
    result.plan.variants[0].faults = vec![lost];
    result
}

/// A run with faults in which everything that others can name holds that text.
pub(crate) fn poisoned_faults(text: &str) -> RunResult {
    let mut result = faulty();
    for planned in &mut result.plan.variants {
        text.clone_into(&mut planned.name);
    }
    for variant in &mut result.variants {
        text.clone_into(&mut variant.name);
        for trial in &mut variant.trials {
            trial.exports.failed = 9;
            trial.exports.failed_by = BTreeMap::from([(text.to_owned(), 9)]);
            for service in &mut trial.services {
                text.clone_into(&mut service.service);
                service.starts = 3;
            }
            for fault in &mut trial.faults {
                (fault.name, fault.kind, fault.on) = (text.to_owned(), text.to_owned(), text.to_owned());
                fault.missed.push(text.to_owned());
                fault.windows.iter_mut().for_each(|window| text.clone_into(&mut window.why));
                fault.doses.iter_mut().for_each(|dose| dose.what = Term::Foreign(text.to_owned()));
            }
        }
    }
    result
}
