//! Protobuf's wire format as the Collector reads it: bits beyond the 64th of a number are cut off, and so are those of a field's
//! number beyond the 32nd; of groups only those are skipped that hold nothing but groups.

use crate::receiver::decode::span::{Decoded, Malformed};

/// A position in a message. `all` ends where the message ends, so that offsets stay those of the whole request.
#[derive(Clone, Copy)]
pub(super) struct WireReader<'a> {
    all: &'a [u8],
    at: usize,
}

/// What announces a field.
#[derive(Clone, Copy)]
pub(super) struct WireTag {
    pub(super) at: usize,
    pub(super) number: i32,
    kind: u8,
}

const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const BYTES: u8 = 2;
const GROUP: u8 = 3;
const GROUP_END: u8 = 4;
const FIXED32: u8 = 5;

impl<'a> WireReader<'a> {
    pub(super) const fn new(all: &'a [u8]) -> Self {
        Self { all, at: 0 }
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.at >= self.all.len()
    }

    pub(super) fn rest(self) -> &'a [u8] {
        &self.all[self.at..]
    }

    /// The bytes of a field that was just passed, from its tag on.
    pub(super) fn since(&self, tag: WireTag) -> &'a [u8] {
        self.all.get(tag.at..self.at).unwrap_or_default()
    }

    #[cold]
    pub(super) fn fault(&self, what: &'static str) -> Malformed {
        Malformed::at(self.at, what)
    }

    /// The next field's number and wire type.
    #[inline]
    pub(super) fn tag(&mut self) -> Decoded<WireTag> {
        let at = self.at;
        match self.all.get(at) {
            Some(&byte @ 8..0x80) => {
                self.at += 1;
                Ok(WireTag { at, number: i32::from(byte >> 3), kind: byte & 7 })
            }
            _ => self.long_tag(),
        }
    }

    fn long_tag(&mut self) -> Decoded<WireTag> {
        let at = self.at;
        let tag = self.number()?;
        let number = (tag >> 3) as i32;
        if number <= 0 {
            return Err(Malformed::at(at, "field number is out of range"));
        }
        Ok(WireTag { at, number, kind: (tag & 7) as u8 })
    }

    #[inline]
    fn number(&mut self) -> Decoded<u64> {
        // Nearly all tags, lengths and kinds have one byte.
        match self.all.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(u64::from(byte))
            }
            _ => self.long_number(),
        }
    }

    fn long_number(&mut self) -> Decoded<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let Some(&byte) = self.all.get(self.at) else {
                return Err(self.fault("message ends inside a number"));
            };
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.fault("number is longer than ten bytes"))
    }

    #[inline]
    fn take(&mut self, length: u64) -> Decoded<Self> {
        if length > (self.all.len() - self.at) as u64 {
            return Err(self.fault("field is longer than what it is in"));
        }
        let end = self.at + length as usize;
        let inside = Self { all: &self.all[..end], at: self.at };
        self.at = end;
        Ok(inside)
    }

    /// What is in a field of bytes: a message, or text.
    #[inline]
    pub(super) fn message(&mut self, tag: WireTag) -> Decoded<Self> {
        if tag.kind != BYTES {
            return Err(tag.fault("field has the wrong wire type; it must be length-delimited"));
        }
        let length = self.number()?;
        self.take(length)
    }

    #[inline]
    pub(super) fn text(&mut self, tag: WireTag) -> Decoded<&'a [u8]> {
        Ok(self.message(tag)?.rest())
    }

    #[inline]
    pub(super) fn varint(&mut self, tag: WireTag) -> Decoded<u64> {
        if tag.kind != VARINT {
            return Err(tag.fault("field has the wrong wire type; it must be a varint"));
        }
        self.number()
    }

    #[inline]
    pub(super) fn fixed64(&mut self, tag: WireTag) -> Decoded<u64> {
        if tag.kind != FIXED64 {
            return Err(tag.fault("field has the wrong wire type; it must be fixed64"));
        }
        Ok(u64::from_le_bytes(self.take(8)?.rest().try_into().unwrap_or_default()))
    }

    #[inline]
    pub(super) fn fixed32(&mut self, tag: WireTag) -> Decoded<()> {
        if tag.kind != FIXED32 {
            return Err(tag.fault("field has the wrong wire type; it must be fixed32"));
        }
        self.take(4).map(drop)
    }

    /// An id; an empty one is zeros.
    #[inline]
    pub(super) fn id<const N: usize>(&mut self, tag: WireTag, what: &'static str) -> Decoded<[u8; N]> {
        let bytes = self.text(tag)?;
        if bytes.is_empty() {
            return Ok([0; N]);
        }
        bytes.try_into().map_err(|_| tag.fault(what))
    }

    /// Passes over a field that nobody knows.
    pub(super) fn skip(&mut self, tag: WireTag) -> Decoded<()> {
        if tag.kind == GROUP { self.skip_group() } else { self.skip_value(tag) }
    }

    fn skip_value(&mut self, tag: WireTag) -> Decoded<()> {
        match tag.kind {
            VARINT => self.number().map(drop),
            FIXED64 => self.take(8).map(drop),
            BYTES => self.message(tag).map(drop),
            FIXED32 => self.take(4).map(drop),
            GROUP_END => Err(tag.fault("group ends that did not begin")),
            _ => Err(tag.fault("wire type is unknown")),
        }
    }

    /// Passes over a group that has begun. Its first field that is no group ends it, and what follows then counts as fields of
    /// the message around it; at the end of a message a group may not end. So the Collector reads them.
    #[cold]
    fn skip_group(&mut self) -> Decoded<()> {
        let mut open = 1_usize;
        while !self.is_at_end() {
            let tag = self.tag()?;
            match tag.kind {
                GROUP => open += 1,
                GROUP_END => open -= 1,
                _ => return self.skip_value(tag),
            }
            if open == 0 && !self.is_at_end() {
                return Ok(());
            }
        }
        Err(self.fault("message ends with a group"))
    }
}

impl WireTag {
    #[cold]
    fn fault(self, what: &'static str) -> Malformed {
        Malformed::at(self.at, what)
    }
}
