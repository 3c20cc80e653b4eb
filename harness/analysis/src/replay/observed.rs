//! What a replay is fed with: of one export path of one process, when spans came to its queue, and what each call of its exporter was
//! made of.

use std::collections::BTreeMap;

use spanfate_model::format::wire::{self, WireRecord};
use spanfate_model::quantity::unit::MonoNs;

use crate::evidence::opened::Opened;
use crate::evidence::path::{Ending, ExportResult, Path};
use crate::evidence::process::Process;
use crate::evidence::sources::Sources;
use crate::evidence::{OnPath, SpanEvidence};
use crate::replay::processor::ReplaySettings;

/// A span that came to a queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct QueuedSpan {
    /// When `OnEnd` was called.
    pub(crate) at: MonoNs,
    /// Its request, if it belongs to one.
    pub(crate) request: Option<u32>,
    /// The queue refused it.
    pub(crate) dropped: bool,
}

/// A call of the exporter, and what the receiver saw of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct MeasuredCall {
    pub(crate) began: MonoNs,
    /// `MonoNs::MAX` if it did not end.
    pub(crate) ended: MonoNs,
    pub(crate) spans: u64,
    /// It returned no error, or one that speaks of a partial success.
    pub(crate) succeeded: bool,
    /// Requests of it that came to the receiver whole.
    pub(crate) attempts: u32,
    /// When the first of them was complete there, and when the last was answered; 0 where none was.
    pub(crate) first_seen: MonoNs,
    pub(crate) answered: MonoNs,
    /// How long the receiver had them, nanoseconds.
    pub(crate) held: u64,
    /// The first of them came over another connection than the call before.
    pub(crate) reconnected: bool,
}

/// An export path as it was observed.
#[derive(Clone, Debug)]
pub(crate) struct ObservedPath {
    /// Index of its process.
    pub(crate) process: usize,
    /// Its number there.
    pub(crate) path: usize,
    pub(crate) settings: ReplaySettings,
    /// In the order of time.
    pub(crate) spans: Vec<QueuedSpan>,
    /// In the order of time.
    pub(crate) calls: Vec<MeasuredCall>,
    /// When its shutdown began; `MonoNs::MAX` if it did not.
    pub(crate) stop: MonoNs,
    /// When the process was gone, or its last call ended.
    pub(crate) gone: MonoNs,
}

impl ObservedPath {
    /// Spans that the queue refused.
    pub(crate) fn drops(&self) -> u64 {
        self.spans.iter().filter(|span| span.dropped).count() as u64
    }
}

/// Every batch processor of a trial whose books are whole and that dropped spans.
pub(crate) fn lossy_paths(opened: &Opened<'_>, wire: Option<&[u8]>) -> Vec<ObservedPath> {
    let sources = opened.sources();
    let mut out: Vec<ObservedPath> = Vec::new();
    for (index, process) in opened.processes.iter().enumerate() {
        for (number, path) in process.paths.iter().enumerate() {
            out.extend(observe(&sources, (index, process), (number, path)).filter(|seen| seen.drops() > 0));
        }
    }
    if !out.is_empty() {
        see_on_wire(&mut out, opened, wire);
    }
    out
}

fn observe(
    sources: &Sources<'_>,
    (index, process): (usize, &Process<'_>),
    (number, path): (usize, &Path),
) -> Option<ObservedPath> {
    let effective = path.effective.as_ref().filter(|used| used.batch > 0 && used.queue > 0)?;
    if process.has_log_gap() || path.exports.is_empty() {
        return None;
    }
    let settings = ReplaySettings {
        batch: u64::from(effective.batch),
        queue: u64::from(effective.queue),
        delay: (effective.delay_ms * 1e6) as u64,
        workers: 1,
        blocks: path.blocking,
    };
    let mut spans = queued(sources, process, number);
    // Goroutines end spans side by side: their places in the books are those of their making.
    spans.sort_by_key(|span| span.at);
    let mut calls: Vec<MeasuredCall> = path.exports.values().map(measured).collect();
    calls.sort_by_key(|call| call.began);
    let orderly = matches!(path.ending, Ending::Orderly { .. });
    let stop = if path.shutdown_began == 0 { MonoNs::MAX } else { path.shutdown_began };
    let last = calls.iter().map(|call| call.ended).filter(|ended| *ended != MonoNs::MAX).max().unwrap_or(0);
    let gone = if orderly || process.gone == 0 { MonoNs::MAX } else { process.gone.max(last) };
    Some(ObservedPath { process: index, path: number, settings, spans, calls, stop, gone })
}

/// The spans that came to the queue of a path.
fn queued(sources: &Sources<'_>, process: &Process<'_>, path: usize) -> Vec<QueuedSpan> {
    let mut out = Vec::new();
    let mut add = |span: &SpanEvidence, on: &OnPath| {
        if on.offered != 0 && span.is_sampled() {
            let request = sources.tag.part_of(span.key.trace).map(|(request, _)| request);
            out.push(QueuedSpan { at: on.offered, request, dropped: on.dropped != 0 });
        }
    };
    for (number, span, main) in process.spans() {
        match path {
            0 => add(&span, &main),
            path => process.on_path(number, path).iter().for_each(|on| add(&span, on)),
        }
    }
    out
}

fn measured(call: &crate::evidence::path::ExportCall) -> MeasuredCall {
    MeasuredCall {
        began: call.began,
        ended: if call.ended == 0 { MonoNs::MAX } else { call.ended },
        spans: u64::from(call.spans),
        succeeded: !matches!(call.result, ExportResult::None | ExportResult::Failed(_)),
        attempts: 0,
        first_seen: 0,
        answered: 0,
        held: 0,
        reconnected: false,
    }
}

/// Notes in the calls of each path which requests of theirs came to the receiver. A request is told by its first span.
fn see_on_wire(paths: &mut [ObservedPath], opened: &Opened<'_>, wire: Option<&[u8]>) {
    let Some(records) = wire.and_then(wire::settled) else { return };
    // By number of the request: path and call, and when it was complete.
    let mut of_request: BTreeMap<u32, (usize, usize, MonoNs)> = BTreeMap::new();
    let mut fresh = None;
    let mut over: Vec<Option<u32>> = vec![None; paths.len()];
    for record in records {
        match record {
            WireRecord::Request(request) => fresh = Some(request),
            WireRecord::Span(span) => {
                let Some(request) = fresh.take_if(|request| request.request == span.request) else {
                    continue;
                };
                let place = opened.processes.iter().enumerate();
                let place =
                    place.into_iter().find_map(|(index, known)| Some((index, known.find(&span.key)?)));
                let Some((process, number)) = place else { continue };
                let found = paths.iter().position(|path| {
                    path.process == process && path.call_at(request.at).is_some() && {
                        let on = opened.processes[process].on_path(number, path.path);
                        on.is_some_and(|on| on.exported != 0)
                    }
                });
                let Some(at) = found else { continue };
                let Some(call) = paths[at].call_at(request.at) else { continue };
                of_request.insert(request.request, (at, call, request.at));
                let known = &mut paths[at].calls[call];
                known.attempts += 1;
                if known.first_seen == 0 {
                    known.first_seen = request.at;
                    known.reconnected = over[at].is_some_and(|before| before != request.connection);
                }
                over[at] = Some(request.connection);
            }
            WireRecord::Answer(answer) => {
                if let Some((path, call, at)) = of_request.remove(&answer.request) {
                    let known = &mut paths[path].calls[call];
                    known.answered = known.answered.max(answer.at.min(known.ended));
                    known.held += answer.at.min(known.ended).saturating_sub(at);
                }
            }
            _ => {}
        }
    }
}

impl ObservedPath {
    /// The call that was open at a moment; a worker has one at a time.
    fn call_at(&self, at: MonoNs) -> Option<usize> {
        let index = self.calls.partition_point(|call| call.began <= at).checked_sub(1)?;
        (self.calls[index].ended >= at).then_some(index)
    }
}
