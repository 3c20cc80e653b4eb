//! The spans of a canary: made of a number, so that nothing of them need be kept to know them again.

use std::collections::BTreeMap;

use crate::quantity::id::{SpanId, TraceId, mix, unmix};

/// Most services in a trace.
pub const MOST_SERVICES: u16 = 20;

/// Kinds as OTLP numbers them.
const SERVER: u8 = 2;
const CLIENT: u8 = 3;
/// The status of an error, as OTLP numbers it.
const FAILED: u8 = 2;

/// A nanosecond count in which spans nest.
const STEP: u64 = 1_000_003;

/// Mixed into what traces are numbered by.
const OF_TRACES: u64 = 0x7f4a_7c15_9e37_79b9;
/// Mixed into what spans are numbered by.
const OF_SPANS: u64 = 0x2545_f491_4f6c_dd1d;
/// Mixed into what all traces of a canary begin with.
const OF_CANARIES: u64 = 0x6c62_272e_07bb_0142;

/// The value of an attribute.
#[derive(Clone, PartialEq, Debug)]
pub enum CanaryValue {
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// A number.
    Double(f64),
}

/// Attributes by their names; of arrays and maps only that they are there.
pub type CanaryValues = BTreeMap<String, Option<CanaryValue>>;

/// A span as it is sent, or as somebody shows it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CanarySpan {
    /// Its trace.
    pub trace: TraceId,
    /// Itself.
    pub span: SpanId,
    /// Its parent; zeros for none.
    pub parent: SpanId,
    /// Its name.
    pub name: String,
    /// Its kind, as OTLP numbers it.
    pub kind: u8,
    /// Its start, unix nanoseconds.
    pub start: u64,
    /// Its end.
    pub end: u64,
    /// The code of its status, as OTLP numbers it.
    pub status: u8,
    /// The message of its status.
    pub message: String,
    /// Its attributes.
    pub attributes: CanaryValues,
    /// The attributes of its resource.
    pub resource: CanaryValues,
}

/// What the endpoint made of the request that a trace was sent in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CanaryDoor {
    /// It took the trace, but for so many spans.
    Taken {
        /// Spans that it says it rejected.
        rejected: u64,
    },
    /// It said no; its status.
    Refused(String),
    /// It said nothing, so it may have the spans; why.
    Unanswered(String),
    /// There was no connection, so it cannot have them; why.
    Unreachable(String),
}

/// What a reader showed of a trace.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CanaryLook {
    /// Spans of the trace, copies among them.
    pub spans: Vec<CanarySpan>,
    /// The unit of the reader's times, nanoseconds.
    pub precision: u64,
}

/// Makes the traces of one canary, and knows them again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CanaryMint {
    instance: u64,
    seed: u64,
    services: u16,
}

impl CanaryMint {
    /// `instance` must be another for every canary that ever runs; the same seed gives the same contents.
    pub const fn new(instance: u64, seed: u64, services: u16) -> Self {
        Self { instance, seed, services }
    }

    /// What tells this canary from all others.
    pub fn instance(&self) -> String {
        format!("{:016x}", self.instance)
    }

    /// Services of a trace.
    pub const fn services(&self) -> u16 {
        self.services
    }

    /// Spans of a trace: each service has a server span, and all but the last one call the next.
    pub const fn spans_per_trace(&self) -> u32 {
        2 * self.services as u32 - 1
    }

    /// The id of a trace.
    pub fn trace_id(&self, number: u32) -> TraceId {
        let high = mix(self.instance ^ OF_CANARIES);
        let low = mix(u64::from(number) ^ self.instance ^ OF_TRACES);
        TraceId(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
    }

    /// The number of a trace; none if it is no trace of this canary.
    pub fn number_of(&self, trace: TraceId) -> Option<u32> {
        let id = u128::from_be_bytes(trace.0);
        if (id >> 64) as u64 != mix(self.instance ^ OF_CANARIES) {
            return None;
        }
        u32::try_from(unmix(id as u64) ^ self.instance ^ OF_TRACES).ok()
    }

    /// The id of a span of a trace.
    pub fn span_id(&self, number: u32, index: u32) -> SpanId {
        let packed = (u64::from(number) << 16) | u64::from(index & 0xffff);
        SpanId(mix(packed ^ self.instance ^ OF_SPANS).to_be_bytes())
    }

    /// Which span of its trace a span is; none if that trace has no such span.
    pub fn index_of(&self, number: u32, span: SpanId) -> Option<u32> {
        let packed = unmix(u64::from_be_bytes(span.0)) ^ self.instance ^ OF_SPANS;
        let index = (packed & 0xffff) as u32;
        (packed >> 16 == u64::from(number) && index < self.spans_per_trace()).then_some(index)
    }

    /// The spans of a trace that is sent at this time, unix nanoseconds. They have ended just then.
    pub fn trace(&self, number: u32, at: u64) -> Vec<CanarySpan> {
        (0..self.spans_per_trace()).map(|index| self.span(number, index, at)).collect()
    }

    /// One of them. Span 2i is what service i serves, 2i + 1 its call of the next service.
    pub fn span(&self, number: u32, index: u32, at: u64) -> CanarySpan {
        let service = index / 2;
        let serves = index.is_multiple_of(2);
        let mut random = self.seed ^ mix((u64::from(number) << 16) | u64::from(index));
        let mut next = || {
            random = mix(random.wrapping_add(OF_TRACES));
            random
        };
        let depth = u64::from(index) * STEP;
        let begin = at.saturating_sub(2 * u64::from(self.spans_per_trace()) * STEP);
        // The last service fails, now and then.
        let fails = index + 1 == self.spans_per_trace() && next().is_multiple_of(4);
        let words = ["blue", "grün", "κίτρινο", "赤", "fire \u{1f525}"];
        let word = words[(next() % words.len() as u64) as usize];
        // Whole numbers beyond 2^53 and fractions that are exact: what is not the same is damaged, and not rounded by decree.
        let large = (1 << 53) | (next() >> 12) as i64 | 1;
        let share = (next() % 4096) as f64 / 4096.0;
        CanarySpan {
            trace: self.trace_id(number),
            span: self.span_id(number, index),
            parent: index.checked_sub(1).map_or_else(SpanId::default, |parent| self.span_id(number, parent)),
            name: if serves {
                format!("canary serves {service}")
            } else {
                format!("canary calls {}", service + 1)
            },
            kind: if serves { SERVER } else { CLIENT },
            start: begin + depth,
            end: at.saturating_sub(depth),
            status: if fails { FAILED } else { 0 },
            message: if fails { "fails on purpose".to_owned() } else { String::new() },
            attributes: values([
                ("spanfate.canary.instance", CanaryValue::Text(self.instance())),
                ("spanfate.canary.trace", CanaryValue::Int(i64::from(number))),
                ("spanfate.canary.text", CanaryValue::Text(word.to_owned())),
                ("spanfate.canary.large", CanaryValue::Int(large)),
                ("spanfate.canary.share", CanaryValue::Double(share)),
                ("spanfate.canary.flag", CanaryValue::Bool(next().is_multiple_of(2))),
            ]),
            resource: values([
                ("service.name", CanaryValue::Text(format!("spanfate-canary-{service}"))),
                ("service.instance.id", CanaryValue::Text(self.instance())),
                ("spanfate.canary.service", CanaryValue::Int(i64::from(service))),
            ]),
        }
    }
}

fn values<const N: usize>(of: [(&str, CanaryValue); N]) -> CanaryValues {
    of.into_iter().map(|(key, value)| (key.to_owned(), Some(value))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_span_is_known_again_and_by_its_own_canary_alone(
            instance: u64, other: u64, seed: u64, number: u32, services in 1..=MOST_SERVICES,
        ) {
            let mint = CanaryMint::new(instance, seed, services);
            let foreign = CanaryMint::new(other, seed, services);
            let trace = mint.trace(number, 1_800_000_000_000_000_000);
            prop_assert_eq!(trace.len() as u32, mint.spans_per_trace());
            for (index, span) in trace.iter().enumerate() {
                prop_assert_eq!(mint.number_of(span.trace), Some(number));
                prop_assert_eq!(mint.index_of(number, span.span), Some(index as u32));
                prop_assert_eq!(mint.index_of(number ^ 1, span.span), None);
                if instance != other {
                    prop_assert_eq!(foreign.number_of(span.trace), None);
                }
            }
        }
    }

    #[test]
    fn spans_nest_and_contents_come_of_the_seed() {
        let trace = CanaryMint::new(7, 1, 3).trace(4, 1_800_000_000_000_000_000);
        assert_eq!(trace[0].parent, SpanId::default());
        for pair in trace.windows(2) {
            assert_eq!(pair[1].parent, pair[0].span);
            assert!(
                pair[0].start < pair[1].start && pair[1].end < pair[0].end && pair[1].start < pair[1].end
            );
        }
        let again = CanaryMint::new(8, 1, 3).trace(4, 1_800_000_000_000_000_000);
        let text = |span: &CanarySpan| span.attributes["spanfate.canary.text"].clone();
        assert!(trace.iter().zip(&again).all(|(a, b)| text(a) == text(b) && a.span != b.span));
        let other = CanaryMint::new(7, 2, 3).trace(4, 1_800_000_000_000_000_000);
        let large = |span: &CanarySpan| span.attributes["spanfate.canary.large"].clone();
        assert!(trace.iter().zip(&other).all(|(a, b)| large(a) != large(b)));
    }
}
