//! Every span of a trial as a row. The walk and the judgements are those of the ledger, so rows and ledger cannot differ.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use spanfate_model::books::row::{Position, SpanRow, Standing, kind_name};
use spanfate_model::format::raw::TrialLogs;
use spanfate_model::format::wire::{self, SpanRecord, WireRecord};
use spanfate_model::plan::{Plan, PlannedTrial};
use spanfate_model::quantity::id::{SpanId, SpanKey};
use spanfate_model::quantity::unit::MonoNs;

use crate::books::timeline::Timeline;
use crate::books::unwitnessed;
use crate::books::walk::{self, Judged, JudgedPath};
use crate::evidence::opened::Opened;
use crate::evidence::process::Process;
use crate::evidence::sources::Sources;
use crate::statistics::quantile::millis;

/// What the rows do not say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Exported {
    /// Rows that were given.
    pub rows: u64,
    /// Spans that must exist and did not arrive, and whose ids nobody knows: there is no row for them. Always 0 where a process
    /// witness was there.
    pub without_id: u64,
    /// Whether there was a process witness.
    pub witnessed: bool,
}

/// Gives every span of a trial, until the reader has seen enough: created spans by process and slot; without a process
/// witness those that appeared on the wire, in an order of no meaning that is always the same. Memory is bounded as that of the analysis.
pub fn each_span(
    plan: &Plan,
    planned: &PlannedTrial,
    logs: &TrialLogs,
    each: &mut dyn FnMut(&SpanRow<'_>) -> ControlFlow<()>,
) -> Exported {
    let opened = Opened::open(plan, planned, logs);
    let sources = opened.sources();
    let variant = plan.variant_of(planned).map_or("", |variant| &variant.name);
    let mut done = Exported { witnessed: sources.witnessed, ..Exported::default() };
    let mut count = |row: &SpanRow<'_>| {
        done.rows += 1;
        each(row)
    };
    if sources.witnessed {
        walk::each(&sources, |span, paths| count(&row_of(&sources, variant, span, paths)));
    } else {
        let log = logs.wire.as_deref().unwrap_or_default();
        each_received(&sources, variant, log, &mut count);
        let ledger = unwitnessed::reconcile(&sources, &mut Timeline::new(sources.load_began));
        let counted: u64 = ledger.fates.values().map(|count| count.counted).sum();
        done.without_id = ledger.unaccounted.count + counted;
    }
    done
}

fn row_of<'a>(
    sources: &Sources<'_>,
    variant: &'a str,
    judged: &Judged<'a>,
    paths: &[JudgedPath<'_>],
) -> SpanRow<'a> {
    let Judged { process, span, on, receipt, .. } = judged;
    let at = |time: MonoNs| (time != 0).then(|| millis(time.saturating_sub(sources.load_began)));
    let received = receipt.copies > 0;
    SpanRow {
        trial: sources.trial,
        variant,
        service: &process.header.service,
        incarnation: Some(process.header.incarnation),
        trace_id: span.key.trace,
        span_id: span.key.span,
        parent_span_id: (!span.parent.is_zero()).then_some(span.parent),
        name: process.names.get(&span.name).map_or("", String::as_str),
        kind: kind_name(span.kind),
        request: judged.of.map(|(request, _)| request),
        created_ms: at(span.created),
        // A span that is not recording passes no processor; the SDK still sees its end.
        ended_ms: at(if on.offered != 0 { on.offered } else { span.closed }),
        exported_ms: at(on.exported),
        fate: judged.standing,
        copies: receipt.copies,
        delay_ms: received.then(|| millis(receipt.first.saturating_sub(span.created))),
        received_ms: received.then(|| millis(receipt.first.saturating_sub(sources.load_began))),
        position: position(sources, span.parent, judged.of.map(|(request, _)| request)),
        paths: on_each(process, paths),
    }
}

/// Where a span stands on each of its paths.
fn on_each(process: &Process<'_>, paths: &[JudgedPath<'_>]) -> String {
    let mut out = String::new();
    for JudgedPath { path, standing, .. } in paths {
        let between = if out.is_empty() { "" } else { ";" };
        let name = process.paths.get(*path).map_or("", |path| &path.name);
        out.extend([between, name, "=", &standing.to_string()]);
    }
    out
}

fn position(sources: &Sources<'_>, parent: SpanId, request: Option<u32>) -> Position {
    if sources.is_root(parent, request) { Position::Root } else { Position::Child }
}

/// The spans that appeared, as the wire describes them.
fn each_received(
    sources: &Sources<'_>,
    variant: &str,
    log: &[u8],
    each: &mut dyn FnMut(&SpanRow<'_>) -> ControlFlow<()>,
) {
    let names = names(log);
    let name = |id: u32| names.get(&id).map_or("", String::as_str);
    let requests = sources.book.schedule.len();
    let mut enough = false;
    sources.receipts.each_arrival_at(|key, receipt, at| {
        let request = sources.tag.request_of(key.trace).filter(|request| (*request as usize) < requests);
        let Some(span) = span_at(log, at).filter(|_| request.is_some() && !enough) else { return };
        let Some(fate) = receipt.fate() else { return };
        let SpanKey { trace: trace_id, span: span_id } = *key;
        enough = each(&SpanRow {
            trial: sources.trial,
            variant,
            service: name(span.service),
            incarnation: None,
            trace_id,
            span_id,
            parent_span_id: (!span.parent.is_zero()).then_some(span.parent),
            name: name(span.name),
            kind: kind_name(span.kind),
            request,
            created_ms: None,
            ended_ms: None,
            exported_ms: None,
            fate: Standing::Fate(fate),
            copies: receipt.copies,
            delay_ms: None,
            received_ms: (receipt.copies > 0)
                .then(|| millis(receipt.first.saturating_sub(sources.load_began))),
            position: position(sources, span.parent, request),
            paths: String::new(),
        })
        .is_break();
    });
}

pub(crate) fn span_at(log: &[u8], at: u64) -> Option<SpanRecord> {
    let record = log.get(at as usize * wire::RECORD_BYTES..)?.first_chunk()?;
    match wire::record(record) {
        WireRecord::Span(span) => Some(span),
        _ => None,
    }
}

/// Names that the receiver interned, in the bytes that were kept of them.
pub(crate) fn names(log: &[u8]) -> BTreeMap<u32, String> {
    let mut pieces: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    for record in wire::read(log).into_iter().flatten() {
        if let WireRecord::Name { id, piece } = record {
            pieces.entry(id).or_default().extend(piece);
        }
    }
    pieces.into_iter().map(|(id, name)| (id, String::from_utf8_lossy(&name).into_owned())).collect()
}
