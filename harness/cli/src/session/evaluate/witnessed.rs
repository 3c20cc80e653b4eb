//! What others than `why` may know of a case: metrics and traces, as a backend has them, without ledger, wire and fault log. Tools for
//! finding root causes read these files.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use spanfate_analysis::each_span;
use spanfate_model::books::row::{SpanRow, Standing};
use spanfate_model::fate::Fate;
use spanfate_model::format::raw::TrialLogs;
use spanfate_model::plan::{Plan, PlannedTrial};
use spanfate_run::store;

use crate::error::Error;

/// Length of a row of metrics, milliseconds.
const ROW_MS: f64 = 100.0;
/// One trace in so many is written.
const TRACES: u32 = 4;

/// What is known of a service in a row of metrics.
#[derive(Clone, Copy, Default)]
struct Metered {
    /// Spans that ended, and how long they took together, milliseconds.
    ended: u64,
    took_ms: f64,
    /// Spans that the SDK says it dropped, and whose export failed.
    dropped: u64,
    failed: u64,
    /// Spans that the backend got, and how late they were together, milliseconds.
    received: u64,
    late_ms: f64,
}

/// Writes `metrics.csv` (seconds, then six columns per service) and `traces.csv` of a case.
pub(super) fn write(
    place: &Path,
    plan: &Plan,
    planned: &PlannedTrial,
    logs: &TrialLogs,
) -> Result<(), Error> {
    let services: Vec<&str> = plan.services.iter().map(|service| service.name.as_str()).collect();
    let mut rows: BTreeMap<u64, Vec<Metered>> = BTreeMap::new();
    let mut traces =
        "traceID,spanID,parentSpanID,serviceName,methodName,operationName,startTime,duration\n".to_owned();
    each_span(plan, planned, logs, &mut |row| {
        if let Some(service) = services.iter().position(|name| *name == row.service) {
            meter(row, &mut |ms, add| {
                let row = rows.entry((ms.max(0.0) / ROW_MS) as u64);
                add(&mut row.or_insert_with(|| vec![Metered::default(); services.len()])[service]);
            });
        }
        if row.copies > 0 && row.request.is_some_and(|request| request % TRACES == 0) {
            trace(row, &mut traces);
        }
        ControlFlow::Continue(())
    });
    store::write_bytes(&place.join("metrics.csv"), metrics(&services, &rows).as_bytes())?;
    store::write_bytes(&place.join("traces.csv"), traces.as_bytes())?;
    Ok(())
}

/// Counts something at a time, in milliseconds.
type CountAt<'a> = dyn FnMut(f64, &dyn Fn(&mut Metered)) + 'a;

/// Adds a span to the rows of the times at which something of it was counted.
fn meter(row: &SpanRow<'_>, at: &mut CountAt<'_>) {
    if let (Some(created), Some(ended)) = (row.created_ms, row.ended_ms) {
        at(ended, &|metered| {
            metered.ended += 1;
            metered.took_ms += ended - created;
            metered.dropped += u64::from(row.fate == Standing::Fate(Fate::DroppedQueueFull));
        });
    }
    if let (Some(exported), Standing::Fate(Fate::ExportFailed(_))) = (row.exported_ms, row.fate) {
        at(exported, &|metered| metered.failed += 1);
    }
    if let Some(received) = row.received_ms {
        at(received, &|metered| {
            metered.received += 1;
            metered.late_ms += row.delay_ms.unwrap_or_default();
        });
    }
}

fn metrics(services: &[&str], rows: &BTreeMap<u64, Vec<Metered>>) -> String {
    let mut out = "time".to_owned();
    for service in services {
        for what in ["spans", "latency", "dropped", "failed", "received", "delay"] {
            out += &format!(",{service}_{what}");
        }
    }
    out.push('\n');
    let last = rows.keys().next_back().copied().unwrap_or_default();
    let none = vec![Metered::default(); services.len()];
    for place in 0..=last {
        out += &format!("{:.1}", place as f64 * ROW_MS / 1e3);
        for one in rows.get(&place).unwrap_or(&none) {
            let Metered { ended, took_ms, dropped, failed, received, late_ms } = *one;
            let (took, late) = (took_ms / ended.max(1) as f64, late_ms / received.max(1) as f64);
            out += &format!(",{ended},{took:.3},{dropped},{failed},{received},{late:.3}");
        }
        out.push('\n');
    }
    out
}

fn trace(row: &SpanRow<'_>, out: &mut String) {
    let (Some(created), Some(ended)) = (row.created_ms, row.ended_ms) else { return };
    let parent = row.parent_span_id.map(|parent| parent.to_string()).unwrap_or_default();
    let (start, took) = (created * 1e3, (ended - created) * 1e3);
    let SpanRow { trace_id, span_id, service, name, .. } = row;
    *out += &format!("{trace_id},{span_id},{parent},{service},{name},{name},{start:.0},{took:.0}\n");
}
