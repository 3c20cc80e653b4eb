//! Why spans are lost, from outside data; and when the first one will be dropped.

use spanfate_model::finding::forecast::{DropForecast, DropOutlook};
use spanfate_model::finding::outside::{OutsideCause, OutsidePart, OutsideSuspect, OutsideWhy, Sureness};

use crate::text::causes::named_cause;
use crate::text::fit::{clean, wrap};
use crate::text::number::TERMINAL;

/// Columns of text, of a title, and most lines of one row.
const WIDTH: usize = 110;
const TITLE: usize = 8;
const LINES: usize = 8;

/// All parts, and what traces and logs say.
pub(crate) fn render(found: &OutsideWhy) -> String {
    let mut blocks: Vec<String> = found.parts.iter().map(part).collect();
    let mut beside = Vec::new();
    beside.extend(found.traces.iter().map(|text| row("traces", text)));
    beside.extend(found.logs.iter().map(|text| row("logs", text)));
    if !beside.is_empty() {
        blocks.push(beside.join("\n"));
    }
    if found.parts.iter().any(|part| !part.causes.is_empty()) {
        let words = [
            (Sureness::Counted, "counters count it"),
            (Sureness::Follows, "arithmetic of means leaves no other way"),
            (Sureness::Possible, "it goes with what was seen, and so may others"),
        ];
        let words: Vec<String> =
            words.iter().map(|(sure, text)| format!("{}: {text}", sure.word())).collect();
        blocks.push(format!("{}.", words.join("; ")));
    }
    blocks.join("\n\n") + "\n"
}

/// Who is to blame by tables of metrics and traces.
pub(crate) fn suspects(found: &[OutsideSuspect]) -> String {
    if found.is_empty() {
        return "No service lost spans, as far as these tables go.\n".to_owned();
    }
    let one = |one: &OutsideSuspect| {
        let spans = TERMINAL.counted(one.spans.round() as u64, "span", "spans");
        let head =
            format!("{}  some {spans}, {} of those lost", clean(&one.service), TERMINAL.rough(one.share));
        let cause = format!("{} ({}): {}.", named_cause(one.cause), one.cause.as_str(), one.evidence);
        format!("{head}\n{}", row("cause", &cause))
    };
    let blocks: Vec<String> = found.iter().map(one).collect();
    let how = "This rests on how these series went on. Nothing is proved by replay.";
    format!("{}\n\n{how}\n", blocks.join("\n\n"))
}

fn part(part: &OutsidePart) -> String {
    let since = if part.since_start { "since its start" } else { "in the time that was looked at" };
    let lost = match part.lost {
        Some(lost) if lost > 0.0 => {
            format!("{} lost {since}", TERMINAL.counted(lost as u64, "span", "spans"))
        }
        Some(_) => format!("no span lost {since}"),
        None => "nobody counts what it loses".to_owned(),
    };
    let head = format!("{} {}  {lost}", clean(&part.service), clean(&part.component));
    let causes = part.causes.iter().map(|cause| row("cause", &said(cause)));
    let open = part.open.iter().map(|open| row("open", &format!("it cannot be told from this {open}.")));
    std::iter::once(head).chain(causes).chain(open).collect::<Vec<_>>().join("\n")
}

fn said(cause: &OutsideCause) -> String {
    let share = cause.share.map(|share| format!("{} ", TERMINAL.rough(share))).unwrap_or_default();
    format!("{share}{} ({}): {}.", cause.cause.words(), cause.sure.word(), cause.evidence)
}

fn row(title: &str, text: &str) -> String {
    let lines = wrap(text, WIDTH, LINES);
    let line = |(at, line): (usize, &String)| {
        let title = if at == 0 { title } else { "" };
        format!("  {title:<TITLE$} {line}")
    };
    lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// A forecast in a line, so many seconds after the first look.
pub(crate) fn forecast(one: &DropForecast, at_s: f64) -> String {
    let load = one.load.map(|load| format!("load {}, ", TERMINAL.rough(load))).unwrap_or_default();
    format!(
        "{:>7} s  {} {}: {load}{}",
        TERMINAL.fixed(at_s, 1),
        clean(&one.service),
        clean(&one.component),
        outlook(one)
    )
}

/// All forecasts, as they stand at the end.
pub(crate) fn forecasts(all: &[DropForecast]) -> String {
    if all.is_empty() {
        return "No batch processor exported anything between two looks, so there is nothing to forecast.\n"
            .to_owned();
    }
    let one = |one: &DropForecast| {
        let looks = TERMINAL.counted(one.looks as u64, "look", "looks");
        format!("{} {}: after {looks} {}.", clean(&one.service), clean(&one.component), outlook(one))
    };
    all.iter().map(one).collect::<Vec<_>>().join("\n") + "\n"
}

fn outlook(one: &DropForecast) -> String {
    let time = |seconds: f64| TERMINAL.lasting((seconds * 1e3).max(0.0));
    match one.outlook {
        DropOutlook::TooLittle => "too little is known yet".to_owned(),
        DropOutlook::Drops => "it drops spans now".to_owned(),
        DropOutlook::DropsIn { seconds, from_s, to_s: Some(to_s) } => format!(
            "if it goes on like this, the first span is dropped in {} (between {} and {})",
            time(seconds),
            time(from_s),
            time(to_s)
        ),
        DropOutlook::DropsIn { seconds, from_s, to_s: None } => format!(
            "if it goes on like this, the first span is dropped in {} (in {} at the earliest, or not at all)",
            time(seconds),
            time(from_s)
        ),
        DropOutlook::NotInSight { within_s } => format!("nothing leads to a drop within {}", time(within_s)),
    }
}
