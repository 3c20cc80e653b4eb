//! Losses in collectors: at which hop, and how it came about.

use spanfate_model::fate::{CollectorLoss, Fate};
use spanfate_model::result::{DisturbedHop, HopEvent, HopResult};

/// What stands behind the last hop.
const RECEIVER: &str = "receiver";

/// The hops that lost spans to a fate, each by its place and name with its share of them, which add up to 1. A refusal is the first
/// hop's: nobody else answers a service.
pub(super) fn shares(hops: &[HopResult], fate: Fate) -> Vec<(usize, (String, f64))> {
    let lost = |(index, hop): (usize, &HopResult)| match fate {
        Fate::RefusedByCollector => f64::from(u8::from(index == 0)),
        _ => hop.lost.get(&fate).copied().unwrap_or_default() as f64,
    };
    let all: f64 = hops.iter().enumerate().map(lost).sum();
    let one = |(index, hop): (usize, &HopResult)| {
        let part = lost((index, hop));
        (part > 0.0).then(|| (index, (hop.name.clone(), part / all)))
    };
    hops.iter().enumerate().filter_map(one).collect()
}

/// How it came about, in the order of time: the places behind the hop that were in trouble before, the farthest as well as the
/// nearest, then the hop itself.
pub(super) fn path(hops: &[HopResult], at: usize, fate: Fate) -> Vec<DisturbedHop> {
    let Some(hop) = hops.get(at) else { return Vec::new() };
    let step = |service: &str, event: HopEvent, at_ms: f64| DisturbedHop {
        service: service.to_owned(),
        event,
        at_ms,
    };
    let event = match fate {
        Fate::LostInCollector(CollectorLoss::QueueFull) => HopEvent::QueueFull,
        _ => HopEvent::Lost,
    };
    let lost = match fate {
        Fate::RefusedByCollector => hop.refused_from_ms,
        _ => hop.lost_from_ms,
    };
    let Some(lost) = lost else { return Vec::new() };
    let mut out: Vec<DisturbedHop> = Vec::new();
    // What ended with its process needs no trouble behind it.
    if !matches!(fate, Fate::LostInCollector(CollectorLoss::Crash | CollectorLoss::Shutdown)) {
        // What stands beside it is not behind it.
        let further = hops.iter().enumerate().skip(at + 1).skip_while(|(_, hop)| hop.beside);
        let behind = std::iter::once((at, hop)).chain(further).filter_map(|(index, hop)| {
            let next = HopResult::behind(hops, index);
            let names: Vec<&str> = next.iter().map(|next| next.name.as_str()).collect();
            let name = if names.is_empty() { RECEIVER.to_owned() } else { names.join(", ") };
            let began = hop.trouble_behind_ms.filter(|began| *began <= lost)?;
            Some(step(&name, HopEvent::Began, began))
        });
        out.extend(behind);
        out.sort_by(|a, b| a.at_ms.total_cmp(&b.at_ms));
    }
    out.push(step(&hop.name, event, lost));
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn hop(name: &str, lost: &[(CollectorLoss, u64)], times: [Option<f64>; 2]) -> HopResult {
        let lost: BTreeMap<Fate, u64> =
            lost.iter().map(|(loss, count)| (Fate::LostInCollector(*loss), *count)).collect();
        let [lost_from_ms, trouble_behind_ms] = times;
        HopResult { name: name.to_owned(), lost, lost_from_ms, trouble_behind_ms, ..HopResult::default() }
    }

    #[test]
    fn each_hop_answers_for_what_it_lost() {
        let full = CollectorLoss::QueueFull;
        let hops = [
            hop("agent", &[(full, 30), (CollectorLoss::Crash, 5)], [Some(2100.0), Some(1500.0)]),
            hop("gateway", &[(full, 90)], [Some(1800.0), Some(1200.0)]),
        ];
        let of = |fate| shares(&hops, fate).into_iter().map(|(_, one)| one).collect::<Vec<_>>();
        let fate = Fate::LostInCollector(full);
        assert_eq!(of(fate), [("agent".to_owned(), 0.25), ("gateway".to_owned(), 0.75)]);
        assert_eq!(of(Fate::LostInCollector(CollectorLoss::Crash)), [("agent".to_owned(), 1.0)]);
        assert_eq!(of(Fate::RefusedByCollector), [("agent".to_owned(), 1.0)]);
        assert_eq!(of(Fate::LostInCollector(CollectorLoss::Unknown)), []);
        let told = |at, fate| {
            path(&hops, at, fate).into_iter().map(|one| (one.service, one.event)).collect::<Vec<_>>()
        };
        let step = |name: &str, event| (name.to_owned(), event);
        // The back end was in trouble first, then the gateway, then the agent's queue was full.
        assert_eq!(
            told(0, fate),
            [
                step("receiver", HopEvent::Began),
                step("gateway", HopEvent::Began),
                step("agent", HopEvent::QueueFull)
            ]
        );
        assert_eq!(told(1, fate), [step("receiver", HopEvent::Began), step("gateway", HopEvent::QueueFull)]);
        assert_eq!(
            told(0, Fate::LostInCollector(CollectorLoss::Crash)),
            [step("agent", HopEvent::Lost)],
            "a crash needs no trouble behind it"
        );
    }

    #[test]
    fn trouble_that_came_after_the_loss_is_no_step_towards_it() {
        let hops = [hop("agent", &[(CollectorLoss::SendFailed, 3)], [Some(900.0), Some(1500.0)])];
        let found = path(&hops, 0, Fate::LostInCollector(CollectorLoss::SendFailed));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].service.as_str(), found[0].event), ("agent", HopEvent::Lost));
    }
}
