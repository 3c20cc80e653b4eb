//! What is said first of a program of the user's own, and never "no loss" over spans that nobody counted as due.

use std::collections::BTreeMap;

use spanfate_model::books::ledger::{FateCount, Ledger};
use spanfate_model::fate::{Decider, ExitWay, Fate};
use spanfate_model::result::{Basis, Loss, RunResult, TrustCheck, Validity};
use spanfate_model::verdict::Verdict;
use spanfate_report::{TableStyle, html, table};

use crate::sample;

/// A program that was attached to, whose spans met these fates; `measured`: all of them, or none.
fn attached(fates: &[(Fate, u64)], measured: bool) -> RunResult {
    let mut result = sample::single();
    result.plan.services[0].command = vec!["./prog".to_owned()];
    result.plan.attached = true;
    (result.verdict, result.reasons, result.expectations) = (Verdict::Pass, Vec::new(), Vec::new());
    let created = fates.iter().map(|(_, spans)| spans).sum();
    let count = |spans: u64| FateCount {
        total: spans,
        measured: if measured { spans } else { 0 },
        ..FateCount::default()
    };
    let trial = &mut result.variants[0].trials[0];
    trial.ledger = Ledger {
        created,
        created_measured: if measured { created } else { 0 },
        fates: fates.iter().map(|(fate, spans)| (*fate, count(*spans))).collect::<BTreeMap<_, _>>(),
        ..Ledger::default()
    };
    trial.loss = Loss::default();
    let summary = &mut result.variants[0].summary;
    (summary.lost, summary.created, summary.received) = (0, 0, 0);
    (summary.lost_by_fate, summary.loss.mean) = (BTreeMap::new(), 0.0);
    result.insights.advice.clear();
    result
}

fn text(result: &RunResult) -> String {
    table(result, TableStyle::default())
}

#[test]
fn the_first_line_says_how_many_spans_were_lost() {
    let first = |fates: &[(Fate, u64)]| text(&attached(fates, true)).lines().next().unwrap().to_owned();
    let lost = Fate::LostInQueueAtExit(ExitWay::Exit);
    assert_eq!(first(&[(lost, 1000)]), "1,000 of 1,000 spans were lost");
    assert_eq!(first(&[(lost, 1), (Fate::Received, 2)]), "1 of 3 spans were lost");
    assert_eq!(first(&[(Fate::Received, 3)]), "0 of 3 spans were lost");
    assert_eq!(first(&[(Fate::NotSampled(Decider::Sampler), 7)]), "None of 7 spans was meant to arrive");
    assert_eq!(first(&[]), "No span was created");
    let mut open = attached(&[(Fate::Received, 3)], true);
    open.variants[0].trials[0].ledger.unaccounted.count = 2;
    open.variants[0].trials[0].ledger.created = 5;
    let open = text(&open);
    assert!(open.starts_with("3 of 5 spans arrived; what became of 2 spans is not known\n"), "{open}");
    // Of fixtures and of several variants the table says it.
    assert!(!text(&sample::single()).lines().next().unwrap().contains("were lost"));
}

#[test]
fn a_pass_that_lost_spans_is_not_green() {
    let coloured = |result: &RunResult| {
        let all = table(result, TableStyle { color: true, width: None });
        all.lines().find(|line| line.contains("PASS")).unwrap().to_owned()
    };
    let lost = attached(&[(Fate::LostInQueueAtExit(ExitWay::Exit), 1000)], true);
    let clean = attached(&[(Fate::Received, 1000)], true);
    assert!(
        coloured(&lost).contains("\u{1b}[33mPASS") && coloured(&clean).contains("\u{1b}[32mPASS"),
        "{:?}",
        coloured(&lost)
    );
    assert!(
        text(&lost).contains("PASS  All books close. No loss is a failure here, for nothing was expected.")
    );
    assert!(text(&clean).contains("PASS  All books close; nothing was expected beyond that."));
}

#[test]
fn where_no_span_was_due_neither_no_loss_nor_nothing_is_said() {
    let unmeasured = attached(&[(Fate::DroppedQueueFull, 6), (Fate::Received, 9)], false);
    let (shown, page) = (text(&unmeasured), html(&unmeasured, None));
    assert!(shown.contains("none was due") && !shown.contains("0 of 0"), "{shown}");
    assert!(page.contains("6 lost spans in all, none of them in the measured part"), "{page}");
    for never in ["What is set lost nothing", "No variant lost a span", "0 of 0"] {
        assert!(!page.contains(never), "{never}");
    }
    let nowhere = attached(&[(Fate::NotSampled(Decider::Sampler), 7)], true);
    assert!(html(&nowhere, None).contains("No span arrived and none was seen lost"));
}

#[test]
fn what_a_propagator_would_add_is_one_sentence() {
    let mut result = attached(&[(Fate::Received, 9)], true);
    assert!(!text(&result).contains("traceparent"));
    result.variants[0].trials[0].ledger.unnumbered = 9;
    let (shown, page) = (text(&result), html(&result, None));
    for all in [shown, page] {
        assert!(
            all.contains("9 spans carry no number of a request, because the program takes up no"),
            "{all}"
        );
        assert!(all.contains("otel.SetTextMapPropagator(propagation.TraceContext{})"), "{all}");
    }
}

#[test]
fn a_machine_that_cannot_carry_a_load_is_said_to_be_one() {
    let sentence = |checks: &[TrustCheck]| {
        let mut result = sample::single();
        result.verdict = Verdict::Inconclusive;
        result.expectations.iter_mut().for_each(|one| one.verdict = Verdict::Inconclusive);
        for trial in result.variants.iter_mut().flat_map(|variant| &mut variant.trials) {
            let mark = |check: &TrustCheck| Validity {
                figure: Basis::Loss.into(),
                check: (*check).into(),
                measured: 1.0,
                bound: 0.5,
                side: None,
                valid: false,
            };
            trial.validity = checks.iter().map(mark).collect();
        }
        let text = text(&result);
        let said = text.lines().find(|line| line.contains("INCONCLUSIVE")).unwrap().to_owned();
        said.split_once("This machine cannot carry ")
            .map(|(_, rest)| rest.split('.').next().unwrap().to_owned())
    };
    let said = |text: &str| Some(text.to_owned());
    assert_eq!(sentence(&[TrustCheck::Steal]), said("what is open while others take its time"));
    let quota = [TrustCheck::Throttled, TrustCheck::Started];
    assert_eq!(sentence(&quota), said("this load with what a CPU quota leaves of it"));
    // A late load alone may be anybody's doing, and a limit of the harness is its own.
    assert_eq!(sentence(&[TrustCheck::Started]), None);
    assert_eq!(sentence(&[TrustCheck::Steal, TrustCheck::Limits]), None);
    assert_eq!(sentence(&[]), None);
}
