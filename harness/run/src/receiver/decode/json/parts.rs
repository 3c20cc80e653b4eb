//! Parts of a request of which little is kept, but which the Collector reads and may refuse.

use std::borrow::Cow;

use super::cursor::JsonCursor;
use crate::receiver::decode::span::{Decoded, Malformed};

/// The kinds of a span by name, in the order of their numbers.
const KINDS: [&[u8]; 6] = [
    b"SPAN_KIND_UNSPECIFIED",
    b"SPAN_KIND_INTERNAL",
    b"SPAN_KIND_SERVER",
    b"SPAN_KIND_CLIENT",
    b"SPAN_KIND_PRODUCER",
    b"SPAN_KIND_CONSUMER",
];

/// The codes of a status, likewise.
const CODES: [&[u8]; 3] = [b"STATUS_CODE_UNSET", b"STATUS_CODE_OK", b"STATUS_CODE_ERROR"];

impl<'a> JsonCursor<'a> {
    /// A resource. Gives its service name where `service` has none: the first attribute of that name counts.
    pub(super) fn resource(&mut self, service: &mut Option<Cow<'a, [u8]>>) -> Decoded<()> {
        loop {
            match self.key()? {
                [] => break,
                b"attributes" => {
                    while self.more()? {
                        let attribute = self.attribute()?;
                        if *attribute.key == *b"service.name" && service.is_none() {
                            *service = Some(attribute.text.unwrap_or_default());
                        }
                    }
                }
                b"droppedAttributesCount" | b"dropped_attributes_count" => drop(self.count()?),
                b"entityRefs" | b"entity_refs" => {
                    while self.more()? {
                        self.entity()?;
                    }
                }
                _ => self.skip()?,
            }
        }
        Ok(())
    }

    fn entity(&mut self) -> Decoded<()> {
        loop {
            match self.key()? {
                [] => break,
                b"schemaUrl" | b"schema_url" | b"type" => self.pass_text()?,
                b"idKeys" | b"id_keys" | b"descriptionKeys" | b"description_keys" => {
                    while self.more()? {
                        self.pass_text()?;
                    }
                }
                _ => self.skip()?,
            }
        }
        Ok(())
    }

    /// The scope of spans.
    pub(super) fn scope(&mut self) -> Decoded<()> {
        loop {
            match self.key()? {
                [] => break,
                b"name" | b"version" => self.pass_text()?,
                b"attributes" => self.attributes()?,
                b"droppedAttributesCount" | b"dropped_attributes_count" => drop(self.count()?),
                _ => self.skip()?,
            }
        }
        Ok(())
    }

    /// The events of a span.
    pub(super) fn events(&mut self) -> Decoded<()> {
        while self.more()? {
            loop {
                match self.key()? {
                    [] => break,
                    b"timeUnixNano" | b"time_unix_nano" => drop(self.unsigned(u64::MAX)?),
                    b"name" => self.pass_text()?,
                    b"attributes" => self.attributes()?,
                    b"droppedAttributesCount" | b"dropped_attributes_count" => drop(self.count()?),
                    _ => self.skip()?,
                }
            }
        }
        Ok(())
    }

    /// The links of a span.
    pub(super) fn links(&mut self) -> Decoded<()> {
        while self.more()? {
            loop {
                match self.key()? {
                    [] => break,
                    b"traceId" | b"trace_id" => drop(self.id::<16>()?),
                    b"spanId" | b"span_id" => drop(self.id::<8>()?),
                    b"traceState" | b"trace_state" => self.pass_text()?,
                    b"attributes" => self.attributes()?,
                    b"droppedAttributesCount" | b"dropped_attributes_count" | b"flags" => drop(self.count()?),
                    _ => self.skip()?,
                }
            }
        }
        Ok(())
    }

    /// The status of a span.
    pub(super) fn status(&mut self) -> Decoded<()> {
        loop {
            match self.key()? {
                [] => break,
                b"message" => self.pass_text()?,
                b"code" => drop(self.number_or_name(&CODES)?),
                _ => self.skip()?,
            }
        }
        Ok(())
    }

    /// A kind of span; 0 if a byte cannot hold it.
    pub(super) fn kind(&mut self) -> Decoded<u8> {
        Ok(u8::try_from(self.number_or_name(&KINDS)?).unwrap_or(0))
    }

    /// A whole number of 32 bits.
    pub(super) fn count(&mut self) -> Decoded<u64> {
        self.unsigned(u32::MAX.into())
    }

    /// A value of an enum, as a number or by its name, but not as a number in a string.
    fn number_or_name(&mut self, names: &[&[u8]]) -> Decoded<i64> {
        if self.peek()? != b'"' {
            return self.signed(i32::MAX as u64);
        }
        let name = self.text()?;
        let number = names.iter().position(|known| **known == *name);
        number.map(|number| number as i64).ok_or_else(|| self.wrong("the name is unknown"))
    }

    /// An id in hexadecimal; an empty one is zeros.
    #[inline]
    pub(super) fn id<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        let digits = self.unescaped()?;
        let mut id = [0; N];
        if digits.is_empty() {
            return Ok(id);
        }
        let (pairs, []) = digits.as_chunks::<2>() else { return Err(self.wrong_id::<N>()) };
        if pairs.len() != N {
            return Err(self.wrong_id::<N>());
        }
        for (byte, [high, low]) in id.iter_mut().zip(pairs) {
            let digit = |digit: u8| char::from(digit).to_digit(16);
            let (high, low) = digit(*high).zip(digit(*low)).ok_or_else(|| self.wrong_id::<N>())?;
            *byte = (high << 4 | low) as u8;
        }
        Ok(id)
    }

    #[cold]
    fn wrong_id<const N: usize>(&self) -> Malformed {
        self.wrong(if N == 16 {
            "id does not have 32 hexadecimal digits"
        } else {
            "id does not have 16 hexadecimal digits"
        })
    }
}
