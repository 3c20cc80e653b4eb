//! The format, byte for byte, and the file that the fixture's tests write.

use proptest::prelude::*;

use super::*;
use crate::format::golden::agreed;
use crate::quantity::id::{SpanId, SpanKey, TraceId};

/// A ledger in which every field has a value of its own. The fixture's tests write the same bytes by their own means.
const GOLDEN: &str = "one.slots";

fn header() -> Header {
    Header {
        pid: 4242,
        process: 7,
        incarnation: 2,
        gomaxprocs: 6,
        slots: 3,
        log_bytes: 512,
        salt: 0x1122_3344_5566_7788,
        base: 1_001,
        base_wall: 1_700_000_000_000_001_002,
        bracket: 1_003,
        blocking: true,
        paths: 0,
        service: "checkout".to_owned(),
        sdk: "1.47.0".to_owned(),
        go: "go1.26.8".to_owned(),
    }
}

fn live(log_used: u64) -> Live {
    Live {
        next_slot: 2,
        overflow: 11,
        log_used,
        log_lost: 13,
        phase: 5,
        queue: 15,
        in_flight: 16,
        sdk_started_sampled: 17,
        sdk_started_unsampled: 18,
        sdk_live: -19,
        sdk_processed: 20,
        sdk_queue_full: 21,
        sdk_exported: 22,
        sdk_export_failed: 23,
        handled_errors: 24,
        unkeyed: 25,
    }
}

fn dose(fault: u64) -> DoseWords {
    let word = |n: u64| 100 * fault + n + 1;
    let amounts = [word(4), word(5), word(6), word(7)];
    DoseWords { applied: word(0), since: word(1), cleared: word(2), events: word(3), amounts }
}

fn slots() -> [Slot; 3] {
    let slot = |n: u64| Slot {
        key: SpanKey { trace: TraceId([n as u8; 16]), span: SpanId([n as u8 + 1; 8]) },
        parent: SpanId([n as u8 + 2; 8]),
        created: n + 3,
        name: n as u32 + 4,
        kind: n as u8 + 5,
        flags: FLAG_SAMPLED | FLAG_RECORDING | FLAG_PANIC,
        fault: n as u8 + 6,
        started: n + 7,
        ending: n + 8,
        dropped: n + 9,
        ended: n + 10,
        exported: n + 11,
        batch: n as u32 + 12,
        filtered: n + 13,
        closed: n + 14,
        hidden: 0,
        held: n + 15,
        provider: 0,
    };
    [slot(100), slot(150), Slot::default()]
}

fn log() -> Vec<LogRecord> {
    let refused = || Some("connection refused".to_owned());
    let sample = RuntimeSample {
        heap: 41,
        gc_cycles: 42,
        stopped_ns: 43,
        goroutines: 44,
        queue: 45,
        in_flight: 46,
        allocated: 47,
        allocated_bytes: 48,
        spans: 49,
    };
    let entries = [
        LogEntry::Phase(2),
        LogEntry::ClockPair { mono: 31, wall: 1_700_000_000_000_000_032 },
        LogEntry::Name { id: 1, text: "GET /work".to_owned() },
        LogEntry::ExportBegin { batch: 33, spans: 34, path: 0 },
        LogEntry::ExportEnd { batch: 33, error: None, path: 0 },
        LogEntry::ExportBegin { batch: 35, spans: 36, path: 0 },
        LogEntry::ExportEnd { batch: 35, error: refused(), path: 0 },
        LogEntry::HandledError("tr\u{e4}ge".to_owned()),
        LogEntry::Runtime(sample),
        LogEntry::Rate(RateChange { rate: 500_000, cpu: 250_000, memory: 125_000, requests: 200_000 }),
        LogEntry::ShutdownEnd { error: None },
        LogEntry::ShutdownEnd { error: refused() },
    ];
    let at = |(n, entry)| LogRecord { at: 9_000 + n as u64, entry };
    entries.into_iter().enumerate().map(at).collect()
}

fn written() -> Vec<u8> {
    let log: Vec<u8> = log().iter().flat_map(LogRecord::write).collect();
    let mut page = header().write();
    live(log.len() as u64).write(&mut page);
    for fault in 0..32 {
        dose(fault).write(&mut page, fault as usize);
    }
    let mut out = Vec::from(page);
    out.extend(slots().iter().flat_map(Slot::write));
    out.extend(log);
    out.resize(HEADER_BYTES + 3 * SLOT_BYTES + 512, 0);
    out
}

#[test]
fn a_ledger_is_the_one_that_the_fixture_is_tested_with() {
    let golden = agreed(GOLDEN, &written());
    assert_eq!(read_header(&golden), Ok(header()));
    let used: usize = log().iter().map(|record| record.write().len()).sum();
    assert_eq!(read_live(&golden), live(used as u64));
    for fault in 0..32 {
        assert_eq!(read_dose(&golden, fault as usize), dose(fault));
    }
    let read: Vec<Slot> = golden[HEADER_BYTES..].chunks(SLOT_BYTES).take(3).map(Slot::read).collect();
    assert_eq!(read, slots());
    let read: Vec<LogRecord> = read_log(&golden[HEADER_BYTES + 3 * SLOT_BYTES..]).collect();
    assert_eq!(read, log());
}

/// The records of two further paths.
fn records() -> [[PathRecord; 3]; 2] {
    let record = |n: u64| PathRecord {
        ending: n,
        dropped: n + 1,
        ended: n + 2,
        exported: n + 3,
        batch: n as u32 + 4,
        filtered: n + 5,
        hidden: n + 6,
    };
    [
        [record(1_100), record(1_200), PathRecord::default()],
        [record(2_100), record(2_200), PathRecord::default()],
    ]
}

fn log_of_paths() -> Vec<LogRecord> {
    let main = PathInfo {
        blocking: true,
        filtered: true,
        queue: 2048,
        batch: 512,
        delay_us: 5_000_000,
        timeout_us: 30_000_000,
        name: "main".to_owned(),
        exporter: "otlp grpc".to_owned(),
        ..PathInfo::default()
    };
    let audit =
        PathInfo { path: 1, blocking: false, queue: 64, batch: 32, name: "audit".to_owned(), ..main.clone() };
    let local = PathInfo {
        path: 2,
        provider: 1,
        simple: true,
        batch: 1,
        name: "local".to_owned(),
        exporter: "otlp http".to_owned(),
        ..PathInfo::default()
    };
    let entries = [
        LogEntry::PathInfo(main),
        LogEntry::PathInfo(audit),
        LogEntry::PathInfo(local),
        LogEntry::ExportBegin { batch: 51, spans: 52, path: 0 },
        LogEntry::ExportBegin { batch: 53, spans: 54, path: 2 },
        LogEntry::ExportEnd { batch: 53, path: 2, error: Some("refused".to_owned()) },
        LogEntry::ExportEnd { batch: 51, path: 0, error: None },
        LogEntry::PathShutdown(0),
        LogEntry::PathShutdown(2),
    ];
    let at = |(n, entry)| LogRecord { at: 9_500 + n as u64, entry };
    entries.into_iter().enumerate().map(at).collect()
}

fn slots_of_paths() -> [Slot; 3] {
    let [first, second, unused] = slots();
    [Slot { hidden: 115, provider: 0, ..first }, Slot { hidden: 165, provider: 1, ..second }, unused]
}

#[test]
fn a_ledger_with_further_paths_is_the_one_that_the_fixture_is_tested_with() {
    let log: Vec<u8> = log_of_paths().iter().flat_map(LogRecord::write).collect();
    let (header, live) = (Header { paths: 2, log_bytes: 640, ..header() }, live(log.len() as u64));
    let mut page = header.write();
    live.write(&mut page);
    let mut written = Vec::from(page);
    written.extend(slots_of_paths().iter().flat_map(Slot::write));
    written.extend(records().iter().flatten().flat_map(PathRecord::write));
    written.extend(log);
    written.resize(HEADER_BYTES + 3 * (SLOT_BYTES + 2 * PATH_BYTES) + 640, 0);
    let golden = agreed("paths.slots", &written);

    assert_eq!(read_header(&golden), Ok(header.clone()));
    assert_eq!(read_live(&golden), live);
    let parts = Parts::of(&header, &live, golden.len());
    assert_eq!(parts, Parts::as_written(&header, &live));
    let read: Vec<Slot> = golden[parts.slots].chunks(SLOT_BYTES).map(Slot::read).collect();
    assert_eq!(read, slots_of_paths()[..2]);
    for (at, records) in parts.paths.into_iter().zip(records()) {
        let read: Vec<PathRecord> = golden[at].chunks(PATH_BYTES).map(PathRecord::read).collect();
        assert_eq!(read, records[..2]);
    }
    assert_eq!(read_log(&golden[parts.log]).collect::<Vec<_>>(), log_of_paths());
}

#[test]
fn a_ledger_of_version_one_has_no_paths_whatever_its_spare_bytes_say() {
    let mut page = header().write();
    page[84] = 7;
    assert_eq!(read_header(&page), Ok(header()));
    page[8] = 2;
    assert_eq!(read_header(&page).map(|header| header.paths), Ok(7));
    page[84] = MOST_PATHS as u8 + 1;
    assert!(matches!(read_header(&page), Err(SlotsError::Size { .. })));
}

#[test]
fn a_file_that_is_no_ledger_is_named_so() {
    assert_eq!(read_header(b"SPNFATE1"), Err(SlotsError::Short(8)));
    assert_eq!(read_header(&[0; HEADER_BYTES]), Err(SlotsError::Magic));
    let mut newer = vec![0; HEADER_BYTES];
    newer[..8].copy_from_slice(MAGIC);
    newer[8] = 3;
    assert_eq!(read_header(&newer), Err(SlotsError::Version { found: 3 }));
}

proptest! {
    #[test]
    fn a_slot_is_what_was_written(bytes in proptest::collection::vec(any::<u8>(), SLOT_BYTES)) {
        let slot = Slot::read(&bytes);
        prop_assert_eq!(Slot::read(&slot.write()), slot);
    }

    #[test]
    fn a_log_record_is_what_was_written(at: u64, kind in 1_u16..12, body in proptest::collection::vec(any::<u8>(), 0..96)) {
        let mut bytes = vec![0; 16];
        bytes[4..6].copy_from_slice(&kind.to_le_bytes());
        bytes[8..16].copy_from_slice(&at.to_le_bytes());
        bytes.extend(body);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        let length = bytes.len() as u32;
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        let first = read_log(&bytes).next().unwrap();
        let again = first.write();
        prop_assert_eq!(read_log(&again).collect::<Vec<_>>(), vec![first]);
    }

    #[test]
    fn a_record_of_a_path_is_what_was_written(bytes in proptest::collection::vec(any::<u8>(), PATH_BYTES)) {
        let record = PathRecord::read(&bytes);
        prop_assert_eq!(PathRecord::read(&record.write()), record);
    }

    #[test]
    fn the_parts_of_a_file_are_the_same_whole_and_shortened(slots in 0_u64..20, used in 0_u64..20, paths in 0..4_u32, log in 0_u64..9) {
        let header = Header { slots, log_bytes: 64, paths, ..Header::default() };
        let live = Live { next_slot: used, log_used: 8 * log.min(7), ..Live::default() };
        let each = SLOT_BYTES + paths as usize * PATH_BYTES;
        let length = HEADER_BYTES + slots as usize * each + 64;
        let whole = Parts::of(&header, &live, length);
        prop_assert!(whole.log.end <= length);
        // The copy has the same pieces, one after the other.
        let pieces: Vec<usize> = whole.paths.iter().map(std::ops::Range::len).collect();
        let short = whole.slots.end + pieces.iter().sum::<usize>() + whole.log.len();
        prop_assume!(short != length);
        let copied = Parts::of(&header, &live, short);
        prop_assert_eq!(copied.slots, whole.slots);
        prop_assert_eq!(copied.paths.iter().map(std::ops::Range::len).collect::<Vec<_>>(), pieces);
        prop_assert_eq!((copied.log.len(), copied.log.end), (whole.log.len(), short));
    }

    #[test]
    fn reading_arbitrary_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = Slot::read(&bytes);
        let _ = read_live(&bytes);
        prop_assert!(read_log(&bytes).count() <= bytes.len() / 16);
    }
}
