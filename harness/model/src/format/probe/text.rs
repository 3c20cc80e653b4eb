//! Texts of a probe log come in pieces; and only some errors have a text that can be read.

use std::collections::BTreeMap;

use super::{ProbeKind, ProcessorLook, TextPiece};

/// Error types whose value begins with the text of the error.
const TEXTUAL: [&str; 4] =
    ["*fmt.wrapError", "*fmt.wrapErrors", "*errors.errorString", "*internal/errors.errorString"];

/// Error types whose value begins with the errors that they join.
const JOINED: [&str; 1] = ["*errors.joinError"];

/// Of the number of a piece of an error, what counts the pieces, and what its value is where the piece is a type's table; the
/// rest is the number of the part of a joined error, from 1, and 0 for the error itself.
const COUNTS: u8 = 7;

impl TextPiece {
    /// Of an endpoint: in which place of a client it was.
    pub const fn place(&self) -> u8 {
        self.part()
    }

    /// Which part of a joined error it is about.
    const fn part(&self) -> u8 {
        self.piece / (COUNTS + 1)
    }

    /// Of an error: the address of the table of its part's type, if this is that.
    pub fn table(&self) -> Option<u64> {
        let first = self.bytes.first_chunk().copied().map(u64::from_le_bytes);
        first.filter(|table| self.piece & COUNTS == COUNTS && *table != 0)
    }
}

/// A text that is being put together.
#[derive(Clone, Default, Debug)]
pub struct Pieces {
    bytes: Vec<u8>,
    length: usize,
}

impl Pieces {
    /// Adds a piece; the first one begins the text anew.
    pub fn add(&mut self, text: &TextPiece) {
        if text.piece & COUNTS == 0 {
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
    /// If it is a joined one: its parts, as far as they were read, with their tables.
    parts: BTreeMap<u8, (u64, Pieces)>,
}

impl ExportError {
    fn add(&mut self, text: &TextPiece) {
        match (text.part(), text.table()) {
            (0, _) => self.text.add(text),
            (part, Some(table)) => self.parts.entry(part).or_default().0 = table,
            (part, None) => self.parts.entry(part).or_default().1.add(text),
        }
    }

    /// What it says, with a look-up of a type's name by its table. The name is empty where a process was gone before it was read.
    pub fn say<'a>(&self, name_of: impl Fn(u64) -> &'a str) -> String {
        let name = name_of(self.table);
        if (JOINED.contains(&name) || name.is_empty()) && !self.parts.is_empty() {
            let lines = self.parts.values().map(|(table, text)| said(name_of(*table), text));
            return lines.collect::<Vec<_>>().join("\n");
        }
        said(name, &self.text)
    }
}

/// What an error of a type says, if its value begins with a text. Of other types the bytes that were read may be anything: they
/// count where they are the whole of a text.
fn said(type_name: &str, text: &Pieces) -> String {
    let said = text.text();
    if TEXTUAL.contains(&type_name) && !said.is_empty() {
        return said;
    }
    let plain = |letter: char| letter == '\n' || letter == '\t' || !letter.is_control();
    let is_text =
        said.len() > 2 && said.chars().all(|letter| plain(letter) && letter != char::REPLACEMENT_CHARACTER);
    match (is_text, type_name) {
        (true, "") => said,
        (true, _) => format!("an error of type {type_name}: {said}"),
        (false, "") => "an error whose text could not be read".to_owned(),
        (false, _) => format!("an error of type {type_name}"),
    }
}

/// The errors of exports, whose texts come on the goroutine of the export, behind it.
#[derive(Default, Debug)]
pub struct ExportErrors {
    reading: BTreeMap<u64, ExportError>,
}

impl ExportErrors {
    /// An export, or a shutdown, has returned. Gives the error before it on this goroutine, which is whole now.
    pub fn exported(&mut self, look: &ProcessorLook) -> Option<ExportError> {
        let before = self.reading.remove(&look.goroutine);
        if matches!(look.kind, ProbeKind::Exported | ProbeKind::Returned) && look.failed {
            let error = ExportError {
                batch: look.batch,
                table: look.error,
                text: Pieces::default(),
                parts: BTreeMap::new(),
            };
            self.reading.insert(look.goroutine, error);
        }
        before
    }

    /// A piece of an error's text.
    pub fn add(&mut self, text: &TextPiece) {
        if let Some(error) = self.reading.get_mut(&text.of) {
            error.add(text);
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

    /// Pieces of a text, as the probes write them.
    fn pieces(part: u8, text: &[u8]) -> Vec<TextPiece> {
        let one = |(number, bytes): (usize, &[u8])| {
            let mut piece = TextPiece {
                at: 0,
                of: 7,
                piece: number as u8 + part * 8,
                length: text.len() as u16,
                bytes: [0; 40],
            };
            piece.bytes[..bytes.len()].copy_from_slice(bytes);
            piece
        };
        text.chunks(40).enumerate().map(one).collect()
    }

    fn table(part: u8, address: u64) -> TextPiece {
        TextPiece { piece: 7 + part * 8, ..pieces(part, &address.to_le_bytes())[0] }
    }

    fn said(name: &str, texts: &[TextPiece]) -> String {
        let look = ProcessorLook {
            kind: ProbeKind::Exported,
            at: 0,
            goroutine: 7,
            processor: 0,
            batch: 1,
            spans: 0,
            dropped: 0,
            queue: 0,
            failed: true,
            simple: false,
            error: 1,
            began: 0,
        };
        let mut errors = ExportErrors::default();
        assert!(errors.exported(&look).is_none());
        for text in texts {
            errors.add(text);
        }
        let name_of = |table: u64| match table {
            1 => name,
            2 => "*fmt.wrapError",
            _ => "*main.Mine",
        };
        errors.exported(&look).unwrap().say(name_of)
    }

    #[test]
    fn joined_errors_are_lines() {
        let long = "x".repeat(100);
        let mut texts = pieces(0, &[0x40, 0, 0xc0]);
        texts.push(table(1, 2));
        texts.extend(pieces(1, long.as_bytes()));
        texts.push(table(2, 3));
        texts.extend(pieces(2, b"no room"));
        let lines = format!("{long}\nan error of type *main.Mine: no room");
        assert_eq!(said("*errors.joinError", &texts), lines);
        // The name of its type could not be read any more, but its parts were.
        assert_eq!(said("", &texts), lines);
    }

    #[test]
    fn a_text_needs_no_type_but_must_be_a_text() {
        assert_eq!(said("*fmt.wrapError", &pieces(0, b"a: b")), "a: b");
        assert_eq!(said("", &pieces(0, b"traces export: EOF")), "traces export: EOF");
        assert_eq!(said("*main.Mine", &pieces(0, b"no room")), "an error of type *main.Mine: no room");
        assert_eq!(said("*main.Mine", &pieces(0, &[1, 2, 3, 4])), "an error of type *main.Mine");
        assert_eq!(said("", &pieces(0, &[0xff; 9])), "an error whose text could not be read");
        assert_eq!(said("*url.Error", &[]), "an error of type *url.Error");
    }

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
