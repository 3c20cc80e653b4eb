//! The whole spans of a side, one by one: for who looks into them and compares nothing.

use std::borrow::Cow;

use spanfate_model::finding::contract::{WholeAttribute, WholeSpan};
use spanfate_model::finding::diff::DiffField;

use crate::error::DiffError;
use crate::intake::{SideInput, SpanTaker};
use crate::rules::{FieldSet, RuleSet, facts};
use crate::span::draft::{SpanPart, SpanView};
use crate::span::origins::{OriginView, Origins};
use crate::span::values::{AnyValue, items, pairs};
use crate::{LEAST_MEMORY, SideError, open, read};

/// A side that was read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WholeRead {
    /// Spans that were given.
    pub spans: u64,
    /// Why they may not be all.
    pub incomplete: Vec<String>,
    /// Whether its formats carry attributes.
    pub has_attributes: bool,
}

/// Gives them on.
struct WholeTaker<'a> {
    each: &'a mut dyn FnMut(&WholeSpan<'_>),
    /// Spans whose resource was not known yet.
    unplaced: u64,
}

impl SpanTaker for WholeTaker<'_> {
    fn take(&mut self, span: SpanView<'_>, origins: &Origins) -> Result<(), DiffError> {
        let resource = origins.resources.bytes(span.resource());
        // A resource that is known has at least its lengths.
        self.unplaced += u64::from(resource.is_empty());
        (self.each)(&WholeSpan {
            service: String::from_utf8_lossy(OriginView::of(resource).name),
            name: String::from_utf8_lossy(span.part(SpanPart::Name)),
            kind: span.kind(),
            attributes: pairs(span.part(SpanPart::Attributes))
                .map(|(name, value)| attribute(name, &value))
                .collect(),
        });
        Ok(())
    }
}

fn attribute<'a>(name: &'a [u8], value: &AnyValue<'a>) -> WholeAttribute<'a> {
    let text = match value {
        AnyValue::Text(text) => String::from_utf8_lossy(text),
        AnyValue::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
        AnyValue::Int(value) => Cow::Owned(value.to_string()),
        AnyValue::Double(value) => Cow::Owned(format!("{value:?}")),
        AnyValue::Empty | AnyValue::List(_) | AnyValue::Map(_) | AnyValue::Bytes(_) => Cow::Borrowed(""),
    };
    WholeAttribute { name: String::from_utf8_lossy(name), of: type_of(value), text }
}

fn type_of(value: &AnyValue<'_>) -> &'static str {
    match value {
        AnyValue::Empty => "empty",
        AnyValue::Text(_) => "string",
        AnyValue::Bool(_) => "boolean",
        AnyValue::Int(_) => "int",
        AnyValue::Double(_) => "double",
        AnyValue::Map(_) => "map",
        AnyValue::Bytes(_) => "bytes",
        AnyValue::List(inside) => {
            let mut types = items(inside).map(|item| type_of(&item));
            let Some(first) = types.next() else { return "[]" };
            match first {
                _ if types.any(|other| other != first) => "any[]",
                "string" => "string[]",
                "boolean" => "boolean[]",
                "int" => "int[]",
                "double" => "double[]",
                _ => "any[]",
            }
        }
    }
}

/// Reads a side and gives each of its spans, in bounded memory; none of a side without attributes.
pub fn whole_spans(
    input: SideInput<'_>,
    each: &mut dyn FnMut(&WholeSpan<'_>),
) -> Result<WholeRead, SideError> {
    let (sources, mut side) = open(input)?;
    let has_attributes = sources
        .iter()
        .filter_map(|source| source.format)
        .all(|format| facts(format).carries.has(DiffField::Attributes));
    if !has_attributes {
        return Ok(WholeRead::default());
    }
    let wanted = [DiffField::Service, DiffField::Name, DiffField::Kind, DiffField::Attributes];
    let kept = (RuleSet::ALL, FieldSet::of(&wanted));
    let mut taker = WholeTaker { each, unplaced: 0 };
    read(sources, &mut side, kept, &mut Origins::new(LEAST_MEMORY), &mut taker)?;
    let mut incomplete = side.incomplete;
    if taker.unplaced > 0 {
        incomplete.push(format!("of {} spans the service stands too far behind them", taker.unplaced));
    }
    Ok(WholeRead { spans: side.spans, incomplete, has_attributes })
}
