//! What metrics say, as a table and the rows' notes.

use spanfate_model::advice::lines::assignment;
use spanfate_model::advice::observed::{FleetRow, Known, QueueOwner, QueueUnit, Risk};
use spanfate_model::advice::settings::BatchSettings;
use spanfate_model::advice::{
    BATCH_VARIABLE, EXPORT_TIMEOUT_VARIABLE, EXPORTER_TIMEOUT_VARIABLE, QUEUE_VARIABLE,
};

use super::aligned;
use crate::terminal::titled_rows::{row, time};
use crate::text::fit::{clean, clip};
use crate::text::number::{NONE, TERMINAL};

/// Columns of a name.
const NAME: usize = 40;

/// A row per batch processor or exporter, and what there is to say of each.
pub(crate) fn observed(rows: &[FleetRow]) -> String {
    if rows.is_empty() {
        return "No metrics of a batch processor or of a collector's exporter are here. The Go SDK has them with \
                OTEL_GO_X_OBSERVABILITY=true and a MeterProvider.\n"
            .to_owned();
    }
    let head =
        ["service", "component", "spans/s", "export", "ceiling/s", "headroom", "queue", "lost", "risk"];
    let mut out = aligned(&head, rows.iter().map(cells));
    for one in rows {
        let mut text = String::new();
        for (index, note) in one.notes.iter().enumerate() {
            row(&mut text, if index == 0 { "note" } else { "" }, note);
        }
        for (index, (what, value)) in unknown(one).iter().enumerate() {
            row(&mut text, if index == 0 { "unknown" } else { "" }, &format!("{what}: {value}"));
        }
        if let Some(set) = &one.set {
            paste(&mut text, set, one);
        }
        if !text.is_empty() {
            out += &format!("\n{} {}\n{text}", clean(&one.service), clean(&one.component));
        }
    }
    out
}

fn paste(out: &mut String, set: &BatchSettings, of: &FleetRow) {
    let default = BatchSettings::DEFAULT;
    // What is there already needs no line; which timeouts are set metrics do not say.
    let other = |now: &Known, then: u64| now.value().is_none_or(|now| (now - then as f64).abs() > 0.5);
    let longer = |then: u64, default: u64| then != default;
    let all = [
        // Without --batch the mean of the exports is all that is known: of half the default or more it is the default that is set.
        (
            BATCH_VARIABLE,
            u64::from(set.batch),
            other(&of.batch, set.batch.into())
                && (set.batch != default.batch
                    || of.batch.value().is_none_or(|mean| mean < f64::from(default.batch) / 2.0)),
        ),
        (QUEUE_VARIABLE, set.queue.into(), other(&of.queue, set.queue.into())),
        (
            EXPORT_TIMEOUT_VARIABLE,
            set.export_timeout_ms,
            longer(set.export_timeout_ms, default.export_timeout_ms),
        ),
        (
            EXPORTER_TIMEOUT_VARIABLE,
            set.exporter_timeout_ms,
            longer(set.exporter_timeout_ms, default.exporter_timeout_ms),
        ),
    ];
    let lines = all.into_iter().filter(|(.., needed)| *needed);
    for (index, (name, value, _)) in lines.enumerate() {
        row(out, if index == 0 { "paste" } else { "" }, &format!("export {}", assignment(name, value)));
    }
}

fn cells(of: &FleetRow) -> Vec<String> {
    let number =
        |known: &Known| known.value().map_or_else(|| NONE.to_owned(), |value| TERMINAL.fixed(value, 0));
    let headroom = of.ceiling_per_s.value().zip(of.spans_per_s.value()).map(|(ceiling, rate)| ceiling - rate);
    let queue = match (of.queued.value(), of.queue.value()) {
        (Some(now), Some(most)) => format!("{}/{}", TERMINAL.fixed(now, 0), TERMINAL.fixed(most, 0)),
        _ => NONE.to_owned(),
    };
    let unit = if of.kind == QueueOwner::Collector && queue != NONE { unit(of.queue_unit) } else { "" };
    vec![
        clip(&of.service, NAME),
        clip(&of.component, NAME),
        number(&of.spans_per_s),
        of.export_s.value().map_or_else(|| NONE.to_owned(), |seconds| time(seconds * 1e3)),
        number(&of.ceiling_per_s),
        headroom.map_or_else(|| NONE.to_owned(), |value| TERMINAL.fixed(value, 0)),
        format!("{queue}{unit}"),
        of.lost().map_or_else(|| NONE.to_owned(), |lost| TERMINAL.fixed(lost, 0)),
        risk(of.risk).to_owned(),
    ]
}

/// What a queue counts in, behind its numbers; nothing where that is unknown.
const fn unit(unit: QueueUnit) -> &'static str {
    match unit {
        QueueUnit::Spans => " spans",
        QueueUnit::Requests => " requests",
        QueueUnit::Bytes => " bytes",
        QueueUnit::Unknown => "",
    }
}

const fn risk(risk: Risk) -> &'static str {
    match risk {
        Risk::Unknown => "unknown",
        Risk::Low => "low",
        Risk::High => "high",
        Risk::Losing => "LOSING",
    }
}

/// What is not known, and why.
fn unknown(of: &FleetRow) -> Vec<(&'static str, &str)> {
    let all = [
        ("rate", &of.spans_per_s),
        ("time of an export", &of.export_s),
        ("batch", &of.batch),
        ("queue", &of.queue),
        ("dropped", &of.dropped),
    ];
    all.into_iter().filter_map(|(what, known)| Some((what, known.why()?))).collect()
}
