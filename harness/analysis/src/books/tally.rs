//! Spans per request and service, held against what the load's plan says must exist.

use spanfate_model::books::ledger::Expected;
use spanfate_model::plan::topology::Share;

use crate::evidence::loadbook::LoadBook;

/// Spans of numbered requests, counted where they were made.
pub(crate) struct SpanTally<'a> {
    shares: &'a [Share],
    counts: Vec<u32>,
    /// Server spans, where services call each other: a client may make a call again by itself.
    visits: Vec<u8>,
}

/// Span kind of a service that is called, in OTLP's numbering.
const SERVER: u8 = 2;

impl<'a> SpanTally<'a> {
    /// Calls are repeated by clients only where connections are cut: without faults every span beyond the plan is a contradiction.
    pub(crate) fn new(requests: usize, shares: &'a [Share], faulty: bool) -> Self {
        let places = requests * shares.len();
        let visits = if faulty && shares.len() > 1 { vec![0; places] } else { Vec::new() };
        Self { shares, counts: vec![0; places], visits }
    }

    /// Counts a span.
    pub(crate) fn add(&mut self, request: u32, service: usize, kind: u8) {
        let place = request as usize * self.shares.len() + service;
        if let Some(count) = self.counts.get_mut(place).filter(|_| service < self.shares.len()) {
            *count += 1;
            if let Some(visits) = self.visits.get_mut(place).filter(|_| kind == SERVER) {
                *visits = visits.saturating_add(1);
            }
        }
    }

    /// Spans that calls beyond the plan's may have made. The load never repeats a request.
    fn repeatable(&self, place: usize, service: usize, share: &Share) -> u64 {
        let visits = self.visits.get(place).map_or(0, |visits| u64::from(*visits));
        let planned = u64::from(share.visits);
        if service == 0 || visits <= planned || planned == 0 {
            return 0;
        }
        (visits - planned) * (u64::from(*share.spans.end()) / planned)
    }

    /// What the plan says. A service whose number of spans depends on its cache is held to the fewest and the most.
    pub(crate) fn expected(&self, book: &LoadBook) -> Expected {
        let mut out = Expected::default();
        for (request, counts) in self.counts.chunks_exact(self.shares.len().max(1)).enumerate() {
            for (service, (created, share)) in counts.iter().zip(self.shares).enumerate() {
                let counted = u64::from((*created).min(*share.spans.end()));
                let missing = u64::from(*share.spans.start()).saturating_sub(counted);
                out.created += counted;
                out.not_created += missing;
                let beyond = u64::from(*created) - counted;
                let place = request * self.shares.len() + service;
                let repeated = beyond.min(self.repeatable(place, service, share));
                out.repeated += repeated;
                out.extra += beyond - repeated;
                if book.is_answered(request) {
                    out.missing_in_answered += missing;
                }
            }
        }
        out.spans = out.created + out.not_created;
        out
    }
}
