//! What the witnesses say of one span: of itself, and of each export path that it came near. Openers fill it (`process` from a
//! span ledger, `probe` from records of probes); judging reads it and no file format.

pub(crate) mod blind;
pub(crate) mod engine;
pub(crate) mod excuse;
pub(crate) mod export_error;
pub(crate) mod hops;
pub(crate) mod loadbook;
pub(crate) mod opened;
pub(crate) mod path;
pub(crate) mod probe;
pub(crate) mod process;
pub(crate) mod receipts;
pub(crate) mod shutdown;
pub(crate) mod sources;

use spanfate_model::format::slots::{
    FLAG_KEY, FLAG_PANIC, FLAG_PARENT_SAMPLED, FLAG_RECORDING, FLAG_SAMPLED, PathRecord, Slot,
};
use spanfate_model::quantity::id::{SpanId, SpanKey};
use spanfate_model::quantity::unit::MonoNs;

/// What is so of a span, whatever its path. A stage that nobody saw has the time 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct SpanEvidence {
    pub(crate) key: SpanKey,
    /// Parent span id; zero for a root.
    pub(crate) parent: SpanId,
    /// Its id was made.
    pub(crate) created: MonoNs,
    /// The SDK started it.
    pub(crate) started: MonoNs,
    /// `End` was called, or the SDK observed the end.
    pub(crate) closed: MonoNs,
    /// Name id in its process, as of its end.
    pub(crate) name: u32,
    /// Its tracer provider, in the order of their first spans.
    pub(crate) provider: u16,
    pub(crate) kind: u8,
    /// Number of the fault that touched it, plus one; 0: none.
    pub(crate) fault: u8,
    pub(crate) handing: Handing,
    /// When its goroutine did the next thing after its end, by which `End` had returned; 0 if nobody saw it do one.
    pub(crate) went_on: MonoNs,
    pub(crate) flags: u8,
}

/// Whom its provider hands a span to when it ends, as far as a witness saw that.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Handing {
    /// Nobody looked.
    #[default]
    Unseen,
    /// The provider had no span processor.
    ToNobody,
    /// To span processors of which none is known to lead to an exporter.
    ToOthers,
    /// To a processor that a path begins with.
    ToPaths,
}

impl SpanEvidence {
    /// A span that probes saw the start of.
    pub(crate) fn started(
        key: SpanKey,
        parent: SpanId,
        at: MonoNs,
        sampled: bool,
        parent_sampled: bool,
    ) -> Self {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let flags = FLAG_RECORDING | flag(sampled, FLAG_SAMPLED) | flag(parent_sampled, FLAG_PARENT_SAMPLED);
        Self { key, parent, created: at, started: at, flags, ..Self::default() }
    }

    pub(crate) const fn is_sampled(&self) -> bool {
        self.flags & FLAG_SAMPLED != 0
    }

    pub(crate) const fn is_recording(&self) -> bool {
        self.flags & FLAG_RECORDING != 0
    }

    pub(crate) const fn has_sampled_parent(&self) -> bool {
        self.flags & FLAG_PARENT_SAMPLED != 0
    }

    /// The scenario names it as a key span.
    pub(crate) const fn is_key(&self) -> bool {
        self.flags & FLAG_KEY != 0
    }

    /// A panic was recorded on it.
    pub(crate) const fn panicked(&self) -> bool {
        self.flags & FLAG_PANIC != 0
    }
}

impl From<&Slot> for SpanEvidence {
    fn from(slot: &Slot) -> Self {
        let Slot { key, parent, created, started, closed, name, kind, fault, flags, .. } = *slot;
        let provider = u16::from(slot.provider);
        Self { key, parent, created, started, closed, name, provider, kind, fault, flags, ..Self::default() }
    }
}

/// What is so of a span on one export path. A stage that nobody saw has the time 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct OnPath {
    /// The provider called the span processor that the path begins with, and that did not hand the span on.
    pub(crate) called: MonoNs,
    /// A processor in front took it, to hand it on later or not at all.
    pub(crate) held: MonoNs,
    /// `OnEnd` of the path's own processor was entered.
    pub(crate) offered: MonoNs,
    /// The queue refused it.
    pub(crate) dropped: MonoNs,
    /// The processor was done with it: it lies in the queue, unless it was dropped.
    pub(crate) taken: MonoNs,
    /// It was handed to the exporter.
    pub(crate) exported: MonoNs,
    /// A wrapper around the exporter removed it.
    pub(crate) filtered: MonoNs,
    /// Number of its export call plus one; 0: none.
    pub(crate) call: u32,
    /// The same of the call that sent it, where the exporter is one around the SDK's own.
    pub(crate) sent: u32,
    /// The exporter is such a one, which also sends outside of its calls; it took the span, and nobody saw it sent.
    pub(crate) kept: bool,
    /// By then `OnEnd` had returned; 0 if that is not known.
    pub(crate) returned: MonoNs,
}

impl OnPath {
    /// Whether the path has anything to do with the span.
    pub(crate) const fn is_concerned(&self) -> bool {
        let early = self.called | self.held | self.offered | self.dropped;
        early | self.taken | self.exported | self.filtered != 0
    }

    /// The last thing that is known of it here, before a loss.
    pub(crate) fn last(&self) -> Option<MonoNs> {
        let marks = [self.dropped, self.exported, self.taken, self.offered];
        marks.into_iter().find(|time| *time != 0)
    }

    /// When `End` was called, as far as the path knows; in blocking mode the processor is done with it much later.
    pub(crate) fn ended(&self, span: &SpanEvidence) -> Option<MonoNs> {
        [self.offered, self.taken, span.closed].into_iter().find(|time| *time != 0)
    }
}

impl From<&Slot> for OnPath {
    fn from(slot: &Slot) -> Self {
        Self {
            called: slot.hidden,
            held: slot.held,
            offered: slot.ending,
            dropped: slot.dropped,
            taken: slot.ended,
            exported: slot.exported,
            filtered: slot.filtered,
            call: slot.batch,
            sent: 0,
            kept: false,
            returned: slot.ended.max(slot.hidden),
        }
    }
}

impl From<&PathRecord> for OnPath {
    fn from(record: &PathRecord) -> Self {
        Self {
            called: record.hidden,
            held: 0,
            offered: record.ending,
            dropped: record.dropped,
            taken: record.ended,
            exported: record.exported,
            filtered: record.filtered,
            call: record.batch,
            sent: 0,
            kept: false,
            returned: record.ended.max(record.hidden),
        }
    }
}

/// A parent that is a span of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Parent {
    pub(crate) received: bool,
    /// It is in the same trace as its child.
    pub(crate) same_trace: bool,
}
