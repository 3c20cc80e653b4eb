//! The books without a process witness: the load's plan says which spans must exist, the wire which of them arrived. Where
//! the others went nobody can say, so they are unaccounted, never guessed.

use spanfate_model::fate::Fate;
use spanfate_model::id::SpanKey;
use spanfate_model::ledger::{EXEMPLARS, Exemplar, Expected, FateCount, LISTED, Ledger};
use spanfate_model::manifest::FORMAT;
use spanfate_model::unit::MonoNs;

use crate::join::Smallest;
use crate::quantile::millis;
use crate::reconcile::Sources;
use crate::timeline::Timeline;

/// Builds the ledger from load and wire alone. It is not told which span is missing, only how many of each request are.
pub(crate) fn reconcile(sources: &Sources<'_>, timeline: &mut Timeline) -> Ledger {
    let each = sources.spans_per_request;
    let mut ledger = Ledger {
        format: FORMAT.to_owned(),
        trial: sources.trial,
        path: "default".to_owned(),
        status: sources.status,
        ..Ledger::default()
    };
    let mut arrived = vec![0_u32; sources.book.schedule.len()];
    let mut received = FateCount::default();
    let (mut exemplars, mut unexpected) = (Smallest::new(EXEMPLARS), Smallest::new(LISTED));
    sources.receipts.each_arrival(|key, receipt| {
        if receipt.copies == 0 {
            return;
        }
        let request = sources.tag.request_of(key.trace);
        let Some(count) = request.and_then(|request| arrived.get_mut(request as usize)) else {
            ledger.unexpected.count += 1;
            unexpected.push(*key);
            return;
        };
        *count += 1;
        *ledger.copies.entry(u32::from(receipt.copies)).or_insert(0) += 1;
        timeline.receipt(receipt.first);
        received.total += 1;
        received.measured += u64::from(request.is_some_and(|request| sources.book.is_measured(request)));
        exemplars.push((*key, receipt.first));
    });
    ledger.unexpected.ids = unexpected.finish();
    ledger.created = received.total;
    ledger.created_measured = received.measured;
    if received.total > 0 {
        received.exemplars =
            exemplars.finish().into_iter().map(|(key, first)| exemplar(sources, key, first)).collect();
        ledger.fates.insert(Fate::Received, received);
    }
    let mut expected = Expected { spans: arrived.len() as u64 * u64::from(each), ..Expected::default() };
    for (request, count) in arrived.iter().enumerate() {
        // An answered request made all its spans; of another only those that arrived are known to exist.
        let made = if sources.book.is_answered(request) { each.max(*count) } else { *count };
        let missing = u64::from(made - count);
        ledger.created += missing;
        ledger.created_measured += if sources.book.is_measured(request as u32) { missing } else { 0 };
        ledger.unaccounted.count += missing;
        expected.created += u64::from(made.min(each));
        expected.not_created += u64::from(each - made.min(each));
        expected.extra += u64::from(made.saturating_sub(each));
    }
    ledger.expected = expected;
    ledger
}

fn exemplar(sources: &Sources<'_>, key: SpanKey, first: MonoNs) -> Exemplar {
    Exemplar {
        trace_id: key.trace,
        span_id: key.span,
        name: String::new(),
        request: sources.tag.request_of(key.trace),
        created_ms: millis(first.saturating_sub(sources.load_began)),
    }
}
