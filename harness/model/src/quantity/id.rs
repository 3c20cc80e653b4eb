//! Ids of traces, spans and requests, and the bijection that makes joining a matter of indexing.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::quantity::text;

/// Bits of a span id's preimage that hold the slot; the process number sits above them.
const SLOT_BITS: u32 = 40;
const SLOT_MASK: u64 = (1 << SLOT_BITS) - 1;

/// Request number of a trace that was begun outside a numbered request.
pub const NO_REQUEST: u32 = u32::MAX;

/// The `SplitMix64` finaliser: a bijection on `u64` that scatters neighbouring numbers.
#[inline]
pub const fn mix(mut x: u64) -> u64 {
    x ^= x >> 30;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 27;
    x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The inverse of [`mix`].
#[inline]
pub const fn unmix(mut x: u64) -> u64 {
    x ^= (x >> 31) ^ (x >> 62);
    x = x.wrapping_mul(0x3196_42b2_d24d_8ec3);
    x ^= (x >> 27) ^ (x >> 54);
    x = x.wrapping_mul(0x96de_1b17_3f11_9089);
    x ^ (x >> 30) ^ (x >> 60)
}

/// A 16-byte trace id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TraceId(pub [u8; 16]);

/// An 8-byte span id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SpanId(pub [u8; 8]);

/// What identifies a span everywhere: counting is by this key, never by counters.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize, JsonSchema,
)]
pub struct SpanKey {
    /// The trace the span belongs to.
    pub trace: TraceId,
    /// The span itself.
    pub span: SpanId,
}

/// Where a span id of ours points: a process and its ledger slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SlotRef {
    /// Number of the process in the plan.
    pub process: u16,
    /// Slot in that process's ledger.
    pub slot: u64,
}

impl SpanId {
    /// The id the fixture gives to a slot.
    #[inline]
    pub const fn of_slot(at: SlotRef, salt: u64) -> Self {
        let packed = ((at.process as u64) << SLOT_BITS) | (at.slot & SLOT_MASK);
        Self(mix(packed ^ salt).to_be_bytes())
    }

    /// The slot this id would stand for, if one of our fixtures made it. Ids of foreign processes give a slot as well,
    /// so the caller compares the key stored there.
    #[inline]
    pub const fn slot(self, salt: u64) -> Option<SlotRef> {
        let packed = unmix(u64::from_be_bytes(self.0)) ^ salt;
        let process = packed >> SLOT_BITS;
        if process > u16::MAX as u64 {
            return None;
        }
        Some(SlotRef { process: process as u16, slot: packed & SLOT_MASK })
    }

    /// Whether this is the "no span" value.
    #[inline]
    pub const fn is_zero(self) -> bool {
        u64::from_be_bytes(self.0) == 0
    }
}

/// What names a trial inside its trace ids.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TraceTag {
    /// Says which run the trace belongs to, so that a stray span of another run is recognised.
    pub run: u16,
    /// The trial's number.
    pub trial: u16,
    /// Key of the mix in the low 8 bytes.
    #[serde(with = "decimal")]
    #[schemars(with = "crate::quantity::id::Decimal")]
    pub key: u64,
}

impl TraceTag {
    /// The trace id of a request under this tag.
    #[inline]
    pub const fn trace_id(&self, request: u32) -> TraceId {
        self.trace_id_of_part(request, 0)
    }

    /// The trace id that a later service gives to a request whose context it lost: another trace, the same request. Part
    /// 0 is the request's own trace.
    #[inline]
    pub const fn trace_id_of_part(&self, request: u32, part: u16) -> TraceId {
        let high = ((self.run as u64) << 48) | ((self.trial as u64) << 32) | request as u64;
        let low = mix((((part as u64) << 32) | request as u64) ^ self.key);
        TraceId(((high as u128) << 64 | low as u128).to_be_bytes())
    }

    /// The request number inside a trace id, if the id was made under this tag for a numbered request.
    #[inline]
    pub fn request_of(&self, trace: TraceId) -> Option<u32> {
        self.part_of(trace).map(|(request, _)| request)
    }

    /// Request and part of a trace id, if the id was made under this tag for a numbered request.
    #[inline]
    pub fn part_of(&self, trace: TraceId) -> Option<(u32, u16)> {
        let id = u128::from_be_bytes(trace.0);
        let (high, low) = ((id >> 64) as u64, unmix(id as u64) ^ self.key);
        let (request, part) = (high as u32, low >> 32);
        let ours = (high >> 32) == ((u64::from(self.run) << 16) | u64::from(self.trial));
        let whole = ours && request != NO_REQUEST && low as u32 == request;
        u16::try_from(part).ok().filter(|_| whole).map(|part| (request, part))
    }
}

fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut out = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(out)
}

macro_rules! hex_id {
    ($name:ident, $what:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }
        impl JsonSchema for $name {
            text::text!(stringify!($name), || text::TextSchema {
                what: concat!("A ", $what, " in hex.").to_owned(),
                pattern: format!("[0-9a-f]{{{}}}", 2 * size_of::<Self>()),
                example: Self([0x5b; _]).to_string(),
            });
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                parse_hex(&text)
                    .map(Self)
                    .ok_or_else(|| serde::de::Error::custom(concat!("not a ", $what, " in hex")))
            }
        }
    };
}

hex_id!(TraceId, "16-byte trace id");
hex_id!(SpanId, "8-byte span id");

/// What [`decimal`] writes, for the schema.
pub(crate) struct Decimal;

impl JsonSchema for Decimal {
    text::text!("Decimal", || text::TextSchema {
        what: "A number of 64 bits in decimal; as a JSON number it would lose precision.".to_owned(),
        pattern: "[0-9]{1,20}".to_owned(),
        example: u64::MAX.to_string(),
    });
}

/// `u64` as a decimal string: JSON numbers lose precision above 2^53.
pub mod decimal {
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the number as a string.
    pub fn serialize<S: Serializer>(value: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    /// Reads the number from a string.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn mix_is_a_bijection(x: u64) {
            prop_assert_eq!(unmix(mix(x)), x);
            prop_assert_eq!(mix(unmix(x)), x);
        }

        #[test]
        fn a_span_id_gives_its_slot_back(process: u16, slot in 0..=SLOT_MASK, salt: u64) {
            let at = SlotRef { process, slot };
            prop_assert_eq!(SpanId::of_slot(at, salt).slot(salt), Some(at));
        }

        #[test]
        fn a_trace_id_gives_its_request_back(run: u16, trial: u16, key: u64, request in 0..NO_REQUEST) {
            let tag = TraceTag { run, trial, key };
            prop_assert_eq!(tag.request_of(tag.trace_id(request)), Some(request));
            let other = TraceTag { key: key ^ 1, ..tag };
            prop_assert_eq!(other.request_of(tag.trace_id(request)), None);
        }

        #[test]
        fn a_part_is_another_trace_of_the_same_request(run: u16, trial: u16, key: u64, request in 0..NO_REQUEST, part: u16) {
            let tag = TraceTag { run, trial, key };
            let id = tag.trace_id_of_part(request, part);
            prop_assert_eq!(tag.part_of(id), Some((request, part)));
            prop_assert_eq!(id == tag.trace_id(request), part == 0);
            let other = TraceTag { trial: trial ^ 1, ..tag };
            prop_assert_eq!(other.part_of(id), None);
        }
    }

    #[test]
    fn known_values_agree_with_the_fixture() {
        // The same vectors stand in go-fixtures/internal/ids: both sides must agree for joining by index.
        assert_eq!(mix(1), 0x5692_161d_100b_05e5);
        let id = SpanId::of_slot(SlotRef { process: 2, slot: 7 }, 1_234_567_890_123);
        assert_eq!(id.to_string(), "3b7553c177fd7741");
        let tag = TraceTag { run: 4660, trial: 3, key: 9_876_543_210_987 };
        assert_eq!(tag.trace_id(5).to_string(), "1234000300000005cf413557bed49569");
        assert_eq!(tag.trace_id_of_part(5, 2).to_string(), "1234000300000005f7e83ca71e56e641");
    }
}
