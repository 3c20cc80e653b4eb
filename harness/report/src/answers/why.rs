//! Why are spans lost?

use std::collections::BTreeSet;

use spanfate_model::result::{LossCause, LostTo, Nearest, Prediction, QueueLimit, RunResult};

use super::{ScreenAnswer, focus};
use crate::figures::faults::{FaultRow, rows};
use crate::figures::sums::Books;
use crate::text::causes;
use crate::text::number::PAGE;
use crate::text::words;

/// Most faults, and most further fates, that are named.
const NAMED: usize = 3;

/// Why? Of the variant that matters most; of the whole run where its measured part lost nothing.
pub(crate) fn why(result: &RunResult) -> ScreenAnswer {
    let ranked = &result.insights.lost;
    let Some(most) = ranked.first() else {
        return nothing_lost(result);
    };
    let cause = focus(result).and_then(|variant| result.insights.why(&variant.name));
    let (fate, mut sentences) = match cause {
        Some(cause) => (cause.fate, of_variant(result, cause)),
        None => (most.fate, vec![of_run(most, ranked)]),
    };
    sentences.extend(acted(result));
    let others = ranked.iter().filter(|lost| lost.fate != fate);
    let others: Vec<String> = others
        .take(NAMED)
        .map(|lost| format!("{} {}", PAGE.count(lost.spans), lost.fate.facts().short))
        .collect();
    if !others.is_empty() {
        sentences.push(format!("Also lost in this run: {}.", others.join(", ")));
    }
    ScreenAnswer::new(words::capital(fate.facts().short), sentences)
}

fn of_variant(result: &RunResult, cause: &LossCause) -> Vec<String> {
    let whose = if result.variants.len() > 1 { format!(" of {}", cause.variant) } else { String::new() };
    let part = match share(cause) {
        None => format!("All lost spans{whose}"),
        Some(part) => format!("{part} of the lost spans{whose}"),
    };
    let mut out = vec![format!("{part}: {}.", cause.fate.explain())];
    out.extend(mechanism(cause).map(|text| format!("{}.", words::capital(&text))));
    out.extend(causes::blamed(cause, PAGE).map(|text| format!("The first cause is {text}.")));
    out.extend(done_to(result, cause));
    out
}

fn of_run(most: &LostTo, ranked: &[LostTo]) -> String {
    let all: u64 = ranked.iter().map(|lost| lost.spans).sum();
    let part = match most.spans {
        most if most == all => "All of them".to_owned(),
        most => format!("{} of them", PAGE.rough(most as f64 / all as f64)),
    };
    format!("{part}: {}.", most.fate.explain())
}

/// The share of a variant's lost spans that met its fate; `None` for all.
fn share(cause: &LossCause) -> Option<String> {
    (cause.lost < cause.of).then(|| PAGE.rough(cause.lost as f64 / cause.of as f64))
}

/// Why a variant lost spans, in a line.
pub(crate) fn cause_line(result: &RunResult, cause: &LossCause) -> String {
    let short = cause.fate.facts().short;
    let first = match share(cause) {
        None => short.to_owned(),
        Some(part) => format!("{short} ({part} of the lost spans)"),
    };
    let faults = result.plan.variants.iter().find(|planned| planned.name == cause.variant).map_or_else(
        Vec::new,
        |planned| {
            let acted = cause.faults.iter().filter_map(|number| planned.faults.get(*number));
            acted.map(|fault| fault.title().to_owned()).collect::<Vec<_>>()
        },
    );
    let faults = (!faults.is_empty()).then(|| format!("faults that acted: {}", faults.join(", ")));
    let late = cause.late.as_ref().map(|late| format!("the receiver answered after {}", late.answer_after));
    let parts: Vec<String> =
        std::iter::once(first).chain(mechanism(cause)).chain(late).chain(faults).collect();
    format!("{}.", words::capital(&parts.join("; ")))
}

/// What the scenario made its receiver do, and that the same settings lose nothing without that.
fn done_to(result: &RunResult, cause: &LossCause) -> Option<String> {
    let late = cause.late.as_ref()?;
    let mut text = format!("The scenario made the receiver answer after {}", late.answer_after);
    if let Some(clean) = late.without.as_ref().and_then(|name| result.variant(name)) {
        let due = PAGE.count(words::due(clean).0);
        text += &format!(
            "; with a receiver that answers at once the same settings lost 0 of {due} spans ({})",
            clean.name
        );
    }
    Some(format!("{text}."))
}

/// The faults that reached their dose.
fn acted(result: &RunResult) -> Option<String> {
    let rows = rows(result);
    let acted: BTreeSet<String> = rows.iter().filter(|row| row.bit() > 0).map(FaultRow::title).collect();
    let some: Vec<&str> = acted.iter().take(NAMED).map(String::as_str).collect();
    let more = match acted.len().saturating_sub(some.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!some.is_empty()).then(|| format!("Faults that acted: {}{more}.", some.join(", ")))
}

/// What makes a queue run full, without a capital and a full stop.
fn mechanism(cause: &LossCause) -> Option<String> {
    let proof = cause.proof.as_ref();
    if let Some(text) = proof.and_then(|proof| causes::causes(proof, PAGE)) {
        return Some(text);
    }
    let law = by_law(cause)?;
    Some(match proof {
        Some(proof) => format!("{}. By the mean law {law}", causes::fidelity(proof, PAGE)),
        None => law,
    })
}

/// The same by the capacity model, which knows means alone.
fn by_law(cause: &LossCause) -> Option<String> {
    let (law, limit) = cause.law.as_ref().zip(cause.limit)?;
    let Prediction { spans_per_s: came, ceiling, export_ms, .. } = *law;
    let batch = PAGE.counted(u64::from(law.batch), "span", "spans");
    let worker = format!(
        "one worker exports {batch} in {}, so {} at most; {} came",
        PAGE.ms(export_ms),
        PAGE.rate(ceiling),
        PAGE.rate(came)
    );
    Some(match limit {
        QueueLimit::Ceiling => worker,
        QueueLimit::Standstill => format!(
            "{worker}. Exports stood still for longer than the queue of {} could take up",
            PAGE.count(u64::from(law.queue))
        ),
    })
}

/// How near to the limit it is where nothing is lost.
fn nothing_lost(result: &RunResult) -> ScreenAnswer {
    if Books::of_run(result).created == 0 {
        return ScreenAnswer::new("Nothing to explain", ["There was no span to lose.".to_owned()]);
    }
    let text = result.insights.nearest.as_ref().map_or_else(
        || "No span went missing, so there is nothing to explain.".to_owned(),
        |Nearest { variant, law }| {
            let who = if result.variants.len() > 1 {
                format!("Nearest to its limit is {variant}: ")
            } else {
                String::new()
            };
            format!(
                "{who}{} spans/s came, and its worker could have exported {} ({}).",
                PAGE.fixed(law.spans_per_s, 0),
                PAGE.rate(law.ceiling),
                PAGE.rough(law.spans_per_s / law.ceiling)
            )
        },
    );
    ScreenAnswer::new("Nothing to explain", [words::capital(&text)])
}
