//! Paths that end elsewhere than at the receiver: what another witness saw there, taken over.

use spanfate_model::books::ledger::LISTED;

use super::{Receipt, Receipts};

impl Receipt {
    /// Takes up what is known of the same span on another path.
    fn also(&mut self, other: &Self) {
        if other.copies > 0 && (self.copies == 0 || other.first < self.first) {
            self.first = other.first;
        }
        self.copies = self.copies.saturating_add(other.copies);
        self.rejected |= other.rejected;
        self.refused |= other.refused;
        self.failed |= other.failed;
    }
}

impl Receipts<'_> {
    /// Takes the times of arrival from a tap, for what was read back long after it had come.
    pub(crate) fn date_by(&mut self, tap: &Receipts<'_>) {
        for (process, places) in self.by_slot.iter_mut().enumerate() {
            for (number, receipt) in places.iter_mut().enumerate().filter(|(_, receipt)| receipt.copies > 0) {
                if let Some(seen) = tap.of(process, number).filter(|seen| seen.copies > 0) {
                    receipt.first = seen.first;
                }
            }
        }
    }

    /// Takes over what another witness says of a path of a process, and what it saw that nobody created.
    pub(crate) fn take_path(&mut self, (process, path): (usize, usize), end: &Receipts<'_>) {
        let Some(there) = end.by_slot.get(process) else { return };
        if let Some(places) = self.by_path.get_mut(process).and_then(|paths| paths.get_mut(path)) {
            places.clone_from(there);
        }
        for (receipt, there) in self.by_slot[process].iter_mut().zip(there) {
            receipt.also(there);
        }
    }

    /// Takes over what another witness saw that nobody created.
    pub(crate) fn take_unexpected(&mut self, end: &Receipts<'_>) {
        self.unexpected.count += end.unexpected.count;
        let room = LISTED.saturating_sub(self.unexpected.ids.len());
        self.unexpected.ids.extend(end.unexpected.ids.iter().take(room));
    }
}
