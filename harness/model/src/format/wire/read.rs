//! Reads the records of a wire log.

use super::{
    AnswerFate, AnswerRecord, Disposition, MAGIC, NAME_CHUNK, RECORD_BYTES, Relayed, RequestRecord,
    SpanRecord, WireProtocol, WireRecord,
};
use crate::quantity::id::{SpanId, SpanKey, TraceId};
use crate::quantity::le::{array_at, u16_at, u32_at, u64_at};

#[inline]
const fn disposition_of(code: u8) -> Disposition {
    match code {
        0 => Disposition::Accepted,
        1 => Disposition::RejectedPartial,
        3 => Disposition::Failed,
        _ => Disposition::Refused,
    }
}

#[inline]
pub(super) const fn protocol_of(code: u8) -> WireProtocol {
    match code {
        1 => WireProtocol::HttpProtobuf,
        2 => WireProtocol::HttpJson,
        _ => WireProtocol::Grpc,
    }
}

/// Reads the records after the header; a torn last record is left out. `None` if this is no wire log.
pub fn read(bytes: &[u8]) -> Option<impl Iterator<Item = WireRecord> + '_> {
    let rest = bytes.get(RECORD_BYTES..)?;
    (&bytes[..8] == MAGIC).then(|| rest.as_chunks().0.iter().map(record))
}

/// Reads one record that stands after the header.
#[inline]
pub fn record(record: &[u8; RECORD_BYTES]) -> WireRecord {
    let request = u32_at(record, 4);
    match record[0] {
        1 => WireRecord::Request(RequestRecord {
            request,
            connection: u32_at(record, 16),
            at: u64_at(record, 8),
            raw_bytes: u32_at(record, 24),
            wire_bytes: u32_at(record, 28),
            spans: u32_at(record, 20),
            protocol: protocol_of(record[2]),
            disposition: disposition_of(record[1]),
            hop: record[32],
            path: record[33],
            fault: record[34],
        }),
        2 => WireRecord::Span(SpanRecord {
            request,
            key: SpanKey { trace: TraceId(array_at(record, 8)), span: SpanId(array_at(record, 24)) },
            parent: SpanId(array_at(record, 32)),
            name: u32_at(record, 40),
            service: u32_at(record, 44),
            kind: record[2],
            disposition: disposition_of(record[1]),
            start_wall: u64_at(record, 48),
            end_wall: u64_at(record, 56),
        }),
        3 => WireRecord::Answer(AnswerRecord {
            request,
            at: u64_at(record, 8),
            fate: match record[1] {
                0 => AnswerFate::TakenByTransport,
                1 => AnswerFate::CancelledByPeer,
                _ => AnswerFate::ConnectionError,
            },
            fault: record[2],
            status: u16_at(record, 16),
            relayed: match record[3] {
                0 => Relayed::No,
                1 => Relayed::Taken { rejected: u32_at(record, 20) },
                2 => Relayed::Refused,
                _ => Relayed::Unanswered,
            },
        }),
        4 => {
            let length = (record[1] as usize).min(NAME_CHUNK);
            WireRecord::Name { id: request, piece: record[16..16 + length].to_vec() }
        }
        5 => WireRecord::Gap { spans: u64_at(record, 8) },
        6 => WireRecord::End { requests: u64_at(record, 8) },
        other => WireRecord::Unknown(other),
    }
}

/// The version in a wire log's header.
pub fn version(bytes: &[u8]) -> u16 {
    u16_at(bytes, 8)
}
