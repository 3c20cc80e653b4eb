//! Places in a TOML table: from a path to a span and back, and values that are set by path.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where the value of a path stands; the nearest thing above it when the path itself is not written.
pub(super) fn span_of(table: &DeTable<'_>, path: &[String]) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == first.as_str())?;
    span_in(value, rest).or_else(|| Some(if rest.is_empty() { value.span() } else { key.span() }))
}

fn span_in(value: &Spanned<DeValue<'_>>, path: &[String]) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    match value.get_ref() {
        // `[service]` stands for the first of `[[service]]`.
        DeValue::Table(table) if first == "0" => span_of(table, rest),
        DeValue::Table(table) => span_of(table, path),
        DeValue::Array(array) => {
            let item = array.get(first.parse::<usize>().ok()?)?;
            span_in(item, rest).or_else(|| Some(item.span()))
        }
        _ => None,
    }
}

/// The path of what stands at a span, with the value itself: the innermost, where several do.
pub(super) fn at<'t, 'i>(
    table: &'t DeTable<'i>,
    span: &Range<usize>,
) -> Option<(Vec<String>, &'t DeValue<'i>)> {
    table.iter().find_map(|(key, value)| {
        let (mut path, found) = at_value(value, span)?;
        path.insert(0, key.get_ref().to_string());
        Some((path, found))
    })
}

fn at_value<'t, 'i>(
    value: &'t Spanned<DeValue<'i>>,
    span: &Range<usize>,
) -> Option<(Vec<String>, &'t DeValue<'i>)> {
    let inside = match value.get_ref() {
        DeValue::Table(table) => at(table, span),
        DeValue::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            let (mut path, found) = at_value(item, span)?;
            path.insert(0, index.to_string());
            Some((path, found))
        }),
        _ => None,
    };
    inside.or_else(|| (value.span() == *span).then(|| (Vec::new(), value.get_ref())))
}

/// Sets the value at a path, with the tables on the way.
pub(super) fn set<'i>(table: &mut DeTable<'i>, path: &[String], value: &Spanned<DeValue<'i>>) {
    set_at(table, path, &value.span(), value);
}

/// The same, for a key that is written at a span.
pub(super) fn set_at<'i>(
    table: &mut DeTable<'i>,
    path: &[String],
    key: &Range<usize>,
    value: &Spanned<DeValue<'i>>,
) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        table.remove(first.as_str());
        table.insert(Spanned::new(key.clone(), Cow::Owned(first.clone())), value.clone());
        return;
    }
    // A number leads into a list: `service.0.cpu`.
    if let Some(DeValue::Array(items)) = table.get_mut(first.as_str()).map(Spanned::get_mut)
        && let Some((index, rest)) = rest.split_first()
        && let Some(item) = index.parse::<usize>().ok().and_then(|index| items.get_mut(index))
    {
        match item.get_mut() {
            DeValue::Table(below) if !rest.is_empty() => set_at(below, rest, key, value),
            whole => *whole = value.get_ref().clone(),
        }
        return;
    }
    if !table.get(first.as_str()).is_some_and(|below| below.get_ref().is_table()) {
        let name = Spanned::new(key.clone(), Cow::Owned(first.clone()));
        table.insert(name, Spanned::new(value.span(), DeValue::Table(DeTable::new())));
    }
    if let Some(DeValue::Table(below)) = table.get_mut(first.as_str()).map(Spanned::get_mut) {
        set_at(below, rest, key, value);
    }
}

/// Takes the value at a path out, where there is one.
pub(super) fn remove(table: &mut DeTable<'_>, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        table.remove(first.as_str());
    } else if let Some(DeValue::Table(below)) = table.get_mut(first.as_str()).map(Spanned::get_mut) {
        remove(below, rest);
    }
}
