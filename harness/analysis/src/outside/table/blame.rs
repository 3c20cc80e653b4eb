//! Services and causes, weighed by the spans that they cost.

use std::collections::BTreeMap;

use spanfate_model::cause::NamedCause;
use spanfate_model::finding::outside::OutsideSuspect;
use spanfate_model::quantity::digits::grouped;

use super::queue::{FullQueue, full, longest, middle, rows};
use super::read::{SeriesTable, TabledService, TracedCalls};

/// Fewer spans than this are none: rows and arrivals do not match to the span.
const FEW: f64 = 10.0;
/// From when on what is under way is counted, until when, and how long before the end, seconds.
const BEGINS_S: f64 = 0.2;
const SETTLED_S: f64 = 1.0;
const ENDS_S: f64 = 0.6;
/// A row with less than this share of the usual spans: the process was not there for some of it.
const GONE: f64 = 0.6;
/// Begin of the load, in which rows are not full, seconds.
const STARTS_S: f64 = 0.5;
/// Stood still at once: so much before or after the first one did, seconds; and for how long at least.
const BEFORE_S: f64 = 0.2;
const AFTER_S: f64 = 0.8;
const STILL_S: f64 = 0.4;

/// What each service and each cause have cost.
#[derive(Default)]
struct WeighedCauses(BTreeMap<(String, NamedCause), (f64, String)>);

impl WeighedCauses {
    fn add(&mut self, service: &str, cause: NamedCause, spans: f64, evidence: String) {
        let place = self.0.entry((service.to_owned(), cause)).or_default();
        place.0 += spans;
        if place.1.is_empty() {
            place.1 = evidence;
        }
    }

    fn ranked(self) -> Vec<OutsideSuspect> {
        let all: f64 = self.0.values().map(|(spans, _)| spans).sum();
        let one = |((service, cause), (spans, evidence)): ((String, NamedCause), (f64, String))| {
            OutsideSuspect { service, cause, spans, share: spans / all.max(1.0), evidence }
        };
        let mut out: Vec<OutsideSuspect> = self.0.into_iter().map(one).collect();
        out.sort_by(|a, b| b.spans.total_cmp(&a.spans));
        out
    }
}

/// All of them, the most spans first.
pub(super) fn suspects(table: &SeriesTable, traced: &TracedCalls) -> Vec<OutsideSuspect> {
    let mut out = WeighedCauses::default();
    let sum = |values: &[f64]| values.iter().sum::<f64>();
    let dropping = table.services.iter().filter(|one| sum(&one.dropped) > 0.0).count();
    let mut stood: Vec<(usize, &TabledService, FullQueue)> = Vec::new();
    for one in &table.services {
        let (dropped, failed) = (sum(&one.dropped), sum(&one.failed));
        let gone = sum(&one.spans) - sum(&one.received) - dropped - failed;
        if failed > 0.0 {
            let evidence = format!("{} spans were in exports that failed for good", whole(failed));
            out.add(&one.name, NamedCause::ExportFailing, failed, evidence);
        }
        if let Some(queue) = full(table, one, dropping > 1) {
            match queue.stood {
                Some(at) => stood.push((at, one, queue)),
                None => out.add(&one.name, queue.cause, dropped, queue.evidence),
            }
        }
        if gone >= FEW {
            let (cause, evidence) = vanished(table, one, gone);
            out.add(&one.name, cause, gone, evidence);
        }
        let lacking = traced.missing(&one.name, sum(&one.received));
        if lacking > 0.0 && dropped + failed + gone.max(0.0) < FEW {
            let evidence = format!(
                "its traces lack some {} spans that others have, and nobody counts them as lost",
                whole(lacking)
            );
            out.add(&one.name, NamedCause::NeverEnded, lacking, evidence);
        }
    }
    stood_still(table, traced, stood, &mut out);
    out.ranked()
}

/// Those that a service calls have nothing to do while it stands still, and those that call it wait: of all that stood still together it is
/// the one that is nearest to the beginning of the traces.
fn stood_still(
    table: &SeriesTable,
    traced: &TracedCalls,
    stood: Vec<(usize, &TabledService, FullQueue)>,
    out: &mut WeighedCauses,
) {
    let Some(first) = stood.iter().map(|(at, ..)| *at).min() else { return };
    let (from, to) = (first.saturating_sub(rows(table, BEFORE_S)), first + rows(table, AFTER_S));
    let still = |one: &&TabledService| {
        let around = one.spans.get(from..to.min(one.spans.len())).unwrap_or_default();
        longest(around, |count| count <= 0.0).0 >= rows(table, STILL_S)
    };
    let nearest = table.services.iter().filter(still).min_by_key(|one| traced.depth(&one.name));
    for (_, one, queue) in stood {
        let who = nearest.unwrap_or(one);
        out.add(&who.name, queue.cause, one.dropped.iter().sum(), queue.evidence);
    }
}

/// Spans that ended and neither arrived nor were counted as lost.
fn vanished(table: &SeriesTable, one: &TabledService, gone: f64) -> (NamedCause, String) {
    let usual = middle(one.spans.iter().copied().filter(|count| *count > 0.0)).max(1.0);
    let within = one.spans.get(rows(table, STARTS_S)..one.spans.len().saturating_sub(1)).unwrap_or_default();
    if longest(within, |count| count < GONE * usual).0 > 0 {
        let evidence = format!("for a while hardly any span of it ended, and {} are gone", whole(gone));
        return (NamedCause::ProcessEnded, evidence);
    }
    // What is under way: ended, and neither arrived nor counted yet.
    let counted = one.received.iter().zip(&one.dropped).zip(&one.failed);
    let counted = counted.map(|((received, dropped), failed)| received + dropped + failed);
    let sum = |open: &mut f64, (ended, counted): (&f64, f64)| {
        *open += ended - counted;
        Some(*open)
    };
    let under_way: Vec<f64> = one.spans.iter().zip(counted).scan(0.0, sum).collect();
    let begin = under_way.iter().take(rows(table, SETTLED_S)).skip(rows(table, BEGINS_S));
    let at_first = middle(begin.copied());
    let before = under_way.len().checked_sub(rows(table, ENDS_S) + 1).map_or(0.0, |row| under_way[row]);
    if before - at_first <= gone / 2.0 {
        let evidence = format!("{} of its last spans never arrived", whole(gone));
        return (NamedCause::ShutdownDeadline, evidence);
    }
    let evidence =
        format!("{} of its spans never arrived, one by one, though its exports went well", whole(gone));
    (NamedCause::Rejected, evidence)
}

fn whole(value: f64) -> String {
    grouped(&format!("{:.0}", value.max(0.0)))
}
