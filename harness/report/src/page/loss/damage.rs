//! What does the user see in the trace UI?

use spanfate_model::books::damage::{Damage, ServiceDamage};
use spanfate_model::result::{RunResult, VariantResult};

use crate::figures::lossy_spans::{damaged, traced, unknown, unseen, vanished};
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{LegendKey, PageSection, details, doubt, fold, legend, note, plots};
use crate::plot::{BarRow, Bars, Ink, STATES, state};
use crate::text::number::{NONE, PAGE};
use crate::text::words::maybe;

/// Most services in a plot.
const DRAWN: usize = 16;
/// Most rows of the table of services.
const ROWS: usize = 200;

/// The section; absent where no trial was begun.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    if result.variants.is_empty() {
        return None;
    }
    let body = if traced(result).is_empty() { Html::new() } else { body(result) };
    Some(PageSection {
        id: "damage",
        question: "What does the user see in the trace UI?",
        answer: answer(result),
        body,
    })
}

fn answer(result: &RunResult) -> String {
    let known = traced(result);
    let traces: u64 = known.iter().map(|(_, damage)| damage.traces).sum();
    if known.is_empty() {
        return unknown(result);
    }
    if traces == 0 {
        return "There is no trace: no sampled span was created.".to_owned();
    }
    let split: u64 = known.iter().map(|(_, damage)| damage.split).sum();
    let all = damaged(result);
    let left_out: u64 = known.iter().map(|(_, damage)| damage.left_out).sum();
    let mut text = match all.as_slice() {
        [] if left_out > 0 => format!(
            "No trace is damaged, but {} of {} miss spans that were left out on purpose",
            PAGE.count(left_out),
            PAGE.count(traces)
        ),
        [] if split > 0 => format!(
            "No span is missing, but {} of {} traces come in pieces: a service lost the context",
            PAGE.count(split),
            PAGE.count(traces)
        ),
        [] => format!("Everything: all {} traces are complete", PAGE.count(traces)),
        [(variant, damage), others @ ..] => {
            let of = if others.is_empty() {
                String::new()
            } else {
                format!("{} of {} variants damage traces. ", all.len(), result.variants.len())
            };
            format!("{of}With {} {}", variant.name, worst(damage))
        }
    };
    text.push('.');
    text += &headers(&known);
    match unseen(result).len() as u64 {
        0 => text,
        n => format!("{text} Of {} it cannot be said.", PAGE.counted(n, "variant", "variants")),
    }
}

/// How much trace context arrived at called services, where there are any.
fn headers(known: &[(&VariantResult, &Damage)]) -> String {
    let sum = |pick: fn(&Damage) -> u64| known.iter().map(|(_, damage)| pick(damage)).sum::<u64>();
    let all = Damage {
        calls: sum(|damage| damage.calls),
        intact_calls: sum(|damage| damage.intact_calls),
        ..Damage::default()
    };
    match all.calls {
        0 => String::new(),
        _ => format!(" Trace context arrived intact at {} calls between services.", intact(&all)),
    }
}

fn worst(damage: &Damage) -> String {
    let mut text = format!(
        "{} of the traces are damaged ({} of {})",
        PAGE.rough(damage.damaged_share()),
        PAGE.count(damage.damaged()),
        PAGE.count(damage.traces)
    );
    if damage.left_out > 0 {
        text += &format!(", and {} miss only what was left out on purpose", PAGE.count(damage.left_out));
    }
    if damage.absent > 0 {
        text += &format!("; of {} nothing arrived", PAGE.count(damage.absent));
    }
    if damage.headless > 0 {
        text += &format!("; of {} the root is missing", PAGE.count(damage.headless));
    }
    if damage.torn_unseen > 0 {
        let share = damage.torn_unseen as f64 / damage.torn as f64;
        text += &format!("; {} of those that miss spans below the root look whole", PAGE.rough(share));
    }
    if let Some(service) = vanished(damage) {
        let joint = if damage.torn_unseen > 0 { ":" } else { ";" };
        text += &format!(
            "{joint} in {} traces {} ({}) is simply not there",
            PAGE.count(service.invisible),
            service.service,
            hops(service.depth, "down")
        );
    }
    text
}

fn hops(depth: u16, how: &str) -> String {
    let hops = PAGE.counted(u64::from(depth), "hop", "hops");
    if how.is_empty() { hops } else { format!("{hops} {how}") }
}

fn body(result: &RunResult) -> Html {
    let mut out = states(result);
    let many = traced(result).iter().any(|(_, damage)| deepest(damage).len() > 1);
    if many && !damaged(result).is_empty() {
        out.push(&services(result));
    }
    out.push(&examples());
    out.push(&note(
        "Traces of the measured part's requests, each counted once. Damaged are those that miss a span: the root, \
         a span below it, or all. Spans that are not sampled do not count. What was filtered is missing like what was \
         lost, but a trace that misses nothing else is not damaged.",
    ));
    out
}

fn states(result: &RunResult) -> Html {
    let titles = [
        "Variant",
        "#Traces",
        "#Complete",
        "#Broken context",
        "#Orphaned spans | or a missing branch",
        "#Of these | look whole",
        "#Root missing",
        "#Absent",
        "#Damaged",
        "#Missing spans",
        "#Damaged traces | per missing span",
    ];
    let called = traced(result).iter().any(|(_, damage)| damage.calls > 0);
    let calls = called.then_some("#Calls with intact context | of all between services");
    let thinned = traced(result).iter().any(|(_, damage)| damage.left_out > 0);
    let left_out = thinned.then_some("#Not damaged | for what they miss was left out on purpose");
    let titles = titles.into_iter().chain(left_out).chain(calls);
    let mut grid = Grid::new("Traces by what became of them", titles);
    for (variant, damage) in traced(result) {
        let mut name = Html::text(&variant.name);
        if variant.trials.iter().any(|trial| trial.ledger.unaccounted.count > 0) {
            name.push(&Html::literal(" "));
            name.push(&doubt("missing ones may have arrived"));
        }
        let each =
            if damage.missing_spans > 0 { PAGE.fixed(damage.amplification, 2) } else { NONE.to_owned() };
        let texts = [
            PAGE.count(damage.traces),
            PAGE.count(damage.complete),
            PAGE.count(damage.split),
            PAGE.count(damage.torn),
            PAGE.count(damage.torn_unseen),
            PAGE.count(damage.headless),
            PAGE.count(damage.absent),
            // Nothing damaged has no share beside it: of how many stands in the row.
            if damage.damaged() == 0 { "0".to_owned() } else { PAGE.percent(damage.damaged_share()) },
            PAGE.count(damage.missing_spans),
            each,
        ];
        let intact = called.then(|| maybe((damage.calls > 0).then_some(damage), intact));
        let left_out = thinned.then(|| PAGE.count(damage.left_out));
        let texts = texts.into_iter().chain(left_out).chain(intact);
        grid.marked(std::iter::once(name).chain(texts.map(Html::text)).collect());
    }
    let unseen = unseen(result);
    let blind = match unseen.as_slice() {
        [] => Html::new(),
        names => {
            note(format!("Not in this table, for want of a witness in the process: {}.", names.join(", ")))
        }
    };
    fold(grid.len(), &format!("Traces of {} variants", grid.len()), grid.render()).with(&blind)
}

/// Calls whose trace context arrived as it was sent, of all calls.
fn intact(damage: &Damage) -> String {
    format!("{} of {}", PAGE.count(damage.intact_calls), PAGE.count(damage.calls))
}

/// The same small trace in every state.
fn examples() -> Html {
    let keys = legend(&[
        (LegendKey::Bar, "received", "shown"),
        (LegendKey::Frame, "missing", "missing"),
        (LegendKey::Bar, "deliberate", "in another trace"),
    ]);
    let drawn = STATES
        .iter()
        .enumerate()
        .map(|(at, one)| (one.name.to_owned(), state(at, one).with(&Html::leaf("p", "note", one.words))));
    Html::leaf("h4", "", "What the words mean, by the example of a small trace")
        .with(&keys)
        .with(&plots(drawn))
}

/// Which services are missing, by how far down they are.
fn services(result: &RunResult) -> Html {
    let all = damaged(result);
    let keys = legend(&[
        (LegendKey::Bar, "lost", "traces that miss a span of the service"),
        (LegendKey::Bar, "unplaced", "of these: all of its spans, so that it does not appear"),
    ]);
    let drawn = all
        .iter()
        .enumerate()
        .map(|(at, (variant, damage))| (variant.name.clone(), plot(at, variant, &deepest(damage))));
    let inner = keys.with(&plots(drawn)).with(&table(&all));
    Html::leaf("h4", "", "Which services are missing from traces").with(&inner)
}

/// The services from the load downwards.
fn deepest(damage: &Damage) -> Vec<&ServiceDamage> {
    let mut out: Vec<&ServiceDamage> = damage.services.iter().filter(|service| service.traces > 0).collect();
    out.sort_by_key(|service| service.depth);
    out
}

fn share(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}

fn plot(at: usize, variant: &VariantResult, services: &[&ServiceDamage]) -> Html {
    let mut worst = services.to_vec();
    worst.sort_by_key(|service| std::cmp::Reverse(service.broken));
    worst.truncate(DRAWN);
    worst.sort_by_key(|service| service.depth);
    let row = |service: &&ServiceDamage| BarRow {
        name: format!("{} · {}", service.service, hops(service.depth, "")),
        figure: match (service.broken, service.invisible) {
            (0, _) => format!("0 of {}", PAGE.count(service.traces)),
            (broken, 0) => format!("{} broken", PAGE.rough(share(broken, service.traces))),
            (broken, gone) => format!(
                "{} broken, {} not there",
                PAGE.rough(share(broken, service.traces)),
                PAGE.rough(share(gone, service.traces))
            ),
        },
        bars: (share(service.broken, service.traces), share(service.invisible, service.traces)),
    };
    let rows: Vec<BarRow> = worst.iter().map(row).collect();
    let title = format!("Traces that miss spans of a service, {}", variant.name);
    let bars =
        Bars { key: format!("broken-{at}"), title: &title, inks: (Ink::Lost, Ink::Unplaced), rows: &rows };
    let left = services.len() - rows.len();
    let more = if left > 0 {
        note(format!("The {} most broken; {left} more are in the table.", rows.len()))
    } else {
        Html::new()
    };
    bars.draw().with(&more)
}

fn table(all: &[(&VariantResult, &Damage)]) -> Html {
    let titles = [
        "Service",
        "Variant",
        "#Hops | from the load",
        "#In traces",
        "#Broken | traces that miss a span of it",
        "#Share",
        "#Not there | traces that miss all of them",
        "#Share",
        "#Missing spans",
    ];
    let mut grid = Grid::new("Traces by service", titles);
    let rows =
        || all.iter().flat_map(|(variant, damage)| deepest(damage).into_iter().map(move |s| (variant, s)));
    for (variant, service) in rows().take(ROWS) {
        let percent = |part: u64| match part {
            0 => NONE.to_owned(),
            _ => PAGE.percent(share(part, service.traces)),
        };
        grid.row([
            service.service.clone(),
            variant.name.clone(),
            service.depth.to_string(),
            PAGE.count(service.traces),
            PAGE.count(service.broken),
            percent(service.broken),
            PAGE.count(service.invisible),
            percent(service.invisible),
            PAGE.count(service.missing_spans),
        ]);
    }
    let left = rows().count() - grid.len();
    let more = if left > 0 { note(format!("and {left} more in result.json")) } else { Html::new() };
    details(&format!("Numbers of {} rows", grid.len()), grid.render().with(&more))
}
