//! The storage engine at the end of a path, concluded: what it took and showed, and in which traces it and the receiver differ.

use std::collections::BTreeMap;

use spanfate_model::books::row::Standing;
use spanfate_model::fate::Fate;
use spanfate_model::quantity::id::TraceId;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::{DifferingTrace, EngineDifference, EngineResult, SHOWN_TRACES};

use crate::books::walk::{self, Judged, JudgedPath};
use crate::conclude::hops;
use crate::evidence::engine::EngineBooks;
use crate::evidence::hops::HopWay;
use crate::evidence::opened::Opened;
use crate::statistics::quantile::millis;

/// The engine of a trial, where it has one.
pub(crate) fn result(opened: &Opened<'_>) -> Option<EngineResult> {
    let engine = opened.engine.as_ref()?;
    let ms = |at: MonoNs| millis(at.saturating_sub(opened.began));
    let back = engine.manifest.and_then(|manifest| manifest.back.as_ref());
    let never = || "its trial broke off before it was read back".to_owned();
    let spans = &engine.spans;
    Some(EngineResult {
        name: engine.name.to_owned(),
        alone: engine.alone,
        starts: engine.starts.len() as u64,
        ends: engine.starts.iter().map(|start| hops::end(start.end.as_ref())).collect(),
        came: spans.came,
        accepted: spans.accepted,
        refused: spans.refused,
        unanswered: spans.unanswered,
        shown: spans.shown,
        shown_unasked: spans.shown_unasked,
        lost: spans.lost.clone(),
        lost_from_ms: spans.lost_from.map(ms),
        refused_from_ms: engine.tally.first_refused().map(ms),
        pages: back.map_or(0, |back| back.pages),
        bytes: back.map_or(0, |back| back.bytes),
        unread: back.map_or_else(|| Some(never()), |back| back.failed.clone()),
        differs: (!engine.alone).then(|| difference(opened, engine)),
    })
}

/// A trace in which something differs, while spans are counted.
#[derive(Clone, Copy, Default)]
struct TraceSides {
    both: u64,
    only_receiver: u64,
    only_engine: u64,
    /// When its first span was created that only one has, and what became of that where it is missing.
    first: Option<(MonoNs, Option<Fate>)>,
}

/// Holds what the engine has of each trace against what the receiver has of it.
fn difference(opened: &Opened<'_>, engine: &EngineBooks<'_>) -> EngineDifference {
    let mut out = EngineDifference::default();
    let mut traces: BTreeMap<TraceId, TraceSides> = BTreeMap::new();
    walk::each(&opened.sources(), |judged, paths| {
        let both = match engine.path_of(judged.index) {
            Some(there) => of_paths(paths, there),
            None => of_collector(opened, engine, judged),
        };
        see(traces.entry(judged.span.key.trace).or_default(), &mut out, judged.span.created, both);
        std::ops::ControlFlow::Continue(())
    });
    let differs = |sides: &TraceSides| sides.only_engine + sides.only_receiver > 0;
    out.same = traces.values().filter(|sides| sides.both > 0 && !differs(sides)).count() as u64;
    let mut differing: Vec<(MonoNs, TraceId, TraceSides)> = traces
        .into_iter()
        .filter_map(|(trace, sides)| Some((sides.first?.0, trace, sides)))
        .filter(|(_, _, sides)| differs(sides))
        .collect();
    differing.sort_unstable_by_key(|(at, trace, _)| (*at, *trace));
    let ms = |at: MonoNs| millis(at.saturating_sub(opened.began));
    out.traces = differing.len() as u64;
    out.from_ms = differing.first().map(|(at, ..)| ms(*at));
    out.examples = differing
        .into_iter()
        .take(SHOWN_TRACES)
        .map(|(at, trace_id, sides)| DifferingTrace {
            trace_id,
            from_ms: ms(at),
            missing_in_engine: sides.only_receiver,
            missing_in_receiver: sides.only_engine,
            fate: sides.first.and_then(|(_, fate)| fate),
        })
        .collect();
    out
}

/// A span at one end: its copies, and what became of it on the way.
#[derive(Clone, Copy)]
struct AtEnd {
    copies: u16,
    fate: Option<Fate>,
}

const fn fate_of(standing: Standing) -> Option<Fate> {
    match standing {
        Standing::Fate(fate) => Some(fate),
        Standing::Unexplained | Standing::Unaccounted => None,
    }
}

/// A span at the receiver and at the engine, of a process with a path to each; `there` is that to the engine.
fn of_paths(paths: &[JudgedPath<'_>], there: usize) -> [AtEnd; 2] {
    let of = |wanted: usize| {
        let path = paths.iter().find(|path| path.path == wanted);
        AtEnd {
            copies: path.map_or(0, |path| path.receipt.copies),
            fate: path.and_then(|path| fate_of(path.standing)),
        }
    };
    [of(0), of(there)]
}

/// The same where the last collector sends to both.
fn of_collector(opened: &Opened<'_>, engine: &EngineBooks<'_>, judged: &Judged<'_>) -> [AtEnd; 2] {
    let place = (judged.index, judged.number);
    let receiver = AtEnd { copies: judged.receipt.copies, fate: fate_of(judged.standing) };
    let copies = engine.back.of(place.0, place.1).map_or(0, |receipt| receipt.copies);
    let hop = opened.hops.hops.last();
    let here = hop.and_then(|hop| hop.receipts.of(place.0, place.1)).filter(|here| here.copies > 0);
    let end = hop.and_then(|hop| hop.ends.iter().find(|end| end.is_engine));
    let fate = match (engine.way(place), here.zip(end)) {
        _ if copies > 0 => Some(Fate::Received),
        (HopWay::LostInEngine(loss), _) => Some(Fate::LostInEngine(loss)),
        (_, Some((here, end))) => {
            let there = end.receipts.of(place.0, place.1).copied().unwrap_or_default();
            Some(end.fate(judged.span.key.trace, here, &there))
        }
        _ => receiver.fate,
    };
    [receiver, AtEnd { copies, fate }]
}

/// Counts a span.
fn see(sides: &mut TraceSides, out: &mut EngineDifference, created: MonoNs, [receiver, engine]: [AtEnd; 2]) {
    let (missing, only, fate) = match (receiver.copies, engine.copies) {
        (0, 0) => return,
        (0, _) => (&mut out.missing_in_receiver, &mut sides.only_engine, receiver.fate),
        (_, 0) => (&mut out.missing_in_engine, &mut sides.only_receiver, engine.fate),
        (here, there) => {
            sides.both += 1;
            out.copies += u64::from(here != there);
            return;
        }
    };
    *only += 1;
    if let Some(fate) = fate {
        *missing.entry(fate).or_insert(0) += 1;
    }
    if sides.first.is_none_or(|(at, _)| created < at) {
        sides.first = Some((created, fate));
    }
}
