//! What should be set so that nothing is lost?

use spanfate_model::advice::MARGIN;
use spanfate_model::advice::plan::AdvicePlan;
use spanfate_model::advice::why::{overrun, shortfalls};
use spanfate_model::fate::Remedy;
use spanfate_model::result::{Advised, ExportGrowth, How, LossProof, PredictedBy, Price, RunResult};

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
    let mut out = ScreenAnswer::new(short(one), without_lines(result, one).into_iter().chain(besides(one)));
    out.setting = match one.how {
        How::Measured => Some((measured(result, one), one.price.as_ref().map(price))),
        How::Once => Some((once(result, one), one.price.as_ref().map(price))),
        How::Replayed => {
            let conditions = [Some(condition(result, one)), hint(result, one)];
            Some((
                replayed(result, one),
                Some(conditions.into_iter().flatten().collect::<Vec<_>>().join(" ")),
            ))
        }
        How::Calculated => {
            let conditions = [Some(condition(result, one)), hint(result, one)];
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

fn short(one: &Advised) -> &'static str {
    match one.how {
        How::Measured => "This lost nothing",
        How::Once => "Lost nothing once: no advice yet",
        How::Calculated => "Calculated, not run",
        How::Replayed => "Replayed, not run",
        How::Short if is_replayed(one) => "No setting suffices, by replay",
        How::Short => "No setting suffices, by mean times",
        How::NoCpu => "No setting helps: CPU",
        _ if !one.besides.is_empty() => "Nothing: change code",
        _ => "No setting is known to help",
    }
}

/// What helps a variant, in a line: lines to paste, and how it is known that they help.
pub(crate) fn remedy_line(result: &RunResult, one: &Advised) -> (Vec<String>, String) {
    let known = match one.how {
        How::Measured => measured(result, one),
        How::Once => once(result, one),
        How::Replayed => {
            let parts = [Some(replayed(result, one)), hint(result, one)];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
        How::Calculated => {
            let known = if proof(result, one).is_some_and(|proof| proof.fitting > 0) {
                "Calculated from mean times; not run here."
            } else {
                "Calculated from mean times alone, as no queue was run again; not run here."
            };
            let reason = one.plan.as_ref().and_then(overrun);
            let parts = [Some(known.to_owned()), reason, hint(result, one)];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
        _ => without_lines(result, one).join(" "),
    };
    let parts: Vec<String> =
        std::iter::once(known).chain(besides(one)).filter(|text| !text.is_empty()).collect();
    (words::shell_lines(&one.lines), parts.join(" "))
}

/// What is to be said where nothing is to be pasted.
fn without_lines(result: &RunResult, one: &Advised) -> Vec<String> {
    let text = match one.how {
        How::Measured | How::Once | How::Calculated | How::Replayed | How::NoSetting => return Vec::new(),
        How::NoCpu => {
            "No setting helps: the service has no CPU left. With enough of it the replayed queue drops less than half. Give it more \
             CPU, or fewer requests; a longer queue only puts the loss off."
                .to_owned()
        }
        How::Short if is_replayed(one) => least(result, one),
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

/// What the replay of its queue proves.
fn proof<'a>(result: &'a RunResult, one: &Advised) -> Option<&'a LossProof> {
    result.insights.why(&one.variant).and_then(|cause| cause.proof.as_ref())
}

/// Whether the replay of the queue said it.
fn is_replayed(one: &Advised) -> bool {
    one.predicted.is_some_and(|predicted| predicted.by == PredictedBy::Replay)
}

/// What ran in one trial and lost nothing.
fn once(result: &RunResult, one: &Advised) -> String {
    format!(
        "{} That was one trial and may be chance, so it is no advice by itself: check it with `spanfate why --verify`.",
        measured(result, one)
    )
}

/// What even the best settings lose that were tried in the replay.
fn least(result: &RunResult, one: &Advised) -> String {
    let (dropped, remedy) = proof(result, one).map_or((0, None), |proof| (proof.dropped, proof.remedy));
    let tried = remedy.map_or_else(String::new, |remedy| {
        format!(
            "with a batch of {} and a queue of {} the replayed queue still drops {} of the {} spans",
            PAGE.count(remedy.batch),
            PAGE.count(remedy.queue),
            PAGE.count(remedy.dropped),
            PAGE.count(dropped)
        )
    });
    format!(
        "Even {tried}. A faster endpoint (a collector on the same host), more than one batch processor, or sampling is needed."
    )
}

/// What the replay of the queue says of settings.
fn replayed(result: &RunResult, one: &Advised) -> String {
    let dropped = proof(result, one).map_or(0, |proof| proof.dropped);
    format!(
        "Replayed with the spans and the export times measured here: 0 drops in place of {}{}; not run here.",
        PAGE.count(dropped),
        one.predicted.map_or_else(String::new, |then| format!(" (a loss of {})", PAGE.percent(then.loss)))
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
    if let Some(reason) = one.plan.as_ref().and_then(overrun) {
        return format!("{reason} Calculated, not run here.");
    }
    let spare = one.plan.as_ref().map_or(0.0, spare);
    format!("Calculated from rate and mean export time, with {spare:.0}\u{202f}% to spare; not run here.")
}

/// Another variant that lost nothing beside it, where that proves little.
fn hint(result: &RunResult, one: &Advised) -> Option<String> {
    let clean = one.clean.as_deref()?;
    let (due, lost) = result.variant(clean).map_or((0, 0), words::due);
    let doubt = if result.variant(clean).is_some_and(|variant| variant.summary.loss.valid) {
        "That was one trial: take it for a hint, and check it with `spanfate why --verify`."
    } else {
        "The machine was disturbed: take that for a hint, and run it again."
    };
    Some(format!(
        "{clean} did run, and lost {lost} of {} spans under the same conditions. {doubt}",
        PAGE.count(due)
    ))
}

/// What settings rest on that nobody ran.
fn condition(result: &RunResult, one: &Advised) -> String {
    let growth = proof(result, one).and_then(|proof| proof.growth).filter(|_| one.how == How::Replayed);
    let per_span = one.plan.as_ref().and_then(|plan| plan.demand.per_span_s);
    let rests = match (one.how, growth, per_span) {
        (How::Replayed, Some(ExportGrowth { per_span_us, from, to }), _) => format!(
            "It takes an export to last {} longer per further span, as calls of {from} to {to} spans show. ",
            PAGE.ms(per_span_us / 1e3)
        ),
        (How::Replayed, None, _) => {
            "It holds if a larger batch costs only more CPU for its further spans: all calls here were of one size. ".to_owned()
        }
        (_, _, Some(_)) => String::new(),
        _ => "It holds if an export takes no longer with a larger batch. ".to_owned(),
    };
    format!(
        "{rests}Run it as a variant of its own before you rely on it, or let `spanfate why --verify` do so."
    )
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
