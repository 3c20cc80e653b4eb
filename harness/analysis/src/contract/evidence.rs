//! What was seen of a program, as far as contracts speak of it: spans by name with what became of them, what the whole ones carry, names
//! of metrics, fields of log records. Its memory is bounded, whatever comes.

use std::collections::{BTreeMap, BTreeSet};

use spanfate_model::books::row::{SpanRow, Standing, kind_name};
use spanfate_model::fate::FateClass;
use spanfate_model::finding::contract::{Contract, WholeSpan};

/// Bytes of names and values that are kept, about.
const MOST_BYTES: usize = 64 << 20;
/// Different values that are kept of an attribute where no contract lists more.
const USUAL_VALUES: usize = 32;
/// Bytes that are kept of a value.
const LONGEST_VALUE: usize = 256;

/// What somebody has to do so that something is seen which was not, in words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct HowToSee {
    /// What spans carry.
    pub whole_spans: &'static str,
    /// Metrics and log records.
    pub signals: &'static str,
    /// How many spans were created, and what became of them.
    pub created: &'static str,
}

/// Spans that are told apart by no more.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct SpanSort {
    pub(super) service: String,
    pub(super) name: String,
    pub(super) kind: &'static str,
}

/// What became of them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct SpanStand {
    pub(super) created: u64,
    pub(super) arrived: u64,
    pub(super) lost: u64,
    /// A witness that would tell has a gap.
    pub(super) unaccounted: u64,
    /// Those that did not arrive, by fate; also those that were not meant to.
    pub(super) fates: BTreeMap<String, u64>,
}

/// What they carry.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct SpanShape {
    pub(super) spans: u64,
    pub(super) attributes: BTreeMap<String, AttributeSeen>,
}

/// An attribute of them.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct AttributeSeen {
    /// Spans that have it.
    pub(super) present: u64,
    pub(super) types: BTreeMap<&'static str, u64>,
    /// By type and text.
    pub(super) values: BTreeMap<(&'static str, String), u64>,
    /// Spans whose value is none of those.
    pub(super) others: u64,
}

/// A metric.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct MetricSeen {
    pub(super) units: BTreeSet<String>,
    pub(super) instruments: BTreeSet<&'static str>,
}

/// Log records of a service.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct LogsSeen {
    pub(super) records: u64,
    pub(super) fields: BTreeMap<String, u64>,
}

/// All of it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ContractEvidence {
    pub(super) how: HowToSee,
    /// By the books, where there are some.
    pub(super) counted: Option<BTreeMap<SpanSort, SpanStand>>,
    /// Why the books do not say all.
    pub(super) counted_lack: BTreeSet<String>,
    /// By what whole spans carry, where they are kept.
    pub(super) shapes: Option<BTreeMap<SpanSort, SpanShape>>,
    pub(super) shapes_lack: BTreeSet<String>,
    /// By service and name.
    pub(super) metrics: Option<BTreeMap<(String, String), MetricSeen>>,
    /// By service.
    pub(super) logs: Option<BTreeMap<String, LogsSeen>>,
    pub(super) signals_lack: BTreeSet<String>,
    most_values: usize,
    bytes: usize,
}

impl ContractEvidence {
    /// Nothing so far. A contract says how many values of an attribute are worth keeping.
    pub fn new(contract: Option<&Contract>, how: HowToSee) -> Self {
        let rules = contract.into_iter().flat_map(|contract| &contract.spans);
        let listed = rules.flat_map(|rule| rule.attributes.values()).map(|rule| rule.values.len()).max();
        let most_values = USUAL_VALUES.max(listed.unwrap_or_default() + 1);
        Self { how, most_values, ..Self::default() }
    }

    /// There are books: spans that have no row were not created.
    pub fn has_books(&mut self) {
        self.counted.get_or_insert_default();
    }

    /// Whole spans were kept: what has none did not arrive.
    pub fn has_whole_spans(&mut self) {
        self.shapes.get_or_insert_default();
    }

    /// Metrics and log records were kept.
    pub fn has_signals(&mut self) {
        self.metrics.get_or_insert_default();
        self.logs.get_or_insert_default();
    }

    /// The books lack something.
    pub fn books_lack(&mut self, what: String) {
        self.counted_lack.insert(what);
    }

    /// Not all whole spans were kept.
    pub fn whole_spans_lack(&mut self, what: String) {
        self.shapes_lack.insert(what);
    }

    /// Not all metrics and log records were kept, or could be read.
    pub fn signals_lack(&mut self, what: String) {
        if self.signals_lack.len() < 8 {
            self.signals_lack.insert(what);
        }
    }

    /// A span of the books.
    pub fn row(&mut self, row: &SpanRow<'_>) {
        let sort = SpanSort { service: row.service.to_owned(), name: row.name.to_owned(), kind: row.kind };
        let bytes = sort.name.len() + sort.service.len() + 200;
        let room = self.room(bytes);
        let counted = self.counted.get_or_insert_default();
        if !counted.contains_key(&sort) {
            if !room {
                self.counted_lack.insert(too_many());
                return;
            }
            self.bytes += bytes;
        }
        let stand = counted.entry(sort).or_default();
        stand.created += 1;
        match row.fate {
            Standing::Unexplained | Standing::Unaccounted => stand.unaccounted += 1,
            Standing::Fate(fate) => {
                match fate.class() {
                    FateClass::Received => {
                        stand.arrived += 1;
                        return;
                    }
                    FateClass::Lost => stand.lost += 1,
                    FateClass::Deliberate => {}
                }
                *stand.fates.entry(fate.to_string()).or_default() += 1;
            }
        }
    }

    /// A whole span that arrived.
    pub fn span(&mut self, span: &WholeSpan<'_>) {
        let sort = SpanSort {
            service: span.service.clone().into_owned(),
            name: span.name.clone().into_owned(),
            kind: kind_name(span.kind),
        };
        let (most_values, mut bytes) = (self.most_values, self.bytes);
        let shapes = self.shapes.get_or_insert_default();
        if !shapes.contains_key(&sort) {
            bytes += sort.name.len() + sort.service.len() + 200;
            if bytes > MOST_BYTES {
                self.shapes_lack.insert(too_many());
                return;
            }
        }
        let shape = shapes.entry(sort).or_default();
        shape.spans += 1;
        let (mut whole, mut met) = (true, BTreeSet::new());
        for attribute in &span.attributes {
            // Of several of one name the first counts.
            if !met.insert(&*attribute.name) {
                continue;
            }
            if !shape.attributes.contains_key(&*attribute.name) {
                let more = attribute.name.len() + 200;
                if bytes + more > MOST_BYTES {
                    whole = false;
                    continue;
                }
                bytes += more;
                shape.attributes.insert(attribute.name.to_string(), AttributeSeen::default());
            }
            if let Some(seen) = shape.attributes.get_mut(&*attribute.name) {
                bytes += seen.add(attribute.of, &attribute.text, most_values, MOST_BYTES - bytes);
            }
        }
        self.bytes = bytes;
        if !whole {
            self.shapes_lack.insert(too_many());
        }
    }

    /// Whether there is room for something new of so many bytes.
    fn room(&self, bytes: usize) -> bool {
        self.bytes + bytes <= MOST_BYTES
    }

    /// The metric of a service and a name; nothing where there are too many.
    pub(super) fn metric(&mut self, service: &str, name: &str) -> Option<&mut MetricSeen> {
        let key = (service.to_owned(), name.to_owned());
        let bytes = service.len() + name.len() + 200;
        let known = self.metrics.as_ref().is_some_and(|metrics| metrics.contains_key(&key));
        if !known && !self.room(bytes) {
            self.signals_lack(too_many());
            return None;
        }
        self.bytes += if known { 0 } else { bytes };
        Some(self.metrics.get_or_insert_default().entry(key).or_default())
    }

    /// A log record of a service with these fields.
    pub(super) fn record(&mut self, service: &str, fields: &BTreeSet<String>) {
        let bytes: usize = fields.iter().map(|field| field.len() + 100).sum();
        let room = self.room(bytes + service.len() + 100);
        let logs = self.logs.get_or_insert_default();
        if !room && !logs.contains_key(service) {
            self.signals_lack(too_many());
            return;
        }
        if !logs.contains_key(service) {
            self.bytes += service.len() + 100;
        }
        let logs = logs.entry(service.to_owned()).or_default();
        logs.records += 1;
        let mut left_out = false;
        for field in fields {
            if let Some(count) = logs.fields.get_mut(field) {
                *count += 1;
            } else if room {
                self.bytes += field.len() + 100;
                logs.fields.insert(field.clone(), 1);
            } else {
                left_out = true;
            }
        }
        if left_out {
            self.signals_lack(too_many());
        }
    }

    /// Spans by what became of them: by the books, or, where there are none, as they arrived.
    pub(super) fn stands(&self) -> BTreeMap<SpanSort, SpanStand> {
        if let Some(counted) = &self.counted {
            return counted.clone();
        }
        let arrived = |shape: &SpanShape| SpanStand { arrived: shape.spans, ..SpanStand::default() };
        let shapes = self.shapes.iter().flatten();
        shapes.map(|(sort, shape)| (sort.clone(), arrived(shape))).collect()
    }
}

fn too_many() -> String {
    format!("there are more different names than fit into {} MiB", MOST_BYTES >> 20)
}

impl AttributeSeen {
    /// Counts a value; gives the bytes that it took, which are no more than those that are left.
    fn add(&mut self, of: &'static str, text: &str, most: usize, left: usize) -> usize {
        self.present += 1;
        *self.types.entry(of).or_default() += 1;
        let mut end = text.len().min(LONGEST_VALUE);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let key = (of, text[..end].to_owned());
        if let Some(count) = self.values.get_mut(&key) {
            *count += 1;
            return 0;
        }
        if self.values.len() >= most || end + 100 > left {
            self.others += 1;
            return 0;
        }
        self.values.insert(key, 1);
        end + 100
    }
}
