//! Where did the spans go?

use std::collections::BTreeMap;

use spanfate_model::books::ledger::{Exemplar, FirstLostSpan, Ledger};
use spanfate_model::fate::{Fate, FateClass};
use spanfate_model::result::{RunResult, VariantResult};

use super::stages;
use crate::figures::sums::{self, Books, trials};
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{LegendKey, PageSection, details, fold, legend, note, plots, trial_name};
use crate::plot::waterfall;
use crate::text::number::{NONE, PAGE};
use crate::text::plan_words;
use crate::text::words;

/// Whole trials and measured part, by fate.
type Counts = BTreeMap<Fate, (u64, u64)>;

/// Exemplars per variant and fate.
const EXEMPLARS: usize = 5;

/// The section.
pub(crate) fn section(result: &RunResult) -> PageSection {
    let shown = result.variants.iter().enumerate();
    let plots = plots(shown.map(|(at, variant)| (variant.name.clone(), waterfall(variant, at))));
    let legend = legend(&[
        (LegendKey::Bar, "created", "created"),
        (LegendKey::Bar, "lost", "lost"),
        (LegendKey::Bar, "deliberate", "not meant to arrive"),
        (LegendKey::Bar, "received", "received"),
    ]);
    let body = [
        legend,
        plots,
        note("Each bar is a share of the spans created in that variant, over its whole trials."),
        stages::diagrams(result),
        counted(result),
        outside(result),
        plan_words::unnumbered(result, PAGE).map(|text| note(format!("{text}."))).unwrap_or_default(),
        by_variant(result),
        unknown_error(result),
        ledgers(result),
        first_lost(result),
        exemplars(result),
    ];
    PageSection {
        id: "fates",
        question: "Where did the spans go?",
        answer: answer(result),
        body: body.into_iter().collect(),
    }
}

fn answer(result: &RunResult) -> String {
    let books = Books::of_run(result);
    if books.created == 0 {
        return "No span was created.".to_owned();
    }
    let fates = sums::fates(&result.variants);
    let mut lost: Vec<(&Fate, u64)> = fates
        .iter()
        .filter(|(fate, _)| fate.class() == FateClass::Lost)
        .map(|(fate, (total, _))| (fate, *total))
        .collect();
    lost.sort_by_key(|(_, total)| std::cmp::Reverse(*total));
    let whereto = match lost.as_slice() {
        [] => "none was lost".to_owned(),
        [(fate, _)] => format!("{} were lost, all as {fate}", PAGE.count(books.lost)),
        [(fate, most), ..] => {
            let (all, most) = (PAGE.count(books.lost), PAGE.count(*most));
            format!("{all} were lost in {} ways, {most} of them as {fate}", lost.len())
        }
    };
    let (created, received) = (PAGE.count(books.created), PAGE.count(books.received));
    let mut text = format!("Of {created} spans created {received} were received and {whereto}");
    let unseen = fates.get(&Fate::LostBeforeReceiver).map_or(0, |(total, _)| *total);
    if books.lost > unseen {
        text = format!("{text}; by default the SDK reports nothing of {} of these", PAGE.count(books.silent));
    }
    if unseen > 0 {
        text = format!("{text}; where {} of them were lost nobody saw", PAGE.count(unseen));
    }
    text.push('.');
    text
}

/// Spans of which only the number is known.
fn counted(result: &RunResult) -> Html {
    let fates = trials(result).flat_map(|(_, trial)| &trial.ledger.fates);
    let mut sums: BTreeMap<Fate, u64> = BTreeMap::new();
    for (fate, count) in fates.filter(|(_, count)| count.counted > 0) {
        *sums.entry(*fate).or_default() += count.counted;
    }
    let line = |(fate, n): (&Fate, &u64)| {
        note(format!(
            "{} as {fate} are counted, not named. The load's plan says how many spans each answered request makes, and the \
             wire how many of them came; without a witness in the process nobody saw which one is missing, nor where it \
             was lost.",
            PAGE.counted(*n, "span", "spans")
        ))
    };
    sums.iter().map(line).collect()
}

/// What the first error of each variant says whose cause has no name: nobody can look it up by that.
fn unknown_error(result: &RunResult) -> Html {
    let of = |variant: &VariantResult| {
        let text = variant.trials.iter().find_map(|trial| trial.exports.unknown_error.clone())?;
        let said =
            Html::text(format!("{}: the first failed export without a known cause said: ", variant.name));
        Some(Html::element("p", &[("class", "note")], said.with(&Html::leaf("code", "", text))))
    };
    result.variants.iter().filter_map(of).collect()
}

/// Spans that came in traces of somebody else's making.
fn outside(result: &RunResult) -> Html {
    let strangers = |variant: &VariantResult| {
        let n: u64 = variant.trials.iter().map(|trial| trial.ledger.strangers).sum();
        let text = format!(
            "{} of {} came that the watched program did not make. They are outside the books: a process that it starts, a program that it turns into, or another copy \
             of the SDK in it, sends to our receiver, too.",
            PAGE.counted(n, "span", "spans"),
            variant.name
        );
        if n > 0 { note(text) } else { Html::new() }
    };
    let line = |variant: &VariantResult| {
        let n: u64 = variant.trials.iter().map(|trial| trial.ledger.outside).sum();
        let text = format!(
            "{} of {} came in traces that the load did not begin. They are outside the books: the program begins traces of \
             its own, or does not take up the load's traceparent, and then its spans seem to be missing.",
            PAGE.counted(n, "span", "spans"),
            variant.name
        );
        if n > 0 { note(text) } else { Html::new() }
    };
    let sharing = |variant: &VariantResult| {
        let n: u64 = variant.trials.iter().map(|trial| trial.ledger.sharing_ids).sum();
        let text = format!(
            "{} of {} got ids that another span of the same trace has. They are counted here one by one, in the order in which they were \
             made; a back end that looks spans up by their ids may keep only one of them.",
            PAGE.counted(n, "span", "spans"),
            variant.name
        );
        if n > 0 { note(text) } else { Html::new() }
    };
    result.variants.iter().flat_map(|variant| [line(variant), strangers(variant), sharing(variant)]).collect()
}

fn by_variant(result: &RunResult) -> Html {
    let titles = ["Fate", "Variant", "#Whole trials | spans", "#Measured part | spans", "What it means"];
    let mut grid = Grid::new("Spans by fate and variant", titles);
    let by_variant: Vec<(&VariantResult, Counts)> =
        result.variants.iter().map(|variant| (variant, sums::fates(std::slice::from_ref(variant)))).collect();
    for fate in Fate::all() {
        for (variant, fates) in &by_variant {
            if let Some((total, measured)) = fates.get(&fate) {
                grid.row([
                    fate.to_string(),
                    variant.name.clone(),
                    PAGE.count(*total),
                    PAGE.count(*measured),
                    fate.explain().to_owned(),
                ]);
            }
        }
    }
    fold(grid.len(), &format!("Spans by fate and variant ({} rows)", grid.len()), grid.render())
}

fn ledgers(result: &RunResult) -> Html {
    let titles = [
        "Trial",
        "#Created",
        "#Received",
        "#Lost",
        "#Lost silently",
        "#Not meant to arrive",
        "#Unexplained",
        "#Unaccounted",
        "#Unexpected",
        "Closes",
    ];
    let mut grid = Grid::new("The books by trial, whole trials, spans", titles);
    let titles = [
        "Trial",
        "#Expected",
        "#Created",
        "#Not created",
        "#Missing in answered requests",
        "#Beyond the plan",
        "#Received twice or more",
        "#Received, but reported as failed",
        "#Of calls made again | by a client itself, in no other number",
    ];
    let mut plan = Grid::new("What the load's plan says about spans of numbered requests; copies", titles);
    for (variant, trial) in trials(result) {
        let name = trial_name(variant, trial);
        grid.row(ledger(name.clone(), &trial.ledger));
        let (expected, books) = (&trial.ledger.expected, Books::of(&[&trial.ledger]));
        let counts = [
            expected.spans,
            expected.created,
            expected.not_created,
            expected.missing_in_answered,
            expected.extra,
            books.repeated,
            books.reported_failed,
            books.made_again,
        ];
        plan.row(std::iter::once(name).chain(counts.map(|count| PAGE.count(count))));
    }
    fold(grid.len(), &format!("The books of {} trials", grid.len()), grid.render())
        .with(&details("The load's plan and copies", plan.render()))
}

fn ledger(name: String, ledger: &Ledger) -> Vec<String> {
    let books = Books::of(&[ledger]);
    let counts = [
        books.created,
        books.received,
        books.lost,
        books.silent,
        books.deliberate,
        books.unexplained,
        books.unaccounted,
        books.unexpected,
    ];
    let closes = match (ledger.closes(), ledger.is_broken()) {
        (true, false) => "✓ yes",
        (true, true) => "‼ yes, but broken",
        (false, _) => "‼ no",
    };
    let mut counts = counts.map(|count| PAGE.count(count));
    // Where a span was lost unseen, nobody knows whether something told of it.
    if ledger.total(Fate::LostBeforeReceiver) > 0 {
        NONE.clone_into(&mut counts[3]);
    }
    std::iter::once(name).chain(counts).chain([closes.to_owned()]).collect()
}

/// Where to begin to look: which span of a fate was lost first, in the first trial of a variant that has the fate.
fn first_lost(result: &RunResult) -> Html {
    let titles = [
        "Variant",
        "Fate",
        "#Lost | ms after load start",
        "Service",
        "Name",
        "#Request",
        "#Sequence | which span of its process, from 0",
        "Trace",
        "Span",
    ];
    let mut grid = Grid::new("The first span of each lost fate", titles);
    for variant in &result.variants {
        let mut firsts: BTreeMap<Fate, &FirstLostSpan> = BTreeMap::new();
        for (fate, count) in variant.trials.iter().flat_map(|trial| &trial.ledger.fates) {
            if let Some(first) = &count.first {
                firsts.entry(*fate).or_insert(first);
            }
        }
        for (fate, first) in firsts {
            grid.marked(vec![
                Html::text(&variant.name),
                Html::text(fate.to_string()),
                Html::text(PAGE.fixed(first.lost_ms, 3)),
                Html::text(&first.service),
                Html::text(&first.name),
                Html::text(words::maybe(first.request, |n| PAGE.count(u64::from(n)))),
                Html::text(PAGE.count(first.sequence)),
                Html::leaf("code", "", first.trace_id.to_string()),
                Html::leaf("code", "", first.span_id.to_string()),
            ]);
        }
    }
    fold(grid.len(), &format!("The first span of each lost fate ({} rows)", grid.len()), grid.render())
}

fn exemplars(result: &RunResult) -> Html {
    let titles = ["Variant", "Fate", "Trace", "Span", "Name", "#Request", "#Created | ms after load start"];
    let mut grid = Grid::new("The first spans of each fate that did not arrive", titles);
    for (variant, trial) in trials(result).filter(|(_, trial)| trial.repetition == 0) {
        let kept = trial.ledger.fates.iter().filter(|(fate, _)| fate.class() != FateClass::Received);
        for (fate, count) in kept {
            for exemplar in count.exemplars.iter().take(EXEMPLARS) {
                grid.marked(cells(variant, *fate, exemplar));
            }
        }
    }
    if grid.len() == 0 {
        return Html::new();
    }
    details(&format!("{} spans that did not arrive, by id", grid.len()), grid.render())
}

fn cells(variant: &VariantResult, fate: Fate, exemplar: &Exemplar) -> Vec<Html> {
    vec![
        Html::text(&variant.name),
        Html::text(fate.to_string()),
        Html::leaf("code", "", exemplar.trace_id.to_string()),
        Html::leaf("code", "", exemplar.span_id.to_string()),
        Html::text(&exemplar.name),
        Html::text(words::maybe(exemplar.request, |n| PAGE.count(u64::from(n)))),
        Html::text(PAGE.fixed(exemplar.created_ms, 3)),
    ]
}
