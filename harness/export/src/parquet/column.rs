//! One column of a Parquet file: what a group of rows has in it, and how that is written.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::thrift::{ThriftWriter, varint};

/// Physical types of the format.
const INT32: i32 = 1;
const DOUBLE: i32 = 5;
const BYTE_ARRAY: i32 = 6;
const FIXED_BYTES: i32 = 7;
/// What these stand for.
const UTF8: i32 = 0;
const UNSIGNED_32: i32 = 13;
/// Encodings.
const PLAIN: i32 = 0;
const RUNS: i32 = 3;
const DICTIONARY: i32 = 8;
/// Kinds of pages.
const DATA_PAGE: i32 = 0;
const DICTIONARY_PAGE: i32 = 2;

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CellShape {
    /// Whole numbers of 32 bits without a sign.
    Number,
    Double,
    /// So many bytes each.
    Bytes(u8),
    Text,
}

/// Where a group of a column stands in the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct WrittenChunk {
    /// Bytes before it, and of it.
    from: u64,
    pub(super) bytes: u64,
    /// Bytes of the page of different values in front; none where values are written as they are.
    dictionary: u64,
}

/// A column, and what the group that is being gathered has in it.
pub(super) struct ParquetColumn {
    name: &'static str,
    shape: CellShape,
    /// A row may lack it.
    optional: bool,
    /// For each row whether it has it.
    defined: Vec<u32>,
    /// The values one after the other; of texts and numbers the different ones.
    values: Vec<u8>,
    /// Texts and numbers: which of the different ones a row has.
    chosen: Vec<u32>,
    known: BTreeMap<Box<[u8]>, u32>,
    /// The value of the row before, as it is written, and its number: rows beside each other are often alike.
    last: (Vec<u8>, u32),
}

impl ParquetColumn {
    pub(super) const fn new(name: &'static str, shape: CellShape, optional: bool) -> Self {
        Self {
            name,
            shape,
            optional,
            defined: Vec::new(),
            values: Vec::new(),
            chosen: Vec::new(),
            known: BTreeMap::new(),
            last: (Vec::new(), 0),
        }
    }

    /// Bytes of memory that the group takes, about.
    pub(super) fn held(&self) -> usize {
        2 * self.values.len() + 4 * (self.chosen.len() + self.defined.len())
    }

    pub(super) fn number(&mut self, value: Option<u32>) {
        self.define(value.is_some());
        if let Some(value) = value {
            self.choose(&[], &value.to_le_bytes());
        }
    }

    pub(super) fn double(&mut self, value: Option<f64>) {
        self.bytes(value.map(f64::to_le_bytes).as_ref().map(|bytes| &bytes[..]));
    }

    pub(super) fn bytes(&mut self, value: Option<&[u8]>) {
        self.define(value.is_some());
        self.values.extend_from_slice(value.unwrap_or_default());
    }

    pub(super) fn text(&mut self, value: &str) {
        self.define(true);
        self.choose(&(value.len() as u32).to_le_bytes(), value.as_bytes());
    }

    fn define(&mut self, is: bool) {
        if self.optional {
            self.defined.push(is.into());
        }
    }

    /// Notes which of the different values a row has.
    fn choose(&mut self, head: &[u8], body: &[u8]) {
        let same = !self.chosen.is_empty() && self.last.0.strip_prefix(head) == Some(body);
        if !same {
            let plain = &mut self.last.0;
            plain.clear();
            plain.extend_from_slice(head);
            plain.extend_from_slice(body);
            self.last.1 = if let Some(number) = self.known.get(&plain[..]) {
                *number
            } else {
                let number = self.known.len() as u32;
                self.known.insert(plain[..].into(), number);
                self.values.extend_from_slice(plain);
                number
            };
        }
        self.chosen.push(self.last.1);
    }

    const fn has_dictionary(&self) -> bool {
        matches!(self.shape, CellShape::Number | CellShape::Text)
    }

    const fn physical(&self) -> i32 {
        match self.shape {
            CellShape::Number => INT32,
            CellShape::Double => DOUBLE,
            CellShape::Bytes(_) => FIXED_BYTES,
            CellShape::Text => BYTE_ARRAY,
        }
    }

    /// Writes the pages of the group, and forgets it.
    pub(super) fn write(&mut self, to: &mut impl Write, from: u64) -> io::Result<WrittenChunk> {
        let mut page = Vec::new();
        let rows = if self.optional {
            let levels = runs(&self.defined, 1);
            page.extend_from_slice(&(levels.len() as u32).to_le_bytes());
            page.extend_from_slice(&levels);
            self.defined.len()
        } else if self.has_dictionary() {
            self.chosen.len()
        } else {
            self.values.len() / usize::from(self.width())
        };
        let mut dictionary = 0;
        if self.has_dictionary() {
            let most = (self.known.len() as u32).saturating_sub(1);
            let width = (32 - most.leading_zeros()).max(1) as u8;
            page.push(width);
            page.extend_from_slice(&runs(&self.chosen, width));
            dictionary = put_page(to, DICTIONARY_PAGE, self.known.len(), PLAIN, &self.values)?;
        } else {
            page.extend_from_slice(&self.values);
        }
        let bytes = dictionary + put_page(to, DATA_PAGE, rows, self.encoding(), &page)?;
        self.defined.clear();
        self.values.clear();
        self.chosen.clear();
        self.known.clear();
        Ok(WrittenChunk { from, bytes, dictionary })
    }

    const fn encoding(&self) -> i32 {
        if self.has_dictionary() { DICTIONARY } else { PLAIN }
    }

    /// Bytes of a value of fixed width.
    const fn width(&self) -> u8 {
        match self.shape {
            CellShape::Bytes(width) => width,
            _ => 8,
        }
    }

    /// `SchemaElement`.
    pub(super) fn schema(&self, out: &mut ThriftWriter) {
        out.begin_element();
        out.int(1, self.physical());
        if let CellShape::Bytes(width) = self.shape {
            out.int(2, width.into());
        }
        out.int(3, self.optional.into());
        out.text(4, self.name);
        match self.shape {
            CellShape::Text => out.int(6, UTF8),
            CellShape::Number => out.int(6, UNSIGNED_32),
            CellShape::Double | CellShape::Bytes(_) => {}
        }
        out.end();
    }

    /// `ColumnChunk`.
    pub(super) fn chunk(&self, out: &mut ThriftWriter, chunk: WrittenChunk, rows: u32) {
        let (from, bytes) = (chunk.from.cast_signed(), chunk.bytes.cast_signed());
        out.begin_element();
        out.long(2, from);
        out.begin(3);
        out.int(1, self.physical());
        out.list_of_ints(2, &[PLAIN, RUNS, self.encoding()][..2 + usize::from(self.has_dictionary())]);
        out.list_of_texts(3, &[self.name]);
        out.int(4, 0);
        out.long(5, rows.into());
        out.long(6, bytes);
        out.long(7, bytes);
        out.long(9, from + chunk.dictionary.cast_signed());
        if chunk.dictionary > 0 {
            out.long(11, from);
        }
        out.end();
        out.end();
    }
}

/// Writes a page behind its head; gives the bytes of both.
fn put_page(to: &mut impl Write, kind: i32, values: usize, encoding: i32, page: &[u8]) -> io::Result<u64> {
    let (bytes, is_data) = (page.len() as i32, kind == DATA_PAGE);
    let mut head = ThriftWriter::new();
    head.int(1, kind);
    head.int(2, bytes);
    head.int(3, bytes);
    head.begin(if is_data { 5 } else { 7 });
    head.int(1, values as i32);
    head.int(2, encoding);
    if is_data {
        head.int(3, RUNS);
        head.int(4, RUNS);
    }
    head.end();
    let head = head.finish();
    to.write_all(&head)?;
    to.write_all(page)?;
    Ok((head.len() + page.len()) as u64)
}

/// Small numbers of so many bits each: as one run where all are the same, else packed, in eights.
fn runs(numbers: &[u32], width: u8) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some((first, rest)) = numbers.split_first()
        && rest.iter().all(|number| number == first)
    {
        varint(&mut out, (numbers.len() as u64) << 1);
        out.extend_from_slice(&first.to_le_bytes()[..usize::from(width).div_ceil(8)]);
        return out;
    }
    varint(&mut out, (numbers.len().div_ceil(8) as u64) << 1 | 1);
    let (mut held, mut bits) = (0_u64, 0);
    let padding = numbers.len().next_multiple_of(8) - numbers.len();
    for number in numbers.iter().chain(std::iter::repeat_n(&0, padding)) {
        held |= u64::from(*number) << bits;
        bits += width;
        while bits >= 8 {
            out.push(held as u8);
            held >>= 8;
            bits -= 8;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_are_packed_as_the_format_says() {
        // The example of its specification: 0 to 7, three bits each.
        assert_eq!(runs(&[0, 1, 2, 3, 4, 5, 6, 7], 3), [3, 0b1000_1000, 0b1100_0110, 0b1111_1010]);
        assert_eq!(runs(&[5, 5, 5], 3), [6, 5]);
        assert_eq!(runs(&[1, 0], 1), [3, 1]);
        assert_eq!(runs(&[300; 2], 9), [4, 44, 1]);
    }
}
