//! Who is to blame for lost spans, by a table of what several services and their back end count, and by traces: no page of a single
//! moment, but how all of it went on. `read` reads both, `queue` tells why a queue ran full, `blame` weighs services and causes.

mod blame;
mod queue;
mod read;
#[cfg(test)]
mod tests;

use spanfate_model::finding::outside::OutsideSuspect;

/// Whether a text is such a table rather than a page of metrics.
pub fn is_table(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.split(',').next() == Some(read::TIME))
}

/// Who lost spans and why, the most spans first. `traces`: a table of spans, with their parents and services. An error says what of them
/// is none.
pub fn blamed(metrics: &str, traces: Option<&str>) -> Result<Vec<OutsideSuspect>, String> {
    let table = read::series(metrics)?;
    let calls = traces.map(read::traces).transpose()?.unwrap_or_default();
    Ok(blame::suspects(&table, &calls))
}
