//! Every combination of a sweep's points as a variant of the table.

use std::borrow::Cow;
use std::ops::Range;

use spanfate_model::scenario::Axis;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Diagnostic, Expanded, WrittenAxis, too_many, wrong};
use crate::scenario_file::table::set;

/// The axis of the variants that are written out.
const VARIANT: &str = "variant";

/// Puts a variant per cell into the table, in place of those that are written.
pub(super) fn expand<'i>(
    table: &mut DeTable<'i>,
    written: &[WrittenAxis<'i>],
    at: &Range<usize>,
) -> Result<Expanded, Vec<Diagnostic>> {
    let variants: Vec<Spanned<DeValue<'i>>> = match table.get(VARIANT).map(Spanned::get_ref) {
        Some(DeValue::Array(variants)) => variants.iter().cloned().collect(),
        _ => Vec::new(),
    };
    let points = written.iter().map(|axis| axis.points.len());
    let count = points.fold(variants.len().max(1), usize::saturating_mul);
    if let Some(message) = too_many(count) {
        return Err(vec![wrong(at.clone(), message, "vary fewer keys, or give fewer values")]);
    }
    let clashes = clashes(&variants, written);
    if !clashes.is_empty() {
        return Err(clashes);
    }
    let labels: Vec<Vec<String>> = written.iter().map(labels).collect();
    let mut cells = Vec::new();
    let mut expanded: Vec<Spanned<DeValue<'i>>> = Vec::new();
    for number in 0..count {
        let cell = cell(number, written, variants.len());
        let offset = usize::from(!variants.is_empty());
        let base = variants.get(cell.first().copied().unwrap_or_default()).filter(|_| offset == 1);
        let mut variant = base.and_then(|base| base.get_ref().as_table()).cloned().unwrap_or_default();
        let mut name: Vec<String> = variant_name(&variant).into_iter().collect();
        for (axis, point) in cell.iter().skip(offset).enumerate() {
            let Some(axis_written) = written.get(axis) else { continue };
            let values = axis_written.points.get(*point).into_iter().flatten();
            for (key, value) in axis_written.keys.iter().zip(values) {
                set(&mut variant, key, value);
            }
            name.extend(labels.get(axis).and_then(|labels| labels.get(*point)).cloned());
        }
        set(&mut variant, &["name".to_owned()], &text(&name.join(","), at.clone()));
        let span = base.map_or_else(|| at.clone(), Spanned::span);
        expanded.push(Spanned::new(span, DeValue::Table(variant)));
        cells.push(cell);
    }
    table.remove(VARIANT);
    let array = DeValue::Array(expanded.into_iter().collect());
    let key = Spanned::new(at.clone(), Cow::Borrowed(VARIANT));
    table.insert(key, Spanned::new(at.clone(), array));
    let mut axes: Vec<Axis> = Vec::new();
    if !variants.is_empty() {
        let names = variants.iter().filter_map(|variant| variant_name(variant.get_ref().as_table()?));
        axes.push(Axis { keys: vec![VARIANT.to_owned()], points: names.collect() });
    }
    let keys = |axis: &WrittenAxis<'_>| axis.keys.iter().map(|key| key.join(".")).collect();
    axes.extend(written.iter().map(|axis| Axis { keys: keys(axis), points: values_of(axis) }));
    Ok(Expanded { axes, cells })
}

/// The point of a cell on each axis; the last axis changes fastest.
fn cell(number: usize, written: &[WrittenAxis<'_>], variants: usize) -> Vec<usize> {
    let sizes = (variants > 0).then_some(variants).into_iter().chain(written.iter().map(|a| a.points.len()));
    let sizes: Vec<usize> = sizes.collect();
    let mut rest = number;
    let mut out: Vec<usize> = sizes
        .iter()
        .rev()
        .map(|size| {
            let point = rest % size;
            rest /= size;
            point
        })
        .collect();
    out.reverse();
    out
}

/// Keys that a written variant sets and the sweep varies.
fn clashes(variants: &[Spanned<DeValue<'_>>], written: &[WrittenAxis<'_>]) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let keys: Vec<&Vec<String>> = written.iter().flat_map(|axis| &axis.keys).collect();
    for table in variants.iter().filter_map(|variant| variant.get_ref().as_table()) {
        for key in &keys {
            if let Some(at) = place(table, key) {
                let message = format!("the sweep varies `{}` already", key.join("."));
                out.push(wrong(at, message, "leave it out here, or out of the sweep"));
            }
        }
    }
    out
}

fn place(table: &DeTable<'_>, path: &[String]) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    let value = table.get(first.as_str())?;
    if rest.is_empty() { Some(value.span()) } else { place(value.get_ref().as_table()?, rest) }
}

fn variant_name(variant: &DeTable<'_>) -> Option<String> {
    variant.get("name")?.get_ref().as_str().map(str::to_owned)
}

/// What the points of an axis are called in tables.
fn values_of(axis: &WrittenAxis<'_>) -> Vec<String> {
    let shown = |(index, values): (usize, &Vec<Spanned<DeValue<'_>>>)| {
        let values: Vec<String> = values.iter().map(|value| shown(value.get_ref(), index)).collect();
        axis.names.get(index).cloned().unwrap_or_else(|| values.join(","))
    };
    axis.points.iter().enumerate().map(shown).collect()
}

/// What the points of an axis are called in the names of variants: with the key, which a value alone does not tell.
fn labels(axis: &WrittenAxis<'_>) -> Vec<String> {
    let label = |(index, values): (usize, &Vec<Spanned<DeValue<'_>>>)| {
        let parts = axis.keys.iter().zip(values).map(|(key, value)| {
            let key = key.last().map_or("", String::as_str);
            format!("{key}={}", shown(value.get_ref(), index))
        });
        axis.names.get(index).cloned().unwrap_or_else(|| parts.collect::<Vec<_>>().join(","))
    };
    axis.points.iter().enumerate().map(label).collect()
}

fn shown(value: &DeValue<'_>, index: usize) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Array(items) if items.is_empty() => "none".to_owned(),
        DeValue::Array(items) if items.iter().all(|item| item.get_ref().is_str()) => {
            let texts: Vec<&str> = items.iter().filter_map(|item| item.get_ref().as_str()).collect();
            texts.join("+")
        }
        // A table has no short name.
        _ => (index + 1).to_string(),
    }
}

/// A string as a value.
pub(super) fn text<'i>(text: &str, at: Range<usize>) -> Spanned<DeValue<'i>> {
    Spanned::new(at, DeValue::String(Cow::Owned(text.to_owned())))
}
