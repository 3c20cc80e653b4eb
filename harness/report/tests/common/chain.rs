//! What is known of single spans, traces and services; and runs that show it: chains, own programs, pairs, plants.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use spanfate_model::books::breakdown::{Breakdown, BreakdownRow, Spread};
use spanfate_model::books::damage::{Damage, ServiceDamage};
use spanfate_model::books::ledger::FateCount;
use spanfate_model::fate::Fate;
use spanfate_model::fate::witness::{Witness, WitnessState};
use spanfate_model::result::{
    ExportFigures, Loss, Prediction, RunResult, ServiceExports, ServiceResult, TrialResult, WitnessCost,
};
use spanfate_model::scenario::{Fixture, Plant, Service, WitnessMode};

use super::{Case, case, cases, run};
use spanfate_model::exporter::Exporter;

/// A service and the names of its spans, each once per request.
type Part<'a> = (String, Vec<&'a str>);

fn chain_parts() -> Vec<Part<'static>> {
    [
        ("gateway", vec!["GET /work"]),
        ("catalog", vec!["catalog.Find"]),
        ("order", vec!["order.Reserve"]),
        ("payment", vec!["payment.Check", "payment.Charge"]),
    ]
    .map(|(name, spans)| (name.to_owned(), spans))
    .to_vec()
}

/// Four services, of which the last loses spans in the second variant.
pub(crate) fn chain() -> RunResult {
    let slow = Case { answer_after: Some(22), ..case("slow receiver", Exporter::default(), 0.12, 23.5) };
    let mut result = run(&[case("fast receiver", Exporter::default(), 0.0, 4.1), slow], 1);
    call_each_other(&mut result, &chain_parts());
    result
}

/// As many services as nobody has, each called by the one before.
pub(crate) fn many(services: usize) -> RunResult {
    let mut result = run(&cases(), 1);
    let parts: Vec<Part<'_>> =
        (0..services).map(|n| (format!("service-{n}"), vec!["GET /work", "inner"])).collect();
    call_each_other(&mut result, &parts);
    result
}

/// One service with as many span names as the analysis keeps apart.
pub(crate) fn chatty() -> RunResult {
    let mut result = run(&cases(), 1);
    for variant in &mut result.variants {
        for one in variant.summary.breakdown.iter_mut().filter(|one| one.by == "span") {
            let row = one.rows[0].clone();
            one.rows = (0..256)
                .map(|n| BreakdownRow {
                    value: format!("http · GET /users/{n}/orders"),
                    share_of_lost: 1.0 / 256.0,
                    ..row.clone()
                })
                .collect();
        }
    }
    result
}

pub(super) fn call_each_other(result: &mut RunResult, parts: &[Part<'_>]) {
    result.plan.services = parts
        .iter()
        .enumerate()
        .map(|(at, (name, spans))| Service {
            name: name.clone(),
            fixture: if at % 2 == 0 { Fixture::Http } else { Fixture::Grpc },
            calls: parts.get(at + 1).map(|(next, _)| next.clone()).into_iter().collect(),
            spans_per_request: NonZeroU32::new(spans.len() as u32).unwrap_or(NonZeroU32::MIN),
            ..Service::default()
        })
        .collect();
    for variant in &mut result.variants {
        for trial in &mut variant.trials {
            dress(trial, parts);
        }
        variant.summary.breakdown = variant.trials[0].breakdown.clone();
        variant.summary.damage = variant.trials[0].damage.clone();
    }
}

/// Gives a trial of one service what the process witness knows.
pub(crate) fn alone(trial: &mut TrialResult) {
    dress(
        trial,
        &[("http".to_owned(), vec!["GET /work", "work.Load", "work.Check", "work.Price", "work.Store"])],
    );
}

/// All losses are those of the last service, evenly by its spans, and all its spans of a request are lost together.
fn dress(trial: &mut TrialResult, parts: &[Part<'_>]) {
    let names: u64 = parts.iter().map(|(_, spans)| spans.len() as u64).sum();
    let traces = trial.loss.due / names.max(1);
    let (due, lost) = (trial.loss.due, trial.loss.lost);
    let bottom = parts.len().saturating_sub(1);
    let mut services = Vec::new();
    let mut rows = Vec::new();
    for (at, (name, spans)) in parts.iter().enumerate() {
        let each = if at == bottom { (lost / spans.len() as u64).min(traces) } else { 0 };
        for (span, time) in spans.iter().zip(1..) {
            rows.push(row(format!("{name} · {span}"), traces, each, lost, f64::from(time)));
        }
        let own = spans.len() as u64;
        services.push((name, row(name.clone(), traces * own, each * own, lost, 2.0)));
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.lost));
    let of = |by: &str, rows: Vec<BreakdownRow>| Breakdown { by: by.to_owned(), rows };
    let kinds = vec![row("server".to_owned(), due / 5, lost / 5, lost, 2.0)];
    let places = vec![row("child".to_owned(), due / 5 * 4, lost, lost, 1.0)];
    trial.services =
        services.iter().enumerate().map(|(at, (name, row))| service(trial, at, name, row)).collect();
    trial.damage = Some(damage(traces, &services));
    trial.breakdown = vec![
        of("service", services.into_iter().map(|(_, row)| row).collect()),
        of("span", rows),
        of("kind", kinds),
        of("place", places),
    ];
}

fn row(value: String, created: u64, lost: u64, all: u64, ms: f64) -> BreakdownRow {
    let spread = |p50: f64| Some(Spread { count: created, mean: p50, p50, p99: 7.0 * p50, max: 9.0 * p50 });
    BreakdownRow {
        value,
        created,
        received: created - lost,
        lost,
        rate: lost as f64 / created.max(1) as f64,
        share_of_lost: lost as f64 / all.max(1) as f64,
        lost_by_fate: (lost > 0).then_some((Fate::DroppedQueueFull, lost)).into_iter().collect(),
        delay: spread(100.0 * ms),
        duration: spread(ms),
        ..BreakdownRow::default()
    }
}

fn service(trial: &TrialResult, at: usize, name: &str, row: &BreakdownRow) -> ServiceResult {
    ServiceResult {
        exit_code: None,
        ends: Vec::new(),
        endpoints: Vec::new(),
        telemetry: BTreeMap::new(),
        service: name.to_owned(),
        depth: at as u16,
        loss: Loss {
            due: row.created,
            received: row.received,
            lost: row.lost,
            silent: row.lost,
            rate: row.rate,
            predicted: trial.loss.predicted.map(|law| Prediction { rate: row.rate * 0.99, ..law }),
        },
        exports: ServiceExports { calls: 17, spans_per_call: 500.5, ..ServiceExports::default() },
        effective: trial.effective.clone(),
        sdk: trial.sdk.clone(),
        ended_by_itself: None,
        starts: 1,
        control: None,
        paths: Vec::new(),
    }
}

fn damage(traces: u64, services: &[(&String, BreakdownRow)]) -> Damage {
    let mut out = Damage { traces, ..Damage::default() };
    for (at, (name, row)) in services.iter().enumerate() {
        let spans = row.created / traces.max(1);
        let broken = row.lost / spans.max(1);
        out.missing_spans += row.lost;
        // One service alone loses its roots with the rest; a called one takes its branch with it.
        if services.len() == 1 {
            out.absent = broken;
        } else {
            out.torn += broken;
            out.torn_unseen += broken;
        }
        out.services.push(ServiceDamage {
            service: (*name).clone(),
            depth: at as u16,
            traces,
            broken,
            invisible: broken,
            missing_spans: row.lost,
        });
    }
    out.complete = traces - out.damaged();
    out.amplification = out.damaged() as f64 / out.missing_spans.max(1) as f64;
    out
}

fn blind(trial: &mut TrialResult, why: &str) {
    (trial.damage, trial.breakdown, trial.services) = (None, Vec::new(), Vec::new());
    (trial.delay, trial.effective, trial.loss.predicted) = (None, None, None);
    trial.exports = ExportFigures { requests: trial.exports.requests, ..ExportFigures::default() };
    for slice in &mut trial.timeline {
        (slice.created, slice.lost, slice.queue) = (0, 0, 0);
    }
    for report in trial.witnesses.iter_mut().filter(|report| report.witness == Witness::Process) {
        report.state = WitnessState::Absent(why.to_owned());
    }
    if let Some(count) = trial.ledger.fates.remove(&Fate::DroppedQueueFull) {
        let counted = FateCount { counted: count.total, exemplars: Vec::new(), first: None, ..count };
        trial.ledger.fates.insert(Fate::LostBeforeReceiver, counted);
    }
    (trial.loss.silent, trial.ledger.silent) = (0, 0);
}

/// A program of the user's own: what is missing is counted, some spans came in traces of its own making.
pub(crate) fn own() -> RunResult {
    let mut result = run(&cases()[7..8], 1);
    result.plan.services[0].command = vec!["./plainsvc".to_owned(), "--listen".to_owned()];
    for variant in &mut result.variants {
        for trial in &mut variant.trials {
            blind(trial, "plainsvc is a program of your own");
            trial.ledger.outside = 1234;
        }
        (variant.summary.breakdown, variant.summary.damage) = (Vec::new(), None);
        (variant.summary.predicted, variant.summary.delay) = (None, None);
        variant.summary.lost_by_fate = BTreeMap::from([(Fate::LostBeforeReceiver, variant.summary.lost)]);
    }
    result
}

/// A variant with its process witness and the same without.
pub(crate) fn pair() -> RunResult {
    let mut result =
        run(&[cases().remove(0), case("SDK defaults.witness-off", Exporter::default(), 0.0, 4.1)], 1);
    result.plan.variants[1].witness = Some(WitnessMode::Off);
    let twin = &mut result.variants[1];
    blind(&mut twin.trials[0], "switched off by the scenario");
    (twin.summary.breakdown, twin.summary.damage) = (Vec::new(), None);
    let without = twin.name.clone();
    result.variants[0].summary.witness_cost = Some(WitnessCost {
        without,
        cpu_us: (142.25, 131.75),
        response_p50: (0.312, 0.3),
        response_p99: (1.25, 1.25),
        loss: (0.0, 0.0),
        trials: (1, 1),
    });
    result
}

/// A run that loses on purpose.
pub(crate) fn planted() -> RunResult {
    let mut result = chain();
    result.plan.plant =
        Plant { discard_acknowledged: 4, filter: 3, double_send: 2, service: Some("payment".to_owned()) };
    result
}

/// A chain in which every name is that text and its number.
pub(crate) fn poisoned_chain(text: &str) -> RunResult {
    let mut result = planted();
    let parts: Vec<Part<'_>> = (0..4).map(|n| (format!("{text}{n}"), vec![text, "inner"])).collect();
    call_each_other(&mut result, &parts);
    result.plan.plant.service = Some(text.to_owned());
    for variant in &mut result.variants {
        text.clone_into(&mut variant.name);
        variant.summary.witness_cost =
            Some(WitnessCost { without: text.to_owned(), trials: (2, 2), ..WitnessCost::default() });
        for service in variant.trials.iter_mut().flat_map(|trial| &mut trial.services) {
            service.ended_by_itself = Some(text.to_owned());
            text.clone_into(&mut service.sdk);
            if let Some(effective) = &mut service.effective {
                text.clone_into(&mut effective.protocol);
            }
        }
    }
    result
}
