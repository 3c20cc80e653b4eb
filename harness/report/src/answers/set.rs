//! What should be set so that nothing is lost?

use spanfate_model::advice::MARGIN;
use spanfate_model::advice::plan::AdvicePlan;
use spanfate_model::advice::why::shortfalls;
use spanfate_model::fate::Remedy;
use spanfate_model::result::{Advised, How, Price, RunResult};

use super::{ScreenAnswer, Setting, focus};
use crate::figures::sums::Books;
use crate::text::number::PAGE;
use crate::text::words;

/// What should I set? In place of the variant that matters most.
pub(crate) fn set(result: &RunResult) -> ScreenAnswer {
    let all = &result.insights.advice;
    let own = focus(result).and_then(|variant| all.iter().find(|one| one.variant == variant.name));
    let Some(one) = own.or_else(|| all.first()) else {
        return nothing_to_set(result);
    };
    let mut out = ScreenAnswer::new(short(one), without_lines(one).into_iter().chain(besides(one)));
    out.setting = match one.how {
        How::Measured => Some((measured(result, one), one.price.as_ref().map(price))),
        How::Replayed => Some((replayed(result, one), Some(condition(one).to_owned()))),
        How::Calculated => {
            let conditions = [Some(condition(one).to_owned()), hint(result, one)];
            Some((calculated(one), Some(conditions.into_iter().flatten().collect::<Vec<_>>().join(" "))))
        }
        _ => None,
    }
    .map(|(known, more)| Setting {
        instead_of: one.variant.clone(),
        lines: words::shell_lines(&one.lines),
        known: [Some(known), more].into_iter().flatten().collect::<Vec<_>>().join(" "),
    });
    out
}

const fn short(one: &Advised) -> &'static str {
    match one.how {
        How::Measured => "This lost nothing",
        How::Calculated => "Calculated, not run",
        How::Replayed => "Replayed, not run",
        How::Short => "No setting suffices",
        How::NoCpu => "No setting helps: CPU",
        _ if !one.besides.is_empty() => "Nothing: change code",
        _ => "No setting is known to help",
    }
}

/// What helps a variant, in a line: lines to paste, and how it is known that they help.
pub(crate) fn remedy_line(result: &RunResult, one: &Advised) -> (Vec<String>, String) {
    let known = match one.how {
        How::Measured => measured(result, one),
        How::Replayed => replayed(result, one),
        How::Calculated => {
            let parts = [Some("Calculated, not run here.".to_owned()), hint(result, one)];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
        _ => without_lines(one).join(" "),
    };
    let parts: Vec<String> =
        std::iter::once(known).chain(besides(one)).filter(|text| !text.is_empty()).collect();
    (words::shell_lines(&one.lines), parts.join(" "))
}

/// What is to be said where nothing is to be pasted.
fn without_lines(one: &Advised) -> Vec<String> {
    let text = match one.how {
        How::Measured | How::Calculated | How::Replayed | How::NoSetting => return Vec::new(),
        How::NoCpu => {
            "No setting helps: the service has no CPU left. With enough of it the replayed queue drops less than half. Give it more \
             CPU, or fewer requests; a longer queue only puts the loss off."
                .to_owned()
        }
        How::Short => return one.plan.as_ref().map(shortfalls).unwrap_or_default(),
        How::Settled => {
            "By the capacity model it should lose nothing with what is set. What it lost has another cause than rate and export time."
                .to_owned()
        }
        How::Unclear => format!(
            "By the export times measured here no batch would suffice. Yet {} lost nothing under the same conditions with a smaller \
             batch. The times vary too much to say what to set: run more trials.",
            one.clean.as_deref().unwrap_or_default()
        ),
        How::Unknown => {
            "Nothing is known of its batch processor, so there is no advice. A witness in the process would tell.".to_owned()
        }
    };
    vec![text]
}

/// What helps against its fates that no setting stops, each once.
fn besides(one: &Advised) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for fate in &one.besides {
        let Remedy::Other(text) = fate.facts().remedy else { continue };
        if out.iter().all(|said| said != text) {
            out.push(text.to_owned());
        }
    }
    out
}

fn nothing_to_set(result: &RunResult) -> ScreenAnswer {
    if Books::of_run(result).created == 0 {
        return ScreenAnswer::new("Nothing", ["There was no span to lose.".to_owned()]);
    }
    let books = Books::of_run(result);
    if books.lost > 0 {
        let lost = PAGE.counted(books.lost, "lost span", "lost spans");
        let text = format!(
            "{lost} in all, none of them in the measured part: what is advised rests on that part alone."
        );
        return ScreenAnswer::new("Not known", [text]);
    }
    if books.received == 0 {
        let text = "No span arrived and none was seen lost: what should be set cannot be said.";
        return ScreenAnswer::new("Not known", [text.to_owned()]);
    }
    let text = if result.variants.len() > 1 {
        "No variant lost a span at this load, so the SDK's defaults or whatever is cheapest will do."
    } else {
        "What is set lost nothing at this load."
    };
    ScreenAnswer::new("Nothing", [text.to_owned()])
}

fn measured(result: &RunResult, one: &Advised) -> String {
    let clean = one.clean.as_deref().unwrap_or_default();
    let (due, lost) = result.variant(clean).map_or((0, 0), words::due);
    format!("Measured here: {clean} lost {lost} of {} spans under the same conditions.", PAGE.count(due))
}

/// What the replay of the queue says of settings.
fn replayed(result: &RunResult, one: &Advised) -> String {
    let proof = result.insights.why(&one.variant).and_then(|cause| cause.proof.as_ref());
    let dropped = proof.map_or(0, |proof| proof.dropped);
    format!(
        "Replayed with the spans and the export times measured here: 0 drops in place of {}; not run here.",
        PAGE.count(dropped)
    )
}

/// What it costs beside the loser.
fn price(price: &Price) -> String {
    let ((was, is), (held, holds)) = (price.response_p99, price.memory);
    format!(
        "Beside it: response p99 {} instead of {}, memory {} instead of {}.",
        PAGE.ms(is),
        PAGE.ms(was),
        PAGE.bytes(holds as f64),
        PAGE.bytes(held as f64)
    )
}

fn calculated(one: &Advised) -> String {
    let spare = one.plan.as_ref().map_or(0.0, spare);
    format!("Calculated from rate and export time, with {spare:.0}\u{202f}% to spare; not run here.")
}

/// Another variant that lost nothing beside it, where that proves little.
fn hint(result: &RunResult, one: &Advised) -> Option<String> {
    let clean = one.clean.as_deref()?;
    let (due, lost) = result.variant(clean).map_or((0, 0), words::due);
    Some(format!(
        "{clean} did run, and lost {lost} of {} spans under the same conditions. The machine was disturbed: take that for a hint, and \
         run it again.",
        PAGE.count(due)
    ))
}

const fn condition(one: &Advised) -> &'static str {
    match &one.plan {
        Some(plan) if plan.demand.per_span_s.is_some() => {
            "Run it as a variant of its own before you rely on it."
        }
        _ => {
            "It holds if an export takes no longer with a larger batch. Run it as a variant of its own before you rely on it."
        }
    }
}

/// What is left to spare, percent: the margin, or what little there is.
fn spare(plan: &AdvicePlan) -> f64 {
    let (advised, lacks) = plan.advised();
    let margin = if lacks.is_empty() {
        MARGIN - 1.0
    } else {
        advised.outlook.headroom_per_s / plan.demand.spans_per_s
    };
    margin * 100.0
}
