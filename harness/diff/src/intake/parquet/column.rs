//! One column in a group of rows, value by value; one page of it is held, and the different values that its pages share.

use std::io::Read;

use flate2::bufread::MultiGzDecoder;

use super::page::{PageHead, PageKind, head};
use super::runs::NumberRuns;
use super::{PlacedFile, wrong};
use crate::error::{DiffError, InputPosition, ReadStop};
use crate::intake::coding::zstd_whole;
use crate::intake::window::{PieceStop, ReadPiece};

/// Encodings of values.
const PLAIN: i64 = 0;
const PLAIN_DICTIONARY: i64 = 2;
const RUNS: i64 = 3;
const RUNS_DICTIONARY: i64 = 8;

/// What a column holds, and whether a row may lack it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ColumnShape {
    sort: ValueSort,
    optional: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ValueSort {
    Int32,
    Int64,
    /// Text or bytes, each behind its length.
    Bytes,
    /// So many bytes each.
    Fixed(usize),
}

impl ColumnShape {
    /// The shape of a physical type; nothing for one that no column of ours can have.
    pub(super) fn of(kind: i64, width: u64, optional: bool) -> Option<Self> {
        let sort = match kind {
            1 => ValueSort::Int32,
            2 => ValueSort::Int64,
            6 => ValueSort::Bytes,
            7 => ValueSort::Fixed(usize::try_from(width).ok().filter(|width| (1..=1024).contains(width))?),
            _ => return None,
        };
        Some(Self { sort, optional })
    }
}

/// A part of a column: the pages of a group of rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct ColumnChunk {
    /// Where its first page begins, and its bytes.
    pub(super) from: u64,
    pub(super) bytes: u64,
    pub(super) codec: i64,
    pub(super) values: u64,
}

/// How the values of a page stand there.
#[derive(Clone, Copy, Debug)]
enum PageValues {
    /// One after the other, the next one there.
    Plain(usize),
    /// As numbers of those of the dictionary.
    Chosen(NumberRuns),
}

/// A column while it is read.
pub(super) struct ColumnCursor {
    pub(super) name: &'static str,
    shape: ColumnShape,
    codec: i64,
    /// Where its next page begins, and where its pages end.
    at: u64,
    end: u64,
    /// Values that are left behind the page.
    left: u64,
    dictionary: Vec<u8>,
    /// Where in it each different value stands.
    entries: Vec<(u32, u32)>,
    page: Vec<u8>,
    /// Where the page begins in the file.
    page_at: u64,
    page_left: u64,
    levels: NumberRuns,
    values: PageValues,
    /// Of the row that it stands at: where its value is, and whether in the dictionary.
    value: Option<(usize, usize, bool)>,
    raw: Vec<u8>,
}

impl ColumnCursor {
    pub(super) const fn new(name: &'static str, shape: ColumnShape, chunk: ColumnChunk) -> Self {
        Self {
            name,
            shape,
            codec: chunk.codec,
            at: chunk.from,
            end: chunk.from + chunk.bytes,
            left: chunk.values,
            dictionary: Vec::new(),
            entries: Vec::new(),
            page: Vec::new(),
            page_at: chunk.from,
            page_left: 0,
            levels: NumberRuns::new(0, 0, 0),
            values: PageValues::Plain(0),
            value: None,
            raw: Vec::new(),
        }
    }

    /// Bytes of memory that it holds.
    pub(super) const fn held(&self) -> usize {
        self.dictionary.len() + 8 * self.entries.len() + self.page.len() + self.raw.capacity()
    }

    /// Where the page of the row begins in the file.
    pub(super) const fn page_at(&self) -> u64 {
        self.page_at
    }

    /// Whether a page must be loaded before the next row.
    pub(super) const fn is_empty(&self) -> bool {
        self.page_left == 0
    }

    #[cold]
    fn wrong<T>(&self, what: &str) -> Result<T, ReadStop> {
        Err(wrong(self.page_at, format!("the page of the column `{}` that begins here: {what}", self.name)))
    }

    fn placed<T>(&self, read: ReadPiece<T>) -> Result<T, ReadStop> {
        read.or_else(|stop| match stop {
            PieceStop::Wrong(_, what) => self.wrong(what),
            PieceStop::More => self.wrong("it ends too early"),
        })
    }

    /// Goes on to the next row.
    pub(super) fn advance(&mut self) -> Result<(), ReadStop> {
        self.page_left -= 1;
        let is_there = !self.shape.optional || self.placed_level()? == 1;
        self.value = if is_there { Some(self.next_value()?) } else { None };
        Ok(())
    }

    fn placed_level(&mut self) -> Result<u32, ReadStop> {
        let level = self.levels.next(&self.page);
        self.placed(level)
    }

    fn next_value(&mut self) -> Result<(usize, usize, bool), ReadStop> {
        match &mut self.values {
            PageValues::Plain(at) => {
                let found = plain(&self.page, *at, self.shape.sort);
                if let Ok((_, to)) = found {
                    *at = to;
                }
                let (from, to) = self.placed(found)?;
                Ok((from, to, false))
            }
            PageValues::Chosen(runs) => {
                let number = runs.next(&self.page);
                let number = self.placed(number)?;
                match self.entries.get(number as usize) {
                    Some((from, to)) => Ok((*from as usize, *to as usize, true)),
                    None => self.wrong("a value is none of the dictionary's"),
                }
            }
        }
    }

    /// Appends the value of the row as text; nothing where it has none.
    pub(super) fn put(&self, cell: &mut Vec<u8>) -> Result<(), ReadStop> {
        let Some((from, to, in_dictionary)) = self.value else { return Ok(()) };
        let value = &(if in_dictionary { &self.dictionary } else { &self.page })[from..to];
        // Ids are bytes, or their digits as text.
        let id = match self.name {
            "trace_id" => 16,
            "span_id" | "parent_span_id" => 8,
            _ => usize::MAX,
        };
        match self.shape.sort {
            ValueSort::Int32 => {
                let number = value.first_chunk().map_or(0, |number| u32::from_le_bytes(*number));
                cell.extend_from_slice(number.to_string().as_bytes());
            }
            ValueSort::Int64 => {
                let number = value.first_chunk().map_or(0, |number| i64::from_le_bytes(*number));
                cell.extend_from_slice(number.to_string().as_bytes());
            }
            ValueSort::Bytes | ValueSort::Fixed(_) if value.len() == id => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                let digits = value.iter().flat_map(|byte| [byte >> 4, byte & 15]);
                cell.extend(digits.map(|digit| DIGITS[usize::from(digit)]));
            }
            ValueSort::Bytes => cell.extend_from_slice(value),
            ValueSort::Fixed(_) => {
                return self.wrong("its values have another length than the column should");
            }
        }
        Ok(())
    }

    /// Loads the next page with values, in so many bytes of memory.
    pub(super) fn load(&mut self, file: &mut PlacedFile<'_>, most: usize) -> Result<(), ReadStop> {
        while self.page_left == 0 {
            self.page_at = self.at;
            if self.at >= self.end {
                return self.wrong("it is not there, and rows are left");
            }
            let (head, bytes) = head(file, self.at, self.end)?;
            let begin = self.at + bytes;
            if head.bytes > self.end - begin {
                return self.wrong("it is longer than its column");
            }
            self.at = begin + head.bytes;
            let places = if head.kind == PageKind::Dictionary { head.values.saturating_mul(8) } else { 0 };
            let needed = head.plain_bytes.saturating_add(head.bytes).saturating_add(places);
            if needed > most as u64 {
                let at = InputPosition { byte: self.page_at, line: 0 };
                return Err(DiffError::TooLong { at, most }.into());
            }
            file.read(begin, head.bytes as usize, &mut self.raw)?;
            match head.kind {
                PageKind::Dictionary => self.dictionary(&head)?,
                PageKind::Data => self.data(&head)?,
                PageKind::Other => {}
            }
            self.raw = Vec::new();
        }
        Ok(())
    }

    fn dictionary(&mut self, head: &PageHead) -> Result<(), ReadStop> {
        if !self.entries.is_empty() {
            return self.wrong("it is a second dictionary");
        }
        if ![PLAIN, PLAIN_DICTIONARY].contains(&head.encoding) {
            return self.not_known("encoding", head.encoding);
        }
        let (mut plain_bytes, mut at) = (Vec::new(), 0);
        self.decompressed(0, head.plain_bytes, true, &mut plain_bytes)?;
        self.dictionary = plain_bytes;
        for _ in 0..head.values {
            let (from, to) = self.placed(plain(&self.dictionary, at, self.shape.sort))?;
            self.entries.push((from as u32, to as u32));
            at = to;
        }
        Ok(())
    }

    fn data(&mut self, head: &PageHead) -> Result<(), ReadStop> {
        if head.values > self.left {
            return self.wrong("it has more values than its column");
        }
        let mut page = Vec::new();
        // In the newer form levels stand in front and are not compressed.
        let (levels, compressed) = head.newer.unwrap_or((0, true));
        let Some(front) = self.raw.get(..levels as usize) else {
            return self.wrong("it is shorter than its levels");
        };
        page.extend_from_slice(front);
        self.decompressed(levels as usize, head.plain_bytes - levels, compressed, &mut page)?;
        self.page = page;
        let mut at = levels as usize;
        if head.newer.is_some() {
            self.levels = NumberRuns::new(0, at, 1);
        } else if self.shape.optional {
            if head.levels != RUNS {
                return self.not_known("encoding of levels", head.levels);
            }
            let Some(length) = self.page.first_chunk().map(|length| u32::from_le_bytes(*length)) else {
                return self.wrong("it is shorter than its levels");
            };
            at = 4 + length as usize;
            self.levels = NumberRuns::new(4, at, 1);
        }
        if at > self.page.len() {
            return self.wrong("it is shorter than its levels");
        }
        self.values = match head.encoding {
            PLAIN => PageValues::Plain(at),
            PLAIN_DICTIONARY | RUNS_DICTIONARY => match self.page.get(at) {
                Some(width @ 0..=32) => PageValues::Chosen(NumberRuns::new(at + 1, self.page.len(), *width)),
                // Where no row has a value nothing need be there.
                None => PageValues::Chosen(NumberRuns::new(at, at, 0)),
                Some(_) => return self.wrong("the numbers of its values have more than 32 bits"),
            },
            other => return self.not_known("encoding", other),
        };
        (self.page_left, self.left) = (head.values, self.left - head.values);
        Ok(())
    }

    #[cold]
    fn not_known<T>(&self, what: &str, number: i64) -> Result<T, ReadStop> {
        self.wrong(&format!(
            "its {what} has the number {number}, which is not read; write the file with values that are plain or in a \
             dictionary, and uncompressed or in Snappy, gzip or zstd"
        ))
    }

    /// Appends what was read from there on, decompressed.
    fn decompressed(
        &self,
        from: usize,
        plain_bytes: u64,
        compressed: bool,
        to: &mut Vec<u8>,
    ) -> Result<(), ReadStop> {
        let (raw, before, most) = (&self.raw[from..], to.len(), plain_bytes as usize);
        let done = match if compressed { self.codec } else { 0 } {
            0 => {
                to.extend_from_slice(raw);
                Ok(())
            }
            1 if snap::raw::decompress_len(raw).is_ok_and(|bytes| bytes == most) => {
                to.resize(before + most, 0);
                snap::raw::Decoder::new()
                    .decompress(raw, &mut to[before..])
                    .map(drop)
                    .map_err(|error| error.to_string())
            }
            1 => Ok(()),
            2 => MultiGzDecoder::new(raw)
                .take(plain_bytes + 1)
                .read_to_end(to)
                .map(drop)
                .map_err(|error| error.to_string()),
            6 if raw.is_empty() => Ok(()),
            6 => zstd_whole(raw, most).map(|bytes| to.extend(bytes)).map_err(|error| error.to_string()),
            other => return self.not_known("compression", other),
        };
        match done {
            Err(error) => self.wrong(&error),
            Ok(()) if to.len() - before != most => self.wrong("it has another length than it says"),
            Ok(()) => Ok(()),
        }
    }
}

/// The value that begins there, as it stands by itself: from and to.
fn plain(page: &[u8], at: usize, sort: ValueSort) -> ReadPiece<(usize, usize)> {
    let rest = page.get(at..).unwrap_or_default();
    let (from, length) = match sort {
        ValueSort::Int32 => (at, 4),
        ValueSort::Int64 => (at, 8),
        ValueSort::Fixed(width) => (at, width),
        ValueSort::Bytes => {
            let length = rest.first_chunk().ok_or(PieceStop::More)?;
            (at + 4, u32::from_le_bytes(*length) as usize)
        }
    };
    if from + length > page.len() {
        return Err(PieceStop::More);
    }
    Ok((from, from + length))
}
