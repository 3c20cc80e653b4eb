//! Documents in JSON, one after the other: messages of OTLP in whatever envelope a store puts around them, and traces of Jaeger.

use super::sink::Intake;
use super::stream::{key, more, next, open_list, part, skip};
use super::window::Window;
use super::{jaeger, otlp_json};
use crate::error::ReadStop;

/// Envelopes that may be in each other.
const ENVELOPES: u32 = 4;

/// Reads all documents of a stream.
pub(super) fn read(window: &mut Window<'_>, intake: &mut Intake<'_>) -> Result<(), ReadStop> {
    while let Some(byte) = next(window)? {
        if byte == b'[' {
            open_list(window)?;
            let mut first = true;
            while more(window, &mut first)? {
                document(window, intake, ENVELOPES)?;
                intake.document += 1;
            }
        } else {
            document(window, intake, ENVELOPES)?;
            intake.document += 1;
        }
    }
    Ok(())
}

/// One document, or what is in an envelope.
fn document(window: &mut Window<'_>, intake: &mut Intake<'_>, deeper: u32) -> Result<(), ReadStop> {
    let at = window.position();
    if deeper == 0 {
        return Err(ReadStop::malformed(at, "envelopes are nested too deep"));
    }
    if part(window, |json| if json.null()? { Ok(true) } else { json.object().map(|()| false) })? {
        return Ok(());
    }
    let (mut first, mut known, mut keys, mut others) = (true, Vec::new(), 0, 0);
    while let Some(key) = key(window, &mut first)? {
        keys += 1;
        let name = key.get();
        match name {
            b"resourceSpans" | b"resource_spans" | b"batches" | b"result" | b"trace" | b"data" => {
                if known.iter().any(|seen: &Vec<u8>| seen == name) {
                    return Err(ReadStop::malformed(window.position(), "a key comes twice"));
                }
                known.push(name.to_vec());
                match name {
                    b"result" | b"trace" => document(window, intake, deeper - 1)?,
                    b"data" => jaeger::traces(window, intake)?,
                    _ => otlp_json::resource_list(window, intake)?,
                }
            }
            // A trace of Jaeger without its envelope.
            b"traceID" | b"spans" | b"processes" if known.is_empty() => {
                return jaeger::trace_from(window, intake, Some(key));
            }
            // Other signals, and what answers hold beside their traces.
            b"resourceLogs" | b"resourceMetrics" | b"metrics" | b"status" | b"total" | b"limit"
            | b"offset" => {
                others += 1;
                skip(window)?;
            }
            b"errors" | b"error" => {
                others += 1;
                errors(window, intake)?;
            }
            _ => skip(window)?,
        }
    }
    // An empty object is an empty message. One that holds something else would hide spans whose key is misspelt.
    if known.is_empty() && others == 0 && keys > 0 {
        return Err(ReadStop::malformed(
            at,
            "this object holds no `resourceSpans`, and nothing else that is known",
        ));
    }
    Ok(())
}

/// What a store says went wrong.
fn errors(window: &mut Window<'_>, intake: &mut Intake<'_>) -> Result<(), ReadStop> {
    let none = part(window, |json| {
        let from = json.at;
        if json.null()? {
            return Ok(true);
        }
        json.skip()?;
        Ok(json.at - from <= 2)
    })?;
    if !none {
        intake.incomplete.push("the store's answer names errors".to_owned());
    }
    Ok(())
}
