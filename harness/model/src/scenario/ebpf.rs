//! The scenario key `ebpf`: which probes there shall be.

use std::fmt;
use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::quantity::unit::{ByteSize, Period};

/// How much the probes record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum EbpfMode {
    /// There are none.
    #[default]
    Off,
    /// One look at the batch processor per batch; spans are not seen.
    Batch,
    /// Spans are counted, and their ids added up (XOR); no record of each.
    Counters,
    /// Two records per span at its request, started and queued or dropped, and one per span of a batch.
    Spans,
    /// Everything: also ends, offers, spans that are not recorded, the garbage collector.
    Events,
}

impl EbpfMode {
    /// All of them, from least to most.
    pub const ALL: [Self; 5] = [Self::Off, Self::Batch, Self::Counters, Self::Spans, Self::Events];

    /// The mode of a number; off for one that is none.
    pub fn of(code: u8) -> Self {
        Self::ALL.get(usize::from(code)).copied().unwrap_or_default()
    }

    /// Its name in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Batch => "batch",
            Self::Counters => "counters",
            Self::Spans => "spans",
            Self::Events => "events",
        }
    }

    /// Whether each span that is recorded has its ids in the log.
    pub fn names_spans(self) -> bool {
        self >= Self::Spans
    }
}

/// How records come from the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub enum Buffer {
    /// A ring buffer that wakes nobody; its reader looks once in a millisecond.
    #[default]
    Ring,
    /// A ring buffer that wakes its reader with each record.
    RingWaking,
    /// A ring buffer that wakes its reader once 64 KiB wait.
    RingBatched,
    /// A perf buffer per CPU, which wakes its reader with each record.
    Perf,
}

/// A way to put probes on Go that does harm or counts wrong; measured, not used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub enum Trap {
    /// On the first instruction of the function that starts a span.
    Entry,
    /// On the return address of a function that grows its stack: the kernel's uretprobe.
    Uretprobe,
    /// An fentry program, which needs a function of the kernel.
    Fentry,
}

/// Which probes there are, and how they are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Ebpf {
    /// How much they record.
    pub mode: EbpfMode,
    /// Without them the run does not begin (exit code 69).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// One of so many traces makes records; the spans of the others are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<NonZeroU32>,
    /// How records come from the kernel.
    #[serde(default, skip_serializing_if = "is_default")]
    pub buffer: Buffer,
    /// Size of that buffer (of a perf buffer: per CPU), a power of two; 16 MiB where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<ByteSize>,
    /// The reader waits so long between two looks: what a slow reader loses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader_pause: Option<Period>,
    /// The most of one core that the probes may take, in percent: above it they record less, and say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_overhead_percent: Option<NonZeroU32>,
    /// Goroutines are recorded as they are made and as they end; each costs some 20 µs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub goroutines: bool,
    /// One more probe, of a kind that does harm or counts wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trap: Option<Trap>,
}

impl Default for Ebpf {
    fn default() -> Self {
        Self::of(EbpfMode::Off, false)
    }
}

/// A table `ebpf`, as it is written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct EbpfTable {
    /// How much they record.
    #[serde(default = "batch")]
    mode: EbpfMode,
    /// Without them the run does not begin (exit code 69).
    #[serde(default)]
    required: bool,
    /// One of so many traces makes records; the spans of the others are counted.
    sample: Option<NonZeroU32>,
    /// How records come from the kernel.
    #[serde(default)]
    buffer: Buffer,
    /// Size of that buffer (of a perf buffer: per CPU), a power of two; 16 MiB where absent.
    size: Option<ByteSize>,
    /// The reader waits so long between two looks: what a slow reader loses.
    reader_pause: Option<Period>,
    /// The most of one core that the probes may take, in percent: above it they record less, and say so.
    max_overhead_percent: Option<NonZeroU32>,
    /// Goroutines are recorded as they are made and as they end; each costs some 20 µs.
    #[serde(default)]
    goroutines: bool,
    /// One more probe, of a kind that does harm or counts wrong.
    trap: Option<Trap>,
}

/// A word in a table's place.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub(crate) enum EbpfWord {
    /// As `batch`, where the machine permits it.
    Auto,
    /// No probes.
    Off,
    /// See the mode.
    Batch,
    /// See the mode.
    Counters,
    /// See the mode.
    Spans,
    /// See the mode.
    Events,
    /// As `batch`; without it the run does not begin.
    Required,
}

/// `ebpf` as files have it, for the schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
#[expect(dead_code, reason = "read as JSON Schema only")]
pub(crate) enum Written {
    /// A word.
    Word(EbpfWord),
    /// A table.
    Table(EbpfTable),
}

impl Ebpf {
    const fn of(mode: EbpfMode, required: bool) -> Self {
        Self {
            mode,
            required,
            sample: None,
            buffer: Buffer::Ring,
            size: None,
            reader_pause: None,
            max_overhead_percent: None,
            goroutines: false,
            trap: None,
        }
    }

    /// A mode with everything else as it is by default.
    pub const fn plain(mode: EbpfMode) -> Self {
        Self::of(mode, false)
    }

    /// Whether they record enough to keep a process's books.
    pub fn keeps_books(&self) -> bool {
        self.mode == EbpfMode::Events && self.sample.is_none_or(|sample| sample.get() == 1)
    }

    /// Whether they are set up so that losing records is expected, and what is looked at.
    pub const fn may_lose(&self) -> bool {
        self.size.is_some() || self.reader_pause.is_some() || self.max_overhead_percent.is_some()
    }

    /// Whether there are any.
    pub fn is_on(&self) -> bool {
        self.mode > EbpfMode::Off
    }
}

impl<'de> Deserialize<'de> for Ebpf {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct WordOrTable;
        impl<'de> Visitor<'de> for WordOrTable {
            type Value = Ebpf;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word like \"auto\", or a table like { mode = \"events\" }")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Ebpf, E> {
                let word = EbpfWord::deserialize(serde::de::value::StrDeserializer::<E>::new(text))?;
                Ok(match word {
                    EbpfWord::Auto | EbpfWord::Batch => Ebpf::plain(EbpfMode::Batch),
                    EbpfWord::Off => Ebpf::plain(EbpfMode::Off),
                    EbpfWord::Counters => Ebpf::plain(EbpfMode::Counters),
                    EbpfWord::Spans => Ebpf::plain(EbpfMode::Spans),
                    EbpfWord::Events => Ebpf::plain(EbpfMode::Events),
                    EbpfWord::Required => Ebpf::of(EbpfMode::Batch, true),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Ebpf, A::Error> {
                let table = EbpfTable::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Ebpf {
                    mode: table.mode,
                    required: table.required,
                    sample: table.sample,
                    buffer: table.buffer,
                    size: table.size,
                    reader_pause: table.reader_pause,
                    max_overhead_percent: table.max_overhead_percent,
                    goroutines: table.goroutines,
                    trap: table.trap,
                })
            }
        }
        from.deserialize_any(WordOrTable)
    }
}

const fn batch() -> EbpfMode {
    EbpfMode::Batch
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_default(buffer: &Buffer) -> bool {
    *buffer == Buffer::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_tables_say_the_same() {
        let read = |text: &str| serde_json::from_str::<Ebpf>(text);
        assert_eq!(read("\"auto\"").unwrap(), read("{}").unwrap());
        assert_eq!(read("\"events\"").unwrap(), read("{\"mode\": \"events\"}").unwrap());
        assert!(read("\"required\"").unwrap().required);
        assert!(read("\"evnts\"").unwrap_err().to_string().contains("events"));
        assert!(read("{\"mod\": \"events\"}").is_err());
    }

    #[test]
    fn a_plan_reads_what_it_wrote() {
        let ebpf = Ebpf { sample: NonZeroU32::new(8), required: true, ..Ebpf::plain(EbpfMode::Events) };
        assert_eq!(serde_json::from_str::<Ebpf>(&serde_json::to_string(&ebpf).unwrap()).unwrap(), ebpf);
    }
}
