//! Log lines held against spans, as text: how many lead to a received span, and what to do about the others.

use std::collections::BTreeMap;

use spanfate_model::books::logs::{
    LineExample, LineRow, LineStanding, LogBooks, TrialLines, Unanchored, UnreadLine,
};
use spanfate_model::books::row::Standing;

use crate::terminal::TableStyle;
use crate::terminal::ink::{TermInk, finish, paint};
use crate::text::fit::{clean, wrap};
use crate::text::number::{NONE, TERMINAL};

/// Columns of text.
const WIDE: usize = 110;

/// Trial by trial, and once what to do; ends with a newline.
pub(crate) fn render(trials: &[TrialLines], style: TableStyle) -> String {
    let mut out = Vec::new();
    let mut remedies: BTreeMap<&'static str, &'static str> = BTreeMap::new();
    for TrialLines { trial, variant, logs } in trials {
        out.push(clean(&format!("trial {trial}, {variant}: {}", sum(logs))));
        out.extend(table(&logs.rows).into_iter().map(|line| format!("  {line}")));
        out.extend(notes(logs).into_iter().map(|text| paint(TermInk::Warn, &format!("  {text}"))));
        out.push(String::new());
        let known = logs.rows.iter().filter_map(|row| row.standing.known());
        remedies.extend(known.copied().filter_map(remedy));
    }
    for (about, text) in remedies {
        let lines = wrap(&format!("{about}: {text}."), WIDE, 2);
        out.extend(lines.into_iter().map(|line| paint(TermInk::Soft, &line)));
    }
    finish(&(out.join("\n").trim_end().to_owned() + "\n"), style.color)
}

fn sum(logs: &LogBooks) -> String {
    let share =
        |lines: u64| logs.share(lines).map_or_else(|| NONE.to_owned(), |share| TERMINAL.percent(share));
    let mut out = format!(
        "{}, {} anchored, {} dangling, {} unanchored",
        TERMINAL.counted(logs.lines, "line", "lines"),
        share(logs.anchored),
        share(logs.dangling),
        share(logs.unanchored)
    );
    if logs.unread > 0 {
        out += &format!(", {} not read", share(logs.unread));
    }
    out
}

fn notes(logs: &LogBooks) -> Vec<String> {
    let mut out = Vec::new();
    if logs.missed > 0 {
        let messages = TERMINAL.counted(logs.missed, "message", "messages");
        out.push(format!("{messages} with log records came and had no room: no share is given"));
    }
    if logs.repaired > 0 {
        let lines = TERMINAL.counted(logs.repaired, "line", "lines");
        out.push(format!("{lines} held bytes that are no UTF-8; they were replaced"));
    }
    out
}

/// The rows in columns: service, lines, how they stand, the first of them.
fn table(rows: &[LineRow]) -> Vec<String> {
    let cells: Vec<[String; 4]> = rows
        .iter()
        .map(|row| {
            [clean(&row.service), TERMINAL.count(row.lines), clean(&standing(row)), clean(&first(&row.first))]
        })
        .collect();
    let wide = |at: usize| cells.iter().map(|row| row[at].chars().count()).max().unwrap_or_default();
    let (service, lines, stand) = (wide(0), wide(1), wide(2));
    let line = |(row, [a, b, c, d]): (&LineRow, &[String; 4])| {
        let c = paint(ink(row), &format!("{c:stand$}"));
        format!("{a:service$}  {b:>lines$}  {c}  {d}").trim_end().to_owned()
    };
    rows.iter().zip(&cells).map(line).collect()
}

fn ink(row: &LineRow) -> TermInk {
    match row.standing.known() {
        Some(LineStanding::Anchored) => TermInk::Good,
        Some(LineStanding::Dangling(_)) => TermInk::Warn,
        _ => TermInk::Bad,
    }
}

fn first(LineExample { file, line, says }: &LineExample) -> String {
    if says.is_empty() { format!("{file}:{line}") } else { format!("{file}:{line}  {says}") }
}

/// How lines stand, in words.
fn standing(row: &LineRow) -> String {
    let Some(known) = row.standing.known() else { return row.standing.to_string() };
    let found = row.found.as_deref().unwrap_or_default();
    match known {
        LineStanding::Anchored => "anchored".to_owned(),
        LineStanding::Dangling(Standing::Unaccounted) => "dangling: a witness has a gap".to_owned(),
        LineStanding::Dangling(span) => format!("dangling: {span}"),
        LineStanding::Unanchored(why) => format!("unanchored: {}", unanchored(*why, found)),
        LineStanding::Unread(why) => format!("not read: {}", unread(*why)),
    }
}

fn unanchored(why: Unanchored, found: &str) -> String {
    let text = match why {
        Unanchored::NoIds => "no ids",
        Unanchored::WrongNames => return format!("wrong names ({found})"),
        Unanchored::NoContext => "no context",
        Unanchored::OneId => "one id alone",
        Unanchored::BadLength => "an id of another length",
        Unanchored::BadHex => "an id that is not hexadecimal",
        Unanchored::BadCase => "an id with capital letters",
        Unanchored::BadZeros => "an id of zeros",
        Unanchored::BadType => "an id that is no text",
        Unanchored::AnotherTrace => "ids of another trace",
        Unanchored::UnknownSpan => "unknown span",
    };
    text.to_owned()
}

const fn unread(why: UnreadLine) -> &'static str {
    match why {
        UnreadLine::TooLong => "too long",
        UnreadLine::BrokenJson => "broken JSON",
        UnreadLine::NoObject => "no object",
        UnreadLine::Logfmt => "logfmt",
        UnreadLine::OtherText => "text",
        UnreadLine::NoText => "no text",
    }
}

/// What to do about lines that stand so.
const fn remedy(standing: LineStanding) -> Option<(&'static str, &'static str)> {
    Some(match standing {
        LineStanding::Anchored => return None,
        LineStanding::Dangling(_) => (
            "dangling",
            "the span of the line was made and did not arrive; `spanfate explain SPAN_ID RUN` says what happened to it",
        ),
        LineStanding::Unanchored(why) => match why {
            Unanchored::NoIds => (
                "no ids",
                "no line of the service has ids; wrap its handler (go-fixtures/tracelog), or send lines through a bridge (otelslog, otelzap)",
            ),
            Unanchored::WrongNames => (
                "wrong names",
                "write trace_id, span_id and trace_flags at the top of the line: that is what readers of logs look for",
            ),
            Unanchored::NoContext => (
                "no context",
                "the line was logged without its context: slog.InfoContext(ctx, …) in place of slog.Info(…)",
            ),
            Unanchored::OneId => ("one id", "write both trace_id and span_id: one alone leads to no span"),
            Unanchored::BadLength
            | Unanchored::BadHex
            | Unanchored::BadCase
            | Unanchored::BadZeros
            | Unanchored::BadType => (
                "bad ids",
                "a trace id has 32 hexadecimal digits in lower case, a span id 16; a request id is none, and belongs in a field of its own",
            ),
            Unanchored::AnotherTrace => (
                "another trace",
                "the span is known, and not in that trace: is something else, like a request id, in the place of the trace id?",
            ),
            Unanchored::UnknownSpan => (
                "unknown span",
                "no witness has seen the span: is the line of another run, or of a service that was not watched?",
            ),
        },
        LineStanding::Unread(_) => (
            "not read",
            "lines are read as JSON, one object each: of a logger, or log records of OTLP as a collector's file exporter writes them",
        ),
    })
}

#[cfg(test)]
mod tests {
    use spanfate_model::fate::Fate;

    use super::*;

    fn row(standing: LineStanding, lines: u64, found: Option<&str>, says: &str) -> LineRow {
        LineRow {
            service: "http".to_owned(),
            standing: standing.into(),
            found: found.map(str::to_owned),
            lines,
            first: LineExample { file: "app.log".to_owned(), line: 7, says: says.to_owned() },
        }
    }

    #[test]
    fn each_way_to_stand_has_a_row_with_its_first_line_and_what_to_do_stands_once() {
        let rows = vec![
            row(LineStanding::Anchored, 1200, None, ""),
            row(LineStanding::of(Standing::Fate(Fate::DroppedQueueFull)), 300, None, "trace 1, span 2"),
            row(LineStanding::Unanchored(Unanchored::WrongNames), 400, Some("traceId"), ""),
            row(LineStanding::Unread(UnreadLine::BrokenJson), 100, None, "byte 1: x"),
        ];
        let logs = LogBooks {
            lines: 2000,
            anchored: 1200,
            dangling: 300,
            unanchored: 400,
            unread: 100,
            repaired: 1,
            rows,
            ..LogBooks::default()
        };
        let trial = |trial: u16| TrialLines { trial, variant: "handler".to_owned(), logs: logs.clone() };
        let text = render(&[trial(0), trial(1)], TableStyle { color: false, width: None });
        let head = "\
trial 0, handler: 2,000 lines, 60.00 % anchored, 15.00 % dangling, 20.00 % unanchored, 5.00 % not read
  http  1,200  anchored                           app.log:7
  http    300  dangling: dropped_queue_full       app.log:7  trace 1, span 2
  http    400  unanchored: wrong names (traceId)  app.log:7
  http    100  not read: broken JSON              app.log:7  byte 1: x
  1 line held bytes that are no UTF-8; they were replaced

trial 1, handler: 2,000 lines";
        assert!(text.starts_with(head), "{text}");
        for once in ["\ndangling: the span", "\nwrong names: write trace_id", "\nnot read: lines are"] {
            assert_eq!(text.matches(once).count(), 1, "{once}: {text}");
        }
    }

    #[test]
    fn every_reason_has_words_and_a_remedy() {
        let unanchored = Unanchored::ALL.iter().copied().map(LineStanding::Unanchored);
        for standing in unanchored.chain(UnreadLine::ALL.iter().copied().map(LineStanding::Unread)) {
            assert!(remedy(standing).is_some());
            let said = self::standing(&row(standing, 1, Some("x"), ""));
            assert!(said.split_once(": ").is_some_and(|(_, why)| !why.is_empty()), "{said}");
        }
        assert!(remedy(LineStanding::Anchored).is_none());
    }
}
