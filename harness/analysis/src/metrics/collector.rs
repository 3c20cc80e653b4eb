//! Exporters of collectors.

use spanfate_model::advice::observed::{FleetRow, Known, QueueOwner, QueueUnit, Risk};

use super::flow::CollectorFlow;
use super::names::{Metric, MetricPart};
use super::outlast::{is_of_spans_alone, queue_outlasts_s};
use super::risk::by_losses;
use super::thousands::whole;
use super::window::{ScrapeWindow, unknown};

/// Rows of a collector's exporters; one of its receivers where no exporter has any metrics.
pub(super) fn rows(name: &str, window: &ScrapeWindow<'_>) -> Vec<FleetRow> {
    let of = |metric| window.last.components(metric);
    let metrics = [
        Metric::CollectorQueueCapacity,
        Metric::CollectorSent,
        Metric::CollectorSendFailed,
        Metric::CollectorEnqueueFailed,
    ];
    let mut exporters: Vec<&str> =
        metrics.into_iter().flat_map(of).filter(|component| !component.is_empty()).collect();
    exporters.sort_unstable();
    exporters.dedup();
    let flow = CollectorFlow::of(window);
    if exporters.is_empty() && flow.has_spans() {
        return vec![flow.receivers(name, window)];
    }
    exporters.iter().map(|one| exporter(name, one, window, &flow)).collect()
}

/// What became of the spans of an exporter, in the time that was looked at; absent where no such counter is there.
struct SpansOut {
    sent: Option<f64>,
    failed: Option<f64>,
    refused: Option<f64>,
}

impl SpansOut {
    fn of(component: &str, window: &ScrapeWindow<'_>) -> Self {
        let gained = |metric| window.gained(metric, MetricPart::Value, component).map(|of| of.all());
        Self {
            sent: gained(Metric::CollectorSent),
            failed: gained(Metric::CollectorSendFailed),
            refused: gained(Metric::CollectorEnqueueFailed),
        }
    }

    fn all(&self) -> Option<f64> {
        let known: Vec<f64> = [self.sent, self.failed, self.refused].into_iter().flatten().collect();
        (!known.is_empty()).then(|| known.iter().sum())
    }
}

fn exporter(name: &str, component: &str, window: &ScrapeWindow<'_>, flow: &CollectorFlow) -> FleetRow {
    let out = SpansOut::of(component, window);
    let spans_per_s = out.all().map_or_else(
        || unknown("no otelcol_exporter_sent_spans is there: nothing was sent yet"),
        |all| window.per_s(all),
    );
    let gauge = |metric| {
        let figure = window.last.get(metric, MetricPart::Value, component).map(|figure| figure.all());
        figure.map_or_else(
            || unknown("no otelcol_exporter_queue_* is there: its sending_queue is off"),
            Known::Value,
        )
    };
    let in_all = |metric| window.last.get(metric, MetricPart::Value, component).map_or(0.0, |of| of.all());
    let time = "the metrics of a collector do not have it, so that its ceiling is unknown, too";
    let mut row = FleetRow {
        service: name.to_owned(),
        component: component.to_owned(),
        kind: QueueOwner::Collector,
        over_s: window.over_s.clone(),
        spans_per_s,
        export_s: unknown(time),
        batch: batch(component, window, &out),
        ceiling_per_s: unknown(time),
        queued: gauge(Metric::CollectorQueueSize),
        queue: gauge(Metric::CollectorQueueCapacity),
        queue_unit: window.last.queue_unit(component),
        dropped: Known::Value(in_all(Metric::CollectorEnqueueFailed)),
        dropped_lately: window.lately(out.refused),
        given_up: Known::Value(in_all(Metric::CollectorSendFailed)),
        given_up_lately: window.lately(out.failed),
        accepted_per_s: flow.accepted_per_s(window),
        risk: Risk::Unknown,
        set: None,
        notes: Vec::new(),
    };
    let sent = in_all(Metric::CollectorSent);
    row.risk = risk(&row, sent, flow);
    row.notes = notes(&row, sent, window);
    if flow.lags(out.all().unwrap_or(0.0)) {
        // Nothing is known of how much it is given.
        row.risk = if row.risk == Risk::Low { Risk::Unknown } else { row.risk };
        row.notes.push(
            "another exporter was done with all that the receivers accepted, this one with less: its queue grows (on disk its gauge may \
             stand still), or its pipeline is given less"
                .to_owned(),
        );
    }
    row.notes.extend(flow.notes());
    row
}

/// Spans per request that leaves it. The histogram has no label of the signal: it is that of spans where its sum is theirs.
fn batch(component: &str, window: &ScrapeWindow<'_>, out: &SpansOut) -> Known {
    let gained = |part| window.gained(Metric::CollectorBatch, part, component).map(|of| of.all());
    let (Some(sum), Some(count)) = (gained(MetricPart::Sum), gained(MetricPart::Count)) else {
        return unknown("no otelcol_exporter_queue_batch_send_size is there; it is one of level detailed");
    };
    if count <= 0.0 {
        return unknown("nothing was sent in the time that was looked at");
    }
    let left = out.sent.unwrap_or(0.0) + out.failed.unwrap_or(0.0);
    if !is_of_spans_alone(sum, left) {
        return unknown(
            "otelcol_exporter_queue_batch_send_size counted other units than the spans that left: logs or metrics are in it, too",
        );
    }
    Known::Value(sum / count)
}

fn risk(row: &FleetRow, sent: f64, flow: &CollectorFlow) -> Risk {
    let fill = row.queued.value().zip(row.queue.value());
    let lost = by_losses(row, sent + row.lost().unwrap_or(0.0));
    let crowded = fill.is_some_and(|(now, most)| now > most / 2.0).then_some(Risk::High);
    let known = fill.is_some() && row.spans_per_s.value().is_some();
    let worst = [lost, crowded, flow.risk()].into_iter().flatten().max();
    worst.unwrap_or(if known { Risk::Low } else { Risk::Unknown })
}

fn notes(row: &FleetRow, sent: f64, window: &ScrapeWindow<'_>) -> Vec<String> {
    let mut out = Vec::new();
    out.extend(given_up(row, sent, window));
    if let Some(left) = queue_outlasts_s(row, window) {
        out.push(format!("its queue outlasts {left:.1} s without any export at this rate"));
    } else if row.queue_unit == QueueUnit::Unknown && row.queue.value().is_some() {
        out.push(
            "what its queue counts in is not in the metrics (sending_queue.sizer: requests by default, items, or bytes), so that it is \
             unknown how long it outlasts"
                .to_owned(),
        );
    }
    let dropped = row.dropped.value().unwrap_or(0.0);
    let is_full = row.queued.value().zip(row.queue.value()).is_some_and(|(now, most)| now > most / 2.0);
    if dropped > 0.0 {
        out.push(format!("{} spans found no room in its queue (enqueue_failed)", whole(dropped)));
    }
    if dropped > 0.0 || is_full {
        out.push(
            "set: sending_queue.queue_size longer and num_consumers higher, and look why its endpoint is slow; a batch processor \
             before it hides from clients that the queue was full, so let the exporter batch (sending_queue.batch)"
                .to_owned(),
        );
    }
    out
}

/// What was given up is lost: the counter grows after all retries only, by spans and not by attempts.
fn given_up(row: &FleetRow, sent: f64, window: &ScrapeWindow<'_>) -> Option<String> {
    let failed = row.given_up.value().filter(|failed| *failed > 0.0)?;
    let lately = row.given_up_lately.map(|lately| format!("; {} between the pages", whole(lately)));
    let error = window.last.worst_error(Metric::CollectorSendFailed, &row.component);
    let error = error.map(|error| format!("; most of them: {error}"));
    Some(format!(
        "{} of {} spans were given up after all retries and are lost (send_failed{}{}): look why its endpoint does not take them; a longer \
         queue helps nothing",
        whole(failed),
        whole(failed + sent),
        error.unwrap_or_default(),
        lately.unwrap_or_default()
    ))
}
