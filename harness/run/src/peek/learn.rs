//! Learns of batch processors whose worker is stuck, and so says nothing: by the spans they are offered. That site is hit once
//! per span, so the probe stays a moment only.

use std::collections::BTreeSet;
use std::path::Path;

use spanfate_model::format::probe::Record;
use spanfate_model::quantity::unit::{ByteSize, MonoNs};
use spanfate_model::scenario::ebpf::{Ebpf, EbpfMode};
use spanfate_probes::attach::Attached;
use spanfate_probes::lookup::FoundSites;

use crate::host::clock;

/// The program for that site.
pub(super) const PROGRAM: &str = "offered";
/// After so long a worker with the SDK's schedule delay has been heard of.
const AFTER_NS: u64 = 6_000_000_000;
/// So long the probe stays once a processor is known.
const MOMENT_NS: u64 = 100_000_000;
/// Bytes of its buffer.
const BUFFER: ByteSize = ByteSize(1 << 20);

/// What has been learnt.
#[derive(Debug)]
pub(super) struct Learn {
    found: FoundSites,
    at: MonoNs,
    state: LearningState,
}

#[derive(Debug)]
enum LearningState {
    Waiting,
    Watching(Box<Attached>),
    Done,
}

impl Learn {
    /// `found` has the site for spans only; the process is watched so long from `began`.
    pub(super) fn new(found: FoundSites, began: MonoNs, lasting: u64) -> Self {
        Self { found, at: began + AFTER_NS.min(lasting / 2), state: LearningState::Waiting }
    }

    /// Batch processors that spans were offered to. `blind`: none is known yet.
    pub(super) fn look(&mut self, pid: u32, program: &Path, blind: bool, now: MonoNs) -> BTreeSet<u64> {
        let mut out = BTreeSet::new();
        if matches!(self.state, LearningState::Waiting) && now >= self.at {
            let wish = Ebpf { size: Some(BUFFER), ..Ebpf::plain(EbpfMode::Spans) };
            let attached = Attached::attach(pid, program, &self.found, &wish);
            // Where this cannot be, what is known must do.
            self.state =
                attached.map_or(LearningState::Done, |attached| LearningState::Watching(Box::new(attached)));
            if !blind {
                clock::sleep_until(clock::now() + MOMENT_NS);
            }
        }
        if let LearningState::Watching(attached) = &mut self.state {
            attached.drain(&mut |record| out.extend(processor(&Record::read(record))));
            if !out.is_empty() {
                // There may be others.
                clock::sleep_until(clock::now() + MOMENT_NS);
                attached.drain(&mut |record| out.extend(processor(&Record::read(record))));
            }
            if !out.is_empty() || !blind {
                self.state = LearningState::Done;
            }
        }
        out
    }
}

fn processor(record: &Record) -> Option<u64> {
    match record {
        Record::Span(mark) => Some(mark.a).filter(|address| *address != 0),
        _ => None,
    }
}
