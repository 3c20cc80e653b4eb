//! What is where in a Parquet file: its columns, then its groups of rows, one by one.

use super::column::{ColumnChunk, ColumnShape};
use super::thrift::{OpenStruct, ThriftField, ThriftText};
use super::{COLUMNS, placed, wrong};
use crate::error::ReadStop;
use crate::intake::window::{PieceStop, ReadPiece};

/// Columns of a file that are believed.
const MOST_COLUMNS: u64 = 10_000;
/// Levels of a column that are read: itself.
const FLAT: u64 = 1;

/// A group of rows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct RowGroup {
    /// Where it is described.
    pub(super) at: u64,
    pub(super) rows: u64,
    /// Of each column that is read what it holds, and where it is; nothing where the file does not have it.
    pub(super) chunks: [Option<(ColumnShape, ColumnChunk)>; COLUMNS.len()],
}

/// An element of the schema.
#[derive(Default)]
struct SchemaElement<'a> {
    kind: Option<i64>,
    width: u64,
    repetition: i64,
    name: &'a [u8],
    children: u64,
}

/// A footer that is read from its begin to its end.
pub(super) struct FooterReader<'a> {
    text: ThriftText<'a>,
    /// Where it begins in the file, and its bytes.
    from: u64,
    bytes: usize,
    open: OpenStruct,
    shapes: Option<[Option<ColumnShape>; COLUMNS.len()]>,
    /// Rows of the file, once that was read.
    pub(super) rows: Option<u64>,
    groups: u64,
}

impl<'a> FooterReader<'a> {
    pub(super) fn new(all: &'a [u8], from: u64) -> Self {
        Self {
            text: ThriftText::new(all),
            from,
            bytes: all.len(),
            open: OpenStruct::default(),
            shapes: None,
            rows: None,
            groups: 0,
        }
    }

    /// The next group of rows; nothing at the end.
    pub(super) fn group(&mut self) -> Result<Option<RowGroup>, ReadStop> {
        loop {
            if self.groups > 0 {
                self.groups -= 1;
                return self.one_group().map(Some);
            }
            let Some(field) = self.piece(ThriftText::field)? else { break };
            match field.number {
                2 => self.schema(field)?,
                3 => self.rows = Some(self.piece(|text, _| text.size(field))?),
                4 => self.groups = self.piece(|text, _| text.structs(field))?,
                _ => self.piece(|text, _| text.skip(field))?,
            }
        }
        if self.shapes.is_none() {
            return Err(wrong(self.from, "the footer of the file names no columns"));
        }
        Ok(None)
    }

    fn piece<T>(
        &mut self,
        read: impl FnOnce(&mut ThriftText<'a>, &mut OpenStruct) -> ReadPiece<T>,
    ) -> Result<T, ReadStop> {
        placed(read(&mut self.text, &mut self.open), self.from, self.bytes, "the footer of the file")
    }

    fn schema(&mut self, field: ThriftField) -> Result<(), ReadStop> {
        let at = self.from + self.text.at as u64;
        let shapes = self.piece(|text, _| shapes(text, field))?;
        for ((name, needed), shape) in COLUMNS.into_iter().zip(shapes) {
            if needed && shape.is_none() {
                let what = "write it with `spanfate export --parquet`, or keep the columns of that";
                return Err(wrong(at, format!("the file has no column `{name}`; {what}")));
            }
        }
        self.shapes = Some(shapes);
        Ok(())
    }

    fn one_group(&mut self) -> Result<RowGroup, ReadStop> {
        let at = self.from + self.text.at as u64;
        let Some(shapes) = self.shapes else {
            return Err(wrong(at, "the footer of the file has rows before it names columns"));
        };
        let mut group = self.piece(|text, _| row_group(text, &shapes))?;
        group.at = at;
        for ((name, _), (shape, chunk)) in COLUMNS.into_iter().zip(shapes.into_iter().zip(&group.chunks)) {
            if shape.is_some() && chunk.is_none() && group.rows > 0 {
                return Err(wrong(at, format!("a group of rows lacks the column `{name}`")));
            }
        }
        Ok(group)
    }
}

/// The shapes of the columns that are read; they stand beside each other below the root.
fn shapes(text: &mut ThriftText<'_>, field: ThriftField) -> ReadPiece<[Option<ColumnShape>; COLUMNS.len()]> {
    let many = text.structs(field)?;
    if many > MOST_COLUMNS {
        return text.wrong("the file has more than ten thousand columns");
    }
    let mut out = [None; COLUMNS.len()];
    // Elements that are still to come below a column that has some, which is none of ours.
    let mut below = 0_u64;
    for at in 0..many {
        let element = schema_element(text)?;
        if at == 0 {
            continue;
        }
        let inside = below > 0;
        below = below.saturating_sub(1).saturating_add(element.children);
        let known = COLUMNS.iter().position(|(name, _)| name.as_bytes() == element.name);
        let (Some(place), Some(kind), false) = (known, element.kind, inside) else { continue };
        if element.repetition > 1 {
            return text.wrong("a column has several values in a row");
        }
        let Some(shape) = ColumnShape::of(kind, element.width, element.repetition == 1) else {
            return text.wrong("a column holds neither text nor bytes nor whole numbers");
        };
        if out[place].replace(shape).is_some() {
            return text.wrong("a column comes twice");
        }
    }
    Ok(out)
}

fn schema_element<'a>(text: &mut ThriftText<'a>) -> ReadPiece<SchemaElement<'a>> {
    let (mut out, mut open) = (SchemaElement::default(), OpenStruct::default());
    while let Some(field) = text.field(&mut open)? {
        match field.number {
            1 => out.kind = Some(text.int(field)?),
            2 => out.width = text.size(field)?,
            3 => out.repetition = text.int(field)?,
            4 => out.name = text.text(field)?,
            5 => out.children = text.size(field)?,
            _ => text.skip(field)?,
        }
    }
    Ok(out)
}

fn row_group(
    text: &mut ThriftText<'_>,
    shapes: &[Option<ColumnShape>; COLUMNS.len()],
) -> ReadPiece<RowGroup> {
    let (mut out, mut open) = (RowGroup::default(), OpenStruct::default());
    while let Some(field) = text.field(&mut open)? {
        match field.number {
            1 => {
                for _ in 0..text.structs(field)? {
                    let Some((place, chunk)) = column_chunk(text)? else { continue };
                    out.chunks[place] = shapes[place].map(|shape| (shape, chunk));
                }
            }
            3 => out.rows = text.size(field)?,
            _ => text.skip(field)?,
        }
    }
    for chunk in out.chunks.iter().flatten() {
        if chunk.1.values != out.rows {
            return text.wrong("a column of a group has another number of values than the group has rows");
        }
    }
    Ok(out)
}

/// A column of a group and its place among those that are read; nothing for another one.
fn column_chunk(text: &mut ThriftText<'_>) -> ReadPiece<Option<(usize, ColumnChunk)>> {
    let (mut found, mut open) = (None, OpenStruct::default());
    while let Some(field) = text.field(&mut open)? {
        match field.number {
            1 => return text.wrong("a column stands in another file"),
            3 => found = column_data(text, field)?,
            _ => text.skip(field)?,
        }
    }
    Ok(found)
}

fn column_data(text: &mut ThriftText<'_>, field: ThriftField) -> ReadPiece<Option<(usize, ColumnChunk)>> {
    let mut open = text.object(field)?;
    let (mut out, mut place, mut data, mut dictionary) = (ColumnChunk::default(), None, None, None);
    while let Some(field) = text.field(&mut open)? {
        match field.number {
            3 => {
                let levels = text.texts(field)?;
                for _ in 0..levels {
                    let name = text.raw_text()?;
                    place = COLUMNS.iter().position(|(known, _)| levels == FLAT && known.as_bytes() == name);
                }
            }
            4 => out.codec = text.int(field)?,
            5 => out.values = text.size(field)?,
            7 => out.bytes = text.size(field)?,
            9 => data = Some(text.size(field)?),
            11 => dictionary = Some(text.size(field)?).filter(|at| *at > 0),
            _ => text.skip(field)?,
        }
    }
    let Some(place) = place else { return Ok(None) };
    let Some(data) = data else { return text.wrong("a column does not say where its pages are") };
    out.from = dictionary.map_or(data, |at| at.min(data));
    out.from
        .checked_add(out.bytes)
        .map_or(Err(PieceStop::Wrong(text.at, "a column is too long")), |_| Ok(Some((place, out))))
}
