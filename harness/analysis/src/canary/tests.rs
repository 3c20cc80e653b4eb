//! Histories of spans, and the outcome of each.

use spanfate_model::finding::canary::{CanaryResult, CanaryTask};
use spanfate_model::verdict::Verdict;

use super::*;

const S: u64 = 1_000_000_000;
const WALL: u64 = 1_800_000_000_000_000_000;

fn mint() -> CanaryMint {
    CanaryMint::new(0xbeef, 5, 3)
}

fn books(asked: bool) -> CanaryBooks {
    CanaryBooks::new(
        mint(),
        CanaryTerms { deadline: 10 * S, patience: 20 * S, asked, at_once: false },
        100 * S,
    )
}

fn taken(books: &mut CanaryBooks, number: u32, at: u64) {
    books.sent(number, at, WALL + at);
    books.answered(number, CanaryDoor::Taken { rejected: 0 });
}

fn task(max_loss: f64, strict: bool) -> CanaryTask {
    CanaryTask {
        to: String::new(),
        protocol: "grpc".to_owned(),
        from: String::new(),
        rate_per_s: 1.0,
        services: 3,
        spans_per_trace: 5,
        deadline_s: 10.0,
        patience_s: 20.0,
        seed: 5,
        instance: mint().instance(),
        max_loss,
        strict,
    }
}

fn found(books: &CanaryBooks) -> CanaryResult {
    let found = books.result(&task(0.0, false));
    assert!(found.counts.closes(), "{found:?}");
    assert_eq!(found.windows.iter().map(|window| window.counts.sent).sum::<u64>(), found.counts.sent);
    found
}

/// Counts in the order of the outcomes.
fn counts(books: &CanaryBooks) -> [u64; 8] {
    let found = found(books);
    CanaryOutcome::ALL.map(|outcome| found.counts.of(outcome))
}

#[test]
fn each_span_that_comes_by_itself_gets_one_outcome() {
    let mut books = books(false);
    taken(&mut books, 0, 100 * S);
    let span = |index| mint().span(0, index, WALL + 100 * S);
    books.came(&span(0), 101 * S);
    books.came(&CanarySpan { name: "other".to_owned(), kind: 5, ..span(1) }, 101 * S);
    books.came(&span(2), 101 * S);
    books.came(&span(2), 103 * S);
    books.came(&span(3), 111 * S);
    books.settle(119 * S);
    assert_eq!(books.open(), 1, "the last one may still come");
    books.settle(120 * S);
    assert_eq!(counts(&books), [1, 1, 1, 1, 1, 0, 0, 0]);
    let found = found(&books);
    assert_eq!(found.damaged_fields, BTreeMap::from([(SpanField::Name, 1), (SpanField::Kind, 1)]));
    let details: Vec<(&str, &str)> =
        found.samples.iter().map(|one| (one.outcome.name(), one.detail.as_str())).collect();
    let expected =
        [("late", "after 11.0 s"), ("duplicate", "2 copies"), ("damaged", "name, kind"), ("lost", "")];
    assert_eq!(details, expected);
    assert_eq!((found.verdict, found.failed_share), (Verdict::Fail, 0.4));
    // What comes now is not forgotten, and changes nothing.
    books.came(&span(4), 130 * S);
    assert_eq!(counts(&books), [1, 1, 1, 1, 1, 0, 0, 0]);
    assert_eq!(books.result(&task(0.0, false)).after_the_end, 1);
}

#[test]
fn what_is_complete_is_settled_at_the_deadline_and_copies_until_then_count() {
    let mut books = books(false);
    taken(&mut books, 7, 100 * S);
    mint().trace(7, WALL + 100 * S).iter().for_each(|span| books.came(span, 101 * S));
    books.settle(109 * S);
    assert_eq!(books.open(), 1);
    books.came(&mint().span(7, 0, WALL + 100 * S), 109 * S);
    books.settle(110 * S);
    assert_eq!(counts(&books), [4, 0, 1, 0, 0, 0, 0, 0]);
    assert_eq!(found(&books).verdict, Verdict::Pass);
    assert_eq!(
        books.result(&task(0.0, true)).verdict,
        Verdict::Fail,
        "a duplicate counts where one is strict"
    );
    assert_eq!(books.result(&task(0.2, true)).verdict, Verdict::Pass, "one of five is not more than 20 %");
}

#[test]
fn what_the_endpoint_did_not_take_is_refused_by_its_status() {
    let mut books = books(false);
    for (number, door) in [
        CanaryDoor::Refused("HTTP 429".to_owned()),
        CanaryDoor::Unanswered("none within 10 s".to_owned()),
        CanaryDoor::Unreachable("connection refused".to_owned()),
        CanaryDoor::Taken { rejected: 2 },
    ]
    .into_iter()
    .enumerate()
    {
        books.sent(number as u32, 100 * S, WALL);
        books.answered(number as u32, door);
    }
    // Without an answer yet: nobody knows whom to blame.
    books.sent(9, 100 * S, WALL);
    books.came(&mint().span(1, 0, WALL), 101 * S);
    books.settle(120 * S);
    assert_eq!(books.open(), 1);
    assert_eq!(counts(&books), [1, 0, 0, 0, 3, 16, 0, 0]);
    let found = found(&books);
    let expected = [
        ("HTTP 429", 5),
        ("no answer: none within 10 s", 4),
        ("partial success", 2),
        ("unreachable: connection refused", 5),
    ];
    assert_eq!(found.refusals, expected.map(|(what, count)| (what.to_owned(), count)).into());
    assert_eq!(found.received_though_refused, 1);
}

#[test]
fn of_a_reader_that_is_asked_late_is_what_was_looked_for_in_vain() {
    let mut books = books(true);
    taken(&mut books, 0, 100 * S);
    let look = |indices: &[u32]| CanaryLook {
        spans: indices.iter().map(|index| mint().span(0, *index, WALL + 100 * S)).collect(),
        precision: 1,
    };
    books.looked(0, 101 * S, &look(&[0]));
    // The question at the deadline shows one that nobody had asked for since it came.
    books.looked(0, 110 * S, &look(&[0, 1, 2, 2]));
    books.looked(0, 115 * S, &look(&[0, 1, 2, 2, 3]));
    books.settle(1000 * S);
    assert_eq!(books.open(), 1, "the reader says when");
    books.closed(0, true);
    assert_eq!(counts(&books), [2, 1, 1, 0, 1, 0, 0, 0]);
}

#[test]
fn without_an_answer_of_the_reader_nothing_is_lost() {
    let mut books = books(true);
    for number in 0..2 {
        taken(&mut books, number, 100 * S);
    }
    books.unread("HTTP 500".to_owned());
    books.closed(0, false);
    books.cut();
    assert_eq!(counts(&books), [0, 0, 0, 0, 0, 0, 5, 5]);
    let found = found(&books);
    assert_eq!((found.verdict, found.reader_errors), (Verdict::Inconclusive, 1));
    assert_eq!(found.reader_error.as_deref(), Some("HTTP 500"));
}

#[test]
fn spans_of_others_do_not_count_and_wrong_ids_are_told() {
    let mut books = books(false);
    taken(&mut books, 0, 100 * S);
    books.came(&CanaryMint::new(1, 5, 3).span(0, 0, WALL), 101 * S);
    books.came(&CanarySpan { span: mint().span_id(1, 0), ..mint().span(0, 0, WALL) }, 101 * S);
    books.settle(120 * S);
    assert_eq!(counts(&books), [0, 0, 0, 0, 5, 0, 0, 0]);
    let found = found(&books);
    assert_eq!(found.unknown_spans, 1);
    assert_eq!(found.reasons.len(), 2, "that nothing came at all is said: {:?}", found.reasons);
}
