//! A span while it is read, and the record that is kept of it.

use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId};

use super::origins::Origins;
use super::values::{take, take_u32, take_u64};

/// A span while it is read. Its memory is used again for the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct DraftSpan {
    /// Bytes before it in the source.
    pub(crate) at: u64,
    /// Its line; 0 where there are none.
    pub(crate) line: u64,
    /// Number of the message or document it stands in.
    pub(crate) document: u32,
    pub(crate) trace: [u8; 16],
    pub(crate) span: [u8; 8],
    pub(crate) parent: [u8; 8],
    /// Numbers of its resource and its scope.
    pub(crate) resource: u32,
    pub(crate) scope: u32,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) flags: u32,
    /// Attributes, events and links that were dropped.
    pub(crate) dropped: [u32; 3],
    pub(crate) kind: u8,
    pub(crate) status: u8,
    pub(crate) name: Vec<u8>,
    pub(crate) message: Vec<u8>,
    pub(crate) state: Vec<u8>,
    pub(crate) attributes: Vec<u8>,
    pub(crate) events: Vec<u8>,
    pub(crate) links: Vec<u8>,
}

/// Bytes of a record before its texts and lists.
pub(crate) const RECORD_HEAD: usize = 128;
/// Bytes of a record that say where it was; they do not count when records are compared.
const PLACE: usize = 24;
/// Where the numbers of its resource and its scope stand, and what is behind them.
const ORIGIN: usize = 72;
const BEHIND: usize = 80;

impl DraftSpan {
    /// Empties all but its place, resource and scope.
    pub(crate) fn clear(&mut self) {
        self.trace = [0; 16];
        self.span = [0; 8];
        self.parent = [0; 8];
        (self.start, self.end, self.flags, self.dropped) = (0, 0, 0, [0; 3]);
        (self.kind, self.status) = (0, 0);
        for text in [
            &mut self.name,
            &mut self.message,
            &mut self.state,
            &mut self.attributes,
            &mut self.events,
            &mut self.links,
        ] {
            text.clear();
        }
    }

    /// Bytes of its record.
    pub(crate) const fn len(&self) -> usize {
        RECORD_HEAD
            + self.name.len()
            + self.message.len()
            + self.state.len()
            + self.attributes.len()
            + self.events.len()
            + self.links.len()
    }

    /// Appends its record.
    #[inline]
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let mut head = [0; RECORD_HEAD];
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            head[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        put(&(self.len() as u32).to_le_bytes());
        put(&self.document.to_le_bytes());
        put(&self.at.to_le_bytes());
        put(&self.line.to_le_bytes());
        put(&self.trace);
        put(&self.span);
        put(&self.parent);
        put(&self.start.to_le_bytes());
        put(&self.end.to_le_bytes());
        put(&self.resource.to_le_bytes());
        put(&self.scope.to_le_bytes());
        put(&self.flags.to_le_bytes());
        for count in self.dropped {
            put(&count.to_le_bytes());
        }
        put(&[self.kind, self.status, 0, 0]);
        let parts = [&self.name, &self.message, &self.state, &self.attributes, &self.events, &self.links];
        for part in parts {
            put(&(part.len() as u32).to_le_bytes());
        }
        out.reserve(self.len());
        out.extend_from_slice(&head);
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            out.extend_from_slice(part);
        }
    }
}

/// A record, read in place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpanView<'a>(&'a [u8]);

impl<'a> SpanView<'a> {
    /// The record that begins there, if it is whole.
    #[inline]
    pub(crate) fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        let rest = bytes.get(at..)?;
        let length = u32::from_le_bytes(*rest.first_chunk()?) as usize;
        rest.get(..length).filter(|record| record.len() >= RECORD_HEAD).map(Self)
    }

    /// All bytes of it.
    #[inline]
    pub(crate) const fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// Whether two records of the same span are the same but for where they were read. Equal resources may have two numbers, where
    /// one was given out before it was known.
    #[inline]
    pub(crate) fn is_same(self, other: Self, origins: &Origins) -> bool {
        if self.0[PLACE..ORIGIN] != other.0[PLACE..ORIGIN] || self.0[BEHIND..] != other.0[BEHIND..] {
            return false;
        }
        self.0[ORIGIN..BEHIND] == other.0[ORIGIN..BEHIND]
            || origins.resources.same(self.resource()) == origins.resources.same(other.resource())
                && origins.scopes.same(self.scope()) == origins.scopes.same(other.scope())
    }

    /// Whether they say the same but for their times, their parent, and where they were read and come from.
    #[inline]
    pub(crate) fn says_same(self, other: Self) -> bool {
        self.0[BEHIND..] == other.0[BEHIND..]
    }

    #[inline]
    fn array<const N: usize>(self, at: usize) -> [u8; N] {
        let mut out = [0; N];
        out.copy_from_slice(&self.0[at..at + N]);
        out
    }

    #[inline]
    fn u32(self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }

    #[inline]
    fn u64(self, at: usize) -> u64 {
        u64::from_le_bytes(self.array(at))
    }

    #[inline]
    pub(crate) fn document(self) -> u32 {
        self.u32(4)
    }

    pub(crate) fn place(self) -> (u64, u64) {
        (self.u64(8), self.u64(16))
    }

    #[inline]
    pub(crate) fn key(self) -> SpanKey {
        SpanKey { trace: TraceId(self.array(24)), span: SpanId(self.array(40)) }
    }

    #[inline]
    pub(crate) fn parent(self) -> SpanId {
        SpanId(self.array(48))
    }

    #[inline]
    pub(crate) fn start(self) -> u64 {
        self.u64(56)
    }

    #[inline]
    pub(crate) fn end(self) -> u64 {
        self.u64(64)
    }

    #[inline]
    pub(crate) fn resource(self) -> u32 {
        self.u32(72)
    }

    #[inline]
    pub(crate) fn scope(self) -> u32 {
        self.u32(76)
    }

    #[inline]
    pub(crate) fn flags(self) -> u32 {
        self.u32(80)
    }

    pub(crate) fn dropped(self) -> [u32; 3] {
        [self.u32(84), self.u32(88), self.u32(92)]
    }

    #[inline]
    pub(crate) fn kind(self) -> u8 {
        self.0[96]
    }

    #[inline]
    pub(crate) fn status(self) -> u8 {
        self.0[97]
    }

    /// One of its texts and lists, in the order of [`SpanPart`].
    #[inline]
    pub(crate) fn part(self, part: SpanPart) -> &'a [u8] {
        let mut from = RECORD_HEAD;
        for before in 0..part as usize {
            from += self.u32(100 + 4 * before) as usize;
        }
        let length = self.u32(100 + 4 * part as usize) as usize;
        self.0.get(from..from + length).unwrap_or_default()
    }
}

/// Writes other numbers of resource and scope into the record at the front.
#[inline]
pub(crate) fn set_origin(record: &mut [u8], resource: u32, scope: u32) {
    record[ORIGIN..ORIGIN + 4].copy_from_slice(&resource.to_le_bytes());
    record[ORIGIN + 4..BEHIND].copy_from_slice(&scope.to_le_bytes());
}

/// The texts and lists of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SpanPart {
    Name,
    Message,
    State,
    Attributes,
    Events,
    Links,
}

/// An event, read in place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct EventView<'a> {
    pub(crate) time: u64,
    pub(crate) name: &'a [u8],
    pub(crate) dropped: u32,
    pub(crate) attributes: &'a [u8],
}

/// The events of a record: each behind its length.
pub(crate) fn events(mut from: &[u8]) -> impl Iterator<Item = EventView<'_>> {
    std::iter::from_fn(move || {
        let mut inside = take(&mut from)?;
        Some(EventView {
            time: take_u64(&mut inside)?,
            dropped: take_u32(&mut inside)?,
            name: take(&mut inside)?,
            attributes: inside,
        })
    })
}

/// A link, read in place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct LinkView<'a> {
    pub(crate) trace: TraceId,
    pub(crate) span: SpanId,
    pub(crate) flags: u32,
    pub(crate) dropped: u32,
    pub(crate) state: &'a [u8],
    pub(crate) attributes: &'a [u8],
}

/// Appends a link before its state and its attributes, which follow.
pub(crate) fn put_link(out: &mut Vec<u8>, trace: [u8; 16], span: [u8; 8], flags: u32, dropped: u32) {
    out.extend_from_slice(&trace);
    out.extend_from_slice(&span);
    out.extend_from_slice(&flags.to_le_bytes());
    out.extend_from_slice(&dropped.to_le_bytes());
}

/// The links of a record: each behind its length.
pub(crate) fn links(mut from: &[u8]) -> impl Iterator<Item = LinkView<'_>> {
    std::iter::from_fn(move || {
        let inside = take(&mut from)?;
        let (trace, rest) = inside.split_first_chunk::<16>()?;
        let (span, mut rest) = rest.split_first_chunk::<8>()?;
        Some(LinkView {
            trace: TraceId(*trace),
            span: SpanId(*span),
            flags: take_u32(&mut rest)?,
            dropped: take_u32(&mut rest)?,
            state: take(&mut rest)?,
            attributes: rest,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_gives_back_what_was_drafted() {
        let draft = DraftSpan {
            at: 1,
            line: 2,
            document: 3,
            trace: [4; 16],
            span: [5; 8],
            parent: [6; 8],
            resource: 7,
            scope: 8,
            start: 9,
            end: 10,
            flags: 11,
            dropped: [12, 13, 14],
            kind: 3,
            status: 2,
            name: b"name".to_vec(),
            message: b"m".to_vec(),
            state: b"state".to_vec(),
            attributes: vec![1],
            events: vec![2, 2],
            links: vec![3, 3, 3],
        };
        let mut out = vec![9];
        draft.write(&mut out);
        assert_eq!(out.len(), 1 + draft.len());
        let view = SpanView::at(&out, 1).unwrap();
        assert_eq!((view.place(), view.document()), ((1, 2), 3));
        assert_eq!(view.key(), SpanKey { trace: TraceId([4; 16]), span: SpanId([5; 8]) });
        assert_eq!((view.parent(), view.resource(), view.scope()), (SpanId([6; 8]), 7, 8));
        assert_eq!((view.start(), view.end(), view.flags()), (9, 10, 11));
        assert_eq!((view.dropped(), view.kind(), view.status()), ([12, 13, 14], 3, 2));
        assert_eq!(view.part(SpanPart::Name), b"name");
        assert_eq!(view.part(SpanPart::State), b"state");
        assert_eq!(view.part(SpanPart::Events), [2, 2]);
        assert_eq!(view.part(SpanPart::Links), [3, 3, 3]);
        assert!(SpanView::at(&out[..out.len() - 1], 1).is_none());
    }
}
