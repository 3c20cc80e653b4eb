//! A trial, concluded: raw logs in, ledger and figures out.

use spanfate_model::books::ledger::Ledger;
use spanfate_model::fate::witness::{Witness, WitnessReport, WitnessState};
use spanfate_model::format::manifest::{Status, TrialManifest};
use spanfate_model::format::raw::TrialLogs;
use spanfate_model::plan::{Plan, PlannedTrial};
use spanfate_model::result::{
    Agreement, ExportFigures, LoadFigures, Loss, Prediction, ServiceExports, ServiceResult, TrialResult,
};

use crate::books;
use crate::books::reconcile::{Reconciled, reconcile};
use crate::books::timeline::Timeline;
use crate::conclude::agreement;
use crate::conclude::dose::{self, Evidence};
use crate::conclude::engine;
use crate::conclude::hops;
use crate::conclude::runtime_trace;
use crate::conclude::service::{self, ServiceBasis, per};
use crate::conclude::undisturbed::{self, EstimateBasis};
use crate::conclude::usage;
use crate::conclude::validity;
use crate::evidence::excuse;
use crate::evidence::opened::{Keeper, Opened};
use crate::evidence::path::FailedBy;
use crate::evidence::probe::ProbeLog;
use crate::evidence::process::Process;
use crate::evidence::receipts::Receipts;
use crate::explain;
use crate::replay;
use crate::statistics::quantile::Recorded;

/// A trial, concluded, with what its run still needs of it.
#[derive(Clone, PartialEq, Debug)]
pub struct ConcludedTrial {
    /// What is written.
    pub result: TrialResult,
    /// Its whole distributions, which are not: quantiles of a variant are those of all its trials' values.
    pub times: TrialTimes,
}

/// The distributions of a trial's times.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TrialTimes {
    /// Response times of the measured part.
    pub(crate) response: Recorded,
    /// From the creation of a span to its first receipt.
    pub(crate) delay: Recorded,
}

fn is_whole(manifest: &TrialManifest) -> bool {
    manifest.status == Status::Complete
}

/// Concludes a trial. `fixture_cores` is how many cores the fixture had to itself.
pub fn conclude_trial(
    plan: &Plan,
    planned: &PlannedTrial,
    fixture_cores: usize,
    logs: &TrialLogs,
) -> ConcludedTrial {
    let manifest = &logs.manifest;
    let opened = Opened::open(plan, planned, logs);
    let Opened { processes, probes, receipts, hops: path, book, began, acted, excused, .. } = &opened;
    let began = *began;
    let mut timeline = Timeline::new(began);
    let done = reconcile(&opened.sources(), &mut timeline);
    // Without a load the program's own life is what is measured.
    let has_load = plan.subject().has_load();
    let window = if has_load { book.window(began) } else { (began, manifest.phases.stopped) };
    let usage =
        usage::figures(&logs.usage, processes, window, fixture_cores, excuse::neighbours_ns(acted, window));
    let (figures, response) = book.figures(excused);
    let load = LoadFigures { scheduling: manifest.load_scheduling.clone().unwrap_or_default(), ..figures };
    let validity = validity::of(plan, &load, &usage, &done.ledger, &manifest.limits_met);
    let basis = EstimateBasis { book, samples: &logs.usage, window, cores: fixture_cores };
    let load = undisturbed::beside(load, &validity, &basis);
    let load_of = plan.load_of_trial(planned);
    let services = service::conclude(
        &manifest.processes,
        &ServiceBasis {
            plan,
            load: load_of,
            processes,
            standings: &done.by_process,
            by_path: &done.by_path,
            window: (began, window.1),
            // The law speaks of one rate; a load that was cut short did not keep to it either.
            // Nor does it speak of faults: they change the export's time, or the rate.
            steady: has_load && is_whole(manifest) && load_of.is_steady() && acted.is_empty(),
        },
    );
    let faults = faults(plan, planned, logs, &opened);
    let first = manifest.processes.first();
    let times = TrialTimes { response: response.recorded(), delay: done.delay.recorded() };
    let result = TrialResult {
        index: planned.index,
        repetition: planned.repetition,
        status: manifest.status,
        attempts: None,
        quiet: manifest.quiet.clone(),
        error: manifest.error.clone(),
        faults,
        ended_by_itself: services.iter().find_map(|service| service.ended_by_itself.clone()),
        loss: loss(&done.ledger, service::predict(&services)),
        exports: exports(&services, processes, receipts),
        delay: done.delay.quantiles(),
        witnesses: witnesses(&opened),
        agreement: agreed(&opened, &done, plan),
        hops: hops::results(path, &done.at_hops, opened.end, began),
        engine: engine::result(&opened),
        trace_matches: runtime_trace::matches(logs, probes),
        replays: replay::replays(&opened, logs, fixture_cores, (plan, planned)),
        probes: probes.iter().map(|probes| probes.figures(began)).collect(),
        validity,
        timeline: timeline.finish(processes, book, &logs.usage),
        examples: explain::examples(plan, planned, &opened, logs.wire.as_deref(), &done.ledger),
        ledger: done.ledger,
        limits_met: manifest.limits_met.clone(),
        unread: manifest.unread.clone(),
        logs: books::logs::of_trial(&opened, logs),
        load,
        usage,
        effective: first.and_then(|process| process.effective.clone()),
        gomaxprocs: first.map_or(0, |process| process.gomaxprocs),
        sdk: first.map_or_else(String::new, |process| process.sdk.clone()),
        services,
        breakdown: done.breakdown,
        damage: done.damage,
    };
    ConcludedTrial { result, times }
}

fn faults(
    plan: &Plan,
    planned: &PlannedTrial,
    logs: &TrialLogs,
    opened: &Opened<'_>,
) -> Vec<spanfate_model::result::FaultResult> {
    let Some(variant) = plan.variant_of(planned) else { return Vec::new() };
    dose::conclude(&Evidence {
        plan,
        variant,
        manifest: &logs.manifest,
        processes: &opened.processes,
        book: &opened.book,
        requests_at: &opened.receipts.requests_at,
        events: &logs.events,
        acted: &opened.acted,
        began: opened.began,
    })
}

fn agreed(opened: &Opened<'_>, done: &Reconciled, plan: &Plan) -> Vec<Agreement> {
    let Opened { processes, probes, receipts, hops, book, .. } = opened;
    let wire = opened.end;
    agreement::rows(&agreement::WitnessAccounts { processes, probes, receipts, hops, wire, done, book, plan })
}

fn loss(ledger: &Ledger, predicted: Option<Prediction>) -> Loss {
    let fates = ledger.fates.iter().map(|(fate, count)| (*fate, count.measured));
    Loss { predicted, ..service::loss(ledger.created_measured, fates) }
}

fn exports(services: &[ServiceResult], processes: &[Process<'_>], receipts: &Receipts<'_>) -> ExportFigures {
    let mut failed_by = FailedBy::default();
    processes.iter().flat_map(|process| &process.paths).for_each(|path| failed_by.add(&path.failed_by));
    let sum = |pick: fn(&ServiceExports) -> u64| services.iter().map(|s| pick(&s.exports)).sum::<u64>();
    let spans: f64 = services.iter().map(|s| s.exports.spans_per_call * s.exports.calls as f64).sum();
    let calls = sum(|exports| exports.calls);
    // Of several services the slowest exporter is the one to look at.
    let slowest = services.iter().filter_map(|service| service.exports.full_batch_ms).max_by(f64::total_cmp);
    ExportFigures {
        calls,
        failed: sum(|exports| exports.failed),
        failed_by: failed_by.calls,
        unknown_error: failed_by.unknown,
        unfinished: sum(|exports| exports.unfinished),
        longest_ms: services.iter().filter_map(|s| s.exports.longest_ms).max_by(f64::total_cmp),
        full_batch_ms: slowest,
        spans_per_call: per(spans.round() as u64, calls),
        requests: receipts.requests,
        wire_bytes_per_span: per(receipts.bytes.1, receipts.accepted),
        raw_bytes_per_span: per(receipts.bytes.0, receipts.accepted),
        connections: receipts.connections,
    }
}

fn witnesses(opened: &Opened<'_>) -> Vec<WitnessReport> {
    let Opened { processes, probes, receipts, book, keeper, subject, .. } = opened;
    let absent = |why: &str| WitnessState::Absent(why.to_owned());
    let process = match keeper {
        _ if subject.is_own() => absent("your service keeps no span ledger"),
        Keeper::Probes => absent("probes stand in for it"),
        Keeper::Nobody => absent("switched off by the scenario"),
        Keeper::Missing => absent("a span ledger is missing or unreadable"),
        Keeper::Processes => {
            let gaps = processes.iter().flat_map(|p| [p.live.overflow, p.live.log_lost, p.live.unkeyed]);
            match gaps.fold(0, u64::saturating_add) {
                0 if processes.iter().all(|p| !p.torn) => WitnessState::Complete,
                lost => WitnessState::Lossy(lost),
            }
        }
    };
    let sdk = if process.is_complete() && processes.iter().all(|p| p.live.phase >= 2) {
        WitnessState::Complete
    } else {
        absent("the SDK's own metrics live in the span ledger")
    };
    let load = if subject.has_load() { book.state.clone() } else { absent("there is no load of ours") };
    let report = |witness, state| WitnessReport { witness, state };
    vec![
        report(Witness::Process, process),
        report(Witness::Sdk, sdk),
        report(Witness::Wire, wire(receipts, opened)),
        report(Witness::Load, load),
        report(Witness::Probe, probe(probes)),
        report(Witness::Collector, hops::witness(&opened.hops)),
    ]
}

/// How the receiver ended and, before it, the taps: the first that did not see everything. What an engine shows when it is read back
/// is a receipt, too.
fn wire(receipts: &Receipts<'_>, opened: &Opened<'_>) -> WitnessState {
    let hops = &opened.hops;
    let engine = opened
        .engine
        .iter()
        .flat_map(|engine| std::iter::once(&engine.tap).chain((!engine.alone).then_some(&engine.back)));
    let ends = hops.hops.iter().flat_map(|hop| hop.ends.iter().map(|end| &end.receipts));
    let all =
        std::iter::once(receipts).chain(hops.hops.iter().map(|hop| &hop.receipts)).chain(ends).chain(engine);
    let states: Vec<WitnessState> =
        all.map(|one| one.state.clone().unwrap_or(WitnessState::Lossy(0))).collect();
    let torn = states.iter().find(|state| !state.is_complete());
    torn.cloned().unwrap_or(WitnessState::Complete)
}

/// How the probes ended, over all processes: the worst of them.
fn probe(probes: &[ProbeLog<'_>]) -> WitnessState {
    let mut lost = 0;
    let mut unknown = false;
    for state in probes.iter().map(ProbeLog::state) {
        match state {
            WitnessState::Complete => {}
            WitnessState::Lossy(0) => unknown = true,
            WitnessState::Lossy(some) => lost += some,
            absent @ WitnessState::Absent(_) => return absent,
        }
    }
    match (probes.is_empty(), unknown, lost) {
        (true, ..) => WitnessState::Absent("the scenario wants no probes".to_owned()),
        (_, true, _) => WitnessState::Lossy(0),
        (_, _, 0) => WitnessState::Complete,
        (_, _, lost) => WitnessState::Lossy(lost),
    }
}
