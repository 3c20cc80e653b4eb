//! Resources and scopes: many spans share one, so a span keeps its number.

use std::collections::BTreeMap;

use super::values::{put, take, take_u32};
use crate::error::DiffError;

/// Where spans come from. Both sides share it, so the same resource has the same number on both.
#[derive(Debug)]
pub(crate) struct Origins {
    pub(crate) resources: OriginTable,
    pub(crate) scopes: OriginTable,
}

impl Origins {
    /// At most so many bytes of resources, and so many of scopes.
    pub(crate) const fn new(most: usize) -> Self {
        Self { resources: OriginTable::new(most), scopes: OriginTable::new(most) }
    }
}

/// Bytes of a different kind, numbered.
#[derive(Debug)]
pub(crate) struct OriginTable {
    known: BTreeMap<Box<[u8]>, u32>,
    /// By number; those that stand for another one have its number.
    entries: Vec<OriginEntry>,
    bytes: usize,
    most: usize,
}

#[derive(Debug)]
enum OriginEntry {
    Own(Box<[u8]>),
    Same(u32),
    Open,
}

impl OriginTable {
    const fn new(most: usize) -> Self {
        Self { known: BTreeMap::new(), entries: Vec::new(), bytes: 0, most }
    }

    /// The number of these bytes.
    pub(crate) fn number(&mut self, bytes: &[u8]) -> Result<u32, DiffError> {
        if let Some(number) = self.known.get(bytes) {
            return Ok(*number);
        }
        let number = self.reserve()?;
        self.fill(number, bytes)?;
        Ok(number)
    }

    /// A number for what is known later.
    pub(crate) fn reserve(&mut self) -> Result<u32, DiffError> {
        self.grow(size_of::<OriginEntry>())?;
        self.entries.push(OriginEntry::Open);
        Ok(self.entries.len() as u32 - 1)
    }

    /// What a reserved number stands for.
    pub(crate) fn fill(&mut self, number: u32, bytes: &[u8]) -> Result<(), DiffError> {
        let entry = if let Some(known) = self.known.get(bytes) {
            OriginEntry::Same(*known)
        } else {
            self.grow(2 * bytes.len() + 64)?;
            self.known.insert(bytes.into(), number);
            OriginEntry::Own(bytes.into())
        };
        if let Some(place) = self.entries.get_mut(number as usize) {
            *place = entry;
        }
        Ok(())
    }

    fn grow(&mut self, bytes: usize) -> Result<(), DiffError> {
        self.bytes += bytes;
        if self.bytes > self.most {
            let what = format!("there are more than {} bytes of different resources or scopes", self.most);
            return Err(DiffError::Memory(what));
        }
        Ok(())
    }

    /// The number under which equal bytes are known.
    #[inline]
    pub(crate) fn same(&self, number: u32) -> u32 {
        match self.entries.get(number as usize) {
            Some(OriginEntry::Same(known)) => *known,
            _ => number,
        }
    }

    /// The bytes of a number.
    pub(crate) fn bytes(&self, number: u32) -> &[u8] {
        match self.entries.get(self.same(number) as usize) {
            Some(OriginEntry::Own(bytes)) => bytes,
            _ => &[],
        }
    }
}

/// A resource while it is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct DraftOrigin {
    /// The service of a resource, the name of a scope.
    pub(crate) name: Vec<u8>,
    /// Version of a scope.
    pub(crate) version: Vec<u8>,
    pub(crate) schema: Vec<u8>,
    pub(crate) dropped: u32,
    pub(crate) attributes: Vec<u8>,
}

impl DraftOrigin {
    pub(crate) fn clear(&mut self) {
        for text in [&mut self.name, &mut self.version, &mut self.schema, &mut self.attributes] {
            text.clear();
        }
        self.dropped = 0;
    }

    /// Appends its bytes.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put(out, &self.name);
        put(out, &self.version);
        put(out, &self.schema);
        out.extend_from_slice(&self.dropped.to_le_bytes());
        out.extend_from_slice(&self.attributes);
    }
}

/// A resource or a scope, read in place; empty where there is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct OriginView<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) version: &'a [u8],
    pub(crate) schema: &'a [u8],
    pub(crate) dropped: u32,
    pub(crate) attributes: &'a [u8],
}

impl<'a> OriginView<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        let read = |mut from: &'a [u8]| {
            Some(Self {
                name: take(&mut from)?,
                version: take(&mut from)?,
                schema: take(&mut from)?,
                dropped: take_u32(&mut from)?,
                attributes: from,
            })
        };
        read(bytes).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ones_have_one_number_and_the_bound_holds() {
        let mut table = OriginTable::new(1000);
        let one = table.number(b"one").unwrap();
        let open = table.reserve().unwrap();
        assert_ne!(one, open);
        table.fill(open, b"one").unwrap();
        assert_eq!((table.same(open), table.bytes(open)), (one, &b"one"[..]));
        assert!(matches!(table.number(&[7; 500]), Err(DiffError::Memory(_))));
    }
}
