//! How many different spans a wire log holds, in bounded memory.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use spanfate_model::format::wire::{Disposition, Endings, RECORD_BYTES, WireRecord, record};
use spanfate_model::quantity::id::{SpanKey, mix};

/// Keys held at once, 24 bytes each; a log with more is read several times, one part of the keys each time.
const KEYS_AT_ONCE: u64 = 2 << 20;

/// Spans of a log by key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct DistinctSpans {
    pub(super) distinct: u64,
    pub(super) duplicates: u64,
}

/// Counts the accepted spans of a log by key; `expected` is about how many there are.
pub(super) fn distinct(log: &mut (impl Read + Seek), expected: u64) -> io::Result<DistinctSpans> {
    in_parts(log, expected.div_ceil(KEYS_AT_ONCE).max(1))
}

fn in_parts(log: &mut (impl Read + Seek), parts: u64) -> io::Result<DistinctSpans> {
    let endings = endings(log)?;
    let mut spans = DistinctSpans::default();
    let mut keys: Vec<SpanKey> = Vec::new();
    for part in 0..parts {
        keys.clear();
        each_accepted(log, endings.clone(), |key| {
            if part_of(key) % parts == part {
                keys.push(key);
            }
        })?;
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        spans.distinct += keys.len() as u64;
        spans.duplicates += (all - keys.len()) as u64;
    }
    Ok(spans)
}

/// Ids of foreign clients need not be random.
fn part_of(key: SpanKey) -> u64 {
    mix(u128::from_le_bytes(key.trace.0) as u64 ^ mix(u64::from_le_bytes(key.span.0)))
}

/// What the end of the log says of its requests, where there is a relay.
fn endings(log: &mut (impl Read + Seek)) -> io::Result<Endings> {
    let bytes = log.seek(SeekFrom::End(0))?;
    log.rewind()?;
    let mut header = [0; RECORD_BYTES];
    log.read_exact(&mut header)?;
    let mut endings = Endings::new(&header, bytes);
    if endings.is_relayed() {
        each(log, |record| endings.note(&record))?;
    }
    Ok(endings)
}

fn each_accepted(
    log: &mut (impl Read + Seek),
    mut endings: Endings,
    mut take: impl FnMut(SpanKey),
) -> io::Result<()> {
    each(log, |record| {
        if let WireRecord::Span(span) = endings.settle(record)
            && span.disposition == Disposition::Accepted
        {
            take(span.key);
        }
    })
}

fn each(log: &mut (impl Read + Seek), mut take: impl FnMut(WireRecord)) -> io::Result<()> {
    log.seek(SeekFrom::Start(RECORD_BYTES as u64))?;
    let mut log = BufReader::with_capacity(4096 * RECORD_BYTES, log);
    let mut bytes = [0; RECORD_BYTES];
    while !log.fill_buf()?.is_empty() {
        match log.read_exact(&mut bytes) {
            Err(torn) if torn.kind() == io::ErrorKind::UnexpectedEof => break,
            read => read?,
        }
        take(record(&bytes));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use spanfate_model::format::wire::{SpanRecord, header, write_end, write_gap};
    use spanfate_model::quantity::id::{SpanId, TraceId};

    use super::*;

    fn span(n: u64, disposition: Disposition) -> [u8; RECORD_BYTES] {
        let record = SpanRecord {
            request: 0,
            key: SpanKey { trace: TraceId([1; 16]), span: SpanId(n.to_be_bytes()) },
            parent: SpanId::default(),
            name: 0,
            service: 0,
            kind: 0,
            disposition,
            start_wall: 0,
            end_wall: 0,
        };
        record.write()
    }

    #[test]
    fn parts_do_not_change_the_counts() {
        let mut log = header().to_vec();
        for n in 0..100 {
            log.extend(span(n % 60, Disposition::Accepted));
        }
        log.extend(span(7000, Disposition::Refused));
        log.extend(write_gap(3));
        log.extend(write_end(1));
        log.extend([2; 20]);
        for parts in [1, 2, 7] {
            let counted = in_parts(&mut Cursor::new(&log), parts).unwrap();
            assert_eq!(counted, DistinctSpans { distinct: 60, duplicates: 40 });
        }
        assert_eq!(distinct(&mut Cursor::new(header()), 0).unwrap(), DistinctSpans::default());
    }
}
