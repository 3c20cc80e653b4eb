//! What follows from a peek at a process that runs: rates, ceiling, headroom, advice.

use spanfate_model::advice::demand::Demand;
use spanfate_model::advice::law;
use spanfate_model::advice::plan::{Now, plan};
use spanfate_model::advice::settings::BatchSettings;
use spanfate_model::exporter::Protocol;
use spanfate_model::finding::peek::{
    Advice, ExportTimes, Look, Observation, Peek, ProcessorHealth, ProcessorPeek, RoundTrip, WatchedProcessor,
};

/// A worker that is silent for longer than this beyond its schedule delay, or beyond two of its round trips, is stuck.
const GRACE_NS: u64 = 1_000_000_000;
/// Looks that are closer to each other give no rate.
const LEAST_NS: u64 = 500_000_000;
/// A round trip from fewer spans than this share of a batch is no measure of a full one.
const NEARLY_FULL: f64 = 0.9;

/// Concludes.
pub fn conclude_peek(seen: &Observation) -> Peek {
    let processors = seen.processors.iter().map(|watched| processor(watched, seen)).collect();
    Peek {
        pid: seen.pid,
        name: seen.name.clone(),
        go: seen.go.clone(),
        sdk: seen.sdk.clone(),
        age_s: seen.age_ms as f64 / 1e3,
        watched_s: seconds(seen.ended.saturating_sub(seen.began)),
        processors,
        unqueued: seen.unqueued,
        unqueued_failed: seen.unqueued_failed.0,
        unqueued_error: seen.unqueued_failed.1.clone(),
        notes: notes(seen),
    }
}

fn notes(seen: &Observation) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(nearest) = &seen.nearest {
        out.push(format!(
            "its versions are not known: fields are read where {nearest} has them; hold the settings against the real ones"
        ));
    }
    if seen.processors.iter().any(|watched| !watched.fits) {
        out.push(
            "what was read of a batch processor does not fit together; do not believe its figures".to_owned(),
        );
    }
    if seen.lost > 0 {
        out.push(format!("{} records of exports were lost on the way; rates are too low", seen.lost));
    }
    if seen.gone {
        out.push("the process ended meanwhile".to_owned());
    }
    if seen.dear {
        out.push("it exports so often that the probes were taken away early, not to slow it down".to_owned());
    }
    out
}

/// Of a single processor.
fn processor(watched: &WatchedProcessor, seen: &Observation) -> ProcessorPeek {
    let WatchedProcessor { settings, last, .. } = watched;
    let time = last.at.saturating_sub(watched.first.at);
    let known = last.at.saturating_sub(watched.since);
    let offered = (time >= LEAST_NS).then(|| offered(watched) as f64 / seconds(time));
    let round_trip = round_trip(watched);
    let ceiling = round_trip.map(|trip| law::ceiling(f64::from(settings.batch), trip.mean_ms / 1e3));
    let silent = last.at.saturating_sub(watched.heard.unwrap_or(seen.began));
    let state = state(watched, silent);
    // Since its start it may have had another rate; what it has now is the best there is.
    let ever = offered.unwrap_or_default() * seen.age_ms as f64 / 1e3;
    ProcessorPeek {
        state,
        watched_s: seconds(known),
        dropped_total: watched.counter,
        may_have_wrapped: !settings.block && ever + f64::from(watched.counter) >= 2f64.powi(32),
        dropped: last.dropped,
        queue: settings.queue,
        batch: settings.batch,
        blocks: settings.block,
        delay_ms: settings.delay as f64 / 1e6,
        timeout_ms: settings.timeout as f64 / 1e6,
        queued: last.queue,
        queued_most: watched.queue_most,
        gathered: last.gathered + watched.exporting,
        under_way_s: (watched.exporting > 0)
            .then(|| seconds(last.at.saturating_sub(watched.exporting_since))),
        exports: watched.ended,
        failed: watched.failed,
        last_error: watched.error.clone(),
        silent_s: matches!(state, ProcessorHealth::Stuck | ProcessorHealth::Unheard).then(|| seconds(silent)),
        round_trip,
        offered_per_s: offered,
        ceiling_per_s: ceiling,
        load: offered.zip(ceiling).map(|(offered, ceiling)| offered / ceiling),
        advice: offered
            .zip(round_trip)
            .filter(|_| matches!(state, ProcessorHealth::Keeping | ProcessorHealth::Losing))
            .and_then(|(offered, trip)| advice(watched, offered, trip)),
    }
}

/// What to set; `None` where nothing needs to change, or nothing can be said.
fn advice(watched: &WatchedProcessor, offered: f64, trip: RoundTrip) -> Option<Advice> {
    let WatchedProcessor { settings, last, .. } = watched;
    let overran = watched.counter > 0 || last.dropped > 0 || watched.queue_most >= settings.queue;
    let demand = Demand {
        spans_per_s: offered,
        round_trip_s: trip.mean_ms / 1e3,
        round_trip_of: trip.spans.ceil() as u32,
        per_span_s: growth(watched),
        outage_s: 0.0,
        // Without an outage it makes no difference.
        protocol: Protocol::default(),
        burst: None,
        stall_s: if overran { trip.max_ms / 1e3 } else { 0.0 },
    };
    let set = BatchSettings {
        batch: settings.batch,
        queue: settings.queue,
        export_timeout_ms: settings.timeout / 1_000_000,
        // The exporter's own timeout is not seen.
        ..BatchSettings::DEFAULT
    };
    Advice::of(&plan(&demand, &Now { settings: set, overran })?)
}

/// How much longer an export takes per further span, where batches that were not full show it beside full ones.
fn growth(watched: &WatchedProcessor) -> Option<f64> {
    let WatchedProcessor { all, full, .. } = watched;
    let partial = ExportTimes {
        count: all.count.saturating_sub(full.count),
        spans: all.spans.saturating_sub(full.spans),
        sum: all.sum.saturating_sub(full.sum),
        most: all.most,
    };
    partial.growth_to(full)
}

/// Spans offered between the first look and the last: wherever they are, they came.
fn offered(watched: &WatchedProcessor) -> u64 {
    let held = |look: &Look| look.dropped + look.handed + u64::from(look.queue) + u64::from(look.gathered);
    held(&watched.last).saturating_sub(held(&watched.first))
}

fn state(watched: &WatchedProcessor, silent: u64) -> ProcessorHealth {
    let patience = watched.settings.delay.max(2 * watched.slowest) + GRACE_NS;
    // An export that fails may take all the time that its timeout leaves it.
    let fails = watched.failed > 0 && watched.failed >= watched.ended;
    if watched.shut {
        ProcessorHealth::Shut
    } else if fails && silent <= patience.max(watched.settings.timeout + GRACE_NS) {
        ProcessorHealth::Failing
    } else if silent > patience {
        ProcessorHealth::Stuck
    } else if watched.last.dropped > 0 {
        ProcessorHealth::Losing
    } else if watched.heard.is_none() {
        ProcessorHealth::Unheard
    } else {
        ProcessorHealth::Keeping
    }
}

fn round_trip(watched: &WatchedProcessor) -> Option<RoundTrip> {
    let full = watched.full.count > 0;
    let times: ExportTimes = if full { watched.full } else { watched.all };
    let count = times.count as f64;
    (times.count > 0 && times.sum > 0).then(|| RoundTrip {
        mean_ms: times.sum as f64 / count / 1e6,
        max_ms: times.most as f64 / 1e6,
        exports: times.count,
        spans: times.spans as f64 / count,
        full: full || times.spans as f64 >= NEARLY_FULL * count * f64::from(watched.settings.batch),
    })
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use spanfate_model::format::probe::ProcessorSettings;

    use super::*;

    const S: u64 = 1_000_000_000;

    fn watched() -> WatchedProcessor {
        let settings = ProcessorSettings {
            processor: 1,
            queue: 2048,
            batch: 512,
            block: false,
            no_exporter: false,
            delay: 5 * S,
            timeout: 30 * S,
        };
        let first = Look { at: S, dropped: 0, handed: 0, queue: 2000, gathered: 12 };
        let last = Look { at: 11 * S, dropped: 1000, handed: 51_200, queue: 1000, gathered: 12 };
        let mut full = ExportTimes::default();
        for _ in 0..100 {
            full.add(512, S / 10);
        }
        WatchedProcessor {
            settings,
            since: S,
            first,
            counter: 900,
            last,
            queue_most: 2048,
            full,
            all: full,
            ended: 100,
            slowest: S / 10,
            heard: Some(11 * S),
            fits: true,
            ..WatchedProcessor::default()
        }
    }

    fn conclude(watched: WatchedProcessor, age_ms: u64) -> ProcessorPeek {
        let seen = Observation {
            began: S,
            ended: 11 * S,
            age_ms,
            processors: vec![watched],
            ..Observation::default()
        };
        conclude_peek(&seen).processors.remove(0)
    }

    #[test]
    fn every_span_that_came_is_in_one_place() {
        let peek = conclude(watched(), 60_000);
        assert_eq!(peek.state, ProcessorHealth::Losing);
        // 1,000 dropped + 51,200 handed over - 1,000 fewer in the queue, in ten seconds.
        assert_eq!(peek.offered_per_s, Some(5120.0));
        assert_eq!(peek.ceiling_per_s, Some(5120.0));
        assert_eq!(peek.load, Some(1.0));
        assert_eq!(peek.advice.unwrap().batch, 640);
        assert!(!peek.may_have_wrapped);
        assert!(conclude(watched(), 1_000_000_000).may_have_wrapped, "11 days at 5,120/s");
    }

    #[test]
    fn a_loss_with_headroom_is_put_down_to_a_queue_that_is_too_short() {
        // 512 spans in 20 ms: 25,600/s, of which 22,000 are asked; the longest export took 180 ms.
        let mut bursts = watched();
        let mut full = ExportTimes::default();
        for _ in 0..99 {
            full.add(512, 18_383_838);
        }
        full.add(512, 180_000_000);
        (bursts.full, bursts.all, bursts.last.handed) = (full, full, 220_000);
        let peek = conclude(bursts.clone(), 60_000);
        assert_eq!(peek.state, ProcessorHealth::Losing);
        assert!(peek.load.unwrap() < 0.9 && peek.load.unwrap() > 0.8, "{peek:?}");
        let advice = peek.advice.unwrap();
        let reason = advice.overrun.clone().unwrap();
        assert!(
            reason.contains("left on average") && reason.contains("a queue of 2048 is too short"),
            "{reason}"
        );
        // What comes in 180 ms with the margin, and a batch.
        assert!(advice.queue == 6144 && advice.suffices, "{advice:?}");
        assert!(
            advice
                .set
                .iter()
                .any(|one| one.name == "OTEL_BSP_MAX_QUEUE_SIZE" && one.value == u64::from(advice.queue))
        );
        // Where the worker is too slow, that is the reason.
        bursts.last.handed = 300_000;
        assert_eq!(conclude(bursts, 60_000).advice.unwrap().overrun, None);
    }

    #[test]
    fn exports_of_several_sizes_say_what_a_larger_batch_costs() {
        let mut sizes = watched();
        for _ in 0..10 {
            sizes.all.add(100, S / 100);
        }
        // From 10 ms for 100 spans to 100 ms for 512: 0.22 ms per span, so that no batch is quicker by much.
        let advice = conclude(sizes, 60_000).advice.unwrap();
        assert!(
            !advice.suffices
                && advice.batch == 512
                && advice.shortfalls[0].contains("218.4 us longer per further span"),
            "{advice:?}"
        );
        let alike = conclude(watched(), 60_000).advice.unwrap();
        assert!(alike.assumes.unwrap().contains("which nobody measured"));
    }

    #[test]
    fn a_silent_worker_is_stuck_once_its_delay_is_over() {
        let silent = |heard, delay| {
            let mut watched = WatchedProcessor {
                heard,
                all: ExportTimes::default(),
                full: ExportTimes::default(),
                ended: 0,
                slowest: 0,
                ..watched()
            };
            watched.settings.delay = delay;
            watched.last.dropped = 0;
            conclude(watched, 60_000)
        };
        assert_eq!(silent(None, 5 * S).state, ProcessorHealth::Stuck);
        assert_eq!(silent(None, 30 * S).state, ProcessorHealth::Unheard);
        assert_eq!(silent(Some(10 * S), 5 * S).state, ProcessorHealth::Keeping);
        assert_eq!(silent(Some(4 * S), 5 * S).silent_s, Some(7.0));
        assert_eq!((silent(None, S).round_trip, silent(None, S).advice), (None, None));
    }

    #[test]
    fn where_every_export_fails_there_is_no_round_trip_and_no_advice() {
        let none = ExportTimes::default();
        let failing = |ended, failed, heard| WatchedProcessor {
            full: none,
            all: none,
            ended,
            failed,
            slowest: 10 * S,
            error: Some("connection refused".to_owned()),
            heard: Some(heard),
            ..watched()
        };
        // The begin of one was not seen: it counts, too.
        let peek = conclude(failing(1, 1, 9 * S), 60_000);
        assert_eq!((peek.state, peek.exports, peek.failed), (ProcessorHealth::Failing, 1, 1));
        assert_eq!((peek.round_trip, peek.ceiling_per_s, peek.load), (None, None, None));
        assert!(peek.advice.is_none() && peek.last_error.is_some(), "{peek:?}");
        // An export may be under way for as long as its timeout; longer is stuck.
        let mut slow = failing(1, 1, S);
        slow.settings.delay = S;
        slow.slowest = 0;
        assert_eq!(conclude(slow.clone(), 60_000).state, ProcessorHealth::Failing);
        slow.settings.timeout = 5 * S;
        assert_eq!(conclude(slow, 60_000).state, ProcessorHealth::Stuck);
        // Some that succeed give the round trip, theirs alone.
        let mut some = watched();
        (some.ended, some.failed, some.slowest) = (110, 10, 10 * S);
        let peek = conclude(some, 60_000);
        assert_eq!((peek.state, peek.round_trip.unwrap().mean_ms), (ProcessorHealth::Losing, 100.0));
    }

    #[test]
    fn looks_too_close_to_each_other_give_no_rate() {
        let mut close = watched();
        close.last.at = close.first.at + 1;
        assert_eq!(conclude(close, 0).offered_per_s, None);
    }
}
