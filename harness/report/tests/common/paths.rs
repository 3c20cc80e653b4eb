//! Programs with several export paths.

use std::collections::BTreeMap;

use spanfate_model::books::explain::{ExplainStep, PathStanding};
use spanfate_model::books::ledger::{FateCount, ListedSpans, PathBooks, PathSpread};
use spanfate_model::books::row::Standing;
use spanfate_model::exporter::{Effective, Exporter};
use spanfate_model::fate::witness::Witness;
use spanfate_model::fate::{ExportCause, Fate, Filter};
use spanfate_model::result::{
    Loss, PathKind, PathResult, Prediction, RunResult, ServiceExports, TrialResult,
};

use super::chain::call_each_other;
use super::{Case, case, run};

/// A name as Go gives it to a function of generic types.
const LONG: &str = "example.com/observability/exporters/internal/fanout.(*Exporter[go.shape.struct { Endpoint string; \
                    Headers map[string]string; Retry example.com/observability/retry.Policy }]).ExportSpans";

/// Three services, of which two have several paths, in two variants with three trials each. The last service starts twice in a
/// trial.
pub(crate) fn forked() -> RunResult {
    named(&["gateway", "catalog", "order"].map(str::to_owned), LONG)
}

/// One service with two paths, in one variant with one trial: nothing must be told apart but the paths.
pub(crate) fn forked_once() -> RunResult {
    let mut result = run(&[case("default", Exporter::default(), 0.25, 27.2)], 1);
    let name = result.plan.services[0].name.clone();
    for trial in result.variants.iter_mut().flat_map(|variant| &mut variant.trials) {
        fork(trial, &name, 0, (LONG, &[0.25, 0.0]));
    }
    result
}

/// The same as the first, and every name is that text.
pub(crate) fn poisoned_paths(text: &str) -> RunResult {
    let mut result = named(&[0, 1, 2].map(|n| format!("{text}{n}")), text);
    for variant in &mut result.variants {
        text.clone_into(&mut variant.name);
        for trial in &mut variant.trials {
            trial.ledger.paths.iter_mut().for_each(|books| books.path = format!("{text}{}", books.path));
            for path in trial.services.iter_mut().flat_map(|service| &mut service.paths) {
                path.path = format!("{text}{}", path.path);
                path.behind = vec![text.to_owned(), text.to_owned()];
                path.failed_by.insert(text.to_owned(), 2);
            }
            for example in &mut trial.examples {
                example.paths.iter_mut().for_each(|one| text.clone_into(&mut one.path));
                example.steps.iter_mut().for_each(|step| step.path = Some(text.to_owned()));
            }
        }
    }
    result
}

fn named(services: &[String; 3], exporter: &str) -> RunResult {
    let slow = Case { answer_after: Some(22), ..case("slow receiver", Exporter::default(), 0.12, 23.5) };
    let mut result = run(&[case("fast receiver", Exporter::default(), 0.0, 4.1), slow], 3);
    let parts = services.clone().map(|name| (name, vec!["GET /work", "inner"]));
    call_each_other(&mut result, &parts);
    for variant in &mut result.variants {
        for trial in &mut variant.trials {
            let lossy = trial.loss.lost > 0;
            let shares: [f64; 3] = if lossy { [0.35, 0.0, 0.041] } else { [0.0; 3] };
            fork(trial, &services[0], 0, (exporter, &shares));
            fork(trial, &services[2], 0, (exporter, &shares[..2]));
            if lossy && trial.repetition == 1 {
                fork(trial, &services[2], 1, (exporter, &shares[..2]));
            }
        }
    }
    result
}

/// Gives a start of a service a path for each share that is lost; some of its spans are offered to none.
fn fork(trial: &mut TrialResult, service: &str, start: u32, (exporter, shares): (&str, &[f64])) {
    let Some(at) = trial.services.iter().position(|one| one.service == service) else { return };
    let offered = trial.services[at].loss.due;
    let law = trial.services[at].loss.predicted;
    for (number, share) in shares.iter().enumerate() {
        let lost = (offered as f64 * share) as u64;
        // Of the first queue's losses some are no drops, and a few spans cannot be placed.
        let fates = match number {
            0 if lost > 0 => vec![
                (Fate::DroppedQueueFull, lost - 320),
                (Fate::ExportFailed(ExportCause::Timeout), 300),
                (Fate::ExportFailed(ExportCause::Refused), 20),
                (Fate::Filtered(Filter::ExporterWrapper), 40),
            ],
            _ => vec![(Fate::ExportFailed(ExportCause::Status), lost)],
        };
        let open = if number == 0 && lost > 0 { 7 } else { 0 };
        let path = result_of(number, start, exporter, (offered, lost, law));
        trial.ledger.paths.push(books(&path.path, (service, start), offered, &fates, open));
        trial.services[at].paths.push(path);
    }
    let filtered = [(Fate::Filtered(Filter::Processor), 25)];
    trial.ledger.paths.push(books("offered to no path", (service, start), 25, &filtered, 0));
    let lost = (offered as f64 * shares[0]) as u64;
    let spread = trial.ledger.spread.get_or_insert_default();
    let PathSpread { every, some, none } = *spread;
    *spread = PathSpread {
        every: every + offered - lost,
        some: some + lost.saturating_sub(3),
        none: none + lost.min(3),
    };
    explained(trial, exporter);
}

fn books(
    path: &str,
    (service, incarnation): (&str, u32),
    created: u64,
    elsewhere: &[(Fate, u64)],
    open: u64,
) -> PathBooks {
    let gone: u64 = elsewhere.iter().map(|(_, count)| count).sum();
    let count = |n: u64| FateCount { total: n, measured: n, ..FateCount::default() };
    let mut fates: BTreeMap<Fate, FateCount> =
        elsewhere.iter().filter(|(_, n)| *n > 0).map(|(fate, n)| (*fate, count(*n))).collect();
    if created > gone + open {
        fates.insert(Fate::Received, count(created - gone - open));
    }
    let out = PathBooks {
        service: service.to_owned(),
        incarnation,
        path: path.to_owned(),
        created,
        created_measured: created,
        fates,
        unexplained: ListedSpans::default(),
        unaccounted: ListedSpans { count: open, ids: Vec::new() },
        copies: BTreeMap::new(),
    };
    assert!(out.closes());
    out
}

fn result_of(
    number: usize,
    incarnation: u32,
    exporter: &str,
    (due, lost, law): (u64, u64, Option<Prediction>),
) -> PathResult {
    let (kind, queue, batch) =
        [(PathKind::Batch, 64, 8), (PathKind::Batch, 4096, 512), (PathKind::Simple, 0, 0)][number];
    let provider = if kind == PathKind::Simple { 2 } else { 1 };
    let exporter = ["otlp grpc", "otlp http", exporter][number];
    let queued = kind == PathKind::Batch;
    let name = match kind {
        PathKind::Batch => format!("provider {provider} · batch (queue {queue}) → {exporter}"),
        PathKind::Simple | PathKind::Other => format!("provider {provider} · simple → {exporter}"),
    };
    let rate = lost as f64 / due.max(1) as f64;
    let dropped = if number == 0 && lost > 0 { lost - 320 } else { 0 };
    PathResult {
        path: name,
        incarnation,
        provider,
        kind,
        behind: if number == 1 { vec!["main.sampling".to_owned()] } else { Vec::new() },
        exporter: exporter.to_owned(),
        endpoint: None,
        effective: queued.then(|| Effective {
            queue,
            batch,
            delay_ms: 5000.0,
            export_timeout_ms: 30_000.0,
            ..Effective::default()
        }),
        loss: Loss {
            due,
            received: due - lost,
            lost,
            silent: dropped,
            rate,
            predicted: law.filter(|_| queued).map(|law| Prediction {
                rate: rate * 0.98,
                queue,
                batch,
                // A smaller batch at the same ceiling takes so much less time.
                export_ms: law.export_ms * f64::from(batch) / f64::from(law.batch.max(1)),
                ..law
            }),
        },
        exports: ServiceExports {
            calls: due / u64::from(batch.max(1)),
            failed: u64::from(lost > 0) * 40,
            spans_per_call: f64::from(batch.max(1)),
            longest_ms: Some(if lost > 0 { 30_000.4 } else { 12.5 }),
            ..ServiceExports::default()
        },
        failed_by: if lost > 0 {
            BTreeMap::from([("timeout".to_owned(), 38), ("other".to_owned(), 2)])
        } else {
            BTreeMap::new()
        },
        dropped,
        // One start counts one more than the books have.
        dropped_by_sdk: queued.then_some(dropped + u64::from(incarnation)),
        shutdown_ms: queued.then_some(9012.4 + f64::from(incarnation)),
    }
}

/// The examples say what became of their spans on each path.
fn explained(trial: &mut TrialResult, exporter: &str) {
    for example in &mut trial.examples {
        let lost = Standing::Fate(Fate::DroppedQueueFull);
        let path = |path: &str, standing, at_ms| PathStanding { path: path.to_owned(), standing, at_ms };
        example.paths = vec![
            path("provider 1 · batch (queue 64) → otlp grpc", lost, Some(example.decided_ms)),
            path(&format!("provider 2 · simple → {exporter}"), Standing::Fate(Fate::Received), None),
        ];
        if example.steps.iter().all(|step| step.path.is_none()) {
            example.steps.insert(
                2,
                ExplainStep {
                    at_ms: example.decided_ms - 0.1,
                    witness: Some(Witness::Probe),
                    what: "handed to the exporter in batch 3 of 1 span".to_owned(),
                    path: Some(format!("provider 2 · simple → {exporter}")),
                },
            );
        }
    }
}
