//! What should be set so that nothing is lost?

use spanfate_model::advice::MARGIN;
use spanfate_model::advice::plan::AdvicePlan;
use spanfate_model::advice::why::shortfalls;
use spanfate_model::fate::Remedy;
use spanfate_model::result::{Advised, How, Price, RunResult};

use super::{Answer, Setting};
use crate::books::Books;
use crate::number::PAGE;
use crate::words;

/// Most configurations that advice is given for on the first screen.
const ADVISED: usize = 3;

/// What should I set?
pub(crate) fn set(result: &RunResult) -> Answer {
    let all = &result.insights.advice;
    if all.is_empty() {
        return nothing_to_set(result);
    }
    let mut out = Answer::new("", []);
    for one in all.iter().take(ADVISED) {
        match one.how {
            How::Measured => put(&mut out, measured(result, one)),
            How::Calculated => put(&mut out, calculated(result, one)),
            How::Settled => out.sentences.push(format!(
                "{} should lose nothing by the law with what is set; what it lost has another cause than rate and round trip.",
                one.variant
            )),
            How::Short => {
                let lacks = one.plan.as_ref().map(shortfalls).unwrap_or_default();
                out.sentences.extend(lacks.iter().map(|lack| format!("{}: {lack}", one.variant)));
            }
            How::Unclear => out.sentences.push(format!(
                "{}: by the export times measured here no batch would suffice, and yet {} lost nothing under the same conditions with a \
                 smaller one. They vary too much to say what to set: run more trials.",
                one.variant,
                one.clean.as_deref().unwrap_or_default()
            )),
            How::NoSetting => {}
            How::Unknown => out.sentences.push(format!(
                "{}: nothing is known of its batch processor, so there is no advice; a witness in the process would tell.",
                one.variant
            )),
        }
    }
    for fate in all.iter().take(ADVISED).flat_map(|one| &one.besides) {
        let Remedy::Other(text) = fate.facts().remedy else { continue };
        if out.sentences.iter().all(|said| said != text) {
            out.sentences.push(text.to_owned());
        }
    }
    let more = all.len().saturating_sub(ADVISED);
    if more > 0 {
        let variants = if more == 1 { "variant loses" } else { "variants lose" };
        out.sentences.push(format!("{} more {variants} spans.", PAGE.count(more as u64)));
    }
    // What was seen comes before what was worked out.
    out.settings.sort_by_key(|setting| !setting.measured);
    let measured = out.settings.iter().filter(|setting| setting.measured).count();
    let short = match (measured, out.settings.len()) {
        (0, 0) if all.iter().any(|one| !one.besides.is_empty()) => "Nothing: change code",
        (0, 0) => "No setting is known to help",
        (0, _) => "Calculated, not run",
        (some, all) if some == all => "This lost nothing",
        (some, all) => &format!("{some} measured, {} calculated", all - some),
    };
    short.clone_into(&mut out.short);
    out
}

/// Adds a setting; what helps several in the same way is said once.
fn put(out: &mut Answer, setting: Setting) {
    let same = |one: &&mut Setting| (&one.lines, &one.known) == (&setting.lines, &setting.known);
    match out.settings.iter_mut().find(same) {
        Some(one) => one.instead_of = format!("{} and {}", one.instead_of, setting.instead_of),
        None => out.settings.push(setting),
    }
}

fn nothing_to_set(result: &RunResult) -> Answer {
    if Books::of_run(result).created == 0 {
        return Answer::new("Nothing", ["There was no span to lose.".to_owned()]);
    }
    let names: Vec<&str> = result.variants.iter().map(|variant| variant.name.as_str()).collect();
    let text = match names.as_slice() {
        [_] => "What is set lost nothing at this load.".to_owned(),
        _ => "No variant lost a span at this load, so the SDK's defaults or whatever is cheapest will do."
            .to_owned(),
    };
    Answer::new("Nothing", [text])
}

fn measured(result: &RunResult, one: &Advised) -> Setting {
    let clean = one.clean.as_deref().unwrap_or_default();
    let (due, lost) = result.variant(clean).map_or((0, 0), words::due);
    Setting {
        instead_of: one.variant.clone(),
        lines: one.lines.clone(),
        known: format!(
            "Measured here: {clean} lost {lost} of {} spans under the same conditions.{}",
            PAGE.count(due),
            one.price.as_ref().map(price).unwrap_or_default()
        ),
        measured: true,
    }
}

/// What it costs beside the loser.
fn price(price: &Price) -> String {
    let ((was, is), (held, holds)) = (price.response_p99, price.memory);
    format!(
        " Beside it: response p99 {} instead of {}, memory {} instead of {}.",
        PAGE.ms(is),
        PAGE.ms(was),
        PAGE.bytes(holds as f64),
        PAGE.bytes(held as f64)
    )
}

fn calculated(result: &RunResult, one: &Advised) -> Setting {
    let seen = one.clean.as_deref().map(|clean| {
        let (due, lost) = result.variant(clean).map_or((0, 0), words::due);
        format!(
            " {clean} did run, and lost {lost} of {} spans under the same conditions; the machine was disturbed, so take that for a \
             hint and run it again.",
            PAGE.count(due)
        )
    });
    let grows = one.plan.as_ref().is_some_and(|plan| plan.demand.per_span_s.is_some());
    Setting {
        instead_of: one.variant.clone(),
        lines: one.lines.clone(),
        known: format!(
            "Calculated from rate and export time, with {:.0}\u{202f}% to spare; not run here.{} Run it as a variant of its own before you \
             rely on it.{}",
            one.plan.as_ref().map_or(0.0, spare),
            if grows { "" } else { " It holds if an export takes no longer with a larger batch." },
            seen.unwrap_or_default()
        ),
        measured: false,
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
