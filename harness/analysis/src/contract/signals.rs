//! Export requests of metrics and logs, looked through for names: of metrics with their units and instruments, of the fields of log
//! records. Protobuf is read in place, because a few megabytes of empty records would become hundreds of them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::evidence::ContractEvidence;
use crate::otlp::wire::{WireField, fields};
use crate::otlp::{attribute, list, whole};

/// Most bytes of a request in JSON, which is read as a tree.
const MOST_JSON: usize = 4 << 20;
/// The field of a record that says what happened.
const BODY: &str = "body";

/// What a request exports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExportedSignal {
    /// Metrics.
    Metrics,
    /// Log records.
    Logs,
}

impl ContractEvidence {
    /// Looks through a request. What of it was read before an error counts.
    pub fn request(&mut self, signal: ExportedSignal, json: bool, bytes: &[u8]) -> Result<(), String> {
        match (json, signal) {
            (true, _) if bytes.len() > MOST_JSON => {
                Err(format!("a request in JSON has more than {} MiB", MOST_JSON >> 20))
            }
            (true, signal) => {
                let request = serde_json::from_slice(bytes).map_err(|error| format!("no JSON: {error}"))?;
                match signal {
                    ExportedSignal::Metrics => metrics_of_json(self, &request),
                    ExportedSignal::Logs => logs_of_json(self, &request),
                }
                Ok(())
            }
            (false, ExportedSignal::Metrics) => {
                of_protobuf(bytes, &mut |service, metric| metric_of(self, service, metric))
            }
            (false, ExportedSignal::Logs) => {
                of_protobuf(bytes, &mut |service, record| record_of(self, service, record))
            }
        }
    }
}

fn cut_short<T>(found: Option<T>) -> Result<T, String> {
    found.ok_or_else(|| "no protobuf of OTLP, or cut short".to_owned())
}

/// Takes what one item of a service shows.
type EachItem<'a> = dyn FnMut(&str, &[u8]) -> Result<(), String> + 'a;

/// Calls `each` with the service and the bytes of every metric or record: both stand three levels deep, as field 2.
fn of_protobuf(bytes: &[u8], each: &mut EachItem<'_>) -> Result<(), String> {
    for of_resource in fields(bytes) {
        let (1, WireField::Bytes(of_resource)) = cut_short(of_resource)? else { continue };
        let mut service = String::new();
        for field in fields(of_resource) {
            if let (1, WireField::Bytes(resource)) = cut_short(field)? {
                service = service_of(resource)?;
            }
        }
        for scope in fields(of_resource) {
            let (2, WireField::Bytes(scope)) = cut_short(scope)? else { continue };
            for one in fields(scope) {
                if let (2, WireField::Bytes(one)) = cut_short(one)? {
                    each(&service, one)?;
                }
            }
        }
    }
    Ok(())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The name of the service in a resource.
fn service_of(resource: &[u8]) -> Result<String, String> {
    for field in fields(resource) {
        let (1, WireField::Bytes(pair)) = cut_short(field)? else { continue };
        if let (b"service.name", Some(value)) = pair_of(pair)? {
            for field in fields(value) {
                if let (1, WireField::Bytes(name)) = cut_short(field)? {
                    return Ok(text(name));
                }
            }
        }
    }
    Ok(String::new())
}

/// Key and value of an attribute.
fn pair_of(pair: &[u8]) -> Result<(&[u8], Option<&[u8]>), String> {
    let (mut key, mut value) = (&[][..], None);
    for field in fields(pair) {
        match cut_short(field)? {
            (1, WireField::Bytes(bytes)) => key = bytes,
            (2, WireField::Bytes(bytes)) => value = Some(bytes),
            _ => {}
        }
    }
    Ok((key, value))
}

fn metric_of(to: &mut ContractEvidence, service: &str, metric: &[u8]) -> Result<(), String> {
    let (mut name, mut unit, mut instrument) = (String::new(), String::new(), None);
    for field in fields(metric) {
        match cut_short(field)? {
            (1, WireField::Bytes(bytes)) => name = text(bytes),
            (3, WireField::Bytes(bytes)) => unit = text(bytes),
            (5, WireField::Bytes(_)) => instrument = Some("gauge"),
            (7, WireField::Bytes(sum)) => {
                instrument = Some("updowncounter");
                for field in fields(sum) {
                    if let (3, WireField::Number(1..)) = cut_short(field)? {
                        instrument = Some("counter");
                    }
                }
            }
            (9 | 10, WireField::Bytes(_)) => instrument = Some("histogram"),
            (11, WireField::Bytes(_)) => instrument = Some("summary"),
            _ => {}
        }
    }
    note(to, service, &name, &unit, instrument);
    Ok(())
}

fn note(to: &mut ContractEvidence, service: &str, name: &str, unit: &str, instrument: Option<&'static str>) {
    let Some(metric) = to.metric(service, name) else { return };
    // A metric has one unit; of more, what comes first says enough.
    if metric.units.len() < 8 {
        metric.units.insert(unit.chars().take(64).collect());
    }
    metric.instruments.extend(instrument);
}

fn record_of(to: &mut ContractEvidence, service: &str, record: &[u8]) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for field in fields(record) {
        match cut_short(field)? {
            (3, WireField::Bytes([_, ..])) | (2, WireField::Number(1..)) => {
                names.insert("severity".to_owned());
            }
            (5, WireField::Bytes(body)) => body_of(body, &mut names)?,
            (6, WireField::Bytes(pair)) => {
                names.insert(text(pair_of(pair)?.0));
            }
            (9, WireField::Bytes(id)) if id.iter().any(|byte| *byte != 0) => {
                names.insert("trace_id".to_owned());
            }
            (10, WireField::Bytes(id)) if id.iter().any(|byte| *byte != 0) => {
                names.insert("span_id".to_owned());
            }
            _ => {}
        }
    }
    to.record(service, &names);
    Ok(())
}

/// The keys of a body: of a map, or of a text that is an object in JSON.
fn body_of(body: &[u8], names: &mut BTreeSet<String>) -> Result<(), String> {
    for field in fields(body) {
        names.insert(BODY.to_owned());
        match cut_short(field)? {
            (1, WireField::Bytes(text)) => keys_of_text(text, names),
            (6, WireField::Bytes(map)) => {
                for field in fields(map) {
                    if let (1, WireField::Bytes(pair)) = cut_short(field)? {
                        names.insert(text(pair_of(pair)?.0));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn keys_of_text(text: &[u8], names: &mut BTreeSet<String>) {
    if text.trim_ascii_start().starts_with(b"{") && text.len() <= MOST_JSON {
        let object: Option<Value> = serde_json::from_slice(text).ok();
        names.extend(object.iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys).cloned());
    }
}

/// The metrics or records of a request in JSON, with their services.
fn each_of_json(request: &Value, [outer, scopes, inner]: [&str; 3], each: &mut dyn FnMut(&str, &Value)) {
    for of_resource in list(request, outer) {
        let resource = of_resource.get("resource").unwrap_or(&Value::Null);
        let service = attribute(resource, "service.name").unwrap_or_default();
        for one in list(of_resource, scopes).flat_map(|scope| list(scope, inner)) {
            each(&service, one);
        }
    }
}

fn metrics_of_json(to: &mut ContractEvidence, request: &Value) {
    each_of_json(request, ["resourceMetrics", "scopeMetrics", "metrics"], &mut |service, metric| {
        let of = |key: &str| metric.get(key).and_then(Value::as_str).unwrap_or_default();
        let is_monotonic = |sum: &Value| sum.get("isMonotonic").and_then(Value::as_bool).unwrap_or_default();
        let instrument = if metric.get("gauge").is_some() {
            Some("gauge")
        } else if let Some(sum) = metric.get("sum") {
            Some(if is_monotonic(sum) { "counter" } else { "updowncounter" })
        } else if metric.get("histogram").or_else(|| metric.get("exponentialHistogram")).is_some() {
            Some("histogram")
        } else {
            metric.get("summary").map(|_| "summary")
        };
        note(to, service, of("name"), of("unit"), instrument);
    });
}

fn logs_of_json(to: &mut ContractEvidence, request: &Value) {
    each_of_json(request, ["resourceLogs", "scopeLogs", "logRecords"], &mut |service, record| {
        let key = |pair: &Value| pair.get("key").and_then(Value::as_str).map(str::to_owned);
        let mut names: BTreeSet<String> = list(record, "attributes").filter_map(key).collect();
        let is_text =
            |name: &str| record.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        if is_text("severityText") || whole(record.get("severityNumber")).is_some_and(|number| number > 0) {
            names.insert("severity".to_owned());
        }
        for (name, field) in [("traceId", "trace_id"), ("spanId", "span_id")] {
            if is_text(name) {
                names.insert(field.to_owned());
            }
        }
        if let Some(body) =
            record.get(BODY).filter(|body| body.as_object().is_some_and(|body| !body.is_empty()))
        {
            names.insert(BODY.to_owned());
            if let Some(text) = body.get("stringValue").and_then(Value::as_str) {
                keys_of_text(text.as_bytes(), &mut names);
            }
            names.extend(
                body.get("kvlistValue").into_iter().flat_map(|map| list(map, "values")).filter_map(key),
            );
        }
        to.record(service, &names);
    });
}
