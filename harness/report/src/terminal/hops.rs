//! The collectors in the path, with what passes each.

use spanfate_model::result::RunResult;

use super::ink::{TermInk, paint};
use super::lines::titled;
use super::traces::name;
use crate::figures::hops::paths;
use crate::text::fit::clean;
use crate::text::number::TERMINAL;

/// Variants that have a line.
const VARIANTS: usize = 12;

/// One line per variant: the path from left to right.
pub(crate) fn lines(result: &RunResult) -> Vec<String> {
    let all = paths(result);
    let mut out = Vec::new();
    for path in all.iter().take(VARIANTS) {
        let lost = path.acknowledged_and_lost();
        let mut text = format!("{}: {}", name(&path.variant.name), clean(&path.drawn(TERMINAL)));
        if lost > 0 {
            let said = format!("{} acknowledged, then lost", TERMINAL.counted(lost, "span", "spans"));
            text += &format!("; {}", paint(TermInk::Bad, &said));
        }
        out.push(text);
    }
    if all.len() > VARIANTS {
        out.push(format!("and {} more variants, in the report", all.len() - VARIANTS));
    }
    out.iter().enumerate().map(|(at, line)| titled(if at == 0 { "path" } else { "" }, line)).collect()
}
