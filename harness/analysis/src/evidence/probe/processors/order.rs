//! A provider calls its processors one after the other: who was called had the one before it return.

use spanfate_model::quantity::unit::MonoNs;

use super::{FoundProcessor, ProcessorList, Processors};

impl Processors {
    /// Whether a list has one processor of the program's own, so that it is known which of them returned.
    pub(in crate::evidence::probe) fn has_one_front(&self, list: &ProcessorList) -> bool {
        let is_sdks = |address: u64| self.found.iter().any(|found| found.address == address);
        list.entries.iter().filter(|(entry, _)| !is_sdks(*entry)).count() == 1
    }

    /// When a processor that a list leads to had been left, by who stands behind in the list and was called: a moment at which
    /// `End` had come that far. 0 if nobody was. `came` says when a span came to a processor, 0 for never.
    pub(in crate::evidence::probe) fn left_by(
        &self,
        number: usize,
        (list, at): (&ProcessorList, MonoNs),
        came: impl Fn(usize) -> MonoNs,
    ) -> MonoNs {
        let leads = |found: &FoundProcessor, entry: u64| {
            entry == found.address && found.listed || found.fronts.contains(&entry)
        };
        let stands =
            |found: &FoundProcessor| list.entries.iter().rposition(|(entry, _)| leads(found, *entry));
        let Some(place) = stands(&self.found[number]) else { return 0 };
        let behind = self.found.iter().enumerate().filter(|(other, found)| {
            // Whom only its provider calls: one that others call, too, may have been called within those.
            found.fronts.is_empty()
                && stands(found) > Some(place)
                && self.at(found.address, at) == Some(*other)
        });
        behind.map(|(other, _)| came(other)).filter(|came| *came != 0).min().unwrap_or_default()
    }
}
