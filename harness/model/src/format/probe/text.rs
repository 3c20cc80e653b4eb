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
