//! One service of a trial: what was lost of its spans, its exports, and the law's word on it.

use std::collections::BTreeMap;

use spanfate_model::exporter::Effective;
use spanfate_model::fate::FateClass;
use spanfate_model::load::PlannedLoad;
use spanfate_model::manifest::ProcessManifest;
use spanfate_model::plan::Plan;
use spanfate_model::result::{Loss, Prediction, ServiceExports, ServiceResult};
use spanfate_model::unit::MonoNs;

use crate::law::{self, Offered};
use crate::process::{ExportResult, Process};
use crate::quantile::millis;
use crate::reconcile::Outcome;

/// What the services are concluded from.
pub(crate) struct Scene<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) load: &'a PlannedLoad,
    pub(crate) processes: &'a [Process<'a>],
    /// Spans by fate, per process: in the whole trial, and of these in the measured part.
    pub(crate) outcomes: &'a [BTreeMap<Outcome, (u64, u64)>],
    /// Begin and end of the load.
    pub(crate) window: (MonoNs, MonoNs),
    /// Whether the load kept to one rate, so that the law speaks of it.
    pub(crate) steady: bool,
}

/// All services of which there is a process, in the plan's order.
pub(crate) fn conclude(manifests: &[ProcessManifest], scene: &Scene<'_>) -> Vec<ServiceResult> {
    let shares = scene.plan.shares();
    let one = |manifest: &ProcessManifest| {
        let starts: Vec<&Process<'_>> =
            scene.processes.iter().filter(|process| process.header.process == manifest.process).collect();
        let outcomes = outcomes_of(manifest.process, scene);
        // The law speaks of one process that runs from the load's beginning to its end.
        let process = starts.first().copied().filter(|_| starts.len() == 1);
        let effective = manifest.effective.clone().or_else(|| starts.first().and_then(|start| seen(start)));
        let batch = effective.as_ref().map_or(0, |effective| effective.batch);
        ServiceResult {
            service: manifest.service.clone(),
            depth: shares.get(usize::from(manifest.process)).map_or(0, |share| share.depth),
            loss: outcomes
                .map(|outcomes| loss(effective.as_ref(), process, &outcomes, scene))
                .unwrap_or_default(),
            exports: exports(&starts, batch, scene.window),
            effective,
            sdk: starts.first().map_or_else(|| manifest.sdk.clone(), |start| start.header.sdk.clone()),
            ended_by_itself: of_service(manifests, manifest.process).find_map(ended_by_itself),
            starts: of_service(manifests, manifest.process).count() as u32,
            paths: Vec::new(),
        }
    };
    // Later starts of a service stand behind the first starts of all.
    manifests.iter().filter(|manifest| manifest.incarnation == 0).map(one).collect()
}

fn of_service(manifests: &[ProcessManifest], process: u16) -> impl Iterator<Item = &ProcessManifest> {
    manifests.iter().filter(move |manifest| manifest.process == process)
}

/// Spans by fate over all starts of a service; `None` where none keeps a ledger.
fn outcomes_of(process: u16, scene: &Scene<'_>) -> Option<BTreeMap<Outcome, (u64, u64)>> {
    let mut out: Option<BTreeMap<Outcome, (u64, u64)>> = None;
    for (start, outcomes) in scene.processes.iter().zip(scene.outcomes) {
        if start.header.process == process {
            let sums = out.get_or_insert_default();
            for (outcome, (total, measured)) in outcomes {
                let sum = sums.entry(*outcome).or_insert((0, 0));
                *sum = (sum.0 + total, sum.1 + measured);
            }
        }
    }
    out
}

/// What the probes read of a program that does not tell its settings.
fn seen(process: &Process<'_>) -> Option<Effective> {
    let settings = process.probed.as_ref().map(|stand| stand.settings).filter(|set| set.processor != 0)?;
    Some(Effective {
        queue: settings.queue,
        batch: settings.batch,
        delay_ms: millis(settings.delay),
        export_timeout_ms: millis(settings.timeout),
        block: settings.block,
        ..Effective::default()
    })
}

fn loss(
    effective: Option<&Effective>,
    process: Option<&Process<'_>>,
    outcomes: &BTreeMap<Outcome, (u64, u64)>,
    scene: &Scene<'_>,
) -> Loss {
    let sum = |wanted: &dyn Fn(&Outcome) -> bool| {
        let chosen = outcomes.iter().filter(|(outcome, _)| wanted(outcome));
        chosen.fold((0, 0), |sum, (_, count)| (sum.0 + count.0, sum.1 + count.1))
    };
    let class = |class: FateClass| sum(&|outcome| outcome.is_some_and(|fate| fate.class() == class));
    let (created, created_measured) = sum(&|_| true);
    let (deliberate, deliberate_measured) = class(FateClass::Deliberate);
    let (lost, due) = (class(FateClass::Lost).1, created_measured - deliberate_measured);
    let silent = |outcome: &Outcome| outcome.is_some_and(|f| f.class() == FateClass::Lost && f.is_silent());
    let load = scene.load;
    let seconds = load.warmup.seconds() + load.lasting.seconds();
    let offered = Offered {
        spans_per_s: (created - deliberate) as f64 / seconds.max(0.001),
        warmup_s: load.warmup.seconds(),
        measured_s: load.lasting.seconds(),
        window: scene.window,
    };
    let effective = effective.filter(|_| scene.steady);
    let predicted =
        process.zip(effective).and_then(|(process, effective)| law::predict(process, effective, &offered));
    Loss {
        due,
        received: class(FateClass::Received).1,
        lost,
        silent: sum(&silent).1,
        rate: if due == 0 { 0.0 } else { lost as f64 / due as f64 },
        predicted,
    }
}

/// The law for all services together: what it predicts for each, weighed by their spans. Its other figures are those of the
/// service that is predicted to lose most.
pub(crate) fn predict(services: &[ServiceResult]) -> Option<Prediction> {
    let with: Vec<(&ServiceResult, Prediction)> =
        services.iter().filter_map(|service| Some((service, service.loss.predicted?))).collect();
    let worst = with.iter().max_by(|a, b| a.1.rate.total_cmp(&b.1.rate))?.1;
    // A service that never had a full batch to send is far below its ceiling; one that blocks is beyond the law.
    let blocks =
        |service: &ServiceResult| service.effective.as_ref().is_some_and(|effective| effective.block);
    if services.iter().any(blocks) {
        return None;
    }
    let lost: f64 = with.iter().map(|(service, prediction)| prediction.rate * service.loss.due as f64).sum();
    let due: u64 = services.iter().map(|service| service.loss.due).sum();
    let rate = if due == 0 { 0.0 } else { lost / due as f64 };
    Some(Prediction { rate, ..worst })
}

/// How a process ended, if nobody had asked it to.
fn ended_by_itself(process: &ProcessManifest) -> Option<String> {
    let end = process.end.as_ref().filter(|end| end.asked_to_stop.is_none() && end.fault.is_none())?;
    Some(match (end.signal, end.code) {
        (Some(signal), _) => format!("signal {signal}"),
        (None, Some(code)) => format!("exit code {code}"),
        (None, None) => "unknown".to_owned(),
    })
}

fn exports(starts: &[&Process<'_>], batch: u32, window: (MonoNs, MonoNs)) -> ServiceExports {
    let calls = || starts.iter().flat_map(|process| process.exports.values());
    let count =
        |wanted: fn(&ExportResult) -> bool| calls().filter(|call| wanted(&call.result)).count() as u64;
    let spans: u64 = calls().map(|call| u64::from(call.spans)).sum();
    ServiceExports {
        calls: calls().count() as u64,
        failed: count(|result| matches!(result, ExportResult::Failed(_) | ExportResult::Partial)),
        unfinished: count(|result| *result == ExportResult::None),
        full_batch_ms: match starts {
            [process] => law::full_batch_ns(process, batch, window).map(|ns| (ns / 1e3).round() / 1e3),
            _ => None,
        },
        longest_ms: calls()
            .filter(|call| call.ended != 0)
            .map(|call| millis(call.ended.saturating_sub(call.began)))
            .max_by(f64::total_cmp),
        spans_per_call: per(spans, calls().count() as u64),
    }
}

/// A ratio to two digits; 0 of nothing.
pub(crate) fn per(total: u64, n: u64) -> f64 {
    if n == 0 { 0.0 } else { (total as f64 / n as f64 * 100.0).round() / 100.0 }
}
