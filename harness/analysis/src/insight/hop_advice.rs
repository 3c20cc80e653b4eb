//! What to set of the collectors that lost spans to their queue or their patience: what the capacity model says for the rate, the requests
//! and the answers that the trials met, through the longest outage behind them.

use spanfate_model::advice::hop::lines::{lines, shortfalls};
use spanfate_model::advice::hop::{HopSettings, plan};
use spanfate_model::fate::{CollectorLoss, Fate};
use spanfate_model::plan::outages;
use spanfate_model::result::{HopAdvised, HopResult, RunResult, TrialResult, VariantResult};

use super::planned;

/// Advice for every such collector that the project configures, in the order of the variants and of the path.
pub(super) fn advise(result: &RunResult) -> Vec<HopAdvised> {
    result.variants.iter().flat_map(|variant| of_variant(result, variant)).collect()
}

fn of_variant(result: &RunResult, variant: &VariantResult) -> Vec<HopAdvised> {
    let Some(own) = planned(&result.plan, &variant.name) else { return Vec::new() };
    let load = result.plan.load_of(own);
    let seconds = load.warmup.seconds() + load.lasting.seconds();
    // The trial in which most was lost says most.
    let lost = |trial: &&TrialResult| trial.hops.iter().map(HopResult::lost_in_all).sum::<u64>();
    let Some(worst) = variant.trials.iter().max_by_key(lost) else { return Vec::new() };
    let faults: Vec<_> = own.faults.iter().collect();
    let losing = own.hops.iter().enumerate().filter(|(_, hop)| hop.own_config().is_none());
    losing
        .filter_map(|(index, hop)| {
            let seen = worst.hops.iter().find(|seen| seen.name == hop.name && is_settable(seen))?;
            let outage_s = outages::of_hop(&own.hops, &faults, index);
            let demand = seen.met(seen.came as f64 / seconds, outage_s)?;
            let plan = plan(&demand, &HopSettings::set_by(&hop.knobs))?;
            let set = lines(&plan);
            Some(HopAdvised {
                variant: variant.name.clone(),
                hop: hop.name.clone(),
                set: set.iter().map(|line| format!("{}: {}", line.keys.join("."), line.value)).collect(),
                why: set.into_iter().map(|line| line.why).collect(),
                lacks: shortfalls(&plan),
            })
        })
        .collect()
}

/// Whether it lost spans that its settings can keep.
fn is_settable(hop: &HopResult) -> bool {
    let lost = |loss| hop.lost.get(&Fate::LostInCollector(loss)).copied().unwrap_or(0);
    lost(CollectorLoss::QueueFull) + lost(CollectorLoss::SendFailed) > 0
}
