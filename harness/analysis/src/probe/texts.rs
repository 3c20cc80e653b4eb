//! Texts of a probe log: they come in pieces.

use std::collections::BTreeMap;

use spanfate_model::probe::{Kind, Record, Text};

use super::Probed;

/// Error types whose value begins with the text of the error; of others the bytes that were read mean nothing.
const TEXTUAL: [&str; 4] =
    ["*fmt.wrapError", "*fmt.wrapErrors", "*errors.errorString", "*internal/errors.errorString"];

/// A text that is being put together.
#[derive(Default)]
struct Pieces {
    bytes: Vec<u8>,
    length: usize,
}

impl Pieces {
    fn add(&mut self, text: &Text) {
        if text.piece == 0 {
            self.bytes.clear();
        }
        self.length = usize::from(text.length);
        self.bytes.extend(text.bytes);
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes[..self.length.min(self.bytes.len())]).into_owned()
    }
}

/// What texts a log holds.
#[derive(Default)]
pub(super) struct Texts {
    /// Names of spans, by address.
    pub(super) names: BTreeMap<u64, String>,
    /// What the error of a batch said, by number.
    pub(super) errors: BTreeMap<u32, String>,
}

impl Texts {
    pub(super) fn of(log: &Probed<'_>) -> Self {
        let (mut names, mut types) = (BTreeMap::<u64, Pieces>::new(), BTreeMap::<u64, Pieces>::new());
        // On each goroutine, the batch whose error is being read.
        let mut reading = BTreeMap::<u64, (u32, u64, Pieces)>::new();
        let mut errors = Vec::new();
        for record in log.each() {
            match record {
                Record::Name(text) => names.entry(text.of).or_default().add(&text),
                Record::Type(text) => types.entry(text.of).or_default().add(&text),
                Record::Processor(look) if look.kind == Kind::Exported => {
                    errors.extend(reading.remove(&look.goroutine));
                    if look.failed {
                        reading.insert(look.goroutine, (look.batch, look.error, Pieces::default()));
                    }
                }
                Record::Error(text) => {
                    if let Some((_, _, pieces)) = reading.get_mut(&text.of) {
                        pieces.add(&text);
                    }
                }
                _ => {}
            }
        }
        errors.extend(reading.into_values());
        let named = |pieces: BTreeMap<u64, Pieces>| -> BTreeMap<u64, String> {
            pieces.into_iter().map(|(at, pieces)| (at, pieces.text())).collect()
        };
        let types = named(types);
        let error = |(batch, table, pieces): (u32, u64, Pieces)| {
            let kind = types.get(&table).map_or("", String::as_str);
            let text = pieces.text();
            let known = TEXTUAL.contains(&kind) && !text.is_empty();
            (batch, if known { text } else { format!("an error of type {kind}") })
        };
        Self { names: named(names), errors: errors.into_iter().map(error).collect() }
    }
}
