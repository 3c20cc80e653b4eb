//! Protobuf messages of OTLP become the objects of its JSON, as far as something is read of them. Fields that are not in a table are
//! passed over.

use serde_json::{Map, Value};

use super::wire::{WireField, field};

/// Deepest message inside others.
const DEEPEST: usize = 16;

/// The fields of a message: number, name in JSON, and what it is.
pub(super) type Fields = &'static [(u64, &'static str, FieldType)];

/// What a field is.
#[derive(Clone, Copy)]
pub(super) enum FieldType {
    /// A message, or one of a list of them.
    One(Fields),
    Many(Fields),
    Text,
    /// Bytes that JSON has in hexadecimal digits.
    Hex,
    /// A number of 64 bits, which JSON has as text; signed, or not.
    Unsigned,
    Signed,
    Double,
    Flag,
    /// Lists of numbers, in one piece or one by one.
    ManyUnsigned,
    ManyDouble,
}

use FieldType::{Double, Flag, Hex, Many, ManyDouble, ManyUnsigned, One, Signed, Text, Unsigned};

const ANY: Fields =
    &[(1, "stringValue", Text), (2, "boolValue", Flag), (3, "intValue", Signed), (4, "doubleValue", Double)];
const ATTRIBUTE: Fields = &[(1, "key", Text), (2, "value", One(ANY))];
const RESOURCE: Fields = &[(1, "attributes", Many(ATTRIBUTE))];
const SPAN: Fields = &[
    (1, "traceId", Hex),
    (2, "spanId", Hex),
    (4, "parentSpanId", Hex),
    (5, "name", Text),
    (7, "startTimeUnixNano", Unsigned),
    (8, "endTimeUnixNano", Unsigned),
];
const SCOPE_SPANS: Fields = &[(2, "spans", Many(SPAN))];
const RESOURCE_SPANS: Fields = &[(1, "resource", One(RESOURCE)), (2, "scopeSpans", Many(SCOPE_SPANS))];
/// An `ExportTraceServiceRequest`.
pub(super) const TRACES: Fields = &[(1, "resourceSpans", Many(RESOURCE_SPANS))];

const LOG_RECORD: Fields = &[(6, "attributes", Many(ATTRIBUTE)), (9, "traceId", Hex), (10, "spanId", Hex)];
const SCOPE_LOGS: Fields = &[(2, "logRecords", Many(LOG_RECORD))];
const RESOURCE_LOGS: Fields = &[(1, "resource", One(RESOURCE)), (2, "scopeLogs", Many(SCOPE_LOGS))];
/// An `ExportLogsServiceRequest`.
pub(super) const LOGS: Fields = &[(1, "resourceLogs", Many(RESOURCE_LOGS))];

const NUMBER: Fields = &[
    (7, "attributes", Many(ATTRIBUTE)),
    (2, "startTimeUnixNano", Unsigned),
    (3, "timeUnixNano", Unsigned),
    (4, "asDouble", Double),
    (6, "asInt", Signed),
];
const HISTOGRAM_POINT: Fields = &[
    (9, "attributes", Many(ATTRIBUTE)),
    (2, "startTimeUnixNano", Unsigned),
    (3, "timeUnixNano", Unsigned),
    (4, "count", Unsigned),
    (5, "sum", Double),
    (6, "bucketCounts", ManyUnsigned),
    (7, "explicitBounds", ManyDouble),
];
const GAUGE: Fields = &[(1, "dataPoints", Many(NUMBER))];
const SUM: Fields =
    &[(1, "dataPoints", Many(NUMBER)), (2, "aggregationTemporality", Unsigned), (3, "isMonotonic", Flag)];
const HISTOGRAM: Fields =
    &[(1, "dataPoints", Many(HISTOGRAM_POINT)), (2, "aggregationTemporality", Unsigned)];
const METRIC: Fields = &[
    (1, "name", Text),
    (3, "unit", Text),
    (5, "gauge", One(GAUGE)),
    (7, "sum", One(SUM)),
    (9, "histogram", One(HISTOGRAM)),
];
const SCOPE_METRICS: Fields = &[(2, "metrics", Many(METRIC))];
const RESOURCE_METRICS: Fields = &[(1, "resource", One(RESOURCE)), (2, "scopeMetrics", Many(SCOPE_METRICS))];
/// An `ExportMetricsServiceRequest`.
pub(super) const METRICS: Fields = &[(1, "resourceMetrics", Many(RESOURCE_METRICS))];

/// A message as an object.
pub(super) fn object(bytes: &[u8], fields: Fields) -> Result<Value, String> {
    inner(bytes, fields, 0)
}

fn inner(mut bytes: &[u8], fields: Fields, depth: usize) -> Result<Value, String> {
    if depth > DEEPEST {
        return Err("it is no protobuf of OTLP: messages are nested too deep".to_owned());
    }
    let mut out = Map::new();
    while !bytes.is_empty() {
        let (number, value) = field(&mut bytes).ok_or("it is no protobuf of OTLP, or is cut short")?;
        let Some((_, name, of)) = fields.iter().find(|(known, ..)| *known == number) else { continue };
        let value = match (of, value) {
            (One(fields), WireField::Bytes(bytes)) => inner(bytes, fields, depth + 1)?,
            (Many(fields), WireField::Bytes(bytes)) => {
                append(&mut out, name, inner(bytes, fields, depth + 1)?);
                continue;
            }
            (ManyUnsigned | ManyDouble, WireField::Bytes(bytes)) => {
                let (eights, _) = bytes.as_chunks::<8>();
                let all = eights.iter().map(|eight| u64::from_le_bytes(*eight));
                all.for_each(|bits| append(&mut out, name, number_of(*of, bits)));
                continue;
            }
            (ManyUnsigned | ManyDouble, WireField::Fixed(bits)) => {
                append(&mut out, name, number_of(*of, bits));
                continue;
            }
            (Text, WireField::Bytes(bytes)) => Value::String(String::from_utf8_lossy(bytes).into_owned()),
            (Hex, WireField::Bytes(bytes)) => {
                let digits = |out: String, byte: &u8| out + &format!("{byte:02x}");
                Value::String(bytes.iter().fold(String::new(), digits))
            }
            (Unsigned, WireField::Number(bits) | WireField::Fixed(bits)) => Value::String(bits.to_string()),
            (Signed, WireField::Number(bits) | WireField::Fixed(bits)) => {
                Value::String(bits.cast_signed().to_string())
            }
            (Double, WireField::Fixed(bits)) => Value::from(f64::from_bits(bits)),
            (Flag, WireField::Number(bits)) => Value::Bool(bits != 0),
            _ => return Err(format!("it is no protobuf of OTLP: `{name}` is of another type")),
        };
        out.insert((*name).to_owned(), value);
    }
    Ok(Value::Object(out))
}

/// Adds to a list, which begins with its first item.
fn append(out: &mut Map<String, Value>, name: &str, item: Value) {
    if let Some(items) = out.entry(name).or_insert_with(|| Value::Array(Vec::new())).as_array_mut() {
        items.push(item);
    }
}

fn number_of(of: FieldType, bits: u64) -> Value {
    match of {
        ManyDouble => Value::from(f64::from_bits(bits)),
        _ => Value::String(bits.to_string()),
    }
}
