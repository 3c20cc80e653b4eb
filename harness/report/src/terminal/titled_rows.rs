//! Rows of text: what it is on the left, and what there is to say beside it.

use crate::text::fit::wrap;
use crate::text::number::TERMINAL;

/// Columns of what stands on the left.
const LEFT: usize = 11;
/// Columns of text.
const WIDE: usize = 110;

/// A line, or several where it is long.
pub(crate) fn row(out: &mut String, what: &str, text: &str) {
    for (index, part) in wrap(text, WIDE - LEFT, 4).iter().enumerate() {
        out.push_str(&format!("{:<LEFT$}{part}\n", if index == 0 { what } else { "" }));
    }
}

/// A time given in milliseconds.
pub(crate) fn time(ms: f64) -> String {
    match ms {
        ms if ms >= 1000.0 && (ms / 1000.0).fract() < 0.05 => {
            format!("{} s", TERMINAL.fixed((ms / 1000.0).floor(), 0))
        }
        ms if ms >= 1000.0 => format!("{} s", TERMINAL.fixed(ms / 1000.0, 1)),
        ms if ms.fract() == 0.0 => format!("{} ms", TERMINAL.fixed(ms, 0)),
        ms => TERMINAL.ms(ms),
    }
}
