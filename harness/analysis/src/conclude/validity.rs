//! What may be believed, per figure. Accounting always holds; rates and times hold only if neither the generator nor a
//! neighbour on the machine made them. The bounds are calibrated in ADR 003.

use spanfate_model::books::ledger::Ledger;
use spanfate_model::limits::{LimitMet, QuotaFigures};
use spanfate_model::plan::Plan;
use spanfate_model::result::{Basis, LoadFigures, TrustCheck, UsageFigures, Validity};

/// Lowest share of intended requests started in any window of 1 s.
pub(crate) const ACHIEVED_MIN: f64 = 0.99;
/// Highest share of the fixture's cores that others may take before loss is not the SDK's own.
pub(crate) const FOREIGN_MAX_LOSS: f64 = 0.10;
/// The same for latency, which feels a neighbour earlier.
pub(crate) const FOREIGN_MAX_LATENCY: f64 = 0.05;
/// Highest share of failed requests: their times are lower bounds, and p99.9 is reported.
pub(crate) const FAILED_MAX: f64 = 0.001;
/// Fewest samples that show what others took.
pub(crate) const SAMPLES_MIN: f64 = 2.0;
/// Highest share of the fixture's cores that may be stolen by the hypervisor.
pub(crate) const STEAL_MAX: f64 = 0.02;
/// Highest share of the periods in which a quota on CPU time may be used up: all stands still until the next period.
pub(crate) const THROTTLED_MAX_LOSS: f64 = 0.02;
/// The same for latency: p99.5 is above what one period in two hundred does.
pub(crate) const THROTTLED_MAX_LATENCY: f64 = 0.005;
/// Highest p99 of the start lag, as a share of the reported p99 …
pub(crate) const LAG_SHARE_MAX: f64 = 0.10;
/// … or in milliseconds: what an undisturbed core here needs for a wake-up and a hand-over between threads. Response times
/// below it are not told apart from it.
pub(crate) const LAG_FLOOR_MS: f64 = 0.2;

/// Whether times hold that a command measured without a trial, by the shares of the processors that the hypervisor and others took meanwhile.
pub fn is_undisturbed(stolen: f64, others: f64) -> bool {
    stolen <= STEAL_MAX && others <= FOREIGN_MAX_LATENCY
}

/// The marks of a trial. Without a load of ours no figure rests on one: what a program does then is its own business.
pub(crate) fn of(
    plan: &Plan,
    load: &LoadFigures,
    usage: &UsageFigures,
    ledger: &Ledger,
    limits: &[LimitMet],
) -> Vec<Validity> {
    if !plan.subject().has_load() {
        return Vec::new();
    }
    let mut out = marks(load, usage, ledger);
    out.extend(limited(usage, limits));
    out
}

/// What the surroundings took away: a quota where there is one, and limits where some were met.
fn limited(usage: &UsageFigures, limits: &[LimitMet]) -> Vec<Validity> {
    let quotas = [usage.harness_quota, usage.fixture_quota];
    let throttled = quotas.iter().flatten().map(QuotaFigures::share).max_by(f64::total_cmp);
    let met: u64 = limits.iter().map(|limit| limit.times).sum();
    let met = (met > 0).then_some(met as f64);
    let mut out = Vec::new();
    for (figure, most) in [(Basis::Loss, THROTTLED_MAX_LOSS), (Basis::Latency, THROTTLED_MAX_LATENCY)] {
        out.extend(throttled.map(|share| Validity::of(figure, TrustCheck::Throttled, share, most)));
        out.extend(met.map(|times| Validity::of(figure, TrustCheck::Limits, times, 0.0)));
    }
    out
}

fn marks(load: &LoadFigures, usage: &UsageFigures, ledger: &Ledger) -> Vec<Validity> {
    let loss = |check, measured, bound| Validity::of(Basis::Loss, check, measured, bound);
    let latency = |check, measured, bound| Validity::of(Basis::Latency, check, measured, bound);
    let mut out = vec![
        loss(TrustCheck::Started, load.worst_window, ACHIEVED_MIN),
        loss(TrustCheck::Unplaced, ledger.unaccounted.count as f64, 0.0),
        loss(TrustCheck::Uncounted, ledger.uncounted as f64, 0.0),
        loss(TrustCheck::Samples, usage.samples as f64, SAMPLES_MIN),
        loss(TrustCheck::ForeignCpu, usage.foreign, FOREIGN_MAX_LOSS),
        loss(TrustCheck::Steal, usage.steal, STEAL_MAX),
        latency(TrustCheck::Started, load.worst_window, ACHIEVED_MIN),
        latency(TrustCheck::Failed, load.failed_share, FAILED_MAX),
    ];
    if let (Some(lag), Some(response)) = (&load.start_lag, &load.response) {
        let bound = (response.p99 * LAG_SHARE_MAX).max(LAG_FLOOR_MS);
        out.push(latency(TrustCheck::StartLag, lag.p99, (bound * 1e4).round() / 1e4));
    }
    out.push(latency(TrustCheck::ForeignCpu, usage.foreign, FOREIGN_MAX_LATENCY));
    out
}
