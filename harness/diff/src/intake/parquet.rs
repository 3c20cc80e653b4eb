//! Rows of `spanfate export --parquet`, or such rows as another program wrote them again. What is where stands at the end of the file, so
//! it is read in places, and a side that is no file goes to a temporary one first. Of each column one page is held.

mod column;
mod footer;
mod page;
mod runs;
mod thrift;

use std::io::{Read, Seek, SeekFrom, Write};

use self::column::ColumnCursor;
use self::footer::{FooterReader, RowGroup};
use super::rows::RowCells;
use super::sink::Intake;
use super::window::{MOST_HELD, PieceStop, Window};
use crate::error::{DiffError, InputPosition, ReadStop};

/// First and last bytes of a file; and of one that is encrypted.
pub(super) const MAGIC: &[u8; 4] = b"PAR1";
const ENCRYPTED: &[u8; 4] = b"PARE";
/// The bytes behind the footer: its length and [`MAGIC`].
const TAIL: u64 = 8;
/// The longest footer that is believed.
const MOST_FOOTER: u64 = 16 << 20;
/// Rows for each byte of a file that are believed; each row has an id of its own.
const MOST_ROWS: u64 = 64;

/// The columns that are read, and whether a file must have them.
const COLUMNS: [(&str, bool); 7] = [
    ("trace_id", true),
    ("span_id", true),
    ("parent_span_id", false),
    ("service", true),
    ("name", true),
    ("kind", true),
    ("copies", true),
];

/// A side that can be read in any place.
pub trait SideFile: Read + Seek {}

impl<T: Read + Seek> SideFile for T {}

/// A file, and how many bytes it has.
pub(super) struct PlacedFile<'a> {
    from: Box<dyn SideFile + 'a>,
    pub(super) bytes: u64,
}

impl<'a> PlacedFile<'a> {
    pub(super) fn new(from: Box<dyn SideFile + 'a>, bytes: u64) -> Self {
        Self { from, bytes }
    }

    /// What a stream still has, in a temporary file.
    pub(super) fn spooled(window: &mut Window<'_>) -> Result<Self, ReadStop> {
        let mut file = tempfile::tempfile().map_err(DiffError::Spill)?;
        let mut bytes = 0;
        while window.ensure(1)? {
            let now = window.rest().len();
            file.write_all(window.rest()).map_err(DiffError::Spill)?;
            window.pass(now);
            bytes += now as u64;
        }
        Ok(Self { from: Box::new(file), bytes })
    }

    /// Fills `to` with so many bytes from there, which must be in the file.
    fn read(&mut self, at: u64, bytes: usize, to: &mut Vec<u8>) -> Result<(), ReadStop> {
        let end = at.checked_add(bytes as u64);
        if end.is_none_or(|end| end > self.bytes) {
            let at = at.min(self.bytes);
            return Err(wrong(at, format!("{bytes} bytes must be here, and the file ends before")));
        }
        to.clear();
        to.resize(bytes, 0);
        let done = self.from.seek(SeekFrom::Start(at)).and_then(|_| self.from.read_exact(to));
        done.map_err(|error| DiffError::Read(error).into())
    }
}

/// Something is wrong at a byte of the file.
#[cold]
fn wrong(byte: u64, what: impl Into<String>) -> ReadStop {
    ReadStop::malformed(InputPosition { byte, line: 0 }, what)
}

/// What is wrong in a piece that begins at a byte of the file.
fn placed<T>(read: Result<T, PieceStop>, from: u64, bytes: usize, what: &str) -> Result<T, ReadStop> {
    read.map_err(|stop| match stop {
        PieceStop::Wrong(at, why) => wrong(from + at as u64, why),
        PieceStop::More => wrong(from + bytes as u64, format!("{what} ends too early")),
    })
}

/// Reads all rows.
pub(super) fn read(mut file: PlacedFile<'_>, intake: &mut Intake<'_>) -> Result<(), ReadStop> {
    let (bytes, from) = footer(&mut file)?;
    let mut footer = FooterReader::new(&bytes, from);
    let (mut cells, mut rows) = (RowCells::default(), 0_u64);
    while let Some(group) = footer.group()? {
        rows = rows.saturating_add(group.rows);
        if rows / MOST_ROWS > file.bytes {
            return Err(wrong(
                group.at,
                format!("the file has {} bytes, and is to have {rows} rows", file.bytes),
            ));
        }
        read_group(&mut file, &group, &mut cells, intake)?;
    }
    match footer.rows {
        Some(said) if said != rows => {
            Err(wrong(from, format!("the file is to have {said} rows, and its groups have {rows}")))
        }
        _ => Ok(()),
    }
}

/// The bytes of the footer, and where it begins.
fn footer(file: &mut PlacedFile<'_>) -> Result<(Vec<u8>, u64), ReadStop> {
    let mut bytes = Vec::new();
    let size = file.bytes;
    let begin = MAGIC.len() as u64;
    if size < begin + TAIL {
        return Err(wrong(size, "the file ends within the first bytes of Parquet: it was cut off"));
    }
    file.read(0, MAGIC.len(), &mut bytes)?;
    if bytes == ENCRYPTED {
        return Err(wrong(0, "the file is encrypted"));
    }
    if bytes != MAGIC {
        return Err(wrong(0, "this is no Parquet: it does not begin with PAR1"));
    }
    file.read(size - TAIL, TAIL as usize, &mut bytes)?;
    let (length, magic) = bytes.split_at(4);
    if magic != MAGIC {
        let what = "the file does not end with Parquet's footer: it was cut off, or is still being written";
        return Err(wrong(size, what));
    }
    let length = u64::from(length.first_chunk().map_or(0, |length| u32::from_le_bytes(*length)));
    let at = (size - TAIL).checked_sub(length).filter(|at| *at >= begin);
    let Some(at) = at else {
        return Err(wrong(size - TAIL, format!("the footer is to have {length} bytes, more than the file")));
    };
    if length > MOST_FOOTER {
        return Err(DiffError::TooLong {
            at: InputPosition { byte: at, line: 0 },
            most: MOST_FOOTER as usize,
        }
        .into());
    }
    file.read(at, length as usize, &mut bytes)?;
    Ok((bytes, at))
}

fn read_group(
    file: &mut PlacedFile<'_>,
    group: &RowGroup,
    cells: &mut RowCells,
    intake: &mut Intake<'_>,
) -> Result<(), ReadStop> {
    let mut columns: Vec<ColumnCursor> = Vec::new();
    for (chunk, (name, _)) in group.chunks.iter().zip(COLUMNS) {
        let Some((shape, chunk)) = chunk else { continue };
        columns.push(ColumnCursor::new(name, *shape, *chunk));
    }
    for _ in 0..group.rows {
        cells.clear();
        for at in 0..columns.len() {
            if columns[at].is_empty() {
                let held: usize = columns.iter().map(ColumnCursor::held).sum();
                columns[at].load(file, MOST_HELD.saturating_sub(held))?;
            }
            let column = &mut columns[at];
            column.advance()?;
            let Some(cell) = cells.of(column.name.as_bytes()) else { continue };
            column.put(cell)?;
        }
        let byte = columns.first().map_or(0, ColumnCursor::page_at);
        cells.give(intake, InputPosition { byte, line: 0 })?;
    }
    Ok(())
}
