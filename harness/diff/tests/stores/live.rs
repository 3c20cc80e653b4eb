//! Two streams, held against each other as they come. The time is that of the test.

mod histories;
mod streams;

use spanfate_diff::{DiffTask, LiveDiff, LiveMessage, LiveSide};
use spanfate_model::finding::diff::{DiffCounts, DiffResult, LiveVerdict};

/// A millisecond.
pub(crate) const MS: u64 = 1_000_000;

/// A message that comes at a time.
pub(crate) struct Arrival {
    pub(crate) at_ms: u64,
    pub(crate) side: LiveSide,
    pub(crate) bytes: Vec<u8>,
    pub(crate) json: bool,
}

/// What came of them: each verdict with its time, and the whole.
pub(crate) struct Watched {
    pub(crate) verdicts: Vec<(u64, LiveVerdict)>,
    pub(crate) found: DiffResult,
}

/// Lets messages come, and judges every millisecond until nothing waits.
pub(crate) fn watched(mut arrivals: Vec<Arrival>, window_ms: u64, task: &DiffTask) -> Watched {
    arrivals.sort_by_key(|arrival| arrival.at_ms);
    let mut live = LiveDiff::new(task, window_ms * MS);
    let (mut verdicts, mut arrivals) = (Vec::new(), arrivals.into_iter().peekable());
    let mut now_ms = 0;
    while arrivals.peek().is_some() || live.stands().waiting > 0 {
        while let Some(Arrival { at_ms, side, bytes, json }) = arrivals.next_if(|one| one.at_ms <= now_ms) {
            live.take(side, at_ms * MS, &LiveMessage { bytes: &bytes, json });
        }
        let due = live.next_due();
        let judged =
            live.settle(usize::MAX, &mut || now_ms * MS, &mut |verdict| verdicts.push((now_ms, verdict)));
        assert!(
            judged == 0 || due.is_some_and(|due| due <= now_ms * MS),
            "nothing is judged before it is due"
        );
        now_ms += 1;
    }
    let found = live.finish(["left".to_owned(), "right".to_owned()], [Vec::new(), Vec::new()]);
    Watched { verdicts, found }
}

/// Counts in words, without those that are nothing.
pub(crate) fn said(counts: &DiffCounts) -> String {
    let all = [
        ("both", counts.both),
        ("different", counts.different),
        ("left", counts.only_left),
        ("right", counts.only_right),
        ("copies-left", counts.copies_left),
        ("copies-right", counts.copies_right),
    ];
    let some = all.iter().filter(|(_, count)| *count > 0);
    some.map(|(what, count)| format!("{what} {count}")).collect::<Vec<_>>().join(" ")
}
