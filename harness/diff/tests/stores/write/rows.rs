//! The wire witness's log, and rows of `spanfate export`.

use std::collections::BTreeMap;

use serde_json::json;
use spanfate_export::{RowFormat, RowWriter};
use spanfate_model::books::row::{Position, SpanRow, Standing, kind_name};
use spanfate_model::fate::Fate;
use spanfate_model::format::probe::cut_name;
use spanfate_model::format::wire::{Disposition, SpanRecord, header, write_end, write_name};
use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId};

use super::hex;
use crate::spans::TestWorld;

/// As the receiver keeps a name.
fn kept(name: &str) -> Vec<u8> {
    if name.len() > 1024 {
        cut_name(&name.as_bytes()[..256], name.len()).into_bytes()
    } else {
        name.as_bytes().to_vec()
    }
}

/// A wire log.
pub(crate) fn wire_log(world: &TestWorld) -> Vec<u8> {
    let mut out = header().to_vec();
    for (at, origin) in world.resources.iter().enumerate() {
        out.extend(write_name(at as u32 + 1, &kept(&origin.name)));
    }
    let mut names: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
    for span in &world.spans {
        let (kept, next) = (kept(&span.name), names.len() as u32 + 1000);
        let name = *names.entry(kept).or_insert_with_key(|kept| {
            out.extend(write_name(next, kept));
            next
        });
        let record = SpanRecord {
            request: 0,
            key: SpanKey { trace: TraceId(span.trace), span: SpanId(span.span) },
            parent: SpanId(span.parent),
            name,
            service: span.resource as u32 + 1,
            kind: span.kind,
            disposition: Disposition::Accepted,
            start_wall: span.start,
            end_wall: span.end,
        };
        out.extend(record.write());
    }
    out.extend(write_end(1));
    out
}

/// Rows as JSON.
pub(crate) fn ndjson(world: &TestWorld) -> Vec<u8> {
    let row = |span: &crate::spans::TestSpan| {
        json!({
            "trial": 0, "variant": "default", "service": String::from_utf8(kept(&world.resources[span.resource].name)).unwrap(),
            "trace_id": hex(&span.trace), "span_id": hex(&span.span),
            "parent_span_id": (span.parent != [0; 8]).then(|| hex(&span.parent)),
            "name": String::from_utf8(kept(&span.name)).unwrap(), "kind": kind_name(span.kind), "fate": "received", "copies": 1,
        })
        .to_string()
            + "\n"
    };
    world.spans.iter().map(row).collect::<String>().into_bytes()
}

/// Rows as CSV.
pub(crate) fn csv(world: &TestWorld) -> Vec<u8> {
    let cell = |text: &str| {
        let formula = |text: &str| text.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let seems = text.strip_prefix('\'').is_some_and(|rest| rest.starts_with('\'') || formula(rest));
        let guard = if seems || formula(text) { "'" } else { "" };
        if text.contains([',', '"', '\n', '\r']) {
            format!("\"{guard}{}\"", text.replace('"', "\"\""))
        } else {
            format!("{guard}{text}")
        }
    };
    let mut out = "trial,variant,service,trace_id,span_id,parent_span_id,name,kind,fate,copies\n".to_owned();
    for span in &world.spans {
        let service = String::from_utf8(kept(&world.resources[span.resource].name)).unwrap();
        let name = String::from_utf8(kept(&span.name)).unwrap();
        let parent = if span.parent == [0; 8] { String::new() } else { hex(&span.parent) };
        out += &format!(
            "0,default,{},{},{},{parent},{},{},received,1\n",
            cell(&service),
            hex(&span.trace),
            hex(&span.span),
            cell(&name),
            kind_name(span.kind)
        );
    }
    out.into_bytes()
}

/// Rows as Parquet, by the real writer.
pub(crate) fn parquet(world: &TestWorld) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = RowWriter::begin(&mut out, RowFormat::Parquet).unwrap();
    for (at, span) in world.spans.iter().enumerate() {
        let text = |text: &str| String::from_utf8(kept(text)).unwrap();
        let row = SpanRow {
            trial: 0,
            variant: "default",
            service: &text(&world.resources[span.resource].name),
            incarnation: (at % 3 > 0).then_some(7),
            trace_id: TraceId(span.trace),
            span_id: SpanId(span.span),
            parent_span_id: (span.parent != [0; 8]).then_some(SpanId(span.parent)),
            name: &text(&span.name),
            kind: kind_name(span.kind),
            request: Some(at as u32),
            created_ms: Some(at as f64 / 8.0),
            ended_ms: None,
            exported_ms: (at % 2 == 0).then_some(-0.5),
            fate: Standing::Fate(Fate::Received),
            copies: 1,
            delay_ms: Some(1.25),
            received_ms: None,
            position: Position::Child,
            paths: String::new(),
        };
        writer.row(&row).unwrap();
    }
    writer.finish().unwrap();
    out
}
