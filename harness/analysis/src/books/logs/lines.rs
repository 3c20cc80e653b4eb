//! Pieces of a file become its lines, one of which is held at most.

use super::MOST_LINE;

/// The mark that some programs write at the beginning of a file.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Takes pieces and gives lines.
#[derive(Debug, Default)]
pub(super) struct LineSplitter {
    /// The beginning of the line whose end has not come.
    held: Vec<u8>,
    /// Bytes of that line, where they are too many to be held; else 0.
    over: u64,
    /// Lines that had their end.
    number: u64,
}

/// Who takes a line: its number from 1, and its bytes, or how many they are where they are too many.
pub(super) type TakesLine<'t> = dyn FnMut(u64, Result<&[u8], u64>) + 't;

impl LineSplitter {
    /// For what stands behind so many lines.
    pub(super) fn behind(lines: u64) -> Self {
        Self { number: lines, ..Self::default() }
    }

    /// Takes a piece. Lines without anything in them are counted and not given.
    pub(super) fn feed(&mut self, mut piece: &[u8], take: &mut TakesLine<'_>) {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = piece.split_at(end);
            piece = rest.get(1..).unwrap_or_default();
            if self.held.is_empty() && self.over == 0 && line.len() <= MOST_LINE {
                self.number += 1;
                give(self.number, line, take);
            } else {
                self.hold(line);
                self.end(take);
            }
        }
        self.hold(piece);
    }

    /// The line whose end was not marked, if there is one.
    pub(super) fn end(&mut self, take: &mut TakesLine<'_>) {
        self.number += 1;
        match std::mem::take(&mut self.over) {
            0 => give(self.number, &self.held, take),
            bytes => take(self.number, Err(bytes)),
        }
        self.held.clear();
    }

    fn hold(&mut self, piece: &[u8]) {
        if self.over > 0 {
            self.over += piece.len() as u64;
        } else if self.held.len() + piece.len() > MOST_LINE {
            self.over = (self.held.len() + piece.len()) as u64;
            self.held = Vec::new();
        } else {
            self.held.extend_from_slice(piece);
        }
    }
}

fn give(number: u64, line: &[u8], take: &mut TakesLine<'_>) {
    let line = if number == 1 { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line };
    let line = line.trim_ascii();
    if !line.is_empty() {
        take(number, Ok(line));
    }
}
