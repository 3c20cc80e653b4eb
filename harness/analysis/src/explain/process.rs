//! What a span's own process says of it: the span ledger or the probes that stand in for it, and the SDK's own words.

use spanfate_model::books::row::{Standing, kind_name};
use spanfate_model::fate::witness::Witness;
use spanfate_model::format::manifest::{ProcessEnd, ProcessManifest};
use spanfate_model::format::probe::{ProbeKind, SpanMark};
use spanfate_model::format::slots::RuntimeSample;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::PathKind;

use super::ExplainedCase;
use super::steps::Steps;
use super::words::{count, lasting, quote, spans};
use crate::evidence::path::{ExportCall, ExportResult, Path};
use crate::evidence::process::Process;
use crate::evidence::{OnPath, SpanEvidence};

/// A look at the queue is told if it is no further away.
const NEAR_NS: u64 = 250_000_000;

/// A span in the books of its process.
#[derive(Clone, Copy)]
pub(super) struct Made<'a> {
    pub(super) process: &'a Process<'a>,
    pub(super) manifest: Option<&'a ProcessManifest>,
    /// The path on which its fate was decided.
    pub(super) path: &'a Path,
    pub(super) span: SpanEvidence,
    pub(super) on: OnPath,
    /// Its place among the spans of its process.
    pub(super) number: usize,
}

impl<'a> Made<'a> {
    /// Its name; empty if it is not known.
    pub(super) fn name(&self) -> &'a str {
        self.process.names.get(&self.span.name).map_or("", String::as_str)
    }

    /// How many spans the queue holds at most, if that is known.
    pub(super) fn capacity(&self) -> Option<u64> {
        self.path.effective.as_ref().map(|used| used.queue).filter(|queue| *queue > 0).map(u64::from)
    }

    /// The export that was waiting for its answer at a moment, with its number.
    pub(super) fn export_during(&self, at: MonoNs) -> Option<(u32, &'a ExportCall)> {
        let open = |call: &&ExportCall| call.began <= at && (call.ended == 0 || call.ended > at);
        let calls = self.path.exports.iter().filter(|(_, call)| open(call));
        calls.min_by_key(|(_, call)| call.began).map(|(number, call)| (*number, call))
    }

    /// The export it was handed to, with its number.
    pub(super) fn export(&self) -> Option<(u32, &'a ExportCall)> {
        Some((Path::number_of(&self.on)?, self.path.call_of(&self.on)?))
    }

    /// The end of its process, if the harness saw it.
    pub(super) fn end(&self) -> Option<&'a ProcessEnd> {
        self.manifest?.end.as_ref()
    }

    /// Who keeps these books.
    fn keeper(&self) -> Witness {
        self.process.keeper()
    }
}

/// The steps that the process tells: of the span, then of each of its paths.
pub(super) fn tell(case: &ExplainedCase<'_>, made: &Made<'_>, steps: &mut Steps) {
    let (span, who) = (&made.span, Some(made.keeper()));
    let name = if made.name().is_empty() { "a name that is not known" } else { made.name() };
    let sampled = match span.started {
        0 => "its start was not observed",
        _ if span.is_sampled() => "sampled",
        _ => "not sampled",
    };
    let of = &made.process.header.service;
    steps.say(
        span.created,
        who,
        format!(
            "made as span {} of {of}: {name}, {}; {sampled}",
            count(made.number as u64),
            kind_name(span.kind)
        ),
    );
    let mut at_exit = false;
    let on_each = case.on_each(made);
    let several = case.is_on_several();
    if several {
        // It happens once, however many processors are then offered the span.
        let offers = on_each.iter().map(|(made, _)| made.on.offered).filter(|at| *at != 0);
        let first = offers.min().unwrap_or_default();
        steps.say(if first == 0 { span.closed } else { first }, who, end_called(made, first));
    }
    for (made, standing) in on_each {
        steps.about(several.then_some(&made.path.name));
        on_path(made, several, steps);
        if matters_at_exit(standing) {
            at_exit = true;
            steps.say(made.path.shutdown_began, who, "the provider's shutdown began");
        }
    }
    steps.about(None);
    let at = if made.on.dropped != 0 { made.on.dropped } else { made.on.offered };
    // A look at the process knows one queue.
    if !made.process.has_several_paths()
        && let Some((seen, sample)) = near(&made.process.runtime, at)
    {
        steps.say(seen, who, queue(sample, made.capacity()));
    }
    if let Some(end) = made.end().filter(|_| at_exit) {
        steps.say(end.at, None, format!("the process {}", ended(end)));
    }
}

/// That its end was called, and how long after its creation where a processor was offered it.
fn end_called(made: &Made<'_>, offered: MonoNs) -> String {
    let span = &made.span;
    let panicked = if span.panicked() { ", with a panic recorded on it" } else { "" };
    if offered == 0 {
        return format!("End() called{panicked}");
    }
    format!("End() called after {}{panicked}", lasting(offered.saturating_sub(span.created)))
}

/// The steps on one path, of several or the only one.
fn on_path(made: &Made<'_>, several: bool, steps: &mut Steps) {
    let (on, who) = (&made.on, Some(made.keeper()));
    steps.say(on.held, who, "taken by a processor in front, to be handed on later or not at all");
    ending(made, several, steps);
    let counted = made.capacity().map(|all| format!("; the queue holds {}", spans(all))).unwrap_or_default();
    if made.process.is_of_probes() {
        steps.say(on.dropped, who, format!("dropped: the queue was full{counted}"));
    } else {
        steps.say(on.dropped, Some(Witness::Sdk), format!("counted as dropped: queue_full{counted}"));
    }
    steps.say(on.filtered, who, "removed by a wrapper around the exporter");
    export(made, steps);
    if on.dropped != 0
        && let Some((number, call)) = made.export_during(on.dropped)
    {
        export_began(made, number, call, steps);
        export_ended(made, number, call, steps);
    }
}

fn ending(made: &Made<'_>, several: bool, steps: &mut Steps) {
    let (span, on, who) = (&made.span, &made.on, Some(made.keeper()));
    let stays = on.dropped == 0 && span.is_sampled();
    let processor = match made.path.kind {
        PathKind::Batch => "batch processor",
        PathKind::Simple => "simple processor",
        PathKind::Other => "span processor",
    };
    if on.offered != 0 {
        let called = if several { String::new() } else { format!("{}; ", end_called(made, on.offered)) };
        steps.say(on.offered, who, format!("{called}offered to the {processor}"));
        if on.taken != on.dropped {
            let queued = stays && made.path.kind == PathKind::Batch;
            let what =
                if queued { "taken into the queue".to_owned() } else { format!("the {processor} returned") };
            steps.say(on.taken, who, what);
        }
    } else {
        let called = if several { String::new() } else { format!("{}; ", end_called(made, on.offered)) };
        steps.say(span.closed, who, format!("{called}no {processor} was offered it"));
    }
}

fn export(made: &Made<'_>, steps: &mut Steps) {
    let on = &made.on;
    let Some((number, call)) = made.export() else {
        steps.say(on.exported, Some(made.keeper()), "handed to the exporter");
        return;
    };
    let size = spans(u64::from(call.spans));
    steps.say(
        on.exported,
        Some(made.keeper()),
        format!("handed to the exporter in batch {number} of {size}"),
    );
    export_ended(made, number, call, steps);
}

fn export_began(made: &Made<'_>, number: u32, call: &ExportCall, steps: &mut Steps) {
    let size = spans(u64::from(call.spans));
    steps.say(call.began, Some(made.keeper()), format!("the export of batch {number} of {size} began"));
}

fn export_ended(made: &Made<'_>, number: u32, call: &ExportCall, steps: &mut Steps) {
    let took = lasting(call.ended.saturating_sub(call.began));
    let how = match call.result {
        ExportResult::Ok | ExportResult::Kept => "without an error".to_owned(),
        ExportResult::None => "without a result".to_owned(),
        ExportResult::Partial => format!("with a partial success{}", said(made, number)),
        ExportResult::Failed(_) => format!("with an error{}", said(made, number)),
    };
    steps.say(
        call.ended,
        Some(made.keeper()),
        format!("the export of batch {number} came back after {took}, {how}"),
    );
}

/// What the error of an export said.
pub(super) fn said(made: &Made<'_>, number: u32) -> String {
    made.process.error_of(made.path, number).map(|text| format!(": {}", quote(&text))).unwrap_or_default()
}

/// The look at the process that is nearest to a moment.
fn near(looks: &[(MonoNs, RuntimeSample)], at: MonoNs) -> Option<(MonoNs, &RuntimeSample)> {
    let (seen, sample) = looks.iter().min_by_key(|(seen, _)| seen.abs_diff(at))?;
    (at != 0 && seen.abs_diff(at) <= NEAR_NS).then_some((*seen, sample))
}

fn queue(sample: &RuntimeSample, capacity: Option<u64>) -> String {
    let of = capacity.map(|all| format!(" of {}", count(all))).unwrap_or_default();
    let exports = if sample.in_flight == 1 { "export" } else { "exports" };
    format!("a look: {}{of} spans queued, {} {exports} in flight", count(sample.queue), sample.in_flight)
}

/// Whether the end of the process is part of what happened to a span.
fn matters_at_exit(standing: Standing) -> bool {
    match standing {
        Standing::Unexplained | Standing::Unaccounted => true,
        Standing::Fate(fate) => fate.facts().at_exit,
    }
}

/// How a process ended.
pub(super) fn ended(end: &ProcessEnd) -> String {
    let how = match (end.signal, end.code) {
        (Some(9), _) => "was killed (signal 9)".to_owned(),
        (Some(signal), _) => format!("was ended by signal {signal}"),
        (None, Some(0)) if end.said_stopped => "ended in order".to_owned(),
        (None, Some(code)) => format!("exited with code {code}"),
        (None, None) => "ended; how was not seen".to_owned(),
    };
    match &end.shutdown_error {
        Some(error) => format!("{how}; the provider's shutdown returned {}", quote(error)),
        None => how,
    }
}

/// The steps that probes tell beside a span ledger.
pub(super) fn tell_marks(marks: &[SpanMark], steps: &mut Steps) {
    for mark in marks {
        let what = match mark.kind {
            ProbeKind::Started => "its start seen".to_owned(),
            ProbeKind::Ended => "its End() seen".to_owned(),
            ProbeKind::Offered => "offered to the batch processor".to_owned(),
            ProbeKind::Queued => "the queue took it".to_owned(),
            ProbeKind::Dropped => "dropped: the queue was full".to_owned(),
            ProbeKind::Blocked => "its goroutine asks the full queue for room".to_owned(),
            ProbeKind::GivenUp => "its goroutine gave up waiting for room".to_owned(),
            ProbeKind::Handed => format!("handed to the exporter, place {} of its batch", count(mark.b)),
            _ => continue,
        };
        steps.say(mark.at, Some(Witness::Probe), what);
    }
}
