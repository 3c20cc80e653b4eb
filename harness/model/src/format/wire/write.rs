//! Writes the records of a wire log.

use super::{
    AnswerFate, AnswerRecord, Disposition, MAGIC, NAME_CHUNK, NAME_LIMIT, RECORD_BYTES, Relayed,
    RequestRecord, SpanRecord, WireProtocol,
};
use crate::quantity::le::put;

#[inline]
const fn disposition_code(d: Disposition) -> u8 {
    match d {
        Disposition::Accepted => 0,
        Disposition::RejectedPartial => 1,
        Disposition::Refused => 2,
        Disposition::Failed => 3,
    }
}

#[inline]
pub(super) const fn protocol_code(protocol: WireProtocol) -> u8 {
    match protocol {
        WireProtocol::Grpc => 0,
        WireProtocol::HttpProtobuf => 1,
        WireProtocol::HttpJson => 2,
    }
}

/// The file's first record.
pub fn header() -> [u8; RECORD_BYTES] {
    let mut out = [0; RECORD_BYTES];
    put(&mut out, 0, *MAGIC);
    put(&mut out, 8, 1_u32.to_le_bytes());
    put(&mut out, 12, (RECORD_BYTES as u32).to_le_bytes());
    out
}

/// The first record of a log that must be read to its end: the receiver hands on what it takes.
pub fn relay_header() -> [u8; RECORD_BYTES] {
    let mut out = header();
    out[16] = 1;
    out
}

impl RequestRecord {
    /// Writes the record.
    #[inline]
    pub fn write(&self) -> [u8; RECORD_BYTES] {
        let mut out = [0; RECORD_BYTES];
        out[0] = 1;
        out[1] = disposition_code(self.disposition);
        out[2] = protocol_code(self.protocol);
        put(&mut out, 4, self.request.to_le_bytes());
        put(&mut out, 8, self.at.to_le_bytes());
        put(&mut out, 16, self.connection.to_le_bytes());
        put(&mut out, 20, self.spans.to_le_bytes());
        put(&mut out, 24, self.raw_bytes.to_le_bytes());
        put(&mut out, 28, self.wire_bytes.to_le_bytes());
        out[32] = self.hop;
        out[33] = self.path;
        out[34] = self.fault;
        out
    }
}

impl SpanRecord {
    /// Writes the record.
    #[inline]
    pub fn write(&self) -> [u8; RECORD_BYTES] {
        let mut out = [0; RECORD_BYTES];
        out[0] = 2;
        out[1] = disposition_code(self.disposition);
        out[2] = self.kind;
        put(&mut out, 4, self.request.to_le_bytes());
        put(&mut out, 8, self.key.trace.0);
        put(&mut out, 24, self.key.span.0);
        put(&mut out, 32, self.parent.0);
        put(&mut out, 40, self.name.to_le_bytes());
        put(&mut out, 44, self.service.to_le_bytes());
        put(&mut out, 48, self.start_wall.to_le_bytes());
        put(&mut out, 56, self.end_wall.to_le_bytes());
        out
    }
}

impl AnswerRecord {
    /// Writes the record.
    #[inline]
    pub fn write(&self) -> [u8; RECORD_BYTES] {
        let mut out = [0; RECORD_BYTES];
        out[0] = 3;
        out[1] = match self.fate {
            AnswerFate::TakenByTransport => 0,
            AnswerFate::CancelledByPeer => 1,
            AnswerFate::ConnectionError => 2,
        };
        out[2] = self.fault;
        put(&mut out, 4, self.request.to_le_bytes());
        put(&mut out, 8, self.at.to_le_bytes());
        put(&mut out, 16, self.status.to_le_bytes());
        let (relayed, rejected) = match self.relayed {
            Relayed::No => (0, 0),
            Relayed::Taken { rejected } => (1, rejected),
            Relayed::Refused => (2, 0),
            Relayed::Unanswered => (3, 0),
        };
        out[3] = relayed;
        put(&mut out, 20, rejected.to_le_bytes());
        out
    }
}

/// Writes an interned name as as many records as it needs.
pub fn write_name(id: u32, name: &[u8]) -> Vec<u8> {
    let kept = &name[..name.len().min(NAME_LIMIT)];
    let chunks: Vec<&[u8]> = if kept.is_empty() { vec![kept] } else { kept.chunks(NAME_CHUNK).collect() };
    let mut out = Vec::with_capacity(chunks.len() * RECORD_BYTES);
    for chunk in chunks {
        let mut record = [0; RECORD_BYTES];
        record[0] = 4;
        record[1] = chunk.len() as u8;
        put(&mut record, 4, id.to_le_bytes());
        record[16..16 + chunk.len()].copy_from_slice(chunk);
        out.extend_from_slice(&record);
    }
    out
}

/// Writes a gap: spans that were answered but not kept.
pub fn write_gap(spans: u64) -> [u8; RECORD_BYTES] {
    let mut out = [0; RECORD_BYTES];
    out[0] = 5;
    put(&mut out, 8, spans.to_le_bytes());
    out
}

/// Writes the end record of an orderly close.
pub fn write_end(requests: u64) -> [u8; RECORD_BYTES] {
    let mut out = [0; RECORD_BYTES];
    out[0] = 6;
    put(&mut out, 8, requests.to_le_bytes());
    out
}
