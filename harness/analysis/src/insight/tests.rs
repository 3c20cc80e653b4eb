//! What is concluded of made-up runs.

mod replayed;
mod stood;
mod suspected;

use std::collections::BTreeMap;

use spanfate_model::books::ledger::{FateCount, Ledger};
use spanfate_model::exporter::{Effective, Exporter, OnFull, Protocol};
use spanfate_model::fate::Fate;
use spanfate_model::format::manifest::{FORMAT, Status};
use spanfate_model::plan::{Plan, PlannedVariant};
use spanfate_model::quantity::unit::{Period, Rate};
use spanfate_model::result::environment::Environment;
use spanfate_model::result::{
    Begin, ExportFigures, FocusRule, How, Insights, LoadFigures, Loss, Prediction, Quantiles, QueueLimit,
    RunResult, TrialResult, UsageFigures, VariantResult, VariantSummary,
};
use spanfate_model::scenario::{Compare, Load, Receiver, Scenario, Variant};
use spanfate_model::verdict::Verdict;

use super::alike::{likenesses, replaceable};
use super::{insights, with_insights};

/// A variant: its batch and queue, the milliseconds of an export, and the spans it lost of 200,000.
struct Case {
    name: &'static str,
    batch: u32,
    queue: u32,
    export_ms: f64,
    lost: u64,
}

const fn case(name: &'static str, batch: u32, queue: u32, export_ms: f64, lost: u64) -> Case {
    Case { name, batch, queue, export_ms, lost }
}

/// A run at 25,000 spans/s.
fn run(cases: &[Case]) -> RunResult {
    let variant = |case: &Case| Variant {
        name: case.name.to_owned(),
        exporter: Exporter { batch: Some(case.batch), queue: Some(case.queue), ..Exporter::default() },
        ..Variant::default()
    };
    let load = Load::steady(Rate(25_000.0), Period::millis(8000));
    let scenario = Scenario {
        variant: cases.iter().map(variant).collect(),
        ..Scenario::new("made up".to_owned(), load)
    };
    RunResult {
        format: FORMAT.to_owned(),
        run_id: "made-up".to_owned(),
        status: Status::Complete,
        verdict: Verdict::Pass,
        reasons: Vec::new(),
        plan: Plan::resolve(&scenario),
        environment: Environment::default(),
        variants: cases.iter().map(concluded).collect(),
        expectations: Vec::new(),
        claims: Vec::new(),
        sweep: None,
        comparison: None,
        insights: Insights::default(),
    }
}

fn concluded(case: &Case) -> VariantResult {
    let rate = case.lost as f64 / 200_000.0;
    let mut summary = VariantSummary { trials: 1, lost: case.lost, ..VariantSummary::default() };
    (summary.loss.mean, summary.loss.n, summary.loss.valid) = (rate, 1, true);
    summary.response = Some(Quantiles { p99: 10.0, ..Quantiles::default() });
    summary.fixture_rss = 1 << 26;
    if case.lost > 0 {
        summary.lost_by_fate = BTreeMap::from([(Fate::DroppedQueueFull, case.lost)]);
    }
    VariantResult {
        name: case.name.to_owned(),
        settings: Vec::new(),
        trials: vec![trial(case, rate)],
        summary,
    }
}

fn trial(case: &Case, rate: f64) -> TrialResult {
    let predicted = Prediction {
        rate,
        spans_per_s: 25_000.0,
        batch: case.batch,
        queue: case.queue,
        export_ms: case.export_ms,
        ceiling: f64::from(case.batch) / case.export_ms * 1e3,
    };
    let loss = Loss {
        due: 200_000,
        received: 200_000 - case.lost,
        lost: case.lost,
        silent: case.lost,
        rate,
        predicted: Some(predicted),
    };
    let mut ledger = Ledger { created: 200_000, ..Ledger::default() };
    let count = FateCount { total: case.lost, measured: case.lost, ..FateCount::default() };
    ledger.fates.insert(Fate::DroppedQueueFull, count);
    TrialResult {
        index: 0,
        repetition: 0,
        status: Status::Complete,
        attempts: None,
        quiet: None,
        error: None,
        limits_met: Vec::new(),
        unread: Vec::new(),
        ended_by_itself: None,
        ledger,
        loss,
        load: LoadFigures::default(),
        exports: ExportFigures::default(),
        delay: None,
        usage: UsageFigures::default(),
        effective: Some(Effective { batch: case.batch, queue: case.queue, ..Effective::default() }),
        gomaxprocs: 1,
        sdk: String::new(),
        witnesses: Vec::new(),
        agreement: Vec::new(),
        validity: Vec::new(),
        timeline: Vec::new(),
        examples: Vec::new(),
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
    }
}

#[test]
fn conclusions_survive_a_file_and_an_older_one_gets_the_same() {
    let result = with_insights(run(&[
        case("defaults", 512, 2048, 30.0, 60_000),
        case("small batch", 64, 2048, 4.0, 70_000),
        case("large batch", 1920, 8192, 50.0, 0),
    ]));
    assert!(!result.insights.is_empty());
    let written = serde_json::to_value(&result).unwrap();
    assert_eq!(serde_json::from_value::<RunResult>(written.clone()).unwrap(), result);
    let mut older = written;
    older.as_object_mut().unwrap().remove("insights");
    let older: RunResult = serde_json::from_value(older).unwrap();
    assert!(older.insights.is_empty());
    assert_eq!(with_insights(older), result);
    // What stands in a file is not concluded again.
    let mut other = result;
    other.insights.why.clear();
    assert_eq!(with_insights(other.clone()), other);
}

#[test]
fn what_lost_nothing_is_advised_unless_its_batch_is_smaller() {
    let mut result = run(&[
        case("too slow", 1024, 4096, 60.0, 60_000),
        case("lucky", 512, 2048, 15.0, 0),
        case("larger", 1920, 8192, 50.0, 0),
    ]);
    // What lost nothing in one trial is no advice by itself, also where the law has none.
    let advice = &insights(&result).advice[0];
    assert_eq!((advice.how, advice.clean.as_deref()), (How::Once, Some("larger")));
    several(&mut result);
    let advice = &insights(&result).advice[0];
    assert_eq!((advice.how, advice.clean.as_deref()), (How::Measured, Some("larger")));
    assert_eq!(
        advice.lines,
        ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE=1920".to_owned(), "OTEL_BSP_MAX_QUEUE_SIZE=8192".to_owned()]
    );
    assert_eq!(advice.price.unwrap().memory, (1 << 26, 1 << 26));
    // By luck alone nothing is measured: the law speaks, and from what is set on.
    let lucky = run(&[case("too slow", 1024, 4096, 60.0, 60_000), case("lucky", 512, 2048, 60.0, 0)]);
    let advice = &insights(&lucky).advice[0];
    assert_eq!((advice.how, &advice.clean), (How::Calculated, &None));
    let settings = advice.plan.as_ref().unwrap().advised().0.settings;
    assert!(settings.batch > 1024 && settings.queue >= 4096, "{settings:?}");
    assert_eq!(advice.lines[0], format!("OTEL_BSP_MAX_EXPORT_BATCH_SIZE={}", settings.batch));
}

#[test]
fn what_lost_nothing_on_a_disturbed_machine_stands_beside_what_was_calculated() {
    let mut result = run(&[case("too slow", 1024, 4096, 60.0, 60_000), case("larger", 1920, 8192, 50.0, 0)]);
    result.variants[1].summary.loss.valid = false;
    let advice = &insights(&result).advice[0];
    assert_eq!((advice.how, advice.clean.as_deref()), (How::Calculated, Some("larger")));
    assert!(!advice.lines.is_empty() && advice.plan.is_some() && advice.price.is_none());
}

#[test]
fn that_no_batch_suffices_is_not_said_beside_one_that_lost_nothing() {
    let steep = [case("too slow", 1024, 4096, 60.0, 60_000), case("smaller", 512, 2048, 15.0, 0)];
    let advice = &insights(&run(&steep)).advice[0];
    assert_eq!((advice.how, advice.clean.as_deref()), (How::Unclear, Some("smaller")));
    assert!(advice.lines.is_empty());
    let lossy = [case("too slow", 1024, 4096, 60.0, 60_000), case("smaller", 512, 2048, 15.0, 7)];
    let found = insights(&run(&lossy));
    assert_eq!((found.advice[0].how, &found.advice[0].clean), (How::Short, &None));
}

#[test]
fn what_blocks_is_dearer_than_what_does_not() {
    let mut result = run(&[
        case("loses", 512, 2048, 30.0, 60_000),
        case("blocks", 512, 2048, 30.0, 0),
        case("longer", 1920, 8192, 50.0, 0),
    ]);
    several(&mut result);
    result.plan.variants[1].exporter.on_full = Some(OnFull::Block);
    assert_eq!(insights(&result).advice[0].clean.as_deref(), Some("longer"));
    result.variants.truncate(2);
    assert_eq!(insights(&result).advice[0].clean.as_deref(), Some("blocks"));
}

#[test]
fn the_cause_is_the_ceiling_or_a_standstill() {
    let result = run(&[
        case("too slow", 512, 2048, 30.0, 60_000),
        case("stood still", 2048, 2048, 10.0, 500),
        case("fine", 2048, 8192, 10.0, 0),
    ]);
    let found = insights(&result);
    let of = |name: &str| found.why(name).unwrap();
    assert_eq!(
        (of("too slow").limit, of("stood still").limit),
        (Some(QueueLimit::Ceiling), Some(QueueLimit::Standstill))
    );
    assert_eq!((of("too slow").fate, of("too slow").lost), (Fate::DroppedQueueFull, 60_000));
    assert!(found.why("fine").is_none() && found.advice.len() == 2);
    assert_eq!((found.lost[0].spans, found.lost[0].worst.as_deref()), (60_500, Some("too slow")));
    assert_eq!(found.nearest.unwrap().variant, "too slow");
    let silent = found.silent.unwrap();
    assert_eq!((silent.lost, silent.silent, silent.counted), (60_500, 60_500, 60_500));
    // One at 60 % of its ceiling lost spans, one below that none, and one above it many.
    assert_eq!(found.begins.len(), 1);
    assert!(matches!(found.begins[0].begin, Begin::Mixed(..) | Begin::Between(..)), "{:?}", found.begins);
}

#[test]
fn the_cheapest_that_loses_nothing_is_chosen() {
    let mut result = run(&[
        case("loses", 512, 2048, 30.0, 60_000),
        case("heavy", 1920, 65_536, 50.0, 0),
        case("light", 1920, 8192, 50.0, 0),
    ]);
    result.variants[1].summary.fixture_rss = 1 << 30;
    result.variants[1].summary.response = Some(Quantiles { p99: 5.0, ..Quantiles::default() });
    let choice = insights(&result).choice.unwrap();
    assert_eq!((choice.cheapest, choice.fastest, choice.least), (Some(2), Some(1), None));
    assert_eq!(choice.candidates.iter().map(|one| one.best).collect::<Vec<_>>(), [false, true, true]);
    result.variants.truncate(1);
    assert!(insights(&result).choice.is_none());
}

/// As if each variant had run three times.
fn several(result: &mut RunResult) {
    result.variants.iter_mut().for_each(|variant| variant.summary.loss.n = 3);
}

/// A change of one key, and in which of set, receiver, witness, load and faults it shows.
type Change = (fn(&mut PlannedVariant), [bool; 5]);

#[test]
fn every_key_of_a_variant_counts_in_one_aspect() {
    let base = run(&[case("base", 512, 2048, 30.0, 0)]).plan.variants.remove(0);
    let changes: [Change; 9] = [
        (|v| "other".clone_into(&mut v.name), [false; 5]),
        (|v| v.cell = vec![3], [false; 5]),
        (|v| v.exporter.queue = Some(1), [true, false, false, false, false]),
        (|v| v.sdk = Some("1.40".to_owned()), [true, false, false, false, false]),
        (|v| v.build = serde_json::from_str("\"pie\"").unwrap(), [true, false, false, false, false]),
        (
            |v| v.receiver = Receiver { answer_after: Some(Period::millis(1)), ..Receiver::default() },
            [false, true, false, false, false],
        ),
        (
            |v| v.witness = Some(spanfate_model::scenario::WitnessMode::Off),
            [false, false, true, false, false],
        ),
        (
            |v| {
                let load = Load::steady(Rate(7.0), Period::millis(1));
                v.load = Some(spanfate_model::load::PlannedLoad::resolve(&load));
            },
            [false, false, false, true, false],
        ),
        (
            |v| v.faults = serde_json::from_str(r#"[{"kind": "down", "at": "1s"}]"#).unwrap(),
            [false, false, false, false, true],
        ),
    ];
    for (at, (change, shows)) in changes.into_iter().enumerate() {
        let mut other = base.clone();
        change(&mut other);
        let known = likenesses(&[base.clone(), other.clone()])[1];
        let differs = [known.set, known.receiver, known.witness, known.load, known.faults].map(|n| n > 0);
        assert_eq!(differs, shows, "change {at}");
        let program = other.sdk != base.sdk || other.build != base.build;
        assert_eq!(replaceable(&base, &other), !shows[1..].contains(&true) && !program, "change {at}");
    }
}

/// Whom a reader looks at first, and why.
fn focus(result: &RunResult) -> (String, FocusRule) {
    let focus = insights(result).focus.unwrap();
    (focus.variant, focus.rule)
}

#[test]
fn the_variant_that_people_run_matters_most_unless_it_lost_nothing() {
    let mut result = run(&[
        case("tuned", 1024, 8192, 20.0, 0),
        case("plain", 512, 2048, 30.0, 900),
        case("small", 64, 2048, 20.0, 5000),
    ]);
    // None sets nothing: the first of the scenario, which lost nothing, gives way to the one that lost most.
    assert_eq!(focus(&result), ("small".to_owned(), FocusRule::LosesMost));
    // The one that sets nothing comes before the one that lost most.
    result.plan.variants[1].exporter = Exporter { protocol: Some(Protocol::Grpc), ..Exporter::default() };
    assert_eq!(focus(&result), ("plain".to_owned(), FocusRule::SetsNothing));
    // The baseline of a comparison comes before both.
    result.plan.compare = Some(Compare { baseline: "small".to_owned(), ..Compare::default() });
    assert_eq!(focus(&result), ("small".to_owned(), FocusRule::Baseline));
    result.plan.compare = Some(Compare { baseline: "tuned".to_owned(), ..Compare::default() });
    assert_eq!(focus(&result), ("small".to_owned(), FocusRule::LosesMost));
    // Where nothing is lost it is the one that people run.
    let clean = run(&[case("tuned", 1024, 8192, 20.0, 0), case("other", 512, 2048, 20.0, 0)]);
    assert_eq!(focus(&clean), ("tuned".to_owned(), FocusRule::First));
}

#[test]
fn a_result_of_before_gets_its_focus_when_it_is_opened() {
    let mut result = with_insights(run(&[case("only", 512, 2048, 30.0, 900)]));
    let whole = result.insights.clone();
    result.insights.focus = None;
    assert_eq!(with_insights(result).insights, whole);
}
