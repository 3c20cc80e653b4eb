//! One record of a probe log. Those of the kernel side have the layout of `struct record` in `probes/bpf/record.h`; those
//! that the reader adds have kinds from 65.

use super::{MAGIC, ProbeCounter, ProbeKind, VERSION};
use crate::quantity::id::{SpanId, SpanKey, TraceId};
use crate::quantity::le::{array_at, put, u16_at, u32_at, u64_at};
use crate::quantity::unit::MonoNs;
use crate::scenario::ebpf::EbpfMode;

/// Bytes of a record.
pub const RECORD_BYTES: usize = 64;
/// Bytes of text in a record.
pub(super) const PIECE: usize = 40;

/// Codes of the records that are about no site; all but the first are added by the reader.
pub(super) mod code {
    pub(in super::super) const NAME: u8 = 64;
    pub(in super::super) const TYPE: u8 = 65;
    pub(in super::super) const COUNTER: u8 = 66;
    pub(in super::super) const FIRST_LOST: u8 = 67;
    pub(in super::super) const SETTINGS: u8 = 68;
    pub(in super::super) const SHED: u8 = 69;
    pub(in super::super) const END: u8 = 70;
    pub(in super::super) const EXPORTER: u8 = 71;
    pub(in super::super) const ENDPOINT: u8 = 72;
    pub(in super::super) const TYPED: u8 = 73;
}

/// Flags of the kernel side, `enum flag` in `probes/bpf/record.h`.
const NESTED: u16 = 4;
const NO_EXPORTER: u16 = 8;

/// Something that happened to one span.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SpanMark {
    /// What.
    pub kind: ProbeKind,
    /// When.
    pub at: MonoNs,
    /// On which goroutine.
    pub goroutine: u64,
    /// Which span.
    pub key: SpanKey,
    /// It is sampled.
    pub sampled: bool,
    /// Of `Started`: its parent is sampled.
    pub parent_sampled: bool,
    /// Of `Started`: its span kind. Of `Offered` and `Simple`: flags, see [`SpanMark::is_nested`] and [`SpanMark::lacks_exporter`].
    pub extra: u16,
    /// Of `Started`: the lower half of the digest of its name; 0 where it has none. Else nothing.
    pub name: u32,
    /// Of `Started`: its parent's id, as bytes in a number. Of `Handed` and `Sent`: the batch. Of `Ended`: its provider's address. Else the
    /// processor's address.
    pub a: u64,
    /// Of `Started`: its provider's address. Of `Ended`: digest of its provider's list of processors; 0 where it could not be read.
    /// Of `Queued`, `Dropped`, `Blocked` and `Simple`: digest of its name. Of `Handed` and `Sent`: its place in the batch.
    pub b: u64,
}

/// One entry of the list of span processors that a provider had when a span ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListedProcessor {
    /// When.
    pub at: MonoNs,
    /// The provider's address.
    pub provider: u64,
    /// Digest of the list.
    pub list: u64,
    /// Which entry, from 0.
    pub index: u32,
    /// Entries of the list; 0: it is empty, and there is this one record of it.
    pub count: u32,
    /// The processor's address, where it is a pointer.
    pub processor: u64,
    /// The address of its type's table.
    pub table: u64,
}

impl SpanMark {
    /// Of `Started`: its parent.
    #[inline]
    pub fn parent(&self) -> SpanId {
        SpanId(self.a.to_le_bytes())
    }

    /// It came to a processor, and is of a type in which its ids were not found.
    #[inline]
    pub fn is_nameless(&self) -> bool {
        matches!(self.kind, ProbeKind::Offered | ProbeKind::Simple) && self.key.span.is_zero()
    }

    /// It was handed to an exporter, and is of a type in which its ids were not found.
    #[inline]
    pub fn is_nameless_export(&self) -> bool {
        matches!(self.kind, ProbeKind::Handed | ProbeKind::Sent) && self.key.span.is_zero()
    }

    /// Of `Simple`: its goroutine was in another export, so that its own is not told apart from that.
    #[inline]
    pub fn is_nested(&self) -> bool {
        self.kind == ProbeKind::Simple && self.extra & NESTED != 0
    }

    /// Of `Offered` and `Simple`: the processor has no exporter.
    #[inline]
    pub fn lacks_exporter(&self) -> bool {
        matches!(self.kind, ProbeKind::Offered | ProbeKind::Simple) && self.extra & NO_EXPORTER != 0
    }
}

/// A look at a batch processor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProcessorLook {
    /// At which moment.
    pub kind: ProbeKind,
    /// When.
    pub at: MonoNs,
    /// On which goroutine.
    pub goroutine: u64,
    /// Of `Handover` and `Exported`: number of the batch in its process, from 1. Of `Sending` and `Returned`: the same number where
    /// the SDK's OTLP exporter is called directly, and one of its own where another exporter calls it.
    pub batch: u32,
    /// Of `Handover` and `Sending`: spans of the batch.
    pub spans: u32,
    /// Spans it has dropped for a full queue since it was made (a counter of 32 bits). Of `Sending` and `Returned`: number of the
    /// batch that was handed to the exporter around it.
    pub dropped: u32,
    /// Spans in its queue.
    pub queue: u32,
    /// Of `Exported`, `Returned` and `Shut`: there was an error.
    pub failed: bool,
    /// Of these: the address of its type's table; 0 without an error. Of `Handover` and `Sending`: the first word of the exporter, which is the
    /// table of its client where it is the SDK's OTLP exporter.
    pub error: u64,
    /// Its address; 0 where a processor of the program's own exports.
    pub processor: u64,
    /// It has no queue.
    pub simple: bool,
    /// Of `Exported` and `Returned`: when the batch was handed over. Of `Handover`: the address of the exporter's code. Of `Sending`:
    /// the exporter's address.
    pub began: u64,
}

/// Something that happened in the runtime.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// What.
    pub kind: ProbeKind,
    /// When.
    pub at: MonoNs,
    /// On which goroutine.
    pub goroutine: u64,
    /// Of `Goroutine`: the new one. Of `Closing`: the provider's address. Of `Closed`: 1 where it returned an error, else 0.
    pub a: u64,
}

/// A piece of a text: of an error (by goroutine), of a name (by digest; its first 40 bytes) or of a type (by address).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TextPiece {
    /// When.
    pub at: MonoNs,
    /// Whose text.
    pub of: u64,
    /// Which piece of it, from 0.
    pub piece: u8,
    /// Length of the whole text, bytes.
    pub length: u16,
    /// The piece; zeros behind the end of the text.
    pub bytes: [u8; PIECE],
}

/// One record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Record {
    /// Of a span.
    Span(SpanMark),
    /// Of a batch processor.
    Processor(ProcessorLook),
    /// Of the runtime.
    Moment(Moment),
    /// Text of an error.
    Error(TextPiece),
    /// A span's name, by its digest.
    Name(TextPiece),
    /// The name of a type, by the address of its table.
    Type(TextPiece),
    /// The function and the client of the exporter that a processor calls, by the processor's address.
    Exporter(TextPiece),
    /// A string of the client of one of the SDK's OTLP exporters, by the exporter's address: where it sends to, if it is of the client
    /// that has its endpoint at that place ([`TextPiece::place`]).
    Endpoint(TextPiece),
    /// Where in the program's type data the name of an interface's type is, for whoever has the program.
    Typed {
        /// The address of the interface's table.
        table: u64,
        /// Bytes from the beginning of the type data.
        name: u32,
    },
    /// An entry of a provider's list of processors.
    Listed(ListedProcessor),
    /// What the kernel side counted.
    Counter(ProbeKind, ProbeCounter),
    /// Where the first record of a kind was lost.
    FirstLost(ProbeKind, MonoNs, u64),
    /// What a batch processor is set to.
    Settings(ProcessorSettings),
    /// From here on less is recorded.
    Shed(MonoNs, EbpfMode),
    /// The witness ended in order, after that many records of the kernel side; and what the buffers themselves say they lost, which
    /// only perf buffers do.
    End(MonoNs, u64, u64),
    /// Of a later version.
    Unknown(u8),
}

/// What a batch processor is set to, read from its options.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ProcessorSettings {
    /// Its address.
    pub processor: u64,
    /// Length of its queue.
    pub queue: u32,
    /// Spans per export at most.
    pub batch: u32,
    /// It blocks where the queue is full.
    pub block: bool,
    /// It has no exporter.
    pub no_exporter: bool,
    /// Schedule delay.
    pub delay: u64,
    /// Export timeout.
    pub timeout: u64,
}

/// Header of a log.
pub fn header(pid: u32, at: MonoNs) -> [u8; RECORD_BYTES] {
    let mut out = [0; RECORD_BYTES];
    put(&mut out, 0, *MAGIC);
    put(&mut out, 8, VERSION.to_le_bytes());
    put(&mut out, 12, pid.to_le_bytes());
    put(&mut out, 16, at.to_le_bytes());
    out
}

/// When a log was begun; 0 where it has no header.
pub fn began(bytes: &[u8]) -> MonoNs {
    u64_at(bytes, 16)
}

/// Reads the records after the header; a torn last one is left out. `None` if this is no probe log of a version we know.
#[inline]
pub fn read(bytes: &[u8]) -> Option<impl Iterator<Item = Record> + '_> {
    let rest = bytes.get(RECORD_BYTES..)?;
    let known = &bytes[..8] == MAGIC && u32_at(bytes, 8) == VERSION;
    known.then(|| rest.as_chunks().0.iter().map(Record::read))
}

impl Record {
    /// Reads one record.
    #[inline]
    pub fn read(bytes: &[u8; RECORD_BYTES]) -> Self {
        let (at, goroutine, flags) = (u64_at(bytes, 0), u64_at(bytes, 16), bytes[9]);
        let (a, b) = (u64_at(bytes, 48), u64_at(bytes, 56));
        let text = TextPiece {
            at,
            of: goroutine,
            piece: flags,
            length: u16_at(bytes, 10),
            bytes: array_at(bytes, 24),
        };
        let Some(kind) = ProbeKind::of(bytes[8]) else {
            return match (bytes[8], ProbeKind::of(flags)) {
                (code::NAME, _) => Self::Name(text),
                (code::TYPE, _) => Self::Type(text),
                (code::EXPORTER, _) => Self::Exporter(text),
                (code::ENDPOINT, _) => Self::Endpoint(text),
                (code::TYPED, _) => Self::Typed { table: goroutine, name: a as u32 },
                (code::COUNTER, Some(kind)) => Self::Counter(kind, counter(bytes)),
                (code::FIRST_LOST, Some(kind)) => Self::FirstLost(kind, at, a),
                (code::SETTINGS, _) => Self::Settings(settings(bytes)),
                (code::SHED, _) => Self::Shed(at, EbpfMode::of(flags)),
                (code::END, _) => Self::End(at, a, b),
                (other, _) => Self::Unknown(other),
            };
        };
        match kind {
            ProbeKind::Text => Self::Error(text),
            ProbeKind::Listed => Self::Listed(listed(bytes)),
            _ if kind.is_of_span() => Self::Span(SpanMark {
                kind,
                at,
                goroutine,
                key: SpanKey { trace: TraceId(array_at(bytes, 24)), span: SpanId(array_at(bytes, 40)) },
                sampled: flags & 1 != 0,
                parent_sampled: flags & 2 != 0,
                extra: if matches!(kind, ProbeKind::Offered | ProbeKind::Simple) {
                    u16::from(flags) & (NESTED | NO_EXPORTER)
                } else {
                    u16_at(bytes, 10)
                },
                // Of others the bytes say the CPU, for people with a debugger.
                name: if kind == ProbeKind::Started { u32_at(bytes, 12) } else { 0 },
                a,
                b,
            }),
            _ if kind.is_of_processor() => Self::Processor(ProcessorLook {
                kind,
                at,
                goroutine,
                batch: u32_at(bytes, 24),
                spans: u32_at(bytes, 28),
                dropped: u32_at(bytes, 32),
                queue: u32_at(bytes, 36),
                failed: flags & 1 != 0,
                error: u64_at(bytes, 40),
                processor: a,
                simple: flags & 2 != 0,
                began: b,
            }),
            _ => Self::Moment(Moment { kind, at, goroutine, a }),
        }
    }
}

fn counter(bytes: &[u8]) -> ProbeCounter {
    let word = |index: usize| u64_at(bytes, 16 + 8 * index);
    ProbeCounter {
        hit: word(0),
        lost: word(1),
        fault: word(2),
        skipped: word(3),
        ids: word(4),
        ids_lost: word(5),
        ..ProbeCounter::default()
    }
}

fn listed(bytes: &[u8]) -> ListedProcessor {
    ListedProcessor {
        at: u64_at(bytes, 0),
        provider: u64_at(bytes, 48),
        list: u64_at(bytes, 56),
        index: u32_at(bytes, 24),
        count: u32_at(bytes, 28),
        processor: u64_at(bytes, 32),
        table: u64_at(bytes, 40),
    }
}

fn settings(bytes: &[u8]) -> ProcessorSettings {
    ProcessorSettings {
        processor: u64_at(bytes, 48),
        queue: u32_at(bytes, 24),
        batch: u32_at(bytes, 28),
        block: bytes[9] & 1 != 0,
        no_exporter: bytes[9] & 2 != 0,
        delay: u64_at(bytes, 32),
        timeout: u64_at(bytes, 40),
    }
}
