//! The head of a page: what it holds, and how.

use super::thrift::{OpenStruct, ThriftText};
use super::{PlacedFile, placed, wrong};
use crate::error::ReadStop;
use crate::intake::window::{PieceStop, ReadPiece};

/// Bytes that are read for a head, and the most: it may hold the least and the greatest value of its page.
const USUAL_HEAD: u64 = 1 << 10;
const MOST_HEAD: u64 = 1 << 20;

/// What a page is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum PageKind {
    Data,
    Dictionary,
    /// Not needed.
    #[default]
    Other,
}

/// The head of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct PageHead {
    pub(super) kind: PageKind,
    /// Bytes of the page, decompressed and as they stand.
    pub(super) plain_bytes: u64,
    pub(super) bytes: u64,
    pub(super) values: u64,
    pub(super) encoding: i64,
    /// Encoding of the levels that say which rows have a value.
    pub(super) levels: i64,
    /// Of a page in the newer form: bytes of the levels in front, and whether the rest is compressed.
    pub(super) newer: Option<(u64, bool)>,
}

/// Reads the head of the page that begins there, in a column that ends there; gives its bytes as well.
pub(super) fn head(file: &mut PlacedFile<'_>, at: u64, end: u64) -> Result<(PageHead, u64), ReadStop> {
    let (mut bytes, mut wanted) = (Vec::new(), USUAL_HEAD);
    loop {
        let all = wanted >= end - at || wanted >= MOST_HEAD;
        file.read(at, wanted.min(end - at) as usize, &mut bytes)?;
        let mut text = ThriftText::new(&bytes);
        match page_head(&mut text) {
            Err(PieceStop::More) if !all => wanted *= 8,
            read => {
                let head = placed(read, at, bytes.len(), "the head of a page")?;
                if head.newer.is_some_and(|(levels, _)| levels > head.plain_bytes) {
                    return Err(wrong(at, "the levels of a page are longer than the page"));
                }
                return Ok((head, text.at as u64));
            }
        }
    }
}

fn page_head(text: &mut ThriftText<'_>) -> ReadPiece<PageHead> {
    let (mut out, mut open, mut kind) = (PageHead::default(), OpenStruct::default(), 0);
    while let Some(field) = text.field(&mut open)? {
        match field.number {
            1 => kind = text.int(field)?,
            2 => out.plain_bytes = text.size(field)?,
            3 => out.bytes = text.size(field)?,
            5 | 7 | 8 => {
                out.kind = if field.number == 7 { PageKind::Dictionary } else { PageKind::Data };
                let inside = text.object(field)?;
                if field.number == 8 {
                    newer(text, inside, &mut out)?;
                } else {
                    older(text, inside, &mut out)?;
                }
            }
            _ => text.skip(field)?,
        }
    }
    let expected = match (out.kind, out.newer) {
        (PageKind::Data, None) => 0,
        (PageKind::Other, _) => 1,
        (PageKind::Dictionary, _) => 2,
        (PageKind::Data, Some(_)) => 3,
    };
    if kind == expected { Ok(out) } else { text.wrong("a page is not what its head says") }
}

/// What the head of a page of values or of a dictionary says.
fn older(text: &mut ThriftText<'_>, mut open: OpenStruct, out: &mut PageHead) -> ReadPiece<()> {
    while let Some(field) = text.field(&mut open)? {
        match field.number {
            1 => out.values = text.size(field)?,
            2 => out.encoding = text.int(field)?,
            3 if out.kind == PageKind::Data => out.levels = text.int(field)?,
            _ => text.skip(field)?,
        }
    }
    Ok(())
}

/// The same of a page of values in the newer form.
fn newer(text: &mut ThriftText<'_>, mut open: OpenStruct, out: &mut PageHead) -> ReadPiece<()> {
    let (mut levels, mut repeated, mut compressed) = (0, 0, true);
    while let Some(field) = text.field(&mut open)? {
        match field.number {
            1 => out.values = text.size(field)?,
            4 => out.encoding = text.int(field)?,
            5 => levels = text.size(field)?,
            6 => repeated = text.size(field)?,
            7 => compressed = text.bool(field)?,
            _ => text.skip(field)?,
        }
    }
    out.newer = Some((levels, compressed));
    if repeated > 0 { text.wrong("a column has several values in a row") } else { Ok(()) }
}
