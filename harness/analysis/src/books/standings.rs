//! Spans counted by what became of them.

use std::collections::BTreeMap;

use spanfate_model::books::ledger::{EXEMPLARS, Exemplar, FateCount};
use spanfate_model::books::row::Standing;
use spanfate_model::fate::Fate;

/// Spans by standing: in the whole trial, and of these in the measured part.
pub(crate) type Standings = BTreeMap<Standing, (u64, u64)>;

/// Counts a span.
pub(crate) fn note(standings: &mut Standings, standing: Standing, measured: bool) {
    let counts = standings.entry(standing).or_insert((0, 0));
    counts.0 += 1;
    counts.1 += u64::from(measured);
}

/// Counts a span to its fate.
pub(crate) fn place(
    fates: &mut BTreeMap<Fate, FateCount>,
    fate: Fate,
    measured: bool,
    exemplar: impl FnOnce() -> Exemplar,
) -> &mut FateCount {
    let count = fates.entry(fate).or_default();
    count.total += 1;
    count.measured += u64::from(measured);
    if count.exemplars.len() < EXEMPLARS {
        count.exemplars.push(exemplar());
    }
    count
}
