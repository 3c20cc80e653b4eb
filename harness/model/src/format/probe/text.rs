//! Texts of a probe log come in pieces; and only some errors have a text that can be read.

use std::collections::BTreeMap;

use super::{ProbeKind, ProcessorLook, TextPiece};

/// Error types whose value begins with the text of the error; of others the bytes that were read mean nothing.
const TEXTUAL: [&str; 4] =
    ["*fmt.wrapError", "*fmt.wrapErrors", "*errors.errorString", "*internal/errors.errorString"];

/// A text that is being put together.
#[derive(Clone, Default, Debug)]
pub struct Pieces {
    bytes: Vec<u8>,
    length: usize,
}

impl Pieces {
    /// Adds a piece; the first one begins the text anew.
    pub fn add(&mut self, text: &TextPiece) {
        if text.piece == 0 {
            self.bytes.clear();
        }
        self.length = usize::from(text.length);
        self.bytes.extend(text.bytes);
    }

    /// What there is of it.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes[..self.length.min(self.bytes.len())]).into_owned()
    }

    /// The same of a name: one that is longer than what was read of it says so, for others may begin like it.
    pub fn name(&self) -> String {
        let kept = self.bytes.len();
        if self.length <= kept { self.text() } else { cut_name(&self.bytes, self.length) }
    }
}

/// A name of which only the beginning is known. Names of one length that begin alike are one.
pub fn cut_name(beginning: &[u8], length: usize) -> String {
    // A character that is cut in two says nothing.
    let whole = beginning.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let lossy = String::from_utf8_lossy(beginning);
    let text = if whole.len() + 4 > beginning.len() { whole } else { &lossy };
    format!("{text}… (the first {} of {length} bytes)", beginning.len())
}

/// An export's error.
#[derive(Clone, Debug)]
pub struct ExportError {
    /// The batch.
    pub batch: u32,
    /// Address of its type's table.
    pub table: u64,
    text: Pieces,
}

impl ExportError {
    /// What it says, where a type of that name has a text.
    pub fn say(&self, type_name: &str) -> String {
        let text = self.text.text();
        let known = TEXTUAL.contains(&type_name) && !text.is_empty();
        if known { text } else { format!("an error of type {type_name}") }
    }
}

/// The errors of exports, whose texts come on the goroutine of the export, behind it.
#[derive(Default, Debug)]
pub struct ExportErrors {
    reading: BTreeMap<u64, ExportError>,
}

impl ExportErrors {
    /// An export has returned. Gives the error before it on this goroutine, which is whole now.
    pub fn exported(&mut self, look: &ProcessorLook) -> Option<ExportError> {
        let before = self.reading.remove(&look.goroutine);
        if matches!(look.kind, ProbeKind::Exported | ProbeKind::Returned) && look.failed {
            let error = ExportError { batch: look.batch, table: look.error, text: Pieces::default() };
            self.reading.insert(look.goroutine, error);
        }
        before
    }

    /// A piece of an error's text.
    pub fn add(&mut self, text: &TextPiece) {
        if let Some(error) = self.reading.get_mut(&text.of) {
            error.text.add(text);
        }
    }

    /// Those that no export came after, with their goroutines.
    pub fn rest(&self) -> impl Iterator<Item = (u64, &ExportError)> {
        self.reading.iter().map(|(goroutine, error)| (*goroutine, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_was_cut_says_how_much_of_it_is_known() {
        let read = |bytes: &[u8], length: u16| {
            let mut pieces = Pieces::default();
            let mut all = [0; 40];
            all[..bytes.len()].copy_from_slice(bytes);
            pieces.add(&TextPiece { at: 0, of: 1, piece: 0, length, bytes: all });
            pieces.name()
        };
        assert_eq!(read(b"short", 5), "short");
        assert_eq!(read(&[b'n'; 40], 40), "n".repeat(40));
        let cut = read(&[b'n'; 40], 57);
        assert_eq!(cut, format!("{}… (the first 40 of 57 bytes)", "n".repeat(40)));
        let within = [&[b'n'; 39][..], &"ä".as_bytes()[..1]].concat();
        assert_eq!(read(&within, 41), format!("{}… (the first 40 of 41 bytes)", "n".repeat(39)));
    }
}
