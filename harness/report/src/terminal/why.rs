//! Why spans were lost, variant by variant: causes with their shares and evidence, how well the replay fits, and what helps.

pub(crate) mod evaluation;
pub(crate) mod outside;
pub(crate) mod verify;

use spanfate_model::result::{Advised, LossCause, LossProof, RunResult, VariantResult, WorkerCycle};

use crate::answers::remedy_line;
use crate::terminal::TableStyle;
use crate::terminal::ink::{TermInk, finish, paint};
use crate::text::causes;
use crate::text::fit::{clean, wrap};
use crate::text::number::TERMINAL;
use crate::text::onsets::{self, MovedStep};
use crate::text::words;

/// Columns of text where the terminal does not say.
const WIDTH: usize = 140;
/// Fewest columns of text, however narrow the terminal is.
const LEAST: usize = 40;
/// Most lines of one row.
const LINES: usize = 6;
/// Columns of a title.
const TITLE: usize = 8;

/// All lossy variants, an empty line between two; ends with a newline.
pub(crate) fn render(result: &RunResult, style: TableStyle) -> String {
    let width = style.width.map_or(WIDTH, usize::from);
    let mut blocks: Vec<String> =
        result.insights.why.iter().map(|cause| block(result, cause, width)).collect();
    if blocks.is_empty() {
        blocks.push("No span was lost in the measured part, so there is nothing to explain.".to_owned());
    }
    finish(&(blocks.join("\n\n") + "\n"), style.color)
}

/// What to set in place of each lossy variant alone, with what it lost.
pub(crate) fn advice(result: &RunResult, style: TableStyle) -> String {
    let width = style.width.map_or(WIDTH, usize::from);
    let one = |cause: &LossCause| {
        let advised = result.insights.advice.iter().find(|one| one.variant == cause.variant);
        let rows = advised.map(|one| remedy(result, one)).into_iter().chain(collectors(result, cause));
        lines(&head(result, cause), &rows.collect::<Vec<_>>(), width)
    };
    let mut blocks: Vec<String> = result.insights.why.iter().map(one).collect();
    if blocks.is_empty() {
        blocks
            .push("No span was lost in the measured part: nothing needs to change at this load.".to_owned());
    }
    finish(&(blocks.join("\n\n") + "\n"), style.color)
}

fn block(result: &RunResult, cause: &LossCause, width: usize) -> String {
    let variant = result.variant(&cause.variant);
    let mut rows: Vec<(String, String)> = Vec::new();
    let proof = cause.proof.as_ref();
    for (fate, count) in variant.into_iter().flat_map(fates) {
        let share = TERMINAL.rough(count as f64 / cause.of.max(1) as f64);
        rows.push(("fate".to_owned(), format!("{share} {}: {}", fate.facts().short, fate.explain())));
    }
    rows.extend(causes::blamed(cause, TERMINAL).map(|text| row("answer", text)));
    match proof {
        Some(proof) => rows.extend(proved(proof)),
        None => rows.extend(by_law(cause)),
    }
    rows.extend(variant.into_iter().flat_map(course));
    rows.extend(faults(result, cause));
    rows.extend(
        result.insights.advice.iter().find(|one| one.variant == cause.variant).map(|one| remedy(result, one)),
    );
    rows.extend(collectors(result, cause));
    lines(&head(result, cause), &rows, width)
}

/// A variant, and what it lost.
fn head(result: &RunResult, cause: &LossCause) -> String {
    let variant = result.variant(&cause.variant);
    let due = variant.map_or(0, |variant| words::due(variant).0);
    let loss = variant.map_or(0.0, |variant| variant.summary.loss.mean);
    format!(
        "{}  {} lost: {} of {}",
        clean(&cause.variant),
        TERMINAL.percent(loss),
        TERMINAL.count(cause.of),
        TERMINAL.counted(due, "span", "spans")
    )
}

/// Rows below a headline; a title that is that of the row before is not said again.
fn lines(head: &str, rows: &[(String, String)], width: usize) -> String {
    let mut out = vec![paint(TermInk::Bold, head)];
    let mut before = "";
    for (title, text) in rows {
        for (at, line) in wrap(text, width.saturating_sub(TITLE + 3).max(LEAST), LINES).iter().enumerate() {
            let title = if at == 0 && before != title { title } else { "" };
            out.push(format!("  {} {line}", paint(TermInk::Soft, &format!("{title:<TITLE$}"))));
        }
        before = title;
    }
    out.join("\n")
}

/// What its lost spans met, most first.
fn fates(variant: &VariantResult) -> Vec<(spanfate_model::fate::Fate, u64)> {
    let mut all: Vec<_> = variant.summary.lost_by_fate.iter().map(|(fate, count)| (*fate, *count)).collect();
    all.retain(|(_, count)| *count > 0);
    all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    all
}

fn row(title: &str, text: impl Into<String>) -> (String, String) {
    (title.to_owned(), text.into())
}

/// What the replay proves.
fn proved(proof: &LossProof) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for one in &proof.causes {
        let share = TERMINAL.rough(one.share);
        let evidence = causes::evidence(one.cause, proof, TERMINAL);
        let alone = TERMINAL.rough(one.alone);
        let text = format!(
            "{share} {}: {evidence}. Without it alone {alone} of the drops vanish.",
            causes::short(one.cause)
        );
        out.push(row("cause", text));
    }
    if proof.unknown >= 0.01 {
        let share = TERMINAL.rough(proof.unknown);
        out.push(row("unknown", format!("{share} of the drops, which no cause makes vanish")));
    }
    out.push(row("cycle", cycle(&proof.cycle)));
    if let Some(dropped) = proof.two_workers.filter(|_| proof.fitting > 0) {
        let text = format!(
            "two on the same queue, which the SDK does not have, would drop {} in place of {}",
            TERMINAL.count(dropped),
            TERMINAL.count(proof.dropped)
        );
        out.push(row("workers", text));
    }
    out.push(row("replay", format!("{}.", causes::fidelity(proof, TERMINAL))));
    out
}

fn cycle(cycle: &WorkerCycle) -> String {
    let named = causes::cycle_parts(cycle).into_iter().filter(|(_, ms)| *ms >= 0.0005);
    let named: Vec<String> = named.map(|(what, ms)| format!("{what} {}", TERMINAL.ms(ms))).collect();
    format!(
        "{} while spans were dropped; each: {}",
        TERMINAL.counted(cycle.calls, "call", "calls"),
        named.join(", ")
    )
}

/// What moved on the way to the drops, by time.
fn course(variant: &VariantResult) -> Vec<(String, String)> {
    let Some((_, replay)) = onsets::worst(variant) else { return Vec::new() };
    let step = |step: &MovedStep| {
        let later = step.later.as_ref().map(|later| format!(", {later} later")).unwrap_or_default();
        row("course", format!("at {}{later}: {}: {} ({})", step.at, step.service, step.did, step.values))
    };
    let steps = onsets::steps(replay, TERMINAL);
    let constant = onsets::only_queue(replay).map(|text| row("course", text));
    steps.iter().map(step).chain(constant).collect()
}

/// The mean law's word, where no queue was run again.
fn by_law(cause: &LossCause) -> Option<(String, String)> {
    let law = cause.law.as_ref().filter(|_| cause.limit.is_some())?;
    let text = format!(
        "by the mean law alone, as no queue was run again: one worker exports {} spans in {}, so {} at most; {} came",
        TERMINAL.count(u64::from(law.batch)),
        TERMINAL.ms(law.export_ms),
        TERMINAL.rate(law.ceiling),
        TERMINAL.rate(law.spans_per_s)
    );
    Some(row("cause", text))
}

/// The faults of the scenario, and what vanishes without their times.
fn faults(result: &RunResult, cause: &LossCause) -> Vec<(String, String)> {
    let planned = result.plan.variants.iter().find(|planned| planned.name == cause.variant);
    let title = |number: usize| {
        let fault = planned.and_then(|planned| planned.faults.get(number));
        format!("fault {} ({})", number + 1, fault.map_or("of the scenario", |fault| fault.title()))
    };
    let shares = cause.proof.iter().flat_map(|proof| &proof.faults);
    shares
        .map(|(number, share)| {
            let share = TERMINAL.rough(*share);
            row("faults", format!("without the time of {} {share} of the drops vanish", title(*number)))
        })
        .collect()
}

/// What to set of its collectors.
fn collectors(result: &RunResult, cause: &LossCause) -> Vec<(String, String)> {
    let own = result.insights.hops.iter().filter(|one| one.variant == cause.variant);
    let mut out = Vec::new();
    for one in own {
        let name = clean(&one.hop);
        if one.set.is_empty() {
            let text =
                format!("{name}: by the capacity model its settings suffice for what it met on average");
            out.push(row("hop", text));
        } else {
            out.push(row("hop", format!("{name}: set {}, by the capacity model", one.set.join(", "))));
        }
        out.extend(one.lacks.iter().map(|lack| row("hop", format!("{name}: {lack}"))));
    }
    out
}

fn remedy(result: &RunResult, one: &Advised) -> (String, String) {
    let (lines, known) = remedy_line(result, one);
    let set = if lines.is_empty() { String::new() } else { format!("{}. ", lines.join(", ")) };
    let text = format!("{set}{known}");
    row("remedy", if text.is_empty() { "none is known".to_owned() } else { text })
}
