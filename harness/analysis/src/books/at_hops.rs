//! What was lost in collectors, by the hop.

use std::collections::BTreeMap;

use spanfate_model::books::row::Standing;
use spanfate_model::fate::Fate;
use spanfate_model::quantity::unit::MonoNs;

use crate::books::walk::Judged;
use crate::evidence::hops::HopWay;
use crate::evidence::sources::Sources;

/// What was lost at each hop, by how, filled while the books are made.
#[derive(Clone, Debug, Default)]
pub(crate) struct LostAtHops {
    by_hop: BTreeMap<usize, BTreeMap<Fate, u64>>,
    /// When the first of them came to it.
    from: BTreeMap<usize, MonoNs>,
}

impl LostAtHops {
    /// Counts a span.
    pub(crate) fn add(&mut self, sources: &Sources<'_>, judged: &Judged<'_>) {
        let Standing::Fate(fate @ Fate::LostInCollector(_)) = judged.standing else { return };
        if let HopWay::LostIn { hop, .. } = sources.hops.way(judged.index, judged.number, judged.receipt) {
            *self.by_hop.entry(hop).or_default().entry(fate).or_insert(0) += 1;
            let at_tap = sources.hops.hops.get(hop);
            let came = at_tap.and_then(|books| books.receipts.of(judged.index, judged.number));
            if let Some(came) = came.map(|receipt| receipt.first) {
                let from = self.from.entry(hop).or_insert(came);
                *from = came.min(*from);
            }
        }
    }

    /// What one hop lost.
    pub(crate) fn at(&self, hop: usize) -> BTreeMap<Fate, u64> {
        self.by_hop.get(&hop).cloned().unwrap_or_default()
    }

    /// When the first span came to a hop that was lost in it.
    pub(crate) fn from(&self, hop: usize) -> Option<MonoNs> {
        self.from.get(&hop).copied()
    }
}
