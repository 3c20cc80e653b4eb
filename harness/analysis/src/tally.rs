//! Spans per request and service, held against what the load's plan says must exist.

use spanfate_model::ledger::Expected;
use spanfate_model::topology::Share;

use crate::loadbook::LoadBook;

/// Spans of numbered requests, counted where they were made.
pub(crate) struct Tally<'a> {
    shares: &'a [Share],
    counts: Vec<u32>,
}

impl<'a> Tally<'a> {
    pub(crate) fn new(requests: usize, shares: &'a [Share]) -> Self {
        Self { shares, counts: vec![0; requests * shares.len()] }
    }

    /// Counts a span.
    pub(crate) fn add(&mut self, request: u32, service: usize) {
        let place = request as usize * self.shares.len() + service;
        if let Some(count) = self.counts.get_mut(place).filter(|_| service < self.shares.len()) {
            *count += 1;
        }
    }

    /// What the plan says. A service whose number of spans depends on its cache is held to the fewest and the most.
    pub(crate) fn expected(&self, book: &LoadBook) -> Expected {
        let mut out = Expected::default();
        for (request, counts) in self.counts.chunks_exact(self.shares.len().max(1)).enumerate() {
            for (created, share) in counts.iter().zip(self.shares) {
                let counted = u64::from((*created).min(*share.spans.end()));
                let missing = u64::from(*share.spans.start()).saturating_sub(counted);
                out.created += counted;
                out.not_created += missing;
                out.extra += u64::from(*created) - counted;
                if book.is_answered(request) {
                    out.missing_in_answered += missing;
                }
            }
        }
        out.spans = out.created + out.not_created;
        out
    }
}
