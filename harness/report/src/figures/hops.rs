//! The collectors in the path of each variant, with their counts over all its trials.

use std::collections::BTreeMap;

use spanfate_model::fate::Fate;
use spanfate_model::result::{HopEndResult, HopResult, RunResult, TapCost, VariantResult};

use crate::text::number::Numbers;

/// The path of a variant.
pub(crate) struct VariantPath<'a> {
    pub(crate) variant: &'a VariantResult,
    /// Spans that were created and that were received, over all trials.
    pub(crate) created: u64,
    pub(crate) received: u64,
    pub(crate) hops: Vec<HopResult>,
}

/// The paths of all variants that have collectors in them.
pub(crate) fn paths(result: &RunResult) -> Vec<VariantPath<'_>> {
    let with_hops =
        result.variants.iter().filter(|variant| variant.trials.iter().any(|t| !t.hops.is_empty()));
    with_hops.map(VariantPath::of).collect()
}

impl<'a> VariantPath<'a> {
    fn of(variant: &'a VariantResult) -> Self {
        let mut hops: Vec<HopResult> = Vec::new();
        for trial in &variant.trials {
            for (at, hop) in trial.hops.iter().enumerate() {
                match hops.get_mut(at) {
                    Some(sum) => sum.add(hop),
                    None => hops.push(hop.clone()),
                }
            }
        }
        Self {
            variant,
            created: variant.trials.iter().map(|trial| trial.ledger.created).sum(),
            received: variant.trials.iter().map(|trial| trial.ledger.total(Fate::Received)).sum(),
            hops,
        }
    }

    /// Spans of which the service was told that they were taken, and that collectors then lost.
    pub(crate) fn acknowledged_and_lost(&self) -> u64 {
        self.hops.iter().map(HopResult::lost_in_all).sum()
    }

    /// The path from left to right, with what passes each place and what is lost at it.
    pub(crate) fn drawn(&self, numbers: Numbers) -> String {
        let mut out = format!("services {}", numbers.count(self.created));
        for hop in &self.hops {
            let sign = if hop.beside { "|" } else { "→" };
            out += &format!(" {sign} {} {}", hop.name, numbers.count(hop.accepted));
            let mut lost = losses(hop, numbers);
            lost.extend(losses_of(&hop.decided, numbers));
            if !lost.is_empty() {
                out += &format!(" ({})", lost.join(", "));
            }
        }
        out += &format!(" → receiver {}", numbers.count(self.received));
        for (hop, end) in self.ends() {
            out += &format!("; {} → {} {}", hop.name, end.exporter, numbers.count(end.arrived));
            let mut lost = losses_of(&end.lost, numbers);
            lost.extend(losses_of(&end.decided, numbers));
            if !lost.is_empty() {
                out += &format!(" ({})", lost.join(", "));
            }
        }
        out
    }

    /// The further exporters of its collectors.
    pub(crate) fn ends(&self) -> impl Iterator<Item = (&HopResult, &HopEndResult)> {
        self.hops.iter().flat_map(|hop| hop.further.iter().map(move |end| (hop, end)))
    }
}

/// CPU time of the taps per span and hop, microseconds, over all variants; nothing where it was not measured.
pub(crate) fn tap_us(all: &[VariantPath<'_>]) -> Option<f64> {
    let taps = all.iter().flat_map(|path| &path.hops).filter_map(|hop| hop.tap);
    let (cpu_ms, spans) = taps.fold((0.0, 0), |sum, tap| (sum.0 + tap.cpu_ms, sum.1 + tap.spans));
    TapCost { cpu_ms, spans }.per_span_us()
}

/// What was lost at a hop, by how.
pub(crate) fn losses(hop: &HopResult, numbers: Numbers) -> Vec<String> {
    let refused = (hop.refused > 0).then(|| format!("{} refused", numbers.count(hop.refused)));
    losses_of(&hop.lost, numbers).into_iter().chain(refused).collect()
}

/// Spans by how they were lost.
pub(crate) fn losses_of(lost: &BTreeMap<Fate, u64>, numbers: Numbers) -> Vec<String> {
    lost.iter().map(|(fate, count)| format!("{} {}", numbers.count(*count), fate.facts().short)).collect()
}
