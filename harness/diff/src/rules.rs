//! Which fields are compared, and what is taken as equal: follows from the two formats and from what is asked for.

use spanfate_model::finding::diff::{DiffField, DiffFormat, DiffRule};

/// A set of fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct FieldSet(u32);

impl FieldSet {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn of(fields: &[DiffField]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < fields.len() {
            bits |= 1 << fields[at] as u32;
            at += 1;
        }
        Self(bits)
    }

    #[inline]
    pub(crate) const fn has(self, field: DiffField) -> bool {
        self.0 & (1 << field as u32) != 0
    }

    #[inline]
    pub(crate) const fn add(&mut self, field: DiffField) {
        self.0 |= 1 << field as u32;
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = DiffField> {
        DiffField::ALL.iter().copied().filter(move |field| self.has(*field))
    }
}

/// A set of rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RuleSet(u32);

impl RuleSet {
    /// None of them.
    pub(crate) const NONE: Self = Self(0);
    /// All of them.
    pub(crate) const ALL: Self = Self(u32::MAX);

    /// Without these.
    #[must_use]
    pub(crate) fn without(self, rules: &[DiffRule]) -> Self {
        Self(rules.iter().fold(self.0, |bits, rule| bits & !(1 << *rule as u32)))
    }

    /// Whether the rule is in it.
    #[inline]
    pub(crate) const fn has(self, rule: DiffRule) -> bool {
        self.0 & (1 << rule as u32) != 0
    }

    #[inline]
    pub(crate) const fn add(&mut self, rule: DiffRule) {
        self.0 |= 1 << rule as u32;
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = DiffRule> {
        DiffRule::ALL.iter().copied().filter(move |rule| self.has(*rule))
    }
}

/// How often each rule was applied.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct RuleCounts([u64; DiffRule::ALL.len()]);

impl RuleCounts {
    #[inline]
    pub(crate) const fn count(&mut self, rule: DiffRule) {
        self.0[rule as usize] += 1;
    }

    pub(crate) fn count_all(&mut self, rules: RuleSet) {
        for rule in rules.iter() {
            self.count(rule);
        }
    }

    pub(crate) const fn of(&self, rule: DiffRule) -> u64 {
        self.0[rule as usize]
    }

    /// Adds those of another.
    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, more) in self.0.iter_mut().zip(other.0) {
            *mine += more;
        }
    }
}

/// What is known of a format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FormatFacts {
    /// The fields that it carries.
    pub(crate) carries: FieldSet,
    /// Its times are whole microseconds.
    pub(crate) micros: bool,
    /// A store's answers in Jaeger's model: lists, maps and empty values are text, and several answers may show the same trace.
    pub(crate) jaeger: bool,
    /// It keeps of names what fits.
    pub(crate) cuts_names: bool,
}

impl FormatFacts {
    /// What holds of a side that is in several formats.
    const fn and(self, other: Self) -> Self {
        Self {
            carries: self.carries.and(other.carries),
            micros: self.micros || other.micros,
            jaeger: self.jaeger || other.jaeger,
            cuts_names: self.cuts_names || other.cuts_names,
        }
    }
}

const OTLP: FieldSet = FieldSet::of(DiffField::ALL);

const JAEGER: FieldSet = FieldSet::of(&[
    DiffField::Service,
    DiffField::Parent,
    DiffField::Name,
    DiffField::Kind,
    DiffField::Start,
    DiffField::End,
    DiffField::Status,
    DiffField::Message,
    DiffField::TraceState,
    DiffField::Attributes,
    DiffField::Events,
    DiffField::Links,
    DiffField::Resource,
    DiffField::Scope,
]);

const WIRE: FieldSet = FieldSet::of(&[
    DiffField::Service,
    DiffField::Parent,
    DiffField::Name,
    DiffField::Kind,
    DiffField::Start,
    DiffField::End,
]);

const ROWS: FieldSet =
    FieldSet::of(&[DiffField::Service, DiffField::Parent, DiffField::Name, DiffField::Kind]);

/// What is known of a format.
pub(crate) const fn facts(format: DiffFormat) -> FormatFacts {
    use DiffFormat as F;
    let carries = match format {
        F::OtlpProtobuf | F::OtlpJson | F::TempoJson | F::TempoProtobuf => OTLP,
        F::JaegerJson | F::JaegerOtlp => JAEGER,
        F::WireLog => WIRE,
        F::ExportCsv | F::ExportNdjson | F::ExportParquet => ROWS,
    };
    FormatFacts {
        carries,
        micros: matches!(format, F::JaegerJson),
        jaeger: matches!(format, F::JaegerJson | F::JaegerOtlp),
        cuts_names: matches!(format, F::WireLog | F::ExportCsv | F::ExportNdjson | F::ExportParquet),
    }
}

/// How two sides are held against each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DiffTerms {
    pub(crate) rules: RuleSet,
    pub(crate) left: FormatFacts,
    pub(crate) right: FormatFacts,
    pub(crate) fields: FieldSet,
}

impl DiffTerms {
    /// Of sides in these formats; one that holds nothing is taken for what the other one is.
    pub(crate) fn new(rules: RuleSet, left: &[DiffFormat], right: &[DiffFormat]) -> Self {
        let of =
            |formats: &[DiffFormat]| formats.iter().map(|format| facts(*format)).reduce(FormatFacts::and);
        let (one, other) = (of(left), of(right));
        let usual = facts(DiffFormat::OtlpProtobuf);
        let (left, right) = (one.or(other).unwrap_or(usual), other.or(one).unwrap_or(usual));
        Self { rules, left, right, fields: left.carries.and(right.carries) }
    }

    /// Whether times are compared to the microsecond.
    #[inline]
    pub(crate) const fn micros(&self) -> bool {
        (self.left.micros || self.right.micros) && self.rules.has(DiffRule::Times)
    }

    /// Whether a side holds as text what the other may not.
    #[inline]
    pub(crate) const fn as_text(&self) -> bool {
        (self.left.jaeger || self.right.jaeger) && self.rules.has(DiffRule::Types)
    }
}
