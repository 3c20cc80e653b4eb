//! Jaeger's own JSON, as `/api/traces` gives it out: traces with their spans and, behind these, their processes. What Jaeger writes as
//! tags, references and logs becomes what OTLP has for it again; each such step is a rule that can be switched off.

mod span;
mod tags;

use std::collections::BTreeMap;

use spanfate_model::finding::diff::{DiffField, DiffRule};

use self::span::JaegerSpan;
use self::tags::tags;
use super::json::{JsonText, KeyOrder};
use super::sink::Intake;
use super::stream::{ShortKey, drafted, key, list, more, once, open_object, part, skip};
use super::window::{ReadPiece, Window};
use crate::error::ReadStop;
use crate::span::origins::DraftOrigin;

/// What Jaeger calls a service without a name.
const NO_SERVICE: &[u8] = b"OTLPResourceNoServiceName";

/// Processes of one trace.
const MOST_PROCESSES: usize = 100_000;

/// The processes of a trace, by name: their places among those that wait, and whether they are known.
#[derive(Default)]
struct Processes(BTreeMap<Vec<u8>, (u32, bool)>);

/// The list of traces in `data`.
pub(super) fn traces(window: &mut Window<'_>, intake: &mut Intake<'_>) -> Result<(), ReadStop> {
    if list(window)? {
        let mut first = true;
        while more(window, &mut first)? {
            open_object(window)?;
            trace_from(window, intake, None)?;
        }
    }
    Ok(())
}

/// A trace whose object has begun, perhaps with a key.
pub(super) fn trace_from(
    window: &mut Window<'_>,
    intake: &mut Intake<'_>,
    mut begun: Option<ShortKey>,
) -> Result<(), ReadStop> {
    let place = window.position();
    let mut processes = Processes::default();
    let (mut first, mut seen) = (begun.is_none(), 0);
    let keys = std::mem::take(&mut intake.jaeger_keys);
    let mut last = JaegerSpan { keys, ..JaegerSpan::default() };
    while let Some(name) = match begun.take() {
        Some(name) => Some(name),
        None => key(window, &mut first)?,
    } {
        let bit = match name.get() {
            b"spans" => 1,
            b"processes" => 2,
            _ => 0,
        };
        once(window, &mut seen, bit, "a key of a trace comes twice")?;
        match bit {
            1 if list(window)? => {
                let mut first = true;
                while more(window, &mut first)? {
                    one_span(window, intake, &mut processes, &mut last)?;
                }
            }
            1 => {}
            2 => read_processes(window, intake, &mut processes, &mut last.keys[1])?,
            _ => skip(window)?,
        }
    }
    intake.jaeger_keys = last.keys;
    if let Some((name, _)) = processes.0.iter().find(|(_, (_, known))| !known) {
        let name = String::from_utf8_lossy(name);
        return Err(ReadStop::malformed(
            place,
            format!("this trace lacks the process `{name}`, which a span names"),
        ));
    }
    Ok(intake.end_group()?)
}

impl Processes {
    /// The place of a process.
    fn place(&mut self, name: &[u8], intake: &mut Intake<'_>) -> Option<u32> {
        if let Some((place, _)) = self.0.get(name) {
            return Some(*place);
        }
        if self.0.len() == MOST_PROCESSES {
            return None;
        }
        let place = intake.resources.begin();
        self.0.insert(name.to_vec(), (place, false));
        Some(place)
    }
}

#[inline]
fn one_span(
    window: &mut Window<'_>,
    intake: &mut Intake<'_>,
    processes: &mut Processes,
    read: &mut JaegerSpan,
) -> Result<(), ReadStop> {
    drafted(window, intake, |json, draft, fields, lenient| read.read(json, draft, fields, lenient))?;
    let Some(resource) = processes.place(&read.process, intake) else {
        return Err(ReadStop::malformed(window.position(), "a trace has more than 100,000 processes"));
    };
    intake.draft.resource = resource;
    intake.draft.scope = scope_of(intake, read)?;
    Ok(intake.put()?)
}

/// The place of the scope that the tags of a span name; that of the span before, where it is the same.
fn scope_of(intake: &mut Intake<'_>, read: &mut JaegerSpan) -> Result<u32, ReadStop> {
    if let Some((place, name, version)) = &read.last
        && *name == read.scope_name
        && *version == read.scope_version
        && intake.scopes.holds(*place)
    {
        return Ok(*place);
    }
    let place = intake.scopes.begin();
    intake.scope.clear();
    intake.scope.name.extend_from_slice(&read.scope_name);
    intake.scope.version.extend_from_slice(&read.scope_version);
    intake.settle_scope(place)?;
    read.last = Some((place, read.scope_name.clone(), read.scope_version.clone()));
    Ok(place)
}

fn read_processes(
    window: &mut Window<'_>,
    intake: &mut Intake<'_>,
    processes: &mut Processes,
    keys: &mut KeyOrder,
) -> Result<(), ReadStop> {
    if part(window, |json| if json.null()? { Ok(true) } else { json.object().map(|()| false) })? {
        return Ok(());
    }
    let mut first = true;
    loop {
        let begun = first;
        let name = part(window, |json| {
            first = begun;
            Ok(json.key(&mut first)?.map(<[u8]>::to_vec))
        })?;
        let Some(name) = name else { return Ok(()) };
        let place = processes.place(&name, intake);
        let known = processes.0.get_mut(&name).is_some_and(|(_, known)| std::mem::replace(known, true));
        let Some(place) = place.filter(|_| !known) else {
            return Err(ReadStop::malformed(window.position(), "a process of a trace comes twice"));
        };
        let kept = intake.lenient.rules.has(DiffRule::Process) && intake.wants(DiffField::Resource);
        let origin = &mut intake.resource;
        part(window, |json| {
            origin.clear();
            process(json, origin, keys, kept)
        })?;
        intake.takes(DiffRule::Process);
        if intake.resource.name == NO_SERVICE && intake.takes(DiffRule::Defaults) {
            intake.resource.name.clear();
        }
        intake.settle_resource(place)?;
    }
}

/// A process; its tags are kept where they are compared.
fn process(
    json: &mut JsonText<'_>,
    origin: &mut DraftOrigin,
    keys: &mut KeyOrder,
    kept: bool,
) -> ReadPiece<()> {
    json.object()?;
    let (mut first, mut seen) = (true, 0);
    while let Some(key) = json.key(&mut first)? {
        let bit = match key {
            b"serviceName" => 1,
            b"tags" => 2,
            _ => 0,
        };
        json.once(&mut seen, bit, "a key of a process comes twice")?;
        match bit {
            1 => json.text(&mut origin.name)?,
            2 if kept => {
                let attributes = &mut origin.attributes;
                tags(json, attributes, keys, |_| true, &mut |_, _| false)?;
            }
            _ => json.skip()?,
        }
    }
    Ok(())
}
