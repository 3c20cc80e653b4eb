//! An estimate of response times without disturbance, of a trial that is not valid for latency: the requests that lie in time in which
//! nobody took anything from the service. It gates nothing. Where it would flatter it is not given.

use spanfate_model::format::event::UsageSample;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::{Basis, EstimateDoubt, LoadFigures, TrustCheck, UndisturbedTimes, Validity};
use spanfate_model::scenario::Model;

use crate::conclude::validity::{FOREIGN_MAX_LATENCY, LAG_FLOOR_MS, LAG_SHARE_MAX};
use crate::evidence::loadbook::LoadBook;
use crate::statistics::quantile::{Times, millis};

/// Least time before a request in which nobody took anything, nanoseconds: what a stall left behind is worked off in it.
const GUARD_NS: u64 = 100_000_000;
/// How many times as long it is as a service needs for that which has all its time to itself but what its load takes.
const GUARD_TIMES: f64 = 1.5;
/// A service that is busier than this is never done with what a stall left behind.
const BUSY_MAX: f64 = 0.95;
/// Longest time after its intended start that has to be undisturbed, too.
const REACH_MAX_NS: u64 = 1_000_000_000;
/// What others seem to take of a look and its neighbours, nanoseconds, by the resolution of the kernel's counters alone: two of its ticks.
const TICKS_NS: f64 = 20_000_000.0;
/// Highest share that others may have taken of the time that looks undisturbed, all together: half of what makes latency not valid. An idle
/// machine takes one or two percent for itself.
const TAKEN_MAX: f64 = FOREIGN_MAX_LATENCY / 2.0;
/// Lowest share of the requests that speaks for all.
const SHARE_MIN: f64 = 0.2;
/// Fewest requests that show a median, and a p99.
const FEWEST: (u64, u64) = (100, 1000);
/// By how much requests just after a disturbance may be slower than later ones at their 90 %, as a share and in milliseconds.
const SLOWER_MAX: (f64, f64) = (0.2, 0.2);

/// The counters of a look: when, what others and a quota took so far, and what was stolen; nanoseconds.
#[derive(Clone, Copy)]
struct TakenLook {
    at: MonoNs,
    taken: f64,
    used: u64,
    stolen: u64,
    throttled: u64,
}

/// What the estimate rests on.
pub(crate) struct EstimateBasis<'a> {
    pub(crate) book: &'a LoadBook,
    pub(crate) samples: &'a [UsageSample],
    /// The measured part.
    pub(crate) window: (MonoNs, MonoNs),
    /// Cores of the services.
    pub(crate) cores: usize,
}

/// Whether a trial is not valid for latency for want of time alone. A neighbour that a fault puts there is no stranger, and is not told
/// apart from one here.
fn is_asked(validity: &[Validity], load: &LoadFigures) -> bool {
    let mut spoilt = validity.iter().filter(|mark| mark.figure.is(&Basis::Latency) && !mark.valid).peekable();
    let of_time = |mark: &Validity| mark.is_of_others() || mark.check.is(&TrustCheck::StartLag);
    load.model != Model::Closed && spoilt.peek().is_some() && spoilt.all(of_time)
}

/// The load's figures with the estimate, where it is asked for.
pub(crate) fn beside(load: LoadFigures, validity: &[Validity], basis: &EstimateBasis<'_>) -> LoadFigures {
    let undisturbed = estimate(basis, &load, validity);
    LoadFigures { undisturbed, ..load }
}

/// The estimate; nothing where the trial is valid, or not valid for another reason than time.
fn estimate(
    basis: &EstimateBasis<'_>,
    load: &LoadFigures,
    validity: &[Validity],
) -> Option<UndisturbedTimes> {
    let looks = looks(basis);
    if !is_asked(validity, load) || looks.len() < 2 {
        return None;
    }
    let clear = clear(&looks);
    let guard = guard(&looks, &clear, basis.cores);
    let slow = load.response.as_ref().map_or(0.0, |response| response.p99 * 1e6) as u64;
    let reach = slow.clamp(GUARD_NS, REACH_MAX_NS);
    let counted = ClearRequests::of(basis.book, &clear, (guard, reach));
    let started = basis.book.records.iter().flatten().filter(|r| r.measured && r.outcome.started()).count();
    let share = counted.requests as f64 / (started as f64).max(1.0);
    let out = UndisturbedTimes {
        requests: counted.requests,
        share: (share * 1e4).round() / 1e4,
        guard_ms: millis(guard),
        reach_ms: millis(reach),
        ..UndisturbedTimes::default()
    };
    if let Some(doubt) = counted.doubt(share, taken(&looks, &clear, basis.cores)) {
        return Some(UndisturbedTimes { doubt: Some(doubt.into()), ..out });
    }
    let response = counted.response.quantiles()?;
    let p99 = (counted.requests >= FEWEST.1).then_some(response.p99);
    Some(UndisturbedTimes { p50: Some(response.p50), p99, ..out })
}

fn looks(basis: &EstimateBasis<'_>) -> Vec<TakenLook> {
    let inside = basis.samples.iter().filter(|sample| (basis.window.0..=basis.window.1).contains(&sample.at));
    let look = |sample: &UsageSample| {
        let time = sample.at as f64 * basis.cores.max(1) as f64;
        TakenLook {
            at: sample.at,
            taken: time - sample.core_idle_ns as f64 - sample.fixture_cpu_ns as f64,
            used: sample.fixture_cpu_ns,
            stolen: sample.core_steal_ns,
            throttled: sample.harness_quota.throttled_ns + sample.fixture_quota.throttled_ns,
        }
    };
    inside.map(look).collect()
}

/// Times in which nobody took anything that can be seen: between two looks nothing was stolen or held back, and around these others took
/// no more than ticks of the counters may feign.
fn clear(looks: &[TakenLook]) -> Vec<(MonoNs, MonoNs)> {
    let is_clear = |at: usize| {
        let (first, last) = (&looks[at.saturating_sub(1)], &looks[(at + 2).min(looks.len() - 1)]);
        let (from, to) = (&looks[at], &looks[at + 1]);
        let around = last.taken - first.taken;
        from.stolen == to.stolen && from.throttled == to.throttled && around <= TICKS_NS
    };
    let mut out: Vec<(MonoNs, MonoNs)> = Vec::new();
    for at in (0..looks.len().saturating_sub(1)).filter(|at| is_clear(*at)) {
        let (from, to) = (looks[at].at, looks[at + 1].at);
        match out.last_mut() {
            Some(last) if last.1 == from => last.1 = to,
            _ => out.push((from, to)),
        }
    }
    out
}

/// How long a service needs after the longest disturbance to be as it was: what was left behind, worked off with the time that its load
/// leaves it.
fn guard(looks: &[TakenLook], clear: &[(MonoNs, MonoNs)], cores: usize) -> u64 {
    let (Some(first), Some(last)) = (looks.first(), looks.last()) else { return GUARD_NS };
    let time = last.at.saturating_sub(first.at).max(1) as f64 * cores.max(1) as f64;
    let busy = (last.used.saturating_sub(first.used) as f64 / time).min(BUSY_MAX);
    let ends = clear.iter().map(|(from, _)| *from).chain([last.at]);
    let begins = std::iter::once(first.at).chain(clear.iter().map(|(_, to)| *to));
    let taken = |(from, to): (MonoNs, MonoNs)| until(looks, to) - until(looks, from);
    let longest = begins.zip(ends).map(taken).fold(0.0, f64::max);
    GUARD_NS.max((GUARD_TIMES * longest * busy / (1.0 - busy)) as u64)
}

/// What others took until a look.
fn until(looks: &[TakenLook], at: MonoNs) -> f64 {
    let place = looks.partition_point(|look| look.at < at);
    looks.get(place).map_or(0.0, |look| look.taken)
}

/// The share that others took of these times all the same, over all of them, where ticks no longer count.
fn taken(looks: &[TakenLook], clear: &[(MonoNs, MonoNs)], cores: usize) -> f64 {
    let (taken, time) = clear.iter().fold((0.0, 0.0), |(taken, time), (from, to)| {
        (taken + until(looks, *to) - until(looks, *from), time + to.saturating_sub(*from) as f64)
    });
    taken / (time * cores.max(1) as f64).max(1.0)
}

/// Requests in clear time.
struct ClearRequests {
    requests: u64,
    response: Times,
    lag: Times,
    /// Of those in the first time after a disturbance, and of the others.
    near: Times,
    far: Times,
}

impl ClearRequests {
    /// Who counts is decided by the intended start alone: a slow request stays among them.
    fn of(book: &LoadBook, clear: &[(MonoNs, MonoNs)], (guard, reach): (u64, u64)) -> Self {
        let (response, lag, near, far) = (Times::new(), Times::new(), Times::new(), Times::new());
        let mut out = Self { requests: 0, response, lag, near, far };
        for record in book.records.iter().flatten().filter(|r| r.measured && r.outcome.started()) {
            let next = clear.partition_point(|(from, _)| *from <= record.intended);
            let Some((from, to)) = next.checked_sub(1).and_then(|at| clear.get(at)) else { continue };
            if record.intended < from + guard || record.intended + reach > *to {
                continue;
            }
            out.requests += 1;
            let took = record.done.saturating_sub(record.intended);
            out.response.record(took);
            out.lag.record(record.started.saturating_sub(record.intended));
            let times = if record.intended < from + guard + GUARD_NS { &mut out.near } else { &mut out.far };
            times.record(took);
        }
        out
    }

    fn doubt(&self, share: f64, taken: f64) -> Option<EstimateDoubt> {
        if share < SHARE_MIN || self.requests < FEWEST.0 {
            return Some(EstimateDoubt::TooFew);
        }
        if taken > TAKEN_MAX {
            return Some(EstimateDoubt::Everywhere);
        }
        let (response, lag) = (self.response.quantiles()?, self.lag.quantiles()?);
        if lag.p99 > (response.p99 * LAG_SHARE_MAX).max(LAG_FLOOR_MS) {
            return Some(EstimateDoubt::LoadLate);
        }
        let (near, far) = (self.near.quantiles()?, self.far.quantiles());
        // Without later ones nothing shows that the guard is long enough.
        let far = far.filter(|far| far.count >= FEWEST.0);
        let slower = far.is_none_or(|far| near.p90 > far.p90 * (1.0 + SLOWER_MAX.0) + SLOWER_MAX.1);
        slower.then_some(EstimateDoubt::AfterEffects)
    }
}

#[cfg(test)]
mod tests;
