//! Spans as rows of a file, one at a time: what `spanfate export` writes. A crate of its own, because a trial can have a hundred
//! million spans: this is compiled for speed where the binary is compiled fast.

mod csv;
mod parquet;

use std::io::{self, BufWriter, Write};

use spanfate_model::books::row::SpanRow;

use self::parquet::ParquetRows;

/// Bytes that are written at once.
const BUFFER: usize = 256 << 10;

/// How rows are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowFormat {
    /// RFC 4180, with a line of headings.
    Csv,
    /// One JSON object per line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
}

/// What a way of writing keeps between rows.
enum RowState {
    Csv,
    Ndjson,
    Parquet(Box<ParquetRows>),
}

/// Writes rows.
pub struct RowWriter<'a> {
    // Not generic: it would be compiled where it is used.
    to: BufWriter<&'a mut dyn Write>,
    state: RowState,
}

impl<'a> RowWriter<'a> {
    /// Begins with what stands before the first row.
    pub fn begin(to: &'a mut dyn Write, format: RowFormat) -> io::Result<Self> {
        let mut to = BufWriter::with_capacity(BUFFER, to);
        let state = match format {
            RowFormat::Csv => {
                to.write_all(csv::HEADER.as_bytes())?;
                RowState::Csv
            }
            RowFormat::Ndjson => RowState::Ndjson,
            RowFormat::Parquet => RowState::Parquet(Box::new(ParquetRows::begin(&mut to)?)),
        };
        Ok(Self { to, state })
    }

    /// Writes one row.
    pub fn row(&mut self, row: &SpanRow<'_>) -> io::Result<()> {
        match &mut self.state {
            RowState::Csv => csv::write(&mut self.to, row),
            RowState::Ndjson => {
                serde_json::to_writer(&mut self.to, row)?;
                self.to.write_all(b"\n")
            }
            RowState::Parquet(rows) => rows.row(&mut self.to, row),
        }
    }

    /// Writes what is still held back.
    pub fn finish(mut self) -> io::Result<()> {
        if let RowState::Parquet(rows) = self.state {
            rows.finish(&mut self.to)?;
        }
        self.to.flush()
    }
}
