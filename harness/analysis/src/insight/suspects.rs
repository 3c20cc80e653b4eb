//! What is to blame for lost spans, by service and cause: full queues by their replays, what was lost elsewhere by its fate. No fault
//! log is asked.

use std::collections::BTreeMap;

use spanfate_model::cause::{LossFactor, NamedCause};
use spanfate_model::fate::{ExitWay, Fate, FateClass};
use spanfate_model::result::{
    CpuWitness, DisturbedHop, EndedBy, EngineResult, HopEvent, PathReplay, ServiceEnd, ShutdownCourse,
    Suspect, TrialResult,
};

use super::{confidence, in_hops};

/// Spans from which on their number is no reason for doubt; a half at as many.
const FEW: f64 = 10.0;
/// Calls of an exporter from which on their number is no reason for doubt of what they are made of; a half at as many.
const FEW_CALLS: f64 = 1.0;
/// A free run that is further off than this share of the drops makes shares rough.
const ROUGH: f64 = 0.1;
/// What the kernel's counters of CPU say as well is worth at least this, however far the free run lies from the trial.
const COUNTED: f64 = 0.5;
/// They say that a service lacked CPU where so much of its cores was used, where threads waited for so much of the time, or where a quota
/// kept them from running for so much of it.
const LACKS: [f64; 3] = [0.8, 0.1, 0.05];
/// A cause with less than this share of the lost spans is left out.
const MATTERS: f64 = 0.01;
/// A cause with this share of the drops counts.
const COUNTS: f64 = 0.25;
/// Calls that waited for a CPU for this share of what requests did waited as they did.
const AS_LONG: f64 = 0.5;
/// A service that stood still for a time has spans of this length at least, milliseconds.
const STOOD_STILL_MS: f64 = 100.0;

/// What is to blame over some trials of one variant, the largest share first.
pub fn suspects(trials: &[TrialResult]) -> Vec<Suspect> {
    let mut found = FoundSuspects::default();
    for trial in trials {
        found.trial(trial);
    }
    found.ranked()
}

/// What was found so far.
#[derive(Default)]
struct FoundSuspects {
    /// Lost spans.
    lost: f64,
    blamed: BTreeMap<(String, NamedCause), BlamedShare>,
}

/// What one service and one cause have cost.
#[derive(Default)]
struct BlamedShare {
    spans: f64,
    /// The same, less where a replay is off, and where little was seen.
    sure: f64,
    rough: bool,
    /// The way from the cause to the loss, of the trial in which it cost most; and how much that was.
    path: Vec<DisturbedHop>,
    most: f64,
}

/// A part of the loss that was explained.
struct Explained {
    spans: f64,
    /// How near the replay is to the trial, 0 to 1.
    near: f64,
    /// How much was seen of what is blamed, 0 to 1.
    seen: f64,
    path: Vec<DisturbedHop>,
}

impl FoundSuspects {
    fn trial(&mut self, trial: &TrialResult) {
        for (service, fates) in losses(trial) {
            let deadline = fates.contains_key(&Fate::LostInQueueAtExit(ExitWay::ShutdownDeadline));
            let mut full = 0;
            for (fate, count) in &fates {
                self.lost += *count as f64;
                if fate.facts().full_queue {
                    full += count;
                } else if matches!(fate, Fate::LostInCollector(_) | Fate::RefusedByCollector) {
                    self.at_hops(trial, *fate, *count as f64);
                } else if let Some(engine) = trial.engine.as_ref().filter(|_| is_in_engine(*fate)) {
                    self.at_engine(engine, *fate, *count as f64);
                } else if let Some(cause) = elsewhere(trial, &service, *fate, deadline) {
                    let path = lost_at(trial, &service, *fate).into_iter().collect();
                    let what = Explained { spans: *count as f64, near: 1.0, seen: 1.0, path };
                    self.blame(&service, cause, what);
                }
            }
            self.full_queue(trial, &service, full as f64);
        }
    }

    /// The replays of a service's queues share what it dropped, each by its drops.
    fn full_queue(&mut self, trial: &TrialResult, service: &str, spans: f64) {
        let own = || trial.replays.iter().filter(move |replay| replay.service == service);
        let dropped: u64 = own().map(|replay| replay.dropped).sum();
        for replay in own().filter(|replay| replay.fits) {
            let part = spans * replay.dropped as f64 / dropped.max(1) as f64;
            let near = 1.0 - off(replay).min(1.0);
            let (service, full) = (&replay.service, replay.from_ms);
            if replay.small_queue {
                let (seen, path) = (seen(replay), vec![hop(service, HopEvent::QueueFull, full)]);
                self.blame(service, NamedCause::SmallQueue, Explained { spans: part, near, seen, path });
                continue;
            }
            for one in &replay.causes {
                let cause = deviates(replay, one.cause);
                let at = match cause {
                    NamedCause::Burst => {
                        first_still(trial, replay).or_else(|| stood_still(trial)).unwrap_or(service)
                    }
                    // A caller that is held lets its calls go together: those that it calls have short spans and full queues.
                    NamedCause::CpuStarved
                        if !had_long_spans(trial, service) && !lacked_itself(trial, replay) =>
                    {
                        stood_still(trial).unwrap_or(service)
                    }
                    _ => service,
                };
                let mut path = vec![hop(service, HopEvent::QueueFull, full)];
                if let Some(onset) = replay.onset_ms {
                    path.insert(0, hop(at, HopEvent::Began, onset));
                }
                let seen = if is_of_calls(cause) { seen(replay) } else { 1.0 };
                let counted = cause == NamedCause::CpuStarved && lacked_cpu(replay);
                let near = if counted { near.max(COUNTED) } else { near };
                self.blame(at, cause, Explained { spans: part * one.share, near, seen, path });
            }
        }
    }

    /// What collectors lost or refused, each hop by what it did of it.
    fn at_hops(&mut self, trial: &TrialResult, fate: Fate, spans: f64) {
        let Some(cause) = NamedCause::of_fate(fate, false) else { return };
        for (index, (at, part)) in in_hops::shares(&trial.hops, fate) {
            let path = in_hops::path(&trial.hops, index, fate);
            self.blame(&at, cause, Explained { spans: spans * part, near: 1.0, seen: 1.0, path });
        }
    }

    /// What the storage engine at the end of a path lost or refused.
    fn at_engine(&mut self, engine: &EngineResult, fate: Fate, spans: f64) {
        let Some(cause) = NamedCause::of_fate(fate, false) else { return };
        let began = match fate {
            Fate::RefusedByEngine => engine.refused_from_ms,
            _ => engine.lost_from_ms,
        };
        let path = began.map(|at| hop(&engine.name, HopEvent::Lost, at)).into_iter().collect();
        self.blame(&engine.name, cause, Explained { spans, near: 1.0, seen: 1.0, path });
    }

    fn blame(&mut self, service: &str, cause: NamedCause, what: Explained) {
        let blame = self.blamed.entry((service.to_owned(), cause)).or_default();
        blame.spans += what.spans;
        blame.sure += what.spans * what.near * what.seen;
        blame.rough |= what.near < 1.0 - ROUGH;
        if what.spans > blame.most {
            (blame.most, blame.path) = (what.spans, what.path);
        }
    }

    fn ranked(self) -> Vec<Suspect> {
        let lost = self.lost.max(1.0);
        let enough = self.lost / (self.lost + FEW);
        // A receiver in trouble costs spans of all that export to it: what speaks for the cause is what it cost at any of them.
        let mut sure: BTreeMap<NamedCause, f64> = BTreeMap::new();
        for ((_, cause), blame) in &self.blamed {
            *sure.entry(*cause).or_default() += blame.sure;
        }
        let one = |((service, cause), blame): ((String, NamedCause), BlamedShare)| {
            let evidence = (sure.get(&cause).copied().unwrap_or_default() / lost * enough).clamp(0.0, 1.0);
            Suspect {
                service,
                cause,
                share: blame.spans / lost,
                evidence,
                confidence: confidence::of(evidence),
                rough: blame.rough,
                path: blame.path,
            }
        };
        let mut out: Vec<Suspect> = self.blamed.into_iter().map(one).collect();
        out.retain(|suspect| suspect.share >= MATTERS);
        out.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.service.cmp(&b.service)));
        out
    }
}

/// Whether it was lost in the storage engine at the end of a path, or refused by it.
fn is_in_engine(fate: Fate) -> bool {
    matches!(fate, Fate::LostInEngine(_) | Fate::RefusedByEngine)
}

/// Lost spans of the measured part by service and fate; of a trial without a breakdown those of its ledger are the first service's.
fn losses(trial: &TrialResult) -> Vec<(String, BTreeMap<Fate, u64>)> {
    let rows = trial.breakdown.iter().filter(|one| one.by == "service").flat_map(|one| &one.rows);
    let rows: Vec<_> = rows.map(|row| (row.value.clone(), row.lost_by_fate.clone())).collect();
    if !rows.is_empty() {
        return rows;
    }
    let first = trial.services.first().map_or_else(String::new, |service| service.service.clone());
    let fates = trial.ledger.fates.iter().map(|(fate, count)| (*fate, count.measured));
    vec![(first, fates.filter(|(fate, count)| fate.class() == FateClass::Lost && *count > 0).collect())]
}

/// What became of a span that no queue refused. One that is still open when its service stops in order was not ended in time, whatever
/// kept it open. One that was in an export then was left there by a shutdown that gave up.
fn elsewhere(trial: &TrialResult, service: &str, fate: Fate, deadline: bool) -> Option<NamedCause> {
    let own = trial.services.iter().find(|one| one.service == service);
    let ends = own.map_or(&[][..], |own| &own.ends);
    let orderly = !ends.is_empty() && ends.iter().all(|end| end.by.is(&EndedBy::Harness));
    let gave_up = |end: &ServiceEnd| {
        end.providers.iter().any(|provider| {
            let shutdown = &provider.shutdown;
            shutdown.is(&ShutdownCourse::ReturnedError) || shutdown.is(&ShutdownCourse::DidNotReturn)
        })
    };
    match fate {
        Fate::CutOffAtExit if orderly => Some(NamedCause::NeverEnded),
        Fate::LostInFlightAtExit if orderly && ends.iter().any(gave_up) => Some(NamedCause::ShutdownDeadline),
        _ => NamedCause::of_fate(fate, deadline),
    }
}

/// What deviates. A queue runs full where spans come faster than calls take them: where calls took what they usually take and a burst
/// counts, it is the burst that was new, and not the round trip. Messages that cost much CPU leave none to others that want some.
fn deviates(replay: &PathReplay, cause: LossFactor) -> NamedCause {
    let counts =
        |factor: LossFactor| replay.causes.iter().any(|one| one.cause == factor && one.share >= COUNTS);
    match cause {
        LossFactor::SlowAnswer | LossFactor::SlowNetwork
            if replay.usual_calls && counts(LossFactor::Burst) =>
        {
            NamedCause::Burst
        }
        LossFactor::CpuStarved if counts(LossFactor::SlowSerialising) => NamedCause::SlowSerialising,
        _ => cause.into(),
    }
}

/// How far the free run of a replay lies from its trial, as a share of the drops.
fn off(replay: &PathReplay) -> f64 {
    replay.free.abs_diff(replay.dropped) as f64 / replay.dropped.max(1) as f64
}

/// How much the calls say that were open while spans were dropped; all where nobody counted them.
fn seen(replay: &PathReplay) -> f64 {
    let calls = replay.cycle.calls as f64;
    if calls > 0.0 { calls / (calls + FEW_CALLS) } else { 1.0 }
}

/// Whether the kernel's counters say that the service lacked CPU while spans were dropped.
fn lacked_cpu(replay: &PathReplay) -> bool {
    let CpuWitness { used, cores, waited, throttled_ms, .. } = replay.cpu;
    let [busy, waits, held] = LACKS;
    let lasted = (replay.to_ms - replay.from_ms).max(1.0);
    used >= busy * cores.max(f64::MIN_POSITIVE) || waited >= waits || throttled_ms >= held * lasted
}

/// Whether a service lacked CPU itself, though its spans were short: what it had not begun waited before it. Then its calls waited as requests
/// did, and nobody else's queue ran full; where its caller lacked CPU, that one has spans of its own to export at once.
fn lacked_itself(trial: &TrialResult, replay: &PathReplay) -> bool {
    let alone = trial.replays.iter().all(|other| other.service == replay.service);
    let late = replay.cpu.served_ms - replay.cpu.undisturbed_ms;
    alone && late > 0.0 && replay.cycle.starved_ms + replay.cycle.unrun_ms >= AS_LONG * late
}

/// Whether a cause is told from what single calls are made of.
const fn is_of_calls(cause: NamedCause) -> bool {
    matches!(cause, NamedCause::SlowAnswer | NamedCause::SlowNetwork | NamedCause::SlowSerialising)
}

fn hop(service: &str, event: HopEvent, at_ms: f64) -> DisturbedHop {
    DisturbedHop { service: service.to_owned(), event, at_ms }
}

/// When the first span of a fate was lost; the timeline says it for all services together.
fn lost_at(trial: &TrialResult, service: &str, fate: Fate) -> Option<DisturbedHop> {
    let slice = trial.timeline.iter().find(|slice| slice.lost_by.contains_key(&fate))?;
    Some(hop(service, HopEvent::Lost, slice.at_ms))
}

/// Stood still at once: so much later the first of several did, milliseconds.
const AT_ONCE_MS: f64 = 100.0;

/// Who stood still before a queue's drops. Those that are called have nothing to do meanwhile, and those that call may run out of what
/// they can have open: it is the one nearest to the load of those that stopped first.
fn first_still<'a>(trial: &'a TrialResult, replay: &PathReplay) -> Option<&'a String> {
    let first = replay.stood.first()?.from_ms + AT_ONCE_MS;
    let stood = |service: &&spanfate_model::result::ServiceResult| {
        replay.stood.iter().any(|one| one.service == service.service && one.from_ms <= first)
    };
    trial.services.iter().filter(stood).min_by_key(|one| one.depth).map(|one| &one.service)
}

/// Who stood still, if somebody did: requests waited in all that call it, so it is the last of them that had long spans.
fn stood_still(trial: &TrialResult) -> Option<&String> {
    let most = longest_of_all(trial);
    let held = trial.services.iter().filter(|one| longest(trial, &one.service) >= most / 2.0);
    held.max_by_key(|one| one.depth).map(|one| &one.service).filter(|_| most >= STOOD_STILL_MS)
}

/// Whether a service had spans that were about as long as the longest of the trial.
fn had_long_spans(trial: &TrialResult, service: &str) -> bool {
    longest(trial, service) >= longest_of_all(trial) / 2.0
}

fn longest_of_all(trial: &TrialResult) -> f64 {
    trial.services.iter().map(|one| longest(trial, &one.service)).fold(0.0, f64::max)
}

/// The longest span of a service, milliseconds.
fn longest(trial: &TrialResult, service: &str) -> f64 {
    let mut rows = trial.breakdown.iter().filter(|one| one.by == "service").flat_map(|one| &one.rows);
    let row = rows.find(|row| row.value == service);
    row.and_then(|row| row.duration).map_or(0.0, |spread| spread.max)
}
