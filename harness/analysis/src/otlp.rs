//! OTLP as files hold it: one request as protobuf, several with their lengths before them, or objects in JSON, one after the other, as a
//! collector's file exporter writes them. All become the objects of OTLP's JSON.

mod pages;
mod protobuf;
pub(crate) mod wire;

use serde_json::Value;

pub use pages::{OtlpPages, pages};

/// Which requests a file is read as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OtlpMessage {
    Traces,
    Metrics,
}

/// Whether bytes may be requests of OTLP: an object in JSON, or a protobuf message whose first field is a list.
pub fn is_otlp(bytes: &[u8]) -> bool {
    match bytes {
        [0x0a | 0x00, ..] => std::str::from_utf8(bytes).is_err() || bytes.contains(&0),
        _ => is_object(bytes),
    }
}

/// Whether it begins with an object in JSON. In the text format of Prometheus a brace begins a quoted name, which no colon follows.
fn is_object(bytes: &[u8]) -> bool {
    let inside = bytes.trim_ascii_start().strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    let Some(name) = inside.and_then(|inside| inside.strip_prefix(b"\"")) else { return false };
    let behind = name.iter().position(|byte| *byte == b'"').and_then(|end| name.get(end + 1..));
    behind.is_some_and(|behind| behind.trim_ascii_start().starts_with(b":"))
}

/// The requests of a file; an error says what is wrong.
pub(crate) fn requests(bytes: &[u8], signal: OtlpMessage) -> Result<Vec<Value>, String> {
    if bytes.trim_ascii_start().starts_with(b"{") || bytes.is_empty() {
        let objects = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>().enumerate();
        let one = |(number, object): (usize, Result<Value, serde_json::Error>)| {
            object.map_err(|error| format!("object {} is no JSON: {error}", number + 1))
        };
        return objects.map(one).collect();
    }
    match bytes.first() {
        // A length of four bytes, the highest first, stands before each message.
        Some(0) => framed(bytes, signal),
        _ => Ok(vec![protobuf::object(bytes, signal.fields())?]),
    }
}

fn framed(bytes: &[u8], signal: OtlpMessage) -> Result<Vec<Value>, String> {
    framed_objects(bytes, signal.fields()).collect()
}

/// The requests with log records in a file of protobuf messages, each behind its length; one is held at a time.
pub(crate) fn log_messages(bytes: &[u8]) -> impl Iterator<Item = Result<Value, String>> {
    framed_objects(bytes, protobuf::LOGS)
}

fn framed_objects(mut bytes: &[u8], fields: protobuf::Fields) -> impl Iterator<Item = Result<Value, String>> {
    (1..).map_while(move |number: usize| {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let message = rest.get(..length);
        bytes = rest.get(length..).unwrap_or_default();
        let message = message.ok_or_else(|| format!("message {number} is cut short"));
        Some(message.and_then(|message| protobuf::object(message, fields)))
    })
}

impl OtlpMessage {
    const fn fields(self) -> protobuf::Fields {
        match self {
            Self::Traces => protobuf::TRACES,
            Self::Metrics => protobuf::METRICS,
        }
    }
}

/// The items of a list of an object.
pub(crate) fn list<'a>(of: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    of.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// A number; those of 64 bits are texts in OTLP's JSON.
pub(crate) fn whole(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_u64())
}

/// An attribute of a resource or of a point, as text.
pub(crate) fn attribute(of: &Value, name: &str) -> Option<String> {
    let found = list(of, "attributes")
        .find(|attribute| attribute.get("key").and_then(Value::as_str) == Some(name))?;
    text(found.get("value")?)
}

/// A value of an attribute, as text; nothing of a list or a map.
pub(crate) fn text(value: &Value) -> Option<String> {
    let (_, inner) = value.as_object()?.iter().next()?;
    match inner {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(inner.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
