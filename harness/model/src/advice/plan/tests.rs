//! What is advised keeps the capacity model, and nothing cheaper does.

use proptest::prelude::*;

use super::super::demand::Burst;
use super::super::why::{assumption, go_lines, overrun, shortfalls, variables};
use super::*;

fn demand(spans_per_s: f64, round_trip_s: f64, outage_s: f64) -> Demand {
    Demand {
        spans_per_s,
        round_trip_s,
        round_trip_of: 512,
        per_span_s: None,
        outage_s,
        protocol: Protocol::Grpc,
        burst: None,
        stall_s: 0.0,
    }
}

/// The plan of one who has set nothing.
fn plan(demand: &Demand) -> Option<AdvicePlan> {
    super::plan(demand, &Now::DEFAULT)
}

fn cheapest(demand: &Demand, retry: RetryPolicy) -> (BatchSettings, Vec<Shortfall>) {
    super::cheapest(demand, &BatchSettings::DEFAULT, retry)
}

fn set(batch: u32, queue: u32) -> BatchSettings {
    BatchSettings { batch, queue, ..BatchSettings::DEFAULT }
}

fn demands() -> impl Strategy<Value = Demand> {
    let burst = prop::option::of((1.0..2e5_f64, 0.0..10.0_f64));
    let rates = (1.0..2e5_f64, 1e-4..2.0_f64, 0.0..90.0_f64);
    (rates, prop::option::of(0.0..1e-5_f64), burst, any::<bool>()).prop_map(
        |(rates, per_span_s, burst, grpc)| {
            Demand {
                per_span_s,
                protocol: if grpc { Protocol::Grpc } else { Protocol::HttpProtobuf },
                burst: burst.map(|(spans_per_s, lasting_s)| Burst { spans_per_s, lasting_s }),
                // Every other demand has no outage.
                ..demand(rates.0, rates.1, (rates.2 - 45.0).max(0.0))
            }
        },
    )
}

/// Whether settings keep what is asked with the margin.
fn keeps(settings: &BatchSettings, demand: &Demand) -> bool {
    settings.keeps(&demand.times(MARGIN), demand.outage_s)
}

fn retry(swift: bool) -> RetryPolicy {
    if swift { RetryPolicy::SWIFT } else { RetryPolicy::SDK }
}

proptest! {
    #[test]
    fn what_is_advised_keeps_the_law_and_a_step_less_does_not(demand in demands(), swift: bool) {
        let (settings, lacks) = cheapest(&demand, retry(swift));
        prop_assert_eq!(keeps(&settings, &demand), lacks.is_empty(), "{:?} {:?}", settings, lacks);
        if lacks.is_empty() {
            let batch = BatchSettings { batch: settings.batch - BATCH_STEP, ..settings };
            let queue = BatchSettings { queue: settings.queue - QUEUE_STEP, ..settings };
            prop_assert!(settings.batch == LEAST_BATCH || !keeps(&batch, &demand), "{settings:?}");
            prop_assert!(settings.queue == LEAST_QUEUE || !keeps(&queue, &demand), "{settings:?}");
            prop_assert!(settings.outlook(&demand).survives_s >= demand.outage_s - 1e-6);
        }
    }

    #[test]
    fn more_spans_and_longer_outages_never_need_less(
        demand in demands(), more in 1.0..3.0_f64, longer in 0.0..30.0_f64, swift: bool,
    ) {
        let (less, _) = cheapest(&demand, retry(swift));
        let harder = Demand { outage_s: demand.outage_s + longer, ..demand.times(more) };
        let (greater, _) = cheapest(&harder, retry(swift));
        prop_assert!(greater.batch >= less.batch && greater.queue >= less.queue);
        prop_assert!(greater.export_timeout_ms >= less.export_timeout_ms);
    }

    #[test]
    fn code_is_offered_where_it_helps_only(demand in demands()) {
        let plan = plan(&demand).unwrap();
        if let Some(code) = plan.code {
            let fewer = plan.code_lacks.len() < plan.lacks.len();
            prop_assert!(fewer || code.outlook.memory_bytes < plan.variables.outlook.memory_bytes);
        }
        let (advised, lacks) = plan.advised();
        prop_assert_eq!(keeps(&advised.settings, &demand), lacks.is_empty());
        prop_assert_eq!(shortfalls(&plan).len(), lacks.len());
    }

    #[test]
    fn no_number_ends_the_program(
        numbers in prop::collection::vec(any::<f64>(), 6), of: u32, grpc: bool, batch: u32, queue: u32,
    ) {
        let protocol = if grpc { Protocol::Grpc } else { Protocol::HttpProtobuf };
        let hostile = Demand {
            spans_per_s: numbers[0],
            round_trip_s: numbers[1],
            round_trip_of: of,
            per_span_s: Some(numbers[2]),
            outage_s: numbers[3],
            protocol,
            burst: Some(Burst { spans_per_s: numbers[4], lasting_s: numbers[5] }),
            stall_s: numbers[3],
        };
        prop_assert_eq!(plan(&hostile).is_some(), hostile.is_sound());
        let rate = numbers[0].abs().clamp(1e-9, 1e9);
        let sound = Demand { round_trip_of: of, per_span_s: Some(1e-6), protocol, ..demand(rate, 0.03, 10.0) };
        let settings = BatchSettings { batch, queue, ..BatchSettings::DEFAULT };
        let outlook = settings.outlook(&sound);
        prop_assert!(outlook.loss.is_finite() && outlook.survives_s.is_finite());
        let now = Now { settings, overran: grpc };
        prop_assert!(super::plan(&sound, &now).is_some());
        let set = variables(&settings, &BatchSettings::DEFAULT, &sound);
        prop_assert!(!set.iter().any(|one| one.why.contains("NaN")));
    }
}

proptest! {
    #[test]
    fn nothing_is_made_smaller_and_who_follows_the_advice_gets_no_other(
        demand in demands(), batch in 1u32..20_000, queue in 1u32..2_000_000, overran: bool,
    ) {
        let settings = set(batch.min(queue), queue);
        let plan = super::plan(&demand, &Now { settings, overran }).unwrap();
        let advised = plan.variables.settings;
        prop_assert!(advised.batch >= settings.batch && advised.queue >= settings.queue, "{advised:?}");
        prop_assert!(advised.queue >= advised.batch);
        prop_assert_eq!(keeps(&advised, &plan.demand), plan.lacks.is_empty());
        let again = super::plan(&demand, &Now { settings: advised, overran }).unwrap();
        let lost_all_the_same = overran && again.demand.stall_s > plan.demand.stall_s;
        prop_assert!(lost_all_the_same || again.variables.settings == advised, "{advised:?} {again:?}");
        // What is enough is left alone.
        prop_assert_eq!(!overran && keeps(&settings, &demand), plan.is_settled() && !overran);
    }
}

#[test]
fn a_worker_that_should_lose_nothing_and_did_gets_a_queue_for_a_second() {
    let demand = demand(5_000.0, 0.005, 0.0);
    let of = |overran| super::plan(&demand, &Now { overran, ..Now::DEFAULT }).unwrap();
    assert!(of(false).is_settled());
    let advised = of(true).variables.settings;
    // 6,250/s for a second, and a batch.
    assert_eq!((advised.batch, advised.queue), (512, 7168));
    let again = super::plan(&demand, &Now { settings: advised, overran: true }).unwrap();
    assert!(again.is_settled(), "more is not known");
    // That a worker is too slow explains what it dropped.
    let slow = Demand { spans_per_s: 25_000.0, round_trip_s: 0.03, ..demand };
    let of = |overran| super::plan(&slow, &Now { overran, ..Now::DEFAULT });
    assert_eq!(of(true), of(false));
}

#[test]
fn a_loss_with_little_headroom_gets_a_queue_and_its_reason() {
    // 3,500/s are left of 25,000, which is less than the margin: yet nothing should have been lost.
    let demand = Demand { round_trip_of: 500, ..demand(21_500.0, 0.02, 0.0) };
    let settings = BatchSettings { batch: 500, ..BatchSettings::DEFAULT };
    let plan = super::plan(&demand, &Now { settings, overran: true }).unwrap();
    assert_eq!(plan.is_short(), Some(1.0));
    // 26,875/s for a second, and a batch.
    assert_eq!(plan.variables.settings.queue, 27_648);
    let reason = overrun(&plan).unwrap();
    assert!(reason.contains("3500/s are left") && reason.contains("of 2048 is too short"), "{reason}");
    assert!(reason.contains("27648 holds what comes in 1 s"), "{reason}");
    let quiet = super::plan(&demand, &Now { settings, overran: false }).unwrap();
    assert_eq!((quiet.is_short(), overrun(&quiet)), (None, None));
    // A stall that was measured is what the queue is for.
    let stalled = Demand { stall_s: 0.18, ..demand };
    let plan = super::plan(&stalled, &Now { settings, overran: true }).unwrap();
    assert_eq!((plan.is_short(), plan.variables.settings.queue), (Some(0.18), 6144));
}

#[test]
fn what_a_larger_batch_rests_on_is_said() {
    let unknown = plan(&demand(25_000.0, 0.03, 0.0)).unwrap();
    assert!(
        unknown.variables.settings.batch > 512 && assumption(&unknown).unwrap().contains("nobody measured")
    );
    let known = plan(&Demand { per_span_s: Some(1e-5), ..demand(25_000.0, 0.03, 0.0) }).unwrap();
    assert_eq!(assumption(&known).unwrap(), "an export takes 10.0 us longer per further span");
    assert_eq!(assumption(&plan(&demand(500.0, 0.03, 0.0)).unwrap()), None);
    // That none suffices says so, too.
    let steep = plan(&Demand { per_span_s: Some(1e-4), ..demand(25_000.0, 0.03, 0.0) }).unwrap();
    assert!(
        shortfalls(&steep)[0].contains("as an export takes 100.0 us longer per further span"),
        "{steep:?}"
    );
}

#[test]
fn a_batch_that_keeps_up_with_less_than_the_margin_is_no_shortage_of_batches() {
    // 512 spans in 30 ms, and 30 us more per further span: above 26,550/s no batch comes.
    let tight = Demand { per_span_s: Some(3.2e-5), ..demand(25_000.0, 0.03, 0.0) };
    let plan = plan(&tight).unwrap();
    assert_eq!(plan.lacks, [Shortfall::Margin]);
    assert!(plan.keeps_up() && plan.variables.outlook.loss <= 0.0);
    assert!(shortfalls(&plan)[0].contains("keeps up with"), "{:?}", shortfalls(&plan));
    assert_eq!(plan_of_too_much(), [Shortfall::Ceiling]);
}

fn plan_of_too_much() -> Vec<Shortfall> {
    plan(&demand(400_000.0, 1.0, 0.0)).unwrap().lacks
}

#[test]
fn senseless_numbers_get_no_plan() {
    for bad in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300] {
        assert_eq!(plan(&demand(bad, 0.03, 0.0)), None, "rate {bad}");
        assert_eq!(plan(&demand(1.0, bad, 0.0)), None, "round trip {bad}");
        assert_eq!(plan(&demand(1.0, 0.03, bad)).is_none(), bad != 0.0, "outage {bad}");
    }
}

#[test]
fn a_timeout_that_is_just_enough_is_left_alone() {
    // The export that the outage hits succeeds after 9.2 s at the latest, and may take 10 s; to advise a timeout is another thing.
    let demand = demand(1.0, 0.0001, 0.484);
    let now = Now { settings: set(1, 13), overran: false };
    assert!(super::plan(&demand, &now).unwrap().is_settled());
}

#[test]
fn the_defaults_are_advised_where_they_suffice() {
    let plan = plan(&demand(500.0, 0.03, 0.0)).unwrap();
    assert!(plan.is_settled());
    assert_eq!(variables(&plan.variables.settings, &BatchSettings::DEFAULT, &plan.demand), []);
    assert!(plan.defaults.outlook.loss <= 0.0);
}

#[test]
fn a_worker_that_is_too_slow_by_hand() {
    // 512 spans per 30 ms are 17,067/s of 25,000/s; with the margin a batch of 937.5 is needed.
    let plan = plan(&demand(25_000.0, 0.03, 0.0)).unwrap();
    let defaults = plan.defaults.outlook;
    assert!((defaults.lost_per_s - 7_933.3).abs() < 0.1 && (defaults.loss - 0.3173).abs() < 1e-4);
    let advised = plan.variables.settings;
    assert_eq!((advised.batch, advised.queue), (960, 2048));
    assert_eq!((advised.export_timeout_ms, advised.exporter_timeout_ms), (30_000, 10_000));
    assert_eq!((plan.lacks.len(), plan.code), (0, None));
}

#[test]
fn an_outage_needs_a_queue_for_the_pauses_too() {
    // Refused for 10 s: gRPC may connect 1.2 x 6.5536 s later, the retry comes 1.5 x 16.875 s after that.
    let plan = plan(&demand(500.0, 0.03, 10.0)).unwrap();
    let recovered = 10.0 + 1.2 * 6.5536 + 1.5 * 16.875;
    let advised = plan.variables.settings;
    let need: f64 = 625.0 * (recovered + 0.03) + 512.0;
    assert_eq!(advised.queue, (need.ceil() as u32).next_multiple_of(1024));
    assert_eq!((advised.exporter_timeout_ms, advised.export_timeout_ms), (45_000, 45_000));
    assert!(plan.lacks.is_empty());
    // The defaults survive none: a single failed export waits for 7.5 s, and the queue is full after 4.
    assert!(plan.defaults.outlook.survives_s <= 0.0);
    let code = plan.code.unwrap().settings;
    assert!(code.queue < advised.queue / 2, "{code:?}");
    assert!(go_lines(&code, Protocol::Grpc).join("\n").contains("MaxInterval: 2 * time.Second"));
}

#[test]
fn what_settings_cannot_do_is_said() {
    let lacking = |demand: &Demand| plan(demand).unwrap().advised().1.to_vec();
    let http = Demand { protocol: Protocol::HttpProtobuf, ..demand(500.0, 0.03, 10.0) };
    assert_eq!(lacking(&http), [Shortfall::Refused]);
    assert_eq!(lacking(&demand(400_000.0, 1.0, 0.0)), [Shortfall::Ceiling]);
    assert_eq!(lacking(&demand(25_000.0, 0.03, 120.0)), [Shortfall::Queue]);
    // Longer than MaxElapsedTime: variables do not do it, code does.
    let long = plan(&demand(100.0, 0.03, 90.0)).unwrap();
    assert_eq!(long.lacks, [Shortfall::Elapsed]);
    let (advised, lacks) = long.advised();
    assert!(lacks.is_empty() && advised.settings.retry.elapsed_s > 90.0);
}
