//! The span processors of a process, as probes see them: each one that leads to an exporter is a path.

mod close;
mod finish;
mod order;
mod settle;
mod wrapping;

use std::collections::{BTreeMap, BTreeSet};

use spanfate_model::exporter::Effective;
use spanfate_model::format::probe::{ProbeKind, ProcessorLook as Look, ProcessorSettings, Record, SpanMark};
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::PathKind;

use super::ProbeLog;
use super::naming::{exporter_name, puts_elsewhere, word_of};
use super::texts::Texts;
use crate::evidence::path::{Ending, ExportCall, ExportResult, HandsOn, Path};
use crate::evidence::shutdown::ProviderShutdown;
use crate::statistics::quantile::millis;

pub(super) use finish::FanLeg;

/// The processors that a provider had when a span ended.
#[derive(Debug, Default)]
pub(super) struct ProcessorList {
    /// Their addresses, and those of the tables of their types.
    pub(super) entries: Vec<(u64, u64)>,
    /// There were more than probes look at: who else was called is not known.
    is_cut: bool,
}

/// Entries of a list that probes look at, `LIST` in `probes/bpf/spans.h`.
const MOST_LISTED: u32 = 8;

/// One processor. A later one may get the address of one that is gone.
#[derive(Debug)]
struct FoundProcessor {
    path: Path,
    address: u64,
    /// It is there from then on.
    from: MonoNs,
    /// Lists that it is in itself.
    listed: bool,
    /// Processors that were called when a span came to it that was not handed to it by its provider.
    fronts: BTreeSet<u64>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Processors {
    found: Vec<FoundProcessor>,
    lists: BTreeMap<u64, ProcessorList>,
    /// Type names, by table.
    types: BTreeMap<u64, String>,
    /// Providers by address, in the order of their first spans.
    providers: BTreeMap<u64, u16>,
    /// What was seen of the shutdown of each.
    shutdowns: Vec<ProviderShutdown>,
    /// By number of a batch.
    batches: BTreeMap<u32, usize>,
    abrupt: Ending,
    /// An export within another one was seen: its own batch has no record.
    nested: bool,
}

/// The batch processor's own type.
const BATCH_TYPE: &str = "*trace.batchSpanProcessor";

impl Processors {
    pub(super) fn of(log: &ProbeLog<'_>, texts: &Texts, abrupt: Ending) -> Self {
        let mut out = Self {
            found: Vec::new(),
            lists: BTreeMap::new(),
            types: texts.types.clone(),
            providers: BTreeMap::new(),
            shutdowns: Vec::new(),
            batches: BTreeMap::new(),
            abrupt,
            nested: false,
        };
        let ends = ends(log);
        let mut now = 0;
        // Returns have no register that still says whose they are; they are their goroutine's.
        let mut shutting: BTreeMap<u64, usize> = BTreeMap::new();
        for record in log.each() {
            match record {
                Record::Span(mark) => {
                    now = mark.at;
                    out.mark(&mark, &ends);
                }
                Record::Processor(look) => {
                    now = look.at;
                    out.look(&look, &ends, &mut shutting);
                }
                Record::Listed(entry) => {
                    let list = out.lists.entry(entry.list).or_default();
                    // Two processors of the machine may say a list at once.
                    let one = (entry.processor, entry.table);
                    list.is_cut |= entry.count > MOST_LISTED;
                    if entry.count > 0 && !list.entries.contains(&one) {
                        list.entries.push(one);
                    }
                }
                Record::Settings(set) => {
                    let number = out.see(set.processor, PathKind::Batch, now, &ends);
                    out.found[number].path.set(&set);
                }
                _ => {}
            }
        }
        out.add_unused();
        out.close(log);
        out.calls(log, texts);
        out
    }

    fn mark(&mut self, mark: &SpanMark, ends: &BTreeMap<u64, Vec<MonoNs>>) {
        match mark.kind {
            ProbeKind::Started => {
                let next = self.providers.len() as u16;
                self.providers.entry(mark.b).or_insert(next);
            }
            ProbeKind::Offered | ProbeKind::Queued | ProbeKind::Dropped | ProbeKind::Blocked => {
                let number = self.see(mark.a, PathKind::Batch, mark.at, ends);
                self.found[number].path.no_exporter |= mark.lacks_exporter();
            }
            ProbeKind::Simple => {
                let number = self.see(mark.a, PathKind::Simple, mark.at, ends);
                let path = &mut self.found[number].path;
                path.no_exporter |= mark.lacks_exporter() && path.shutdown_began == 0;
                self.nested |= mark.is_nested();
            }
            _ => {}
        }
    }

    /// Batch processors that are in a list and were never heard of: spans that are not sampled do not come that far.
    fn add_unused(&mut self) {
        let listed = self.lists.values().flat_map(|list| &list.entries);
        let unused: Vec<u64> = listed
            .filter(|(_, table)| self.types.get(table).is_some_and(|name| name == BATCH_TYPE))
            .map(|(address, _)| *address)
            .collect();
        for address in unused {
            self.see(address, PathKind::Batch, 0, &BTreeMap::new());
        }
    }

    /// The processor of an address at a moment, made known if it is not.
    fn see(&mut self, address: u64, kind: PathKind, at: MonoNs, ends: &BTreeMap<u64, Vec<MonoNs>>) -> usize {
        let from =
            ends.get(&address).into_iter().flatten().rev().find(|end| **end < at).copied().unwrap_or(0);
        let same = |found: &FoundProcessor| found.address == address && found.from == from;
        self.found.iter().position(same).unwrap_or_else(|| {
            let path = Path { kind, ending: self.abrupt, ..Path::default() };
            let fronts = BTreeSet::new();
            self.found.push(FoundProcessor { path, address, from, listed: false, fronts });
            self.found.len() - 1
        })
    }

    fn look(&mut self, look: &Look, ends: &BTreeMap<u64, Vec<MonoNs>>, shutting: &mut BTreeMap<u64, usize>) {
        if matches!(look.kind, ProbeKind::Sending | ProbeKind::Returned) {
            // Their numbers are those of batches; who is behind them is told with the calls.
            return;
        }
        if look.kind == ProbeKind::Shut {
            if let Some(number) = shutting.remove(&look.goroutine)
                && look.failed
                && self.found[number].path.drained == 0
            {
                self.found[number].path.ending = Ending::Orderly { deadline_passed: true };
            }
            return;
        }
        let kind = match (look.processor, look.simple) {
            (0, _) if look.kind != ProbeKind::Handover => return,
            (0, _) => PathKind::Other,
            (_, true) => PathKind::Simple,
            (_, false) => PathKind::Batch,
        };
        // A drained processor's last look is its own.
        let at = if look.kind == ProbeKind::Drained { look.at - 1 } else { look.at };
        let number = self.see(look.processor, kind, at, ends);
        if look.kind == ProbeKind::Handover {
            self.batches.insert(look.batch, number);
        }
        let path = &mut self.found[number].path;
        if kind == PathKind::Batch {
            path.dropped_by_sdk = Some(u64::from(look.dropped));
        }
        match look.kind {
            ProbeKind::Shutdown if path.shutdown_began == 0 => {
                path.shutdown_began = look.at;
                if kind == PathKind::Batch {
                    shutting.insert(look.goroutine, number);
                } else {
                    path.ending = Ending::Orderly { deadline_passed: false };
                }
            }
            ProbeKind::Drained => {
                path.drained = look.at;
                path.ending = Ending::Orderly { deadline_passed: false };
            }
            _ => {}
        }
    }

    fn calls(&mut self, log: &ProbeLog<'_>, texts: &Texts) {
        for (number, batch) in &log.batches {
            let Some(found) = self.batches.get(number).and_then(|found| self.found.get_mut(*found)) else {
                continue;
            };
            let (began, spans) = (batch.began, batch.spans);
            let call = ExportCall { began, ended: 0, spans, result: ExportResult::None };
            found.path.exports.insert(number - 1, call);
            if batch.ended != 0 {
                let error = batch.failed.then(|| texts.errors.get(number).map_or("", String::as_str));
                found.path.export_ended(number - 1, batch.ended, error);
            }
            if let Some(text) = texts.exporters.get(&found.address) {
                found.path.exporter = exporter_name(text);
                found.path.word = word_of(text);
                found.path.endpoint = puts_elsewhere(text).map(str::to_owned);
            }
        }
    }

    /// Whether something happened that the records do not tell apart.
    pub(super) const fn has_gap(&self) -> bool {
        self.nested
    }

    /// Whether a queue blocks.
    pub(super) fn has_blocking(&self) -> bool {
        self.found.iter().any(|found| found.path.blocking)
    }

    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    /// Number of a provider; the first where it could not be read.
    pub(super) fn provider(&self, address: u64) -> u16 {
        self.providers.get(&address).copied().unwrap_or_default()
    }

    /// The processor that has an address at a moment.
    pub(super) fn at(&self, address: u64, at: MonoNs) -> Option<usize> {
        let there = self.found.iter().enumerate();
        let there =
            there.filter(|(_, found)| found.address == address && (found.from == 0 || found.from < at));
        there.max_by_key(|(_, found)| found.from).map(|(number, _)| number)
    }

    /// A span came to a processor whose ids could not be read: one of a type that the program made.
    pub(super) fn note_nameless(&mut self, address: u64, at: MonoNs) {
        if let Some(number) = self.at(address, at) {
            self.found[number].path.hands_on = HandsOn::Later;
        }
    }

    /// The one that handed a batch over.
    pub(super) fn of_batch(&self, batch: u64) -> Option<usize> {
        self.batches.get(&u32::try_from(batch).ok()?).copied()
    }

    /// The list of a digest; nothing of one of which a part is not known.
    pub(super) fn list(&self, digest: u64) -> Option<&ProcessorList> {
        self.lists.get(&digest).filter(|list| !list.is_cut)
    }

    /// A span with a list came to a processor; `in_end`: on the goroutine that ended it, where that says how it came there. Gives
    /// whether the list was still the one that `End` went through.
    pub(super) fn reached(&mut self, number: usize, list: u64, in_end: Option<bool>) -> bool {
        let address = self.found[number].address;
        let Some(list) = self.lists.get(&list).filter(|list| !list.is_cut) else { return true };
        if list.entries.iter().any(|(entry, _)| *entry == address) {
            self.found[number].listed = true;
            return true;
        }
        let known = |address: u64| self.found.iter().any(|found| found.address == address);
        let fronts: Vec<u64> =
            list.entries.iter().map(|(entry, _)| *entry).filter(|entry| !known(*entry)).collect();
        if fronts.is_empty() && in_end == Some(true) {
            // The SDK's own processors hand nothing on: the provider got another list when `End` had just begun.
            return false;
        }
        let found = &mut self.found[number];
        found.fronts.extend(fronts);
        found.path.hands_on = match (found.path.hands_on, in_end) {
            (HandsOn::Later, _) | (_, Some(false)) => HandsOn::Later,
            (_, Some(true)) => HandsOn::InEnd,
            (known, None) => known,
        };
        true
    }

    /// Whether a processor exports on a goroutine of its own.
    pub(super) fn has_worker(&self, number: usize) -> bool {
        self.found[number].path.kind == PathKind::Batch
    }

    pub(super) fn hands_on(&self, number: usize) -> HandsOn {
        self.found[number].path.hands_on
    }

    /// The processors that the entries of a list lead to at a moment.
    pub(super) fn led_to(&self, list: &ProcessorList, at: MonoNs) -> Vec<usize> {
        let is_in = |address: &u64| list.entries.iter().any(|(entry, _)| entry == address);
        let leads = |(number, found): &(usize, &FoundProcessor)| {
            let direct = found.address != 0 && is_in(&found.address);
            (direct || found.fronts.iter().any(is_in)) && self.at(found.address, at) == Some(*number)
        };
        self.found.iter().enumerate().filter(leads).map(|(number, _)| number).collect()
    }
}

impl Path {
    /// Takes over what its batch processor is set to.
    fn set(&mut self, set: &ProcessorSettings) {
        self.blocking = set.block;
        self.no_exporter = set.no_exporter;
        self.effective = Some(Effective {
            queue: set.queue,
            batch: set.batch,
            delay_ms: millis(set.delay),
            export_timeout_ms: millis(set.timeout),
            block: set.block,
            ..Effective::default()
        });
    }
}

/// When processors ended whose addresses were given away again: what exports after its worker has ended is another one.
fn ends(log: &ProbeLog<'_>) -> BTreeMap<u64, Vec<MonoNs>> {
    let (mut drained, mut exports) = (BTreeMap::<u64, Vec<MonoNs>>::new(), BTreeMap::<u64, MonoNs>::new());
    for record in log.each() {
        if let Record::Processor(look) = record {
            match look.kind {
                ProbeKind::Drained if look.processor != 0 => {
                    drained.entry(look.processor).or_default().push(look.at);
                }
                ProbeKind::Export => {
                    exports.insert(look.processor, look.at);
                }
                _ => {}
            }
        }
    }
    for (address, ends) in &mut drained {
        let last = exports.get(address).copied().unwrap_or_default();
        ends.retain(|end| *end < last);
    }
    drained
}
