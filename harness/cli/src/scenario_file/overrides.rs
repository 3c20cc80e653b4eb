//! What the command line sets in place of a scenario's file. It happens in the table, before anything is typed: so a wrong value
//! is shown where it was written, whatever key it is for.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::table::{remove, set_at};

/// The list whose tables may have keys of the whole file as their own.
const VARIANT: &str = "variant";

/// A key with a value, from the command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Override {
    /// A line of a scenario file: `load.rate = "1000/s"`.
    line: String,
}

/// Where the overrides stand in spans: behind the file, each on a line of its own.
pub(super) fn places<'o>(file: &str, all: &'o [Override]) -> Vec<(Range<usize>, &'o str)> {
    let mut from = file.len() + 1;
    let place = |one: &'o Override| {
        let range = from..from + one.line.len();
        from = range.end + 1;
        (range, one.line.as_str())
    };
    all.iter().map(place).collect()
}

impl Override {
    /// Reads `KEY=VALUE`. A value that is no TOML is text that lacks its quotes, as a shell takes them away.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let example = "for example load.connections=50";
        let (key, value) = text.split_once('=').ok_or_else(|| format!("write KEY=VALUE, {example}"))?;
        let (key, value) = (key.trim(), value.trim());
        let one_line = !key.is_empty() && !text.contains('\n');
        if !one_line || DeTable::parse(&format!("{key} = 0")).is_err() {
            return Err(format!("`{text}` does not begin with a key of a scenario file, {example}"));
        }
        if value.is_empty() {
            return Err(format!("`{key}` has no value, {example}"));
        }
        let as_written = format!("{key} = {value}");
        let line = match DeTable::parse(&as_written) {
            Ok(_) => as_written,
            Err(_) => format!("{key} = {}", toml::Value::String(value.to_owned())),
        };
        Ok(Self { line })
    }

    /// A key of the file with text as its value.
    pub(crate) fn text(key: &str, value: &str) -> Self {
        Self { line: format!("{key} = {}", toml::Value::String(value.to_owned())) }
    }

    /// The line of a scenario file that would say the same.
    pub(crate) fn line(&self) -> &str {
        &self.line
    }
}

/// The overrides as one table whose spans are those of [`places`].
pub(super) fn padded(file: &str, all: &[Override]) -> Vec<String> {
    places(file, all).into_iter().map(|(at, line)| " ".repeat(at.start) + line).collect()
}

/// Puts what the command line says into the table: into the file's own keys, and for all variants in place of theirs.
pub(super) fn put_into<'i>(table: &mut DeTable<'i>, padded: &'i [String]) {
    for text in padded {
        let (given, _) = DeTable::parse_recoverable(text);
        for (path, key, value) in leaves(given.into_inner()) {
            if let Some(DeValue::Array(variants)) = table.get_mut(VARIANT).map(Spanned::get_mut) {
                for variant in variants.iter_mut() {
                    if let DeValue::Table(variant) = variant.get_mut() {
                        remove(variant, &path);
                    }
                }
            }
            set_at(table, &path, &key, &value);
        }
    }
}

/// A value with its path and the place of its last key.
type Leaf<'i> = (Vec<String>, Range<usize>, Spanned<DeValue<'i>>);

/// The values of a line with their dotted keys as paths; a table that is written as a value is one value.
fn leaves(table: DeTable<'_>) -> Vec<Leaf<'_>> {
    let mut out = Vec::new();
    for (key, value) in table {
        let name = key.get_ref().to_string();
        match value.get_ref() {
            DeValue::Table(below) if !is_written_out(&key, &value) => {
                let below = leaves(below.clone());
                out.extend(below.into_iter().map(|(mut path, key, value)| {
                    path.insert(0, name.clone());
                    (path, key, value)
                }));
            }
            _ => out.push((vec![name], key.span(), value)),
        }
    }
    out
}

/// Whether a table stands there as `{ … }`. One that a dotted key makes has the key's own place.
fn is_written_out(key: &Spanned<impl Sized>, value: &Spanned<DeValue<'_>>) -> bool {
    value.span().start > key.span().start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_toml_or_text_that_lost_its_quotes() {
        let cases = [
            ("load.connections=50", "load.connections = 50"),
            ("load.rate=1000/s", "load.rate = \"1000/s\""),
            ("load.rate = \"1000/s\"", "load.rate = \"1000/s\""),
            ("exporter.retry={ enabled = false }", "exporter.retry = { enabled = false }"),
            ("description=it's \"so\"", "description = 'it''s'"),
        ];
        for (given, line) in cases.into_iter().take(4) {
            assert_eq!(Override::read(given).unwrap().line(), line);
        }
        let quoted = Override::read(cases[4].0).unwrap();
        let table: toml::Table = toml::from_str(quoted.line()).unwrap();
        assert_eq!(table["description"].as_str(), Some("it's \"so\""));
        for wrong in ["load.rate", "=5", "a b=5", "load.rate=", "load]=1", "a=1\nb=2"] {
            assert!(Override::read(wrong).is_err(), "{wrong}");
        }
    }
}
