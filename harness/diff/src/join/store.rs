//! The spans of a side, in parts by their trace. What does not fit into memory goes to a temporary file.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use spanfate_model::quantity::id::{TraceId, mix};

use crate::error::DiffError;
use crate::intake::SpanTaker;
use crate::span::draft::SpanView;
use crate::span::origins::Origins;

/// Parts of a store, as bits.
const PART_BITS: u32 = 6;
/// Parts of a store.
pub(super) const PARTS: usize = 1 << PART_BITS;
/// How often a part may be split further.
pub(super) const DEEPEST: u32 = 8;

/// The spans of a side.
pub(crate) struct SpanStore {
    parts: Vec<StorePart>,
    /// Bytes of memory of all parts, and the most.
    held: usize,
    most: usize,
    /// How often the parts that it belongs to were split.
    depth: u32,
    file: Option<File>,
    /// Bytes in the file.
    written: u64,
}

#[derive(Default)]
struct StorePart {
    bytes: Vec<u8>,
    /// Where more of it stands in the file: from and length.
    pieces: Vec<(u64, usize)>,
}

impl SpanStore {
    pub(crate) fn new(most: usize, depth: u32) -> Self {
        let parts = (0..PARTS).map(|_| StorePart::default()).collect();
        Self { parts, held: 0, most, depth, file: None, written: 0 }
    }

    /// Bytes that went to the file.
    pub(crate) const fn spilled(&self) -> u64 {
        self.written
    }

    #[inline]
    fn part_of(&self, trace: TraceId) -> usize {
        let id = u128::from_be_bytes(trace.0);
        let (high, low) = ((id >> 64) as u64, id as u64);
        (mix(high.rotate_left(7) ^ low) >> (self.depth * PART_BITS)) as usize % PARTS
    }

    /// Adds a record.
    #[inline]
    pub(crate) fn push(&mut self, span: SpanView<'_>) -> Result<(), DiffError> {
        let at = self.part_of(span.key().trace);
        let part = &mut self.parts[at].bytes;
        let before = part.capacity();
        part.extend_from_slice(span.bytes());
        self.held += part.capacity() - before;
        if self.held > self.most { self.spill() } else { Ok(()) }
    }

    /// Writes all that is in memory to the file.
    pub(super) fn spill(&mut self) -> Result<(), DiffError> {
        if self.file.is_none() {
            self.file = Some(tempfile::tempfile().map_err(DiffError::Spill)?);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        for part in self.parts.iter_mut().filter(|part| !part.bytes.is_empty()) {
            file.write_all(&part.bytes).map_err(DiffError::Spill)?;
            part.pieces.push((self.written, part.bytes.len()));
            self.written += part.bytes.len() as u64;
            part.bytes = Vec::new();
        }
        self.held = 0;
        Ok(())
    }

    /// Bytes of a part.
    pub(super) fn len(&self, part: usize) -> usize {
        let part = &self.parts[part];
        part.bytes.len() + part.pieces.iter().map(|(_, length)| length).sum::<usize>()
    }

    /// A part as a whole; it is taken away.
    pub(super) fn take(&mut self, part: usize) -> Result<Vec<u8>, DiffError> {
        let part = &mut self.parts[part];
        let (mut out, pieces) = (std::mem::take(&mut part.bytes), std::mem::take(&mut part.pieces));
        self.held = self.held.saturating_sub(out.capacity());
        for piece in pieces {
            let at = out.len();
            out.resize(at + piece.1, 0);
            self.read(piece.0, &mut out[at..])?;
        }
        Ok(out)
    }

    /// A part in a store of its own, in parts.
    pub(super) fn split(&mut self, part: usize) -> Result<Self, DiffError> {
        self.spill()?;
        let mut out = Self::new(self.most, self.depth + 1);
        for (from, length) in std::mem::take(&mut self.parts[part].pieces) {
            let mut piece = vec![0; length];
            self.read(from, &mut piece)?;
            let mut at = 0;
            while let Some(span) = SpanView::at(&piece, at) {
                out.push(span)?;
                at += span.bytes().len();
            }
        }
        Ok(out)
    }

    fn read(&mut self, from: u64, to: &mut [u8]) -> Result<(), DiffError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.seek(SeekFrom::Start(from)).and_then(|_| file.read_exact(to)).map_err(DiffError::Spill)?;
        // The next that is written goes to the end.
        file.seek(SeekFrom::End(0)).map(drop).map_err(DiffError::Spill)
    }

    pub(super) const fn depth(&self) -> u32 {
        self.depth
    }
}

impl SpanTaker for SpanStore {
    #[inline]
    fn take(&mut self, span: SpanView<'_>, _: &Origins) -> Result<(), DiffError> {
        self.push(span)
    }
}
