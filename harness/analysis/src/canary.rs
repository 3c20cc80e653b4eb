//! The books of a canary: each span that it sent gets one outcome, when its time is over.

mod damage;
mod delays;
mod ending;
mod windows;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use spanfate_model::finding::canary::sent::{CanaryDoor, CanaryLook, CanaryMint, CanarySpan};
use spanfate_model::finding::canary::{CanaryOutcome, CanarySample, SpanField};
use spanfate_model::quantity::unit::MonoNs;

use self::windows::CanaryWindows;

/// Examples kept of each outcome.
const SAMPLES: usize = 5;

/// Different answers of the endpoint that are told apart; others count together.
const REFUSALS: usize = 20;

/// When what becomes of a span is settled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CanaryTerms {
    /// Within so many nanoseconds a span must have come.
    pub deadline: u64,
    /// After so many it is given up.
    pub patience: u64,
    /// A reader is asked for spans; without one they come by themselves, and the time of each is known.
    pub asked: bool,
    /// A trace is settled as soon as all of it is there; copies that come later are not seen.
    pub at_once: bool,
}

/// A trace whose time is not over.
#[derive(Clone, Debug)]
struct OpenTrace {
    sent: MonoNs,
    wall: u64,
    door: Option<CanaryDoor>,
    spans: Vec<OpenSpan>,
}

#[derive(Clone, Debug, Default)]
struct OpenSpan {
    first: Option<MonoNs>,
    copies: u64,
    damage: BTreeSet<SpanField>,
    /// It was not there when it was looked for after the deadline.
    missed: bool,
}

/// How the judging of a trace came about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Closing {
    /// Its time was over, and what was not seen is not there.
    Known,
    /// The reader could not be asked.
    Blind,
    /// The canary was stopped.
    Cut,
}

/// The books.
#[derive(Debug)]
pub struct CanaryBooks {
    mint: CanaryMint,
    terms: CanaryTerms,
    start: MonoNs,
    traces: u64,
    open: BTreeMap<u32, OpenTrace>,
    windows: CanaryWindows,
    fields: BTreeMap<SpanField, u64>,
    refusals: BTreeMap<String, u64>,
    though_refused: u64,
    after_the_end: u64,
    unknown: u64,
    reader_errors: u64,
    reader_error: Option<String>,
    samples: BTreeMap<CanaryOutcome, VecDeque<CanarySample>>,
}

impl CanaryBooks {
    /// Empty books of a canary that begins now.
    pub fn new(mint: CanaryMint, terms: CanaryTerms, start: MonoNs) -> Self {
        Self {
            mint,
            terms,
            start,
            traces: 0,
            open: BTreeMap::new(),
            windows: CanaryWindows::default(),
            fields: BTreeMap::new(),
            refusals: BTreeMap::new(),
            though_refused: 0,
            after_the_end: 0,
            unknown: 0,
            reader_errors: 0,
            reader_error: None,
            samples: BTreeMap::new(),
        }
    }

    /// A trace is being sent; `wall` is what its times are made of.
    pub fn sent(&mut self, number: u32, at: MonoNs, wall: u64) {
        self.traces += 1;
        let spans = vec![OpenSpan::default(); self.mint.spans_per_trace() as usize];
        self.open.insert(number, OpenTrace { sent: at, wall, door: None, spans });
    }

    /// What the endpoint made of it.
    pub fn answered(&mut self, number: u32, door: CanaryDoor) {
        if let Some(trace) = self.open.get_mut(&number) {
            trace.door = Some(door);
        }
    }

    /// A span came by itself.
    pub fn came(&mut self, span: &CanarySpan, at: MonoNs) {
        let Some(number) = self.mint.number_of(span.trace) else { return };
        let Some(index) = self.mint.index_of(number, span.span) else {
            self.unknown += 1;
            return;
        };
        let Some(trace) = self.open.get_mut(&number) else {
            self.after_the_end += 1;
            return;
        };
        let due = self.mint.span(number, index, trace.wall);
        let open = &mut trace.spans[index as usize];
        open.first.get_or_insert(at);
        open.copies += 1;
        open.damage.extend(damage::damage(&due, span, 1));
    }

    /// A reader was asked for a trace at this time, and this is what it showed.
    pub fn looked(&mut self, number: u32, at: MonoNs, look: &CanaryLook) {
        let Some(trace) = self.open.get_mut(&number) else { return };
        let mut copies = vec![0; trace.spans.len()];
        let mut unknown = 0;
        for span in &look.spans {
            let Some(index) = self.mint.index_of(number, span.span) else {
                unknown += 1;
                continue;
            };
            let due = self.mint.span(number, index, trace.wall);
            copies[index as usize] += 1;
            let open = &mut trace.spans[index as usize];
            open.first.get_or_insert(at);
            open.damage.extend(damage::damage(&due, span, look.precision));
        }
        let over = at >= trace.sent.saturating_add(self.terms.deadline);
        for (open, copies) in trace.spans.iter_mut().zip(copies) {
            open.copies = open.copies.max(copies);
            open.missed |= over && open.first.is_none();
        }
        // The same spans are shown at every look.
        self.unknown = self.unknown.max(unknown);
    }

    /// A question to the reader had no answer.
    pub fn unread(&mut self, why: String) {
        self.reader_errors += 1;
        self.reader_error = Some(why);
    }

    /// The reader is not asked for this trace any more; `answered` says whether its last answer is one.
    pub fn closed(&mut self, number: u32, answered: bool) {
        if let Some(trace) = self.open.remove(&number) {
            self.judge(number, &trace, if answered { Closing::Known } else { Closing::Blind });
        }
    }

    /// Judges the traces whose time is over, where spans come by themselves.
    pub fn settle(&mut self, now: MonoNs) {
        if self.terms.asked {
            return;
        }
        let terms = self.terms;
        let is_due = |trace: &OpenTrace| {
            let complete = trace.spans.iter().all(|span| span.first.is_some());
            let over = |time: u64| now >= trace.sent.saturating_add(time);
            // Without an answer of the endpoint nobody knows whom to blame; it comes within seconds.
            (complete && (terms.at_once || over(terms.deadline)))
                || (over(terms.patience) && trace.door.is_some())
        };
        let due: Vec<u32> =
            self.open.iter().filter(|(_, trace)| is_due(trace)).map(|(number, _)| *number).collect();
        for number in due {
            self.closed(number, true);
        }
    }

    /// Judges all that is left when the canary ends early: what came has come, of the rest nobody knows.
    pub fn cut(&mut self) {
        for (number, trace) in std::mem::take(&mut self.open) {
            self.judge(number, &trace, Closing::Cut);
        }
    }

    /// The reader is gone: of what has not come nobody knows.
    pub fn blind(&mut self, why: String) {
        self.unread(why);
        for (number, trace) in std::mem::take(&mut self.open) {
            self.judge(number, &trace, Closing::Blind);
        }
    }

    /// Traces whose time is not over.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    fn judge(&mut self, number: u32, trace: &OpenTrace, closing: Closing) {
        let mut rejected = match &trace.door {
            Some(CanaryDoor::Taken { rejected }) => *rejected,
            _ => 0,
        };
        for (index, span) in trace.spans.iter().enumerate() {
            let (outcome, detail) = match span.first {
                Some(first) => self.of_seen(trace, span, first),
                None => of_unseen(trace, closing, &mut rejected),
            };
            if outcome == CanaryOutcome::Refused {
                self.refuse(&detail);
            }
            let delay = span.first.map(|first| first.saturating_sub(trace.sent));
            self.windows.count(trace.sent.saturating_sub(self.start), outcome, delay);
            self.keep(CanarySample {
                outcome,
                trace_id: self.mint.trace_id(number),
                span_id: self.mint.span_id(number, index as u32),
                at_s: trace.sent.saturating_sub(self.start) as f64 / 1e9,
                detail,
            });
        }
    }

    fn of_seen(&mut self, trace: &OpenTrace, span: &OpenSpan, first: MonoNs) -> (CanaryOutcome, String) {
        if matches!(trace.door, Some(CanaryDoor::Refused(_) | CanaryDoor::Unanswered(_))) {
            self.though_refused += 1;
        }
        if !span.damage.is_empty() {
            for field in &span.damage {
                *self.fields.entry(*field).or_default() += 1;
            }
            let names: Vec<&str> = span.damage.iter().map(|field| field.name()).collect();
            return (CanaryOutcome::Damaged, names.join(", "));
        }
        if span.copies > 1 {
            return (CanaryOutcome::Duplicate, format!("{} copies", span.copies));
        }
        // A reader that is asked shows a span later than it came: late is what was looked for in vain.
        let over = first > trace.sent.saturating_add(self.terms.deadline);
        if (self.terms.asked && span.missed) || (!self.terms.asked && over) {
            let seconds = first.saturating_sub(trace.sent) as f64 / 1e9;
            return (CanaryOutcome::Late, format!("after {seconds:.1} s"));
        }
        (CanaryOutcome::Received, String::new())
    }

    fn refuse(&mut self, status: &str) {
        let known = self.refusals.contains_key(status) || self.refusals.len() < REFUSALS;
        *self.refusals.entry(if known { status } else { "other" }.to_owned()).or_default() += 1;
    }

    fn keep(&mut self, sample: CanarySample) {
        if matches!(sample.outcome, CanaryOutcome::Received | CanaryOutcome::Open) {
            return;
        }
        let kept = self.samples.entry(sample.outcome).or_default();
        if kept.len() == SAMPLES {
            kept.pop_front();
        }
        kept.push_back(sample);
    }
}

/// What became of a span that nobody saw.
fn of_unseen(trace: &OpenTrace, closing: Closing, rejected: &mut u64) -> (CanaryOutcome, String) {
    match &trace.door {
        Some(CanaryDoor::Refused(status)) => return (CanaryOutcome::Refused, status.clone()),
        Some(CanaryDoor::Unanswered(why)) => return (CanaryOutcome::Refused, format!("no answer: {why}")),
        Some(CanaryDoor::Unreachable(why)) => return (CanaryOutcome::Refused, format!("unreachable: {why}")),
        // Which ones is not said, only how many.
        Some(CanaryDoor::Taken { .. }) if *rejected > 0 => {
            *rejected -= 1;
            return (CanaryOutcome::Refused, "partial success".to_owned());
        }
        Some(CanaryDoor::Taken { .. }) | None => {}
    }
    match closing {
        Closing::Known => (CanaryOutcome::Lost, String::new()),
        Closing::Blind => (CanaryOutcome::Undecided, String::new()),
        Closing::Cut => (CanaryOutcome::Open, String::new()),
    }
}

#[cfg(test)]
mod tests;
