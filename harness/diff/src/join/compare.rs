//! Two records of the same span, field by field.

mod attributes;
mod explain;
mod json_text;
mod lists;
mod text;

use std::collections::BTreeMap;

use spanfate_model::finding::diff::{DiffField, DiffRule};

use self::attributes::PairBuffers;
pub(crate) use self::explain::FirstDifference;
use self::lists::{events_equal, links_equal};
use self::text::{same_name, same_text};
use crate::rules::{DiffTerms, FieldSet, RuleSet};
use crate::span::draft::{SpanPart, SpanView};
use crate::span::origins::{OriginView, Origins};

/// Pairs of resources or scopes of which the outcome is kept.
const MOST_KNOWN: usize = 100_000;

/// How two records of a span agree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PairOutcome {
    /// The fields that differ.
    pub(crate) differs: FieldSet,
    /// The rules that made fields equal.
    pub(crate) used: RuleSet,
}

impl PairOutcome {
    const EQUAL: Self = Self { differs: FieldSet::NONE, used: RuleSet::NONE };

    pub(crate) const fn is_equal(self) -> bool {
        self.differs.is_empty()
    }

    fn note(&mut self, field: DiffField, equal: bool) {
        if !equal {
            self.differs.add(field);
        }
    }
}

/// What is needed to compare two values.
pub(super) struct Matching<'a> {
    pub(super) terms: &'a DiffTerms,
    pub(super) used: RuleSet,
    pub(super) buffers: &'a mut PairBuffers,
    /// The status is an error, which a store may say once more in an attribute.
    pub(super) error: bool,
}

impl Matching<'_> {
    /// Whether the rule may be applied; it then counts as used.
    pub(super) const fn takes(&mut self, rule: DiffRule) -> bool {
        let takes = self.terms.rules.has(rule);
        if takes {
            self.used.add(rule);
        }
        takes
    }

    /// A time as it is compared.
    pub(super) const fn time(&self, nanos: u64) -> i64 {
        let nanos = nanos.cast_signed();
        if self.terms.micros() { nanos / 1000 } else { nanos }
    }
}

/// Compares records. What it knows of resources and scopes it keeps.
pub(crate) struct Comparer {
    terms: DiffTerms,
    resources: BTreeMap<(u32, u32), PairOutcome>,
    scopes: BTreeMap<(u32, u32), PairOutcome>,
    buffers: PairBuffers,
}

impl Comparer {
    pub(crate) const fn new(terms: DiffTerms) -> Self {
        Self { terms, resources: BTreeMap::new(), scopes: BTreeMap::new(), buffers: PairBuffers::new() }
    }

    pub(crate) const fn terms(&self) -> &DiffTerms {
        &self.terms
    }

    /// How a record of the left agrees with one of the right.
    #[inline]
    pub(crate) fn compare(
        &mut self,
        left: SpanView<'_>,
        right: SpanView<'_>,
        origins: &Origins,
    ) -> PairOutcome {
        if left.is_same(right, origins) { PairOutcome::EQUAL } else { self.fields(left, right, origins) }
    }

    fn fields(&mut self, left: SpanView<'_>, right: SpanView<'_>, origins: &Origins) -> PairOutcome {
        let mut out = PairOutcome::EQUAL;
        for (one, other) in [
            self.resource(origins, left.resource(), right.resource()),
            self.scope(origins, left.scope(), right.scope()),
        ]
        .map(|outcome| (outcome.differs, outcome.used))
        {
            out.differs = out.differs.or(one);
            out.used = out.used.or(other);
        }
        let mut how =
            Matching { terms: &self.terms, used: out.used, buffers: &mut self.buffers, error: false };
        out.note(DiffField::Parent, left.parent() == right.parent());
        if self.terms.fields.has(DiffField::Start) {
            times(left, right, &mut how, &mut out);
        }
        if !left.says_same(right) {
            texts_and_lists(left, right, &mut how, &mut out);
        }
        out.used = how.used;
        out.differs = out.differs.and(self.terms.fields);
        out
    }
    fn resource(&mut self, origins: &Origins, left: u32, right: u32) -> PairOutcome {
        let key = (origins.resources.same(left), origins.resources.same(right));
        if key.0 == key.1 {
            return PairOutcome::EQUAL;
        }
        if let Some(known) = self.resources.get(&key) {
            return *known;
        }
        let (one, other) =
            (OriginView::of(origins.resources.bytes(key.0)), OriginView::of(origins.resources.bytes(key.1)));
        let mut how =
            Matching { terms: &self.terms, used: RuleSet::NONE, buffers: &mut self.buffers, error: false };
        let mut out = PairOutcome::EQUAL;
        out.note(DiffField::Service, same_name(one.name, other.name, &mut how));
        out.note(DiffField::Resource, attributes::equal(one.attributes, other.attributes, &mut how));
        out.note(DiffField::ScopeDetails, one.dropped == other.dropped);
        out.note(DiffField::SchemaUrl, one.schema == other.schema);
        out.used = how.used;
        out.differs = out.differs.and(self.terms.fields);
        keep(&mut self.resources, key, out)
    }

    fn scope(&mut self, origins: &Origins, left: u32, right: u32) -> PairOutcome {
        let key = (origins.scopes.same(left), origins.scopes.same(right));
        if key.0 == key.1 {
            return PairOutcome::EQUAL;
        }
        if let Some(known) = self.scopes.get(&key) {
            return *known;
        }
        let (one, other) =
            (OriginView::of(origins.scopes.bytes(key.0)), OriginView::of(origins.scopes.bytes(key.1)));
        let mut how =
            Matching { terms: &self.terms, used: RuleSet::NONE, buffers: &mut self.buffers, error: false };
        let mut out = PairOutcome::EQUAL;
        let named =
            same_text(one.name, other.name, &mut how) && same_text(one.version, other.version, &mut how);
        out.note(DiffField::Scope, named);
        let details =
            one.dropped == other.dropped && attributes::equal(one.attributes, other.attributes, &mut how);
        out.note(DiffField::ScopeDetails, details);
        out.note(DiffField::SchemaUrl, one.schema == other.schema);
        out.used = how.used;
        out.differs = out.differs.and(self.terms.fields);
        keep(&mut self.scopes, key, out)
    }
}

fn keep(known: &mut BTreeMap<(u32, u32), PairOutcome>, key: (u32, u32), out: PairOutcome) -> PairOutcome {
    if known.len() >= MOST_KNOWN {
        known.clear();
    }
    known.insert(key, out);
    out
}

/// All but the parent, the times, and where they come from.
fn texts_and_lists(left: SpanView<'_>, right: SpanView<'_>, how: &mut Matching<'_>, out: &mut PairOutcome) {
    let parts = |part: SpanPart| (left.part(part), right.part(part));
    let (one, other) = parts(SpanPart::Name);
    out.note(DiffField::Name, same_name(one, other, how));
    out.note(DiffField::Kind, left.kind() == right.kind());
    out.note(DiffField::Status, left.status() == right.status());
    for (part, field) in [(SpanPart::Message, DiffField::Message), (SpanPart::State, DiffField::TraceState)] {
        let (one, other) = parts(part);
        out.note(field, same_text(one, other, how));
    }
    out.note(DiffField::Flags, left.flags() == right.flags());
    let (one, other) = parts(SpanPart::Attributes);
    how.error = left.status() == 2 && right.status() == 2;
    out.note(DiffField::Attributes, attributes::equal(one, other, how));
    how.error = false;
    let (one, other) = parts(SpanPart::Events);
    out.note(DiffField::Events, events_equal(one, other, how));
    let (one, other) = parts(SpanPart::Links);
    let (links, details) = links_equal(one, other, how);
    out.note(DiffField::Links, links);
    out.note(DiffField::LinkDetails, details);
    out.note(DiffField::Dropped, left.dropped() == right.dropped());
}

/// Start and end; where one side has microseconds only, the start and the duration, which is what it keeps.
fn times(left: SpanView<'_>, right: SpanView<'_>, how: &mut Matching<'_>, out: &mut PairOutcome) {
    if (left.start(), left.end()) == (right.start(), right.end()) {
        return;
    }
    if how.terms.micros() {
        let lasting = |span: SpanView<'_>| how.time(span.end().wrapping_sub(span.start()));
        let (start, end) =
            (how.time(left.start()) == how.time(right.start()), lasting(left) == lasting(right));
        out.note(DiffField::Start, start);
        out.note(DiffField::End, end);
        if start && end {
            how.takes(DiffRule::Times);
        }
    } else {
        out.note(DiffField::Start, left.start() == right.start());
        out.note(DiffField::End, left.end() == right.end());
    }
}
