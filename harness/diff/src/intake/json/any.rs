//! Attributes of OTLP in JSON, and their values.

use super::JsonText;
use super::id::base64;
use super::number::float;
use crate::intake::window::ReadPiece;
use crate::span::values::{AnyValue, close, open, open_nested, open_text, put_value};

/// Attribute values that may be in each other.
const DEEPEST: u32 = 100;

impl JsonText<'_> {
    /// Appends a list of attributes.
    #[inline]
    pub(crate) fn attributes(&mut self, out: &mut Vec<u8>) -> ReadPiece<()> {
        self.pairs(out, 0)
    }

    fn pairs(&mut self, out: &mut Vec<u8>, depth: u32) -> ReadPiece<()> {
        if self.null()? {
            return Ok(());
        }
        self.list()?;
        let mut first = true;
        while self.more(&mut first)? {
            self.pair(out, depth)?;
        }
        Ok(())
    }

    /// A key and a value, in whichever order.
    fn pair(&mut self, out: &mut Vec<u8>, depth: u32) -> ReadPiece<()> {
        self.object()?;
        let begin = out.len();
        let (mut first, mut key, mut value) = (true, false, false);
        while let Some(name) = self.key(&mut first)? {
            match name {
                b"key" if !key => {
                    let from = open(out);
                    self.text(out)?;
                    close(out, from);
                    if value {
                        // Behind a value it goes to the front.
                        let length = out.len() + 4 - from;
                        out[begin..].rotate_right(length);
                    }
                    key = true;
                }
                b"value" if !value => {
                    value = true;
                    self.any_value(out, depth)?;
                }
                b"key" | b"value" => return self.wrong("an attribute has two keys or two values"),
                _ => self.skip()?,
            }
        }
        if !key {
            let from = open(out);
            close(out, from);
            out[begin..].rotate_right(4);
        }
        if !value {
            put_value(out, AnyValue::Empty);
        }
        Ok(())
    }

    fn any_value(&mut self, out: &mut Vec<u8>, depth: u32) -> ReadPiece<()> {
        if depth >= DEEPEST {
            return self.wrong("attribute values are nested too deep");
        }
        if self.null()? {
            put_value(out, AnyValue::Empty);
            return Ok(());
        }
        self.object()?;
        let (mut first, mut found) = (true, false);
        while let Some(name) = self.key(&mut first)? {
            let known = matches!(
                name,
                b"stringValue"
                    | b"string_value"
                    | b"boolValue"
                    | b"bool_value"
                    | b"intValue"
                    | b"int_value"
                    | b"doubleValue"
                    | b"double_value"
                    | b"arrayValue"
                    | b"array_value"
                    | b"kvlistValue"
                    | b"kvlist_value"
                    | b"bytesValue"
                    | b"bytes_value"
            );
            if !known {
                self.skip()?;
            } else if self.null()? {
            } else if std::mem::replace(&mut found, true) {
                return self.wrong("an attribute has two values");
            } else {
                self.typed(name, out, depth)?;
            }
        }
        if !found {
            put_value(out, AnyValue::Empty);
        }
        Ok(())
    }

    fn typed(&mut self, name: &[u8], out: &mut Vec<u8>, depth: u32) -> ReadPiece<()> {
        match name[0] {
            b's' => {
                let from = open_text(out, false);
                self.text(out)?;
                close(out, from);
            }
            b'i' => {
                let number = self.signed()?;
                put_value(out, AnyValue::Int(number));
            }
            b'd' => {
                let number = self.double()?;
                put_value(out, AnyValue::Double(number));
            }
            b'a' | b'k' => {
                let from = open_nested(out, name[0] == b'k');
                self.object()?;
                let (mut first, mut found) = (true, false);
                while let Some(inside) = self.key(&mut first)? {
                    match inside {
                        b"values" if std::mem::replace(&mut found, true) => {
                            return self.wrong("a list has its values twice");
                        }
                        b"values" if name[0] == b'k' => self.pairs(out, depth + 1)?,
                        b"values" => self.values(out, depth + 1)?,
                        _ => self.skip()?,
                    }
                }
                close(out, from);
            }
            _ if name.starts_with(b"by") => {
                self.expect(b'"', "expected bytes in base64")?;
                let Some(text) = self.plain()? else { return self.wrong("bytes are written with escapes") };
                let from = open_text(out, true);
                if !base64(text, out) {
                    return self.wrong("bytes are not in base64");
                }
                close(out, from);
            }
            _ => {
                let value = self.boolean()?;
                put_value(out, AnyValue::Bool(value));
            }
        }
        Ok(())
    }

    fn values(&mut self, out: &mut Vec<u8>, depth: u32) -> ReadPiece<()> {
        if self.null()? {
            return Ok(());
        }
        self.list()?;
        let mut first = true;
        while self.more(&mut first)? {
            self.any_value(out, depth)?;
        }
        Ok(())
    }

    pub(crate) fn boolean(&mut self) -> ReadPiece<bool> {
        match self.token()? {
            b't' => self.word(b"rue").map(|()| true),
            b'f' => self.word(b"alse").map(|()| false),
            _ => self.wrong("expected true or false"),
        }
    }

    /// A double; what JSON has no number for stands in a string.
    pub(crate) fn double(&mut self) -> ReadPiece<f64> {
        let text = self.number()?;
        let found = match text {
            b"NaN" => Some(f64::NAN),
            b"Infinity" => Some(f64::INFINITY),
            b"-Infinity" => Some(f64::NEG_INFINITY),
            text => float(text),
        };
        found.map_or_else(|| self.wrong("expected a number"), Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::window::PieceStop;

    #[test]
    fn a_value_before_its_key_gives_the_same_attribute() {
        let read = |text: &str| {
            let mut out = vec![7];
            JsonText::new(text.as_bytes()).attributes(&mut out).map(|()| out)
        };
        let one = read(r#"[{"key":"ab","value":{"intValue":"5"}},{"key":"c"}]"#).unwrap();
        assert_eq!(read(r#"[{"value":{"intValue":5},"key":"ab"},{"value":{},"key":"c"}]"#).unwrap(), one);
        assert!(read(r#"[{"key":"a","key":"b"}]"#).is_err());
        let deep = format!("[{{\"key\":\"a\",\"value\":{}", "{\"arrayValue\":{\"values\":[".repeat(200));
        assert!(matches!(read(&deep), Err(PieceStop::Wrong(..))));
    }
}
