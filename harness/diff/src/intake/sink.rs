//! Where readers put spans. A span is held until its resource and its scope are known: both may be written behind it.

use spanfate_model::finding::diff::{DiffField, DiffRule};

use super::json::{KeyOrder, Leniency};
use crate::error::DiffError;
use crate::rules::{FieldSet, RuleCounts, RuleSet};
use crate::span::draft::{DraftSpan, SpanView, set_origin};
use crate::span::origins::{DraftOrigin, OriginTable, Origins};
use crate::span::values::{AnyValue, take, take_value};

/// Bytes of spans that wait for their resource.
const MOST_WAITING: usize = 1 << 20;

/// Who gets the spans of a side.
pub(crate) trait SpanTaker {
    /// One span; its resource and scope are numbers of the origins.
    fn take(&mut self, span: SpanView<'_>, origins: &Origins) -> Result<(), DiffError>;
}

/// Resources or scopes of the spans that wait, by their place among them.
#[derive(Debug, Default)]
pub(super) struct Locals {
    numbers: Vec<Option<u32>>,
    /// Those whose number was given out before they were known.
    reserved: Vec<bool>,
}

impl Locals {
    /// A place for one more.
    pub(super) fn begin(&mut self) -> u32 {
        self.numbers.push(None);
        self.reserved.push(false);
        self.numbers.len() as u32 - 1
    }

    /// Whether the place is one of those that wait.
    pub(super) const fn holds(&self, place: u32) -> bool {
        (place as usize) < self.numbers.len()
    }

    /// What the place holds is known.
    fn settle(&mut self, place: u32, bytes: &[u8], table: &mut OriginTable) -> Result<(), DiffError> {
        let at = place as usize;
        match self.numbers[at] {
            Some(number) if self.reserved[at] => table.fill(number, bytes)?,
            _ => self.numbers[at] = Some(table.number(bytes)?),
        }
        self.reserved[at] = false;
        Ok(())
    }

    /// Gives each a number, known or not.
    fn number_all(&mut self, table: &mut OriginTable) -> Result<(), DiffError> {
        for (number, reserved) in self.numbers.iter_mut().zip(&mut self.reserved) {
            if number.is_none() {
                *number = Some(table.reserve()?);
                *reserved = true;
            }
        }
        Ok(())
    }

    fn number(&self, place: u32) -> u32 {
        self.numbers.get(place as usize).copied().flatten().unwrap_or_default()
    }

    fn clear(&mut self) {
        self.numbers.clear();
        self.reserved.clear();
    }
}

/// Takes the spans of a side from its reader.
pub(crate) struct Intake<'a> {
    pub(super) lenient: Leniency,
    /// The fields that are compared; others need not be kept.
    pub(super) fields: FieldSet,
    origins: &'a mut Origins,
    to: &'a mut dyn SpanTaker,
    /// Spans given on.
    pub(crate) spans: u64,
    /// Spans that do not count: those that were refused, and rows of those that never arrived.
    pub(crate) refused: u64,
    pub(crate) not_arrived: u64,
    /// Why the side may not be whole.
    pub(crate) incomplete: Vec<String>,
    /// The message or document that is being read.
    pub(super) document: u32,
    pub(super) draft: DraftSpan,
    /// The keys in JSON so far: of spans in OTLP; of spans and of tags in Jaeger's.
    pub(super) otlp_keys: KeyOrder,
    pub(super) jaeger_keys: [KeyOrder; 2],
    pub(super) resource: DraftOrigin,
    pub(super) scope: DraftOrigin,
    pub(super) resources: Locals,
    pub(super) scopes: Locals,
    waiting: Vec<u8>,
    bytes: Vec<u8>,
}

impl<'a> Intake<'a> {
    pub(crate) fn new(
        rules: RuleSet,
        fields: FieldSet,
        origins: &'a mut Origins,
        to: &'a mut dyn SpanTaker,
    ) -> Self {
        Self {
            lenient: Leniency { rules, counts: RuleCounts::default() },
            fields,
            origins,
            to,
            spans: 0,
            refused: 0,
            not_arrived: 0,
            incomplete: Vec::new(),
            document: 0,
            draft: DraftSpan::default(),
            otlp_keys: KeyOrder::default(),
            jaeger_keys: <[KeyOrder; 2]>::default(),
            resource: DraftOrigin::default(),
            scope: DraftOrigin::default(),
            resources: Locals::default(),
            scopes: Locals::default(),
            waiting: Vec::new(),
            bytes: Vec::new(),
        }
    }

    pub(crate) const fn counts(&self) -> RuleCounts {
        self.lenient.counts
    }

    /// Whether the field is compared.
    #[inline]
    pub(super) const fn wants(&self, field: DiffField) -> bool {
        self.fields.has(field)
    }

    /// The draft is whole; its resource and scope are places among those that wait.
    #[inline]
    pub(super) fn put(&mut self) -> Result<(), DiffError> {
        self.spans += 1;
        self.draft.document = self.document;
        self.draft.write(&mut self.waiting);
        if self.waiting.len() > MOST_WAITING { self.hand_on() } else { Ok(()) }
    }

    /// The resource that was drafted belongs to that place.
    pub(super) fn settle_resource(&mut self, place: u32) -> Result<(), DiffError> {
        if !self.wants(DiffField::Resource) {
            self.resource.attributes.clear();
        }
        if !self.wants(DiffField::SchemaUrl) {
            self.resource.schema.clear();
        }
        if !self.wants(DiffField::ScopeDetails) {
            self.resource.dropped = 0;
        }
        self.bytes.clear();
        self.resource.write(&mut self.bytes);
        self.resources.settle(place, &self.bytes, &mut self.origins.resources)
    }

    /// The scope that was drafted belongs to that place.
    pub(super) fn settle_scope(&mut self, place: u32) -> Result<(), DiffError> {
        if !self.wants(DiffField::Scope) {
            self.scope.name.clear();
            self.scope.version.clear();
        }
        if !self.wants(DiffField::SchemaUrl) {
            self.scope.schema.clear();
        }
        if !self.wants(DiffField::ScopeDetails) {
            self.scope.dropped = 0;
            self.scope.attributes.clear();
        }
        self.bytes.clear();
        self.scope.write(&mut self.bytes);
        self.scopes.settle(place, &self.bytes, &mut self.origins.scopes)
    }

    /// A group of spans is at its end: all its resources and scopes are settled.
    pub(super) fn end_group(&mut self) -> Result<(), DiffError> {
        self.hand_on()?;
        self.resources.clear();
        self.scopes.clear();
        Ok(())
    }

    /// The input ends in the middle of a group. Its spans that still wait are left out, as their resource may not be known.
    pub(super) fn cut_off(&mut self) -> Result<(), DiffError> {
        let mut at = 0;
        while let Some(record) = SpanView::at(&self.waiting, at) {
            at += record.bytes().len();
            self.spans -= 1;
        }
        self.waiting.clear();
        for place in 0..self.resources.reserved.len() {
            if self.resources.reserved[place] {
                self.settle_resource(place as u32)?;
            }
        }
        for place in 0..self.scopes.reserved.len() {
            if self.scopes.reserved[place] {
                self.settle_scope(place as u32)?;
            }
        }
        Ok(())
    }

    fn hand_on(&mut self) -> Result<(), DiffError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.resources.number_all(&mut self.origins.resources)?;
        self.scopes.number_all(&mut self.origins.scopes)?;
        let mut at = 0;
        while let Some(record) = SpanView::at(&self.waiting, at) {
            let (resource, scope) = (record.resource(), record.scope());
            let length = record.bytes().len();
            set_origin(&mut self.waiting[at..], self.resources.number(resource), self.scopes.number(scope));
            if let Some(record) = SpanView::at(&self.waiting, at) {
                self.to.take(record, self.origins)?;
            }
            at += length;
        }
        self.waiting.clear();
        Ok(())
    }

    /// Of the attributes of a resource, the first text that names the service becomes the service.
    pub(super) fn name_service(&mut self) {
        let attributes = &mut self.resource.attributes;
        let mut rest = &attributes[..];
        loop {
            let from = attributes.len() - rest.len();
            let (Some(key), Some(value)) = (take(&mut rest), take_value(&mut rest)) else { return };
            if let (b"service.name", AnyValue::Text(text)) = (key, value) {
                self.resource.name.clear();
                self.resource.name.extend_from_slice(text);
                let to = attributes.len() - rest.len();
                attributes.drain(from..to);
                return;
            }
        }
    }

    /// Whether a rule may be applied; it is counted then.
    #[inline]
    pub(super) const fn takes(&mut self, rule: DiffRule) -> bool {
        self.lenient.takes(rule)
    }
}
