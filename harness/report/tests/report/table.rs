//! The summary for a terminal.

use spanfate_model::result::RunResult;
use spanfate_report::{TableStyle, explained, table};

use crate::sample;

pub(crate) fn plain(result: &RunResult, width: u16) -> String {
    table(result, TableStyle { color: false, width: Some(width) })
}

#[test]
fn lines_fit_the_terminal() {
    for result in vec![
        sample::nine(),
        sample::repeated(),
        sample::broken(),
        sample::interrupted(),
        sample::aborted(),
        sample::chain(),
        sample::many(60),
        sample::chatty(),
        sample::own(),
        sample::pair(),
        sample::planted(),
        sample::faulty(),
        sample::repeatedly(),
        sample::contextless(),
        sample::forked(),
        sample::forked_once(),
    ] {
        for width in [80, 100, 110, 120, 140, 200] {
            for line in plain(&result, width).lines() {
                assert!(line.chars().count() <= usize::from(width), "wider than {width}: {line}");
            }
        }
    }
}

#[test]
fn at_140_columns_nothing_is_left_out_and_at_100_it_is_said() {
    let (wide, narrow) = (plain(&sample::nine(), 140), plain(&sample::nine(), 100));
    assert!(!wide.contains("not shown"));
    assert!(narrow.contains("(not shown at this width: spans created, CPU cores RSS MiB"), "{narrow}");
    for text in [&wide, &narrow] {
        for name in
            ["SDK defaults", "queue 1000, batch", "answer after 30 ms", "31.66 %", "queue full", "63,311"]
        {
            assert!(text.contains(name), "{name} is missing at one width");
        }
    }
    for column in ["started/of", "created", "received", "p50/p99/p99.9", "receipt", "CPU cores", "RSS MiB"] {
        assert!(wide.contains(column), "{column} is missing");
    }
}

#[test]
fn nothing_lost_is_said_with_the_number_it_rests_on() {
    let text = plain(&sample::nine(), 140);
    assert_eq!(text.matches("0 of 200,000").count(), 6);
    assert!(!text.contains("0.00 %") && !text.contains(" 0 %"), "{text}");
    assert!(plain(&sample::nine(), 140).contains("0.030 %"), "a small loss must not vanish");
}

#[test]
fn clean_trials_say_how_probable_a_lossy_one_still_is() {
    let mut result = sample::repeated();
    for variant in result.variants.iter_mut().filter(|variant| variant.summary.lost == 0) {
        variant.summary.lossy_bound = Some(0.4507);
    }
    let text = plain(&result, 140);
    assert_eq!(text.matches("5/5 trials clean").count(), text.matches("0 of 1,000,000").count(), "{text}");
    assert!(text.contains("lossy ≤ 45 %") && text.contains("(lossy: how probable"), "{text}");
    assert!(!plain(&sample::nine(), 140).contains("lossy"));
}

#[test]
fn an_interval_needs_several_trials() {
    assert!(!plain(&sample::nine(), 140).contains("interval"));
    let text = plain(&sample::repeated(), 140);
    assert!(text.contains("31.54 … 32.54 %") && text.contains("95 % t interval"), "{text}");
}

#[test]
fn books_witnesses_and_verdict_follow() {
    let text = plain(&sample::nine(), 200);
    for line in [
        "created 2,025,000 = received 1,826,070 + lost 198,930 + not meant to arrive 0 + unexplained 0 + unaccounted 0; \
         unexpected 0 (whole run, warm-up included)",
        "198,320 dropped_queue_full: the batch processor's queue was full when the span ended",
        "probe absent (eBPF is not part of this version)",
        "fail loss.rate <= 0.1 % for answer after 30 ms: measured 31.655 %",
        "pass duplicates == 0 for 9 variants",
        "FAIL  2 of 18 expectations do not hold.",
        "! latency spoilt",
    ] {
        assert!(text.contains(line), "{line}\nis missing in\n{text}");
    }
}

#[test]
fn a_broken_or_broken_off_run_says_so() {
    let text = plain(&sample::broken(), 140);
    assert!(
        text.contains("ACCOUNTING BROKEN")
            && text.contains("unexplained 73")
            && text.contains("unexpected 2")
    );
    assert!(text.contains("broken      73 spans are unexplained"));
    assert!(text.contains("span bad0000000000000") && text.contains("and 68 more unexplained"));
    let text = plain(&sample::interrupted(), 140);
    assert!(text.contains("This run was interrupted: 3 of 9 planned trials are complete"));
    assert!(plain(&sample::aborted(), 140).contains("No trial was begun."));
}

#[test]
fn colour_only_if_asked_and_then_balanced() {
    let result = sample::nine();
    assert!(!plain(&result, 140).contains('\u{1b}'));
    let text = table(&result, TableStyle { color: true, width: None });
    assert!(text.contains("\u{1b}[31m") && text.contains("\u{1b}[32m") && text.contains("\u{1b}[33m"));
    for line in text.lines() {
        assert_eq!(line.matches("\u{1b}[").count(), 2 * line.matches("\u{1b}[0m").count(), "{line:?}");
    }
}

#[test]
fn the_same_result_gives_the_same_bytes() {
    let result = sample::repeated();
    assert_eq!(plain(&result, 120), plain(&result.clone(), 120));
}

#[test]
fn an_explained_span_says_its_cause_first_and_aligns_its_times() {
    let examples = sample::single().variants.swap_remove(0).trials.swap_remove(0).examples;
    let text = explained(&examples[..1], TableStyle { color: false, width: Some(100) });
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "dropped_queue_full");
    assert!(lines[1].starts_with("  because   dropped: the queue was full, 2,048 of 2,048, while"), "{text}");
    assert!(lines.iter().all(|line| line.chars().count() <= 100), "{text}");
    let steps: Vec<&&str> = lines.iter().skip_while(|line| !line.ends_with("what")).collect();
    assert_eq!(steps.len(), 5);
    assert_eq!(*steps[1], "  1,239.800  load       request 6200 sent, 0.01 ms late");
    assert_eq!(*steps[4], "  1,241.750  harness    the fault `outage` on receiver ended");
    assert!(text.contains("faults    outage (down) on receiver, from 1,000 ms to the end"), "{text}");
}
