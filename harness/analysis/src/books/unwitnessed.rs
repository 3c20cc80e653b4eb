//! The books without a process witness: the load's plan says which spans must exist, the wire which of them arrived. Where
//! the others went nobody can say: they are lost before the receiver, counted and not named, unless something leaves open
//! whether they are lost at all.

use std::collections::BTreeMap;

use spanfate_model::books::ledger::{EXEMPLARS, Exemplar, Expected, FateCount, LISTED, Ledger, Surplus};
use spanfate_model::fate::Fate;
use spanfate_model::format::manifest::FORMAT;
use spanfate_model::quantity::id::SpanKey;
use spanfate_model::quantity::unit::MonoNs;

use crate::books::timeline::Timeline;
use crate::evidence::sources::Sources;
use crate::join::Smallest;
use crate::statistics::quantile::millis;

/// Builds the ledger from load and wire alone. It is not told which span is missing, only how many of each request are.
pub(crate) fn reconcile(sources: &Sources<'_>, timeline: &mut Timeline) -> Ledger {
    let mut ledger = Ledger {
        format: FORMAT.to_owned(),
        trial: sources.trial,
        path: "default".to_owned(),
        status: sources.status,
        ..Ledger::default()
    };
    let appeared = receipts(sources, timeline, &mut ledger);
    let (mut missing, mut missing_measured) = (0, 0);
    let (least, most) = sources.shares.iter().fold((0_u32, 0_u32), |(least, most), share| {
        (least.saturating_add(*share.spans.start()), most.saturating_add(*share.spans.end()))
    });
    let mut expected = Expected::default();
    for (request, count) in appeared.iter().enumerate() {
        // An answered request made all its spans; of another only those that appeared are known to exist.
        let made = if sources.book.is_answered(request) { least.max(*count) } else { *count };
        if sources.book.may_have_reached(request) {
            ledger.uncounted += u64::from(most.saturating_sub(made));
        }
        let gone = u64::from(made - count);
        missing += gone;
        missing_measured += if sources.book.is_measured(request as u32) { gone } else { 0 };
        let counted = made.min(most);
        expected.created += u64::from(counted);
        expected.not_created += u64::from(least.saturating_sub(counted));
        expected.extra += u64::from(made - counted);
    }
    // How many spans a fixture makes, we know; of a program of the user's own we only have their word.
    if sources.subject.is_own() && expected.extra > 0 {
        let most = appeared.iter().copied().max().unwrap_or_default();
        ledger.surplus = Some(Surplus { spans: std::mem::take(&mut expected.extra), most });
    }
    expected.spans = expected.created + expected.not_created;
    ledger.created += missing;
    ledger.created_measured += missing_measured;
    ledger.expected = expected;
    lost(sources, &mut ledger, missing, missing_measured);
    ledger
}

/// Spans that appeared on the wire, by request. One that was refused did arrive, so it is not among those that never did.
fn receipts(sources: &Sources<'_>, timeline: &mut Timeline, ledger: &mut Ledger) -> Vec<u32> {
    let mut appeared = vec![0_u32; sources.book.schedule.len()];
    let mut fates: BTreeMap<Fate, (FateCount, Smallest<(SpanKey, MonoNs)>)> = BTreeMap::new();
    let mut unexpected = Smallest::new(LISTED);
    sources.receipts.each_arrival(|key, receipt| {
        let Some(fate) = receipt.fate() else { return };
        let request = sources.tag.request_of(key.trace);
        let Some(count) = request.and_then(|request| appeared.get_mut(request as usize)) else {
            // A program of the user's own may begin traces of its own; a fixture does not.
            if sources.subject.is_own() {
                ledger.outside += 1;
            } else if fate == Fate::Received {
                ledger.unexpected.count += 1;
                unexpected.push(*key);
            }
            return;
        };
        *count += 1;
        let measured = u64::from(request.is_some_and(|request| sources.book.is_measured(request)));
        let (sum, exemplars) =
            fates.entry(fate).or_insert_with(|| (FateCount::default(), Smallest::new(EXEMPLARS)));
        sum.total += 1;
        sum.measured += measured;
        exemplars.push((*key, receipt.first));
        if fate == Fate::Received {
            *ledger.copies.entry(u32::from(receipt.copies)).or_insert(0) += 1;
            timeline.receipt(receipt.first);
        }
    });
    ledger.unexpected.ids = unexpected.finish();
    for (fate, (mut count, exemplars)) in fates {
        ledger.created += count.total;
        ledger.created_measured += count.measured;
        count.exemplars =
            exemplars.finish().into_iter().map(|(key, first)| exemplar(sources, key, first)).collect();
        ledger.fates.insert(fate, count);
    }
    appeared
}

/// Places what is missing. Where the wire has a gap it may have arrived, and a request that was refused unread may have held
/// it; where a sampler leaves spans out, or spans came in traces of their own, it may not be missing at all.
fn lost(sources: &Sources<'_>, ledger: &mut Ledger, missing: u64, measured: u64) {
    let wire_complete = sources.receipts.is_complete();
    if missing == 0 {
        return;
    }
    let open = !wire_complete
        || sources.receipts.unread > 0
        || sources.receipts.unread_otherwise
        || !sources.all_sampled
        || ledger.outside > 0;
    if open {
        ledger.unaccounted.count = missing;
        return;
    }
    let count = FateCount { total: missing, measured, counted: missing, ..FateCount::default() };
    ledger.fates.insert(Fate::LostBeforeReceiver, count);
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
