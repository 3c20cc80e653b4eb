//! Mends a table after an error, so that the rest of the file can be looked at: an unknown key is taken out, a wrong or
//! missing value of a required key gets a placeholder. What was mended has been reported; the result is never run.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Required keys, each with values of which one is valid wherever it is required: what a key means depends on its table. They are
/// written as in a file.
const PLACEHOLDERS: [(&str, &[&str]); 41] = [
    ("name", &["'placeholder'"]),
    ("load", &["{ rate = '1/s', lasting = '1s' }"]),
    ("rate", &["'1/s'", "'64kB'", "0.5"]),
    ("to", &["'1/s'"]),
    ("lasting", &["'1s'"]),
    ("every", &["'2s'"]),
    ("file", &["'arrivals.txt'"]),
    ("that", &["'duplicates >= 0'"]),
    ("kind", &["'pause'"]),
    ("delay", &["'1ms'"]),
    ("at", &["'0s'"]),
    ("grpc", &["'UNAVAILABLE'"]),
    ("enabled", &["true"]),
    ("arm", &["'handler'"]),
    ("baseline", &["'placeholder'"]),
    ("candidate", &["'placeholder'"]),
    ("by", &["'1ms'"]),
    ("bytes", &["'64KiB'"]),
    ("depth", &["100"]),
    ("design", &["'placeholder'"]),
    ("figures", &["['loss.rate']"]),
    ("grow", &["'256MiB'"]),
    ("hold", &["'1ms'"]),
    ("holds_if", &["[{ that = 'duplicates >= 0' }]"]),
    ("how", &["'background'", "'goexit'"]),
    ("limit", &["'64MiB'"]),
    ("one_in", &["2"]),
    ("per_span", &["'1us'"]),
    ("place", &["'under_defer'"]),
    ("quota", &["0.5"]),
    ("reject", &["1"]),
    ("says", &["'placeholder'"]),
    ("sentence", &["'placeholder'"]),
    ("share", &["0.5"]),
    ("size", &["'64KiB'"]),
    ("store", &["'placeholder'"]),
    ("time", &["'1s'"]),
    ("what", &["'never_ended'"]),
    ("busy", &["'1/s'"]),
    ("filled", &["0.5"]),
    ("span", &["'placeholder'"]),
];

/// Takes out the key that stands at a span, wherever it is.
pub(super) fn remove_key(table: &mut DeTable<'_>, at: &Range<usize>) -> bool {
    let here = table.keys().find(|key| key.span() == *at).map(|key| key.get_ref().to_string());
    if let Some(name) = here {
        return table.remove(name.as_str()).is_some();
    }
    tables_below(table).any(|table| remove_key(table, at))
}

/// Replaces the value at a span by the first placeholder that fits, or takes its key out where none does. `count` makes names
/// distinct.
pub(super) fn replace_value(
    table: &mut Spanned<DeTable<'_>>,
    at: &Range<usize>,
    count: usize,
    fits: &dyn Fn(&Spanned<DeTable<'_>>) -> bool,
) -> bool {
    let Some(name) = key_of(table.get_ref(), at) else { return false };
    for value in values_of(&name, count) {
        let mut mended = table.clone();
        if set_value(mended.get_mut(), at, Some(value)) && fits(&mended) {
            *table = mended;
            return true;
        }
    }
    set_value(table.get_mut(), at, None)
}

/// The key whose value stands at a span, or holds it and is not looked into.
fn key_of(table: &DeTable<'_>, at: &Range<usize>) -> Option<String> {
    let here = table.iter().find(|(_, value)| is_at(value, at)).map(|(key, _)| key.get_ref().to_string());
    here.or_else(|| tables_in(table).into_iter().find_map(|table| key_of(table, at)))
}

/// Gives the key whose value stands at a span another value, or takes it out.
fn set_value(table: &mut DeTable<'_>, at: &Range<usize>, new: Option<DeValue<'static>>) -> bool {
    let here = table.iter().find(|(_, value)| is_at(value, at));
    let Some(name) = here.map(|(key, _)| key.get_ref().to_string()) else {
        return tables_below(table).any(|table| set_value(table, at, new.clone()));
    };
    match (new, table.get_mut(name.as_str())) {
        (Some(new), Some(value)) => {
            *value.get_mut() = new;
            true
        }
        _ => table.remove(name.as_str()).is_some(),
    }
}

fn is_at(value: &Spanned<DeValue<'_>>, at: &Range<usize>) -> bool {
    let holds = value.span().start <= at.start && at.end <= value.span().end;
    let is_leaf = !matches!(value.get_ref(), DeValue::Table(_)) && !is_array_of_tables(value.get_ref());
    holds && (is_leaf || value.span() == *at)
}

/// Gives a required key that is missing in the table at a span the first placeholder that fits there; whether one did.
pub(super) fn insert_missing(
    table: &mut Spanned<DeTable<'_>>,
    at: Option<&Range<usize>>,
    key: &str,
    count: usize,
    fits: &dyn Fn(&Spanned<DeTable<'_>>) -> bool,
) -> bool {
    let root = table.span();
    for value in values_of(key, count) {
        let mut mended = table.clone();
        if insert_in(mended.get_mut(), &root, at, key, &value) && fits(&mended) {
            *table = mended;
            return true;
        }
    }
    false
}

fn insert_in(
    table: &mut DeTable<'_>,
    own: &Range<usize>,
    at: Option<&Range<usize>>,
    key: &str,
    new: &DeValue<'static>,
) -> bool {
    let fits = at.is_none_or(|at| own == at) && !table.contains_key(key);
    if fits {
        let name = Spanned::new(own.clone(), Cow::Owned(key.to_owned()));
        table.insert(name, Spanned::new(own.clone(), new.clone()));
        return true;
    }
    table.iter_mut().any(|(_, value)| insert_below(value, at, key, new))
}

fn insert_below(
    value: &mut Spanned<DeValue<'_>>,
    at: Option<&Range<usize>>,
    key: &str,
    new: &DeValue<'static>,
) -> bool {
    let span = value.span();
    match value.get_mut() {
        DeValue::Table(table) => insert_in(table, &span, at, key, new),
        DeValue::Array(array) => array.iter_mut().any(|value| insert_below(value, at, key, new)),
        _ => false,
    }
}

/// A key that was put in: the span of its table, which is its own as well, and its name.
pub(super) type MadeUp = (Range<usize>, String);

/// Whether a path leads to or through a key that was put in, in the table at a span.
pub(super) fn is_made_up(table: &DeTable<'_>, own: &Range<usize>, path: &[String], all: &[MadeUp]) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == first.as_str()) else {
        return false;
    };
    let here = key.span() == *own && all.iter().any(|(span, name)| span == own && name == first);
    here || is_made_up_in(value, rest, all)
}

fn is_made_up_in(value: &Spanned<DeValue<'_>>, path: &[String], all: &[MadeUp]) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    match value.get_ref() {
        // `[service]` stands for the first of `[[service]]`.
        DeValue::Table(table) => {
            is_made_up(table, &value.span(), if first == "0" { rest } else { path }, all)
        }
        DeValue::Array(array) => {
            let item = first.parse::<usize>().ok().and_then(|index| array.get(index));
            item.is_some_and(|item| is_made_up_in(item, rest, all))
        }
        _ => false,
    }
}

/// The placeholders of a key. Names must be distinct, or the mended file would have mistakes of its own.
fn values_of(key: &str, count: usize) -> Vec<DeValue<'static>> {
    if key == "name" {
        return vec![DeValue::String(Cow::Owned(format!("placeholder-{count}")))];
    }
    let written = PLACEHOLDERS.iter().find(|(name, _)| *name == key).map_or(&[][..], |(_, values)| *values);
    written.iter().filter_map(|text| Some(DeValue::parse(text).ok()?.into_inner())).collect()
}

fn is_array_of_tables(value: &DeValue<'_>) -> bool {
    matches!(value, DeValue::Array(array) if array.iter().any(|item| matches!(item.get_ref(), DeValue::Table(_))))
}

/// The tables directly below a table, those in arrays included.
fn tables_below<'a, 'i>(table: &'a mut DeTable<'i>) -> impl Iterator<Item = &'a mut DeTable<'i>> {
    table.iter_mut().flat_map(|(_, value)| {
        let found: Vec<&'a mut DeTable<'i>> = match value.get_mut() {
            DeValue::Table(table) => vec![table],
            DeValue::Array(array) => array
                .iter_mut()
                .filter_map(|item| match item.get_mut() {
                    DeValue::Table(table) => Some(table),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        found
    })
}

/// The same, to be looked at only.
fn tables_in<'a, 'i>(table: &'a DeTable<'i>) -> Vec<&'a DeTable<'i>> {
    let below = |value: &'a Spanned<DeValue<'i>>| -> Vec<&'a DeTable<'i>> {
        match value.get_ref() {
            DeValue::Table(table) => vec![table],
            DeValue::Array(array) => array.iter().filter_map(|item| item.get_ref().as_table()).collect(),
            _ => Vec::new(),
        }
    };
    table.iter().flat_map(|(_, value)| below(value)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;
    use spanfate_model::schema;

    use super::*;

    /// The keys that a schema requires of some table. A table of one key that is one of several is a choice of a kind, not a
    /// table with a required key.
    fn required(schema: &Value, out: &mut BTreeSet<String>) {
        match schema {
            Value::Object(fields) => {
                for (name, field) in fields {
                    if name == "oneOf"
                        && let Value::Array(choices) = field
                    {
                        let inside = |choice: &Value| choice.get("properties").cloned().unwrap_or_default();
                        for choice in choices {
                            required(&inside(choice), out);
                        }
                    } else {
                        required(field, out);
                    }
                }
                let names = fields.get("required").and_then(Value::as_array).into_iter().flatten();
                out.extend(names.filter_map(Value::as_str).map(str::to_owned));
            }
            Value::Array(items) => items.iter().for_each(|item| required(item, out)),
            _ => {}
        }
    }

    #[test]
    fn every_required_key_of_the_schema_has_a_placeholder() {
        let mut needed = BTreeSet::new();
        required(schema::scenario().as_value(), &mut needed);
        let known: BTreeSet<String> = PLACEHOLDERS.iter().map(|(key, _)| (*key).to_owned()).collect();
        let missing: Vec<_> = needed.difference(&known).collect();
        assert!(missing.is_empty(), "a file that lacks one of these hides its other mistakes: {missing:?}");
        // What is not required has one only where its value is checked by hand after it was read.
        let more: Vec<_> = known.difference(&needed).collect();
        assert_eq!(more, ["at", "grpc"], "keys that are not required any more");
    }

    #[test]
    fn every_placeholder_is_a_value() {
        for (key, values) in PLACEHOLDERS {
            assert_eq!(values_of(key, 1).len(), values.len(), "{key}");
        }
    }
}
