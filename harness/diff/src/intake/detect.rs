//! What a side is, by its content.

use std::io::Read;

use spanfate_model::finding::diff::DiffFormat;
use spanfate_model::format::wire::{Endings, MAGIC};

use super::coding;
use super::json::JsonText;
use super::parquet::{PlacedFile, SideFile};
use super::protobuf::{self, MessageFraming};
use super::sink::Intake;
use super::window::{ReadPiece, Window};
use super::{documents, parquet, rows, wire_log};
use crate::error::{DiffError, InputPosition, ReadStop};

/// Bytes that are looked at to find out what a side is.
const LOOK: usize = 64 << 10;

/// A side as it is given.
pub struct SideInput<'a> {
    /// What to call it.
    pub name: String,
    /// What is in it, one after the other.
    pub sources: Vec<SideSource<'a>>,
    /// Why it is known beforehand that it is not whole.
    pub incomplete: Vec<String>,
}

/// A part of a side.
pub struct SideSource<'a> {
    /// What to call it.
    pub name: String,
    /// Its bytes.
    pub from: Box<dyn Read + 'a>,
    /// The same once more, and how many they are, where they can be read again, and in any place: the log of a relay and Parquet need it.
    pub again: Option<(Box<dyn SideFile + 'a>, u64)>,
    /// What it is written in, where that is not to be found out.
    pub format: Option<DiffFormat>,
}

/// A part of a side, of which the format is known.
pub(crate) struct OpenedSource<'a> {
    pub(crate) name: String,
    window: Window<'a>,
    /// Nothing for a side that is empty.
    pub(crate) format: Option<DiffFormat>,
    pub(crate) coding: &'static str,
    framing: MessageFraming,
    nested: bool,
    endings: Option<Endings>,
    /// A side that is read in places, where it is a file.
    placed: Option<PlacedFile<'a>>,
    /// Where it ended too early, within its first bytes.
    cut: Option<InputPosition>,
}

impl<'a> OpenedSource<'a> {
    /// Finds out what it is. One that ends too early in its first bytes is read as what they are.
    pub(crate) fn open(source: SideSource<'a>) -> Result<Self, DiffError> {
        let SideSource { name, from, again, format: forced } = source;
        let (from, coding) = coding::opened(from)?;
        let mut window = Window::new(from);
        let cut = match window.look(LOOK) {
            Ok(_) => None,
            Err(ReadStop::Truncated(at)) => Some(at),
            Err(ReadStop::Failed(error)) => return Err(error),
        };
        if window.rest().starts_with(b"\xef\xbb\xbf") {
            window.pass(3);
        }
        let first = window.rest();
        let format = match forced {
            _ if first.is_empty() => None,
            Some(format) => Some(format),
            None => Some(found(first)?),
        };
        let (framing, nested) = protobuf::looks_like(first).unwrap_or((MessageFraming::None, false));
        let nested = nested || forced == Some(DiffFormat::TempoProtobuf);
        let is_text = !matches!(
            format,
            Some(
                DiffFormat::WireLog
                    | DiffFormat::OtlpProtobuf
                    | DiffFormat::TempoProtobuf
                    | DiffFormat::ExportParquet
            ) | None
        );
        if is_text {
            window.count_lines();
        }
        let (mut endings, mut placed) = (None, None);
        match (format, again) {
            (Some(DiffFormat::WireLog), Some((again, bytes))) => {
                endings = wire_log::endings(coding::opened(again)?.0, bytes)?;
            }
            (Some(DiffFormat::ExportParquet), Some((again, bytes))) if coding.is_empty() => {
                placed = Some(PlacedFile::new(again, bytes));
            }
            _ => {}
        }
        Ok(Self { name, window, format, coding, framing, nested, endings, placed, cut })
    }

    /// Reads all of it; gives the bytes that were read. Where it ends too early the intake says so.
    pub(crate) fn read(mut self, intake: &mut Intake<'_>) -> Result<u64, DiffError> {
        use DiffFormat as F;
        let window = &mut self.window;
        let mut bytes = None;
        let done = match self.format {
            None => Ok(()),
            Some(F::WireLog) => wire_log::read(window, intake, self.endings),
            Some(F::OtlpProtobuf | F::TempoProtobuf) => {
                protobuf::read(window, intake, self.framing, self.nested)
            }
            Some(F::OtlpJson | F::JaegerJson | F::JaegerOtlp | F::TempoJson) => {
                documents::read(window, intake)
            }
            Some(F::ExportCsv) => rows::read_csv(window, intake),
            Some(F::ExportNdjson) => rows::read_ndjson(window, intake),
            Some(F::ExportParquet) => {
                let placed = self.placed.map_or_else(|| PlacedFile::spooled(window), Ok);
                placed.and_then(|file| {
                    bytes = Some(file.bytes);
                    parquet::read(file, intake)
                })
            }
        };
        match (done, self.cut) {
            (Ok(()), None) => Ok(bytes.unwrap_or(window.offset())),
            (Ok(()), Some(at)) | (Err(ReadStop::Truncated(at)), _) => {
                intake.incomplete.push(format!("the input ends too early, at {at}"));
                intake.cut_off()?;
                Ok(at.byte)
            }
            (Err(ReadStop::Failed(error)), _) => Err(error),
        }
    }
}

/// What begins so.
fn found(first: &[u8]) -> Result<DiffFormat, DiffError> {
    if first.starts_with(MAGIC) {
        return Ok(DiffFormat::WireLog);
    }
    if first.starts_with(parquet::MAGIC) {
        return Ok(DiffFormat::ExportParquet);
    }
    let text = first.trim_ascii_start();
    if matches!(text.first(), Some(b'{' | b'[')) {
        // What cannot be told by its keys is read as OTLP, which says what is wrong with it.
        return Ok(by_keys(text).unwrap_or(DiffFormat::OtlpJson));
    }
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_heading = |name: &[u8]| line.split(|byte| *byte == b',').any(|cell| cell == name);
    if is_heading(b"trace_id") && is_heading(b"span_id") {
        return Ok(DiffFormat::ExportCsv);
    }
    match protobuf::looks_like(first) {
        Some((_, true)) => Ok(DiffFormat::TempoProtobuf),
        Some((_, false)) => Ok(DiffFormat::OtlpProtobuf),
        None => {
            let shown: String =
                String::from_utf8_lossy(&first[..first.len().min(16)]).escape_debug().collect();
            Err(DiffError::Unknown(format!(
                "it begins with \"{shown}\"; name it with --left-format or --right-format"
            )))
        }
    }
}

/// What the first key that is known belongs to.
fn by_keys(text: &[u8]) -> Option<DiffFormat> {
    let mut json = JsonText::new(text);
    if text.first() == Some(&b'[') {
        json.list().ok()?;
    }
    first_known(&mut json).ok().flatten()
}

fn first_known(json: &mut JsonText<'_>) -> ReadPiece<Option<DiffFormat>> {
    json.object()?;
    let mut first = true;
    while let Some(key) = json.key(&mut first)? {
        let format = match key {
            b"resourceSpans" | b"resource_spans" => DiffFormat::OtlpJson,
            b"result" => DiffFormat::JaegerOtlp,
            b"data" | b"traceID" | b"processes" => DiffFormat::JaegerJson,
            b"batches" | b"trace" => DiffFormat::TempoJson,
            b"trial" | b"trace_id" => DiffFormat::ExportNdjson,
            _ => {
                json.skip()?;
                continue;
            }
        };
        return Ok(Some(format));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        for (text, format) in [
            (&b" {\"resourceSpans\":["[..], DiffFormat::OtlpJson),
            (b"[{\"resource_spans\":", DiffFormat::OtlpJson),
            (b"{\"x\":{\"data\":1},\"data\":[", DiffFormat::JaegerJson),
            (b"{\"result\":{", DiffFormat::JaegerOtlp),
            (b"{\"batches\":[", DiffFormat::TempoJson),
            (b"{\"trial\":0", DiffFormat::ExportNdjson),
            (b"trial,variant,service,trace_id,span_id,x\n", DiffFormat::ExportCsv),
            (b"SPNWIRE1\x01", DiffFormat::WireLog),
            (b"PAR1\x15", DiffFormat::ExportParquet),
            (b"\x0a\x20\x0a\x10\x0a\x0e\x0a\x0cservice.name", DiffFormat::OtlpProtobuf),
            (b"\x22\x0a\x20\x0a\x10\x0a\x0e\x0a\x0cservice.name", DiffFormat::OtlpProtobuf),
            (b"\0\0\0\x22\x0a\x20\x0a\x10\x0a\x0e\x0a\x0cservice.name", DiffFormat::OtlpProtobuf),
            (b"\x0a\x22\x0a\x20\x0a\x10\x0a\x0e\x0a\x0cservice.name", DiffFormat::TempoProtobuf),
        ] {
            assert_eq!(found(text).unwrap(), format, "{}", String::from_utf8_lossy(text));
        }
        assert!(matches!(found(b"hello"), Err(DiffError::Unknown(_))));
    }
}
