//! Lists of attributes, and their values.

use spanfate_model::finding::diff::DiffRule;

use super::Matching;
use super::json_text::same_as_text;
use super::text::{repaired, same_text};
use crate::span::values::{AnyValue, items, pairs, take, take_value};

/// Where a pair stands: its key and its value, as ranges of the attributes.
type PairPlace = (usize, usize, usize);

/// Memory that is used again for each span.
#[derive(Debug)]
pub(crate) struct PairBuffers {
    left: Vec<PairPlace>,
    right: Vec<PairPlace>,
}

impl PairBuffers {
    pub(crate) const fn new() -> Self {
        Self { left: Vec::new(), right: Vec::new() }
    }
}

/// Whether two lists of attributes say the same.
#[inline]
pub(super) fn equal(left: &[u8], right: &[u8], how: &mut Matching<'_>) -> bool {
    left == right || in_order(left, right, how) || in_any_order(left, right, how)
}

fn in_order(left: &[u8], right: &[u8], how: &mut Matching<'_>) -> bool {
    let before = how.used;
    let (mut one, mut other) = (pairs(left), pairs(right));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some((key, value)), Some((other_key, other_value)))
                if key == other_key && values_equal(&value, &other_value, how) => {}
            _ => {
                how.used = before;
                return false;
            }
        }
    }
}

fn places(all: &[u8], out: &mut Vec<PairPlace>) {
    out.clear();
    let mut rest = all;
    while !rest.is_empty() {
        let from = all.len() - rest.len();
        if take(&mut rest).is_none() {
            return;
        }
        let middle = all.len() - rest.len();
        if take_value(&mut rest).is_none() {
            return;
        }
        out.push((from + 4, middle, all.len() - rest.len()));
    }
}

fn sort(all: &[u8], places: &mut [PairPlace]) {
    places.sort_unstable_by(|a, b| (&all[a.0..a.1], &all[a.1..a.2]).cmp(&(&all[b.0..b.1], &all[b.1..b.2])));
}

/// The pair at a place.
fn pair<'a>(all: &'a [u8], place: &PairPlace) -> (&'a [u8], AnyValue<'a>) {
    let value = take_value(&mut &all[place.1..place.2]).unwrap_or(AnyValue::Empty);
    (&all[place.0..place.1], value)
}

fn in_any_order(left: &[u8], right: &[u8], how: &mut Matching<'_>) -> bool {
    let before = how.used;
    let (mut one, mut other) =
        (std::mem::take(&mut how.buffers.left), std::mem::take(&mut how.buffers.right));
    places(left, &mut one);
    places(right, &mut other);
    let mut equal = merged(left, &one, right, &other, how);
    if !equal && how.terms.rules.has(DiffRule::Order) {
        how.used = before;
        sort(left, &mut one);
        sort(right, &mut other);
        equal = merged(left, &one, right, &other, how) && how.takes(DiffRule::Order);
    }
    if !equal {
        how.used = before;
    }
    (how.buffers.left, how.buffers.right) = (one, other);
    equal || with_repaired_keys(left, right, how)
}

/// Whether the pairs are the same, one after the other, but for those that may be missing.
fn merged(left: &[u8], one: &[PairPlace], right: &[u8], other: &[PairPlace], how: &mut Matching<'_>) -> bool {
    let (mut at, mut to) = (0, 0);
    loop {
        let (l, r) =
            (one.get(at).map(|place| pair(left, place)), other.get(to).map(|place| pair(right, place)));
        match (l, r) {
            (None, None) => return true,
            (Some((key, value)), Some((other_key, other_value)))
                if key == other_key && values_equal(&value, &other_value, how) =>
            {
                at += 1;
                to += 1;
            }
            (Some((key, value)), _) if may_lack(key, &value, how, true) => at += 1,
            (_, Some((key, value))) if may_lack(key, &value, how, false) => to += 1,
            _ => return false,
        }
    }
}

/// Whether an attribute of the left, or of the right, is one that the other side may lack.
fn may_lack(key: &[u8], value: &AnyValue<'_>, how: &mut Matching<'_>, left: bool) -> bool {
    if matches!(value, AnyValue::Empty) && how.takes(DiffRule::Defaults) {
        return true;
    }
    let other_as_text = if left { how.terms.right.jaeger } else { how.terms.left.jaeger };
    other_as_text
        && how.error
        && key == b"error"
        && *value == AnyValue::Bool(true)
        && how.takes(DiffRule::Status)
}

/// A last try where a key is no UTF-8, or was none.
#[cold]
fn with_repaired_keys(left: &[u8], right: &[u8], how: &mut Matching<'_>) -> bool {
    let is_odd = |(key, _): (&[u8], AnyValue<'_>)| {
        str::from_utf8(key).is_err() || key.windows(3).any(|three| three == "\u{fffd}".as_bytes())
    };
    if !how.terms.rules.has(DiffRule::Utf8) || !(pairs(left).any(is_odd) || pairs(right).any(is_odd)) {
        return false;
    }
    let before = how.used;
    let sorted = |all| {
        let mut out: Vec<(String, AnyValue<'_>)> =
            pairs(all).map(|(key, value)| (repaired(key), value)).collect();
        out.sort_by(|(a, _), (b, _)| a.cmp(b));
        out
    };
    let (one, mut other) = (sorted(left), sorted(right));
    let equal = one.len() == other.len()
        && one.iter().all(|(key, value)| {
            let place = other.iter().position(|(name, found)| name == key && values_equal(value, found, how));
            place.map(|place| other.remove(place)).is_some()
        });
    if equal && how.takes(DiffRule::Utf8) {
        return true;
    }
    how.used = before;
    false
}

/// Whether two values say the same.
pub(super) fn values_equal(left: &AnyValue<'_>, right: &AnyValue<'_>, how: &mut Matching<'_>) -> bool {
    match (left, right) {
        (AnyValue::Text(one), AnyValue::Text(other)) => same_text(one, other, how),
        // A number that is none is one in every notation.
        (AnyValue::Double(one), AnyValue::Double(other)) => {
            one.to_bits() == other.to_bits() || (one.is_nan() && other.is_nan())
        }
        (AnyValue::List(one), AnyValue::List(other)) => {
            let (mut one, mut other) = (items(one), items(other));
            loop {
                match (one.next(), other.next()) {
                    (None, None) => return true,
                    (Some(one), Some(other)) if values_equal(&one, &other, how) => {}
                    _ => return false,
                }
            }
        }
        (AnyValue::Map(one), AnyValue::Map(other)) => {
            // Inside of another list: the buffers are in use.
            let mut own = PairBuffers::new();
            let mut inside = Matching { terms: how.terms, used: how.used, buffers: &mut own, error: false };
            let equal = equal(one, other, &mut inside);
            how.used = inside.used;
            equal
        }
        (AnyValue::Text(text), other) | (other, AnyValue::Text(text)) => {
            how.terms.as_text() && same_as_text(other, text, how) && how.takes(DiffRule::Types)
        }
        (one, other) => one == other,
    }
}

/// The first attribute that differs: its key and what each side has there.
pub(super) fn first_difference(
    left: &[u8],
    right: &[u8],
    how: &mut Matching<'_>,
) -> Option<(Vec<u8>, Option<String>, Option<String>)> {
    use crate::span::values::shown;
    let mut rest: Vec<(&[u8], AnyValue<'_>)> = pairs(right).collect();
    let mut other_value = None;
    for (key, value) in pairs(left) {
        match rest.iter().position(|(name, found)| *name == key && values_equal(&value, found, how)) {
            Some(place) => {
                rest.remove(place);
            }
            None if may_lack(key, &value, how, true) => {}
            None => {
                let found = rest.iter().find(|(name, _)| *name == key).map(|(_, found)| shown(found));
                other_value.get_or_insert((key.to_vec(), Some(shown(&value)), found));
            }
        }
    }
    other_value.or_else(|| {
        let (key, value) = rest.iter().find(|(key, value)| !may_lack(key, value, how, false))?;
        Some((key.to_vec(), None, Some(shown(value))))
    })
}
