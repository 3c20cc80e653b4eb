//! Sweeps of queues, rates and faults, several trials each: cells without a loss, with a great one, in doubt, and without any
//! trial.

use spanfate_model::exporter::Exporter;
use spanfate_model::fault::measure::Measure;
use spanfate_model::load::PlannedLoad;
use spanfate_model::quantity::unit::{Period, Rate};
use spanfate_model::result::{
    Basis, Cell, Dose, FaultResult, FaultWindow, RunResult, SweepResult, VariantResult,
};
use spanfate_model::scenario::{Axis, Fault, Load};

use super::{Case, case, run};

/// How many points each axis has.
#[derive(Clone, Copy)]
pub(crate) struct Axes {
    pub(crate) queues: usize,
    pub(crate) rates: usize,
    pub(crate) faults: usize,
}

impl Axes {
    /// A hundred cells.
    pub(crate) const ALL: Self = Self { queues: 5, rates: 5, faults: 4 };
}

const QUEUES: [u32; 5] = [512, 2048, 8192, 32_768, 65_536];
const RATES: [u32; 5] = [1000, 2000, 3000, 4000, 5000];
/// Sets of faults: name, and seconds without any export.
const FAULTS: [(&str, f64); 4] = [("none", 0.0), ("slow", 0.0), ("outage", 0.4), ("kill", 0.05)];
/// Spans of a request, measured seconds, and the ceiling of a batch of 512 that takes 30.6 ms.
const SPANS: f64 = 5.0;
const MEASURED: f64 = 8.0;
const CEILING: f64 = 512.0 / 0.0306;

fn faults(at: usize) -> Vec<Fault> {
    let kind =
        ["", r#"{"latency": {"delay": "20ms"}}"#, r#""down""#, r#"{"kill": {"restart_after": "100ms"}}"#];
    let (name, kind) = (FAULTS[at].0, kind[at]);
    let on = if name == "kill" { "http" } else { "http -> receiver" };
    let json = format!(r#"{{"name": "{name}", "kind": {kind}, "on": "{on}", "at": "1s", "for": "400ms"}}"#);
    if at == 0 {
        Vec::new()
    } else {
        vec![serde_json::from_str(&json).unwrap_or_else(|e| unreachable!("{json}: {e}"))]
    }
}

/// What is lost by the law and by the time without exports.
fn loss(queue: u32, rate: f64, away: f64) -> f64 {
    let spill = (rate - CEILING).max(0.0) * MEASURED - f64::from(queue);
    let away = rate * away - f64::from(queue);
    (spill.max(0.0) + away.max(0.0)) / (rate * MEASURED)
}

/// A sweep with three trials per cell. Of the hundred cells one has not run, six are in doubt.
pub(crate) fn matrix(axes: Axes) -> RunResult {
    let mut cases: Vec<Case> = Vec::new();
    let mut at: Vec<[usize; 3]> = Vec::new();
    for (q, queue) in QUEUES.into_iter().enumerate().take(axes.queues) {
        for (r, rate) in RATES.into_iter().enumerate().take(axes.rates) {
            for (f, (fault, away)) in FAULTS.into_iter().enumerate().take(axes.faults) {
                let lost = loss(queue, SPANS * f64::from(rate), away);
                let exporter = Exporter { queue: Some(queue), ..Exporter::default() };
                cases.push(case(
                    &format!("queue={queue},rate={rate}/s,faults={fault}"),
                    exporter,
                    lost,
                    30.6,
                ));
                at.push([q, r, f]);
            }
        }
    }
    let mut result = run(&cases, 3);
    result.expectations.clear();
    for (n, [q, r, f]) in at.iter().copied().enumerate() {
        let planned = &mut result.plan.variants[n];
        (planned.cell, planned.faults) = (vec![q, r, f], faults(f));
        let load = Load::steady(Rate(f64::from(RATES[r])), Period::millis(8000));
        planned.load = Some(PlannedLoad::resolve(&load));
        dress(&mut result.variants[n], n, [q, r, f], &faults(f));
    }
    let point = |n: &u32| n.to_string();
    let axis_of = |key: &str, points: Vec<String>| Axis { keys: vec![key.to_owned()], points };
    let axes = vec![
        axis_of("exporter.queue", QUEUES.iter().take(axes.queues).map(point).collect()),
        axis_of("load.rate", RATES.iter().take(axes.rates).map(|n| format!("{n}/s")).collect()),
        axis_of("faults", FAULTS.iter().take(axes.faults).map(|(name, _)| (*name).to_owned()).collect()),
    ];
    result.plan.sweep.clone_from(&axes);
    let cells = result.variants.iter().zip(&at).map(|(variant, at)| cell(variant, at)).collect();
    result.sweep = Some(SweepResult { axes, cells });
    if at.len() > 50 {
        let gone = result.variants.remove(50);
        result.sweep.iter_mut().for_each(|sweep| sweep.cells.retain(|cell| cell.variant != gone.name));
    }
    result
}

fn dress(variant: &mut VariantResult, n: usize, [q, r, f]: [usize; 3], faults: &[Fault]) {
    let rate = f64::from(RATES[r]);
    variant.settings.push(("load".to_owned(), format!("{rate}/s for 8s")));
    variant.summary.fixture_rss = (60 << 20) + u64::from(QUEUES[q]) * 900;
    for trial in &mut variant.trials {
        trial.load.offered = rate;
        trial.usage.fixture_rss = variant.summary.fixture_rss;
        if let Some(law) = &mut trial.loss.predicted {
            (law.spans_per_s, law.rate) = (SPANS * rate, loss(QUEUES[q], SPANS * rate, 0.0));
        }
        if let Some(mark) = trial.validity.iter_mut().find(|mark| mark.figure.is(&Basis::Loss) && n % 20 == 7)
        {
            mark.valid = false;
        }
        trial.faults = faults.iter().map(|fault| concluded(fault, n != 62)).collect();
    }
    variant.summary.loss.valid = n % 20 != 7;
    variant.summary.predicted = variant.trials[0].loss.predicted.map(|law| law.rate);
    for times in [&mut variant.summary.response, &mut variant.summary.delay].into_iter().flatten() {
        times.p99 = 4.0 + n as f64 * 0.01 + FAULTS[f].1 * 900.0;
    }
}

fn concluded(fault: &Fault, bit: bool) -> FaultResult {
    FaultResult {
        number: 0,
        name: fault.title().to_owned(),
        kind: fault.kind.name().to_owned(),
        on: fault.on.as_ref().map(ToString::to_string).unwrap_or_default(),
        windows: vec![FaultWindow { from_ms: 1000.0, to_ms: Some(1400.0), why: String::new() }],
        doses: vec![Dose { what: Measure::OperationsMeanwhile.into(), amount: if bit { 12.0 } else { 0.0 } }],
        needed: 1.0,
        bit,
        missed: Vec::new(),
    }
}

fn cell(variant: &VariantResult, at: &[usize; 3]) -> Cell {
    let valid = variant.trials.iter().filter(|trial| trial.is_valid(Basis::Loss)).count() as u64;
    Cell {
        variant: variant.name.clone(),
        at: at.to_vec(),
        trials: valid,
        lossy: if variant.summary.lost > 0 { valid } else { 0 },
        loss: variant.summary.loss.mean,
        valid: valid > 0,
        response_p99: variant.summary.response.as_ref().map(|q| q.p99),
        delay_p99: variant.summary.delay.as_ref().map(|q| q.p99),
        memory: variant.summary.fixture_rss,
        pareto: false,
    }
}

/// A small sweep in which every name is that text, and each point its own number beside it.
pub(crate) fn poisoned_matrix(text: &str) -> RunResult {
    let mut result = matrix(Axes { queues: 2, rates: 3, faults: 2 });
    let name = |n: usize| format!("{text}{n}");
    for (n, planned) in result.plan.variants.iter_mut().enumerate() {
        planned.name = name(n);
        planned.faults.iter_mut().for_each(|fault| fault.name = Some(text.to_owned()));
    }
    for (n, variant) in result.variants.iter_mut().enumerate() {
        variant.name = name(n);
        variant.settings.iter_mut().for_each(|(_, value)| value.push_str(text));
        let faults = variant.trials.iter_mut().flat_map(|trial| &mut trial.faults);
        faults.for_each(|fault| text.clone_into(&mut fault.name));
    }
    if let Some(sweep) = &mut result.sweep {
        for (n, cell) in sweep.cells.iter_mut().enumerate() {
            cell.variant = name(n);
        }
        for axis in &mut sweep.axes {
            // The faults must stay an axis of faults.
            axis.keys.iter_mut().filter(|key| *key != "faults").for_each(|key| key.push_str(text));
            axis.points.iter_mut().for_each(|point| point.push_str(text));
        }
    }
    result
}
