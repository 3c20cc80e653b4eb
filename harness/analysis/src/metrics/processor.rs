//! Batch processors of the SDK.

use spanfate_model::advice::MARGIN;
use spanfate_model::advice::demand::Demand;
use spanfate_model::advice::law;
use spanfate_model::advice::observed::{FleetRow, Known, QueueOwner, QueueUnit, Risk};
use spanfate_model::advice::plan::{AdvicePlan, Now, plan};
use spanfate_model::advice::settings::BatchSettings;
use spanfate_model::advice::why::{assumption, overrun, shortfalls};
use spanfate_model::exporter::Protocol;

use super::names::{Metric, MetricPart};
use super::page::ComponentFigure;
use super::risk::by_losses;
use super::thousands::whole;
use super::window::{ScrapeWindow, unknown};

/// What a processor without a queue is called by the SDK.
const WITHOUT_QUEUE: &str = "simple_span_processor";

/// Rows of a service's batch processors, and of exporters where no processor is to be seen.
pub(super) fn rows(name: &str, window: &ScrapeWindow<'_>, batch: Option<u32>) -> Vec<FleetRow> {
    let all = window.last.components(Metric::QueueCapacity).chain(window.last.components(Metric::Processed));
    let mut processors: Vec<&str> = all.filter(|component| !component.starts_with(WITHOUT_QUEUE)).collect();
    processors.sort_unstable();
    processors.dedup();
    let exporters: Vec<&str> = window.last.components(Metric::Exported).collect();
    if processors.is_empty() {
        // A processor without a queue drops nothing, but its exports may fail.
        let unqueued = window.last.components(Metric::Processed).next().is_some();
        let fails = |one: &str| {
            let ended = window.last.get(Metric::Exported, MetricPart::Value, one).unwrap_or_default();
            ended.failed > 0.0
        };
        let shown = exporters.iter().filter(|one| !unqueued || fails(one));
        return shown.map(|one| exporter(name, one, window, batch)).collect();
    }
    // Metrics do not say which exporter belongs to which processor.
    let sole = match (processors.as_slice(), exporters.as_slice()) {
        ([_], [exporter]) => Ok(*exporter),
        (_, []) => Err("no otel.sdk.exporter.* metrics of a span exporter are there".to_owned()),
        (processors, exporters) => Err(format!(
            "which of {} exporters belongs to which of {} batch processors is not in the metrics",
            exporters.len(),
            processors.len()
        )),
    };
    processors.iter().map(|one| processor(name, one, window, &sole, batch)).collect()
}

/// Exports of one exporter in the window.
struct Exports {
    export_s: Known,
    batch: Known,
    ceiling_per_s: Known,
    /// Spans in exports that failed, since the start, and in the time between two pages.
    given_up: Known,
    given_up_lately: Option<f64>,
    notes: Vec<String>,
}

impl Exports {
    /// Nothing is known of how long they take.
    fn unknown(why: &str) -> Self {
        Self {
            export_s: unknown(why),
            batch: unknown(why),
            ceiling_per_s: unknown(why),
            given_up: unknown(why),
            given_up_lately: None,
            notes: Vec::new(),
        }
    }

    fn timeless(self, why: &str) -> Self {
        Self { export_s: unknown(why), batch: unknown(why), ceiling_per_s: unknown(why), ..self }
    }
}

fn exports(exporter: &str, window: &ScrapeWindow<'_>, batch: Option<u32>) -> Exports {
    let ended = window.gained(Metric::Exported, MetricPart::Value, exporter).unwrap_or_default();
    let ever = window.last.get(Metric::Exported, MetricPart::Value, exporter).unwrap_or_default();
    let times = window.gained(Metric::Duration, MetricPart::Sum, exporter);
    let counts = window.gained(Metric::Duration, MetricPart::Count, exporter).unwrap_or_default();
    let mut notes = Vec::new();
    if ever.failed > 0.0 {
        let error = window.last.worst_error(Metric::Exported, exporter);
        notes.push(format!(
            "{} of {} spans were in exports that failed{}: they are lost, and its error handler was told",
            whole(ever.failed),
            whole(ever.all()),
            error.map(|error| format!(" (most of them: {error})")).unwrap_or_default()
        ));
    }
    let known = Exports {
        given_up: Known::Value(ever.failed),
        given_up_lately: window.lately(Some(ended.failed)),
        notes,
        ..Exports::unknown("")
    };
    let Some(times) = times else {
        return known.timeless("no otel.sdk.exporter.operation.duration is there");
    };
    // How long a failure takes says nothing of how long an export takes: it may be the timeout.
    if ended.failed > 0.0 && ended.well <= 0.0 {
        return known
            .timeless("every export failed in the time that was looked at: see why, before anything is set");
    }
    let told_apart = times.failed > 0.0 || counts.failed > 0.0;
    let of = |figure: ComponentFigure| if told_apart { figure.well } else { figure.all() };
    let (sum, count, spans) = (of(times), of(counts), of(ended));
    if count <= 0.0 {
        return known.timeless("no export ended in the time that was looked at");
    }
    let export_s = sum / count;
    let mean = spans / count;
    let batch = batch.map_or(mean, f64::from);
    if !(export_s > 0.0 && batch > 0.0) {
        return known.timeless("exports took no time or had no spans");
    }
    let mut known = known;
    if mean < 0.9 * batch {
        known.notes.push(format!(
            "exports had {mean:.0} spans on average: a full batch of {batch:.0} may take longer, and the ceiling be lower"
        ));
    }
    Exports {
        export_s: Known::Value(export_s),
        batch: Known::Value(batch),
        ceiling_per_s: Known::Value(law::ceiling(batch, export_s)),
        ..known
    }
}

fn processor(
    name: &str,
    component: &str,
    window: &ScrapeWindow<'_>,
    exporter: &Result<&str, String>,
    batch: Option<u32>,
) -> FleetRow {
    let exports = match exporter {
        Ok(exporter) => exports(exporter, window, batch),
        Err(why) => Exports::unknown(why),
    };
    let gauge = |metric| {
        let figure = window.last.get(metric, MetricPart::Value, component).map(|figure| figure.all());
        figure.map_or_else(|| unknown("no otel.sdk.processor.span.queue.* is there"), Known::Value)
    };
    let processed = window.gained(Metric::Processed, MetricPart::Value, component);
    let queued =
        window.gained(Metric::QueueSize, MetricPart::Value, component).map_or(0.0, |size| size.all());
    let absent =
        "no otel.sdk.processor.span.processed is there: nothing was exported yet, or a view drops it";
    // What is in the batch that is being gathered nobody counts: less than one.
    let spans_per_s =
        processed.map_or_else(|| unknown(absent), |of| window.per_s((of.all() + queued).max(0.0)));
    let dropped = window.last.get(Metric::Processed, MetricPart::Value, component);
    let mut row = FleetRow {
        service: name.to_owned(),
        component: component.to_owned(),
        kind: QueueOwner::Processor,
        over_s: window.over_s.clone(),
        spans_per_s,
        export_s: exports.export_s,
        batch: exports.batch,
        ceiling_per_s: exports.ceiling_per_s,
        queued: gauge(Metric::QueueSize),
        queue: gauge(Metric::QueueCapacity),
        queue_unit: QueueUnit::Spans,
        dropped: dropped.map_or_else(|| unknown(absent), |of| Known::Value(of.full)),
        dropped_lately: window.lately(processed.map(|of| of.full)),
        given_up: exports.given_up,
        given_up_lately: exports.given_up_lately,
        accepted_per_s: None,
        risk: Risk::Unknown,
        set: None,
        notes: exports.notes,
    };
    row.risk = risk(&row, dropped.map_or(0.0, |of| of.all()));
    if let Some(plan) = advised(&row, batch).filter(|plan| !plan.is_settled()) {
        row.set = Some(plan.advised().0.settings);
        row.notes.extend(overrun(&plan));
        row.notes.extend(assumption(&plan).map(|assumes| format!("an estimate: it holds if {assumes}")));
        row.notes.extend(shortfalls(&plan));
    }
    // Where exports fail, their time is not what is missing.
    let fails = row.given_up.value().is_some_and(|given_up| given_up > 0.0);
    if row.risk >= Risk::High && row.set.is_none() && row.ceiling_per_s.value().is_none() && !fails {
        row.notes.push(
            "what to set needs the time of an export: give it to advise as --rtt, with --spans".to_owned(),
        );
    }
    row
}

/// An exporter whose processor is not to be seen.
fn exporter(name: &str, component: &str, window: &ScrapeWindow<'_>, batch: Option<u32>) -> FleetRow {
    let exports = exports(component, window, batch);
    let ended = window.gained(Metric::Exported, MetricPart::Value, component).unwrap_or_default();
    let why = "no otel.sdk.processor.span.* is there: its processor is not the SDK's, or the SDK is older than 1.38";
    let ever = window.last.get(Metric::Exported, MetricPart::Value, component).unwrap_or_default();
    let mut row = FleetRow {
        service: name.to_owned(),
        component: component.to_owned(),
        kind: QueueOwner::Processor,
        over_s: window.over_s.clone(),
        spans_per_s: window.per_s(ended.all()),
        export_s: exports.export_s,
        batch: exports.batch,
        ceiling_per_s: exports.ceiling_per_s,
        queued: unknown(why),
        queue: unknown(why),
        queue_unit: QueueUnit::Spans,
        dropped: unknown(why),
        dropped_lately: None,
        given_up: exports.given_up,
        given_up_lately: exports.given_up_lately,
        accepted_per_s: None,
        risk: Risk::Unknown,
        set: None,
        notes: exports.notes,
    };
    row.risk = by_losses(&row, ever.all()).unwrap_or(Risk::Unknown);
    row
}

/// `all`: spans that came to it since the start.
fn risk(row: &FleetRow, all: f64) -> Risk {
    let rate = row.spans_per_s.value().zip(row.ceiling_per_s.value());
    let full = row.queued.value().zip(row.queue.value()).is_some_and(|(now, most)| now > most / 2.0);
    let lost = by_losses(row, all);
    if lost == Some(Risk::Losing) || rate.is_some_and(|(rate, ceiling)| rate > ceiling) {
        Risk::Losing
    } else if lost.is_some() || full || rate.is_some_and(|(rate, ceiling)| ceiling < MARGIN * rate) {
        Risk::High
    } else if rate.is_some() && row.dropped.value().is_some() {
        Risk::Low
    } else {
        Risk::Unknown
    }
}

/// What to set; metrics do not say which timeouts are set, so the defaults are taken for these.
fn advised(row: &FleetRow, batch: Option<u32>) -> Option<AdvicePlan> {
    let bounded = |value: f64| value.ceil().clamp(1.0, f64::from(u32::MAX)) as u32;
    let batch = batch.unwrap_or(bounded(row.batch.value()?));
    let demand = Demand {
        spans_per_s: row.spans_per_s.value()?,
        round_trip_s: row.export_s.value()?,
        round_trip_of: batch,
        per_span_s: None,
        outage_s: 0.0,
        // Without an outage it makes no difference.
        protocol: Protocol::default(),
        burst: None,
        stall_s: 0.0,
    };
    let settings = BatchSettings { batch, queue: bounded(row.queue.value()?), ..BatchSettings::DEFAULT };
    plan(&demand, &Now { settings, overran: row.dropped.value()? > 0.0 })
}
