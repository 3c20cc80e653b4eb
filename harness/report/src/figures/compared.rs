//! The words of a comparison: values, effects and intervals of its figures.

use spanfate_model::result::change::Change;
use spanfate_model::result::{Compared, ComparedBy, Comparison};

use crate::text::number::{NONE, Numbers, TERMINAL};

/// The columns of a comparison's table.
pub(crate) const COLUMNS: [&str; 8] =
    ["figure", "baseline", "candidate", "change", "95 % interval", "p", "would show", "is"];

/// The cells of a row: what stands under [`COLUMNS`].
pub(crate) fn cells(row: &Compared, numbers: Numbers) -> [String; 8] {
    let mean = |values: &[f64]| match values.len() {
        0 => NONE.to_owned(),
        n => value(row, values.iter().sum::<f64>() / n as f64, numbers),
    };
    let text =
        |value: Option<f64>| value.map_or_else(|| NONE.to_owned(), |value| effect(row, value, numbers));
    let interval = row.interval.map_or_else(
        || NONE.to_owned(),
        |(low, high)| format!("{} to {}", effect(row, low, numbers), effect(row, high, numbers)),
    );
    [
        row.figure.to_string(),
        mean(&row.baseline),
        mean(&row.candidate),
        text(row.effect),
        if row.way == ComparedBy::Counter { "exact".to_owned() } else { interval },
        row.adjusted.map_or_else(|| NONE.to_owned(), |p| format!("{p:.3}")),
        row.detectable.map_or_else(|| NONE.to_owned(), |change| size(row, change, numbers)),
        row.change.to_string(),
    ]
}

/// How it was compared, a sentence without its end.
pub(crate) fn method(comparison: &Comparison) -> String {
    if !comparison.interleaved {
        return "two runs at different times: counters exactly, everything else only beyond the 15 % by which runs drift"
            .to_owned();
    }
    let gates = comparison.rows.iter().filter(|row| row.way == ComparedBy::Paired).count();
    let early = match &comparison.looks {
        Some(looks) => format!(", look {} of {} ({})", looks.decided, looks.planned, looks.rule),
        None => String::new(),
    };
    let pairs = match comparison.pairs {
        all if all == comparison.planned => format!("{all} pairs"),
        some => format!("{some} of {} pairs", comparison.planned),
    };
    format!(
        "{pairs} of trials, in random order within each pair; exact sign-flip test, Holm over {gates} figures, at most {} % \
         false alarms{early}",
        comparison.alpha * 100.0
    )
}

/// Counters that are the same, in one line; `None` where there are none.
pub(crate) fn same_counters(comparison: &Comparison) -> Option<String> {
    let same = |row: &&Compared| row.way == ComparedBy::Counter && row.change == Change::Same;
    let count = |row: &Compared| {
        row.baseline.first().map_or_else(String::new, |n| format!(" {}", value(row, *n, TERMINAL)))
    };
    let name = |row: &Compared| format!("{}{}", row.figure, count(row));
    let names: Vec<String> = comparison.rows.iter().filter(same).map(name).collect();
    (!names.is_empty()).then(|| format!("the same in every trial: {}", names.join(", ")))
}

/// Rows that are worth a line of their own: all but the counters that are the same.
pub(crate) fn told(comparison: &Comparison) -> impl Iterator<Item = &Compared> {
    comparison.rows.iter().filter(|row| row.way != ComparedBy::Counter || row.change != Change::Same)
}

/// A value of a row's figure, with its unit.
pub(crate) fn value(row: &Compared, value: f64, numbers: Numbers) -> String {
    match row.figure.known() {
        // Nothing that was seen is not "0 %".
        _ if value == 0.0 => "0".to_owned(),
        Some(figure) if figure.is_time() => numbers.ms(value / 1e6),
        Some(figure) if figure.is_ratio() => numbers.percent(value),
        _ if value.fract() == 0.0 && value.abs() < 1e15 => numbers.fixed(value, 0),
        _ => numbers.short(value),
    }
}

/// An effect with its sign and unit.
pub(crate) fn effect(row: &Compared, effect: f64, numbers: Numbers) -> String {
    let sign = if effect > 0.0 { "+" } else { "" };
    format!("{sign}{}", signed(row, effect, numbers))
}

/// The size of an effect, either way.
pub(crate) fn size(row: &Compared, effect: f64, numbers: Numbers) -> String {
    format!("±{}", signed(row, effect.abs(), numbers))
}

fn signed(row: &Compared, effect: f64, numbers: Numbers) -> String {
    if row.relative {
        return format!("{} %", numbers.fixed(effect * 100.0, 1));
    }
    match row.figure.known() {
        Some(figure) if figure.is_ratio() && effect != 0.0 => format!("{} pp", numbers.points(effect)),
        _ => value(row, effect, numbers),
    }
}
