//! The measured part split by service, span name, kind and place in the trace.

use std::collections::BTreeMap;

use spanfate_model::books::breakdown::{Breakdown, BreakdownRow};
use spanfate_model::books::row::{Standing, kind_name};
use spanfate_model::fate::{Fate, FateClass};

use crate::books::walk::Judged;
use crate::evidence::process::Process;
use crate::statistics::quantile::Times;

/// Most different kinds of spans that are kept apart; a service that puts ids into its span names has more.
const MOST: usize = 256;

/// Index of the process, name id, span kind, whether it is a root. Name ids are of one process.
type SplitKey = (u16, u32, u8, bool);

/// Name id of all spans beyond [`MOST`].
const OTHER: u32 = u32::MAX;

/// What is known of the spans while they are walked.
#[derive(Default)]
pub(crate) struct Split {
    kinds: BTreeMap<SplitKey, Sum>,
}

#[derive(Clone)]
struct Sum {
    created: u64,
    received: u64,
    deliberate: u64,
    lost: BTreeMap<Fate, u64>,
    delay: Times,
    duration: Times,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            created: 0,
            received: 0,
            deliberate: 0,
            lost: BTreeMap::new(),
            delay: Times::coarse(),
            duration: Times::coarse(),
        }
    }
}

impl Split {
    /// Adds a span of the measured part.
    pub(crate) fn add(&mut self, index: usize, root: bool, span: &Judged<'_>) {
        let Judged { span, on, receipt, standing, .. } = span;
        let mut kind = (index as u16, span.name, span.kind, root);
        if self.kinds.len() >= MOST && !self.kinds.contains_key(&kind) {
            kind.1 = OTHER;
        }
        let sum = self.kinds.entry(kind).or_default();
        sum.created += 1;
        if let Standing::Fate(fate) = *standing {
            match fate.class() {
                FateClass::Received => sum.received += 1,
                FateClass::Deliberate => sum.deliberate += 1,
                FateClass::Lost => *sum.lost.entry(fate).or_insert(0) += 1,
            }
        }
        if receipt.copies > 0 {
            sum.delay.record(receipt.first.saturating_sub(span.created));
        }
        // In blocking mode the end comes late: what counts is when End() was called.
        if let Some(end) = on.ended(span) {
            sum.duration.record(end.saturating_sub(span.created));
        }
    }

    /// The four views.
    pub(crate) fn finish(&self, processes: &[Process<'_>]) -> Vec<Breakdown> {
        let of = |index: u16| processes.get(usize::from(index));
        let service = |index: u16| of(index).map_or("?", |process| process.header.service.as_str());
        let span = |kind: &SplitKey| {
            let known = of(kind.0).and_then(|process| process.names.get(&kind.1));
            let name =
                if kind.1 == OTHER { "(other names)" } else { known.map_or("(not ended)", String::as_str) };
            format!("{} · {name}", service(kind.0))
        };
        vec![
            self.by("service", |kind| service(kind.0).to_owned()),
            self.by("span", span),
            self.by("kind", |kind| kind_name(kind.2).to_owned()),
            self.by("place", |kind| if kind.3 { "root" } else { "child" }.to_owned()),
        ]
    }

    fn by(&self, property: &str, value: impl Fn(&SplitKey) -> String) -> Breakdown {
        let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
        for (kind, sum) in &self.kinds {
            sums.entry(value(kind)).or_default().merge(sum);
        }
        let all_lost: u64 = sums.values().map(Sum::all_lost).sum();
        let mut rows: Vec<BreakdownRow> =
            sums.into_iter().map(|(value, sum)| sum.row(value, all_lost)).collect();
        rows.sort_by(|a, b| b.lost.cmp(&a.lost).then_with(|| a.value.cmp(&b.value)));
        Breakdown { by: property.to_owned(), rows }
    }
}

impl Sum {
    fn all_lost(&self) -> u64 {
        self.lost.values().sum()
    }

    fn merge(&mut self, other: &Self) {
        self.created += other.created;
        self.received += other.received;
        self.deliberate += other.deliberate;
        for (fate, count) in &other.lost {
            *self.lost.entry(*fate).or_insert(0) += count;
        }
        self.delay.merge(&other.delay);
        self.duration.merge(&other.duration);
    }

    fn row(self, value: String, all_lost: u64) -> BreakdownRow {
        let lost = self.all_lost();
        let mut row = BreakdownRow {
            value,
            created: self.created,
            received: self.received,
            lost,
            deliberate: self.deliberate,
            rate: 0.0,
            share_of_lost: 0.0,
            delay: self.delay.spread(),
            duration: self.duration.spread(),
            lost_by_fate: self.lost,
        };
        shares(&mut row, all_lost);
        row
    }
}

/// The shares that follow from a row's counts.
pub(crate) fn shares(row: &mut BreakdownRow, all_lost: u64) {
    let share = |part: u64, of: u64| if of == 0 { 0.0 } else { part as f64 / of as f64 };
    row.rate = share(row.lost, row.created - row.deliberate);
    row.share_of_lost = share(row.lost, all_lost);
}
