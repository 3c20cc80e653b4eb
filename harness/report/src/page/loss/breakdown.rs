//! Which spans are lost, and where does the time go?

mod split;

use spanfate_model::books::breakdown::{BreakdownRow, Spread};
use spanfate_model::fate::Fate;
use spanfate_model::result::{RunResult, VariantResult};

use crate::figures::lossy_spans::{losing, unknown, view};
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{LegendKey, PageSection, details, legend, note, plots};
use crate::plot::{BarRow, Bars, Ink};
use crate::text::number::{NONE, PAGE};
use crate::text::words::maybe;

/// Most rows of a plot.
const DRAWN: usize = 8;
/// Most rows of a table; the rest are added up.
const ROWS: usize = 40;
/// Most rows of the table of what is lost.
const LOSING: usize = 12;
/// Most variants without loss whose times are shown at once.
const OPEN: usize = 2;

/// The views: how the result calls them, what heads their column, and what they are split by.
const VIEWS: [(&str, &str, &str); 4] = [
    ("span", "Service and name", "name"),
    ("service", "Service", "service"),
    ("kind", "Kind", "kind"),
    ("place", "Place in the trace", "place in the trace"),
];

/// The section; absent where no trial was begun.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    if result.variants.is_empty() {
        return None;
    }
    let known: Vec<&VariantResult> =
        result.variants.iter().filter(|variant| !view(variant, "span").is_empty()).collect();
    let (lossy, clean): (Vec<_>, Vec<_>) =
        known.iter().partition(|variant| !losing(variant, "span").is_empty());
    let asks_for_time = lossy.is_empty() && !clean.is_empty();
    Some(PageSection {
        id: "breakdown",
        question: if asks_for_time { "Where does the time go?" } else { "Which spans are lost?" },
        answer: answer(result, &lossy, &clean),
        body: if known.is_empty() { Html::new() } else { body(&lossy, &clean) },
    })
}

fn answer(result: &RunResult, lossy: &[&VariantResult], clean: &[&VariantResult]) -> String {
    let text = match (lossy, clean) {
        ([], []) if result.variants.iter().any(|variant| !variant.summary.breakdown.is_empty()) => {
            return "No span was created in the measured part.".to_owned();
        }
        ([], []) => return unknown(result),
        ([], [first, ..]) => format!("No named span was lost. {}", slowest(first)),
        (lossy, _) => most_lost(lossy),
    };
    let unseen = result.variants.len() - lossy.len() - clean.len();
    if unseen == 0 {
        return format!("{text}.");
    }
    format!("{text}. Of {} it cannot be said.", PAGE.counted(unseen as u64, "variant", "variants"))
}

fn most_lost(lossy: &[&VariantResult]) -> String {
    let Some(variant) = worst(lossy) else { return String::new() };
    let rows = losing(variant, "span");
    let most = if lossy.len() > 1 { ", which loses most" } else { "" };
    if let Some((least, highest)) = alike(view(variant, "span")) {
        let (least, highest) = (PAGE.percent(least), PAGE.percent(highest));
        let range = if least == highest { least } else { format!("{least} to {highest}") };
        return format!(
            "With {}{most}, the loss hits all names alike: {range} of the spans of each",
            variant.name
        );
    }
    let mut parts: Vec<String> =
        rows.iter().take(3).map(|row| format!("{}: {}", row.value, PAGE.rough(row.share_of_lost))).collect();
    if let [first, ..] = parts.as_mut_slice() {
        first.push_str(" of the lost spans");
    }
    let left = rows.len().saturating_sub(parts.len());
    if left > 0 {
        parts.push(PAGE.counted(left as u64, "other name", "other names"));
    }
    format!("With {}{most}: {}", variant.name, parts.join("; "))
}

/// The lowest and the highest loss of several names, where they are as good as the same: then shares of the lost only say how many
/// spans of each there are.
fn alike(rows: &[BreakdownRow]) -> Option<(f64, f64)> {
    const APART: f64 = 0.05;
    let rates = || rows.iter().filter(|row| row.created > row.deliberate).map(|row| row.rate);
    let (least, highest) = (rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max));
    (rates().count() > 1 && highest > 0.0 && highest - least <= APART * highest).then_some((least, highest))
}

/// The variant that loses most spans; of equal ones the first.
fn worst<'a>(lossy: &[&'a VariantResult]) -> Option<&'a VariantResult> {
    lossy.iter().copied().reduce(|a, b| if b.summary.lost > a.summary.lost { b } else { a })
}

/// Rows by the time that 99 % of their spans stay below, longest first.
fn by_time(variant: &VariantResult) -> Vec<(&BreakdownRow, Spread)> {
    let mut rows: Vec<(&BreakdownRow, Spread)> =
        view(variant, "span").iter().filter_map(|row| Some((row, row.duration?))).collect();
    rows.sort_by(|a, b| b.1.p99.total_cmp(&a.1.p99));
    rows
}

fn slowest(variant: &VariantResult) -> String {
    let rows = by_time(variant);
    let parts: Vec<String> =
        rows.iter().take(4).map(|(row, time)| format!("{} ({})", row.value, PAGE.ms(time.p99))).collect();
    if parts.is_empty() {
        return "No duration was measured".to_owned();
    }
    format!("By p99 the longest with {} are {}", variant.name, parts.join(", "))
}

fn body(lossy: &[&VariantResult], clean: &[&VariantResult]) -> Html {
    let mut out = Html::new();
    if !lossy.is_empty() {
        out.push(&legend(&[(LegendKey::Bar, "lost", "share of the variant's lost spans")]));
        out.push(&plots(lossy.iter().enumerate().map(|(at, v)| (v.name.clone(), shares(at, v)))));
        out.push(&split::bars(lossy));
        out.push(&lossy.iter().map(|variant| tables(variant, true)).collect());
    }
    if !clean.is_empty() {
        let keys = legend(&[
            (LegendKey::Bar, "response faint", "p99 of the spans' durations"),
            (LegendKey::Bar, "response", "p50"),
        ]);
        let drawn = plots(clean.iter().enumerate().map(|(at, v)| (v.name.clone(), times(at, v))));
        let tables: Html = clean.iter().map(|variant| tables(variant, false)).collect();
        let inner = keys.with(&drawn).with(&tables);
        if lossy.is_empty() {
            out.push(&inner);
        } else {
            out.push(&Html::leaf("h4", "", "Where the time goes without a loss"));
            let summary =
                format!("{} without a loss", PAGE.counted(clean.len() as u64, "variant", "variants"));
            out.push(&if clean.len() > OPEN { details(&summary, inner) } else { inner });
        }
    }
    out.with(&note(
        "Spans of the measured part. Duration: from the creation of a span to its end, lost ones included; that of a parent \
         holds those of its children. Receipt: from its creation to its first receipt. With several trials, times are those \
         of the trial whose p99 is the median.",
    ))
}

/// What is lost, by name.
fn shares(at: usize, variant: &VariantResult) -> Html {
    let all = losing(variant, "span");
    let row = |row: &&BreakdownRow| BarRow {
        name: row.value.clone(),
        figure: format!("{} · {}", PAGE.count(row.lost), PAGE.percent(row.share_of_lost)),
        bars: (row.share_of_lost, 0.0),
    };
    let rows: Vec<BarRow> = all.iter().take(DRAWN).map(row).collect();
    let title = format!("Lost spans by name, {}", variant.name);
    let inks = (Ink::Lost, Ink::Lost);
    Bars { key: format!("names-{at}"), title: &title, inks, rows: &rows }.draw().with(&left(all.len(), &rows))
}

/// Where the time goes, by name.
fn times(at: usize, variant: &VariantResult) -> Html {
    let all = by_time(variant);
    let longest = all.first().map_or(0.0, |(_, time)| time.p99).max(1e-9);
    let row = |(row, time): &(&BreakdownRow, Spread)| BarRow {
        name: row.value.clone(),
        figure: format!("p50 {} · p99 {}", PAGE.short(time.p50), PAGE.ms(time.p99)),
        bars: (time.p99 / longest, time.p50 / longest),
    };
    let rows: Vec<BarRow> = all.iter().take(DRAWN).map(row).collect();
    let title = format!("Durations by name, {}", variant.name);
    let inks = (Ink::ResponseTrial, Ink::Response);
    Bars { key: format!("times-{at}"), title: &title, inks, rows: &rows }.draw().with(&left(all.len(), &rows))
}

fn left(all: usize, shown: &[BarRow]) -> Html {
    let left = all.saturating_sub(shown.len());
    if left == 0 { Html::new() } else { note(format!("and {left} more names")) }
}

/// The four views of a variant: what lost something in the open, all else folded.
fn tables(variant: &VariantResult, lossy: bool) -> Html {
    let name = &variant.name;
    let mut out = Html::new();
    if lossy {
        let rows = losing(variant, "span");
        out.push(&table(&format!("{name}: what is lost, by name"), "Service and name", &rows, true, LOSING));
    }
    let all: Html = VIEWS
        .iter()
        .map(|(by, title, what)| {
            let mut rows: Vec<&BreakdownRow> = view(variant, by).iter().collect();
            if !lossy {
                let p99 = |row: &BreakdownRow| row.duration.map_or(0.0, |time| time.p99);
                rows.sort_by(|a, b| p99(b).total_cmp(&p99(a)));
            }
            table(&format!("{name}: all spans by {what}"), title, &rows, lossy, ROWS)
        })
        .collect();
    let names = PAGE.counted(view(variant, "span").len() as u64, "name", "names");
    out.with(&details(&format!("{name}: all spans by name ({names}), service, kind and place"), all))
}

/// At most `most` rows, the others added up.
fn table(caption: &str, title: &str, rows: &[&BreakdownRow], lossy: bool, most: usize) -> Html {
    let losses = ["#Lost", "#Loss | of these spans", "#Share | of all lost", "Lost how"];
    let times = ["#Duration p50 | ms", "#Duration p99 | ms", "#Receipt p50 | ms", "#Receipt p99 | ms"];
    let shown: &[&str] = if lossy { &losses } else { &[] };
    let titles = [title, "#Created", "#Received"].into_iter().chain(shown.iter().copied()).chain(times);
    let mut grid = Grid::new(caption, titles);
    for row in rows.iter().take(most) {
        let mut texts = vec![row.value.clone()];
        texts.extend(counts(row, lossy));
        texts.extend(spread(row.duration));
        texts.extend(spread(row.delay));
        grid.row(texts);
    }
    let rest = rows.get(most..).unwrap_or_default();
    if !rest.is_empty() {
        let mut texts = vec![format!("{} more, added up", rest.len())];
        texts.extend(counts(&add(rest), lossy));
        texts.extend(std::iter::repeat_n(NONE.to_owned(), 4));
        grid.row(texts);
    }
    grid.render()
}

fn counts(row: &BreakdownRow, lossy: bool) -> Vec<String> {
    let mut out = vec![PAGE.count(row.created), PAGE.count(row.received)];
    if lossy {
        let share = |share: f64| maybe((row.lost > 0).then_some(share), |share| PAGE.percent(share));
        // One fate has the count that stands beside it.
        let alone = row.lost_by_fate.len() == 1;
        let say = |(fate, count): (&Fate, &u64)| {
            let short = fate.facts().short.replace(' ', "\u{a0}");
            if alone { short } else { format!("{}\u{a0}{short}", PAGE.count(*count)) }
        };
        let fates: Vec<String> = row.lost_by_fate.iter().map(say).collect();
        out.extend([PAGE.count(row.lost), share(row.rate), share(row.share_of_lost), fates.join(", ")]);
    }
    out
}

fn spread(time: Option<Spread>) -> [String; 2] {
    [maybe(time, |time| PAGE.short(time.p50)), maybe(time, |time| PAGE.short(time.p99))]
}

/// Rows in one; without times, which cannot be added.
fn add(rows: &[&BreakdownRow]) -> BreakdownRow {
    let mut out = BreakdownRow::default();
    for row in rows {
        out.created += row.created;
        out.received += row.received;
        out.lost += row.lost;
        out.deliberate += row.deliberate;
        out.share_of_lost += row.share_of_lost;
        for (fate, count) in &row.lost_by_fate {
            *out.lost_by_fate.entry(*fate).or_insert(0) += count;
        }
    }
    let due = out.created.saturating_sub(out.deliberate);
    out.rate = if due == 0 { 0.0 } else { out.lost as f64 / due as f64 };
    out
}
