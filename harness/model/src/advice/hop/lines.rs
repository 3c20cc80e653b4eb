//! What is advised for a collector, as lines of its configuration and as a hop's knobs.

use std::num::NonZeroU32;

use serde::Serialize;

use super::{HopPlan, HopSettings, HopShortfall};
use crate::advice::MARGIN;
use crate::quantity::digits::grouped;
use crate::quantity::unit::Period;
use crate::scenario::pipeline::HopKnobs;

/// A setting of an exporter that is to be changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct HopLine {
    /// Its keys below the exporter: `sending_queue`, then `queue_size`.
    pub keys: Vec<&'static str>,
    /// Its value.
    pub value: String,
    /// Why.
    pub why: String,
}

/// What to change of the exporter. That a batch processor has to go, [`leaves_processor`] says.
pub fn lines(plan: &HopPlan) -> Vec<HopLine> {
    let mut out = sending(plan);
    out.extend(retrying(plan));
    out
}

fn line(keys: &[&'static str], value: String, why: String) -> HopLine {
    HopLine { keys: keys.to_vec(), value, why }
}

/// What to change of its queue, its consumers and its batches.
fn sending(plan: &HopPlan) -> Vec<HopLine> {
    const QUEUE: &str = "sending_queue";
    let (now, set, demand) = (&plan.now.settings, &plan.advised.settings, &plan.demand);
    let whole = |number: f64| grouped(&format!("{number:.0}"));
    let wanted = whole(demand.spans_per_s * MARGIN);
    let mut out = Vec::new();
    if now.queue != set.queue {
        let why = "nothing else bridges an outage".to_owned();
        out.push(line(&[QUEUE, "enabled"], set.queue.to_string(), why));
    }
    if now.consumers != set.consumers {
        let (each, trip) = (whole(set.sent(demand)), short(demand.round_trip_s * 1e3));
        let why =
            format!("each sends {each} spans in {trip} ms, and {wanted} spans/s come (with the margin)");
        out.push(line(&[QUEUE, "num_consumers"], set.consumers.to_string(), why));
    }
    if now.queue_size != set.queue_size {
        let why = format!(
            "in {}; {wanted} spans/s (with the margin) x {} s until an attempt succeeds again, and what is under way",
            set.sizer.as_str(),
            short(set.recovery(demand.outage_s).attempt_s)
        );
        out.push(line(&[QUEUE, "queue_size"], set.queue_size.to_string(), why));
    }
    if let Some(own) = set.own.filter(|_| now.own != set.own) {
        let why = "more consumers alone would be too many requests at the same time".to_owned();
        out.push(line(&[QUEUE, "batch", "min_size"], format!("{:.0}", own.least), why.clone()));
        out.push(line(&[QUEUE, "batch", "max_size"], format!("{:.0}", own.most), why));
    }
    out
}

/// What to change of its attempts.
fn retrying(plan: &HopPlan) -> Vec<HopLine> {
    const RETRY: &str = "retry_on_failure";
    let (now, set) = (&plan.now.settings, &plan.advised.settings);
    let mut out = Vec::new();
    if now.retry != set.retry {
        let why = "what fails once is lost otherwise".to_owned();
        out.push(line(&[RETRY, "enabled"], set.retry.to_string(), why));
    }
    let pauses = [
        ("initial_interval", now.retry_initial_s, set.retry_initial_s),
        ("max_interval", now.retry_most_s, set.retry_most_s),
    ];
    for (key, now_s, set_s) in pauses.into_iter().filter(|(_, now, set)| now.total_cmp(set).is_ne()) {
        let why = format!(
            "a pause of {} s goes on after the outage, and the queue must hold what comes in it",
            short(now_s)
        );
        out.push(line(&[RETRY, key], time(set_s), why));
    }
    if now.give_up_s.total_cmp(&set.give_up_s).is_ne() {
        let failing_s = set.recovery(plan.demand.outage_s).failing_s;
        let why = format!("an attempt may still fail {} s after the outage began", short(failing_s));
        out.push(line(&[RETRY, "max_elapsed_time"], time(set.give_up_s), why));
    }
    out
}

/// The batch processor has to leave the pipeline, because the exporter is to make the batches.
pub fn leaves_processor(plan: &HopPlan) -> bool {
    plan.now.settings.processor.is_some() && plan.advised.settings.processor.is_none()
}

/// What settings lack, in words.
pub fn shortfalls(plan: &HopPlan) -> Vec<String> {
    let say = |lack: &HopShortfall| match lack {
        HopShortfall::Ceiling => {
            "no consumers and batches that are advised send so much at this round trip: put a second collector beside it, or look why \
             its back end is slow"
        }
        HopShortfall::Memory => {
            "a full queue takes more than 1 GiB of memory: keep it on disk (`storage: file_storage`), with room there"
        }
    };
    plan.lacks.iter().map(say).map(str::to_owned).collect()
}

/// The lines as they are to be pasted into a configuration.
pub fn yaml(lines: &[HopLine], exporter: &str) -> Vec<String> {
    let mut out = vec!["exporters:".to_owned(), format!("  {exporter}:")];
    let mut open: Vec<&str> = Vec::new();
    for line in lines {
        let (last, sections) = line.keys.split_last().map_or(("", &[][..]), |(last, before)| (*last, before));
        let same = open.iter().zip(sections).take_while(|(a, b)| a == b).count();
        open.truncate(same);
        for section in &sections[same..] {
            out.push(format!("{:indent$}{section}:", "", indent = 4 + 2 * open.len()));
            open.push(section);
        }
        out.push(format!("{:indent$}{last}: {}", "", line.value, indent = 4 + 2 * open.len()));
    }
    out
}

/// Settings as knobs, over those that a hop has. What is as it was is not set.
pub fn knobs(set: &HopSettings, now: &HopSettings) -> HopKnobs {
    let period = |seconds: f64| Some(Period::millis((seconds * 1e3).round() as u64));
    let whole = |number: u64| NonZeroU32::new(u32::try_from(number).unwrap_or(u32::MAX));
    let spans = |number: f64| whole(number as u64);
    let changed = |other: bool, value: Option<Period>| value.filter(|_| other);
    let own = set.own.filter(|_| now.own != set.own);
    HopKnobs {
        batch_processor: (now.processor.is_some() != set.processor.is_some())
            .then_some(set.processor.is_some()),
        exporter_batch: own.map(|_| true),
        exporter_batch_min: own.and_then(|own| spans(own.least)),
        exporter_batch_max: own.and_then(|own| spans(own.most)),
        queue: (now.queue != set.queue).then_some(set.queue),
        queue_size: whole(set.queue_size).filter(|_| now.queue_size != set.queue_size),
        consumers: whole(set.consumers).filter(|_| now.consumers != set.consumers),
        retry: (now.retry != set.retry).then_some(set.retry),
        retry_initial: changed(
            now.retry_initial_s.total_cmp(&set.retry_initial_s).is_ne(),
            period(set.retry_initial_s),
        ),
        retry_max: changed(now.retry_most_s.total_cmp(&set.retry_most_s).is_ne(), period(set.retry_most_s)),
        retry_give_up: changed(now.give_up_s.total_cmp(&set.give_up_s).is_ne(), period(set.give_up_s)),
        ..HopKnobs::default()
    }
}

/// A time as Go writes it.
fn time(seconds: f64) -> String {
    let ms = (seconds * 1e3).round() as u64;
    if ms.is_multiple_of(1000) { format!("{}s", ms / 1000) } else { format!("{ms}ms") }
}

/// A number with a decimal, where that is not 0.
fn short(number: f64) -> String {
    let tenths = (number * 10.0).round() as u64;
    if tenths.is_multiple_of(10) { (tenths / 10).to_string() } else { format!("{number:.1}") }
}
