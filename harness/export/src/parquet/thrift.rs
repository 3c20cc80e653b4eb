//! Messages in Thrift's compact protocol, as Parquet has them: only what is written.

/// Types of fields.
const INT: u8 = 5;
const LONG: u8 = 6;
const TEXT: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// A message while it is written.
pub(super) struct ThriftWriter {
    out: Vec<u8>,
    /// Number of the last field of each struct that is open, outermost first.
    last: Vec<u8>,
}

impl ThriftWriter {
    pub(super) fn new() -> Self {
        Self { out: Vec::new(), last: vec![0] }
    }

    /// Ends the outermost struct; gives all bytes.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.end();
        self.out
    }

    /// A field of 32 bits.
    pub(super) fn int(&mut self, field: u8, value: i32) {
        self.field(field, INT);
        self.number(value.into());
    }

    /// A field of 64 bits.
    pub(super) fn long(&mut self, field: u8, value: i64) {
        self.field(field, LONG);
        self.number(value);
    }

    pub(super) fn text(&mut self, field: u8, value: &str) {
        self.field(field, TEXT);
        self.raw_text(value);
    }

    pub(super) fn list_of_ints(&mut self, field: u8, values: &[i32]) {
        self.list(field, INT, values.len());
        for value in values {
            self.number((*value).into());
        }
    }

    pub(super) fn list_of_texts(&mut self, field: u8, values: &[&str]) {
        self.list(field, TEXT, values.len());
        for value in values {
            self.raw_text(value);
        }
    }

    /// A list of so many structs, each of which then begins and ends.
    pub(super) fn list_of_structs(&mut self, field: u8, many: usize) {
        self.list(field, STRUCT, many);
    }

    /// A struct as an element of a list.
    pub(super) fn begin_element(&mut self) {
        self.last.push(0);
    }

    /// A struct as a field.
    pub(super) fn begin(&mut self, field: u8) {
        self.field(field, STRUCT);
        self.last.push(0);
    }

    /// The end of the innermost struct.
    pub(super) fn end(&mut self) {
        self.out.push(0);
        self.last.pop();
    }

    /// The head of a field: how far its number is behind the one before, which is never more than 15 here.
    fn field(&mut self, field: u8, kind: u8) {
        if let Some(last) = self.last.last_mut() {
            self.out.push((field - *last) << 4 | kind);
            *last = field;
        }
    }

    fn list(&mut self, field: u8, kind: u8, many: usize) {
        self.field(field, LIST);
        if many < 15 {
            self.out.push((many as u8) << 4 | kind);
        } else {
            self.out.push(0xf0 | kind);
            varint(&mut self.out, many as u64);
        }
    }

    fn raw_text(&mut self, value: &str) {
        varint(&mut self.out, value.len() as u64);
        self.out.extend_from_slice(value.as_bytes());
    }

    /// A number, its sign in the lowest bit.
    fn number(&mut self, value: i64) {
        varint(&mut self.out, ((value << 1) ^ (value >> 63)).cast_unsigned());
    }
}

/// A number in groups of seven bits, the lowest first.
pub(super) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
