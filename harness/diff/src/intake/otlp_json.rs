//! OTLP in JSON: resources, their scopes, and the spans of those.

mod span;

use spanfate_model::finding::diff::DiffField;

use self::span::span;
use super::json::JsonText;
use super::sink::Intake;
use super::stream::{key, list, more, open_object, part, skip, text};
use super::window::{ReadPiece, Window};
use crate::error::ReadStop;
use crate::span::origins::DraftOrigin;

pub(super) fn resource_list(window: &mut Window<'_>, intake: &mut Intake<'_>) -> Result<(), ReadStop> {
    if list(window)? {
        let mut first = true;
        while more(window, &mut first)? {
            resource_spans(window, intake)?;
        }
    }
    Ok(())
}

fn resource_spans(window: &mut Window<'_>, intake: &mut Intake<'_>) -> Result<(), ReadStop> {
    open_object(window)?;
    let place = intake.resources.begin();
    intake.resource.clear();
    let (mut first, mut seen) = (true, 0_u8);
    while let Some(key) = key(window, &mut first)? {
        let bit = match key.get() {
            b"resource" => 1,
            b"scopeSpans" | b"scope_spans" | b"instrumentationLibrarySpans" => 2,
            b"schemaUrl" | b"schema_url" => 4,
            _ => 0,
        };
        if seen & bit != 0 {
            return Err(ReadStop::malformed(window.position(), "a key comes twice"));
        }
        seen |= bit;
        match bit {
            1 => {
                let wanted = intake.wants(DiffField::ScopeDetails);
                let origin = &mut intake.resource;
                let schema = std::mem::take(&mut origin.schema);
                part(window, |json| {
                    origin.clear();
                    resource(json, origin, wanted)
                })?;
                intake.resource.schema = schema;
                intake.name_service();
            }
            2 if list(window)? => {
                let mut first = true;
                while more(window, &mut first)? {
                    scope_spans(window, intake, place)?;
                }
            }
            2 => {}
            4 => text(window, &mut intake.resource.schema)?,
            _ => skip(window)?,
        }
    }
    intake.settle_resource(place)?;
    Ok(intake.end_group()?)
}

/// A resource.
fn resource(json: &mut JsonText<'_>, origin: &mut DraftOrigin, dropped: bool) -> ReadPiece<()> {
    if json.null()? {
        return Ok(());
    }
    json.object()?;
    let (mut first, mut seen) = (true, false);
    while let Some(key) = json.key(&mut first)? {
        match key {
            b"attributes" if std::mem::replace(&mut seen, true) => return json.wrong("a key comes twice"),
            b"attributes" => json.attributes(&mut origin.attributes)?,
            b"droppedAttributesCount" | b"dropped_attributes_count" if dropped => {
                origin.dropped = json.unsigned32()?;
            }
            _ => json.skip()?,
        }
    }
    Ok(())
}

fn scope_spans(window: &mut Window<'_>, intake: &mut Intake<'_>, resource: u32) -> Result<(), ReadStop> {
    open_object(window)?;
    let place = intake.scopes.begin();
    intake.scope.clear();
    let (mut first, mut seen) = (true, 0_u8);
    while let Some(key) = key(window, &mut first)? {
        let bit = match key.get() {
            b"scope" | b"instrumentationLibrary" => 1,
            b"spans" => 2,
            b"schemaUrl" | b"schema_url" => 4,
            _ => 0,
        };
        if seen & bit != 0 {
            return Err(ReadStop::malformed(window.position(), "a key comes twice"));
        }
        seen |= bit;
        match bit {
            1 => {
                let origin = &mut intake.scope;
                let schema = std::mem::take(&mut origin.schema);
                part(window, |json| {
                    origin.clear();
                    scope(json, origin)
                })?;
                intake.scope.schema = schema;
            }
            2 if list(window)? => {
                (intake.draft.resource, intake.draft.scope) = (resource, place);
                let mut first = true;
                while more(window, &mut first)? {
                    one_span(window, intake)?;
                }
            }
            2 => {}
            4 => text(window, &mut intake.scope.schema)?,
            _ => skip(window)?,
        }
    }
    Ok(intake.settle_scope(place)?)
}

fn scope(json: &mut JsonText<'_>, origin: &mut DraftOrigin) -> ReadPiece<()> {
    if json.null()? {
        return Ok(());
    }
    json.object()?;
    let (mut first, mut seen) = (true, 0_u8);
    while let Some(key) = json.key(&mut first)? {
        let bit = match key {
            b"name" => 1,
            b"version" => 2,
            b"attributes" => 4,
            _ => 0,
        };
        if seen & bit != 0 {
            return json.wrong("a key comes twice");
        }
        seen |= bit;
        match key {
            b"name" | b"version" if json.null()? => {}
            b"name" => json.text(&mut origin.name)?,
            b"version" => json.text(&mut origin.version)?,
            b"attributes" => json.attributes(&mut origin.attributes)?,
            b"droppedAttributesCount" | b"dropped_attributes_count" => origin.dropped = json.unsigned32()?,
            _ => json.skip()?,
        }
    }
    Ok(())
}

#[inline]
fn one_span(window: &mut Window<'_>, intake: &mut Intake<'_>) -> Result<(), ReadStop> {
    (intake.draft.at, intake.draft.line) = (window.offset(), window.line());
    let counts = intake.lenient.counts;
    let (draft, lenient, fields) = (&mut intake.draft, &mut intake.lenient, intake.fields);
    part(window, |json| {
        draft.clear();
        lenient.counts = counts;
        span(json, draft, fields, lenient)
    })?;
    Ok(intake.put()?)
}
