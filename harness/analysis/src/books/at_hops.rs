//! What was lost in collectors or left out by them, by the hop.

use std::collections::BTreeMap;

use spanfate_model::books::row::Standing;
use spanfate_model::fate::{Fate, Filter};

use crate::books::walk::Judged;
use crate::evidence::hops::HopWay;
use crate::evidence::sources::Sources;

/// What was lost at each hop or left out by it, by how, filled while the books are made.
#[derive(Clone, Debug, Default)]
pub(crate) struct LostAtHops(BTreeMap<usize, BTreeMap<Fate, u64>>);

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
        let way = sources.hops.way(place, judged.span.key.trace, judged.receipt);
        if let HopWay::LostIn { hop, .. } | HopWay::Left { hop, .. } = way {
            *self.0.entry(hop).or_default().entry(fate).or_insert(0) += 1;
        }
    }

    /// What one hop lost.
    pub(crate) fn at(&self, hop: usize) -> BTreeMap<Fate, u64> {
        self.0.get(&hop).cloned().unwrap_or_default()
    }
}
