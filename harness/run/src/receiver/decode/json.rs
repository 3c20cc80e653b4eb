//! Walks an `ExportTraceServiceRequest` in OTLP/JSON as a stream. No tree is built, because a few megabytes of empty
//! objects would become hundreds of them.
//!
//! Keys are in lowerCamelCase, ids are hexadecimal, 64-bit numbers are strings or numbers, `null` is "not set", unknown
//! fields are skipped.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess};
use serde_json::value::RawValue;
use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId};

use self::shape::{Id, Items, JsonList, JsonText, Number, Object, ObjectFields};
use super::span::{Invalid, Span};

mod shape;

/// Longest description of a mistake, in bytes; a longer one quotes the message.
const LONGEST_WHAT: usize = 160;

/// Counts the spans of a message without looking into them.
pub(in crate::receiver) fn count(message: &[u8]) -> Result<u32, Invalid> {
    let scopes = Within { list: ["scopeSpans"], items: Within { list: ["spans"], items: SpanCounter(0) } };
    let mut request = Within { list: ["resourceSpans"], items: scopes };
    read(&mut serde_json::Deserializer::from_slice(message), &mut request)
        .map_err(|error| invalid(message, &error))?;
    Ok(request.items.items.items.0)
}

/// Calls `each` for every span of the message, until a malformed one.
pub(in crate::receiver) fn walk(message: &[u8], each: impl FnMut(&Span<'_>)) -> Result<(), Invalid> {
    let resources = Resources { message, each, fault: None };
    let mut request = Within { list: ["resourceSpans"], items: resources };
    let walked = read(&mut serde_json::Deserializer::from_slice(message), &mut request);
    walked.map_err(|error| request.items.fault.take().unwrap_or_else(|| invalid(message, &error)))
}

fn read<'de, R: serde_json::de::Read<'de>>(
    from: &mut serde_json::Deserializer<R>,
    fields: &mut impl ObjectFields<'de>,
) -> Result<(), serde_json::Error> {
    Object(fields).deserialize(&mut *from)?;
    from.end()
}

/// Says where an error is, as an offset; serde gives line and column, counted in bytes from 1.
fn invalid(text: &[u8], error: &serde_json::Error) -> Invalid {
    let before: usize = text
        .split_inclusive(|byte| *byte == b'\n')
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    let mut what = error.to_string();
    what.truncate(what.rfind(" at line ").unwrap_or(what.len()));
    let end = (0..=LONGEST_WHAT.min(what.len())).rev().find(|end| what.is_char_boundary(*end)).unwrap_or(0);
    what.truncate(end);
    Invalid { at: before + error.column().saturating_sub(1), what: Cow::Owned(what) }
}

/// An object of which one list matters.
struct Within<I> {
    list: [&'static str; 1],
    items: I,
}

impl<'de, I: Items<'de>> ObjectFields<'de> for Within<I> {
    fn names(&self) -> &[&'static str] {
        &self.list
    }

    fn field<A: MapAccess<'de>>(&mut self, _: usize, map: &mut A) -> Result<(), A::Error> {
        map.next_value_seed(JsonList(&mut self.items))
    }
}

impl<'de, I: Items<'de>> Items<'de> for Within<I> {
    fn item<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<Option<()>, A::Error> {
        list.next_element_seed(Object(self))
    }
}

struct SpanCounter(u32);

impl<'de> Items<'de> for SpanCounter {
    fn item<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<Option<()>, A::Error> {
        let item = list.next_element::<IgnoredAny>()?.map(|_| ());
        self.0 += u32::from(item.is_some());
        Ok(item)
    }
}

/// The elements of `resourceSpans`.
struct Resources<'m, E> {
    message: &'m [u8],
    each: E,
    fault: Option<Invalid>,
}

impl<'de, E: FnMut(&Span<'_>)> Items<'de> for Resources<'_, E> {
    fn item<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<Option<()>, A::Error> {
        let service = Within { list: ["attributes"], items: Attributes(Cow::Borrowed("")) };
        let mut element = Element { each: &mut self.each, service, known: false, early: Vec::new() };
        if list.next_element_seed(Object(&mut element))?.is_none() {
            return Ok(None);
        }
        let Element { service, early, .. } = element;
        for raw in early {
            let spans = SpanElements { service: service.items.0.as_bytes(), each: &mut self.each };
            let mut from = serde_json::Deserializer::from_str(raw.get());
            let read = JsonList(&mut Within { list: ["spans"], items: spans }).deserialize(&mut from);
            if let Err(error) = read {
                let mut fault = invalid(raw.get().as_bytes(), &error);
                fault.at += raw.get().as_ptr().addr().saturating_sub(self.message.as_ptr().addr());
                self.fault = Some(fault);
                return Err(A::Error::custom("a resource is malformed"));
            }
        }
        Ok(Some(()))
    }
}

/// An element of `resourceSpans`. Every span needs the service: where the spans come first they wait, unread, for its name.
struct Element<'de, 'e, E> {
    each: &'e mut E,
    service: Within<Attributes<'de>>,
    known: bool,
    early: Vec<&'de RawValue>,
}

impl<'de, E: FnMut(&Span<'_>)> ObjectFields<'de> for Element<'de, '_, E> {
    fn names(&self) -> &[&'static str] {
        &["resource", "scopeSpans"]
    }

    fn field<A: MapAccess<'de>>(&mut self, name: usize, map: &mut A) -> Result<(), A::Error> {
        if name == 0 {
            self.known = true;
            return map.next_value_seed(Object(&mut self.service));
        }
        if !self.known {
            self.early.push(map.next_value()?);
            return Ok(());
        }
        let spans = SpanElements { service: self.service.items.0.as_bytes(), each: &mut *self.each };
        map.next_value_seed(JsonList(&mut Within { list: ["spans"], items: spans }))
    }
}

/// Attributes of a resource; keeps the service name.
struct Attributes<'de>(Cow<'de, str>);

impl<'de> Items<'de> for Attributes<'de> {
    fn item<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<Option<()>, A::Error> {
        let mut attribute = AttributeValue::default();
        let item = list.next_element_seed(Object(&mut attribute))?;
        if attribute.key == "service.name" {
            self.0 = attribute.value.0;
        }
        Ok(item)
    }
}

#[derive(Default)]
struct AttributeValue<'de> {
    key: Cow<'de, str>,
    value: StringValue<'de>,
}

impl<'de> ObjectFields<'de> for AttributeValue<'de> {
    fn names(&self) -> &[&'static str] {
        &["key", "value"]
    }

    fn field<A: MapAccess<'de>>(&mut self, name: usize, map: &mut A) -> Result<(), A::Error> {
        if name == 0 {
            self.key = map.next_value_seed(JsonText)?;
            return Ok(());
        }
        map.next_value_seed(Object(&mut self.value))
    }
}

#[derive(Default)]
struct StringValue<'de>(Cow<'de, str>);

impl<'de> ObjectFields<'de> for StringValue<'de> {
    fn names(&self) -> &[&'static str] {
        &["stringValue"]
    }

    fn field<A: MapAccess<'de>>(&mut self, _: usize, map: &mut A) -> Result<(), A::Error> {
        self.0 = map.next_value_seed(JsonText)?;
        Ok(())
    }
}

/// The elements of `spans`.
struct SpanElements<'s, 'e, E> {
    service: &'s [u8],
    each: &'e mut E,
}

impl<'de, E: FnMut(&Span<'_>)> Items<'de> for SpanElements<'_, '_, E> {
    fn item<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<Option<()>, A::Error> {
        let mut span = SpanFields::default();
        if list.next_element_seed(Object(&mut span))?.is_none() {
            return Ok(None);
        }
        let trace = span.trace.ok_or_else(|| A::Error::custom("span has no traceId"))?;
        let id = span.id.ok_or_else(|| A::Error::custom("span has no spanId"))?;
        (self.each)(&Span {
            key: SpanKey { trace: TraceId(trace), span: SpanId(id) },
            parent: SpanId(span.parent.unwrap_or_default()),
            name: span.name.as_bytes(),
            service: self.service,
            kind: u8::try_from(span.kind).unwrap_or(0),
            start_wall: span.start_wall,
            end_wall: span.end_wall,
        });
        Ok(Some(()))
    }
}

#[derive(Default)]
struct SpanFields<'de> {
    trace: Option<[u8; 16]>,
    id: Option<[u8; 8]>,
    parent: Option<[u8; 8]>,
    name: Cow<'de, str>,
    kind: u64,
    start_wall: u64,
    end_wall: u64,
}

impl<'de> ObjectFields<'de> for SpanFields<'de> {
    fn names(&self) -> &[&'static str] {
        &["traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano"]
    }

    fn field<A: MapAccess<'de>>(&mut self, name: usize, map: &mut A) -> Result<(), A::Error> {
        match name {
            0 => self.trace = map.next_value_seed(Id)?,
            1 => self.id = map.next_value_seed(Id)?,
            2 => self.parent = map.next_value_seed(Id)?,
            3 => self.name = map.next_value_seed(JsonText)?,
            4 => self.kind = map.next_value_seed(Number)?,
            5 => self.start_wall = map.next_value_seed(Number)?,
            _ => self.end_wall = map.next_value_seed(Number)?,
        }
        Ok(())
    }
}
