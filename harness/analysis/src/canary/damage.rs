//! What of a span is not as it was sent.

use std::collections::BTreeSet;

use spanfate_model::finding::canary::SpanField;
use spanfate_model::finding::canary::sent::{CanarySpan, CanaryValues};

/// The fields in which a span differs from the one that was sent. What was added is no damage: pipelines do so on purpose.
pub(super) fn damage(due: &CanarySpan, seen: &CanarySpan, precision: u64) -> BTreeSet<SpanField> {
    let differs = [
        (SpanField::Name, due.name != seen.name),
        (SpanField::Kind, due.kind != seen.kind),
        (SpanField::Status, due.status != seen.status || due.message != seen.message),
        (
            SpanField::Times,
            !same_time(due.start, seen.start, precision) || !same_time(due.end, seen.end, precision),
        ),
        (SpanField::Parent, due.parent != seen.parent),
        (SpanField::Attribute, lacks(&due.attributes, &seen.attributes)),
        (SpanField::Resource, lacks(&due.resource, &seen.resource)),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}

/// A reader that counts microseconds has a start and a duration, each cut off.
fn same_time(due: u64, seen: u64, precision: u64) -> bool {
    let most = if precision > 1 { 2 * precision } else { 0 };
    due.abs_diff(seen) <= most
}

fn lacks(due: &CanaryValues, seen: &CanaryValues) -> bool {
    due.iter().any(|(key, value)| seen.get(key) != Some(value))
}

#[cfg(test)]
mod tests {
    use spanfate_model::finding::canary::sent::{CanaryMint, CanaryValue};
    use spanfate_model::quantity::id::SpanId;

    use super::*;

    fn damaged(change: impl Fn(&mut CanarySpan)) -> Vec<SpanField> {
        let due = CanaryMint::new(1, 2, 3).span(9, 1, 1_800_000_000_000_000_000);
        let mut seen = due.clone();
        change(&mut seen);
        damage(&due, &seen, 1).into_iter().collect()
    }

    #[test]
    fn each_field_is_named_that_differs() {
        assert_eq!(damaged(|_| ()), []);
        assert_eq!(damaged(|span| span.name.push('x')), [SpanField::Name]);
        assert_eq!(damaged(|span| span.kind = 1), [SpanField::Kind]);
        assert_eq!(damaged(|span| span.status = 2), [SpanField::Status]);
        assert_eq!(damaged(|span| span.message.push('x')), [SpanField::Status]);
        assert_eq!(damaged(|span| span.start += 1), [SpanField::Times]);
        assert_eq!(damaged(|span| span.end -= 1), [SpanField::Times]);
        assert_eq!(damaged(|span| span.parent = SpanId([1; 8])), [SpanField::Parent]);
        let gone = |span: &mut CanarySpan| drop(span.attributes.remove("spanfate.canary.flag"));
        assert_eq!(damaged(gone), [SpanField::Attribute]);
        let other = |span: &mut CanarySpan| {
            span.resource.insert("service.name".to_owned(), Some(CanaryValue::Text("x".to_owned())));
        };
        assert_eq!(damaged(other), [SpanField::Resource]);
        assert_eq!(
            damaged(|span| (span.kind, span.name) = (0, String::new())),
            [SpanField::Name, SpanField::Kind]
        );
    }

    #[test]
    fn what_a_pipeline_adds_is_no_damage() {
        let more = |span: &mut CanarySpan| {
            span.attributes.insert("k8s.pod.name".to_owned(), None);
            span.resource.insert("host.name".to_owned(), Some(CanaryValue::Bool(true)));
        };
        assert_eq!(damaged(more), []);
    }

    #[test]
    fn microseconds_of_a_reader_are_no_damage_and_milliseconds_are() {
        let due = CanaryMint::new(1, 2, 3).span(9, 1, 1_800_000_000_123_456_789);
        let cut = |unit: u64| {
            let (start, lasting) = (due.start / unit * unit, (due.end - due.start) / unit * unit);
            CanarySpan { start, end: start + lasting, ..due.clone() }
        };
        assert!(damage(&due, &cut(1000), 1000).is_empty());
        assert_eq!(damage(&due, &cut(1000), 1).len(), 1);
        assert_eq!(damage(&due, &cut(1_000_000), 1000).len(), 1);
    }
}
