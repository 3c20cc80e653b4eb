//! What a machine carries of a load, from the CPU time that a short trial of it took.

use spanfate_model::plan::fitted::Fitted;
use spanfate_model::result::environment::Environment;
use spanfate_model::result::{Expectation, TrialResult, UsageFigures};
use spanfate_model::scenario::expect::{Comparator, Condition};
use spanfate_model::scenario::figure::Figure;
use spanfate_model::verdict::Verdict;

/// Fewest samples that show how much CPU time a request takes.
const SAMPLES_LEAST: u64 = 5;

/// Requests per second that the machine carries of what a trial did: the CPU time that the services may have, or that the harness may
/// have, over what a request takes of it, whichever ends first. Nothing where the trial shows too little.
///
/// A core that was too slow for the load of the trial shows it as well: it did less, and every request took its part of it.
pub fn carried(trial: &TrialResult, machine: &Environment) -> Option<f64> {
    let UsageFigures { samples, fixture_cpu, harness_cpu, foreign, .. } = trial.usage;
    let rate = trial.load.achieved;
    if samples < SAMPLES_LEAST || rate <= 0.0 || fixture_cpu <= 0.0 {
        return None;
    }
    let (service, harness) = (fixture_cpu / rate, harness_cpu / rate);
    let shared = machine.fixture_cpus == machine.harness_cpus;
    let cores = machine.fixture_cpus.len().max(1) as f64;
    // What others and the hypervisor took will not be there the next time, either.
    let own = cores * (1.0 - foreign).max(0.05);
    let mut most = if shared { own / (service + harness) } else { own / service };
    if !shared && harness > 0.0 {
        most = most.min(machine.harness_cpus.len().max(1) as f64 / harness);
    }
    if let Some(quota) = trial.usage.harness_quota {
        most = most.min(quota.cores / (service + harness));
    }
    if let Some(quota) = trial.usage.fixture_quota {
        most = most.min(quota.cores / service);
    }
    Some(most)
}

/// A lower rate than the scenario's makes less of what a bound may ask a lot of: that a bound from below, or an exact count, is missed
/// then says nothing of the scenario's own rate. A bound from above that does not hold at the lower rate fails all the same.
pub(crate) fn doubt(fitted: Option<&Fitted>, expectations: &mut [Expectation]) {
    let Some(fitted) = fitted.filter(|fitted| fitted.is_lower()) else { return };
    for expectation in expectations.iter_mut().filter(|one| one.verdict == Verdict::Fail) {
        if expectation.that.known().is_some_and(asks_for_a_lot) {
            let measured = expectation.reason.take().unwrap_or_default();
            expectation.verdict = Verdict::Inconclusive;
            expectation.reason = Some(format!(
                "{measured} at {:#}, to which the load was fitted; the bound is for {:#}",
                fitted.rate, fitted.asked
            ));
        }
    }
}

/// Whether less load can miss a condition.
fn asks_for_a_lot(condition: &Condition) -> bool {
    let from_below = match condition.comparison {
        Comparator::AtLeast | Comparator::Above => true,
        Comparator::Equals => condition.bound > 0.0,
        Comparator::AtMost | Comparator::Below => false,
    };
    from_below && grows_with_the_load(condition.figure)
}

const fn grows_with_the_load(figure: Figure) -> bool {
    match figure {
        Figure::LossRate
        | Figure::Fate(_)
        | Figure::Fates(_)
        | Figure::Traces(_)
        | Figure::Delay(_)
        | Figure::Response(_)
        | Figure::ExportsLongest
        | Figure::ShutdownLongest
        | Figure::RequestsFailed
        | Figure::SpansCreated
        | Figure::PanicsRecorded
        | Figure::SpansReceived
        | Figure::ExportsCalls
        | Figure::ExportsBytes
        | Figure::ExportsFailed
        | Figure::Duplicates
        | Figure::ReportedFailed
        | Figure::LogLines
        | Figure::LogsDangling
        | Figure::MemoryPeak => true,
        Figure::LossLawGap
        | Figure::Why(_)
        | Figure::Kept(_)
        | Figure::Control(_)
        | Figure::CpuPerRequest
        | Figure::WitnessDifference
        | Figure::ProbeIds
        | Figure::ProbeLost
        | Figure::ProbeUncounted
        | Figure::ProbeOvercount
        | Figure::ProbeTrapTaken
        | Figure::TraceUnmatched
        | Figure::BytesPerSpan
        | Figure::RawBytesPerSpan
        | Figure::AllocsPerSpan
        | Figure::AllocBytesPerSpan
        | Figure::LogsAnchored
        | Figure::LogsUnanchored
        | Figure::ProcessesDied => false,
    }
}

#[cfg(test)]
mod tests {
    use spanfate_model::quantity::unit::Rate;
    use spanfate_model::result::Footing;

    use super::*;

    /// The verdicts of expectations that failed, of a load that was fitted to a rate.
    fn verdicts(rate: f64, conditions: &[&str]) -> Vec<Verdict> {
        let failed = |text: &&str| Expectation {
            that: Condition::try_from((*text).to_owned()).unwrap().into(),
            variant: "a".to_owned(),
            values: vec![7.0],
            verdict: Verdict::Fail,
            reason: Some("measured 7".to_owned()),
            footing: Footing::Valid,
        };
        let mut all: Vec<Expectation> = conditions.iter().map(failed).collect();
        let fitted = Fitted {
            asked: Rate(5000.0),
            carries: 3800.0,
            variant: "a".to_owned(),
            share: 0.8,
            rate: Rate(rate),
        };
        doubt(Some(&fitted), &mut all);
        all.iter().map(|one| one.verdict).collect()
    }

    #[test]
    fn a_bound_for_a_higher_rate_that_is_missed_from_below_is_in_doubt_and_no_other() {
        let (doubt, fail) = (Verdict::Inconclusive, Verdict::Fail);
        let below = ["spans.created == 6250", "fate.dropped_queue_full > 0", "requests.failed >= 10"];
        assert_eq!(verdicts(3000.0, &below), [doubt, doubt, doubt]);
        let above = ["loss.rate == 0 %", "fate.dropped_queue_full == 0", "bytes.per_span <= 1"];
        assert_eq!(verdicts(3000.0, &above), [fail, fail, fail]);
        assert_eq!(verdicts(5000.0, &below), [fail, fail, fail], "nothing was lowered");
    }
}
