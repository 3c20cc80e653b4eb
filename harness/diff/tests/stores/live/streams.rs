//! What a live comparison says is what is said of the same spans in files; and what it cannot read or hold makes a side incomplete.

use proptest::collection::vec;
use proptest::prelude::*;
use spanfate_diff::{DiffTask, LEAST_MEMORY, LiveDiff, LiveMessage, LiveSide};
use spanfate_model::verdict::Verdict;

use super::{Arrival, watched};
use crate::spans::{TestSpan, TestWorld, world};
use crate::{compared, write};

/// How long a span waits, milliseconds.
const WINDOW: u64 = 50;

/// How a span comes.
#[derive(Clone, Debug)]
struct Coming {
    /// When it is first seen.
    first: u64,
    /// How much later on each side, for each copy; none where that side never gets it.
    left: Vec<u64>,
    right: Vec<u64>,
    /// The right side has another name for it.
    renamed: bool,
    json: bool,
}

fn coming() -> impl Strategy<Value = Coming> {
    let copies = || {
        prop_oneof![1 => Just(0..1), 8 => Just(1..2), 1 => Just(2..3)]
            .prop_flat_map(|many| vec(0..=WINDOW, many))
    };
    (0..400_u64, copies(), copies(), proptest::bool::weighted(0.1), any::<bool>()).prop_map(
        |(first, mut left, mut right, renamed, json)| {
            // Somebody sees it first.
            if let Some(one) = left.first_mut().or(right.first_mut()) {
                *one = 0;
            }
            Coming { first, left, right, renamed, json }
        },
    )
}

/// The spans of one side, once for each copy.
fn side(world: &TestWorld, comings: &[Coming], right: bool) -> Vec<(u64, TestSpan, bool)> {
    let mut out = Vec::new();
    for (span, coming) in world.spans.iter().zip(comings) {
        for later in if right { &coming.right } else { &coming.left } {
            let mut span = span.clone();
            if right && coming.renamed {
                span.name.push('!');
            }
            out.push((coming.first + later, span, coming.json));
        }
    }
    out
}

fn written(world: &TestWorld, spans: Vec<TestSpan>, json: bool) -> Vec<u8> {
    let world = TestWorld { spans, ..world.clone() };
    if json { write::otlp_json::document(&world) } else { write::protobuf::message(&world) }
}

/// Compares what comes, and the same in files.
fn check(world: &TestWorld, comings: &[Coming]) {
    let (left, right) = (side(world, comings, false), side(world, comings, true));
    let file = |side: &[(u64, TestSpan, bool)]| {
        written(world, side.iter().map(|(_, span, _)| span.clone()).collect(), false)
    };
    let task = DiffTask::default();
    let whole = compared(&file(&left), &file(&right), &task);
    let arrivals = [(LiveSide::Left, left), (LiveSide::Right, right)]
        .into_iter()
        .flat_map(|(of, spans)| spans.into_iter().map(move |(at_ms, span, json)| (at_ms, of, span, json)));
    let arrivals = arrivals.map(|(at_ms, side, span, json)| Arrival {
        at_ms,
        side,
        bytes: written(world, vec![span], json),
        json,
    });
    let done = watched(arrivals.collect(), WINDOW, &task);
    assert_eq!(done.found.counts, whole.counts, "{comings:?}");
    assert_eq!(done.found.traces, whole.traces, "{comings:?}");
    assert_eq!((&done.found.fields, done.found.verdict), (&whole.fields, whole.verdict));
    let live = done.found.live.unwrap();
    assert_eq!((live.late, live.copies_after), (0, 0));
    assert!(
        live.verdicts == 0 || (live.max_ms - WINDOW as f64).abs() < 1e-9,
        "a verdict comes when the window ends: {live:?}"
    );
    // Verdict by verdict it is the same as in all.
    let sum = done
        .verdicts
        .iter()
        .fold(spanfate_model::finding::diff::DiffCounts::default(), |sum, one| sum.plus(one.1.counts));
    assert_eq!(sum, whole.counts);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn odd_spans_are_judged_as_in_files(world in world(), comings in vec(coming(), 8)) {
        check(&world, &comings);
    }

    #[test]
    fn traces_are_judged_as_in_files_in_whatever_parts_they_come(comings in vec(coming(), 20)) {
        check(&TestWorld::plain(4), &comings);
    }
}

#[test]
fn a_message_that_cannot_be_read_makes_its_side_incomplete() {
    let whole = write::protobuf::message(&TestWorld::plain(2));
    for (bytes, json, why) in [
        (whole[..whole.len() - 3].to_vec(), false, "ends too early"),
        (b"\x0a\x07".to_vec(), false, "ends too early"),
        (b"{\"resourceSpans\":[{\"scopeSpans\":7}]}".to_vec(), true, "line 1, byte"),
    ] {
        let mut arrivals: Vec<Arrival> = [LiveSide::Left, LiveSide::Right]
            .map(|side| Arrival { at_ms: 0, side, bytes: whole.clone(), json: false })
            .into();
        arrivals.push(Arrival { at_ms: 1, side: LiveSide::Right, bytes, json });
        let found = watched(arrivals, WINDOW, &DiffTask::default()).found;
        // Spans that stand before what is wrong are copies, which a side that is not whole may have.
        assert_eq!((found.counts.both, found.counts.only_left + found.counts.only_right), (10, 0));
        assert!(found.left.incomplete.is_empty());
        let said = &found.right.incomplete[0];
        assert!(said.contains("1 messages could not be read") && said.contains(why), "{said}");
        assert_ne!(found.verdict, Verdict::Pass);
    }
    let nothing = watched(Vec::new(), WINDOW, &DiffTask::default()).found;
    assert_eq!(nothing.verdict, Verdict::Inconclusive);
}

#[test]
fn what_has_no_room_is_passed_over_on_both_sides_and_proves_nothing() {
    let task = DiffTask { memory: LEAST_MEMORY, ..DiffTask::default() };
    let mut live = LiveDiff::new(&task, 1000);
    // Some 40 MiB on each side, before anything is judged.
    for side in [LiveSide::Left, LiveSide::Right] {
        for from in 0..40 {
            let mut world = TestWorld::plain(500);
            for span in &mut world.spans {
                span.trace[0] = from;
            }
            let bytes = write::protobuf::message(&world);
            live.take(side, 5, &LiveMessage { bytes: &bytes, json: false });
        }
    }
    assert!(live.stands().waiting < 20_000);
    live.settle(usize::MAX, &mut || 2000, &mut |_| ());
    let found = live.finish(["a".to_owned(), "b".to_owned()], [Vec::new(), Vec::new()]);
    assert_eq!(
        (found.counts.differences(), found.verdict),
        (0, Verdict::Inconclusive),
        "{:?}",
        found.reasons
    );
    assert!(found.counts.both > 1000, "{:?}", found.counts);
    for side in [&found.left, &found.right] {
        assert_eq!(side.spans, 100_000);
        assert!(side.incomplete[0].contains("spans were passed over"), "{:?}", side.incomplete);
    }
}

#[test]
fn what_begins_after_the_end_is_left_out_and_what_waits_is_judged() {
    let task = DiffTask::default();
    let mut live = LiveDiff::new(&task, 100);
    let message = |world: &TestWorld| write::protobuf::message(world);
    let (first, mut second) = (TestWorld::plain(1), TestWorld::plain(1));
    for span in &mut second.spans {
        span.trace = [9; 16];
    }
    let come = |side, at, bytes: &[u8], live: &mut LiveDiff| {
        live.take(side, at, &LiveMessage { bytes, json: false });
    };
    come(LiveSide::Left, 10, &message(&first), &mut live);
    live.close();
    come(LiveSide::Left, 20, &message(&second), &mut live);
    come(LiveSide::Right, 30, &message(&first), &mut live);
    assert_eq!(live.settle(9, &mut || 110, &mut |_| ()), 1);
    let stands = live.stands();
    assert_eq!((stands.waiting, stands.counts.both, stands.counts.differences()), (0, 5, 0));
    let found = live.finish(["a".to_owned(), "b".to_owned()], [Vec::new(), Vec::new()]);
    assert_eq!(found.verdict, Verdict::Pass, "{:?}", found.reasons);
}
