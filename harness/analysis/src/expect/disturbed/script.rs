//! What a scenario's script does to a trial, and how much time others took from it: what bounds on a disturbed machine rest on.

use spanfate_model::books::ledger::FateCount;
use spanfate_model::fate::{ExitWay, ExportCause, Fate, FateClass};
use spanfate_model::fault::answer::{Partial, ScriptedAnswer};
use spanfate_model::fault::{Family, FaultKind, Panic, PanicOutcome, SpanError, Target, WhatError};
use spanfate_model::limits::QuotaFigures;
use spanfate_model::load::RequestOutcome;
use spanfate_model::plan::{Plan, PlannedVariant};
use spanfate_model::result::{FaultResult, ServiceResult, TrialResult};
use spanfate_model::scenario::Fault;

use crate::evidence::loadbook::reason;
use crate::expect::disturbed::replayed::still_lost_without_stalls;

/// How a script ends processes; the worst of its faults.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum ScriptedEnd {
    /// It ends none.
    None,
    /// In order: the queue is drained before.
    InOrder,
    /// Once a queue is as long as the script says: the same state on every machine.
    InState,
    /// At a moment of its own.
    AtMoment,
}

/// A trial beside its script.
pub(super) struct TrialScript<'a> {
    trial: &'a TrialResult,
    plan: &'a Plan,
    variant: &'a PlannedVariant,
    end: ScriptedEnd,
    edges: f64,
    taken_ms: f64,
}

/// Of so many moments at which a script may end a process, at most one finds its queue empty.
const FED: f64 = 100.0;
/// Highest share of requests that may fail for want of time: as many as may be missing in a window of a load.
const UNSERVED_MAX: f64 = 0.01;

impl<'a> TrialScript<'a> {
    pub(super) fn of(trial: &'a TrialResult, plan: &'a Plan, variant: &'a PlannedVariant) -> Self {
        let end = variant.faults.iter().map(end_of).max().unwrap_or(ScriptedEnd::None);
        let end = if trial.ended_by_itself.is_some() { ScriptedEnd::AtMoment } else { end };
        let taken_ms = taken_ms(trial, plan, variant);
        let faults = variant.faults.iter().zip(&trial.faults);
        let edges =
            faults.map(|(fault, acted)| edges_of(fault, acted, taken_ms, length_ms(trial, plan, variant)));
        Self { trial, plan, variant, end, edges: edges.fold(0.0, f64::max), taken_ms }
    }

    /// How the script ends processes.
    pub(super) const fn end(&self) -> ScriptedEnd {
        self.end
    }

    /// Time that others took from the service, or may have: milliseconds over the whole trial.
    pub(super) const fn taken_ms(&self) -> f64 {
        self.taken_ms
    }

    /// By how much a count may be off that a script caused in a window of time.
    pub(super) fn edge(&self, scripted: f64) -> f64 {
        if scripted > 0.0 { (scripted * self.edges).ceil() } else { 0.0 }
    }

    /// How low such a count may be. That a fault acts its own dose has proven; so one remains.
    pub(super) fn edge_low(&self, scripted: f64) -> f64 {
        (scripted - self.edge(scripted)).max(scripted.min(1.0))
    }

    /// How many spans may have come into a script's requests, or fallen out of them, since each is cut a little earlier or later.
    pub(super) fn cut(&self) -> f64 {
        let load = self.plan.load_of(self.variant);
        let planned = (load.warmup.nanos() + load.lasting.nanos()) as f64 / 1e6;
        (2.0 * self.taken_ms * self.trial.ledger.created as f64 / planned.max(1.0)).ceil()
    }

    /// Spans of a fate.
    pub(super) fn count(&self, fate: Fate) -> f64 {
        self.trial.ledger.total(fate) as f64
    }

    /// The fates of the trial's spans.
    pub(super) fn fates(&self) -> impl Iterator<Item = (Fate, &FateCount)> {
        self.trial.ledger.fates.iter().map(|(fate, count)| (*fate, count))
    }

    /// Lost spans.
    pub(super) fn lost(&self) -> f64 {
        self.trial.ledger.class(FateClass::Lost).0 as f64
    }

    /// Spans that should have arrived, of the measured part.
    pub(super) const fn due(&self) -> f64 {
        self.trial.loss.due as f64
    }

    /// Lost spans of the warm-up.
    pub(super) fn lost_before(&self) -> f64 {
        let lost = self.fates().filter(|(fate, _)| fate.class() == FateClass::Lost);
        lost.map(|(_, count)| count.total.saturating_sub(count.measured)).sum::<u64>() as f64
    }

    /// Lost spans that a disturbance may have lost.
    pub(super) fn by_machine(&self) -> f64 {
        let of_it =
            self.fates().filter(|(fate, _)| fate.class() == FateClass::Lost && !self.is_scripted(*fate));
        of_it.map(|(_, count)| count.total).sum::<u64>() as f64
    }

    /// Whether only a script, or the program, can lose spans that way.
    pub(super) fn is_scripted(&self, fate: Fate) -> bool {
        match fate {
            Fate::NeverEnded(_) | Fate::NoProcessor | Fate::NoExporter | Fate::RejectedPartial => true,
            Fate::ExportFailed(cause) => self.is_cause_scripted(cause),
            Fate::EndedAfterShutdown | Fate::BlockedInEnd => self.variant.faults.iter().any(ends_late),
            Fate::CutOffAtExit => self.hung() > 0.0,
            Fate::LostInQueueAtExit(ExitWay::Exit | ExitWay::Crash | ExitWay::Kill)
            | Fate::LostInFlightAtExit
            | Fate::InEndAtExit => self.end == ScriptedEnd::InState,
            _ => false,
        }
    }

    /// Spans that a full queue drops on an undisturbed machine, too, as far as that is known.
    pub(super) fn still_dropped(&self) -> f64 {
        still_lost_without_stalls(self.trial, self.plan, self.variant)
            .map_or(0.0, |counted| counted.dropped as f64)
    }

    /// Whether every span that was rejected is one of those that the script rejects of each of its requests.
    pub(super) fn rejects_by_number(&self) -> bool {
        let faults = self.variant.faults.iter().zip(&self.trial.faults);
        let rejected = faults.map(|(fault, acted)| match (&fault.kind, fault.requests, acted.main()) {
            (FaultKind::Answer(ScriptedAnswer::Partial(Partial { reject })), Some(_), Some(dose)) => {
                dose.amount * f64::from(reject.get())
            }
            _ => 0.0,
        });
        rejected.sum::<f64>().total_cmp(&self.count(Fate::RejectedPartial)).is_eq()
    }

    /// Requests that failed because the script said so.
    pub(super) fn failed_requests(&self) -> f64 {
        let failed = |outcome| self.trial.load.failed.get(reason(outcome)).copied().unwrap_or(0) as f64;
        let gone = if self.end == ScriptedEnd::None { 0.0 } else { failed(RequestOutcome::ConnectFailed) };
        let hung = failed(RequestOutcome::TimedOut).min(self.hung());
        failed(RequestOutcome::BadStatus) + failed(RequestOutcome::Broken) + gone + hung
    }

    /// Whether more requests failed for want of time than may be left out of a load.
    pub(super) fn is_unserved(&self) -> bool {
        let load = &self.trial.load;
        let failed = load.failed.values().sum::<u64>() as f64 - self.failed_requests();
        failed > UNSERVED_MAX * load.started as f64
    }

    /// Export calls that failed because the script said so.
    pub(super) fn failed_exports(&self) -> f64 {
        let scripted = |key: &str| {
            let cause = ExportCause::ALL.iter().find(|cause| cause.name() == key);
            // What is none of the causes is the code of an answer, or a partial success.
            self.is_cause_scripted(cause.copied().unwrap_or(ExportCause::Status))
        };
        let of_it = self.trial.exports.failed_by.iter().filter(|(key, _)| scripted(key));
        of_it.map(|(_, calls)| *calls).sum::<u64>() as f64
    }

    /// Whether no export failed at all.
    pub(super) const fn no_export_failed(&self) -> bool {
        self.trial.exports.failed == 0 && self.trial.exports.unfinished == 0
    }

    /// Damaged traces.
    pub(super) fn damaged(&self) -> f64 {
        let damage = self.trial.damage.as_ref();
        damage.map_or(0.0, |damage| (damage.headless + damage.torn + damage.absent + damage.split) as f64)
    }

    /// Traces that would be in another state, had the machine not lost spans of them.
    pub(super) fn damaged_by_machine(&self) -> f64 {
        if self.by_machine() > 0.0 { self.damaged() } else { 0.0 }
    }

    /// Whether a process that the script ends is fed so well that its queue is hardly ever empty: a batch fills, or the timer passes,
    /// after so many spans.
    pub(super) fn is_fed(&self) -> bool {
        let seconds = self.plan.load_of(self.variant).lasting.nanos() as f64 / 1e9;
        let fed = |service: &ServiceResult| {
            let rate = service.loss.due as f64 / seconds.max(1e-3);
            service.effective.as_ref().is_some_and(|effective| {
                (rate * effective.delay_ms / 1e3).min(f64::from(effective.batch)) >= FED
            })
        };
        self.trial.ended_by_itself.is_none() && self.ended().all(fed)
    }

    /// Spans that queues and batches hold of all processes that the script ends; then their batches alone, then the processes.
    pub(super) fn capacity(&self) -> (f64, f64, f64) {
        let mut out = (0.0, 0.0, 0.0);
        for service in self.ended() {
            let restarted = self.variant.faults.iter().any(|f| f.kind.ends_process().flatten().is_some());
            let ends =
                f64::from(if restarted { service.starts.saturating_sub(1).max(1) } else { service.starts });
            let (queue, batch) = service
                .effective
                .as_ref()
                .filter(|_| service.paths.is_empty())
                .map_or((f64::INFINITY, f64::INFINITY), |e| (f64::from(e.queue), f64::from(e.batch)));
            out.0 += ends * (queue + batch);
            out.1 += ends * batch;
            // In blocking mode every request may stand in it.
            let blocks = service.effective.as_ref().is_none_or(|effective| effective.block);
            out.2 += if blocks { f64::INFINITY } else { ends };
        }
        out
    }

    /// Services of which the script ends a process.
    fn ended(&self) -> impl Iterator<Item = &ServiceResult> {
        let ends = |service: &&ServiceResult, fault: &Fault| {
            let on = fault.on.as_ref().and_then(Target::service);
            end_of(fault) > ScriptedEnd::None && on.is_none_or(|name| name == service.service)
        };
        let itself = self.trial.ended_by_itself.is_some();
        self.trial
            .services
            .iter()
            .filter(move |service| itself || self.variant.faults.iter().any(|fault| ends(service, fault)))
    }

    /// Whether a failed export of that cause is the script's: a machine makes timeouts, and lets connections go.
    fn is_cause_scripted(&self, cause: ExportCause) -> bool {
        let failing = |fault: &Fault| match fault.kind.family() {
            Family::Receiver | Family::Network => true,
            Family::Process | Family::Code => end_of(fault) > ScriptedEnd::None,
        };
        match cause {
            ExportCause::Refused | ExportCause::Status | ExportCause::Reset => {
                self.variant.faults.iter().any(failing) && self.count(Fate::RefusedByReceiver) == 0.0
            }
            ExportCause::NotEncodable
            | ExportCause::Tls
            | ExportCause::NameNotFound
            | ExportCause::Unauthenticated => true,
            ExportCause::Timeout | ExportCause::TooLarge | ExportCause::PayloadLimit | ExportCause::Other => {
                false
            }
        }
    }

    /// Requests that the script hung.
    fn hung(&self) -> f64 {
        let faults = self.variant.faults.iter().zip(&self.trial.faults);
        let hung = faults.filter(|(fault, _)| matches!(fault.kind, FaultKind::Hang(_)));
        hung.filter_map(|(_, acted)| acted.main()).map(|dose| dose.amount).sum()
    }
}

/// How a fault ends processes.
fn end_of(fault: &Fault) -> ScriptedEnd {
    let in_order = matches!(
        fault.kind,
        FaultKind::Terminate(_) | FaultKind::Panic(Panic { outcome: PanicOutcome::FatalAfterShutdown, .. })
    );
    match fault.kind.ends_process() {
        None => ScriptedEnd::None,
        Some(_) if in_order => ScriptedEnd::InOrder,
        Some(_) if fault.when.as_ref().is_some_and(|when| when.queue_at_least.is_some()) => {
            ScriptedEnd::InState
        }
        Some(_) => ScriptedEnd::AtMoment,
    }
}

/// Whether a fault ends spans after the shutdown.
const fn ends_late(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::SpanError(SpanError { what: WhatError::EndedAfterShutdown, .. }))
}

/// By which share a count may be off that a fault causes: how long its edges may have moved, of the time for which it acts. One that
/// counts requests has none. After the end of a process only that something happened is known.
fn edges_of(fault: &Fault, acted: &FaultResult, taken_ms: f64, length_ms: f64) -> f64 {
    if fault.requests.is_some() {
        return 0.0;
    }
    if end_of(fault) > ScriptedEnd::None {
        return 1.0;
    }
    let acts: f64 =
        acted.windows.iter().map(|window| window.to_ms.unwrap_or(length_ms) - window.from_ms).sum();
    (2.0 * taken_ms / acts.max(1.0)).min(1.0)
}

/// How long the trial was looked at, milliseconds.
fn length_ms(trial: &TrialResult, plan: &Plan, variant: &PlannedVariant) -> f64 {
    let load = plan.load_of(variant);
    let planned = (load.warmup.nanos() + load.lasting.nanos()) as f64 / 1e6;
    let seen = trial.timeline.last().map_or(0.0, |slice| slice.at_ms + SLICE_MS);
    planned.max(seen)
}

/// Length of a slice of the timeline.
const SLICE_MS: f64 = 250.0;

/// What others took, and what a quota held back; with the longest time for which the harness itself was late.
fn taken_ms(trial: &TrialResult, plan: &Plan, variant: &PlannedVariant) -> f64 {
    let usage = &trial.usage;
    let share = usage.foreign.max(usage.steal);
    let quotas = [&usage.harness_quota, &usage.fixture_quota];
    let held =
        quotas.into_iter().flatten().map(|quota: &QuotaFigures| quota.throttled_ms).fold(0.0, f64::max);
    let late = trial.load.start_lag.as_ref().map_or(0.0, |lag| lag.max);
    share * length_ms(trial, plan, variant) + held + late
}
