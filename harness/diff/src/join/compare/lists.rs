//! Events and links.

use spanfate_model::finding::diff::{DiffField, DiffRule};

use super::Matching;
use super::attributes;
use super::text::same_text;
use crate::span::draft::{EventView, LinkView, events, links};

/// Whether two lists of events say the same.
pub(super) fn events_equal(left: &[u8], right: &[u8], how: &mut Matching<'_>) -> bool {
    if left == right {
        return true;
    }
    let before = how.used;
    let (mut one, mut other): (Vec<_>, Vec<_>) = (events(left).collect(), events(right).collect());
    if one.len() != other.len() {
        return false;
    }
    if all_events(&one, &other, how) {
        return true;
    }
    how.used = before;
    if !how.terms.rules.has(DiffRule::Order) {
        return false;
    }
    one.sort_by(|a, b| (how.time(a.time), a.name).cmp(&(how.time(b.time), b.name)));
    other.sort_by(|a, b| (how.time(a.time), a.name).cmp(&(how.time(b.time), b.name)));
    if all_events(&one, &other, how) && how.takes(DiffRule::Order) {
        return true;
    }
    how.used = before;
    false
}

fn all_events(one: &[EventView<'_>], other: &[EventView<'_>], how: &mut Matching<'_>) -> bool {
    one.iter().zip(other).all(|(one, other)| event_equal(one, other, how).is_none())
}

/// The part of two events that differs.
pub(super) fn event_equal(
    one: &EventView<'_>,
    other: &EventView<'_>,
    how: &mut Matching<'_>,
) -> Option<&'static str> {
    if one.time != other.time {
        if how.time(one.time) != how.time(other.time) {
            return Some("time");
        }
        how.takes(DiffRule::Times);
    }
    if !same_text(one.name, other.name, how) {
        return Some("name");
    }
    if !attributes::equal(one.attributes, other.attributes, how) {
        return Some("attributes");
    }
    let counted = how.terms.fields.has(DiffField::Dropped);
    (counted && one.dropped != other.dropped).then_some("dropped")
}

/// Whether two lists of links lead to the same spans, and whether they do with the same details.
pub(super) fn links_equal(left: &[u8], right: &[u8], how: &mut Matching<'_>) -> (bool, bool) {
    if left == right {
        return (true, true);
    }
    let (mut one, mut other): (Vec<_>, Vec<_>) = (links(left).collect(), links(right).collect());
    let targets = |one: &[LinkView<'_>], other: &[LinkView<'_>]| {
        one.len() == other.len()
            && one.iter().zip(other).all(|(one, other)| (one.trace, one.span) == (other.trace, other.span))
    };
    if !targets(&one, &other) {
        one.sort();
        other.sort();
        if !targets(&one, &other) || !how.takes(DiffRule::Order) {
            return (false, true);
        }
    }
    (true, one.iter().zip(&other).all(|(one, other)| details_equal(one, other, how)))
}

pub(super) fn details_equal(one: &LinkView<'_>, other: &LinkView<'_>, how: &mut Matching<'_>) -> bool {
    one.flags == other.flags
        && one.dropped == other.dropped
        && same_text(one.state, other.state, how)
        && attributes::equal(one.attributes, other.attributes, how)
}
