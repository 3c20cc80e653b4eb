//! Which of several configurations nothing beats: in loss, response time and memory together.

use spanfate_model::result::{Basis, Cost, VariantResult};

/// Loss rates closer than this are one: a twentieth of a percent. No loss at all is apart from all others.
const LOSS_STEP: f64 = 0.0005;
/// Times closer than this share are one.
const TIME_STEP: f64 = 0.10;
/// Sizes of memory closer than this share are one.
const MEMORY_STEP: f64 = 0.05;

/// The cost of a variant; `None` where it does not rest on trials that are valid for loss and for latency.
pub(crate) fn cost(variant: &VariantResult) -> Option<Cost> {
    let valid = |figure: Basis| variant.trials.iter().any(|trial| trial.is_valid(figure));
    let summary = &variant.summary;
    let response = summary.response.as_ref().filter(|_| valid(Basis::Loss) && valid(Basis::Latency))?;
    Some(Cost { loss: summary.loss.mean, response_ms: response.p99, memory: summary.fixture_rss as f64 })
}

/// The higher of both in everything.
pub(super) const fn worse(one: Cost, other: Cost) -> Cost {
    Cost {
        loss: one.loss.max(other.loss),
        response_ms: one.response_ms.max(other.response_ms),
        memory: one.memory.max(other.memory),
    }
}

/// Loss, response time and memory in steps of what a trial can tell apart: equal steps are equal, so that "beats" has no circles.
pub(super) fn steps(cost: Cost) -> [i64; 3] {
    let steps = |value: f64, share: f64| (value.max(1e-9).ln() / share.ln_1p()).round() as i64;
    let loss = if cost.loss > 0.0 { 1 + (cost.loss / LOSS_STEP).floor() as i64 } else { 0 };
    [loss, steps(cost.response_ms, TIME_STEP), steps(cost.memory, MEMORY_STEP)]
}

/// Which of these nothing beats: no other is at least as good in everything and better in something. What costs nobody knows
/// neither beats nor is among the best.
pub(crate) fn front(costs: &[Option<Cost>]) -> Vec<bool> {
    let all: Vec<Option<[i64; 3]>> = costs.iter().map(|cost| cost.map(steps)).collect();
    let best =
        |own: &Option<[i64; 3]>| own.is_some_and(|own| !all.iter().flatten().any(|other| beats(other, &own)));
    all.iter().map(best).collect()
}

/// At least as good in everything, and better in something.
fn beats(one: &[i64; 3], other: &[i64; 3]) -> bool {
    one != other && one.iter().zip(other).all(|(one, other)| one <= other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_nothing_beats_is_never_empty_and_never_beaten(
            ranks in proptest::collection::vec([0i64..4, 0i64..4, 0i64..4], 1..40),
        ) {
            let best: Vec<_> =
                ranks.iter().filter(|own| !ranks.iter().any(|other| beats(other, own))).collect();
            prop_assert!(!best.is_empty());
            for rank in &ranks {
                // Whoever is not among the best is beaten by one of them.
                prop_assert!(best.contains(&rank) || best.iter().any(|one| beats(one, rank)));
            }
        }
    }

    #[test]
    fn what_loses_nothing_is_apart_from_what_loses_little() {
        let cost = |loss: f64, p99: f64, mib: f64| Cost { loss, response_ms: p99, memory: mib * 1_048_576.0 };
        let costs = [cost(0.0, 10.0, 64.0), cost(1e-6, 10.2, 64.0), cost(0.3, 5.0, 32.0)];
        let found = costs.map(steps);
        assert!(beats(&found[0], &found[1]) && !beats(&found[0], &found[2]) && !beats(&found[2], &found[0]));
        let unknown = [Some(costs[1]), None, Some(costs[0]), Some(costs[2])];
        assert_eq!(front(&unknown), [false, false, true, true]);
        assert_eq!(front(&[None, None]), [false, false]);
        assert_eq!(worse(costs[0], costs[2]), cost(0.3, 10.0, 64.0));
    }
}
