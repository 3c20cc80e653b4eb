//! `[sweep]`, from lists of values to variants. It happens in the table, before anything is typed: so a wrong value is shown
//! where it stands, whatever key it is for.

mod cells;

use std::ops::Range;

use serde::Deserialize;
use spanfate_model::scenario::figure::nearest;
use spanfate_model::scenario::{Axis, MOST_CELLS, Scenario, Sweep, Variant};
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::{Diagnostic, diagnose, table};

/// First parts of the keys that a variant has and a sweep can vary.
const SWEPT: [&str; 9] =
    ["exporter", "receiver", "hops", "load", "sdk", "build", "witness", "ebpf", "faults"];
/// Holds the keys that change together.
const TOGETHER: &str = "together";
/// Names of points.
const NAME: &str = "name";

/// What a sweep came to.
#[derive(Default)]
pub(super) struct Expanded {
    axes: Vec<Axis>,
    /// The point on each axis, by variant.
    cells: Vec<Vec<usize>>,
}

impl Expanded {
    /// Gives a typed scenario what its table could not hold.
    pub(super) fn put_into(self, scenario: &mut Scenario) {
        for (variant, cell) in scenario.variant.iter_mut().zip(self.cells) {
            variant.cell = cell;
        }
        scenario.sweep = Sweep(self.axes);
    }
}

/// An axis as it is written.
struct WrittenAxis<'i> {
    /// Keys, as paths.
    keys: Vec<Vec<String>>,
    /// Values by point, then by key.
    points: Vec<Vec<Spanned<DeValue<'i>>>>,
    /// Names by point, where there are any.
    names: Vec<String>,
    /// Where it stands.
    at: Range<usize>,
}

/// A key with its list of values.
struct SweptList<'i> {
    key: Vec<String>,
    values: Vec<Spanned<DeValue<'i>>>,
    at: Range<usize>,
}

/// Makes variants of a sweep, in the table; what is wrong with it, otherwise.
pub(super) fn expand(table: &mut DeTable<'_>) -> Result<Expanded, Vec<Diagnostic>> {
    let Some((key, sweep)) = table.iter().find(|(key, _)| key.get_ref() == "sweep") else {
        return Ok(Expanded::default());
    };
    let at = key.span();
    let mut found = Vec::new();
    let axes = axes(sweep, &mut found);
    if found.is_empty() && axes.is_empty() {
        let message = "the sweep varies nothing";
        found.push(wrong(at.clone(), message, "for example `exporter.queue = [2048, 8192]`"));
    }
    if !found.is_empty() {
        return Err(found);
    }
    cells::expand(table, &axes, &at)
}

fn wrong(at: Range<usize>, message: impl Into<String>, help: &str) -> Diagnostic {
    Diagnostic { span: Some(at), message: message.into(), help: (!help.is_empty()).then(|| help.to_owned()) }
}

/// The axes, in the order in which they are written.
fn axes<'i>(sweep: &Spanned<DeValue<'i>>, found: &mut Vec<Diagnostic>) -> Vec<WrittenAxis<'i>> {
    let Some(table) = sweep.get_ref().as_table() else {
        found.push(wrong(sweep.span(), "`sweep` is a table of keys with lists of values", ""));
        return Vec::new();
    };
    let mut axes: Vec<WrittenAxis<'i>> = lists(table, &[TOGETHER], found).into_iter().map(alone).collect();
    if let Some(groups) = table.get(TOGETHER) {
        let tables = groups.get_ref().as_array().into_iter().flatten();
        let tables: Vec<_> = tables.filter_map(|group| group.get_ref().as_table()).collect();
        if tables.is_empty() {
            found.push(wrong(groups.span(), "keys that change together stand in `[[sweep.together]]`", ""));
        }
        axes.extend(tables.into_iter().filter_map(|group| together(group, groups.span(), found)));
    }
    axes.sort_by_key(|axis| axis.at.start);
    axes
}

fn alone(list: SweptList<'_>) -> WrittenAxis<'_> {
    WrittenAxis {
        keys: vec![list.key],
        points: list.values.into_iter().map(|value| vec![value]).collect(),
        names: Vec::new(),
        at: list.at,
    }
}

/// Keys that change together: an axis whose points have a value for each.
fn together<'i>(
    group: &DeTable<'i>,
    at: Range<usize>,
    found: &mut Vec<Diagnostic>,
) -> Option<WrittenAxis<'i>> {
    let lists = lists(group, &[NAME], found);
    let first = lists.first().map(|list| (list.values.len(), list.at.clone()));
    let Some((points, at)) = first else {
        found.push(wrong(at, "nothing changes together here", "give keys of a variant, each with a list"));
        return None;
    };
    for list in lists.iter().filter(|list| list.values.len() != points) {
        let message =
            format!("`{}` has {} values, its neighbour {points}", list.key.join("."), list.values.len());
        found.push(wrong(list.at.clone(), message, "what changes together has lists of one length"));
    }
    let names = names(group, points, found);
    let at_point = |point: usize| lists.iter().filter_map(|list| list.values.get(point).cloned()).collect();
    Some(WrittenAxis {
        points: (0..points).map(at_point).collect(),
        keys: lists.iter().map(|list| list.key.clone()).collect(),
        names,
        at,
    })
}

fn names(group: &DeTable<'_>, points: usize, found: &mut Vec<Diagnostic>) -> Vec<String> {
    let Some(written) = group.get(NAME) else { return Vec::new() };
    let names = written.get_ref().as_array().into_iter().flatten();
    let names: Vec<String> = names.filter_map(|name| name.get_ref().as_str().map(str::to_owned)).collect();
    if names.len() != points {
        let message = format!("`name` needs a list of {points} names, one for each point");
        found.push(wrong(written.span(), message, ""));
    }
    names
}

/// Every key below a table that has a list, with its path.
fn lists<'i>(table: &DeTable<'i>, but: &[&str], found: &mut Vec<Diagnostic>) -> Vec<SweptList<'i>> {
    let mut out = Vec::new();
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        if but.contains(&name) {
            continue;
        }
        if !SWEPT.contains(&name) {
            let known = SWEPT.join(", ");
            let help = match nearest(name, SWEPT.into_iter()) {
                Some(near) => format!("did you mean `{near}`? allowed here: {known}"),
                None => format!("keys of a variant are allowed here: {known}"),
            };
            found.push(wrong(key.span(), format!("a sweep cannot vary `{name}`"), &help));
            continue;
        }
        below(vec![name.to_owned()], &key.span(), value, &mut out, found);
    }
    out.sort_by_key(|list| list.at.start);
    out
}

fn below<'i>(
    path: Vec<String>,
    at: &Range<usize>,
    value: &Spanned<DeValue<'i>>,
    out: &mut Vec<SweptList<'i>>,
    found: &mut Vec<Diagnostic>,
) {
    match value.get_ref() {
        DeValue::Table(table) => {
            for (key, value) in table {
                let path = path.iter().cloned().chain([key.get_ref().to_string()]).collect();
                below(path, &key.span(), value, out, found);
            }
        }
        DeValue::Array(values) if !values.is_empty() => {
            let before = found.len();
            found.extend(values.iter().filter_map(|value| refused(&path, at, value)));
            // One word about a key that does not exist is enough.
            found.truncate(before + values.len());
            out.push(SweptList { key: path, values: values.iter().cloned().collect(), at: at.clone() });
        }
        _ => {
            let message = format!("`{}` needs a list of values", path.join("."));
            found.push(wrong(value.span(), message, "a key that all cells share belongs outside `[sweep]`"));
        }
    }
}

/// What is wrong with one value, asked of a variant that has nothing else.
fn refused(path: &[String], key: &Range<usize>, value: &Spanned<DeValue<'_>>) -> Option<Diagnostic> {
    let mut variant = DeTable::new();
    table::set(&mut variant, &["name".to_owned()], &cells::text("x", key.clone()));
    table::set(&mut variant, path, value);
    let error = Variant::deserialize(Deserializer::from(Spanned::new(key.clone(), variant))).err()?;
    let of_variant = ["variant", "0"].map(str::to_owned);
    let whole: Vec<String> = of_variant.into_iter().chain(path.iter().cloned()).collect();
    let unknown = error.message().starts_with("unknown field");
    Some(Diagnostic {
        span: Some(if unknown { key.clone() } else { value.span() }),
        ..diagnose::of_message(error.message(), &whole, Some(value.get_ref()))
    })
}

/// Whether there are more cells than a sweep may have.
fn too_many(cells: usize) -> Option<String> {
    (cells > MOST_CELLS).then(|| format!("the sweep has {cells} cells, more than {MOST_CELLS}"))
}
