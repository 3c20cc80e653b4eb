//! Why are spans lost?

use std::collections::BTreeSet;

use spanfate_model::fate::{Fate, FateClass};
use spanfate_model::result::{RunResult, VariantResult};

use super::Answer;
use crate::advised::worst_law;
use crate::alike::{planned, set_alike};
use crate::books::{self, Books};
use crate::faults::{Row, rows};
use crate::number::PAGE;
use crate::words;

/// Most faults, and most further fates, that are named.
const NAMED: usize = 3;

/// Why?
pub(crate) fn why(result: &RunResult) -> Answer {
    let fates = books::fates(&result.variants).into_iter();
    let lost = fates.filter(|(fate, _)| fate.class() == FateClass::Lost);
    let mut ranked: Vec<(Fate, u64)> = lost.map(|(fate, (total, _))| (fate, total)).collect();
    ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let Some((fate, most)) = ranked.first().copied() else {
        return nothing_lost(result);
    };
    let all: u64 = ranked.iter().map(|(_, count)| count).sum();
    let part = match most {
        most if most == all => "All of them".to_owned(),
        most => format!("{} of them", PAGE.rough(most as f64 / all as f64)),
    };
    let mut sentences = vec![format!("{part}: {}.", fate.explain())];
    let of = |variant: &&VariantResult| variant.summary.lost_by_fate.get(&fate).copied().unwrap_or_default();
    let worst = result.variants.iter().max_by_key(of).filter(|variant| of(variant) > 0);
    if let Some(variant) = worst.filter(|_| fate.facts().full_queue) {
        sentences.extend(mechanism(result, variant));
    }
    sentences.extend(worst.and_then(|variant| done_to(result, variant)));
    sentences.extend(acted(result));
    let others = |(fate, n): &(Fate, u64)| format!("{} {}", PAGE.count(*n), fate.facts().short);
    let others: Vec<String> = ranked.iter().skip(1).take(NAMED).map(others).collect();
    if !others.is_empty() {
        sentences.push(format!("Also: {}.", others.join(", ")));
    }
    Answer::new(words::capital(fate.facts().short), sentences)
}

/// What the scenario made its receiver do, and that the same settings lose nothing without that.
fn done_to(result: &RunResult, loser: &VariantResult) -> Option<String> {
    let own = planned(&result.plan, &loser.name)?;
    let late = own.receiver.answer_after?;
    let mut text = format!("Here the receiver was made to answer after {late}");
    let clean = result.variants.iter().find(|variant| {
        let other = planned(&result.plan, &variant.name);
        let alike = other.is_some_and(|other| set_alike(own, other) && other.receiver.answer_after.is_none());
        alike && variant.summary.loss.valid && variant.summary.lost == 0
    });
    if let Some(clean) = clean {
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
fn mechanism(result: &RunResult, variant: &VariantResult) -> Option<String> {
    let law = worst_law(variant)?;
    let name =
        if result.variants.len() > 1 { format!("With {} one", variant.name) } else { "One".to_owned() };
    let worker = format!(
        "{name} worker exports {} spans in {}, so {} a second at most",
        PAGE.count(u64::from(law.batch)),
        PAGE.ms(law.export_ms),
        PAGE.fixed(law.ceiling, 0)
    );
    Some(if law.spans_per_s > law.ceiling {
        format!("{worker}; {} came.", PAGE.fixed(law.spans_per_s, 0))
    } else {
        format!(
            "{worker}, more than the {} that came: exports stood still for longer than the queue of {} could take up.",
            PAGE.fixed(law.spans_per_s, 0),
            PAGE.count(u64::from(law.queue))
        )
    })
}

/// How near to the limit it is where nothing is lost.
fn nothing_lost(result: &RunResult) -> Answer {
    if Books::of_run(result).created == 0 {
        return Answer::new("Nothing to explain", ["There was no span to lose.".to_owned()]);
    }
    let laws = result.variants.iter().filter_map(|variant| Some((variant, worst_law(variant)?)));
    let nearest =
        laws.max_by(|a, b| (a.1.spans_per_s / a.1.ceiling).total_cmp(&(b.1.spans_per_s / b.1.ceiling)));
    let text = nearest.map_or_else(
        || "No span went missing, so there is nothing to explain.".to_owned(),
        |(variant, law)| {
            let who = if result.variants.len() > 1 {
                format!("Nearest to its limit is {}: ", variant.name)
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
