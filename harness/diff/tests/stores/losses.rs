//! Every kind of loss is found, and named for what it does to its trace.

use spanfate_diff::DiffTask;
use spanfate_model::finding::diff::{DiffKind, LackingTraces};
use spanfate_model::verdict::Verdict;

use crate::spans::TestWorld;
use crate::{FORMATS, compared, write};

/// What the right side lacks after that change, in every format.
fn lacks(change: fn(&mut TestWorld)) -> Vec<(LackingTraces, u64)> {
    let (world, mut other) = (TestWorld::plain(4), TestWorld::plain(4));
    change(&mut other);
    let left = write::protobuf::message(&world);
    let one = |writer: fn(&TestWorld) -> Vec<u8>| {
        let found = compared(&left, &writer(&other), &DiffTask::default());
        assert_eq!(found.verdict, Verdict::Fail);
        assert_eq!(found.counts.both + found.counts.only_left, 20);
        // The same the other way round.
        let back = compared(&writer(&other), &left, &DiffTask::default());
        assert_eq!((back.traces.left, back.counts.only_right), (found.traces.right, found.counts.only_left));
        (found.traces.right, found.counts.only_left)
    };
    FORMATS.iter().map(|(_, writer)| one(*writer)).collect()
}

fn all(found: &[(LackingTraces, u64)], lacking: LackingTraces, spans: u64) {
    for one in found {
        assert_eq!(*one, (lacking, spans));
    }
}

#[test]
fn roots_inner_spans_leaves_and_whole_traces_that_are_missing_are_told_apart() {
    let none = LackingTraces::default();
    all(&lacks(|world| drop(world.spans.remove(5))), LackingTraces { headless: 1, ..none }, 1);
    all(&lacks(|world| drop(world.spans.remove(6))), LackingTraces { torn: 1, ..none }, 1);
    all(&lacks(|world| drop(world.spans.remove(9))), LackingTraces { shortened: 1, ..none }, 1);
    all(&lacks(|world| drop(world.spans.drain(5..10))), LackingTraces { absent: 1, ..none }, 5);
    all(
        &lacks(|world| {
            for at in [18, 15, 10, 6, 5, 1] {
                world.spans.remove(at);
            }
        }),
        LackingTraces { headless: 3, torn: 2, ..none },
        6,
    );
}

#[test]
fn spans_under_another_trace_are_found() {
    let (world, mut other) = (TestWorld::plain(3), TestWorld::plain(3));
    for at in 6..10 {
        other.spans[at].trace = [3; 16];
    }
    let found = compared(
        &write::otlp_json::document(&world),
        &write::protobuf::message(&other),
        &DiffTask::default(),
    );
    assert_eq!((found.counts.only_left, found.counts.only_right), (4, 4));
    assert_eq!((found.traces.moved_spans, found.traces.right.split, found.traces.moved_known), (4, 1, true));
    let moved = found.samples.iter().find(|one| one.kind == DiffKind::OnlyLeft).unwrap();
    assert_eq!(moved.moved_to.unwrap().0, [3; 16]);
}

#[test]
fn copies_are_found_and_equal_copies_on_both_sides_are_no_difference() {
    let (world, mut other) = (TestWorld::plain(2), TestWorld::plain(2));
    let copy = other.spans[3].clone();
    other.spans.push(copy.clone());
    for (format, writer) in FORMATS {
        let found = compared(&write::protobuf::message(&world), &writer(&other), &DiffTask::default());
        assert_eq!(found.counts.copies_right, 1, "{format}");
        assert_eq!((found.counts.both, found.counts.different), (10, 0), "{format}");
        assert_eq!(found.verdict, Verdict::Fail);
        let found = compared(&write::protobuf::message(&other), &writer(&other), &DiffTask::default());
        assert_eq!((found.counts.differences(), found.verdict), (0, Verdict::Pass), "{format}");
    }
    // A copy that is not the same as the other.
    let mut unlike = other.clone();
    "x".clone_into(&mut unlike.spans.last_mut().unwrap().name);
    let found =
        compared(&write::protobuf::message(&other), &write::protobuf::message(&unlike), &DiffTask::default());
    assert_eq!((found.counts.different, found.counts.copies_left, found.counts.copies_right), (1, 0, 0));
}

#[test]
fn differences_are_counted_by_service_and_by_time() {
    let (world, mut other) = (TestWorld::plain(200), TestWorld::plain(200));
    other.spans.truncate(500);
    let found = compared(
        &write::protobuf::message(&world),
        &write::otlp_json::document(&other),
        &DiffTask::default(),
    );
    assert_eq!((found.counts.only_left, found.traces.right.absent), (500, 100));
    assert_eq!(found.since_ns, Some(world.spans[500].start));
    let sum: u64 = found.services.iter().map(|one| one.counts.only_left).sum();
    let windows: u64 = found.windows.iter().map(|one| one.counts.only_left).sum();
    assert_eq!((sum, windows, found.services.len()), (500, 500, 2));
    let clean = found.windows.iter().take_while(|one| one.to_ns < world.spans[500].start);
    assert!(clean.clone().count() > 2 && clean.into_iter().all(|one| one.counts.differences() == 0));
}
