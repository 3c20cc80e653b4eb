//! A summary in Markdown for the summary of a workflow or a comment: the verdict first, then why, then the figures.

pub(crate) mod diffed;
mod inline;
mod part;
mod paths;

use spanfate_model::fate::Fate;
use spanfate_model::result::{Cell, Comparison, Expectation, RunResult, SweepResult, VariantResult};
use spanfate_model::verdict::Verdict;

use self::inline::Inline;
use self::part::{Part, page};
use super::{origin, plain};
use crate::figures::compared;
use crate::figures::sums::{Books, trials};
use crate::text::number::{NONE, TERMINAL};
use crate::text::words;

/// Bytes of a summary. GitHub takes 65,536 characters in a comment and 1 MiB in a step's summary.
const MOST: usize = 60_000;
/// Columns of a name, and of a sentence.
const NAME: usize = 80;
const SENTENCE: usize = 400;
/// Bytes of the command to run it again.
const COMMAND: usize = 4000;
/// Lost fates that are named for a variant.
const FATES: usize = 3;

/// The summary; ends with a newline.
pub(crate) fn render(result: &RunResult, again: Option<&str>) -> String {
    let mut parts = vec![head(result)];
    if !result.reasons.is_empty() {
        let reasons = result.reasons.iter().map(|reason| Inline::prose(reason, SENTENCE));
        parts.push(Part::list(&Inline::literal("Reasons, worst first:"), reasons, "reasons"));
    }
    parts.push(variants(result));
    parts.extend(paths::losing(result));
    parts.extend(expectations(result, "**Expectations that are no pass**", |verdict| {
        verdict != Verdict::Pass
    }));
    parts.extend(result.comparison.iter().map(comparison));
    parts.extend(result.sweep.iter().filter_map(sweep));
    let all = expectations(
        result,
        "Judged on the trials that are valid for the figure; where none is, on what disturbance can neither make nor hide.",
        |_| true,
    );
    parts.extend(all.map(|part| part.folded("All expectations")));
    parts.push(environment(result).folded("Environment"));
    parts.extend(again.map(|again| reproduce(again).folded("Reproduce")));
    let text = page(&parts, MOST);
    format!("{}\n", text.trim_end())
}

fn head(result: &RunResult) -> Part {
    let verdict = words::verdict(result.verdict).to_uppercase();
    let line = format!("{verdict}: {}", words::sentence(result));
    let heading = Inline::literal("## ").with(&Inline::prose(&line, SENTENCE));
    let run = Inline::literal("Spanfate scenario ")
        .with(&Inline::code(&result.plan.title(), NAME))
        .with(&Inline::literal(", run "))
        .with(&Inline::code(&result.run_id, NAME))
        .with(&Inline::prose(
            &format!(
                ", {} in {}, seed {}. {}",
                TERMINAL.counted(trials(result).count() as u64, "trial", "trials"),
                TERMINAL.counted(result.variants.len() as u64, "variant", "variants"),
                result.plan.seed,
                books(result)
            ),
            SENTENCE,
        ));
    let fitted = result.plan.fitted.as_ref().map(ToString::to_string);
    let said: Vec<Inline> = [words::incomplete(result), fitted]
        .iter()
        .flatten()
        .map(|text| Inline::prose(text, SENTENCE))
        .collect();
    let lines: Vec<&Inline> = std::iter::once(&heading).chain(&said).chain(std::iter::once(&run)).collect();
    Part::lines(&lines)
}

fn books(result: &RunResult) -> String {
    let books = Books::of_run(result);
    let n = |count: u64| TERMINAL.count(count);
    format!(
        "Created {}, received {}, lost {}, not meant to arrive {}, unexplained {}, unaccounted {}, unexpected {}.",
        n(books.created),
        n(books.received),
        n(books.lost),
        n(books.deliberate),
        n(books.unexplained),
        n(books.unaccounted),
        n(books.unexpected),
    )
}

fn number(text: &str) -> Inline {
    Inline::prose(text, NAME)
}

fn variants(result: &RunResult) -> Part {
    if result.variants.is_empty() {
        return Part::lines(&[&Inline::literal("No trial was begun.")]);
    }
    let titles = [
        "Variant",
        "#Created",
        "#Lost",
        "Lost where",
        "#Loss",
        "#95 % over trials",
        "#Law predicts",
        "#Response p50 / p99",
        "#Receipt p99",
        "#CPU cores",
        "#Memory",
        "Spoilt",
    ];
    let title = Inline::literal("**Variants** (measured part)");
    Part::table(&title, titles, result.variants.iter().map(variant), "variants")
}

fn variant(variant: &VariantResult) -> [Inline; 12] {
    let summary = &variant.summary;
    let ms = |value: f64| TERMINAL.ms(value);
    let known = words::interval(&summary.loss, TERMINAL).or_else(|| {
        words::clean(variant, TERMINAL).map(|(trials, bound)| format!("{trials}, lossy {bound}"))
    });
    let response = summary.response.as_ref().map(|q| format!("{} / {}", ms(q.p50), ms(q.p99)));
    let marks = summary.marks.join(", ");
    [
        Inline::code(&variant.name, NAME),
        number(&TERMINAL.count(summary.created)),
        number(&TERMINAL.count(summary.lost)),
        fates(variant),
        number(&words::loss(variant, TERMINAL)),
        number(&known.unwrap_or_else(|| NONE.to_owned())),
        number(&words::law(summary.predicted, TERMINAL)),
        number(&response.unwrap_or_else(|| NONE.to_owned())),
        number(&words::maybe(summary.delay.as_ref(), |q| ms(q.p99))),
        number(&TERMINAL.fixed(summary.fixture_cpu, 2)),
        number(&TERMINAL.bytes(summary.fixture_rss as f64)),
        Inline::prose(if marks.is_empty() { NONE } else { &marks }, NAME),
    ]
}

/// What its spans were lost to, most first.
fn fates(variant: &VariantResult) -> Inline {
    let mut lost: Vec<(Fate, u64)> =
        variant.summary.lost_by_fate.iter().map(|(fate, count)| (*fate, *count)).collect();
    lost.sort_by_key(|(fate, count)| (std::cmp::Reverse(*count), fate.name()));
    let mut told: Vec<String> = lost
        .iter()
        .take(FATES)
        .map(|(fate, count)| format!("{} {}", fate.facts().short, TERMINAL.count(*count)))
        .collect();
    if lost.len() > FATES {
        told.push(format!("{} more", lost.len() - FATES));
    }
    Inline::prose(if told.is_empty() { NONE.to_owned() } else { told.join(", ") }.as_str(), NAME)
}

/// The expectations with a verdict, worst first; none where there is none.
fn expectations(result: &RunResult, title: &'static str, wanted: fn(Verdict) -> bool) -> Option<Part> {
    let mut judged: Vec<&Expectation> = result.expectations.iter().filter(|e| wanted(e.verdict)).collect();
    judged.sort_by_key(|judged| std::cmp::Reverse(judged.verdict));
    let row = |judged: &Expectation| {
        [
            Inline::code(&judged.that.text(), NAME),
            Inline::code(&judged.variant, NAME),
            Inline::prose(words::verdict(judged.verdict), NAME),
            number(&words::values(judged, TERMINAL)),
            Inline::prose(words::why(judged).as_deref().unwrap_or(NONE), SENTENCE),
        ]
    };
    let titles = ["Expectation", "Variant", "Verdict", "#Per trial", "Reason"];
    let part = Part::table(&Inline::literal(title), titles, judged.into_iter().map(row), "expectations");
    part.has_rows().then_some(part)
}

fn comparison(comparison: &Comparison) -> Part {
    let same = compared::same_counters(comparison).map(|text| format!("; {text}")).unwrap_or_default();
    let how = format!(
        ": {}{same}. Its verdict: {}.",
        compared::method(comparison),
        words::verdict(comparison.verdict)
    );
    let title = Inline::literal("**Comparison** of ")
        .with(&Inline::code(&comparison.candidate, NAME))
        .with(&Inline::literal(" with the baseline "))
        .with(&Inline::code(&comparison.baseline, NAME))
        .with(&Inline::prose(&how, SENTENCE));
    let row = |row: &spanfate_model::result::Compared| {
        let [figure, base, candidate, effect, interval, p, detectable, change] =
            compared::cells(row, TERMINAL);
        let [base, candidate, effect, interval, p, detectable] =
            [base, candidate, effect, interval, p, detectable].map(|cell| number(&cell));
        let change = Inline::prose(&change, NAME);
        let why = Inline::prose(row.reason.as_deref().unwrap_or(NONE), SENTENCE);
        [Inline::code(&figure, NAME), base, candidate, effect, interval, p, detectable, change, why]
    };
    let titles = [
        "Figure",
        "#Baseline",
        "#Candidate",
        "#Effect",
        "#95 % interval",
        "#p after Holm",
        "#Would show",
        "Verdict",
        "Why",
    ];
    Part::table(&title, titles, compared::told(comparison).map(row), "figures")
}

/// The cells that nothing beats.
fn sweep(sweep: &SweepResult) -> Option<Part> {
    let mut best: Vec<&Cell> = sweep.cells.iter().filter(|cell| cell.pareto).collect();
    best.sort_by(|a, b| a.loss.total_cmp(&b.loss).then(a.memory.cmp(&b.memory)));
    let ms = |time: Option<f64>| number(&words::maybe(time, |ms| TERMINAL.ms(ms)));
    let row = |cell: &Cell| {
        let loss = if cell.loss > 0.0 {
            TERMINAL.percent(cell.loss)
        } else {
            format!("none in {}", TERMINAL.counted(cell.trials, "trial", "trials"))
        };
        [
            Inline::code(&cell.variant, NAME),
            number(&loss),
            ms(cell.response_p99),
            ms(cell.delay_p99),
            number(&TERMINAL.bytes(cell.memory as f64)),
        ]
    };
    let unsure = sweep.cells.iter().filter(|cell| !cell.valid).count();
    let text = format!(
        " of {}, {unsure} inconclusive. On the Pareto front of loss, response p99 and memory:",
        TERMINAL.counted(sweep.cells.len() as u64, "cell", "cells")
    );
    let title = Inline::literal("**Sweep** ").with(&Inline::prose(&text, SENTENCE));
    let titles = ["Variant", "#Loss", "#Response p99", "#Receipt p99", "#Memory"];
    let part = Part::table(&title, titles, best.into_iter().map(row), "cells");
    part.has_rows().then_some(part)
}

fn environment(result: &RunResult) -> Part {
    let facts = origin(result);
    let rows = facts.iter().map(|(name, value)| [Inline::prose(name, NAME), Inline::code(value, SENTENCE)]);
    Part::table(&Inline::literal("What it ran on, and with."), ["What", "Value"], rows, "facts")
}

fn reproduce(again: &str) -> Part {
    let line = plain(again);
    if line.len() > COMMAND {
        return Part::lines(&[&Inline::literal(
            "The command names too many variants to stand here; the report has it.",
        )]);
    }
    Part::block(&Inline::literal("The same scenario and seed give the same plan."), &line)
}
