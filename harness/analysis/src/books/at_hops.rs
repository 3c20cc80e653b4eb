//! What was lost in collectors or left out by them, by the hop.

use std::collections::BTreeMap;

use spanfate_model::books::row::Standing;
use spanfate_model::fate::{Fate, Filter};
use spanfate_model::quantity::unit::MonoNs;

use crate::books::walk::Judged;
use crate::evidence::hops::HopWay;
use crate::evidence::sources::Sources;

/// What was lost at each hop or left out by it, by how, filled while the books are made.
#[derive(Clone, Debug, Default)]
pub(crate) struct LostAtHops {
    by_hop: BTreeMap<usize, BTreeMap<Fate, u64>>,
    /// When the first of them came to it.
    from: BTreeMap<usize, MonoNs>,
}

impl LostAtHops {
    /// Counts a span.
    pub(crate) fn add(&mut self, sources: &Sources<'_>, judged: &Judged<'_>) {
        let Standing::Fate(
            fate @ (Fate::LostInCollector(_)
            | Fate::SampledByCollector(_)
            | Fate::Filtered(Filter::Collector)),
        ) = judged.standing
        else {
            return;
        };
        let place = (judged.index, judged.number);
        let way = sources.way(place, judged.path.number, judged.span.key.trace, judged.receipt);
        if let HopWay::LostIn { hop, .. } | HopWay::Left { hop, .. } = way {
            *self.by_hop.entry(hop).or_default().entry(fate).or_insert(0) += 1;
            let at_tap = sources.hops.hops.get(hop);
            let came = at_tap.and_then(|books| books.receipts.of(judged.index, judged.number));
            let lost = matches!(fate, Fate::LostInCollector(_));
            if let Some(came) = came.filter(|_| lost).map(|receipt| receipt.first) {
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
