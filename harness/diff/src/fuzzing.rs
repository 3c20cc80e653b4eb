//! What must hold of any bytes that a side may be. The target `diff` of `harness/fuzz` and the ordinary tests call this; nothing else
//! does, and without the feature `fuzzing` it is not there.
#![expect(clippy::panic, reason = "a check that does not hold ends the input that broke it")]

use std::io::{self, Cursor, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use spanfate_model::finding::diff::{DiffFormat, DiffResult, DiffRule};
use spanfate_model::format::wire::{MAGIC, RECORD_BYTES};
use spanfate_model::verdict::Verdict;

use crate::{DiffError, DiffTask, SideInput, diff};

/// Bits of the first byte that force a format; beyond the formats there are, it is found out.
const FORMATS: u8 = 31;

/// What the record at the end of a log begins with.
const END: u8 = 6;

/// A side that gives out its bytes a few at a time.
struct Trickle<'a> {
    left: &'a [u8],
    at_once: usize,
}

impl Read for Trickle<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let bytes = self.at_once.min(to.len()).min(self.left.len());
        let (now, later) = self.left.split_at(bytes);
        to[..bytes].copy_from_slice(now);
        self.left = later;
        Ok(bytes)
    }
}

/// Holds an input against itself: whole, a few bytes at a time, compressed, by the letter, and cut off; and against a log. Its first byte
/// says how. Gives the spans that are in it.
///
/// # Panics
///
/// If a side differs from itself, if it matters how its bytes come, if a cut makes a field differ, or if an error has no place in the
/// input.
pub fn sides(input: &[u8]) -> u64 {
    let Some((&how, bytes)) = input.split_first() else { return 0 };
    let format = DiffFormat::ALL.get(usize::from(how & FORMATS)).copied();
    let compressed = bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    let lenient = DiffTask::default();
    let whole = held(bytes, bytes, format, &lenient);
    let at_once = 1 + usize::from(how >> 5) * 7;
    let slow = SideInput::of("left", Box::new(Trickle { left: bytes, at_once }));
    let slowly = run(slow, bytes, format, &lenient);
    // Where a compressed stream is corrupt, how much of it was given out before depends on how it came, and with it which error is met first.
    let same = match (&slowly, &whole) {
        (Err(_), Err(_)) if compressed => true,
        _ => told(&slowly) == told(&whole),
    };
    assert!(same, "it matters how the bytes come: {}, {}", told(&slowly), told(&whole));
    let found = match whole {
        Ok(found) => found,
        Err(DiffError::Malformed { at, .. } | DiffError::TooLong { at, .. }) => {
            assert!(compressed || at.byte <= bytes.len() as u64, "a place behind the input: {at}");
            return 0;
        }
        Err(_) => return 0,
    };
    is_equal(&found);
    if !compressed {
        let zipped = SideInput::of("left", Box::new(Cursor::new(zipped(bytes))));
        let again = run(zipped, bytes, format, &lenient);
        let again = again.unwrap_or_else(|error| panic!("compressed it cannot be read: {error}"));
        assert_eq!((again.counts, again.left.spans), (found.counts, found.left.spans), "compressed");
    }
    beside_a_log(bytes, format, found.left.spans);
    let strict = DiffTask { strict: DiffRule::ALL.to_vec(), ..DiffTask::default() };
    if let Ok(strict) = held(bytes, bytes, format, &strict) {
        is_equal(&strict);
    }
    let cut = bytes.len() * (1 + usize::from(how >> 5)) / 9;
    if let Ok(cut) = held(&bytes[..cut], bytes, found.left.format.or(format), &lenient) {
        assert_eq!(cut.counts.different, 0, "a cut makes a field differ: {:?}", cut.samples);
        // Of a trace that several answers show the first one counts.
        let pages = cut.normalised.iter().any(|used| used.rule == DiffRule::Pages);
        let lacks = cut.left.spans < cut.right.spans && !pages;
        assert!(!(lacks && cut.verdict == Verdict::Pass), "spans are missing, and the verdict is equal");
    }
    found.left.spans
}

/// Beside the log of a receiver most of a side is passed over. What was read as a whole is read so as well, and holds as many spans.
fn beside_a_log(bytes: &[u8], format: Option<DiffFormat>, spans: u64) {
    let mut log = [0; 2 * RECORD_BYTES];
    log[..MAGIC.len()].copy_from_slice(MAGIC);
    log[RECORD_BYTES] = END;
    let mut left = SideInput::of("left", Box::new(Cursor::new(bytes)));
    left.sources.iter_mut().for_each(|source| source.format = format);
    let right = SideInput::of("right", Box::new(Cursor::new(&log[..])));
    let found = diff(left, right, &DiffTask::default());
    let found = found.unwrap_or_else(|wrong| panic!("beside a log it cannot be read: {}", wrong.error));
    let counts = found.counts;
    assert_eq!((found.left.spans, counts.both, counts.only_right), (spans, 0, 0), "beside a log");
    assert_ne!(found.verdict, Verdict::Pass, "beside a log without spans it is equal");
}

/// A side is never another one than itself.
fn is_equal(found: &DiffResult) {
    let whole = found.left.incomplete.is_empty() && found.left.spans > 0;
    let expected = if whole { Verdict::Pass } else { Verdict::Inconclusive };
    assert_eq!((found.counts.differences(), found.verdict), (0, expected), "{:?}", found.samples);
    assert_eq!(found.left.spans, found.right.spans);
    assert!(found.counts.both <= found.left.spans && found.traces.equal == found.traces.all);
}

/// What is to be the same, however the bytes come.
fn told(outcome: &Result<DiffResult, DiffError>) -> String {
    match outcome {
        Ok(found) => format!("{found:?}"),
        Err(error) => error.to_string(),
    }
}

fn held(
    left: &[u8],
    right: &[u8],
    format: Option<DiffFormat>,
    task: &DiffTask,
) -> Result<DiffResult, DiffError> {
    run(SideInput::of("left", Box::new(Cursor::new(left))), right, format, task)
}

fn run(
    mut left: SideInput<'_>,
    right: &[u8],
    format: Option<DiffFormat>,
    task: &DiffTask,
) -> Result<DiffResult, DiffError> {
    let mut right = SideInput::of("right", Box::new(Cursor::new(right)));
    left.sources.iter_mut().for_each(|source| source.format = format);
    right.sources.iter_mut().for_each(|source| source.format = format);
    diff(left, right, task).map_err(|wrong| wrong.error)
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    let done = out.write_all(bytes).and_then(|()| out.finish());
    done.unwrap_or_else(|error| panic!("memory cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_corpus_of_diff_holds() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/diff");
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= 20, "{} files", files.len());
        let read: u64 = files.iter().map(|file| sides(&std::fs::read(file).unwrap())).sum();
        assert!(read > 100, "spans are read: {read}");
    }
}
