//! One trial, made up.

use std::collections::BTreeMap;

use spanfate_model::books::explain::{ActingFault, ExplainStep, Explanation};
use spanfate_model::books::ledger::{Exemplar, Expected, FateCount, FirstLostSpan, Ledger};
use spanfate_model::books::row::Standing;
use spanfate_model::exporter::{Compression, Effective, OnFull};
use spanfate_model::fate::witness::{Witness, WitnessReport, WitnessState};
use spanfate_model::fate::{ExitWay, Fate, FateClass};
use spanfate_model::format::manifest::{FORMAT, Status};
use spanfate_model::plan::PlannedTrial;
use spanfate_model::quantity::id::SpanId;
use spanfate_model::result::{
    Agreement, ExportFigures, LoadFigures, Loss, Prediction, Quantiles, Slice, TrialResult, UsageFigures,
    Validity,
};
use spanfate_model::result::{Basis, CountedThing, Total};
use spanfate_model::term::Term;

use super::chain::alone;
use super::{Case, PARTS, SPANS_PER_S};

/// A trial of a variant.
pub(crate) fn trial(case: &Case, at: usize, planned: &PlannedTrial) -> TrialResult {
    // Trials of a variant differ by about one percent of their loss.
    let wobble = f64::from(i32::from(planned.repetition) * 7 % 5 - 2) * 0.006;
    let share = case.loss * (1.0 + wobble);
    let (created, measured) =
        ((SPANS_PER_S * (PARTS.0 + PARTS.1) as f64) as u64, (SPANS_PER_S * PARTS.1 as f64) as u64);
    let lost = (measured as f64 * share).round() as u64;
    let tags = Tags { planned, lost, warm: (SPANS_PER_S * share * 0.8) as u64 };
    let ledger = ledger(case, created, measured, &tags);
    let quantiles = |scale: f64, tail: f64| Some(quantiles(measured / 5, scale, tail));
    let mut trial = TrialResult {
        index: planned.index,
        repetition: planned.repetition,
        status: Status::Complete,
        attempts: None,
        quiet: None,
        error: None,
        limits_met: Vec::new(),
        unread: Vec::new(),
        loss: Loss {
            due: measured,
            received: measured - lost,
            lost,
            silent: lost,
            rate: lost as f64 / measured as f64,
            predicted: law(case),
        },
        load: LoadFigures {
            intended: 45_000,
            started: 45_000,
            answered: 45_000,
            offered: 5000.0,
            achieved: 4999.6,
            worst_window: 0.9984,
            response: quantiles(0.31 + 0.02 * at as f64, 1.0 + at as f64 * 0.2),
            service: quantiles(0.28, 0.9),
            start_lag: quantiles(0.04, 0.15),
            ..LoadFigures::default()
        },
        exports: exports(case, created - lost),
        delay: Some(self::quantiles(measured - lost, 20.0 + 2.0 * case.export_ms, 1.2)),
        usage: usage(at),
        effective: Some(effective(case)),
        gomaxprocs: 1,
        sdk: "1.44.0".to_owned(),
        witnesses: witnesses(),
        agreement: agreement(&ledger),
        validity: validity(at == 6),
        timeline: timeline(case, share),
        examples: examples(case, planned, &ledger),
        ended_by_itself: None,
        services: Vec::new(),
        breakdown: Vec::new(),
        faults: Vec::new(),
        damage: None,
        probes: Vec::new(),
        logs: None,
        trace_matches: Vec::new(),
        replays: Vec::new(),
        hops: Vec::new(),
        engine: None,
        ledger,
    };
    alone(&mut trial);
    trial
}

fn usage(at: usize) -> UsageFigures {
    UsageFigures {
        samples: 80,
        fixture_cpu: 0.71 + 0.02 * at as f64,
        fixture_rss: (92 + 11 * at as u64) << 20,
        harness_cpu: 0.64,
        foreign: 0.004,
        steal: 0.0011,
        pressure: 0.21,
        gc_cycles: 44,
        stopped_ms: 5.2,
        fixture_wait: 0.012,
        ..UsageFigures::default()
    }
}

/// What would be said of the first lost span of each fate.
fn examples(case: &Case, planned: &PlannedTrial, ledger: &Ledger) -> Vec<Explanation> {
    let step =
        |at_ms: f64, witness, what: &str| ExplainStep { at_ms, witness, what: what.to_owned(), path: None };
    let one = |(fate, first): (&Fate, &FirstLostSpan)| Explanation {
        trial: planned.index,
        variant: case.name.clone(),
        trace_id: first.trace_id,
        span_id: first.span_id,
        service: first.service.clone(),
        name: first.name.clone(),
        kind: "server".to_owned(),
        parent: None,
        request: first.request,
        standing: Standing::Fate(*fate),
        verdict: format!(
            "dropped: the queue was full, 2,048 of 2,048, while an export of 512 spans had been waiting {:.1} ms for its answer",
            case.export_ms * 0.8
        ),
        decided_ms: first.lost_ms,
        steps: vec![
            step(first.created_ms - 0.2, Some(Witness::Load), "request 6200 sent, 0.01 ms late"),
            step(
                first.created_ms,
                Some(Witness::Process),
                "made as span 31,000 of http: GET /work, server; sampled",
            ),
            step(
                first.lost_ms,
                Some(Witness::Sdk),
                "counted as dropped: queue_full; the queue holds 2,048 spans",
            ),
            step(first.lost_ms + 1.0, None, "the fault `outage` on receiver ended"),
        ],
        faults: vec![ActingFault {
            number: 0,
            name: "outage".to_owned(),
            kind: "down".to_owned(),
            on: "receiver".to_owned(),
            from_ms: Some(1000.0),
            to_ms: None,
        }],
        paths: Vec::new(),
    };
    let firsts = ledger.fates.iter().filter_map(|(fate, count)| Some((fate, count.first.as_ref()?)));
    if planned.repetition == 0 { firsts.map(one).collect() } else { Vec::new() }
}

struct Tags<'a> {
    planned: &'a PlannedTrial,
    /// Lost in the measured part.
    lost: u64,
    /// Lost in the warm-up.
    warm: u64,
}

fn ledger(case: &Case, created: u64, measured: u64, tags: &Tags<'_>) -> Ledger {
    let exemplars = |seed: u32| -> Vec<Exemplar> {
        let one = |n: u32| Exemplar {
            trace_id: tags.planned.tag.trace_id(seed + n),
            span_id: SpanId(u64::from(seed * 31 + n).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()),
            name: if n == 0 { "GET /work".to_owned() } else { format!("inner {n}") },
            request: Some(seed + n),
            created_ms: 1240.0 + f64::from(n) * 0.41,
        };
        (0..20).map(one).collect()
    };
    let mut fates = BTreeMap::new();
    let mut put = |fate: Fate, total, measured, seed| {
        if total > 0 {
            let exemplars = exemplars(seed);
            let first = exemplars.first().filter(|_| fate.class() == FateClass::Lost).map(first_lost);
            fates.insert(fate, FateCount { total, measured, counted: 0, exemplars, first });
        }
    };
    let queued = if case.answer_after == Some(50) { 610 } else { 0 };
    let dropped = tags.lost + tags.warm;
    put(Fate::Received, created - dropped - queued, measured - tags.lost, 1);
    put(Fate::DroppedQueueFull, dropped, tags.lost - queued.min(tags.lost), 6200);
    put(Fate::LostInQueueAtExit(ExitWay::ShutdownDeadline), queued, queued, 44_100);
    Ledger {
        format: FORMAT.to_owned(),
        trial: tags.planned.index,
        path: "default".to_owned(),
        status: Status::Complete,
        created,
        created_measured: measured,
        expected: Expected { spans: created, created, ..Expected::default() },
        copies: BTreeMap::from([(1, created - dropped - queued)]),
        silent: dropped + queued,
        fates,
        ..Ledger::default()
    }
}

/// The span of an exemplar, lost a little later.
fn first_lost(exemplar: &Exemplar) -> FirstLostSpan {
    FirstLostSpan {
        trace_id: exemplar.trace_id,
        span_id: exemplar.span_id,
        name: exemplar.name.clone(),
        service: "http".to_owned(),
        request: exemplar.request,
        sequence: u64::from(exemplar.request.unwrap_or_default()) * 5,
        created_ms: exemplar.created_ms,
        lost_ms: exemplar.created_ms + 0.75,
    }
}

fn law(case: &Case) -> Option<Prediction> {
    let effective = effective(case);
    if effective.block {
        return None;
    }
    let ceiling = f64::from(effective.batch) / case.export_ms * 1000.0;
    let t = (PARTS.0 + PARTS.1) as f64;
    let spill = (SPANS_PER_S - ceiling) * t - f64::from(effective.queue + effective.batch);
    Some(Prediction {
        rate: spill.max(0.0) / (SPANS_PER_S * t),
        spans_per_s: SPANS_PER_S,
        batch: effective.batch,
        queue: effective.queue,
        export_ms: case.export_ms,
        ceiling,
    })
}

fn effective(case: &Case) -> Effective {
    Effective {
        protocol: case.exporter.protocol.unwrap_or_default().as_str().to_owned(),
        queue: case.exporter.queue.unwrap_or(2048),
        batch: case.exporter.batch.unwrap_or(512),
        delay_ms: 5000.0,
        export_timeout_ms: 30_000.0,
        block: case.exporter.on_full == Some(OnFull::Block),
        exporter_type: "*otlptrace.Exporter".to_owned(),
        sampler: "ParentBased{root:AlwaysOnSampler}".to_owned(),
    }
}

fn exports(case: &Case, spans: u64) -> ExportFigures {
    let gzip = case.exporter.compression == Some(Compression::Gzip);
    ExportFigures {
        calls: spans / 508,
        full_batch_ms: Some(case.export_ms),
        spans_per_call: 508.2,
        requests: spans / 508,
        wire_bytes_per_span: if gzip { 47.2 } else { 241.3 },
        raw_bytes_per_span: 241.1,
        connections: 1,
        ..ExportFigures::default()
    }
}

fn witnesses() -> Vec<WitnessReport> {
    let complete = [Witness::Process, Witness::Wire, Witness::Sdk, Witness::Load];
    let absent = WitnessReport {
        witness: Witness::Probe,
        state: WitnessState::Absent("eBPF is not part of this version".to_owned()),
    };
    complete
        .into_iter()
        .map(|witness| WitnessReport { witness, state: WitnessState::Complete })
        .chain([absent])
        .collect()
}

fn agreement(ledger: &Ledger) -> Vec<Agreement> {
    let row = |what: Total, witnesses: &[Witness], count: u64| Agreement {
        what: CountedThing::Total(what).into(),
        counts: witnesses.iter().map(|witness| (*witness, count)).collect(),
        difference: 0,
        explained: None,
    };
    let (process, sdk) = (Witness::Process, Witness::Sdk);
    vec![
        row(Total::Created, &[process, sdk, Witness::Load], ledger.created),
        row(Total::Dropped, &[process, sdk], ledger.total(Fate::DroppedQueueFull)),
        row(Total::Exported, &[process, sdk, Witness::Wire], ledger.total(Fate::Received)),
    ]
}

fn validity(lagging: bool) -> Vec<Validity> {
    // One of them is a check of an older version.
    let mark = |figure: Basis, check: &str, measured: f64, bound: f64, valid: bool| Validity {
        figure: figure.into(),
        check: Term::read(check),
        measured,
        bound,
        side: None,
        valid,
    };
    vec![
        mark(Basis::Loss, "requests started in the worst 1 s window, share of intended", 0.9984, 0.99, true),
        mark(Basis::Loss, "foreign CPU on the fixture's cores, share", 0.004, 0.05, true),
        mark(Basis::Loss, "steal on the fixture's cores, share", 0.0011, 0.02, true),
        mark(
            Basis::Latency,
            "start lag p99 as a share of response p99",
            if lagging { 0.143 } else { 0.06 },
            0.1,
            !lagging,
        ),
        mark(Basis::Latency, "foreign CPU on the fixture's cores, share", 0.004, 0.05, true),
    ]
}

fn quantiles(count: u64, scale: f64, tail: f64) -> Quantiles {
    const CURVE: [f64; 18] = [
        0.0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999, 0.9999,
        1.0,
    ];
    let at = |q: f64| scale * (0.6 + q) * (1.0 + tail * (1.0 / (1.0 - q + 1e-5)).ln().powi(2) / 12.0);
    Quantiles {
        count,
        mean: at(0.6),
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p999: at(0.999),
        max: at(1.0),
        curve: CURVE.iter().map(|q| (*q, at(*q))).collect(),
    }
}

fn timeline(case: &Case, share: f64) -> Vec<Slice> {
    let effective = effective(case);
    let slices = (PARTS.0 + PARTS.1) * 4;
    let slice = |at: u64| {
        let loading = at < slices;
        let created = if loading { 6250 } else { 0 };
        let full = share > 0.01 && at > 1 && loading;
        let blip = if share > 0.0 && at == 20 { 61 } else { 0 };
        let lost = if full { (f64::from(created) * share * 1.04) as u64 } else { blip };
        let backlog = if share > 0.01 { u64::from(effective.queue) } else { 140 + (at * 37) % 90 };
        Slice {
            at_ms: at as f64 * 250.0,
            created: created as u64,
            received: if loading { created as u64 - lost } else { 0 },
            lost,
            queue: if loading { backlog.min(900 * (at + 1)) } else { 0 },
            requests: if loading { 1250 } else { 0 },
            export_ms: if loading { case.export_ms * 1.3 } else { 0.0 },
            fixture_cpu: if loading { 0.8 } else { 0.02 },
            lost_by: (lost > 0).then_some((Fate::DroppedQueueFull, lost)).into_iter().collect(),
            in_flight: u64::from(loading),
            gc_cycles: u64::from(loading),
            stopped_ms: if loading { 0.05 + 0.01 * (at % 5) as f64 } else { 0.0 },
            heap: (12 + at * 7 % 5) << 20,
        }
    };
    (0..slices + 2).map(slice).collect()
}
