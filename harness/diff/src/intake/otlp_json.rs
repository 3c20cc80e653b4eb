//! OTLP in JSON: resources, their scopes, and the spans of those.

mod span;

use spanfate_model::finding::diff::DiffField;

use self::span::span;
use super::json::JsonText;
use super::sink::Intake;
use super::stream::{drafted, key, list, more, once, open_object, part, skip, text};
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
    let (mut first, mut seen) = (true, 0);
    while let Some(key) = key(window, &mut first)? {
        let bit = match key.get() {
            b"resource" => 1,
            b"scopeSpans" | b"scope_spans" | b"instrumentationLibrarySpans" => 2,
            b"schemaUrl" | b"schema_url" => 4,
            _ => 0,
        };
        once(window, &mut seen, bit, "a key comes twice")?;
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
    let (mut first, mut seen) = (true, 0);
    while let Some(key) = json.key(&mut first)? {
        let bit = match key {
            b"attributes" => 1,
            b"droppedAttributesCount" | b"dropped_attributes_count" => 2,
            _ => 0,
        };
        json.once(&mut seen, bit, "a key comes twice")?;
        match bit {
            1 => json.attributes(&mut origin.attributes)?,
            2 if dropped => origin.dropped = json.unsigned32()?,
            _ => json.skip()?,
        }
    }
    Ok(())
}

fn scope_spans(window: &mut Window<'_>, intake: &mut Intake<'_>, resource: u32) -> Result<(), ReadStop> {
    open_object(window)?;
    let place = intake.scopes.begin();
    intake.scope.clear();
    let (mut first, mut seen) = (true, 0);
    while let Some(key) = key(window, &mut first)? {
        let bit = match key.get() {
            b"scope" | b"instrumentationLibrary" => 1,
            b"spans" => 2,
            b"schemaUrl" | b"schema_url" => 4,
            _ => 0,
        };
        once(window, &mut seen, bit, "a key comes twice")?;
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
    let (mut first, mut seen) = (true, 0);
    while let Some(key) = json.key(&mut first)? {
        let bit = match key {
            b"name" => 1,
            b"version" => 2,
            b"attributes" => 4,
            b"droppedAttributesCount" | b"dropped_attributes_count" => 8,
            _ => 0,
        };
        json.once(&mut seen, bit, "a key comes twice")?;
        match bit {
            1 | 2 if json.null()? => {}
            1 => json.text(&mut origin.name)?,
            2 => json.text(&mut origin.version)?,
            4 => json.attributes(&mut origin.attributes)?,
            8 => origin.dropped = json.unsigned32()?,
            _ => json.skip()?,
        }
    }
    Ok(())
}

#[inline]
fn one_span(window: &mut Window<'_>, intake: &mut Intake<'_>) -> Result<(), ReadStop> {
    let mut keys = std::mem::take(&mut intake.otlp_keys);
    drafted(window, intake, |json, draft, fields, lenient| span(json, draft, fields, lenient, &mut keys))?;
    intake.otlp_keys = keys;
    Ok(intake.put()?)
}
