//! Who is named where a service stood still, and queues ran full of what had waited.

use std::collections::BTreeMap;

use spanfate_model::books::breakdown::{Breakdown, BreakdownRow, Spread};
use spanfate_model::cause::{LossFactor, NamedCause};
use spanfate_model::fate::Fate;
use spanfate_model::result::{
    CauseShare, CpuWitness, PathReplay, ServiceResult, Standstill, TrialResult, WorkerCycle,
};

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

/// The chain whose last queue dropped for want of CPU, while requests took 600 ms: its spans were short and its callers' long; its calls waited
/// so long for a CPU, and others' queues ran full, too.
fn starved(waited_ms: f64, others: &[&str]) -> String {
    let mut trial = chain(&[]);
    let longest = |value: &str, max: f64| BreakdownRow {
        value: value.to_owned(),
        duration: Some(Spread { max, ..Spread::default() }),
        ..BreakdownRow::default()
    };
    let rows = &mut trial.breakdown[0].rows;
    rows[0].duration = Some(Spread { max: 90.0, ..Spread::default() });
    rows.extend([longest("order", 1400.0), longest("gateway", 1400.0)]);
    let replay = &mut trial.replays[0];
    replay.causes[0].cause = LossFactor::CpuStarved;
    replay.cpu = CpuWitness { served_ms: 601.0, undisturbed_ms: 1.0, ..CpuWitness::default() };
    replay.cycle = WorkerCycle { calls: 2, starved_ms: waited_ms, ..WorkerCycle::default() };
    let another =
        |name: &&str| PathReplay { service: (*name).to_owned(), dropped: 100, ..PathReplay::default() };
    trial.replays.extend(others.iter().map(another));
    let found = suspects(&[trial]);
    assert_eq!(found[0].cause, NamedCause::CpuStarved);
    found[0].service.clone()
}

#[test]
fn who_lacks_cpu_has_exports_that_wait_as_its_requests_do() {
    // What it had not begun waited before it, in the spans of those that call it.
    assert_eq!(starved(500.0, &[]), "payment");
    // Its exports were run soon: a caller was held, and let its calls go together.
    assert_eq!(starved(100.0, &[]), "order");
    // A caller's queue ran full, too, of what it had to catch up with.
    assert_eq!(starved(500.0, &["order"]), "order");
}
