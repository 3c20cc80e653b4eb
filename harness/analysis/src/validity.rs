//! What may be believed, per figure. Accounting always holds; rates and times hold only if neither the generator nor a
//! neighbour on the machine made them. The bounds are calibrated in ADR 003.

use spanfate_model::ledger::Ledger;
use spanfate_model::plan::Plan;
use spanfate_model::result::{LoadFigures, UsageFigures, Validity};

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
/// Highest p99 of the start lag, as a share of the reported p99 …
pub(crate) const LAG_SHARE_MAX: f64 = 0.10;
/// … or in milliseconds: what an undisturbed core here needs for a wake-up and a hand-over between threads. Response times
/// below it are not told apart from it.
pub(crate) const LAG_FLOOR_MS: f64 = 0.2;

/// The marks of a trial. Without a load of ours no figure rests on one: what a program does then is its own business.
pub(crate) fn of(plan: &Plan, load: &LoadFigures, usage: &UsageFigures, ledger: &Ledger) -> Vec<Validity> {
    if plan.attached { Vec::new() } else { marks(load, usage, ledger) }
}

fn marks(load: &LoadFigures, usage: &UsageFigures, ledger: &Ledger) -> Vec<Validity> {
    let mark = |figure: &str, check: &str, measured: f64, bound: f64, valid: bool| Validity {
        figure: figure.to_owned(),
        check: check.to_owned(),
        measured: (measured * 1e4).round() / 1e4,
        bound,
        valid,
    };
    let at_most = |figure: &str, check: &str, measured: f64, bound: f64| {
        mark(figure, check, measured, bound, measured <= bound)
    };
    let achieved = |figure: &str| {
        let check = "requests started in the worst 1 s window, share of intended";
        mark(figure, check, load.worst_window, ACHIEVED_MIN, load.worst_window >= ACHIEVED_MIN)
    };
    let mut out = vec![
        achieved("loss"),
        at_most("loss", "spans that cannot be placed", ledger.unaccounted.count as f64, 0.0),
        at_most("loss", "spans that may have been made uncounted", ledger.uncounted as f64, 0.0),
        mark("loss", "usage samples", usage.samples as f64, SAMPLES_MIN, usage.samples as f64 >= SAMPLES_MIN),
        at_most("loss", "foreign CPU on the fixture's cores, share", usage.foreign, FOREIGN_MAX_LOSS),
        at_most("loss", "steal on the fixture's cores, share", usage.steal, STEAL_MAX),
    ];
    out.push(achieved("latency"));
    out.push(at_most("latency", "requests that failed, share of started", load.failed_share, FAILED_MAX));
    if let (Some(lag), Some(response)) = (&load.start_lag, &load.response) {
        let bound = (response.p99 * LAG_SHARE_MAX).max(LAG_FLOOR_MS);
        let check = "start lag p99, ms (at most a tenth of response p99, or 0.2)";
        out.push(at_most("latency", check, lag.p99, (bound * 1e4).round() / 1e4));
    }
    out.push(at_most(
        "latency",
        "foreign CPU on the fixture's cores, share",
        usage.foreign,
        FOREIGN_MAX_LATENCY,
    ));
    out
}
