//! What log records of OTLP say of their spans: their own fields hold the ids, and are empty where there was no span at hand.

use serde_json::Value;

use super::line::{RESOURCES, Say, holds_trace, ids, told};
use crate::otlp::{attribute, list};

/// Gives each record of a request: whose it is, and what it says.
pub(super) fn each(message: &Value, take: &mut dyn FnMut(Option<String>, Say)) {
    for resource in list(message, RESOURCES) {
        let service = resource.get("resource").and_then(|resource| attribute(resource, "service.name"));
        let service = service.map(|name| told(&name));
        for record in list(resource, "scopeLogs").flat_map(|scope| list(scope, "logRecords")) {
            take(service.clone(), said(record));
        }
    }
}

fn said(record: &Value) -> Say {
    // OTLP takes digits of either case.
    let id = |name: &str| match record.get(name) {
        Some(Value::String(text)) => Some(Value::String(text.to_ascii_lowercase())),
        other => other.cloned(),
    };
    let say = ids(id("traceId").as_ref(), id("spanId").as_ref());
    if say != Say::NoContext {
        return say;
    }
    let names = list(record, "attributes").filter_map(|one| one.get("key").and_then(Value::as_str));
    let mut names = names.filter(|name| holds_trace(name));
    names.next().map_or(say, |name| Say::Elsewhere(told(&format!("attributes.{name}"))))
}
