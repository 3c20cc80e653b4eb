//! Trials without a process witness: what is missing is counted where load and wire prove it, and left open where not.

use std::num::NonZeroU32;

use super::common::{World, conclude, write_wire};
use spanfate_model::exporter::SamplerKind;
use spanfate_model::fate::Fate;
use spanfate_model::format::raw::TrialLogs;
use spanfate_model::format::wire::{Disposition, SpanRecord};
use spanfate_model::load::{self, RequestOutcome};
use spanfate_model::plan::Plan;
use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId};
use spanfate_model::result::{Basis, RunResult, TrialResult};
use spanfate_model::scenario::{Root, WitnessMode};
use spanfate_model::verdict::Verdict;

const REQUESTS: u32 = 20;
const EACH: u32 = 3;

/// What is different from a program of the user's own whose every span arrives.
#[derive(Default)]
struct Story {
    /// A fixture without its witness instead.
    fixture: bool,
    /// Spans that do not arrive, from the first on.
    missing: usize,
    /// Spans that come in traces of the program's own.
    outside: u32,
    /// The wire log is cut.
    torn: bool,
    /// Spans that the receiver refused, from the first on; and whether it refused a request that it did not read.
    refused: usize,
    unread: bool,
    /// Requests without an answer, from the first on.
    unanswered: u32,
    /// The sampler of the variant, and where the trace begins.
    sampler: Option<SamplerKind>,
    root: Option<Root>,
    /// Spans per request that the scenario speaks of.
    said: Option<u32>,
}

fn tell(story: &Story) -> (TrialResult, RunResult) {
    let mut plan =
        World { spans: vec![super::common::started(); REQUESTS as usize], ..World::default() }.plan();
    let service = &mut plan.services[0];
    service.spans_per_request = NonZeroU32::new(story.said.unwrap_or(EACH)).unwrap();
    service.witness = WitnessMode::Off;
    service.root = story.root;
    service.exporter.sampler = story.sampler;
    service.exporter.ratio = story.sampler.filter(|sampler| sampler.takes_ratio()).map(|_| 0.5);
    if !story.fixture {
        service.command = vec!["own".to_owned()];
    }
    let world = World::default();
    let mut logs: TrialLogs = world.logs(&plan);
    logs.manifest.processes[0].ledger = None;
    logs.ledgers = vec![None];
    logs.load = Some(load_log(&plan, story.unanswered).into());
    let mut records: Vec<SpanRecord> = own_spans(&plan).skip(story.missing).collect();
    records.extend((0..story.outside).map(|n| record(TraceId([9; 16]), 1_000_000 + u64::from(n))));
    for (n, record) in records.iter_mut().take(story.refused).enumerate() {
        // Whether by a limit or by a fault: it did arrive, and was not accepted.
        record.disposition = if n % 2 == 0 { Disposition::Failed } else { Disposition::Refused };
    }
    let mut wire = write_wire(&records);
    if story.unread {
        // The first request's record, behind the header, says that it was refused and had no span.
        wire[65] = 2;
        wire[84..88].fill(0);
    }
    if story.torn {
        wire.truncate(wire.len() - 64);
    }
    logs.wire = Some(wire.into());
    conclude(&plan, &logs)
}

fn own_spans(plan: &Plan) -> impl Iterator<Item = SpanRecord> {
    let tag = plan.trials[0].tag;
    (0..REQUESTS).flat_map(move |request| {
        (0..EACH).map(move |n| record(tag.trace_id(request), u64::from(request * EACH + n + 1)))
    })
}

fn record(trace: TraceId, span: u64) -> SpanRecord {
    SpanRecord {
        request: 0,
        key: SpanKey { trace, span: SpanId(span.to_be_bytes()) },
        parent: SpanId::default(),
        name: 0,
        service: 0,
        kind: 0,
        disposition: Disposition::Accepted,
        start_wall: 0,
        end_wall: 0,
    }
}

#[test]
fn what_never_arrived_is_counted_as_lost_and_given_no_name() {
    let (trial, run) = tell(&Story { missing: 7, ..Story::default() });
    let lost = &trial.ledger.fates[&Fate::LostBeforeReceiver];
    assert_eq!((lost.total, lost.measured, lost.counted, lost.exemplars.len()), (7, 7, 7, 0));
    assert_eq!((trial.ledger.created, trial.loss.due, trial.loss.lost), (60, 60, 7));
    // A loss is data: nothing was expected, so nothing fails, and no witness that was promised is missing.
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
}

#[test]
fn a_fixture_without_its_witness_is_counted_alike() {
    let (trial, _) = tell(&Story { fixture: true, missing: 4, ..Story::default() });
    assert_eq!(trial.ledger.total(Fate::LostBeforeReceiver), 4);
    let (trial, run) = tell(&Story { fixture: true, outside: 1, ..Story::default() });
    assert_eq!(trial.ledger.unexpected.count, 1);
    assert_eq!(run.verdict, Verdict::AccountingBroken);
}

#[test]
fn where_the_wire_has_a_gap_nothing_is_called_lost() {
    let (trial, run) = tell(&Story { missing: 7, torn: true, ..Story::default() });
    assert_eq!((trial.ledger.total(Fate::LostBeforeReceiver), trial.ledger.unaccounted.count), (0, 7));
    assert_eq!(run.verdict, Verdict::Inconclusive);
}

#[test]
fn traces_of_the_programs_own_leave_the_missing_spans_open_and_say_what_to_do() {
    let (trial, run) = tell(&Story { missing: 60, outside: 60, ..Story::default() });
    assert_eq!((trial.ledger.outside, trial.ledger.unaccounted.count), (60, 60));
    assert_eq!(run.verdict, Verdict::Inconclusive);
    assert!(run.reasons.iter().any(|reason| reason.contains("SetTextMapPropagator")), "{:?}", run.reasons);
    // Beside complete traces they are nobody's loss.
    let (trial, run) = tell(&Story { outside: 2, ..Story::default() });
    assert_eq!((trial.ledger.outside, trial.ledger.unaccounted.count), (2, 0));
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
}

#[test]
fn a_wrong_number_of_spans_per_request_is_the_scenarios_mistake() {
    let (trial, run) = tell(&Story { said: Some(2), ..Story::default() });
    let surplus = trial.ledger.surplus.unwrap();
    assert_eq!((surplus.spans, surplus.most), (20, 3));
    assert_eq!(run.verdict, Verdict::Inconclusive);
}

#[test]
fn what_the_receiver_refused_did_arrive() {
    let (trial, run) = tell(&Story { refused: 5, missing: 2, ..Story::default() });
    let refused = &trial.ledger.fates[&Fate::RefusedByReceiver];
    assert_eq!((refused.total, refused.counted, refused.exemplars.len()), (5, 0, 5));
    assert_eq!(trial.ledger.total(Fate::LostBeforeReceiver), 2);
    assert_eq!((trial.ledger.created, trial.loss.due, trial.loss.lost), (60, 60, 7));
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
    let (trial, run) = tell(&Story { unread: true, missing: 2, ..Story::default() });
    assert_eq!((trial.ledger.total(Fate::LostBeforeReceiver), trial.ledger.unaccounted.count), (0, 2));
    assert_eq!(run.verdict, Verdict::Inconclusive);
}

#[test]
fn what_a_sampler_may_have_left_out_is_not_called_lost() {
    let stories = [
        (Some(SamplerKind::TraceIdRatio), None, 7),
        (Some(SamplerKind::AlwaysOff), None, 7),
        (None, Some(Root::RemoteUnsampled), 7),
        (Some(SamplerKind::AlwaysOn), Some(Root::RemoteUnsampled), 0),
        (Some(SamplerKind::ParentBasedAlwaysOn), None, 0),
    ];
    for (sampler, root, open) in stories {
        let (trial, run) = tell(&Story { sampler, root, missing: 7, ..Story::default() });
        let lost = trial.ledger.total(Fate::LostBeforeReceiver);
        assert_eq!((lost, trial.ledger.unaccounted.count), (7 - open, open), "{sampler:?} {root:?}");
        assert_eq!(run.verdict, if open > 0 { Verdict::Inconclusive } else { Verdict::Pass });
    }
}

#[test]
fn spans_of_a_request_without_an_answer_are_nobodys_count() {
    let (trial, _) = tell(&Story { unanswered: 2, missing: 4, ..Story::default() });
    // Three of the first and one of the second: perhaps lost, perhaps never made.
    assert_eq!((trial.ledger.created, trial.loss.lost, trial.ledger.uncounted), (56, 0, 4));
    assert!(!trial.is_valid(Basis::Loss), "{:?}", trial.validity);
    let (trial, _) = tell(&Story { unanswered: 2, ..Story::default() });
    assert_eq!(trial.ledger.uncounted, 0);
}

fn load_log(plan: &Plan, unanswered: u32) -> Vec<u8> {
    let mut records: Vec<_> = load::read(&World::load_log(plan)).collect();
    for record in records.iter_mut().take(unanswered as usize) {
        (record.outcome, record.status) = (RequestOutcome::BadStatus, 500);
    }
    records.iter().flat_map(load::LoadRecord::write).collect()
}
