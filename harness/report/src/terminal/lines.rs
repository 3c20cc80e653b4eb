//! What follows the table: lost fates, books, witnesses, expectations, verdict.

use std::collections::BTreeMap;

use spanfate_model::fate::witness::WitnessState;
use spanfate_model::fate::{ExportCause, Fate, FateClass};
use spanfate_model::result::RunResult;
use spanfate_model::scenario::expect::Condition;
use spanfate_model::term::Term;
use spanfate_model::verdict::Verdict;

use super::ink::{TermInk, paint};
use crate::figures::sums::{self, Books, trials};
use crate::text::fit::clean;
use crate::text::number::TERMINAL;
use crate::text::words;

/// Ids that are listed when the books do not close.
const IDS: usize = 5;

/// A line with its title before it.
pub(crate) fn titled(title: &str, text: &str) -> String {
    format!("{} {text}", paint(TermInk::Bold, &format!("{title:<11}")))
}

/// What became of the spans of a program of the user's own, first of all.
pub(crate) fn first(result: &RunResult) -> Option<String> {
    if !result.plan.subject().is_own() || result.variants.len() != 1 {
        return None;
    }
    let books = Books::of_run(result);
    let due = books.created.saturating_sub(books.deliberate);
    let unknown = books.unexplained + books.unaccounted;
    let spans = |n: u64| TERMINAL.counted(n, "span", "spans");
    let outside: u64 = trials(result).map(|(_, trial)| trial.ledger.outside).sum();
    let mut besides = String::new();
    if unknown > 0 {
        besides += &format!("; what became of {} is not known", spans(unknown));
    }
    if outside > 0 {
        besides += &format!("; {} came in traces that the load did not begin", spans(outside));
    }
    let elsewhere: u64 = trials(result).map(|(_, trial)| trial.ledger.total(Fate::SentElsewhere)).sum();
    let counted: u64 = trials(result).map(|(_, trial)| trial.spans_counted()).sum();
    let (ink, text) = match (books.created, due, books.lost) {
        (0, ..) if counted > 0 => {
            (TermInk::Warn, format!("What became of {} is not known: none could be followed", spans(counted)))
        }
        (0, ..) => (TermInk::Warn, "No span was created".to_owned()),
        (created, 0, _) if elsewhere > 0 => {
            let text = format!(
                "{} of {} were sent elsewhere, and none came here",
                TERMINAL.count(elsewhere),
                spans(created)
            );
            (TermInk::Warn, text)
        }
        (created, 0, _) => (TermInk::Warn, format!("None of {} was meant to arrive", spans(created))),
        (_, due, lost) if lost > 0 => {
            (TermInk::Bad, format!("{} of {} were lost{besides}", TERMINAL.count(lost), spans(due)))
        }
        (_, due, _) if unknown > 0 => {
            (TermInk::Warn, format!("{} of {} arrived{besides}", TERMINAL.count(books.received), spans(due)))
        }
        (_, due, _) => (TermInk::Good, format!("0 of {} were lost", spans(due))),
    };
    Some(paint(ink, &text))
}

/// One line per lost fate.
pub(crate) fn lost(result: &RunResult) -> Vec<String> {
    let fates = sums::fates(&result.variants);
    let lost: Vec<_> = fates.iter().filter(|(fate, _)| fate.class() == FateClass::Lost).collect();
    if lost.is_empty() {
        return vec![titled("lost", "no span")];
    }
    let line = |at: usize, text: String| titled(if at == 0 { "lost" } else { "" }, &text);
    lost.iter()
        .enumerate()
        .map(|(at, (fate, (total, _)))| {
            let silent = if fate.is_silent() { "; by default the SDK does not report it" } else { "" };
            let unknown = match fate {
                Fate::ExportFailed(ExportCause::Other) => said(result),
                _ => String::new(),
            };
            line(at, format!("{} {fate}: {}{silent}{unknown}", TERMINAL.count(*total), fate.explain()))
        })
        .collect()
}

/// What an error says whose cause has no name.
fn said(result: &RunResult) -> String {
    let mut trials = result.variants.iter().flat_map(|variant| &variant.trials);
    let first = trials.find_map(|trial| trial.exports.unknown_error.as_deref());
    first.map_or_else(String::new, |text| format!("; the first error says: {}", clean(text)))
}

/// The identity over the whole run.
pub(crate) fn books(result: &RunResult) -> Vec<String> {
    let books = Books::of_run(result);
    let n = |count: u64| TERMINAL.count(count);
    let alarm = |name: &str, count: u64| {
        let text = format!("{name} {}", n(count));
        if count > 0 { paint(TermInk::Bad, &text) } else { text }
    };
    let mut text = format!(
        "created {} = received {} + lost {} + not meant to arrive {} + {} + {}; {}",
        n(books.created),
        n(books.received),
        n(books.lost),
        n(books.deliberate),
        alarm("unexplained", books.unexplained),
        alarm("unaccounted", books.unaccounted),
        alarm("unexpected", books.unexpected),
    );
    if books.repeated > 0 {
        text = format!("{text}; received more than once {}", n(books.repeated));
    }
    if books.reported_failed > 0 {
        text = format!(
            "{text}; received although the SDK was told that the export had failed {}",
            n(books.reported_failed)
        );
    }
    if books.made_again > 0 {
        text = format!(
            "{text}; {} of calls that clients made again by themselves are in no other number",
            TERMINAL.counted(books.made_again, "span", "spans")
        );
    }
    vec![titled("books", &format!("{text} (whole run, warm-up included)"))]
}

/// The first ids that cannot be placed.
pub(crate) fn unplaced(result: &RunResult) -> Vec<String> {
    let broken = sums::contradictions(result);
    let broken = broken.iter().map(|(count, what)| format!("{} spans {what}", TERMINAL.count(*count)));
    let mut out: Vec<String> = broken.map(|text| titled("broken", &paint(TermInk::Bad, &text))).collect();
    for (what, pick) in sums::LISTS {
        let all: Vec<_> = trials(result).flat_map(|(_, trial)| pick(&trial.ledger).ids.iter()).collect();
        let count: u64 = trials(result).map(|(_, trial)| pick(&trial.ledger).count).sum();
        for key in all.iter().take(IDS) {
            out.push(titled(
                "",
                &paint(TermInk::Bad, &format!("{what} trace {} span {}", key.trace, key.span)),
            ));
        }
        let more = count.saturating_sub(all.len().min(IDS) as u64);
        if more > 0 {
            out.push(titled("", &format!("and {} more {what}", TERMINAL.count(more))));
        }
    }
    out
}

/// How the witnesses ended, alike ones together.
pub(crate) fn witnesses(result: &RunResult) -> Vec<String> {
    let mut states: BTreeMap<(u8, &str, String), u64> = BTreeMap::new();
    let mut all = 0;
    for (_, trial) in trials(result) {
        all += 1;
        for report in &trial.witnesses {
            let (order, state) = match &report.state {
                WitnessState::Complete => (0, "complete".to_owned()),
                WitnessState::Lossy(0) => (1, "has a gap of unknown size".to_owned()),
                WitnessState::Lossy(n) => {
                    (1, format!("lost {}", TERMINAL.counted(*n, "statement", "statements")))
                }
                WitnessState::Absent(why) => (2, format!("absent ({})", clean(why))),
            };
            *states.entry((order, report.witness.as_str(), state)).or_default() += 1;
        }
    }
    let parts: Vec<String> = states
        .iter()
        .map(|((order, name, state), n)| {
            let text = format!("{name} {state}");
            let text = if *n < all { format!("{text} in {n} of {all} trials") } else { text };
            if *order == 1 { paint(TermInk::Warn, &text) } else { text }
        })
        .collect();
    if parts.is_empty() { Vec::new() } else { vec![titled("witnesses", &parts.join("; "))] }
}

/// What the harness could not do.
pub(crate) fn errors(result: &RunResult) -> Vec<String> {
    trials(result)
        .filter_map(|(variant, trial)| {
            let error = trial.error.as_ref()?;
            let text = format!("trial {} ({}): {}", trial.index, clean(&variant.name), clean(error));
            Some(titled("error", &paint(TermInk::Bad, &text)))
        })
        .collect()
}

const fn ink(verdict: Verdict) -> TermInk {
    match verdict {
        Verdict::Pass => TermInk::Good,
        Verdict::Inconclusive => TermInk::Warn,
        Verdict::Fail | Verdict::AccountingBroken => TermInk::Bad,
    }
}

/// The expectations: what holds is summed up per condition, the rest has a line each.
pub(crate) fn expectations(result: &RunResult) -> Vec<String> {
    let mut out = Vec::new();
    let mut passed: Vec<(&Term<Condition>, Option<&str>, Vec<String>)> = Vec::new();
    let mut judged: Vec<_> = result.expectations.iter().collect();
    judged.sort_by_key(|judged| std::cmp::Reverse(judged.verdict));
    for judged in judged {
        let name = clean(&judged.variant);
        if judged.verdict == Verdict::Pass {
            let footing = words::footing(judged);
            match passed.iter_mut().find(|(that, on, _)| **that == judged.that && *on == footing) {
                Some((_, _, names)) => names.push(name),
                None => passed.push((&judged.that, footing, vec![name])),
            }
            continue;
        }
        let reason = words::why(judged).map(|why| format!(": {}", clean(&why))).unwrap_or_default();
        let word = paint(ink(judged.verdict), words::verdict(judged.verdict));
        out.push(titled("expected", &format!("{word} {} for {name}{reason}", clean(&judged.that.text()))));
    }
    for (that, footing, names) in passed {
        let word = paint(TermInk::Good, words::verdict(Verdict::Pass));
        let who = if names.len() > 3 { format!("{} variants", names.len()) } else { names.join(", ") };
        let footing = footing.map(|footing| format!(": {footing}")).unwrap_or_default();
        out.push(titled("expected", &format!("{word} {} for {who}{footing}", clean(&that.text()))));
    }
    out
}

/// The verdict and its reasons, worst first.
pub(crate) fn verdict(result: &RunResult) -> Vec<String> {
    // A pass that lost spans is none to be glad of.
    let ink = match result.verdict {
        Verdict::Pass if result.expectations.is_empty() && words::lost(result) > 0 => TermInk::Warn,
        verdict => ink(verdict),
    };
    let word = paint(ink, &words::verdict(result.verdict).to_uppercase());
    let mut out = vec![titled("verdict", &format!("{word}  {}", words::sentence(result)))];
    out.extend(result.reasons.iter().map(|reason| titled("", &format!("- {}", clean(reason)))));
    out
}
