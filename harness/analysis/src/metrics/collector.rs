//! Exporters of collectors.

use spanfate_model::advice::observed::{FleetRow, Known, QueueOwner, Risk};

use super::names::{Metric, MetricPart};
use super::window::{ScrapeWindow, unknown};

/// Rows of a collector's exporters.
pub(super) fn rows(name: &str, window: &ScrapeWindow<'_>) -> Vec<FleetRow> {
    let of = |metric| window.last.components(metric);
    let metrics = [
        Metric::CollectorQueueCapacity,
        Metric::CollectorSent,
        Metric::CollectorSendFailed,
        Metric::CollectorEnqueueFailed,
    ];
    let mut exporters: Vec<&str> = metrics.into_iter().flat_map(of).collect();
    exporters.sort_unstable();
    exporters.dedup();
    exporters.iter().map(|one| exporter(name, one, window)).collect()
}

fn exporter(name: &str, component: &str, window: &ScrapeWindow<'_>) -> FleetRow {
    let gained = |metric, part| window.gained(metric, part, component).map(|of| of.all());
    let sent = gained(Metric::CollectorSent, MetricPart::Value);
    let failed = gained(Metric::CollectorSendFailed, MetricPart::Value);
    let refused = gained(Metric::CollectorEnqueueFailed, MetricPart::Value);
    let spans_per_s = match (sent, failed, refused) {
        (None, None, None) => unknown("no otelcol_exporter_sent_spans is there: nothing was sent yet"),
        _ => window.per_s([sent, failed, refused].into_iter().flatten().sum()),
    };
    let batch = match (
        gained(Metric::CollectorBatch, MetricPart::Sum),
        gained(Metric::CollectorBatch, MetricPart::Count),
    ) {
        (Some(spans), Some(count)) if count > 0.0 => Known::Value(spans / count),
        (None, _) | (_, None) => {
            unknown("no otelcol_exporter_queue_batch_send_size is there; it is one of level detailed")
        }
        _ => unknown("nothing was sent in the time that was looked at"),
    };
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
        batch,
        ceiling_per_s: unknown(time),
        queued: gauge(Metric::CollectorQueueSize),
        queue: gauge(Metric::CollectorQueueCapacity),
        dropped: Known::Value(in_all(Metric::CollectorEnqueueFailed)),
        dropped_lately: refused.filter(|_| window.is_between() && window.over_s.value().is_some()),
        risk: Risk::Unknown,
        set: None,
        notes: Vec::new(),
    };
    row.risk = risk(&row);
    row.notes = notes(&row, in_all(Metric::CollectorSendFailed), window.last.total(Metric::CollectorRefused));
    row
}

fn risk(row: &FleetRow) -> Risk {
    let fill = row.queued.value().zip(row.queue.value());
    if row.dropped_lately.is_some_and(|dropped| dropped > 0.0) {
        Risk::Losing
    } else if row.dropped.value().is_some_and(|dropped| dropped > 0.0)
        || fill.is_some_and(|(now, most)| now > most / 2.0)
    {
        Risk::High
    } else if fill.is_some() && row.spans_per_s.value().is_some() {
        Risk::Low
    } else {
        Risk::Unknown
    }
}

fn notes(row: &FleetRow, failed: f64, refused: f64) -> Vec<String> {
    let mut out = Vec::new();
    if let (Some(rate), Some(batch), Some(now), Some(most)) =
        (row.spans_per_s.value(), row.batch.value(), row.queued.value(), row.queue.value())
        && rate > 0.0
    {
        let left = (most - now).max(0.0) * batch / rate;
        out.push(format!("its queue outlasts {left:.1} s without any export at this rate"));
    }
    if row.risk >= Risk::High {
        out.push(
            "set: sending_queue.queue_size longer and num_consumers higher, and look why its endpoint is slow; a batch processor \
             before it hides from clients that the queue was full, so let the exporter batch (sending_queue.batch)"
                .to_owned(),
        );
    }
    if failed > 0.0 {
        out.push(format!("{failed:.0} spans were given up after retries, in all (send_failed)"));
    }
    if refused > 0.0 {
        out.push(format!(
            "its receivers refused {refused:.0} spans in all: clients were told, and may try again"
        ));
    }
    out
}
