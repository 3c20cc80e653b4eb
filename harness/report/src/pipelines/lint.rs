//! What is wrong with configurations of collectors, as text.

use spanfate_model::finding::lint::{LintDemand, LintFinding, LintLevel, LintedFile, LintedLoss};

use crate::terminal::TableStyle;
use crate::terminal::ink::{TermInk, finish, paint};
use crate::text::fit::{clean, wrap};
use crate::text::number::TERMINAL;

/// Columns of text.
const WIDE: usize = 110;

/// Each finding with its place, what it costs and what to do; ends with a newline.
pub(crate) fn render(files: &[LintedFile], demand: &LintDemand, style: TableStyle) -> String {
    let mut out = vec![paint(
        TermInk::Soft,
        &format!(
            "at {} spans/s, a round trip of {}, an outage of {}",
            TERMINAL.short(demand.spans_per_s),
            TERMINAL.lasting(demand.round_trip_s * 1e3),
            TERMINAL.lasting(demand.outage_s * 1e3)
        ),
    )];
    for file in files {
        out.push(String::new());
        for finding in &file.findings {
            out.extend(lines(&file.file, finding));
        }
        out.extend(
            file.not_judged
                .iter()
                .map(|text| paint(TermInk::Soft, &clean(&format!("{}: not judged: {text}", file.file)))),
        );
        out.push(sum(file));
    }
    finish(&(out.join("\n") + "\n"), style.color)
}

fn lines(file: &str, finding: &LintFinding) -> Vec<String> {
    let LintFinding { level, rule, line, column, component, text, remedy, loss } = finding;
    let ink = match level {
        LintLevel::Loss => TermInk::Bad,
        LintLevel::Risk => TermInk::Warn,
        LintLevel::Note => TermInk::Soft,
    };
    let head = clean(&format!("{file}:{line}:{column}: "));
    let mut out = vec![format!("{head}{} [{}]", paint(ink, level.name()), rule.name())];
    let mut say = |text: &str| out.extend(wrap(text, WIDE, 6).into_iter().map(|line| format!("    {line}")));
    say(&format!("{component}: {text}."));
    if let Some(loss) = loss {
        say(&format!("Predicted loss: {}.", predicted(loss)));
    }
    say(&format!("To do: {remedy}."));
    out
}

fn predicted(loss: &LintedLoss) -> String {
    match loss.spans {
        Some(spans) => format!(
            "{} spans of the outage, {} of what comes in it",
            TERMINAL.fixed(spans, 0),
            TERMINAL.percent(loss.share)
        ),
        None => format!("{} of all spans, as long as the rate lasts", TERMINAL.percent(loss.share)),
    }
}

fn sum(file: &LintedFile) -> String {
    if file.findings.is_empty() {
        return format!("{}: {}", clean(&file.file), paint(TermInk::Good, "nothing found"));
    }
    let counted = |level: LintLevel, one: &str, many: &str| {
        let count = file.findings.iter().filter(|finding| finding.level == level).count() as u64;
        (count > 0).then(|| TERMINAL.counted(count, one, many))
    };
    let parts: Vec<String> = [
        counted(LintLevel::Loss, "loss", "losses"),
        counted(LintLevel::Risk, "risk", "risks"),
        counted(LintLevel::Note, "note", "notes"),
    ]
    .into_iter()
    .flatten()
    .collect();
    format!("{}: {}", clean(&file.file), parts.join(", "))
}
