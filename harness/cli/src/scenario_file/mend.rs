//! Mends a table after an error, so that the rest of the file can be looked at: an unknown key is taken out, a wrong or
//! missing value of a required key gets a placeholder. What was mended has been reported; the result is never run.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Required keys and a value that is valid for each.
const PLACEHOLDERS: [(&str, &str); 11] = [
    ("name", "placeholder"),
    ("rate", "1/s"),
    ("to", "1/s"),
    ("lasting", "1s"),
    ("every", "2s"),
    ("file", "arrivals.txt"),
    ("that", "duplicates >= 0"),
    ("kind", "pause"),
    ("delay", "1ms"),
    ("at", "0s"),
    ("grpc", "UNAVAILABLE"),
];

/// Takes out the key that stands at a span, wherever it is.
pub(super) fn remove_key(table: &mut DeTable<'_>, at: &Range<usize>) -> bool {
    let here = table.keys().find(|key| key.span() == *at).map(|key| key.get_ref().to_string());
    if let Some(name) = here {
        return table.remove(name.as_str()).is_some();
    }
    tables_below(table).any(|table| remove_key(table, at))
}

/// Replaces the value at a span, or takes its key out when it is not required. `count` makes placeholders distinct.
pub(super) fn replace_value(table: &mut DeTable<'_>, at: &Range<usize>, count: usize) -> bool {
    let holds = |value: &Spanned<DeValue<'_>>| value.span().start <= at.start && at.end <= value.span().end;
    let is_leaf = |value: &DeValue<'_>| !matches!(value, DeValue::Table(_)) && !is_array_of_tables(value);
    let here =
        table.iter().find(|(_, value)| holds(value) && (is_leaf(value.get_ref()) || value.span() == *at));
    let Some(name) = here.map(|(key, _)| key.get_ref().to_string()) else {
        return tables_below(table).any(|table| replace_value(table, at, count));
    };
    match (placeholder(&name, count), table.get_mut(name.as_str())) {
        (Some(text), Some(value)) => {
            *value.get_mut() = DeValue::String(Cow::Owned(text));
            true
        }
        _ => table.remove(name.as_str()).is_some(),
    }
}

/// Gives a placeholder to a required key that is missing in the table at a span.
pub(super) fn insert_missing(
    table: &mut Spanned<DeTable<'_>>,
    at: Option<&Range<usize>>,
    key: &str,
    count: usize,
) -> bool {
    let root = table.span();
    insert_in(table.get_mut(), &root, at, key, count)
}

fn insert_in(
    table: &mut DeTable<'_>,
    own: &Range<usize>,
    at: Option<&Range<usize>>,
    key: &str,
    count: usize,
) -> bool {
    let fits = at.is_none_or(|at| own == at) && !table.contains_key(key);
    if fits && let Some(value) = value_of(key, count) {
        table.insert(Spanned::new(own.clone(), Cow::Owned(key.to_owned())), Spanned::new(own.clone(), value));
        return true;
    }
    table.iter_mut().any(|(_, value)| insert_below(value, at, key, count))
}

fn insert_below(
    value: &mut Spanned<DeValue<'_>>,
    at: Option<&Range<usize>>,
    key: &str,
    count: usize,
) -> bool {
    let span = value.span();
    match value.get_mut() {
        DeValue::Table(table) => insert_in(table, &span, at, key, count),
        DeValue::Array(array) => array.iter_mut().any(|value| insert_below(value, at, key, count)),
        _ => false,
    }
}

fn value_of(key: &str, count: usize) -> Option<DeValue<'static>> {
    match key {
        "load" => Some(DeValue::Table(DeTable::parse("rate = '1/s'\nlasting = '1s'").ok()?.into_inner())),
        "enabled" => Some(DeValue::Boolean(true)),
        _ => placeholder(key, count).map(|text| DeValue::String(Cow::Owned(text))),
    }
}

/// Names must be distinct, or the mended file would have mistakes of its own.
fn placeholder(key: &str, count: usize) -> Option<String> {
    let (_, text) = PLACEHOLDERS.iter().find(|(name, _)| *name == key)?;
    Some(if key == "name" { format!("{text}-{count}") } else { (*text).to_owned() })
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
