//! What the capacity model says of a collector's exporter, beside what scenarios measured, and that what is advised suffices.

use proptest::prelude::*;

use super::lines::{knobs, lines, yaml};
use super::*;
use crate::scenario::pipeline::{HopKnobs, QueueSizer};

const DEMAND: HopDemand = HopDemand {
    spans_per_s: 1000.0,
    request_spans: 100.0,
    round_trip_s: 0.001,
    outage_s: 0.0,
    span_bytes: 500.0,
};

fn of(knobs: &str) -> HopSettings {
    HopSettings::set_by(&serde_json::from_str::<HopKnobs>(knobs).unwrap())
}

fn is(value: f64, expected: f64) -> bool {
    (value - expected).abs() < 1e-6
}

#[test]
fn consumers_bound_what_is_sent_and_the_queue_what_an_outage_may_last() {
    // `collector-slow-backend`: batches of 200 ms, answers after 1 s. One consumer lost spans, ten did not.
    let slow = HopDemand { round_trip_s: 1.0, ..DEMAND };
    let one = of(r#"{"queue_size": 10, "consumers": 1}"#);
    assert!(is(one.put(&slow), 200.0) && is(one.ceiling(&slow), 200.0));
    assert!(!one.keeps(&slow, 0.0) && of(r#"{"queue_size": 10, "consumers": 10}"#).keeps(&slow, 0.0));
    // It loses four fifths; within five seconds the queue takes some of that up.
    assert!(is(one.outlook(&slow).loss, 0.8));
    // `collector-outage`: ten requests of 200 spans are two of the three seconds. 1,615 were lost: the pause after the outage comes on top.
    let short = of(r#"{"queue_size": 10, "consumers": 1, "retry_initial": "200ms", "retry_max": "500ms"}"#);
    assert!(is(short.room(&DEMAND), 2000.0) && is(short.lost_in(&DEMAND, 3.0), 1000.0));
    assert!(is(short.outlasts(&DEMAND), 1.999));
    // What gives up after a second in three drops a request of each consumer, again and again.
    assert!(is(of(r#"{"retry_give_up": "1s", "consumers": 2}"#).lost_in(&DEMAND, 3.0), 1200.0));
    assert!(is(of(r#"{"retry": false}"#).lost_in(&DEMAND, 3.0), 3000.0));
}

#[test]
fn a_queue_counts_requests_spans_or_bytes() {
    let room = |knobs: &str| of(knobs).room(&DEMAND);
    assert!(is(room(r#"{"batch_processor": false, "queue_size": 7}"#), 700.0));
    assert!(is(room(r#"{"queue_size": 7, "queue_sizer": "items"}"#), 7.0));
    assert!(is(room(r#"{"queue_size": 5000, "queue_sizer": "bytes"}"#), 10.0));
    assert!(is(room(r#"{"queue": false}"#), 0.0));
    assert_eq!(of(r#"{"queue_sizer": "bytes"}"#).size_for(10.0, &DEMAND), 5000);
}

#[test]
fn what_is_enough_stays_and_what_is_not_becomes_no_more_than_it_must() {
    let settled = plan(&DEMAND, &of("{}")).unwrap();
    assert!(settled.is_settled() && lines(&settled).is_empty());
    // 1,250 spans/s with the margin, 200 in each request of a second.
    let slow = HopDemand { round_trip_s: 1.0, ..DEMAND };
    let more = plan(&slow, &of(r#"{"consumers": 1}"#)).unwrap();
    assert_eq!((more.advised.settings.consumers, more.advised.settings.queue_size), (7, 1000));
    assert_eq!(
        yaml(&lines(&more), "otlp"),
        ["exporters:", "  otlp:", "    sending_queue:", "      num_consumers: 7"]
    );
    // More requests at the same time than a hundred are fewer and larger ones.
    let wide = HopDemand { spans_per_s: 100_000.0, request_spans: 10.0, ..slow };
    let larger = plan(&wide, &HopSettings::DEFAULT).unwrap();
    let own = larger.advised.settings.own.unwrap();
    assert_eq!((larger.advised.settings.consumers, own.least as u64, larger.lacks.len()), (100, 1280, 0));
    assert!(larger.advised.settings.keeps(&wide, 0.0));
    // And there is an end to that.
    let far = HopDemand { round_trip_s: 60.0, ..wide };
    assert!(plan(&far, &HopSettings::DEFAULT).unwrap().lacks.contains(&HopShortfall::Ceiling));
}

#[test]
fn an_outage_takes_a_longer_queue_quicker_attempts_and_patience() {
    let demand = HopDemand { outage_s: 400.0, ..DEMAND };
    let plan = plan(&demand, &of(r#"{"queue_size": 100}"#)).unwrap();
    let set = &plan.advised.settings;
    assert!(set.keeps(&demand, 400.0) && !plan.now.settings.keeps(&demand, 400.0));
    assert!(is(set.retry_initial_s, 1.0) && is(set.retry_most_s, 5.0));
    assert!(set.give_up_s > 400.0, "{set:?}");
    assert!(plan.advised.outlook.survives_s >= 400.0 && is(plan.now.outlook.lost_in_outage, 380_000.0));
    let keys: Vec<String> = lines(&plan).iter().map(|line| line.keys.join(".")).collect();
    let all = [
        "sending_queue.queue_size",
        "retry_on_failure.initial_interval",
        "retry_on_failure.max_interval",
        "retry_on_failure.max_elapsed_time",
    ];
    assert_eq!(keys, all);
    assert!(!plan.lacks.contains(&HopShortfall::Memory));
    let long = HopDemand { spans_per_s: 50_000.0, ..demand };
    let lacks = |settings: &str| super::plan(&long, &of(settings)).unwrap().lacks;
    assert_eq!((lacks("{}"), lacks(r#"{"storage": "disk"}"#)), (vec![HopShortfall::Memory], vec![]));
}

#[test]
fn numbers_that_cannot_be_give_no_advice() {
    for demand in [
        HopDemand { spans_per_s: 0.0, ..DEMAND },
        HopDemand { round_trip_s: 0.0, ..DEMAND },
        HopDemand { outage_s: f64::NAN, ..DEMAND },
        HopDemand { request_spans: 0.0, ..DEMAND },
    ] {
        assert_eq!(plan(&demand, &HopSettings::DEFAULT), None, "{demand:?}");
    }
}

fn settings() -> impl Strategy<Value = HopKnobs> {
    let sizer = prop_oneof![Just(QueueSizer::Requests), Just(QueueSizer::Items), Just(QueueSizer::Bytes)];
    let knobs = (any::<bool>(), any::<bool>(), 1..2000_u32, sizer, 1..20_u32, any::<bool>(), 0..600_u64);
    knobs.prop_map(|(processor, own, size, sizer, consumers, retry, give_up)| HopKnobs {
        batch_processor: Some(processor),
        exporter_batch: Some(own),
        queue_size: std::num::NonZeroU32::new(size),
        queue_sizer: Some(sizer),
        consumers: std::num::NonZeroU32::new(consumers),
        retry: Some(retry),
        retry_give_up: Some(crate::quantity::unit::Period::millis(give_up * 1000)),
        ..HopKnobs::default()
    })
}

proptest! {
    /// What is advised loses nothing by the same model, unless it says what it lacks; and as knobs it is the same.
    #[test]
    fn what_is_advised_suffices(
        base in settings(), rate in 10.0..50_000.0_f64, request in 1.0..1000.0_f64, trip in 0.0005..0.5_f64, outage in 0.0..900.0_f64,
    ) {
        let demand = HopDemand {
            spans_per_s: rate, request_spans: request.round(), round_trip_s: trip, outage_s: outage, span_bytes: 500.0,
        };
        let now = HopSettings::set_by(&base);
        let plan = plan(&demand, &now).unwrap();
        let set = plan.advised.settings;
        if !plan.lacks.contains(&HopShortfall::Ceiling) {
            prop_assert!(set.keeps(&demand, outage), "{plan:?}");
        }
        prop_assert!(set.queue_size >= now.queue_size && set.consumers >= now.consumers);
        // A knob takes no larger queue.
        if u32::try_from(set.queue_size).is_ok() {
            prop_assert_eq!(HopSettings::set_by(&knobs(&set, &now).over(base)), set);
        }
    }

    #[test]
    fn what_is_carried_is_the_limit_of_what_loses_nothing(base in settings(), trip in 0.001..0.5_f64, seconds in 1.0..60.0_f64) {
        let demand = HopDemand { round_trip_s: trip, ..DEMAND };
        let set = HopSettings::set_by(&base);
        let carried = set.carried(&demand, seconds);
        let at = |rate: f64| HopDemand { spans_per_s: rate, ..demand };
        let over = |rate: f64| (rate - set.ceiling(&at(rate))) * seconds - set.room(&at(rate)) + set.put(&at(rate));
        prop_assert!(carried == 0.0 || over(carried * 0.999) <= 1e-6 * carried.max(1.0), "{carried}");
    }
}
