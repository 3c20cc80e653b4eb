//! One span's slot of a ledger.

use super::SLOT_BYTES;
use crate::quantity::id::{SpanId, SpanKey, TraceId};
use crate::quantity::le::{array_at, put, u32_at, u64_at};
use crate::quantity::unit::MonoNs;

/// One span's marks. A stage happened if and only if its time is not 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Slot {
    /// Trace and span id.
    pub key: SpanKey,
    /// Parent span id; zero for a root.
    pub parent: SpanId,
    /// Id made.
    pub created: MonoNs,
    /// Name id, as of the end.
    pub name: u32,
    /// Span kind.
    pub kind: u8,
    /// See the `FLAG_` constants.
    pub flags: u8,
    /// Number of the fault that touched it, plus one; 0: none.
    pub fault: u8,
    /// The SDK observed the start.
    pub started: MonoNs,
    /// `OnEnd` entered.
    pub ending: MonoNs,
    /// The SDK counted it as dropped for a full queue.
    pub dropped: MonoNs,
    /// `OnEnd` of the batch processor returned.
    pub ended: MonoNs,
    /// Handed to the exporter.
    pub exported: MonoNs,
    /// Batch number plus one; 0: none.
    pub batch: u32,
    /// Filtered by the exporter wrapper.
    pub filtered: MonoNs,
    /// The SDK observed the end.
    pub closed: MonoNs,
    /// A span processor in front of the main path was called with it and handed nothing on.
    pub hidden: MonoNs,
    /// A span processor in front of the main path took it to hand it on later, or not at all.
    pub held: MonoNs,
    /// Its tracer provider, from 0.
    pub provider: u8,
}

/// The span is sampled.
pub const FLAG_SAMPLED: u8 = 1;
/// The span is recording.
pub const FLAG_RECORDING: u8 = 2;
/// The parent is remote.
pub const FLAG_PARENT_REMOTE: u8 = 4;
/// The parent is sampled.
pub const FLAG_PARENT_SAMPLED: u8 = 8;
/// A panic was recorded on it.
pub const FLAG_PANIC: u8 = 16;
/// The scenario names it as a key span.
pub const FLAG_KEY: u8 = 32;

impl Slot {
    /// The ids of a slot's span; nothing where no span was made.
    #[inline]
    pub fn key_of(bytes: &[u8]) -> Option<SpanKey> {
        let bytes: &[u8; SLOT_BYTES] = bytes.first_chunk()?;
        let key = SpanKey { trace: TraceId(array_at(bytes, 0)), span: SpanId(array_at(bytes, 16)) };
        (u64_at(bytes, 32) != 0).then_some(key)
    }

    /// Reads a slot from its 128 bytes.
    #[inline]
    pub fn read(bytes: &[u8]) -> Self {
        // Of a known length, no offset has to be held against it; of a torn one what is missing reads as zeros.
        match bytes.first_chunk::<SLOT_BYTES>() {
            Some(whole) => Self::of(whole),
            None => Self::of(bytes),
        }
    }

    #[inline]
    fn of(bytes: &[u8]) -> Self {
        Self {
            key: SpanKey { trace: TraceId(array_at(bytes, 0)), span: SpanId(array_at(bytes, 16)) },
            parent: SpanId(array_at(bytes, 24)),
            created: u64_at(bytes, 32),
            name: u32_at(bytes, 40),
            kind: bytes.get(44).copied().unwrap_or_default(),
            flags: bytes.get(45).copied().unwrap_or_default(),
            fault: bytes.get(46).copied().unwrap_or_default(),
            started: u64_at(bytes, 48),
            ending: u64_at(bytes, 56),
            dropped: u64_at(bytes, 64),
            ended: u64_at(bytes, 72),
            exported: u64_at(bytes, 80),
            batch: u32_at(bytes, 88),
            filtered: u64_at(bytes, 96),
            closed: u64_at(bytes, 104),
            hidden: u64_at(bytes, 112),
            held: u64_at(bytes, 120),
            provider: bytes.get(47).copied().unwrap_or_default(),
        }
    }

    /// The slot's 128 bytes.
    pub fn write(&self) -> [u8; SLOT_BYTES] {
        let mut out = [0; SLOT_BYTES];
        put(&mut out, 0, self.key.trace.0);
        put(&mut out, 16, self.key.span.0);
        put(&mut out, 24, self.parent.0);
        let words = [
            (32, self.created),
            (48, self.started),
            (56, self.ending),
            (64, self.dropped),
            (72, self.ended),
            (80, self.exported),
            (96, self.filtered),
            (104, self.closed),
            (112, self.hidden),
            (120, self.held),
        ];
        for (at, word) in words {
            put(&mut out, at, word.to_le_bytes());
        }
        put(&mut out, 40, self.name.to_le_bytes());
        put(&mut out, 44, [self.kind, self.flags, self.fault, self.provider]);
        put(&mut out, 88, self.batch.to_le_bytes());
        out
    }

    /// Whether a flag is set.
    #[inline]
    pub const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}
