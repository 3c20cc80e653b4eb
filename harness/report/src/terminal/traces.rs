//! What the losses do: to traces, by span name; what the witness costs; what was seeded.

use spanfate_model::books::damage::Damage;
use spanfate_model::result::{RunResult, VariantResult, WitnessCost};

use super::ink::{TermInk, paint};
use super::lines::titled;
use crate::figures::lossy_spans::{damaged, is_spoilt, losing, thinned, view};
use crate::figures::sums::trials;
use crate::text::fit::clip;
use crate::text::number::TERMINAL;
use crate::text::plan_words;

/// Variants that have a line; the report has all.
const VARIANTS: usize = 3;
/// Span names in a line.
const NAMES: usize = 3;
/// Widest name.
const NAME: usize = 48;

/// One line per thing, the title only before the first.
pub(super) fn listed(title: &str, lines: Vec<String>, all: usize) -> Vec<String> {
    let left = all.saturating_sub(lines.len());
    let more = (left > 0).then(|| {
        format!("and {left} more {}, in the report", if left == 1 { "variant" } else { "variants" })
    });
    let titled = |(at, line): (usize, String)| titled(if at == 0 { title } else { "" }, &line);
    lines.into_iter().chain(more).enumerate().map(titled).collect()
}

/// A name, clean and not too wide.
pub(super) fn name(text: &str) -> String {
    clip(text, NAME)
}

/// Damaged traces, worst variants first; then those that miss only what was left out on purpose.
pub(crate) fn traces(result: &RunResult) -> Vec<String> {
    let all: Vec<(&VariantResult, &Damage)> = damaged(result).into_iter().chain(thinned(result)).collect();
    let line = |(variant, damage): &(&VariantResult, &Damage)| {
        let title = name(&variant.name);
        if damage.damaged() == 0 {
            let (left_out, of) = (TERMINAL.count(damage.left_out), TERMINAL.count(damage.traces));
            return format!(
                "{title}: {left_out} of {of} miss only what was left out on purpose, none is damaged"
            );
        }
        format!("{title}: {}{}", broken(damage), loser(variant))
    };
    listed("traces", all.iter().take(VARIANTS).map(line).collect(), all.len())
}

/// How many traces are damaged, and how many only lack what they were not to have.
fn broken(damage: &Damage) -> String {
    let count = |n: u64| TERMINAL.count(n);
    let beside = match (damage.left_out, damage.torn_unseen) {
        (0, 0) => String::new(),
        (0, whole) => format!(" ({} look whole)", count(whole)),
        // Those that look whole may be among either.
        (left_out, _) => format!(", {} miss only what was left out on purpose", count(left_out)),
    };
    let damaged = paint(TermInk::Bad, &count(damage.damaged()));
    format!("{damaged} of {} damaged{beside}", count(damage.traces))
}

/// The service that loses most, where there are several.
fn loser(variant: &VariantResult) -> String {
    if view(variant, "service").len() < 2 {
        return String::new();
    }
    losing(variant, "service").first().map_or_else(String::new, |row| {
        let share = TERMINAL.rough(row.share_of_lost);
        format!("; {} loses {share} of the lost spans", name(&row.value))
    })
}

/// The span names that lose most.
pub(crate) fn spans(result: &RunResult) -> Vec<String> {
    let mut all: Vec<&VariantResult> =
        result.variants.iter().filter(|variant| !losing(variant, "span").is_empty()).collect();
    all.sort_by_key(|variant| std::cmp::Reverse(variant.summary.lost));
    let line = |variant: &&VariantResult| {
        let rows = losing(variant, "span");
        let mut parts: Vec<String> = rows
            .iter()
            .take(NAMES)
            .map(|row| format!("{} {}", name(&row.value), TERMINAL.rough(row.share_of_lost)))
            .collect();
        if rows.len() > NAMES {
            parts.push(format!("{} more names", rows.len() - NAMES));
        }
        format!("{}: {}", name(&variant.name), parts.join(", "))
    };
    listed("spans", all.iter().take(VARIANTS).map(line).collect(), all.len())
}

/// Spans outside the books, and those that nobody else can tell apart.
pub(crate) fn outside(result: &RunResult) -> Vec<String> {
    let n: u64 = trials(result).map(|(_, trial)| trial.ledger.outside).sum();
    let strangers: u64 = trials(result).map(|(_, trial)| trial.ledger.strangers).sum();
    let sharing: u64 = trials(result).map(|(_, trial)| trial.ledger.sharing_ids).sum();
    let all = [
        (n, "came in traces that the load did not begin"),
        (strangers, "came that the watched program did not make"),
        (sharing, "got ids that another span of the same trace has: a back end may keep one of them"),
    ];
    let some = all.into_iter().filter(|(n, _)| *n > 0);
    let line = |(n, what): (u64, &str)| {
        let text = format!("{} {what}", TERMINAL.counted(n, "span", "spans"));
        titled("outside", &paint(TermInk::Warn, &text))
    };
    some.map(line).collect()
}

/// Spans that no request's number leads to.
pub(crate) fn unnumbered(result: &RunResult) -> Vec<String> {
    plan_words::unnumbered(result, TERMINAL)
        .map(|text| titled("requests", &paint(TermInk::Warn, &text)))
        .into_iter()
        .collect()
}

/// What the process witness costs.
pub(crate) fn instrument(result: &RunResult) -> Vec<String> {
    let priced = |(variant, what, cost): (&VariantResult, &str, &WitnessCost)| {
        let change = |(with, without): (f64, f64), unit: &str, decimals: usize| {
            let (with, without) = (TERMINAL.fixed(with, decimals), TERMINAL.fixed(without, decimals));
            format!("{with} {unit} with {what}, {without} without")
        };
        let trials = match cost.trials {
            (1, 1) => "one trial each, no interval".to_owned(),
            (with, without) => format!("means over {with} and {without} trials"),
        };
        let spoilt = if is_spoilt(result, variant) { ", not valid" } else { "" };
        format!(
            "{}: CPU per request {}; response p99 {} ({trials}{spoilt})",
            name(&variant.name),
            change(cost.cpu_us, "µs", 1),
            change(cost.response_p99, "ms", 2),
        )
    };
    let costs = result
        .variants
        .iter()
        .flat_map(|variant| variant.summary.costs().map(move |(what, cost)| (variant, what, cost)));
    let all: Vec<String> = costs.map(priced).collect();
    let n = all.len();
    listed("instrument", all.into_iter().take(VARIANTS).collect(), n)
}

/// What is lost on purpose.
pub(crate) fn planted(result: &RunResult) -> Vec<String> {
    let text = plan_words::planted(&result.plan, TERMINAL).map(|text| crate::text::fit::clean(&text));
    text.map(|text| titled("seeded", &paint(TermInk::Warn, &text))).into_iter().collect()
}
