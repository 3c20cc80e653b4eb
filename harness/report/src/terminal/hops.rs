//! The collectors in the path, with what passes each, and the storage engine at its end.

use spanfate_model::result::RunResult;

use super::ink::{TermInk, paint};
use super::lines::titled;
use super::traces::name;
use crate::figures::engines::{VariantEngine, engines};
use crate::figures::hops::{paths, tap_us};
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
    if let Some(us) = tap_us(&all) {
        let cost = format!("the taps took {} µs of CPU for a span at each collector", TERMINAL.short(us));
        out.push(paint(TermInk::Soft, &cost));
    }
    out.iter().enumerate().map(|(at, line)| titled(if at == 0 { "path" } else { "" }, line)).collect()
}

/// One line per variant: what the engine at the end of a path took and showed, beside the receiver.
pub(crate) fn engines_said(result: &RunResult) -> Vec<String> {
    let all = engines(result);
    let said =
        |one: &VariantEngine<'_>| format!("{}: {}", name(&one.variant.name), clean(&one.said(TERMINAL)));
    let mut out: Vec<String> = all.iter().take(VARIANTS).map(said).collect();
    if all.len() > VARIANTS {
        out.push(format!("and {} more variants, in the report", all.len() - VARIANTS));
    }
    out.iter().enumerate().map(|(at, line)| titled(if at == 0 { "engine" } else { "" }, line)).collect()
}
