//! A trial, concluded: raw logs in, ledger and figures out.

use spanfate_model::fate::FateClass;
use spanfate_model::ledger::Ledger;
use spanfate_model::manifest::{ProcessManifest, Status};
use spanfate_model::plan::{Plan, PlannedTrial};
use spanfate_model::raw::TrialLogs;
use spanfate_model::result::{ExportFigures, Loss, Prediction, TrialResult};
use spanfate_model::scenario::WitnessMode;
use spanfate_model::unit::MonoNs;
use spanfate_model::witness::{Witness, WitnessReport, WitnessState};

use crate::agreement;
use crate::law::{self, Offered};
use crate::loadbook::LoadBook;
use crate::opened::Opened;
use crate::process::{ExportResult, Process};
use crate::receipts::Receipts;
use crate::reconcile::reconcile;
use crate::timeline::Timeline;
use crate::{usage, validity};

/// Concludes a trial. `fixture_cores` is how many cores the fixture had to itself.
pub fn conclude_trial(
    plan: &Plan,
    planned: &PlannedTrial,
    fixture_cores: usize,
    logs: &TrialLogs,
) -> TrialResult {
    let manifest = &logs.manifest;
    let opened = Opened::open(plan, planned, logs);
    let Opened { processes, receipts, book, began, .. } = &opened;
    let began = *began;
    let witnessed = plan.service.witness == WitnessMode::Full;
    let mut timeline = Timeline::new(began);
    let sources = opened.sources(plan, planned, manifest.status);
    let done = reconcile(&sources, &mut timeline);
    let window =
        (began + plan.load.warmup.nanos(), began + plan.load.warmup.nanos() + plan.load.lasting.nanos());
    let usage = usage::figures(&logs.usage, processes, window, fixture_cores);
    let load = book.figures(plan);
    let first = manifest.processes.first();
    let effective = first.and_then(|process| process.effective.clone());
    // A load that was cut short is not the load the law speaks of.
    let whole = manifest.status == Status::Complete;
    let prediction =
        processes.first().zip(effective.as_ref()).filter(|_| whole).and_then(|(process, effective)| {
            law::predict(process, effective, &offered(plan, &done.ledger, (began, window.1)))
        });
    TrialResult {
        index: planned.index,
        repetition: planned.repetition,
        status: manifest.status,
        error: manifest.error.clone(),
        ended_by_itself: manifest.processes.iter().find_map(ended_by_itself),
        loss: loss(&done.ledger, prediction),
        exports: exports(processes, receipts, effective.as_ref().map_or(0, |e| e.batch), (began, window.1)),
        delay: done.delay.quantiles(),
        witnesses: witnesses(witnessed, manifest.processes.len(), processes, receipts, book),
        agreement: agreement::rows(processes, &done, book, plan),
        validity: validity::marks(&load, &usage, &done.ledger),
        timeline: timeline.finish(processes, book, &logs.usage),
        ledger: done.ledger,
        load,
        usage,
        effective,
        gomaxprocs: first.map_or(0, |process| process.gomaxprocs),
        sdk: first.map_or_else(String::new, |process| process.sdk.clone()),
    }
}

/// How a process ended, if nobody had asked it to.
fn ended_by_itself(process: &ProcessManifest) -> Option<String> {
    let end = process.end.as_ref().filter(|end| end.asked_to_stop.is_none())?;
    Some(match (end.signal, end.code) {
        (Some(signal), _) => format!("signal {signal}"),
        (None, Some(code)) => format!("exit code {code}"),
        (None, None) => "unknown".to_owned(),
    })
}

fn offered(plan: &Plan, ledger: &Ledger, window: (MonoNs, MonoNs)) -> Offered {
    let seconds = plan.load.warmup.seconds() + plan.load.lasting.seconds();
    let (deliberate, _) = ledger.class(FateClass::Deliberate);
    Offered {
        spans_per_s: ledger.created.saturating_sub(deliberate) as f64 / seconds.max(0.001),
        warmup_s: plan.load.warmup.seconds(),
        measured_s: plan.load.lasting.seconds(),
        window,
    }
}

fn loss(ledger: &Ledger, predicted: Option<Prediction>) -> Loss {
    let (_, deliberate) = ledger.class(FateClass::Deliberate);
    let (_, received) = ledger.class(FateClass::Received);
    let (_, lost) = ledger.class(FateClass::Lost);
    let due = ledger.created_measured - deliberate;
    Loss {
        due,
        received,
        lost,
        silent: silent_measured(ledger),
        rate: if due == 0 { 0.0 } else { lost as f64 / due as f64 },
        predicted,
    }
}

fn silent_measured(ledger: &Ledger) -> u64 {
    let silent = ledger.fates.iter().filter(|(fate, _)| fate.class() == FateClass::Lost && fate.is_silent());
    silent.map(|(_, count)| count.measured).sum()
}

fn exports(
    processes: &[Process<'_>],
    receipts: &Receipts<'_>,
    batch: u32,
    window: (MonoNs, MonoNs),
) -> ExportFigures {
    let calls: Vec<_> = processes.iter().flat_map(|process| process.exports.values()).collect();
    let count =
        |wanted: fn(&ExportResult) -> bool| calls.iter().filter(|call| wanted(&call.result)).count() as u64;
    let spans: u64 = calls.iter().map(|call| u64::from(call.spans)).sum();
    let per =
        |total: u64, n: u64| if n == 0 { 0.0 } else { (total as f64 / n as f64 * 100.0).round() / 100.0 };
    ExportFigures {
        calls: calls.len() as u64,
        failed: count(|result| matches!(result, ExportResult::Failed(_))),
        unfinished: count(|result| *result == ExportResult::None),
        full_batch_ms: processes
            .first()
            .and_then(|p| law::full_batch_ns(p, batch, window))
            .map(|ns| (ns / 1e3).round() / 1e3),
        spans_per_call: per(spans, calls.len() as u64),
        requests: receipts.requests,
        wire_bytes_per_span: per(receipts.bytes.1, receipts.accepted),
        raw_bytes_per_span: per(receipts.bytes.0, receipts.accepted),
        connections: receipts.connections,
    }
}

fn witnesses(
    witnessed: bool,
    planned: usize,
    processes: &[Process<'_>],
    receipts: &Receipts<'_>,
    book: &LoadBook,
) -> Vec<WitnessReport> {
    let process = if !witnessed {
        WitnessState::Absent("switched off by the scenario".to_owned())
    } else if processes.len() < planned || planned == 0 {
        WitnessState::Absent("a span ledger is missing or unreadable".to_owned())
    } else {
        let gaps = processes.iter().flat_map(|p| [p.live.overflow, p.live.log_lost, p.live.unkeyed]);
        match gaps.fold(0, u64::saturating_add) {
            0 if processes.iter().all(|p| !p.torn) => WitnessState::Complete,
            lost => WitnessState::Lossy(lost),
        }
    };
    let sdk = if process.is_complete() && processes.iter().all(|p| p.live.phase >= 2) {
        WitnessState::Complete
    } else {
        WitnessState::Absent("the SDK's own metrics live in the span ledger".to_owned())
    };
    let report = |witness, state| WitnessReport { witness, state };
    vec![
        report(Witness::Process, process),
        report(Witness::Sdk, sdk),
        report(Witness::Wire, receipts.state.clone().unwrap_or(WitnessState::Lossy(0))),
        report(Witness::Load, book.state.clone()),
        report(Witness::Probe, WitnessState::Absent("eBPF probes are not part of this version".to_owned())),
        report(Witness::Collector, WitnessState::Absent("no collector in this scenario".to_owned())),
    ]
}
