//! Where several witnesses count the same thing: their disagreement matrix.

mod probes;

use spanfate_model::fate::witness::Witness;
use spanfate_model::format::probe::ProbeKind;
use spanfate_model::load::RequestOutcome;
use spanfate_model::plan::Plan;
use spanfate_model::result::{Agreement, CountedThing, PathTotal, Total};
use spanfate_model::scenario::SdkVersion;

use crate::books::reconcile::{Reconciled, Stages};
use crate::conclude::hops;
use crate::evidence::hops::{PathHops, TapTally};
use crate::evidence::loadbook::LoadBook;
use crate::evidence::path::{ExportResult, Path};
use crate::evidence::probe::ProbeLog;
use crate::evidence::process::Process;
use crate::evidence::receipts::Receipts;

/// What the witnesses said.
pub(crate) struct WitnessAccounts<'a> {
    pub(crate) processes: &'a [Process<'a>],
    pub(crate) probes: &'a [ProbeLog<'a>],
    pub(crate) receipts: &'a Receipts<'a>,
    pub(crate) hops: &'a PathHops<'a>,
    /// The receiver's log.
    pub(crate) wire: Option<&'a [u8]>,
    pub(crate) done: &'a Reconciled,
    pub(crate) book: &'a LoadBook,
    pub(crate) plan: &'a Plan,
}

impl WitnessAccounts<'_> {
    /// Whose words the ledger rests on.
    fn keeper(&self) -> Witness {
        let stands = self.processes.iter().any(Process::is_of_probes);
        if stands { Witness::Probe } else { Witness::Process }
    }

    /// A sum of the SDK's own counts; none where they are not there.
    fn sdk(&self, pick: fn(&Process<'_>) -> u64) -> Option<(Witness, u64)> {
        let there = !self.processes.iter().any(Process::is_of_probes);
        there.then(|| (Witness::Sdk, self.processes.iter().map(pick).fold(0, u64::saturating_add)))
    }

    /// A sum over all probes; none where some are missing, or where they keep the books themselves.
    fn probe(&self, pick: impl Fn(&ProbeLog<'_>) -> Option<u64>) -> Option<(Witness, u64)> {
        if self.keeper() == Witness::Probe || self.probes.len() < self.processes.len() {
            return None;
        }
        let each: Option<Vec<u64>> =
            self.probes.iter().map(|log| if log.is_present() { pick(log) } else { None }).collect();
        each.map(|each| (Witness::Probe, each.into_iter().sum()))
    }
}

/// The rows of the matrix. Empty without a witness of each span: nothing to compare with. A difference is explained only by a
/// number that accounts for it.
pub(crate) fn rows(scene: &WitnessAccounts<'_>) -> Vec<Agreement> {
    let WitnessAccounts { processes, done, book, plan, .. } = *scene;
    if processes.is_empty() {
        return Vec::new();
    }
    let stages = &done.stages;
    let skew = skew(processes);
    let mut created = vec![(scene.keeper(), done.ledger.created)];
    created.extend(scene.sdk(|p| p.live.sdk_started_sampled.saturating_add(p.live.sdk_started_unsampled)));
    let shares = plan.shares();
    let each: u64 = shares.iter().map(|share| u64::from(*share.spans.end())).sum();
    let known = shares.iter().all(|share| share.spans.start() == share.spans.end());
    let own = plan.services.iter().any(spanfate_model::scenario::Service::is_own);
    if known && !own && book.records.iter().all(|r| r.is_some_and(|r| r.outcome == RequestOutcome::Answered))
    {
        created.push((Witness::Load, book.answered() * each));
    }
    let mut started = vec![(scene.keeper(), stages.recording)];
    started.extend(scene.probe(probes::started));
    let mut dropped = vec![(scene.keeper(), stages.dropped)];
    dropped.extend(scene.sdk(|p| p.live.sdk_queue_full));
    dropped.extend(scene.probe(|log| Some(log.dropped())));
    let mut handed = vec![(scene.keeper(), stages.handed)];
    handed.extend(scene.sdk(|p| p.live.sdk_processed));
    handed.extend(scene.probe(|log| Some(hits(log, ProbeKind::Handed))));
    let mut out = vec![row(CountedThing::Total(Total::Created), created, &skew)];
    if started.len() > 1 {
        out.push(row(CountedThing::Total(Total::Started), started, &skew));
    }
    out.push(row(CountedThing::Total(Total::Dropped), dropped, &skew));
    out.push(row(CountedThing::Total(Total::Handed), handed, &skew));
    out.extend(processes.iter().flat_map(|process| queue_full(process)));
    out.push(exported(scene, &skew));
    out.extend(probes::rows(scene, &skew));
    if !scene.hops.hops.is_empty() {
        out.extend(hops::rows(scene.hops, &done.at_hops, &TapTally::of(scene.wire, &[])));
    }
    out
}

/// What may differ, and why.
struct Skew {
    most: u64,
    why: &'static str,
}

/// A process that stops in the middle stops between a mark and the SDK's counter: by one batch at most.
fn skew(processes: &[Process<'_>]) -> Skew {
    let largest = processes.iter().flat_map(Process::calls).map(|call| u64::from(call.spans)).max();
    if processes.iter().all(Process::ended_in_order) {
        return Skew { most: 0, why: "" };
    }
    let why = "the process did not stop in order: its counters stopped within one batch of each other";
    let stops = processes.iter().filter(|process| !process.ended_in_order()).count() as u64;
    Skew { most: largest.unwrap_or_default().max(64) * stops, why }
}

/// What was dropped on each path by the books of probes, and by the counter of the path's own processor. The counter is read
/// with each batch and at the end: of a process that did not stop in order it may be old, never ahead.
fn queue_full(process: &Process<'_>) -> Vec<Agreement> {
    if !process.is_of_probes() {
        return Vec::new();
    }
    let one = |(index, path): (usize, &Path)| {
        let counter = path.dropped_by_sdk?;
        let dropped = |number: usize| process.on_path(number, index).is_some_and(|on| on.dropped != 0);
        let books = (0..process.len()).filter(|number| dropped(*number)).count() as u64;
        let late = Skew {
            most: if path.drained == 0 { books.saturating_sub(counter) } else { 0 },
            why: "the processor's counter was seen last before its process ended",
        };
        let name = process.has_several_paths().then(|| path.name.clone());
        Some(row(
            CountedThing::OnPath(PathTotal::Dropped, name),
            vec![(Witness::Probe, books), (Witness::Sdk, counter)],
            &late,
        ))
    };
    process.paths.iter().enumerate().filter_map(one).collect()
}

/// Spans whose export returned no error: by the wrapper, by the exporter's own count, and those of them that arrived.
fn exported(scene: &WitnessAccounts<'_>, skew: &Skew) -> Agreement {
    let WitnessAccounts { processes, done, plan, .. } = *scene;
    let stages: &Stages = &done.stages;
    // Exporters of 1.38 count nothing yet.
    let silent = processes.iter().all(|process| process.header.sdk.starts_with("1.38."));
    let sdk = scene.sdk(|p| p.live.sdk_exported).filter(|_| !silent);
    let mut counts = vec![(scene.keeper(), stages.exported_ok)];
    counts.extend(sdk);
    counts.push((Witness::Wire, stages.received_ok));
    let mut out = row(CountedThing::Total(Total::Exported), counts, skew);
    let missing = stages.exported_ok - stages.received_ok;
    let ledger = &done.ledger;
    let by_path = ledger.paths.iter().flat_map(|path| &path.copies);
    let copies: Vec<_> =
        if ledger.paths.is_empty() { ledger.copies.iter().collect() } else { by_path.collect() };
    let extra: u64 = copies.into_iter().map(|(copies, spans)| u64::from(copies - 1) * spans).sum();
    let twice = if plan.plant.double_send > 0 { extra } else { 0 };
    let wire_explained = missing == 0 || missing <= ledger.unexplained.count + ledger.unaccounted.count;
    let sdk = sdk.map_or(stages.exported_ok + twice, |(_, count)| count);
    if out.difference > 0 && out.explained.is_none() && wire_explained && sdk == stages.exported_ok + twice {
        let why = format!(
            "{missing} of them are unexplained or unaccounted, {twice} were sent a second time on purpose"
        );
        out.explained = Some(why);
    }
    // From 1.39 to 1.43 each call counts as one.
    let by_call = |version: SdkVersion| version.major == 1 && (39..=43).contains(&version.minor);
    let old = processes.iter().all(|process| SdkVersion::read(&process.header.sdk).is_some_and(by_call));
    let ok =
        |process: &Process<'_>| process.calls().filter(|call| call.result == ExportResult::Ok).count() as u64;
    if old
        && out.difference > 0
        && out.explained.is_none()
        && wire_explained
        && sdk == processes.iter().map(ok).sum::<u64>()
    {
        let why = "the exporter of this SDK counts its exports here, not their spans (opentelemetry-go#8254)";
        out.explained = Some(why.to_owned());
    }
    out
}

fn row(what: CountedThing, counts: Vec<(Witness, u64)>, skew: &Skew) -> Agreement {
    let highest = counts.iter().map(|(_, count)| *count).max().unwrap_or_default();
    let lowest = counts.iter().map(|(_, count)| *count).min().unwrap_or_default();
    let difference = highest - lowest;
    let explained = (difference > 0 && difference <= skew.most).then(|| skew.why.to_owned());
    Agreement { what: what.into(), counts, difference, explained }
}

/// Hits of a site of the probes, where they have it.
fn hits(log: &ProbeLog<'_>, kind: ProbeKind) -> u64 {
    log.hits(kind)
}
