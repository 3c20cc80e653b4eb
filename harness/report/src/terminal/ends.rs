//! How programs ended, alike ones together.

use spanfate_model::result::RunResult;

use super::ink::{TermInk, paint};
use super::lines::titled;
use crate::figures::ends::told;
use crate::text::ends;
use crate::text::fit::clean;
use crate::text::number::TERMINAL;

/// Most different ends that are told.
const LINES: usize = 8;

/// One line per service and way to end.
pub(crate) fn lines(result: &RunResult) -> Vec<String> {
    let mut found: Vec<(String, u64)> = Vec::new();
    for (_, service, end) in told(result) {
        let how = ends::how(end);
        let shutdowns = ends::shutdowns(end, TERMINAL).map(|text| format!("; {text}")).unwrap_or_default();
        let text = format!("{} {how}{shutdowns}", clean(&service.service));
        match found.iter_mut().find(|(known, _)| *known == text) {
            Some((_, times)) => *times += 1,
            None => found.push((text, 1)),
        }
    }
    let more = found.len().saturating_sub(LINES);
    let shown = found.into_iter().take(LINES).map(|(text, times)| {
        if times > 1 { format!("{text} ({} times)", TERMINAL.count(times)) } else { text }
    });
    let mut out: Vec<String> = shown.collect();
    if more > 0 {
        out.push(paint(TermInk::Warn, &format!("and {more} other ends, in result.json")));
    }
    out.iter().enumerate().map(|(at, text)| titled(if at == 0 { "ended" } else { "" }, text)).collect()
}
