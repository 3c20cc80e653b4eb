//! Spans as rows of a file, one at a time: what `spanfate export` writes. A crate of its own, because a trial can have a hundred
//! million spans: this is compiled for speed where the binary is compiled fast.

mod csv;

use std::io::{self, BufWriter, Write};

use spanfate_model::books::row::SpanRow;

/// Bytes that are written at once.
const BUFFER: usize = 256 << 10;

/// How rows are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowFormat {
    /// RFC 4180, with a line of headings.
    Csv,
    /// One JSON object per line.
    Ndjson,
}

/// Writes rows.
pub struct RowWriter<'a> {
    // Not generic: it would be compiled where it is used.
    to: BufWriter<&'a mut dyn Write>,
    format: RowFormat,
}

impl<'a> RowWriter<'a> {
    /// Begins with what stands before the first row.
    pub fn begin(to: &'a mut dyn Write, format: RowFormat) -> io::Result<Self> {
        let mut to = BufWriter::with_capacity(BUFFER, to);
        if format == RowFormat::Csv {
            to.write_all(csv::HEADER.as_bytes())?;
        }
        Ok(Self { to, format })
    }

    /// Writes one row.
    pub fn row(&mut self, row: &SpanRow<'_>) -> io::Result<()> {
        match self.format {
            RowFormat::Csv => csv::write(&mut self.to, row),
            RowFormat::Ndjson => {
                serde_json::to_writer(&mut self.to, row)?;
                self.to.write_all(b"\n")
            }
        }
    }

    /// Writes what is still held back.
    pub fn finish(mut self) -> io::Result<()> {
        self.to.flush()
    }
}
