//! What was lost in collectors, by the hop.

use std::collections::BTreeMap;

use spanfate_model::books::row::Standing;
use spanfate_model::fate::Fate;

use crate::books::walk::Judged;
use crate::evidence::hops::HopWay;
use crate::evidence::sources::Sources;

/// What was lost at each hop, by how, filled while the books are made.
#[derive(Clone, Debug, Default)]
pub(crate) struct LostAtHops(BTreeMap<usize, BTreeMap<Fate, u64>>);

impl LostAtHops {
    /// Counts a span.
    pub(crate) fn add(&mut self, sources: &Sources<'_>, judged: &Judged<'_>) {
        let Standing::Fate(fate @ Fate::LostInCollector(_)) = judged.standing else { return };
        if let HopWay::LostIn { hop, .. } = sources.hops.way(judged.index, judged.number, judged.receipt) {
            *self.0.entry(hop).or_default().entry(fate).or_insert(0) += 1;
        }
    }

    /// What one hop lost.
    pub(crate) fn at(&self, hop: usize) -> BTreeMap<Fate, u64> {
        self.0.get(&hop).cloned().unwrap_or_default()
    }
}
