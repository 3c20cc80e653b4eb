//! What programs of the object sit on, by the SDK's names.

use spanfate_model::format::probe::ProbeKind;
use spanfate_model::scenario::ebpf::{Ebpf, EbpfMode};

/// Where in a function a program sits.
#[derive(Clone, Copy)]
pub(super) enum SitePlace {
    /// Behind the stack check.
    Body,
    /// On each return.
    Returns,
    /// On the branch after the call of a function.
    BranchAfter(&'static str),
}

/// A program of the object, and what it sits on.
pub(super) struct SiteRule {
    pub(super) program: &'static str,
    /// What its records say.
    pub(super) tells: ProbeKind,
    pub(super) function: &'static str,
    pub(super) place: SitePlace,
    /// What says the same, where there are copies of the function inside others.
    pub(super) instead: Option<(&'static str, SitePlace)>,
    pub(super) since: EbpfMode,
    pub(super) part: ProgramPart,
}

/// What a function belongs to. The linker leaves out what a program never uses: then nothing is missing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ProgramPart {
    /// Every program that makes spans has it.
    Always,
    /// Programs with a batch processor have it.
    Batch,
    /// Programs that call it have it.
    Called,
}

const fn rule(
    program: &'static str,
    tells: ProbeKind,
    function: &'static str,
    place: SitePlace,
    since: EbpfMode,
) -> SiteRule {
    SiteRule { program, tells, function, place, instead: None, since, part: ProgramPart::Always }
}

impl SiteRule {
    const fn of(self, part: ProgramPart) -> Self {
        Self { part, ..self }
    }

    const fn or(self, function: &'static str, place: SitePlace) -> Self {
        Self { instead: Some((function, place)), ..self }
    }

    pub(super) fn is_wanted(&self, wish: &Ebpf) -> bool {
        match self.program {
            "goroutine" | "gone" => wish.goroutines,
            "entry" => false,
            _ => wish.mode >= self.since,
        }
    }
}

/// How names of the batch processor's functions begin. Names of the SDK's functions stand without their package.
pub(super) const BATCH: &str = "(*batchSpanProcessor).";
/// How names begin that are the runtime's.
pub(super) const RUNTIME: &str = "runtime.";

/// Per batch, in the SDK.
pub(super) const EXPORT: &str = "(*batchSpanProcessor).exportSpans";
const SHUTDOWN: &str = "(*batchSpanProcessor).Shutdown";
const DRAIN: &str = "(*batchSpanProcessor).drainQueue";
const CLOSING: &str = "(*TracerProvider).Shutdown";
const SIMPLE_SHUTDOWN: &str = "(*simpleSpanProcessor).Shutdown";
/// Per span, in the SDK.
const SIMPLE: &str = "(*simpleSpanProcessor).OnEnd";
pub(super) const STARTED: &str = "(*recordingSpan).runtimeTrace";
/// It returns the span that the other is called with.
const NEW_RECORDING: &str = "(*tracer).newRecordingSpan";
/// It is never inlined, for it recovers from panics.
pub(super) const END: &str = "(*recordingSpan).End";
const NEW_SPAN: &str = "(*tracer).newSpan";
/// It calls the other once.
const START: &str = "(*tracer).Start";
const ON_END: &str = "(*batchSpanProcessor).OnEnd";
pub(super) const DROP: &str = "(*batchSpanProcessor).enqueueDrop";
const BLOCK: &str = "(*batchSpanProcessor).enqueueBlockOnQueueFull";
/// What asks a channel for room without waiting for it.
pub(super) const TRY_SEND: &str = "runtime.selectnbsend";
const SELECT: &str = "runtime.selectgo";
/// The function that a trap sits on: one of the fixture that stacks grow in, or, in another program, one of the SDK.
pub const GROWS: &str = "spanfate.dev/fixtures/internal/fault.descend";

/// How names begin that are the fixtures': their processors keep books of their own.
pub(super) const FIXTURES: &str = "spanfate.dev/fixtures/";

use EbpfMode::{Batch, Counters, Events, Off};
use SitePlace::{Body, BranchAfter, Returns};

pub(super) const RULES: [SiteRule; 22] = [
    rule("exporting", ProbeKind::Export, EXPORT, Body, Batch).of(ProgramPart::Batch),
    rule("shutting", ProbeKind::Shutdown, SHUTDOWN, Body, Batch).of(ProgramPart::Batch),
    rule("shut", ProbeKind::Shut, SHUTDOWN, Returns, Batch).of(ProgramPart::Batch),
    rule("drained", ProbeKind::Drained, DRAIN, Returns, Batch).of(ProgramPart::Batch),
    rule("closing", ProbeKind::Closing, CLOSING, Body, Batch).of(ProgramPart::Called),
    rule("closed", ProbeKind::Closed, CLOSING, Returns, Batch).of(ProgramPart::Called),
    rule("shutting_simple", ProbeKind::Shutdown, SIMPLE_SHUTDOWN, Body, Batch).of(ProgramPart::Called),
    rule("started", ProbeKind::Started, STARTED, Body, Counters).or(NEW_RECORDING, Returns),
    rule("simple", ProbeKind::Simple, SIMPLE, Body, Counters).of(ProgramPart::Called),
    rule("enqueued", ProbeKind::Dropped, DROP, BranchAfter(TRY_SEND), Counters).of(ProgramPart::Batch),
    rule("blocking", ProbeKind::Blocked, BLOCK, Body, Counters).of(ProgramPart::Batch),
    rule("unblocked", ProbeKind::GivenUp, BLOCK, BranchAfter(SELECT), Counters).of(ProgramPart::Batch),
    rule("ended", ProbeKind::Ended, END, Body, Events),
    rule("offered", ProbeKind::Offered, ON_END, Body, Events).of(ProgramPart::Batch),
    rule("created", ProbeKind::Created, NEW_SPAN, Body, Events).or(START, Body),
    rule("gc_begin", ProbeKind::GcBegin, "runtime.(*gcControllerState).startCycle", Body, Events),
    rule("gc_end", ProbeKind::GcEnd, "runtime.gcMarkTermination", Body, Events),
    rule("stw_begin", ProbeKind::StwBegin, "runtime.stopTheWorldWithSema", Body, Events),
    rule("stw_end", ProbeKind::StwEnd, "runtime.startTheWorldWithSema", Body, Events),
    // For `goroutines`, whatever the mode.
    rule("goroutine", ProbeKind::Goroutine, "runtime.newproc1", Returns, Off),
    rule("gone", ProbeKind::Gone, "runtime.goexit1", Body, Off),
    // For the trap.
    rule("entry", ProbeKind::Trap, STARTED, Body, Off),
];

/// Functions that the rules only mention.
const MENTIONED: [&str; 2] = [TRY_SEND, SELECT];

/// Whether a function is one that the rules speak of, wherever its package lies.
pub(super) fn is_known(name: &str) -> bool {
    let is = |function: &str| {
        name.strip_suffix(function).is_some_and(|before| {
            before.is_empty() || !function.starts_with(RUNTIME) && before.ends_with('.')
        })
    };
    name == GROWS
        || MENTIONED.contains(&name)
        || RULES
            .iter()
            .any(|rule| is(rule.function) || rule.instead.is_some_and(|(function, _)| is(function)))
}
