//! Walks an `ExportTraceServiceRequest` in protobuf's wire format, in place: nothing is decoded into objects, because a few
//! megabytes of empty spans would become hundreds of them.

use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId};

use super::span::Span;

/// Groups that may be nested, as in other readers of protobuf.
const DEEPEST: usize = 100;

/// Where and why a message is no valid export request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Malformed {
    /// Offset of the offending byte in the uncompressed message.
    pub(crate) at: usize,
    /// What is wrong there.
    pub(crate) what: &'static str,
}

/// Counts the spans of a message without looking into them.
pub(crate) fn count(message: &[u8]) -> Result<u32, Malformed> {
    let mut spans = 0;
    each_scope(message, |_, mut scope| {
        while let Some(field) = scope.field()? {
            spans += u32::from(field.number == 2);
        }
        Ok(())
    })?;
    Ok(spans)
}

/// Calls `each` for every span of the message, until a malformed one.
pub(crate) fn walk(message: &[u8], mut each: impl FnMut(&Span<'_>)) -> Result<(), Malformed> {
    each_scope(message, |service, mut scope| {
        while let Some(field) = scope.field()? {
            if field.number == 2 {
                each(&span(field.at, field.message()?, service)?);
            }
        }
        Ok(())
    })
}

/// How many spans an `ExportTraceServiceResponse` says were rejected.
pub(crate) fn rejected(response: &[u8]) -> Result<u64, Malformed> {
    let mut rejected = 0;
    let mut response = WireReader { all: response, at: 0 };
    while let Some(field) = response.field()? {
        if field.number != 1 {
            continue;
        }
        let mut partial_success = field.message()?;
        while let Some(field) = partial_success.field()? {
            if field.number == 1 {
                rejected = field.varint()?;
            }
        }
    }
    Ok(rejected)
}

/// Calls `each` with the service name and the content of every `ScopeSpans`.
fn each_scope<'a>(
    message: &'a [u8],
    mut each: impl FnMut(&'a [u8], WireReader<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut request = WireReader { all: message, at: 0 };
    while let Some(field) = request.field()? {
        if field.number != 1 {
            continue;
        }
        // Fields may come in any order, and every span needs the service, so it is looked for first.
        let mut resource_spans = field.message()?;
        let mut ahead = resource_spans;
        let mut service: &[u8] = &[];
        while let Some(field) = ahead.field()? {
            if field.number == 1
                && let Some(name) = service_name(field.message()?)?
            {
                service = name;
            }
        }
        while let Some(field) = resource_spans.field()? {
            if field.number == 2 {
                each(service, field.message()?)?;
            }
        }
    }
    Ok(())
}

fn service_name(mut resource: WireReader<'_>) -> Result<Option<&[u8]>, Malformed> {
    let mut found = None;
    while let Some(field) = resource.field()? {
        if field.number != 1 {
            continue;
        }
        let mut attribute = field.message()?;
        let (mut ours, mut text) = (false, None);
        while let Some(part) = attribute.field()? {
            match part.number {
                1 => ours = part.message()?.rest() == b"service.name",
                2 => text = string_value(part.message()?)?,
                _ => {}
            }
        }
        if ours {
            found = text;
        }
    }
    Ok(found)
}

fn string_value(mut value: WireReader<'_>) -> Result<Option<&[u8]>, Malformed> {
    let mut text = None;
    while let Some(field) = value.field()? {
        if field.number == 1 {
            text = Some(field.message()?.rest());
        }
    }
    Ok(text)
}

fn span<'a>(at: usize, mut reader: WireReader<'a>, service: &'a [u8]) -> Result<Span<'a>, Malformed> {
    let (mut trace, mut id, mut parent) = (None, None, Ok([0; 8]));
    let mut out = Span {
        key: SpanKey::default(),
        parent: SpanId::default(),
        name: &[],
        service,
        kind: 0,
        start_wall: 0,
        end_wall: 0,
    };
    while let Some(field) = reader.field()? {
        match field.number {
            // A field that comes twice counts as it came last, so ids are judged at the end.
            1 => trace = Some(field.id("trace_id is not 16 bytes long")),
            2 => id = Some(field.id("span_id is not 8 bytes long")),
            4 => parent = field.parent(),
            5 => out.name = field.message()?.rest(),
            // An enum is an int32: what is above its 32 bits is cut off.
            6 => out.kind = u8::try_from(field.varint()? as u32).unwrap_or(0),
            7 => out.start_wall = field.fixed64()?,
            8 => out.end_wall = field.fixed64()?,
            _ => {}
        }
    }
    let missing = |what| Malformed { at, what };
    out.key.trace = TraceId(trace.ok_or_else(|| missing("span has no trace_id"))??);
    out.key.span = SpanId(id.ok_or_else(|| missing("span has no span_id"))??);
    out.parent = SpanId(parent?);
    Ok(out)
}

/// A position in a message. `all` ends where the message ends, so that offsets stay those of the whole request.
#[derive(Clone, Copy)]
struct WireReader<'a> {
    all: &'a [u8],
    at: usize,
}

enum FieldValue<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32,
    Group,
    Bytes(WireReader<'a>),
}

struct WireField<'a> {
    at: usize,
    number: u64,
    value: FieldValue<'a>,
}

impl<'a> WireReader<'a> {
    fn rest(self) -> &'a [u8] {
        &self.all[self.at..]
    }

    const fn fault(&self, what: &'static str) -> Malformed {
        Malformed { at: self.at, what }
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Malformed> {
        // Nearly all tags, lengths and kinds have one byte.
        match self.all.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(u64::from(byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let Some(&byte) = self.all.get(self.at) else {
                return Err(self.fault("message ends inside a number"));
            };
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                // The tenth byte has room for one bit only.
                return if shift == 63 && byte > 1 {
                    Err(self.fault("number needs more than 64 bits"))
                } else {
                    Ok(value)
                };
            }
        }
        Err(self.fault("number is longer than ten bytes"))
    }

    #[inline]
    fn take(&mut self, length: u64) -> Result<Self, Malformed> {
        if length > (self.all.len() - self.at) as u64 {
            return Err(self.fault("field is longer than what it is in"));
        }
        let end = self.at + length as usize;
        let inside = Self { all: &self.all[..end], at: self.at };
        self.at = end;
        Ok(inside)
    }

    #[inline]
    fn field(&mut self) -> Result<Option<WireField<'a>>, Malformed> {
        if self.at == self.all.len() {
            return Ok(None);
        }
        let at = self.at;
        let (number, kind) = self.tag()?;
        let value = match kind {
            3 => {
                self.skip_group(number)?;
                FieldValue::Group
            }
            _ => self.value(at, kind)?,
        };
        Ok(Some(WireField { at, number, value }))
    }

    /// The number and the wire type of a field.
    #[inline]
    fn tag(&mut self) -> Result<(u64, u64), Malformed> {
        let at = self.at;
        let tag = self.varint()?;
        if tag >> 3 == 0 || tag > u64::from(u32::MAX) {
            return Err(Malformed { at, what: "field number is out of range" });
        }
        Ok((tag >> 3, tag & 7))
    }

    /// The value of a field that began at `at` and is no group.
    #[inline]
    fn value(&mut self, at: usize, kind: u64) -> Result<FieldValue<'a>, Malformed> {
        Ok(match kind {
            0 => FieldValue::Varint(self.varint()?),
            1 => FieldValue::Fixed64(u64::from_le_bytes(self.take(8)?.exactly().unwrap_or_default())),
            2 => {
                let length = self.varint()?;
                FieldValue::Bytes(self.take(length)?)
            }
            5 => {
                self.take(4)?;
                FieldValue::Fixed32
            }
            4 => return Err(Malformed { at, what: "group ends that did not begin" }),
            _ => return Err(Malformed { at, what: "wire type is unknown" }),
        })
    }

    /// Skips a group that has begun. OTLP has none, but an unknown field may be one.
    #[cold]
    fn skip_group(&mut self, number: u64) -> Result<(), Malformed> {
        let mut open = vec![number];
        while let Some(&inner) = open.last() {
            let at = self.at;
            let fault = |what| Malformed { at, what };
            match self.tag()? {
                (_, 3) if open.len() == DEEPEST => return Err(fault("groups are nested too deep")),
                (number, 3) => open.push(number),
                (number, 4) if number == inner => {
                    open.pop();
                }
                (_, kind) => {
                    self.value(at, kind)?;
                }
            }
        }
        Ok(())
    }

    fn exactly<const N: usize>(self) -> Option<[u8; N]> {
        self.rest().try_into().ok()
    }
}

impl<'a> WireField<'a> {
    const fn fault(&self, what: &'static str) -> Malformed {
        Malformed { at: self.at, what }
    }

    const fn message(&self) -> Result<WireReader<'a>, Malformed> {
        match self.value {
            FieldValue::Bytes(inside) => Ok(inside),
            _ => Err(self.fault("field has the wrong wire type; it must be length-delimited")),
        }
    }

    const fn varint(&self) -> Result<u64, Malformed> {
        match self.value {
            FieldValue::Varint(value) => Ok(value),
            _ => Err(self.fault("field has the wrong wire type; it must be a varint")),
        }
    }

    const fn fixed64(&self) -> Result<u64, Malformed> {
        match self.value {
            FieldValue::Fixed64(value) => Ok(value),
            _ => Err(self.fault("field has the wrong wire type; it must be fixed64")),
        }
    }

    fn id<const N: usize>(&self, what: &'static str) -> Result<[u8; N], Malformed> {
        self.message()?.exactly().ok_or_else(|| self.fault(what))
    }

    /// A root span may say "no parent" by leaving the field out or empty.
    fn parent(&self) -> Result<[u8; 8], Malformed> {
        if self.message()?.rest().is_empty() {
            return Ok([0; 8]);
        }
        self.id("parent_span_id is not 8 bytes long")
    }
}
