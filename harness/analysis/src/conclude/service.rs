//! One service of a trial: what was lost of its spans, its exports, and the law's word on it.

mod control;

use std::collections::BTreeSet;

use spanfate_model::books::row::Standing;
use spanfate_model::exporter::Effective;
use spanfate_model::fate::{Fate, FateClass};
use spanfate_model::format::manifest::{ProcessEnd, ProcessManifest};
use spanfate_model::load::PlannedLoad;
use spanfate_model::plan::Plan;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::{Loss, PathKind, PathResult, Prediction, ServiceExports, ServiceResult};

use crate::books::standings::Standings;
use crate::conclude::end;
use crate::conclude::law::{self, Offered};
use crate::evidence::path::{ExportCall, ExportResult, Path};
use crate::evidence::process::Process;
use crate::statistics::quantile::millis;

/// What the services are concluded from.
pub(crate) struct ServiceBasis<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) load: &'a PlannedLoad,
    pub(crate) processes: &'a [Process<'a>],
    /// Spans by standing, per process.
    pub(crate) standings: &'a [Standings],
    /// The same per path, of processes that have several.
    pub(crate) by_path: &'a [Vec<Standings>],
    /// Begin and end of the load.
    pub(crate) window: (MonoNs, MonoNs),
    /// Whether the load kept to one rate, so that the law speaks of it.
    pub(crate) steady: bool,
}

/// All services of which there is a process, in the plan's order.
pub(crate) fn conclude(manifests: &[ProcessManifest], scene: &ServiceBasis<'_>) -> Vec<ServiceResult> {
    let shares = scene.plan.shares();
    let one = |manifest: &ProcessManifest| {
        let starts: Vec<&Process<'_>> =
            scene.processes.iter().filter(|process| process.header.process == manifest.process).collect();
        let standings = standings_of(manifest.process, scene);
        // The law speaks of one process that runs from the load's beginning to its end, and of one queue.
        let path = match starts[..] {
            [process] if !process.has_several_paths() => process.paths.first(),
            _ => None,
        };
        let seen = || starts.first().and_then(|start| start.paths[0].effective.clone());
        let effective = manifest.effective.clone().or_else(seen);
        let batch = effective.as_ref().map_or(0, |effective| effective.batch);
        let paths: Vec<&Path> = starts.iter().flat_map(|start| &start.paths).collect();
        ServiceResult {
            service: manifest.service.clone(),
            depth: shares.get(usize::from(manifest.process)).map_or(0, |share| share.depth),
            loss: standings
                .map(|standings| lost(effective.as_ref(), path, &standings, scene))
                .unwrap_or_default(),
            exports: exports(&paths, batch, scene.window),
            effective,
            sdk: starts.first().map_or_else(|| manifest.sdk.clone(), |start| start.header.sdk.clone()),
            ended_by_itself: of_service(manifests, manifest.process).find_map(ended_by_itself),
            exit_code: of_service(manifests, manifest.process).find_map(exit_code),
            ends: end::ends(of_service(manifests, manifest.process), &starts, scene.window.0),
            telemetry: manifest.telemetry.clone(),
            starts: of_service(manifests, manifest.process).count() as u32,
            endpoints: paths
                .iter()
                .filter_map(|path| path.endpoint.clone())
                .collect::<BTreeSet<String>>()
                .into_iter()
                .collect(),
            // Of several starts, that of the first: each begins anew.
            control: starts
                .first()
                .and_then(|start| control::figures(&start.rates, scene.load, scene.window.0)),
            paths: paths_of(manifest.process, scene),
        }
    };
    // Later starts of a service stand behind the first starts of all.
    manifests.iter().filter(|manifest| manifest.incarnation == 0).map(one).collect()
}

/// The export paths of a service's starts that have several.
fn paths_of(process: u16, scene: &ServiceBasis<'_>) -> Vec<PathResult> {
    let starts = scene.processes.iter().zip(scene.by_path);
    let of_it = starts.filter(|(start, _)| start.header.process == process && start.has_several_paths());
    let one = |start: &Process<'_>, path: &Path, standings: &Standings| {
        let batch = path.effective.as_ref().map_or(0, |effective| effective.batch);
        let dropped = standings.get(&Standing::Fate(Fate::DroppedQueueFull)).map_or(0, |counts| counts.0);
        PathResult {
            path: path.name.clone(),
            incarnation: start.header.incarnation,
            provider: u32::from(path.provider) + 1,
            kind: path.kind,
            behind: path.behind.clone(),
            exporter: path.exporter.clone(),
            endpoint: path.endpoint.clone(),
            effective: path.effective.clone().filter(|_| path.kind == PathKind::Batch),
            loss: lost(path.effective.as_ref(), Some(path), standings, scene),
            exports: exports(&[path], batch, scene.window),
            failed_by: path.failed_by.calls.clone(),
            dropped,
            dropped_by_sdk: path.dropped_by_sdk,
            shutdown_ms: (path.shutdown_began != 0)
                .then(|| millis(path.shutdown_began.saturating_sub(scene.window.0))),
        }
    };
    of_it
        .flat_map(|(start, standings)| {
            start.paths.iter().zip(standings).map(|(path, standings)| one(start, path, standings))
        })
        .collect()
}

fn of_service(manifests: &[ProcessManifest], process: u16) -> impl Iterator<Item = &ProcessManifest> {
    manifests.iter().filter(move |manifest| manifest.process == process)
}

/// Spans by standing over all starts of a service; `None` where none keeps books.
fn standings_of(process: u16, scene: &ServiceBasis<'_>) -> Option<Standings> {
    let mut out: Option<Standings> = None;
    for (start, standings) in scene.processes.iter().zip(scene.standings) {
        if start.header.process == process {
            let sums = out.get_or_insert_default();
            for (standing, (total, measured)) in standings {
                let sum = sums.entry(*standing).or_insert((0, 0));
                *sum = (sum.0 + total, sum.1 + measured);
            }
        }
    }
    out
}

/// Loss among spans of the measured part, by their fates; spans without a fate are due and neither received nor lost.
pub(crate) fn loss(created: u64, fates: impl Iterator<Item = (Fate, u64)>) -> Loss {
    let mut out = Loss { due: created, ..Loss::default() };
    for (fate, spans) in fates {
        match fate.class() {
            FateClass::Received => out.received += spans,
            FateClass::Deliberate => out.due -= spans,
            FateClass::Lost => {
                out.lost += spans;
                out.silent += if fate.is_silent() { spans } else { 0 };
            }
        }
    }
    out.rate = if out.due == 0 { 0.0 } else { out.lost as f64 / out.due as f64 };
    out
}

/// The loss of a service, or of one of its paths, with the law's word on it where there is one queue to speak of.
fn lost(
    effective: Option<&Effective>,
    path: Option<&Path>,
    standings: &Standings,
    scene: &ServiceBasis<'_>,
) -> Loss {
    let fates = |pick: fn(&(u64, u64)) -> u64| {
        standings.iter().filter_map(move |(standing, counts)| match standing {
            Standing::Fate(fate) => Some((*fate, pick(counts))),
            Standing::Unexplained | Standing::Unaccounted => None,
        })
    };
    let created: u64 = standings.values().map(|counts| counts.0).sum();
    let measured = standings.values().map(|counts| counts.1).sum();
    let due = loss(created, fates(|counts| counts.0)).due;
    let load = scene.load;
    let seconds = load.warmup.seconds() + load.lasting.seconds();
    let offered = Offered {
        spans_per_s: due as f64 / seconds.max(0.001),
        warmup_s: load.warmup.seconds(),
        measured_s: load.lasting.seconds(),
        window: scene.window,
    };
    let effective = effective.filter(|_| scene.steady);
    let predicted = path.zip(effective).and_then(|(path, effective)| law::predict(path, effective, &offered));
    Loss { predicted, ..loss(measured, fates(|counts| counts.1)) }
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
fn unasked(process: &ProcessManifest) -> Option<&ProcessEnd> {
    process.end.as_ref().filter(|end| end.asked_to_stop.is_none() && end.fault.is_none())
}

fn exit_code(process: &ProcessManifest) -> Option<i32> {
    unasked(process)?.code
}

fn ended_by_itself(process: &ProcessManifest) -> Option<String> {
    let end = unasked(process)?;
    Some(match (end.signal, end.code) {
        (Some(signal), _) => format!("signal {signal}"),
        (None, Some(code)) => format!("exit code {code}"),
        (None, None) => "unknown".to_owned(),
    })
}

fn exports(paths: &[&Path], batch: u32, window: (MonoNs, MonoNs)) -> ServiceExports {
    let calls = || paths.iter().flat_map(|path| path.exports.values());
    let count =
        |wanted: fn(&ExportResult) -> bool| calls().filter(|call| wanted(&call.result)).count() as u64;
    let spans: u64 = calls().map(|call| u64::from(call.spans)).sum();
    let lasted = |call: &ExportCall| millis(call.ended.saturating_sub(call.began));
    ServiceExports {
        calls: calls().count() as u64,
        failed: count(|result| matches!(result, ExportResult::Failed(_) | ExportResult::Partial)),
        unfinished: count(|result| *result == ExportResult::None),
        full_batch_ms: match paths {
            [path] => law::full_batch_ns(path, batch, window).map(|ns| (ns / 1e3).round() / 1e3),
            _ => None,
        },
        longest_ms: calls().filter(|call| call.ended != 0).map(lasted).max_by(f64::total_cmp),
        spans_per_call: per(spans, calls().count() as u64),
    }
}

/// A ratio to two digits; 0 of nothing.
pub(crate) fn per(total: u64, n: u64) -> f64 {
    if n == 0 { 0.0 } else { (total as f64 / n as f64 * 100.0).round() / 100.0 }
}
