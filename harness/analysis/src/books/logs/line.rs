//! What a line says of its span. The names are those that OpenTelemetry has settled for logs in formats other than its own; all others
//! are looked for only to be named.

use serde_json::{Map, Value};
use spanfate_model::books::logs::{Unanchored, UnreadLine};
use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId};

/// The settled names.
const TRACE_ID: &str = "trace_id";
const SPAN_ID: &str = "span_id";
/// How other names for a trace's id end, less all but letters and digits: `traceId`, `dd.trace_id`, `otelTraceID`, `trace.id`.
const TRACE_NAME: &str = "traceid";
/// Other names that hold one: the W3C header, and the field of Google's logs.
const TRACE_HOLDERS: [&str; 2] = ["traceparent", "logginggoogleapiscomtrace"];
/// Names of the service that wrote a line.
const SERVICE_NAMES: [&str; 3] = ["service.name", "service_name", "service"];
/// The field in which container engines wrap a line.
const WRAPPED: &str = "log";
/// The list that makes an object a request of OTLP with log records in it.
pub(super) const RESOURCES: &str = "resourceLogs";
/// Deepest object in which other names are looked for.
const DEEPEST: usize = 3;
/// Most letters of a name or value that are told.
const TOLD: usize = 48;

/// A line that was read.
pub(super) enum LogLine {
    /// It is one line.
    One(LineSays),
    /// It is a request of OTLP with log records in it.
    Records(Value),
}

/// What a line says.
pub(super) struct LineSays {
    /// Who wrote it, where it says so.
    pub(super) service: Option<String>,
    /// Of its span.
    pub(super) say: Say,
}

/// What is said of a span.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Say {
    /// Its ids.
    Ids(SpanKey),
    /// Nothing.
    Nothing,
    /// Nothing, in the place of the ids: who wrote the line had no span at hand.
    NoContext,
    /// Ids under another name.
    Elsewhere(String),
    /// Ids that are none.
    Wrong(Unanchored, String),
    /// It cannot be read.
    Unread(UnreadLine, String),
}

/// Reads a line that has something in it.
pub(super) fn read(text: &str) -> LogLine {
    let one = |say| LogLine::One(LineSays { service: None, say });
    if !text.starts_with('{') {
        return one(Say::Unread(other_format(text), String::new()));
    }
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(fields)) if fields.contains_key(RESOURCES) => {
            LogLine::Records(Value::Object(fields))
        }
        Ok(Value::Object(fields)) => LogLine::One(of_object(&fields)),
        Ok(_) => one(Say::Unread(UnreadLine::NoObject, String::new())),
        Err(error) => one(Say::Unread(UnreadLine::BrokenJson, broken(&error))),
    }
}

/// Where JSON is broken, and how.
fn broken(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // What follows is the line of the text, which is always the first.
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    format!("byte {}: {what}", error.column())
}

/// What a line is that is no object.
fn other_format(text: &str) -> UnreadLine {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    let pairs = text.split(' ').filter(|word| word.split_once('=').is_some_and(|(name, _)| is_name(name)));
    match text.as_bytes() {
        bytes if bytes.contains(&0) => UnreadLine::NoText,
        [b'[' | b'"' | b'0'..=b'9' | b'-' | b't' | b'f' | b'n', ..]
            if serde_json::from_str::<Value>(text).is_ok() =>
        {
            UnreadLine::NoObject
        }
        _ if pairs.count() > 1 => UnreadLine::Logfmt,
        _ if text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count() * 4 > text.len() => {
            UnreadLine::NoText
        }
        _ => UnreadLine::OtherText,
    }
}

fn of_object(fields: &Map<String, Value>) -> LineSays {
    let says = LineSays { service: service(fields), say: said(fields) };
    let wrapped = fields.get(WRAPPED).and_then(Value::as_str).filter(|_| says.say == Say::Nothing);
    match wrapped.and_then(|line| serde_json::from_str::<Value>(line.trim()).ok()) {
        Some(Value::Object(inner)) => {
            LineSays { service: service(&inner).or(says.service), say: said(&inner) }
        }
        _ => says,
    }
}

fn service(fields: &Map<String, Value>) -> Option<String> {
    let name = SERVICE_NAMES.iter().find_map(|name| fields.get(*name)?.as_str());
    name.filter(|name| !name.is_empty()).map(told)
}

fn said(fields: &Map<String, Value>) -> Say {
    match (fields.get(TRACE_ID), fields.get(SPAN_ID)) {
        (None, None) => elsewhere(fields, "", 0).map_or(Say::Nothing, Say::Elsewhere),
        (trace, span) => ids(trace, span),
    }
}

/// What two ids say; an absent one, a null and an empty text are none.
pub(super) fn ids(trace: Option<&Value>, span: Option<&Value>) -> Say {
    let given = |id: Option<&Value>| id.is_some_and(|id| !id.is_null() && id.as_str() != Some(""));
    match (trace.filter(|_| given(trace)), span.filter(|_| given(span))) {
        (None, None) => Say::NoContext,
        (Some(_), None) => Say::Wrong(Unanchored::OneId, format!("{TRACE_ID} without {SPAN_ID}")),
        (None, Some(_)) => Say::Wrong(Unanchored::OneId, format!("{SPAN_ID} without {TRACE_ID}")),
        (Some(trace), Some(span)) => {
            let both = digits(TRACE_ID, trace).and_then(|trace| Ok((trace, digits(SPAN_ID, span)?)));
            match both {
                Ok((trace, span)) => Say::Ids(SpanKey { trace: TraceId(trace), span: SpanId(span) }),
                Err((why, says)) => Say::Wrong(why, says),
            }
        }
    }
}

/// The bytes of an id in lower-case hexadecimal digits.
fn digits<const N: usize>(name: &str, value: &Value) -> Result<[u8; N], (Unanchored, String)> {
    let Some(text) = value.as_str() else {
        return Err((Unanchored::BadType, format!("{name} is {}", told(&value.to_string()))));
    };
    let wrong = |why| (why, format!("{name} is `{}`", told(text)));
    if text.chars().count() != 2 * N {
        return Err(wrong(Unanchored::BadLength));
    }
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong(Unanchored::BadHex));
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(wrong(Unanchored::BadCase));
    }
    let mut out = [0; N];
    let nibble = |byte: u8| if byte < b'a' { byte - b'0' } else { byte - b'a' + 10 };
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    for (to, [high, low]) in out.iter_mut().zip(pairs) {
        *to = nibble(*high) << 4 | nibble(*low);
    }
    if out == [0; N] { Err(wrong(Unanchored::BadZeros)) } else { Ok(out) }
}

/// The first other name that holds a trace's id, with the groups around it.
fn elsewhere(fields: &Map<String, Value>, around: &str, depth: usize) -> Option<String> {
    let path = |name: &str| if around.is_empty() { name.to_owned() } else { format!("{around}.{name}") };
    let own = fields.iter().find(|(name, value)| !value.is_object() && holds_trace(&path(name)));
    if let Some((name, _)) = own {
        return Some(told(&path(name)));
    }
    let inner = fields.iter().filter_map(|(name, value)| Some((name, value.as_object()?)));
    inner.filter(|_| depth < DEEPEST).find_map(|(name, fields)| elsewhere(fields, &path(name), depth + 1))
}

/// Whether a name is one that is used for the id of a trace.
pub(super) fn holds_trace(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    plain.ends_with(TRACE_NAME) || TRACE_HOLDERS.iter().any(|holder| plain.ends_with(holder))
}

/// As much of a text as is told.
pub(super) fn told(text: &str) -> String {
    match text.char_indices().nth(TOLD) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
