//! Who is named where a service stood still, and queues ran full of what had waited.

use std::collections::BTreeMap;

use spanfate_model::books::breakdown::{Breakdown, BreakdownRow};
use spanfate_model::cause::{LossFactor, NamedCause};
use spanfate_model::fate::Fate;
use spanfate_model::result::{CauseShare, PathReplay, ServiceResult, Standstill, TrialResult};

use super::{case, run};
use crate::insight::suspects::suspects;

/// A chain of which the last one's queue dropped a burst after these had stood still, each since a time, milliseconds.
fn chain(stood: &[(&str, f64)]) -> TrialResult {
    let mut trial = run(&[case("chain", 512, 2048, 1.0, 800)]).variants.remove(0).trials.remove(0);
    let names = ["gateway", "order", "payment"];
    trial.services = (0..).zip(names).map(|(depth, name)| service(name, depth)).collect();
    let lost_by_fate = BTreeMap::from([(Fate::DroppedQueueFull, 800)]);
    let row =
        BreakdownRow { value: "payment".to_owned(), lost: 800, lost_by_fate, ..BreakdownRow::default() };
    trial.breakdown = vec![Breakdown { by: "service".to_owned(), rows: vec![row] }];
    let still = |(name, from): &(&str, f64)| Standstill {
        service: (*name).to_owned(),
        from_ms: *from,
        to_ms: 2000.0,
    };
    trial.replays = vec![PathReplay {
        service: "payment".to_owned(),
        dropped: 800,
        replayed: 800,
        free: 800,
        fits: true,
        causes: vec![CauseShare { cause: LossFactor::Burst, share: 1.0, alone: 1.0 }],
        stood: stood.iter().map(still).collect(),
        ..PathReplay::default()
    }];
    trial
}

fn service(name: &str, depth: u16) -> ServiceResult {
    ServiceResult { service: name.to_owned(), depth, ..ServiceResult::default() }
}

#[test]
fn of_those_that_stopped_together_it_is_the_one_nearest_to_the_load() {
    let named = |stood: &[(&str, f64)]| {
        let found = suspects(&[chain(stood)]);
        (found[0].service.clone(), found[0].cause)
    };
    let burst = |who: &str| (who.to_owned(), NamedCause::Burst);
    // Those that it calls had nothing to do.
    assert_eq!(named(&[("payment", 998.0), ("order", 1000.0), ("gateway", 1003.0)]), burst("gateway"));
    assert_eq!(named(&[("payment", 998.0), ("order", 1000.0)]), burst("order"));
    // Those that call it ran out of connections later.
    assert_eq!(named(&[("payment", 998.0), ("order", 1400.0), ("gateway", 1500.0)]), burst("payment"));
    // Nobody stood still: it is the queue's own.
    assert_eq!(named(&[]), burst("payment"));
}
