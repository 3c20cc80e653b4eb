//! Two streams of spans, held against each other while they come. A span waits for its copy on the other side; a trace is judged when
//! none of its spans waits any more. Nothing here knows the time: it is passed in.

mod delays;
mod judged;
mod waiting;

use spanfate_model::finding::diff::{
    DiffCounts, DiffFormat, DiffResult, DiffRule, DiffSample, DiffSide, DiffTraces, LiveDelays, LiveVerdict,
};
use spanfate_model::quantity::id::TraceId;

use self::delays::VerdictDelays;
use self::judged::{JudgedSpan, JudgedTrace};
use self::waiting::{WaitingTrace, WaitingTraces};
use crate::error::DiffError;
use crate::intake::{Intake, read_message};
use crate::join::{Comparer, DiffBooks, TraceSpan, join_one};
use crate::outcome::{self, SidesRead};
use crate::rules::{DiffTerms, RuleCounts, RuleSet};
use crate::span::origins::Origins;
use crate::{DiffTask, LEAST_MEMORY};

/// Memory of one message that is kept for the next.
const KEPT_MEMORY: usize = 1 << 20;

/// One of the two streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LiveSide {
    /// The left one.
    Left,
    /// The right one.
    Right,
}

impl LiveSide {
    const fn at(self) -> usize {
        self as usize
    }

    /// It as a bit of a set of sides.
    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A message of OTLP as an exporter sent it, decompressed.
#[derive(Clone, Copy, Debug)]
pub struct LiveMessage<'a> {
    /// All of it.
    pub bytes: &'a [u8],
    /// It is JSON, else protobuf.
    pub json: bool,
}

/// How a live comparison stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LiveStands {
    /// Spans that are judged.
    pub counts: DiffCounts,
    /// Traces that are judged.
    pub traces: DiffTraces,
    /// Traces that wait for their verdict.
    pub waiting: usize,
}

/// A side as far as it was read.
#[derive(Debug, Default)]
struct LiveIntake {
    side: DiffSide,
    counts: RuleCounts,
    unread: u64,
    /// What is wrong with the first message that could not be read.
    why_unread: String,
}

/// A comparison of two streams.
pub struct LiveDiff {
    terms: DiffTerms,
    strict: Vec<DiffRule>,
    origins: Origins,
    traces: WaitingTraces,
    comparer: Comparer,
    books: DiffBooks,
    delays: VerdictDelays,
    sides: [LiveIntake; 2],
    memory: Vec<u8>,
}

impl std::fmt::Debug for LiveDiff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveDiff").field("traces", &self.traces).finish_non_exhaustive()
    }
}

impl LiveDiff {
    /// One in which a span waits so many nanoseconds for its copy.
    pub fn new(task: &DiffTask, window: u64) -> Self {
        let memory = task.memory.max(LEAST_MEMORY);
        let both = [DiffFormat::OtlpProtobuf];
        let terms = DiffTerms::new(RuleSet::ALL.without(&task.strict), &both, &both);
        Self {
            terms,
            strict: task.strict.clone(),
            origins: Origins::new(memory / 8),
            traces: WaitingTraces::new(window, memory / 2, memory / 8),
            comparer: Comparer::new(terms),
            books: DiffBooks::new(task.samples, task.pictures, memory / 2048),
            delays: VerdictDelays::default(),
            sides: [LiveIntake::default(), LiveIntake::default()],
            memory: Vec::new(),
        }
    }

    /// Takes a message that was complete at that time. One that cannot be read makes its side incomplete.
    pub fn take(&mut self, side: LiveSide, at: u64, message: &LiveMessage<'_>) {
        let mut bytes = std::mem::take(&mut self.memory);
        bytes.clear();
        bytes.extend_from_slice(message.bytes);
        self.traces.comes(side, at);
        let (rules, fields) = (self.terms.rules, self.terms.fields);
        let mut intake = Intake::new(rules, fields, &mut self.origins, &mut self.traces);
        let (bytes, read) = read_message(bytes, message.json, &mut intake);
        let (spans, counts) = (intake.spans, intake.counts());
        let incomplete = std::mem::take(&mut intake.incomplete);
        let own = &mut self.sides[side.at()];
        let format = if message.json { DiffFormat::OtlpJson } else { DiffFormat::OtlpProtobuf };
        own.side.format.get_or_insert(format);
        own.side.bytes += message.bytes.len() as u64;
        own.side.spans += spans;
        own.counts.add(&counts);
        own.note(read, incomplete);
        if bytes.capacity() <= KEPT_MEMORY {
            self.memory = bytes;
        }
    }

    /// When the next verdict may be due.
    pub fn next_due(&self) -> Option<u64> {
        self.traces.next_due()
    }

    /// No trace begins any more. Those that wait may still be completed.
    pub const fn close(&mut self) {
        self.traces.close();
    }

    /// Judges traces that are due, at most so many; gives how many were.
    pub fn settle(
        &mut self,
        most: usize,
        clock: &mut dyn FnMut() -> u64,
        tell: &mut dyn FnMut(LiveVerdict),
    ) -> usize {
        let mut now = clock();
        self.traces.forget(now);
        for done in 0..most {
            let Some((id, trace)) = self.traces.due(now) else { return done };
            let mut verdict = self.judge(id, &trace, now);
            now = clock();
            let delay = now.saturating_sub(trace.last);
            self.delays.add(delay);
            verdict.after_ms = delay as f64 / 1e6;
            tell(verdict);
        }
        most
    }

    /// How it stands.
    pub fn stands(&self) -> LiveStands {
        LiveStands { counts: self.books.counts, traces: self.books.traces, waiting: self.traces.len() }
    }

    /// Brings a trace together, or that part of it which came since it was last judged.
    fn judge(&mut self, id: TraceId, trace: &WaitingTrace, now: u64) -> LiveVerdict {
        let (before, samples) = (self.books.counts, self.books.samples().len());
        let [left, right] = &trace.sides;
        let joined = join_one(left, right, &self.origins, &mut self.comparer, &mut self.books);
        let earlier = self.traces.judged.take(id);
        let again = earlier.is_some();
        let mut spans = JudgedSpan::of(&joined.left, &joined.right);
        let lacks = if let Some(earlier) = earlier {
            self.books.take_back(earlier.lacks.as_deref());
            spans.extend_from_slice(&earlier.spans);
            spans.sort_unstable_by_key(|span| span.span);
            let all = |side: LiveSide| -> Vec<TraceSpan> {
                spans.iter().filter_map(|span| span.on(side)).collect()
            };
            let differs = joined.differs || earlier.lacks.is_some();
            differs.then(|| self.books.trace_differs(&all(LiveSide::Left), &all(LiveSide::Right)))
        } else {
            joined.differs.then(|| self.books.trace_differs(&joined.left, &joined.right))
        };
        if lacks.is_none() {
            self.books.trace_is_equal();
        }
        self.traces.judged.keep(id, JudgedTrace::new(spans, lacks), now);
        LiveVerdict {
            trace_id: id,
            counts: self.books.counts.since(before),
            after_ms: 0.0,
            again,
            example: self.books.samples().get(samples).cloned().map(placeless),
        }
    }

    /// All that was found. The sides have these names, and are known to be incomplete for these reasons.
    pub fn finish(mut self, names: [String; 2], incomplete: [Vec<String>; 2]) -> DiffResult {
        let waiting = self.traces.waiting_spans();
        let passed = self.traces.passed_over;
        let all = self.sides.iter_mut().zip(names).zip(incomplete).zip(waiting.into_iter().zip(passed));
        for (((own, name), known), (waiting, passed)) in all {
            own.side.name = name;
            own.side.incomplete.extend(known);
            own.complain(waiting, passed);
        }
        let [left, right] = self.sides;
        let live = LiveDelays {
            window_ms: self.traces.window as f64 / 1e6,
            late: self.traces.judged.late,
            copies_after: self.traces.judged.copies,
            again: self.traces.judged.again,
            ..self.delays.shown()
        };
        let read = SidesRead {
            left: left.side,
            right: right.side,
            left_counts: left.counts,
            right_counts: right.counts,
        };
        let mut found = outcome::result(read, &self.terms, &self.strict, self.books, &self.origins);
        found.samples = found.samples.into_iter().map(placeless).collect();
        found.live = Some(live);
        found
    }
}

/// An example without its places: the messages in which it stood are gone.
fn placeless(sample: DiffSample) -> DiffSample {
    DiffSample { left_at: String::new(), right_at: String::new(), ..sample }
}

impl LiveIntake {
    /// What came of a message.
    fn note(&mut self, read: Result<(), DiffError>, incomplete: Vec<String>) {
        let why = match read {
            Ok(()) => incomplete.into_iter().next(),
            Err(error) => Some(error.to_string()),
        };
        let Some(why) = why else { return };
        if self.unread == 0 {
            self.why_unread = why;
        }
        self.unread += 1;
    }

    /// Why it may lack spans.
    fn complain(&mut self, waiting: u64, passed_over: u64) {
        let incomplete = &mut self.side.incomplete;
        if self.unread > 0 {
            let (unread, why) = (self.unread, &self.why_unread);
            incomplete.push(format!("{unread} messages could not be read as a whole; of the first, {why}"));
        }
        if passed_over > 0 {
            incomplete.push(format!(
                "{passed_over} spans were passed over, as memory was full; give more with --memory"
            ));
        }
        if waiting > 0 {
            incomplete.push(format!("{waiting} spans still waited when it ended"));
        }
    }
}
