//! The load's books: what became of each request of the plan, and how late it was.

use std::collections::BTreeMap;

use spanfate_model::fate::witness::WitnessState;
use spanfate_model::load::{self, LoadRecord, PlannedLoad, RequestOutcome};
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::LoadFigures;
use spanfate_model::scenario::Model;

use crate::statistics::quantile::Times;

/// Length of the windows in which the achieved rate is checked.
const WINDOW_NS: u64 = 1_000_000_000;
/// A request that starts this late after its window still belongs to it: a hundredth of the window.
const GRACE_NS: u64 = 10_000_000;

/// The schedule and what became of it.
pub(crate) struct LoadBook {
    /// Intended offsets, nanoseconds from the start of the load.
    pub(crate) schedule: Vec<u64>,
    /// Offset at which the measured part begins.
    pub(crate) measured_from: u64,
    /// One entry per request; absent where the log does not say.
    pub(crate) records: Vec<Option<LoadRecord>>,
    /// How complete the log is.
    pub(crate) state: WitnessState,
    model: Model,
    offered: f64,
    /// Length of the measured part, nanoseconds.
    measured: u64,
}

impl LoadBook {
    /// Recomputes the schedule from the plan and reads the log against it.
    pub(crate) fn open(load: &PlannedLoad, seed: u64, log: Option<&[u8]>) -> Self {
        let mut schedule = load::schedule(load, seed);
        let planned = if load.closed.is_some() { load.requests() as usize } else { schedule.len() };
        let mut records: Vec<Option<LoadRecord>> = vec![None; planned];
        for record in log.map(load::read).into_iter().flatten() {
            if let Some(entry) = records.get_mut(record.request as usize) {
                *entry = Some(record);
            }
        }
        let missing = records.iter().filter(|record| record.is_none()).count() as u64;
        let unread = load.replay.as_ref().is_some_and(|replay| replay.arrivals != planned as u64);
        let state = match (log, missing) {
            (None, _) => WitnessState::Absent("no load log".to_owned()),
            _ if unread => WitnessState::Absent("the arrivals of its replay are not there".to_owned()),
            (Some(_), 0) => WitnessState::Complete,
            (Some(_), missing) => WitnessState::Lossy(missing),
        };
        let mut measured = load.lasting.nanos();
        if load.closed.is_some() {
            (schedule, measured) = observed(&records);
        }
        let (model, offered) = (load.model(), load.offered());
        Self { schedule, measured_from: load.warmup.nanos(), records, state, model, offered, measured }
    }

    /// Begin and end of the measured part, for a load that began then.
    pub(crate) const fn window(&self, began: MonoNs) -> (MonoNs, MonoNs) {
        (began + self.measured_from, began + self.measured_from + self.measured)
    }

    /// Whether a request belongs to the measured part.
    pub(crate) fn is_measured(&self, request: u32) -> bool {
        self.schedule.get(request as usize).is_some_and(|offset| *offset >= self.measured_from)
    }

    /// Whether a request was answered with 2xx.
    pub(crate) fn is_answered(&self, request: usize) -> bool {
        self.records
            .get(request)
            .copied()
            .flatten()
            .is_some_and(|record| record.outcome == RequestOutcome::Answered)
    }

    /// Whether a request may have reached the service: all but those that are known not to have been sent.
    pub(crate) fn may_have_reached(&self, request: usize) -> bool {
        let record = self.records.get(request).copied().flatten();
        record.is_none_or(|record| record.outcome.may_have_been_sent())
    }

    /// Requests that were answered with 2xx.
    pub(crate) fn answered(&self) -> u64 {
        (0..self.records.len()).filter(|request| self.is_answered(*request)).count() as u64
    }

    /// The figures, and all response times.
    pub(crate) fn figures(&self, excused: &[(MonoNs, MonoNs)]) -> (LoadFigures, Times) {
        let mut out = LoadFigures {
            model: self.model,
            intended: self.schedule.len() as u64,
            offered: self.offered,
            worst_window: self.worst_window(excused),
            ..LoadFigures::default()
        };
        let (mut response, mut service, mut lag) = (Times::new(), Times::new(), Times::new());
        let (mut started_measured, mut failed_measured) = (0_u64, 0_u64);
        let (mut not_started, mut failed) = (BTreeMap::new(), BTreeMap::new());
        for record in &self.records {
            let Some(record) = record else {
                *not_started.entry("unknown".to_owned()).or_insert(0) += 1;
                continue;
            };
            if !record.outcome.started() {
                *not_started.entry(reason(record.outcome).to_owned()).or_insert(0) += 1;
                continue;
            }
            out.started += 1;
            started_measured += u64::from(record.measured);
            if record.outcome == RequestOutcome::Answered {
                out.answered += 1;
            } else {
                *failed.entry(reason(record.outcome).to_owned()).or_insert(0) += 1;
            }
            if record.measured {
                lag.record(record.started.saturating_sub(record.intended));
                // Of a failed request the time until its failure is a lower bound; leaving it out would flatter the rest.
                response.record(record.done.saturating_sub(record.intended));
                service.record(record.done.saturating_sub(record.started));
                failed_measured += u64::from(record.outcome != RequestOutcome::Answered);
            }
        }
        out.not_started = not_started;
        out.failed = failed;
        out.failed_share = failed_measured as f64 / (started_measured as f64).max(1.0);
        out.achieved = started_measured as f64 * 1e9 / (self.measured as f64).max(1.0);
        out.response = response.quantiles();
        out.service = service.quantiles();
        out.start_lag = lag.quantiles();
        (out, response)
    }

    /// The lowest share of intended requests that was really started, and reached the service, in a window of the measured part
    /// that no fault on its way is to blame for.
    fn worst_window(&self, excused: &[(MonoNs, MonoNs)]) -> f64 {
        let Some(base) =
            self.records.iter().flatten().map(|r| r.intended.saturating_sub(self.offset(r))).min()
        else {
            return 0.0;
        };
        let mut windows: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
        for (offset, record) in self.schedule.iter().zip(&self.records) {
            if *offset < self.measured_from {
                continue;
            }
            let window = (offset - self.measured_from) / WINDOW_NS;
            let begins = base + self.measured_from + window * WINDOW_NS;
            // What a fault has held up comes late, so the window after it is not the generator's either.
            let blamed = |(from, to): &(MonoNs, MonoNs)| {
                *from < begins + WINDOW_NS && begins < to.saturating_add(WINDOW_NS)
            };
            if excused.iter().any(blamed) {
                continue;
            }
            let entry = windows.entry(window).or_insert((0, 0));
            entry.0 += 1;
            let end = base + self.measured_from + (window + 1) * WINDOW_NS + GRACE_NS;
            entry.1 += u64::from(record.is_some_and(|r| r.outcome.may_have_been_sent() && r.started < end));
        }
        windows.values().map(|(intended, started)| *started as f64 / *intended as f64).fold(1.0, f64::min)
    }

    fn offset(&self, record: &LoadRecord) -> u64 {
        self.schedule.get(record.request as usize).copied().unwrap_or(record.intended)
    }
}

/// A closed load has no schedule of its own: when its requests started, from the first of them, and how long it took.
fn observed(records: &[Option<LoadRecord>]) -> (Vec<u64>, u64) {
    let known = || records.iter().flatten();
    let first = known().map(|record| record.intended).min().unwrap_or_default();
    let last = known().map(|record| record.done).max().unwrap_or_default();
    let offset =
        |record: &Option<LoadRecord>| record.map_or(0, |record| record.intended.saturating_sub(first));
    (records.iter().map(offset).collect(), last.saturating_sub(first))
}

/// Why a request failed or was not started, as the load's figures write it.
pub(crate) const fn reason(outcome: RequestOutcome) -> &'static str {
    match outcome {
        RequestOutcome::Answered => "answered",
        RequestOutcome::BadStatus => "bad status",
        RequestOutcome::InFlightCap => "in-flight cap",
        RequestOutcome::GeneratorLate => "generator late or stopped",
        RequestOutcome::ConnectFailed => "no connection",
        RequestOutcome::Broken => "connection broken",
        RequestOutcome::TimedOut => "timed out",
        RequestOutcome::LimitMet => "no descriptor or port left for the load",
    }
}
