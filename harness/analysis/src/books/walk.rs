//! The walk over all created spans, each with its judgement on every path: the ledger and the rows are readers of it.

use std::ops::ControlFlow;

use spanfate_model::books::row::Standing;
use spanfate_model::fate::FateClass;

use crate::books::fate::{JudgementBasis, WireSight, judge};
use crate::evidence::hops::HopWay;
use crate::evidence::path::Path;
use crate::evidence::process::Process;
use crate::evidence::receipts::Receipt;
use crate::evidence::sources::Sources;
use crate::evidence::{OnPath, SpanEvidence};

/// A created span and what can be said about it: on its only path, or on the one where it fared worst.
pub(crate) struct Judged<'a> {
    /// Index of its process.
    pub(crate) index: usize,
    pub(crate) process: &'a Process<'a>,
    /// Its place in its process.
    pub(crate) number: usize,
    pub(crate) span: SpanEvidence,
    /// What arrived of it on any path.
    pub(crate) receipt: &'a Receipt,
    /// Request and part, if it belongs to a request.
    pub(crate) of: Option<(u32, u16)>,
    /// The path that decides.
    pub(crate) path: &'a Path,
    pub(crate) on: OnPath,
    pub(crate) standing: Standing,
}

/// The same on one of several paths.
pub(crate) struct JudgedPath<'a> {
    /// Index of the path.
    pub(crate) path: usize,
    pub(crate) on: OnPath,
    pub(crate) receipt: &'a Receipt,
    pub(crate) standing: Standing,
}

/// How bad a standing is: what is not known for sure is worse than a loss, and any loss worse than an arrival elsewhere. What was
/// not meant to arrive on one path says nothing of the others.
fn rank(standing: Standing) -> u8 {
    match standing {
        Standing::Unexplained => 4,
        Standing::Unaccounted => 3,
        Standing::Fate(fate) => match fate.class() {
            FateClass::Lost => 2,
            FateClass::Received => 1,
            FateClass::Deliberate => 0,
        },
    }
}

/// Judges every span, process by process, in the order of their places, until the reader has seen enough. Beside the judgement of
/// the span stand those of its paths, where its process has several; none where it was offered to none of them.
pub(crate) fn each<'a>(
    sources: &Sources<'a>,
    mut each: impl FnMut(&Judged<'a>, &[JudgedPath<'a>]) -> ControlFlow<()>,
) {
    let mut paths = Vec::new();
    for (index, process) in sources.processes.iter().enumerate() {
        let done = process.try_each(|number, span, main| {
            match judged(sources, (index, process), number, (span, main), &mut paths) {
                Some(judged) => each(&judged, &paths),
                None => ControlFlow::Continue(()),
            }
        });
        if done.is_break() {
            return;
        }
    }
}

/// Judges one span, by the index of its process and its place; nothing where no span was made there.
pub(crate) fn one<'a>(
    sources: &Sources<'a>,
    index: usize,
    number: usize,
) -> Option<(Judged<'a>, Vec<JudgedPath<'a>>)> {
    let process = sources.processes.get(index)?;
    let both = process.both(number)?;
    let mut paths = Vec::new();
    let judged = judged(sources, (index, process), number, both, &mut paths)?;
    Some((judged, paths))
}

fn judged<'a>(
    sources: &Sources<'a>,
    (index, process): (usize, &'a Process<'a>),
    number: usize,
    (span, main): (SpanEvidence, OnPath),
    paths: &mut Vec<JudgedPath<'a>>,
) -> Option<Judged<'a>> {
    paths.clear();
    let receipt = sources.receipts.of(index, number)?;
    let of = sources.tag.part_of(span.key.trace);
    let on_path = |path: &'a Path, on: &OnPath, receipt: &Receipt, elsewhere: bool| {
        let scene = JudgementBasis {
            process,
            path,
            wire: match (sources.wire_complete(index, path.number), sources.receipts.unread_otherwise) {
                (false, _) => WireSight::Gap,
                (true, true) => WireSight::WithUnread,
                (true, false) => WireSight::Whole,
            },
            // It is asked only of what did not arrive.
            way: if receipt.copies == 0 && on.exported != 0 {
                sources.way((index, number), path.number, span.key.trace, receipt)
            } else {
                HopWay::NoHop
            },
            elsewhere,
            call_came: sources.receipts.came_by(index, path, on),
            // A span of no request has no handler that could still be running.
            answered: of.is_none_or(|(request, _)| sources.book.is_answered(request as usize)),
            leaks: sources.leaks,
        };
        judge(&span, on, receipt, &scene)
    };
    let judged =
        |path, on, standing| Judged { index, process, number, span, receipt, of, path, on, standing };
    let nowhere = process.nowhere.get(usize::from(span.provider)).unwrap_or(&process.paths[0]);
    if !process.has_several_paths() {
        // Of a span that was never ended, the end of its provider tells, and not that of the path it did not come to.
        let is_open = span.closed == 0 && !main.is_concerned() && process.is_of_probes();
        let path = if is_open { nowhere } else { &process.paths[0] };
        let nothing_came = sources.subject.is_own() && sources.receipts.requests == 0;
        let standing = on_path(path, &main, receipt, nothing_came);
        return Some(judged(path, main, standing));
    }
    for (at, path) in process.paths.iter().enumerate() {
        let on = if at == 0 { Some(main) } else { process.on_path(number, at) };
        if let Some(on) = on.filter(OnPath::is_concerned) {
            let receipt = sources.receipts.on_path(index, at, number);
            let standing = on_path(path, &on, receipt, sources.receipts.is_elsewhere(index, at));
            paths.push(JudgedPath { path: at, on, receipt, standing });
        }
    }
    if let Some(worst) = paths.iter().rev().max_by_key(|path| rank(path.standing)) {
        return Some(judged(&process.paths[worst.path], worst.on, worst.standing));
    }
    let on = OnPath { returned: span.went_on, ..OnPath::default() };
    let standing = on_path(nowhere, &on, receipt, false);
    Some(judged(nowhere, on, standing))
}
