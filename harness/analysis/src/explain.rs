//! Single spans, explained: what every witness says of them in order, and what decided their fate. The judgements are those of
//! the ledger.

mod faults;
mod hops;
mod ids;
mod load;
mod paths;
mod process;
mod steps;
mod taps;
mod verdict;
mod wire;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use spanfate_model::books::explain::Explanation;
use spanfate_model::books::ledger::{Gap, Ledger};
use spanfate_model::books::row::{Standing, kind_name};
use spanfate_model::fate::{Fate, FateClass};
use spanfate_model::format::probe::SpanMark;
use spanfate_model::format::raw::TrialLogs;
use spanfate_model::format::wire::SpanRecord;
use spanfate_model::plan::{Plan, PlannedTrial};
use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId};
use spanfate_model::quantity::unit::MonoNs;

use crate::books::fate;
use crate::books::lost;
use crate::books::rows::{names, span_at};
use crate::books::walk::{self, Judged, JudgedPath};
use crate::evidence::opened::Opened;
use crate::evidence::path::Path;
use crate::evidence::receipts::Receipt;
use crate::evidence::sources::Sources;
use crate::evidence::{OnPath, SpanEvidence};
use crate::join::Smallest;
use faults::Faults;
use paths::OnOne;
use process::Made;
use steps::{Steps, since};
use taps::AtTap;
use wire::Appearance;

pub use ids::{Ids, ids_beginning_with};

/// Most examples of a trial.
const EXAMPLES: usize = 6;

/// Which spans are wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WantedSpans {
    /// The span with this id.
    Span(SpanId),
    /// All spans of this trace, by time of creation.
    Trace(TraceId),
    /// Of the spans with one of these fates the first so many: by the time of their loss, or when their fate was decided.
    Fates(Vec<Fate>, usize),
}

/// Explains the spans of a trial that are wanted; empty where there is none. Without a process witness only spans that appeared
/// on the wire are known.
pub fn explain(
    plan: &Plan,
    planned: &PlannedTrial,
    logs: &TrialLogs,
    wanted: &WantedSpans,
) -> Vec<Explanation> {
    let opened = Opened::open(plan, planned, logs);
    let sources = opened.sources();
    let wire = logs.wire.as_deref();
    let cases = if sources.witnessed {
        made(&sources, &opened, wanted)
    } else {
        appeared(&sources, wire.unwrap_or_default(), wanted)
    };
    told(plan, planned, &opened, wire, cases)
}

/// Explains the first lost span of each fate of a ledger: its examples. Only spans with books of their own are looked up, so this
/// needs no walk.
pub(crate) fn examples(
    plan: &Plan,
    planned: &PlannedTrial,
    opened: &Opened<'_>,
    wire: Option<&[u8]>,
    ledger: &Ledger,
) -> Vec<Explanation> {
    let sources = opened.sources();
    let firsts = ledger.fates.values().filter_map(|count| count.first.as_ref());
    let cases = firsts.take(EXAMPLES).filter_map(|first| {
        let key = SpanKey { trace: first.trace_id, span: first.span_id };
        let find = |(index, process): (usize, &crate::evidence::process::Process<'_>)| {
            Some((index, process.find(&key)?))
        };
        let (index, number) = sources.processes.iter().enumerate().find_map(find)?;
        let (judged, paths) = walk::one(&sources, index, number)?;
        Some(case(opened, &judged, &paths))
    });
    let cases: Vec<ExplainedCase<'_>> = cases.collect();
    if cases.is_empty() { Vec::new() } else { told(plan, planned, opened, wire, cases) }
}

/// A span that is to be explained.
struct ExplainedCase<'a> {
    key: SpanKey,
    standing: Standing,
    /// What nobody saw, where it cannot be placed and has books.
    gap: Option<Gap>,
    request: Option<u32>,
    receipt: Receipt,
    /// When its fate was decided.
    decided: MonoNs,
    /// What the books of its process hold, if there are any.
    made: Option<Made<'a>>,
    /// The same on each of its paths, where its process has several.
    paths: Vec<OnOne<'a>>,
    /// Without books: its record in the wire log, and the names of its service and of itself.
    seen: Option<(SpanRecord, String, String)>,
    wire: Vec<Appearance>,
    /// What the taps before the collectors in the path saw of it, in their order.
    taps: Vec<AtTap>,
    marks: Vec<SpanMark>,
}

impl ExplainedCase<'_> {
    /// Numbers of the faults that a witness noted on it, on its request, or on the end of its process.
    fn touched_by(&self) -> BTreeSet<usize> {
        let of_slot = self.made.and_then(|made| usize::from(made.span.fault).checked_sub(1));
        let at_exit = self.made.filter(|made| self.decided == made.process.gone);
        let of_end = at_exit.and_then(|made| made.end()?.fault);
        self.wire.iter().filter_map(Appearance::fault).chain(of_slot).chain(of_end).collect()
    }
}

fn case<'a>(opened: &'a Opened<'a>, judged: &Judged<'a>, paths: &[JudgedPath<'a>]) -> ExplainedCase<'a> {
    let process = judged.process;
    let of_process = |manifest: &&spanfate_model::format::manifest::ProcessManifest| {
        manifest.process == process.header.process && manifest.incarnation == process.header.incarnation
    };
    let made = Made {
        process,
        manifest: opened.manifest.processes.iter().find(of_process),
        path: judged.path,
        span: judged.span,
        on: judged.on,
        number: judged.number,
    };
    let receipt = own_receipt(judged, paths);
    ExplainedCase {
        key: judged.span.key,
        standing: judged.standing,
        gap: (judged.standing == Standing::Unaccounted).then(|| {
            let of = (judged.index, process);
            fate::gap((&judged.span, &judged.on), of, judged.path, opened.sources().receipts)
        }),
        request: judged.of.map(|(request, _)| request),
        receipt: *receipt,
        decided: decided(judged.standing, (&judged.span, &judged.on), receipt, (judged.path, process.gone)),
        made: Some(made),
        paths: paths::each(&made, paths),
        seen: None,
        wire: Vec::new(),
        taps: Vec::new(),
        marks: Vec::new(),
    }
}

/// What arrived of a span by the path that decides.
fn own_receipt<'a>(judged: &Judged<'a>, paths: &[JudgedPath<'a>]) -> &'a Receipt {
    let decides = |one: &&JudgedPath<'a>| {
        judged.process.paths.get(one.path).is_some_and(|path| std::ptr::eq(path, judged.path))
    };
    paths.iter().find(decides).map_or(judged.receipt, |one| one.receipt)
}

/// When a standing was decided, on a path, of a process that was gone at a moment.
fn decided(
    standing: Standing,
    (span, on): (&SpanEvidence, &OnPath),
    receipt: &Receipt,
    (path, gone): (&Path, MonoNs),
) -> MonoNs {
    match standing {
        Standing::Fate(Fate::Received) => receipt.first,
        Standing::Fate(fate) if fate.class() == FateClass::Lost => lost::at(fate, span, on, path, gone),
        Standing::Fate(_) | Standing::Unaccounted | Standing::Unexplained => {
            let marks = [on.filtered, on.exported, on.taken, on.offered, span.closed, span.started];
            marks.into_iter().find(|at| *at != 0).unwrap_or(span.created)
        }
    }
}

/// The wanted spans in the books of their processes.
fn made<'a>(sources: &Sources<'a>, opened: &'a Opened<'a>, wanted: &WantedSpans) -> Vec<ExplainedCase<'a>> {
    let mut found: Vec<(MonoNs, usize, usize)> = Vec::new();
    match wanted {
        WantedSpans::Span(id) => {
            for (index, process) in sources.processes.iter().enumerate() {
                let same = |number: &usize| process.span(*number).is_some_and(|span| span.key.span == *id);
                found.extend(process.candidates(*id).filter(same).map(|number| (0, index, number)));
            }
        }
        WantedSpans::Trace(id) => walk::each(sources, |judged, _| {
            if judged.span.key.trace == *id {
                found.push((judged.span.created, judged.index, judged.number));
            }
            ControlFlow::Continue(())
        }),
        WantedSpans::Fates(fates, most) => {
            let mut first = Smallest::new(*most);
            walk::each(sources, |judged, paths| {
                if matches!(judged.standing, Standing::Fate(fate) if fates.contains(&fate)) {
                    let of = (&judged.span, &judged.on);
                    let by = (judged.path, judged.process.gone);
                    let at = decided(judged.standing, of, own_receipt(judged, paths), by);
                    first.push((at, judged.index, judged.number));
                }
                ControlFlow::Continue(())
            });
            found = first.finish();
        }
    }
    found.sort_unstable();
    let judged = found.iter().filter_map(|(_, index, number)| walk::one(sources, *index, *number));
    judged.map(|(judged, paths)| case(opened, &judged, &paths)).collect()
}

/// The wanted spans among those that appeared on the wire.
fn appeared<'a>(sources: &Sources<'_>, log: &[u8], wanted: &WantedSpans) -> Vec<ExplainedCase<'a>> {
    let mut found = Vec::new();
    sources.receipts.each_arrival_at(|key, receipt, at| {
        let Some(fate) = receipt.fate() else { return };
        let is_wanted = match wanted {
            WantedSpans::Span(id) => key.span == *id,
            WantedSpans::Trace(id) => key.trace == *id,
            WantedSpans::Fates(fates, _) => fates.contains(&fate),
        };
        if is_wanted {
            found.push((receipt.first, at, *key, *receipt, fate));
        }
    });
    found.sort_unstable_by_key(|(first, at, ..)| (*first, *at));
    if let WantedSpans::Fates(_, most) = wanted {
        found.truncate(*most);
    }
    let names = if found.is_empty() { BTreeMap::new() } else { names(log) };
    let name = |id: u32| names.get(&id).cloned().unwrap_or_default();
    let case = |(first, at, key, receipt, fate): (MonoNs, u64, SpanKey, Receipt, Fate)| ExplainedCase {
        key,
        standing: Standing::Fate(fate),
        gap: None,
        request: sources.tag.request_of(key.trace),
        receipt,
        decided: first,
        made: None,
        paths: Vec::new(),
        seen: span_at(log, at).map(|span| (span, name(span.service), name(span.name))),
        wire: Vec::new(),
        taps: Vec::new(),
        marks: Vec::new(),
    };
    found.into_iter().map(case).collect()
}

/// Lets all witnesses speak.
fn told(
    plan: &Plan,
    planned: &PlannedTrial,
    opened: &Opened<'_>,
    wire: Option<&[u8]>,
    mut cases: Vec<ExplainedCase<'_>>,
) -> Vec<Explanation> {
    let variant = plan.variant_of(planned);
    let keys: BTreeSet<SpanKey> = cases.iter().map(|case| case.key).collect();
    let mut appearances = wire::appearances(wire, &keys);
    let mut marks: BTreeMap<SpanKey, Vec<SpanMark>> = BTreeMap::new();
    for mark in opened.probes.iter().flat_map(|log| log.of_spans(&keys)) {
        marks.entry(mark.key).or_default().push(mark);
    }
    let faults = Faults {
        planned: variant.map_or(&[], |variant| &variant.faults),
        acted: &opened.acted,
        began: opened.began,
    };
    taps::give(&mut cases, &opened.hops);
    for case in &mut cases {
        case.wire = appearances.remove(&case.key).unwrap_or_default();
        if case.decided == 0 {
            // Nothing was accepted: it was decided when it was read.
            case.decided = case.wire.first().map_or(0, |first| first.request.at);
        }
        // Where probes stand in for the books, these tell the same.
        if case.made.is_none_or(|made| !made.process.is_of_probes()) {
            case.marks = marks.remove(&case.key).unwrap_or_default();
        }
    }
    let name = variant.map_or("", |variant| &variant.name);
    cases.iter().map(|case| explanation(case, opened, &faults, (planned.index, name))).collect()
}

fn explanation(
    case: &ExplainedCase<'_>,
    opened: &Opened<'_>,
    faults: &Faults<'_>,
    of: (u16, &str),
) -> Explanation {
    let mut steps = Steps::default();
    let request =
        case.request.and_then(|request| opened.book.records.get(request as usize).copied().flatten());
    if let Some(record) = &request {
        load::tell(record, &mut steps);
    }
    if let Some(made) = &case.made {
        process::tell(case, made, &mut steps);
    }
    process::tell_marks(&case.marks, &mut steps);
    taps::tell(&case.taps, &mut steps);
    wire::tell(&case.wire, &mut steps);
    hops::tell(opened, &case.key, &mut steps);
    if let Some(reach) = steps.reach() {
        faults.tell(reach, &mut steps);
    }
    let acting = faults.acting(case);
    let (service, name, kind, parent) = match (&case.made, &case.seen) {
        (Some(made), _) => {
            (made.process.header.service.as_str(), made.name(), made.span.kind, made.span.parent)
        }
        (None, Some((span, service, name))) => (service.as_str(), name.as_str(), span.kind, span.parent),
        (None, None) => Default::default(),
    };
    Explanation {
        trial: of.0,
        variant: of.1.to_owned(),
        trace_id: case.key.trace,
        span_id: case.key.span,
        service: service.to_owned(),
        name: name.to_owned(),
        kind: kind_name(kind).to_owned(),
        parent: (!parent.is_zero()).then_some(parent),
        request: case.request,
        standing: case.standing,
        verdict: verdict::say(case, &acting),
        decided_ms: since(case.decided, opened.began),
        steps: steps.finish(opened.began),
        faults: faults.written(&acting),
        paths: paths::standings(&case.paths, opened.began),
    }
}
