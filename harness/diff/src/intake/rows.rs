//! Rows of `spanfate export`. A row is a span that was created; those that arrived count, each as often as it arrived.

use spanfate_model::books::row::kind_name;
use spanfate_model::finding::diff::DiffRule;

use super::json::{JsonText, Leniency, digits};
use super::sink::Intake;
use super::stream::{next, part};
use super::window::{PieceStop, ReadPiece, Window};
use crate::error::{InputPosition, ReadStop};

/// Copies of one row that are compared.
const MOST_COPIES: u64 = 1000;

/// The cells that are needed, as text.
#[derive(Default)]
pub(super) struct RowCells {
    trace: Vec<u8>,
    span: Vec<u8>,
    parent: Vec<u8>,
    service: Vec<u8>,
    name: Vec<u8>,
    kind: Vec<u8>,
    copies: Vec<u8>,
}

impl RowCells {
    pub(super) fn clear(&mut self) {
        for cell in [
            &mut self.trace,
            &mut self.span,
            &mut self.parent,
            &mut self.service,
            &mut self.name,
            &mut self.kind,
            &mut self.copies,
        ] {
            cell.clear();
        }
    }

    /// The cell of a column.
    pub(super) fn of(&mut self, column: &[u8]) -> Option<&mut Vec<u8>> {
        Some(match column {
            b"trace_id" => &mut self.trace,
            b"span_id" => &mut self.span,
            b"parent_span_id" => &mut self.parent,
            b"service" => &mut self.service,
            b"name" => &mut self.name,
            b"kind" => &mut self.kind,
            b"copies" => &mut self.copies,
            _ => return None,
        })
    }

    /// Gives the span on.
    pub(super) fn give(&self, intake: &mut Intake<'_>, at: InputPosition) -> Result<(), ReadStop> {
        let wrong = |what: &str| ReadStop::malformed(at, what);
        let copies = digits(&self.copies).ok_or_else(|| wrong("`copies` is no whole number"))?;
        if copies == 0 {
            intake.not_arrived += 1;
            return Ok(());
        }
        if copies > MOST_COPIES {
            return Err(wrong("`copies` is more than 1,000, and so many are not compared"));
        }
        let draft = &mut intake.draft;
        draft.clear();
        (draft.at, draft.line) = (at.byte, at.line);
        let lenient = &mut intake.lenient;
        draft.trace =
            id(&self.trace, lenient).ok_or_else(|| wrong("`trace_id` has not 32 hexadecimal digits"))?;
        draft.span =
            id(&self.span, lenient).ok_or_else(|| wrong("`span_id` has not 16 hexadecimal digits"))?;
        if !self.parent.is_empty() {
            draft.parent = id(&self.parent, lenient)
                .ok_or_else(|| wrong("`parent_span_id` has not 16 hexadecimal digits"))?;
        }
        draft.kind = (0..=5)
            .find(|kind| kind_name(*kind).as_bytes() == self.kind)
            .ok_or_else(|| wrong("`kind` is none that is known"))?;
        draft.name.extend_from_slice(&self.name);
        let (resource, scope) = (intake.resources.begin(), intake.scopes.begin());
        (intake.draft.resource, intake.draft.scope) = (resource, scope);
        intake.resource.clear();
        intake.resource.name.extend_from_slice(&self.service);
        intake.settle_resource(resource)?;
        intake.scope.clear();
        intake.settle_scope(scope)?;
        for _ in 0..copies {
            intake.put()?;
        }
        Ok(intake.end_group()?)
    }
}

fn id<const N: usize>(text: &[u8], lenient: &mut Leniency) -> Option<[u8; N]> {
    let quoted = [b"\"", text, b"\""].concat();
    JsonText::new(&quoted).id(false, lenient).ok()
}

/// Rows as JSON, one a line.
pub(super) fn read_ndjson(window: &mut Window<'_>, intake: &mut Intake<'_>) -> Result<(), ReadStop> {
    let mut cells = RowCells::default();
    while next(window)?.is_some() {
        let at = window.position();
        part(window, |json| {
            cells.clear();
            row(json, &mut cells)
        })?;
        cells.give(intake, at)?;
    }
    Ok(())
}

fn row(json: &mut JsonText<'_>, cells: &mut RowCells) -> ReadPiece<()> {
    json.object()?;
    let mut first = true;
    while let Some(key) = json.key(&mut first)? {
        match cells.of(key) {
            Some(_) if json.null()? => {}
            Some(cell) if !cell.is_empty() => return json.wrong("a key of a row comes twice"),
            Some(cell) if key == b"copies" => cell.extend_from_slice(json.number()?),
            Some(cell) => json.text(cell)?,
            None => json.skip()?,
        }
    }
    Ok(())
}

/// Rows as CSV, with a line of headings.
pub(super) fn read_csv(window: &mut Window<'_>, intake: &mut Intake<'_>) -> Result<(), ReadStop> {
    let mut columns: Vec<Vec<u8>> = Vec::new();
    window.piece(|bytes| {
        columns.clear();
        line(bytes, |_, cell| columns.push(cell.to_vec()))
    })?;
    let mut cells = RowCells::default();
    for needed in [&b"trace_id"[..], b"span_id", b"service", b"name", b"kind", b"copies"] {
        if !columns.iter().any(|column| column == needed) {
            let what = format!("the headings lack `{}`", String::from_utf8_lossy(needed));
            return Err(ReadStop::malformed(window.position(), what));
        }
    }
    for (at, column) in columns.iter().enumerate() {
        if cells.of(column).is_some() && columns[..at].contains(column) {
            let what = format!("the heading `{}` comes twice", String::from_utf8_lossy(column));
            return Err(ReadStop::malformed(window.position(), what));
        }
    }
    let strip = intake.lenient.rules.has(DiffRule::Formulas);
    while window.ensure(1)? {
        let at = window.position();
        let (mut many, mut formulas) = (0, 0);
        window.piece(|bytes| {
            cells.clear();
            (many, formulas) = (0, 0);
            line(bytes, |number, cell| {
                many += 1;
                let Some(column) = columns.get(number) else { return };
                let Some(place) = cells.of(column) else { return };
                let formula = strip && is_guarded(cell);
                formulas += usize::from(formula);
                place.extend_from_slice(&cell[usize::from(formula)..]);
            })
        })?;
        if many != columns.len() {
            let what = format!("the row has {many} cells, and the headings are {}", columns.len());
            return Err(ReadStop::malformed(at, what));
        }
        for _ in 0..formulas {
            intake.takes(DiffRule::Formulas);
        }
        cells.give(intake, at)?;
    }
    Ok(())
}

/// Whether an apostrophe stands before what would be a formula, or before one that is of the text itself.
fn is_guarded(cell: &[u8]) -> bool {
    matches!(cell, [b'\'', b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\'', ..])
}

/// Calls `each` for the cells of a line; gives the length of the line.
fn line(bytes: &[u8], mut each: impl FnMut(usize, &[u8])) -> ReadPiece<((), usize)> {
    let (mut at, mut number) = (0, 0);
    let mut cell = Vec::new();
    loop {
        cell.clear();
        if bytes.get(at) == Some(&b'"') {
            at += 1;
            loop {
                match bytes.get(at) {
                    None => return Err(PieceStop::More),
                    Some(b'"') if bytes.get(at + 1) == Some(&b'"') => {
                        cell.push(b'"');
                        at += 2;
                    }
                    Some(b'"') => {
                        at += 1;
                        break;
                    }
                    Some(byte) => {
                        cell.push(*byte);
                        at += 1;
                    }
                }
            }
        } else {
            let length = bytes[at..].iter().position(|byte| matches!(byte, b',' | b'\n'));
            let length = length.ok_or(PieceStop::More)?;
            cell.extend_from_slice(&bytes[at..at + length]);
            at += length;
        }
        match bytes.get(at) {
            Some(b',') => {
                each(number, &cell);
                number += 1;
                at += 1;
            }
            Some(b'\n') => {
                each(number, cell.strip_suffix(b"\r").unwrap_or(&cell));
                return Ok(((), at + 1));
            }
            Some(b'\r') if bytes.get(at + 1) == Some(&b'\n') => {
                each(number, &cell);
                return Ok(((), at + 2));
            }
            None => return Err(PieceStop::More),
            Some(_) => return Err(PieceStop::Wrong(at, "expected a comma behind a cell in quotation marks")),
        }
    }
}
