//! Parquet of ours and of others, whole and broken.

use spanfate_diff::{DiffError, DiffTask, SideInput, diff};
use spanfate_model::finding::diff::{DiffCounts, DiffFormat, DiffResult};
use spanfate_model::verdict::Verdict;

use crate::spans::TestWorld;
use crate::{compared, write};

/// What others made of the rows of `TestWorld::plain(40)`: `parquet/others.py` wrote them.
const OTHERS: [(&str, &[u8]); 6] = [
    ("DuckDB, Snappy", include_bytes!("parquet/duckdb-snappy.parquet")),
    ("DuckDB, gzip", include_bytes!("parquet/duckdb-gzip.parquet")),
    ("PyArrow, small groups and pages, gzip", include_bytes!("parquet/pyarrow-gzip.parquet")),
    ("PyArrow, newer pages, zstd", include_bytes!("parquet/pyarrow-v2-zstd.parquet")),
    ("PyArrow, no dictionaries", include_bytes!("parquet/pyarrow-plain.parquet")),
    ("Polars, ids as text, zstd", include_bytes!("parquet/polars-text.parquet")),
];

fn read(bytes: &[u8]) -> Result<DiffResult, DiffError> {
    let right = write::protobuf::message(&TestWorld::plain(40));
    let mut left = SideInput::of("left", Box::new(std::io::Cursor::new(bytes)));
    left.sources[0].format = Some(DiffFormat::ExportParquet);
    let right = SideInput::of("right", Box::new(std::io::Cursor::new(&right)));
    diff(left, right, &DiffTask::default()).map_err(|wrong| wrong.error)
}

#[test]
fn what_others_wrote_of_our_rows_is_read() {
    let ours = write::rows::parquet(&TestWorld::plain(40));
    for (who, bytes) in OTHERS.into_iter().chain([("ours", &ours[..])]) {
        let found = read(bytes).unwrap_or_else(|error| panic!("{who}: {error}"));
        let both = DiffCounts { both: 200, ..DiffCounts::default() };
        assert_eq!((found.counts, found.verdict), (both, Verdict::Pass), "{who}: {:?}", found.samples);
        assert_eq!((found.left.spans, found.left.bytes), (200, bytes.len() as u64), "{who}");
    }
}

#[test]
fn several_groups_of_rows_are_read_and_a_file_is_read_in_place() {
    // A group has 65,536 rows.
    let world = TestWorld::plain(30_000);
    let (bytes, right) = (write::rows::parquet(&world), write::rows::wire_log(&world));
    let mut left = SideInput::of("left", Box::new(std::io::Cursor::new(&bytes)));
    left.sources[0].again = Some((Box::new(std::io::Cursor::new(&bytes)), bytes.len() as u64));
    let right = SideInput::of("right", Box::new(std::io::Cursor::new(&right)));
    let found = diff(left, right, &DiffTask::default()).unwrap_or_else(|wrong| panic!("{}", wrong.error));
    assert_eq!((found.counts.both, found.counts.differences()), (150_000, 0));
    // 16 + 8 + 8 bytes of ids, 8 of each of four times, and little for what is the same again and again.
    assert!(bytes.len() < 150_000 * 80, "{} bytes", bytes.len());
}

#[test]
fn a_file_that_was_cut_is_an_error_with_its_place() {
    let bytes = write::rows::parquet(&TestWorld::plain(2));
    for cut in 0..bytes.len() {
        match read(&bytes[..cut]) {
            Err(error @ DiffError::Malformed { .. }) => {
                assert!(error.to_string().starts_with("byte "), "{cut}: {error}");
            }
            // Nothing at all is a side without spans.
            Ok(found) if cut == 0 => assert_eq!((found.left.spans, found.verdict), (0, Verdict::Fail)),
            other => panic!("{cut}: {:?}", other.map(|found| found.verdict)),
        }
    }
    let error = read(&bytes[..bytes.len() - 9]).unwrap_err().to_string();
    assert!(error.contains("cut off, or is still being written"), "{error}");
}

#[test]
fn a_byte_that_changed_is_never_a_panic_and_never_more_memory() {
    let whole = write::rows::parquet(&TestWorld::plain(2));
    for bytes in [&whole[..], OTHERS[0].1, OTHERS[3].1] {
        for at in (0..bytes.len()).step_by(if bytes.len() > 5000 { 3 } else { 1 }) {
            for flip in [1, 0x10, 0x80, 0xff] {
                let mut odd = bytes.to_vec();
                odd[at] ^= flip;
                match read(&odd) {
                    Ok(_) | Err(DiffError::Malformed { .. } | DiffError::TooLong { .. }) => {}
                    Err(error) => panic!("byte {at}: {error}"),
                }
            }
        }
    }
}

#[test]
fn what_is_no_table_of_spans_is_said_to_be_none() {
    let bytes = write::rows::parquet(&TestWorld::plain(2));
    let replaced = |from: &[u8], to: &[u8]| {
        let mut out = bytes.clone();
        let at = out.windows(from.len()).rposition(|window| window == from).unwrap();
        out[at..at + to.len()].copy_from_slice(to);
        out
    };
    // The name in the schema, and that in the column of the group.
    let mut other = bytes.clone();
    while let Some(at) = other.windows(7).position(|window| window == b"span_id") {
        other[at..at + 7].copy_from_slice(b"span_ix");
    }
    for (odd, said) in [
        (other, "no column `span_id`; write it with `spanfate export --parquet`"),
        (replaced(b"PAR1", b"PARX"), "does not end with Parquet's footer"),
        (b"PARE".repeat(8), "encrypted"),
        (b"{\"resourceSpans\":[]}".to_vec(), "no Parquet"),
        (b"PAR1PAR1".to_vec(), "cut off"),
        ([&b"PAR1"[..], &[0xff; 8], b"PAR1"].concat(), "more than the file"),
    ] {
        let error = read(&odd).unwrap_err().to_string();
        assert!(error.starts_with("byte ") && error.contains(said), "{said}: {error}");
    }
    // Found out by its content, it is Parquet as well.
    let right = write::protobuf::message(&TestWorld::plain(2));
    assert_eq!(compared(&bytes, &right, &DiffTask::default()).left.format, Some(DiffFormat::ExportParquet));
}
