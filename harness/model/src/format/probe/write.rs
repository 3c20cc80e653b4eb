//! Records that the reader of the kernel side adds to a log.

use super::record::{PIECE, RECORD_BYTES, Record, code};
use super::{ProbeCounter, ProbeKind, ProcessorSettings};
use crate::quantity::le::put;
use crate::quantity::unit::MonoNs;
use crate::scenario::ebpf::EbpfMode;

impl Record {
    /// Records that say a counter: its figures, and where its first loss was, if there was one.
    pub fn write_counter(kind: ProbeKind, counter: &ProbeCounter) -> Vec<[u8; RECORD_BYTES]> {
        let mut out = [0; RECORD_BYTES];
        (out[8], out[9]) = (code::COUNTER, kind as u8);
        let words =
            [counter.hit, counter.lost, counter.fault, counter.skipped, counter.ids, counter.ids_lost];
        for (index, word) in words.into_iter().enumerate() {
            put(&mut out, 16 + 8 * index, word.to_le_bytes());
        }
        let mut all = vec![out];
        if counter.first_lost_at != 0 {
            let mut first = [0; RECORD_BYTES];
            put(&mut first, 0, counter.first_lost_at.to_le_bytes());
            (first[8], first[9]) = (code::FIRST_LOST, kind as u8);
            put(&mut first, 48, counter.first_lost_hit.to_le_bytes());
            all.push(first);
        }
        all
    }

    /// Records that say the name of a type, in pieces.
    pub fn write_type(of: u64, text: &[u8]) -> Vec<[u8; RECORD_BYTES]> {
        Self::write_text(code::TYPE, of, text)
    }

    /// Records that say which exporter a processor calls, in pieces.
    pub fn write_exporter(of: u64, text: &[u8]) -> Vec<[u8; RECORD_BYTES]> {
        Self::write_text(code::EXPORTER, of, text)
    }

    fn write_text(code: u8, of: u64, text: &[u8]) -> Vec<[u8; RECORD_BYTES]> {
        let text = &text[..text.len().min(6 * PIECE)];
        let piece = |(number, part): (usize, &[u8])| {
            let mut out = [0; RECORD_BYTES];
            (out[8], out[9]) = (code, number as u8);
            put(&mut out, 10, (text.len() as u16).to_le_bytes());
            put(&mut out, 16, of.to_le_bytes());
            out[24..24 + part.len()].copy_from_slice(part);
            out
        };
        text.chunks(PIECE).enumerate().map(piece).collect()
    }

    /// A record of what a batch processor is set to.
    pub fn write_settings(settings: &ProcessorSettings) -> [u8; RECORD_BYTES] {
        let mut out = [0; RECORD_BYTES];
        (out[8], out[9]) = (code::SETTINGS, u8::from(settings.block) | u8::from(settings.no_exporter) << 1);
        put(&mut out, 24, settings.queue.to_le_bytes());
        put(&mut out, 28, settings.batch.to_le_bytes());
        put(&mut out, 32, settings.delay.to_le_bytes());
        put(&mut out, 40, settings.timeout.to_le_bytes());
        put(&mut out, 48, settings.processor.to_le_bytes());
        out
    }

    /// A record that says that from here on less is recorded.
    pub fn write_shed(at: MonoNs, mode: EbpfMode) -> [u8; RECORD_BYTES] {
        let mut out = [0; RECORD_BYTES];
        put(&mut out, 0, at.to_le_bytes());
        (out[8], out[9]) = (code::SHED, mode as u8);
        out
    }

    /// The last record.
    pub fn write_end(at: MonoNs, records: u64, reported_lost: u64) -> [u8; RECORD_BYTES] {
        let mut out = [0; RECORD_BYTES];
        put(&mut out, 0, at.to_le_bytes());
        out[8] = code::END;
        put(&mut out, 48, records.to_le_bytes());
        put(&mut out, 56, reported_lost.to_le_bytes());
        out
    }
}
