//! Export paths, where a program has several: terminal, page, Markdown and explained spans.

use spanfate_model::books::ledger::PathSpread;
use spanfate_model::fate::FateClass;
use spanfate_model::result::RunResult;
use spanfate_report::{TableStyle, explained};

use crate::given::{html, markdown};
use crate::golden::holds;
use crate::page::whole::page;
use crate::sample;
use crate::table::plain;

/// The first path of the samples.
const FIRST: &str = "provider 1 · batch (queue 64) → otlp grpc";

#[test]
fn summaries_say_what_they_said_of_paths() {
    let (many, once) = (sample::forked(), sample::forked_once());
    holds("forked.txt", &plain(&many, 140));
    holds("forked-narrow.txt", &plain(&many, 80));
    holds("forked-once.txt", &plain(&once, 120));
    holds("forked.md", &markdown(&many));
}

#[test]
fn only_programs_with_several_paths_are_shown_by_path() {
    for result in [sample::nine(), sample::chain(), sample::own()] {
        assert!(!plain(&result, 140).contains("export path"));
        assert!(!markdown(&result).contains("Export path"));
        assert!(!html(&result).contains("id=\"paths\"") && !page(&result).text.contains("export path "));
    }
}

#[test]
fn what_a_path_lost_stands_everywhere_with_the_same_number() {
    let result = sample::forked_once();
    let lost = lost_on(&result, FIRST);
    let text = plain(&result, 140);
    let row = text.lines().find(|line| line.starts_with(FIRST));
    assert!(row.is_some_and(|row| row.contains("200,000 ") && row.contains(" 50,000 ")), "{text}");
    assert_eq!(lost, 50_000);
    let page = page(&result);
    let said = format!("Only on {FIRST}: 50,000 of 199,960 spans, queue full");
    assert!(page.text.contains(&said), "{}", page.text);
    assert!(
        page.text.contains("\u{202f}spans arrived on every path")
            || page.text.contains("spans arrived on every path")
    );
    assert!(markdown(&result).contains("| 50,000 |"), "{}", markdown(&result));
}

#[test]
fn the_first_screen_names_the_path_that_loses_most() {
    let result = sample::forked();
    let text = page(&result).text;
    let cards = text.split_once("\nIs anything lost?\n").unwrap().1;
    let card = cards.split_once("\nWhy?\n").unwrap().0;
    assert!(card.contains(&format!("Most on the export path {FIRST} (slow receiver · gateway)")), "{card}");
}

#[test]
fn trials_are_added_up_and_starts_are_kept_apart() {
    let mut result = sample::forked();
    let rows = |result: &_| {
        let text = plain(result, 200);
        let found = |line: &&str| line.starts_with(FIRST);
        text.lines().filter(found).map(str::to_owned).collect::<Vec<_>>()
    };
    // Two services without restarts, then one of them with two starts.
    assert_eq!(rows(&result).len(), 5);
    assert!(plain(&result, 200).contains("slow receiver · order · start 2"));
    for trial in result.variants.iter_mut().flat_map(|variant| &mut variant.trials) {
        trial.ledger.paths.retain(|books| books.incarnation == 0);
    }
    assert_eq!(rows(&result).len(), 4);
    assert!(!plain(&result, 200).contains("start 2"));
    let each = PathSpread { every: 1, some: 2, none: 3 };
    let trials = result.variants.iter_mut().flat_map(|variant| &mut variant.trials);
    trials.for_each(|trial| trial.ledger.spread = Some(each));
    let line = "fast receiver: received on every path 3, on some 6, on none 9";
    assert!(plain(&result, 200).contains(line), "{}", plain(&result, 200));
}

#[test]
fn a_counter_that_differs_and_spans_without_a_fate_are_marked() {
    let text = plain(&sample::forked(), 140);
    assert!(text.contains("! its processor counted") && text.contains("7 unaccounted"), "{text}");
    assert!(text.contains("offered to no path"));
    let once = plain(&sample::forked_once(), 140);
    assert!(!once.contains("its processor counted"), "{once}");
}

#[test]
fn an_explained_span_says_what_became_of_it_on_each_path() {
    let examples = sample::forked().variants.swap_remove(1).trials.swap_remove(0).examples;
    let text = explained(&examples[..1], TableStyle { color: false, width: Some(100) });
    assert!(text.contains(&format!("paths     {FIRST}: dropped_queue_full, at ")), "{text}");
    assert!(
        text.contains("\n            provider 2 · simple →\n")
            && text.contains("handed to the exporter in batch 3 of 1 span ("),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

/// Sums of the classes over all books of paths, to compare with what is shown.
fn lost_on(result: &RunResult, path: &str) -> u64 {
    let books =
        result.variants.iter().flat_map(|variant| &variant.trials).flat_map(|trial| &trial.ledger.paths);
    books.filter(|books| books.path == path).map(|books| books.class(FateClass::Lost).0).sum()
}
