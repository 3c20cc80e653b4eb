//! A span of Jaeger.

use spanfate_model::finding::diff::{DiffField, DiffRule};

use super::tags::tags;
use crate::intake::json::{JsonText, KeyOrder, KeyPlace, Leniency};
use crate::intake::window::ReadPiece;
use crate::rules::FieldSet;
use crate::span::draft::{DraftSpan, put_link};
use crate::span::values::{AnyValue, close, open, put, take, take_value};

/// Kinds of a span as the tag has them, in the order of OTLP's numbers from 1.
const KINDS: [&[u8]; 5] = [b"internal", b"server", b"client", b"producer", b"consumer"];

/// What a span of Jaeger has beside what is in the draft.
#[derive(Default)]
pub(super) struct JaegerSpan {
    pub(super) process: Vec<u8>,
    pub(super) scope_name: Vec<u8>,
    pub(super) scope_version: Vec<u8>,
    /// The scope of the span before: its place, name and version.
    pub(super) last: Option<(u32, Vec<u8>, Vec<u8>)>,
    pub(super) references: Vec<JaegerReference>,
    /// The keys of the spans before, and of their tags.
    pub(super) keys: [KeyOrder; 2],
}

#[derive(Clone, Copy)]
pub(super) struct JaegerReference {
    trace: [u8; 16],
    span: [u8; 8],
    child: bool,
}

const TRACE: u32 = 0;
const SPAN: u32 = 1;
const PARENT: u32 = 2;
const NAME: u32 = 3;
const REFERENCES: u32 = 4;
const START: u32 = 5;
const DURATION: u32 = 6;
const TAGS: u32 = 7;
const LOGS: u32 = 8;
const PROCESS: u32 = 9;
const UNKNOWN: u32 = 10;

/// A number for each key of a span.
#[inline]
fn number_of(key: &[u8]) -> u32 {
    match key {
        b"traceID" => TRACE,
        b"spanID" => SPAN,
        b"parentSpanID" => PARENT,
        b"operationName" => NAME,
        b"references" => REFERENCES,
        b"startTime" => START,
        b"duration" => DURATION,
        b"tags" => TAGS,
        b"logs" => LOGS,
        b"processID" => PROCESS,
        _ => UNKNOWN,
    }
}

impl JaegerSpan {
    /// Reads one.
    pub(super) fn read(
        &mut self,
        json: &mut JsonText<'_>,
        draft: &mut DraftSpan,
        fields: FieldSet,
        lenient: &mut Leniency,
    ) -> ReadPiece<()> {
        self.process.clear();
        self.scope_name.clear();
        self.scope_version.clear();
        self.references.clear();
        let (mut parent, mut duration) = (None, 0_i64);
        json.object()?;
        let (mut place, mut seen) = (KeyPlace::BEGIN, 0);
        let [mut keys, mut of_tags] = std::mem::take(&mut self.keys);
        while let Some(bit) = json.numbered_key(&mut place, &mut keys, number_of)? {
            if bit == UNKNOWN {
                json.skip()?;
                continue;
            }
            json.once(&mut seen, 1 << bit, "a key of a span comes twice")?;
            match bit {
                TRACE => draft.trace = json.id(true, lenient)?,
                SPAN => draft.span = json.id(true, lenient)?,
                PARENT => parent = json.id_or_none(true, lenient)?,
                NAME => json.text(&mut draft.name)?,
                REFERENCES => self.references(json, lenient)?,
                START => draft.start = micros(json)?.cast_unsigned(),
                DURATION => duration = micros(json)?,
                // The tags hold the kind, the status and the scope, too.
                TAGS => {
                    let kept = fields.has(DiffField::Attributes);
                    self.tags(json, draft, (&mut of_tags, kept), lenient)?;
                }
                LOGS if fields.has(DiffField::Events) => {
                    logs(json, &mut draft.events, &mut of_tags, lenient)?;
                }
                PROCESS => json.text(&mut self.process)?,
                _ => json.skip()?,
            }
        }
        self.keys = [keys, of_tags];
        for (needed, what) in [
            (TRACE, "a span has no `traceID`"),
            (SPAN, "a span has no `spanID`"),
            (PROCESS, "a span has no `processID`"),
        ] {
            if seen & 1 << needed == 0 {
                return json.wrong(what);
            }
        }
        draft.end = draft.start.wrapping_add_signed(duration);
        self.relate(parent, draft, lenient);
        if !fields.has(DiffField::Attributes) {
            // A log of the receiver holds none of these.
            draft.attributes.clear();
            draft.links.clear();
            draft.message.clear();
            draft.state.clear();
            draft.status = 0;
        }
        Ok(())
    }

    fn references(&mut self, json: &mut JsonText<'_>, lenient: &mut Leniency) -> ReadPiece<()> {
        if json.null()? {
            return Ok(());
        }
        json.list()?;
        let mut first = true;
        while json.more(&mut first)? {
            json.object()?;
            let mut one = JaegerReference { trace: [0; 16], span: [0; 8], child: false };
            let (mut first, mut seen) = (true, 0);
            while let Some(key) = json.key(&mut first)? {
                let bit = match key {
                    b"refType" => 1,
                    b"traceID" => 2,
                    b"spanID" => 4,
                    _ => 0,
                };
                json.once(&mut seen, bit, "a key of a reference comes twice")?;
                match bit {
                    1 => {
                        json.expect(b'"', "expected the type of a reference")?;
                        one.child = match json.plain()? {
                            Some(b"CHILD_OF") => true,
                            Some(b"FOLLOWS_FROM") => false,
                            _ => return json.wrong("a reference is neither CHILD_OF nor FOLLOWS_FROM"),
                        };
                    }
                    2 => one.trace = json.id_or_none(true, lenient)?.unwrap_or_default(),
                    4 => one.span = json.id_or_none(true, lenient)?.unwrap_or_default(),
                    _ => json.skip()?,
                }
            }
            self.references.push(one);
        }
        Ok(())
    }

    /// Makes the parent of the first reference to one in the same trace, and links of the others.
    fn relate(&self, parent: Option<[u8; 8]>, draft: &mut DraftSpan, lenient: &mut Leniency) {
        if let Some(parent) = parent {
            draft.parent = parent;
        }
        if self.references.is_empty() || !lenient.takes(DiffRule::References) {
            return;
        }
        let is_parent = |one: &JaegerReference| one.child && one.trace == draft.trace;
        let place = self.references.iter().position(is_parent);
        if let Some(place) = place {
            draft.parent = self.references[place].span;
        }
        for (at, one) in self.references.iter().enumerate() {
            if Some(at) != place {
                let from = open(&mut draft.links);
                put_link(&mut draft.links, one.trace, one.span, 0, 0);
                put(&mut draft.links, &[]);
                close(&mut draft.links, from);
            }
        }
    }

    /// The tags; those that OTLP has a field for become that field. Others may not be needed.
    fn tags(
        &mut self,
        json: &mut JsonText<'_>,
        draft: &mut DraftSpan,
        (keys, kept): (&mut KeyOrder, bool),
        lenient: &mut Leniency,
    ) -> ReadPiece<()> {
        let DraftSpan { attributes, kind, status, message, state, .. } = draft;
        let (scope_name, scope_version) = (&mut self.scope_name, &mut self.scope_version);
        let mut error = false;
        // Most keys begin otherwise. A backslash may stand for any letter.
        let may_be_field = |letter: u8| matches!(letter, b's' | b'o' | b'w' | b'i' | b'e' | b'\\');
        tags(json, attributes, keys, |letter| kept || may_be_field(letter), &mut |key, value| {
            if !key.first().is_some_and(|letter| may_be_field(*letter)) {
                return false;
            }
            let set = |place: &mut Vec<u8>, text: &[u8]| {
                place.clear();
                place.extend_from_slice(text);
            };
            match (key, value) {
                (b"span.kind", AnyValue::Text(text)) => {
                    let Some(place) = KINDS.iter().position(|name| *name == text) else { return false };
                    if !lenient.takes(DiffRule::Kind) {
                        return false;
                    }
                    *kind = place as u8 + 1;
                    true
                }
                (b"otel.status_code", AnyValue::Text(text @ (b"OK" | b"ERROR"))) => {
                    if !lenient.takes(DiffRule::Status) {
                        return false;
                    }
                    *status = if text == b"OK" { 1 } else { 2 };
                    true
                }
                (b"otel.status_description", AnyValue::Text(text)) if lenient.takes(DiffRule::Status) => {
                    set(message, text);
                    true
                }
                (b"error", AnyValue::Bool(true)) => {
                    error = true;
                    false
                }
                (b"w3c.tracestate", AnyValue::Text(text)) if lenient.takes(DiffRule::TraceState) => {
                    set(state, text);
                    true
                }
                (b"otel.scope.name" | b"otel.library.name", AnyValue::Text(text))
                    if lenient.takes(DiffRule::Scope) =>
                {
                    set(scope_name, text);
                    true
                }
                (b"otel.scope.version" | b"otel.library.version", AnyValue::Text(text))
                    if lenient.takes(DiffRule::Scope) =>
                {
                    set(scope_version, text);
                    true
                }
                (b"internal.span.format", _) => lenient.takes(DiffRule::AddedTags),
                _ => false,
            }
        })?;
        if error && draft.status == 2 {
            leave_out_error(&mut draft.attributes);
        }
        Ok(())
    }
}

/// Takes the tag away that says once more that the status is an error.
fn leave_out_error(attributes: &mut Vec<u8>) {
    let mut rest = &attributes[..];
    loop {
        let from = attributes.len() - rest.len();
        let (Some(key), Some(value)) = (take(&mut rest), take_value(&mut rest)) else { return };
        if key == b"error" && value == AnyValue::Bool(true) {
            let to = attributes.len() - rest.len();
            attributes.drain(from..to);
            return;
        }
    }
}

/// Microseconds, as nanoseconds. What is below zero stands there as a number without a sign.
fn micros(json: &mut JsonText<'_>) -> ReadPiece<i64> {
    let micros = if json.peek()? == b'-' { json.signed()? } else { json.unsigned()?.cast_signed() };
    match micros.checked_mul(1000) {
        Some(nanos) => Ok(nanos),
        None => json.wrong("a time has more nanoseconds than fit into 64 bits"),
    }
}

fn logs(
    json: &mut JsonText<'_>,
    out: &mut Vec<u8>,
    keys: &mut KeyOrder,
    lenient: &mut Leniency,
) -> ReadPiece<()> {
    if json.null()? {
        return Ok(());
    }
    json.list()?;
    let mut first = true;
    let (mut name, mut attributes) = (Vec::new(), Vec::new());
    while json.more(&mut first)? {
        json.object()?;
        name.clear();
        attributes.clear();
        let (mut time, mut first, mut seen) = (0_u64, true, 0);
        while let Some(key) = json.key(&mut first)? {
            let bit = match key {
                b"timestamp" => 1,
                b"fields" => 2,
                _ => 0,
            };
            json.once(&mut seen, bit, "a key of a log comes twice")?;
            match bit {
                1 => time = micros(json)?.cast_unsigned(),
                2 => tags(json, &mut attributes, keys, |_| true, &mut |key, value| match (key, value) {
                    (b"event", AnyValue::Text(text)) if name.is_empty() => {
                        name.extend_from_slice(text);
                        true
                    }
                    _ => false,
                })?,
                _ => json.skip()?,
            }
        }
        if !lenient.takes(DiffRule::Events) {
            continue;
        }
        let from = open(out);
        out.extend_from_slice(&time.to_le_bytes());
        out.extend_from_slice(&0_u32.to_le_bytes());
        put(out, &name);
        out.extend_from_slice(&attributes);
        close(out, from);
    }
    Ok(())
}
