//! Expectations, judged on the trials that are valid for their figure; where there is none, on what disturbance can neither have made
//! nor hidden.

pub(crate) mod because;
pub(crate) mod disturbed;
#[cfg(test)]
pub(crate) mod forge;
mod judge;
mod kept;
mod probes;
#[cfg(test)]
mod stalls;
#[cfg(test)]
mod tests;
mod why;
mod work;

use spanfate_model::cause::Because;
use spanfate_model::plan::Plan;
use spanfate_model::result::{
    Basis, ClaimOutcome, ClaimResult, Expectation, Quantiles, TrialResult, VariantResult,
};
use spanfate_model::scenario::Claim;
use spanfate_model::scenario::expect::{Condition, Expect};
use spanfate_model::scenario::figure::{Figure, Quantile, TraceState};
use spanfate_model::verdict::Verdict;

use crate::replay::proof;

/// Judges all expectations on all variants they name.
pub(crate) fn judge_all(expect: &[Expect], plan: &Plan, variants: &[VariantResult]) -> Vec<Expectation> {
    let mut out = Vec::new();
    for expect in expect {
        for variant in variants {
            if expect.variants.as_ref().is_none_or(|names| names.contains(&variant.name)) {
                out.push(judge::judge(&expect.that, plan, variant));
            }
        }
    }
    out
}

/// Whether a condition passes or fails on a variant.
pub(crate) fn is_answered(condition: &Condition, plan: &Plan, variant: &VariantResult) -> bool {
    judge::judge(condition, plan, variant).verdict != Verdict::Inconclusive
}

/// Judges a condition on a variant. Where a cause is named, a loss counts only if a replay proves that this made it.
pub(crate) fn judged_for(
    condition: &Condition,
    cause: Option<Because>,
    plan: &Plan,
    variant: &VariantResult,
) -> Expectation {
    let mut judged = judge::judge(condition, plan, variant);
    if let Some(cause) = cause {
        because::weigh(&mut judged, cause, proof::of(variant).as_ref());
    }
    judged
}

/// Why a variant has no value of a figure: no trial is valid for it, or none of these has it.
pub(crate) fn why_unknown(figure: Figure, variant: &VariantResult) -> String {
    let basis = validity_of(figure);
    if variant.trials.iter().any(|trial| trial.is_valid(basis)) {
        return "the figure was not measured".to_owned();
    }
    judge::why_invalid(basis, variant)
}

/// Measures all claims on the variants that their conditions name.
pub(crate) fn claims(claims: &[Claim], plan: &Plan, variants: &[VariantResult]) -> Vec<ClaimResult> {
    let measure = |claim: &Claim| {
        let rests_on = judge_all(&claim.holds_if, plan, variants);
        ClaimResult {
            says: claim.says.clone(),
            source: claim.source.clone(),
            outcome: ClaimOutcome::of(&rests_on),
            because: None,
            rests_on,
        }
    };
    claims.iter().map(measure).collect()
}

/// Which validity marks of a trial a figure needs. How many spans a full queue drops depends on the machine as the loss rate does;
/// copies do not, nor what the code allocates and writes per span.
pub const fn validity_of(figure: Figure) -> Basis {
    match figure {
        Figure::LossRate
        | Figure::LossLawGap
        | Figure::Why(_)
        | Figure::Fate(_)
        | Figure::Fates(_)
        | Figure::Traces(_)
        | Figure::Kept(_)
        | Figure::Control(_)
        | Figure::ExportsBytes
        | Figure::Delay(_)
        | Figure::ExportsLongest
        | Figure::ShutdownLongest
        | Figure::RequestsFailed
        | Figure::SpansReceived
        | Figure::ExportsCalls
        | Figure::CpuPerRequest
        | Figure::MemoryPeak
        | Figure::LogLines
        | Figure::LogsAnchored
        | Figure::LogsDangling
        | Figure::ExportsFailed => Basis::Loss,
        Figure::Response(_) => Basis::Latency,
        Figure::Duplicates
        | Figure::ReportedFailed
        | Figure::WitnessDifference
        | Figure::ProbeIds
        | Figure::ProbeLost
        | Figure::ProbeUncounted
        | Figure::ProbeOvercount
        | Figure::ProbeTrapTaken
        | Figure::TraceUnmatched
        | Figure::SpansCreated
        | Figure::PanicsRecorded
        | Figure::BytesPerSpan
        | Figure::RawBytesPerSpan
        | Figure::AllocsPerSpan
        | Figure::AllocBytesPerSpan
        | Figure::LogsUnanchored
        | Figure::ProcessesDied => Basis::Accounting,
    }
}

/// The value of a figure in a trial: a count, a share (0 to 1), bytes or nanoseconds; `None` where it was not measured. Whether
/// it may be believed, [`validity_of`] and the trial's marks say.
pub fn value_of(figure: Figure, trial: &TrialResult) -> Option<f64> {
    let time = |quantiles: &Option<Quantiles>, quantile: Quantile| {
        let q = quantiles.as_ref()?;
        let ms = match quantile {
            Quantile::P50 => q.p50,
            Quantile::P99 => q.p99,
            Quantile::P999 => q.p999,
        };
        Some(ms * 1e6)
    };
    match figure {
        Figure::LossRate => (trial.loss.due > 0).then_some(trial.loss.rate),
        Figure::LossLawGap => {
            trial.loss.predicted.map(|prediction| (trial.loss.rate - prediction.rate).abs())
        }
        Figure::Fate(fate) => Some(trial.ledger.total(fate) as f64),
        Figure::Fates(group) => {
            let of_group = trial.ledger.fates.iter().filter(|(fate, _)| fate.is_in(group));
            Some(of_group.map(|(_, count)| count.total).sum::<u64>() as f64)
        }
        Figure::WitnessDifference => {
            let rows = trial.agreement.iter().map(|row| row.difference).max()?;
            Some(rows as f64)
        }
        Figure::TraceUnmatched => {
            let both = || trial.trace_matches.iter().filter(|row| row.site.is_some());
            let events: u64 = both().map(|row| row.in_trace).sum();
            let matched: u64 = both().map(|row| row.matched).sum();
            (events > 0).then(|| 1.0 - matched as f64 / events as f64)
        }
        Figure::ProcessesDied => {
            let died = trial.services.iter().filter(|service| service.ended_by_itself.is_some());
            Some(died.count() as f64)
        }
        Figure::ProbeIds
        | Figure::ProbeLost
        | Figure::ProbeUncounted
        | Figure::ProbeOvercount
        | Figure::ProbeTrapTaken => probes::value(figure, trial),
        Figure::PanicsRecorded => trial.ledger.panics_recorded.map(|spans| spans as f64),
        Figure::ReportedFailed => Some(trial.ledger.reported_failed as f64),
        Figure::RequestsFailed => Some(trial.load.failed.values().sum::<u64>() as f64),
        Figure::ExportsLongest => trial.exports.longest_ms.map(|ms| ms * 1e6),
        Figure::Traces(state) => traces(state, trial),
        Figure::Kept(what) => kept::value(what, trial),
        Figure::Control(what) => kept::of_loop(what, trial),
        Figure::ExportsFailed => Some(trial.exports.failed as f64),
        Figure::Duplicates
        | Figure::SpansCreated
        | Figure::SpansReceived
        | Figure::ExportsCalls
        | Figure::ExportsBytes
        | Figure::BytesPerSpan
        | Figure::RawBytesPerSpan
        | Figure::AllocsPerSpan
        | Figure::AllocBytesPerSpan
        | Figure::CpuPerRequest
        | Figure::ShutdownLongest
        | Figure::LogLines
        | Figure::LogsAnchored
        | Figure::LogsDangling
        | Figure::LogsUnanchored
        | Figure::MemoryPeak => work::value(figure, trial),
        Figure::Why(because) => why::share(because, trial).ok(),
        Figure::Response(quantile) => time(&trial.load.response, quantile),
        Figure::Delay(quantile) => time(&trial.delay, quantile),
    }
}

/// Traces in a state.
fn traces(state: TraceState, trial: &TrialResult) -> Option<f64> {
    let damage = trial.damage.as_ref()?;
    Some(match state {
        TraceState::Complete => damage.complete,
        TraceState::Headless => damage.headless,
        TraceState::Torn => damage.torn,
        TraceState::Split => damage.split,
        TraceState::Absent => damage.absent,
    } as f64)
}
