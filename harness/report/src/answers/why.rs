//! Why are spans lost?

use std::collections::BTreeSet;

use spanfate_model::result::{LossCause, LostTo, Nearest, QueueLimit, RunResult};

use super::Answer;
use crate::books::Books;
use crate::faults::{Row, rows};
use crate::number::PAGE;
use crate::words;

/// Most faults, and most further fates, that are named.
const NAMED: usize = 3;

/// Why?
pub(crate) fn why(result: &RunResult) -> Answer {
    let ranked = &result.insights.lost;
    let Some(LostTo { fate, spans: most, worst }) = ranked.first() else {
        return nothing_lost(result);
    };
    let all: u64 = ranked.iter().map(|lost| lost.spans).sum();
    let part = match *most {
        most if most == all => "All of them".to_owned(),
        most => format!("{} of them", PAGE.rough(most as f64 / all as f64)),
    };
    let mut sentences = vec![format!("{part}: {}.", fate.explain())];
    let cause = worst.as_ref().and_then(|worst| result.insights.why(worst));
    if let Some(cause) = cause.filter(|_| fate.facts().full_queue) {
        sentences.extend(mechanism(result, cause));
    }
    sentences.extend(cause.and_then(|cause| done_to(result, cause)));
    sentences.extend(acted(result));
    let others = |lost: &LostTo| format!("{} {}", PAGE.count(lost.spans), lost.fate.facts().short);
    let others: Vec<String> = ranked.iter().skip(1).take(NAMED).map(others).collect();
    if !others.is_empty() {
        sentences.push(format!("Also: {}.", others.join(", ")));
    }
    Answer::new(words::capital(fate.facts().short), sentences)
}

/// What the scenario made its receiver do, and that the same settings lose nothing without that.
fn done_to(result: &RunResult, cause: &LossCause) -> Option<String> {
    let late = cause.late.as_ref()?;
    let mut text = format!("Here the receiver was made to answer after {}", late.answer_after);
    if let Some(clean) = late.without.as_ref().and_then(|name| result.variant(name)) {
        let due = PAGE.count(words::due(clean).0);
        text +=
            &format!("; with one that answers at once the same settings lost 0 of {due} ({})", clean.name);
    }
    Some(format!("{text}."))
}

/// The faults that reached their dose.
fn acted(result: &RunResult) -> Option<String> {
    let rows = rows(result);
    let acted: BTreeSet<String> = rows.iter().filter(|row| row.bit() > 0).map(Row::title).collect();
    let some: Vec<&str> = acted.iter().take(NAMED).map(String::as_str).collect();
    let more = match acted.len().saturating_sub(some.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!some.is_empty()).then(|| format!("Faults that acted: {}{more}.", some.join(", ")))
}

/// What makes a queue run full.
fn mechanism(result: &RunResult, cause: &LossCause) -> Option<String> {
    let (law, limit) = cause.law.as_ref().zip(cause.limit)?;
    let name =
        if result.variants.len() > 1 { format!("With {} one", cause.variant) } else { "One".to_owned() };
    let worker = format!(
        "{name} worker exports {} in {}, so {} a second at most",
        PAGE.counted(u64::from(law.batch), "span", "spans"),
        PAGE.ms(law.export_ms),
        PAGE.fixed(law.ceiling, 0)
    );
    Some(match limit {
        QueueLimit::Ceiling => format!("{worker}; {} came.", PAGE.fixed(law.spans_per_s, 0)),
        QueueLimit::Standstill => format!(
            "{worker}, more than the {} that came: exports stood still for longer than the queue of {} could take up.",
            PAGE.fixed(law.spans_per_s, 0),
            PAGE.count(u64::from(law.queue))
        ),
    })
}

/// How near to the limit it is where nothing is lost.
fn nothing_lost(result: &RunResult) -> Answer {
    if Books::of_run(result).created == 0 {
        return Answer::new("Nothing to explain", ["There was no span to lose.".to_owned()]);
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
                "{who}{} spans a second came, and its worker could have exported {} ({}).",
                PAGE.fixed(law.spans_per_s, 0),
                PAGE.fixed(law.ceiling, 0),
                PAGE.rough(law.spans_per_s / law.ceiling)
            )
        },
    );
    Answer::new("Nothing to explain", [words::capital(&text)])
}
