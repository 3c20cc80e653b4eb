//! The first field that differs, in words.

use spanfate_model::books::row::kind_name;
use spanfate_model::finding::diff::DiffField;

use super::attributes::first_difference;
use super::lists::{details_equal, event_equal};
use super::{Comparer, Matching, PairOutcome};
use crate::rules::RuleSet;
use crate::span::draft::{SpanPart, SpanView, events, links};
use crate::span::origins::{OriginView, Origins};

/// Characters of a value that are shown.
const MOST: usize = 300;

/// Where two spans differ, and what each has there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct FirstDifference {
    pub(crate) path: String,
    pub(crate) left: String,
    pub(crate) right: String,
}

impl FirstDifference {
    fn new(path: impl Into<String>, left: impl Into<String>, right: impl Into<String>) -> Self {
        let clip = |text: String| match text.char_indices().nth(MOST) {
            Some((at, _)) => format!("{}… ({} bytes)", &text[..at], text.len()),
            None => text,
        };
        Self { path: path.into(), left: clip(left.into()), right: clip(right.into()) }
    }
}

/// What stands for a value that is not there.
const NONE: &str = "(not there)";

impl Comparer {
    /// The first field that differs.
    pub(crate) fn first(
        &mut self,
        left: SpanView<'_>,
        right: SpanView<'_>,
        outcome: PairOutcome,
        origins: &Origins,
    ) -> FirstDifference {
        let Some(field) = outcome.differs.iter().next() else { return FirstDifference::default() };
        let error = field == DiffField::Attributes && left.status() == 2 && right.status() == 2;
        let mut how = Matching { terms: &self.terms, used: RuleSet::NONE, buffers: &mut self.buffers, error };
        let resource = |span: SpanView<'_>| OriginView::of(origins.resources.bytes(span.resource()));
        let scope = |span: SpanView<'_>| OriginView::of(origins.scopes.bytes(span.scope()));
        let plain = |left: String, right: String| FirstDifference::new(field.name(), left, right);
        let texts = |left: &[u8], right: &[u8]| plain(quoted(left), quoted(right));
        let parts = |part: SpanPart| texts(left.part(part), right.part(part));
        match field {
            DiffField::Service => texts(resource(left).name, resource(right).name),
            DiffField::Parent => plain(left.parent().to_string(), right.parent().to_string()),
            DiffField::Name => parts(SpanPart::Name),
            DiffField::Kind => plain(kind(left.kind()), kind(right.kind())),
            DiffField::Start => plain(nanos(left.start()), nanos(right.start())),
            DiffField::End if how.terms.micros() => {
                let lasting =
                    |span: SpanView<'_>| format!("{} µs", how.time(span.end().wrapping_sub(span.start())));
                FirstDifference::new("duration", lasting(left), lasting(right))
            }
            DiffField::End => plain(nanos(left.end()), nanos(right.end())),
            DiffField::Status => plain(status(left.status()), status(right.status())),
            DiffField::Message => parts(SpanPart::Message),
            DiffField::TraceState => parts(SpanPart::State),
            DiffField::Flags => plain(format!("{:#x}", left.flags()), format!("{:#x}", right.flags())),
            DiffField::Attributes => {
                let part = SpanPart::Attributes;
                attributes("attributes", left.part(part), right.part(part), &mut how)
            }
            DiffField::Events => event(left.part(SpanPart::Events), right.part(SpanPart::Events), &mut how),
            DiffField::Links => link_targets(left.part(SpanPart::Links), right.part(SpanPart::Links)),
            DiffField::LinkDetails => {
                link_details(left.part(SpanPart::Links), right.part(SpanPart::Links), &mut how)
            }
            DiffField::Dropped => plain(format!("{:?}", left.dropped()), format!("{:?}", right.dropped())),
            DiffField::Resource => {
                attributes("resource", resource(left).attributes, resource(right).attributes, &mut how)
            }
            DiffField::Scope => {
                let of = |scope: OriginView<'_>| format!("{} {}", quoted(scope.name), quoted(scope.version));
                plain(of(scope(left)), of(scope(right)))
            }
            DiffField::ScopeDetails => {
                scope_details([resource(left), resource(right)], [scope(left), scope(right)], &mut how)
            }
            DiffField::SchemaUrl => {
                let of = |span: SpanView<'_>| {
                    format!("{} {}", quoted(resource(span).schema), quoted(scope(span).schema))
                };
                plain(of(left), of(right))
            }
        }
    }
}

fn quoted(text: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(text))
}

fn nanos(time: u64) -> String {
    format!("{time} ns")
}

fn kind(kind: u8) -> String {
    if kind <= 5 { kind_name(kind).to_owned() } else { format!("kind {kind}") }
}

fn status(code: u8) -> String {
    match code {
        0 => "unset".to_owned(),
        1 => "ok".to_owned(),
        2 => "error".to_owned(),
        other => format!("status {other}"),
    }
}

fn attributes(of: &str, left: &[u8], right: &[u8], how: &mut Matching<'_>) -> FirstDifference {
    match first_difference(left, right, how) {
        Some((key, left, right)) => {
            let none = || NONE.to_owned();
            FirstDifference::new(
                format!("{of}[{}]", quoted(&key)),
                left.unwrap_or_else(none),
                right.unwrap_or_else(none),
            )
        }
        // The same pairs: only their order differs, and that is compared.
        None => FirstDifference::new(of, "in this order", "in another order"),
    }
}

fn event(left: &[u8], right: &[u8], how: &mut Matching<'_>) -> FirstDifference {
    let (one, other): (Vec<_>, Vec<_>) = (events(left).collect(), events(right).collect());
    for (at, (one, other)) in one.iter().zip(&other).enumerate() {
        let path = |part: &str| format!("events[{at}].{part}");
        match event_equal(one, other, how) {
            None => {}
            Some("time") => return FirstDifference::new(path("time"), nanos(one.time), nanos(other.time)),
            Some("name") => return FirstDifference::new(path("name"), quoted(one.name), quoted(other.name)),
            Some("attributes") => {
                return attributes(&path("attributes"), one.attributes, other.attributes, how);
            }
            Some(part) => {
                let counts = (one.dropped.to_string(), other.dropped.to_string());
                return FirstDifference::new(path(part), counts.0, counts.1);
            }
        }
    }
    FirstDifference::new("events", format!("{} events", one.len()), format!("{} events", other.len()))
}

fn link_targets(left: &[u8], right: &[u8]) -> FirstDifference {
    let (one, other): (Vec<_>, Vec<_>) = (links(left).collect(), links(right).collect());
    for (at, (one, other)) in one.iter().zip(&other).enumerate() {
        if (one.trace, one.span) != (other.trace, other.span) {
            let of = |trace, span| format!("{trace} {span}");
            let (left, right) = (of(one.trace, one.span), of(other.trace, other.span));
            return FirstDifference::new(format!("links[{at}]"), left, right);
        }
    }
    FirstDifference::new("links", format!("{} links", one.len()), format!("{} links", other.len()))
}

fn link_details(left: &[u8], right: &[u8], how: &mut Matching<'_>) -> FirstDifference {
    for (at, (one, other)) in links(left).zip(links(right)).enumerate() {
        if details_equal(&one, &other, how) {
            continue;
        }
        let path = |part: &str| format!("links[{at}].{part}");
        if one.state != other.state {
            return FirstDifference::new(path("trace_state"), quoted(one.state), quoted(other.state));
        }
        if (one.flags, one.dropped) != (other.flags, other.dropped) {
            let of = |flags: u32, dropped: u32| format!("flags {flags:#x}, {dropped} attributes dropped");
            let (left, right) = (of(one.flags, one.dropped), of(other.flags, other.dropped));
            return FirstDifference::new(path("flags"), left, right);
        }
        return attributes(&path("attributes"), one.attributes, other.attributes, how);
    }
    FirstDifference::new("links", "in this order", "in another order")
}

fn scope_details(
    resources: [OriginView<'_>; 2],
    scopes: [OriginView<'_>; 2],
    how: &mut Matching<'_>,
) -> FirstDifference {
    for (of, [one, other]) in [("resource", resources), ("scope", scopes)] {
        if one.dropped != other.dropped {
            let counts = (one.dropped.to_string(), other.dropped.to_string());
            return FirstDifference::new(format!("{of}.dropped_attributes_count"), counts.0, counts.1);
        }
    }
    attributes("scope.attributes", scopes[0].attributes, scopes[1].attributes, how)
}
