//! What the rate of a sampler that follows the load did when the load changed: how long it took, how far it went too far, and how often
//! it turned back.

use spanfate_model::format::slots::RateChange;
use spanfate_model::load::PlannedLoad;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::{ControlFigures, RateStep};
use spanfate_model::scenario::Shape;

use crate::statistics::quantile::millis;

/// The figures of the loop of one process; nothing where it has none. `began`: the load's beginning, with its warm-up.
pub(crate) fn figures(
    rates: &[(MonoNs, RateChange)],
    load: &PlannedLoad,
    began: MonoNs,
) -> Option<ControlFigures> {
    let (_, first) = rates.first()?;
    let measured = began.saturating_add(load.warmup.nanos());
    let end = measured.saturating_add(load.lasting.nanos());
    let mut out = ControlFigures::default();
    let mut before = share(first.rate);
    let mut windows = windows(load, measured, end).into_iter().peekable();
    while let Some(from) = windows.next() {
        let to = windows.peek().copied().unwrap_or(end);
        let changes: Vec<(MonoNs, f64)> = rates
            .iter()
            .filter(|(at, _)| (from..to).contains(at))
            .map(|(at, change)| (*at, share(change.rate)))
            .collect();
        before = rates.iter().rfind(|(at, _)| *at < from).map_or(before, |(_, change)| share(change.rate));
        add(&mut out, before, &changes, from);
    }
    let steps = rates.iter().map(|(at, change)| RateStep {
        at_ms: (*at as f64 - began as f64) / 1e6,
        rate: share(change.rate),
        cpu: share(change.cpu),
        memory: share(change.memory),
        requests: change.requests as f64 / 1e3,
    });
    out.rates = steps.collect();
    Some(out)
}

/// When the load takes up another rate in its measured part, which begins with one.
fn windows(load: &PlannedLoad, measured: MonoNs, end: MonoNs) -> Vec<MonoNs> {
    let Shape::Steps(steps) = &load.shape else { return vec![measured] };
    let mut at = measured;
    let mut out = Vec::new();
    for step in steps {
        if at < end {
            out.push(at);
        }
        at = at.saturating_add(step.lasting.nanos());
    }
    out
}

/// What happened between two changes of the load.
fn add(out: &mut ControlFigures, before: f64, changes: &[(MonoNs, f64)], from: MonoNs) {
    let Some((last, rest)) = changes.last() else { return };
    out.changes += changes.len() as u64;
    out.settling_ms = out.settling_ms.max(millis(last - from));
    let (mut rate, mut rose) = (before, None);
    for (_, next) in changes {
        let rises = *next > rate;
        out.reversals += u64::from(rose.is_some_and(|rose| rose != rises));
        (rate, rose) = (*next, Some(rises));
    }
    let way = rest - before;
    let beyond = changes.iter().map(|(_, rate)| (rate - rest) * way.signum()).fold(0.0, f64::max);
    // Where it came back to where it began, all of the way was too far.
    out.overshoot = out.overshoot.max(if way == 0.0 { 1.0 } else { beyond / way.abs() });
}

fn share(millionths: u32) -> f64 {
    f64::from(millionths) / 1e6
}

#[cfg(test)]
mod tests {
    use spanfate_model::quantity::unit::{Period, Rate};
    use spanfate_model::scenario::{Load, LoadStep};

    use super::*;

    const MS: u64 = 1_000_000;

    /// Warm-up of one second, three steps of two.
    fn stepped() -> PlannedLoad {
        let step = |rate: f64| LoadStep { rate: Rate(rate), lasting: Period::millis(2_000) };
        PlannedLoad::resolve(&Load {
            shape: Some(Shape::Steps(vec![step(50.0), step(400.0), step(50.0)])),
            warmup: Some(Period::millis(1_000)),
            ..Load::default()
        })
    }

    /// The figures of rates at times, milliseconds since the load began.
    fn of(rates: &[(i64, u32)]) -> ControlFigures {
        let began = 10_000 * MS;
        let change = |(at, rate): &(i64, u32)| {
            let at = began.saturating_add_signed(*at * MS as i64);
            (at, RateChange { rate: rate * 10_000, ..RateChange::default() })
        };
        let rates: Vec<_> = rates.iter().map(change).collect();
        figures(&rates, &stepped(), began).unwrap()
    }

    #[test]
    fn one_change_settles_at_once_and_goes_nowhere_too_far() {
        let found = of(&[(-500, 50), (3_250, 10), (6_000, 50)]);
        assert_eq!((found.changes, found.reversals, found.overshoot), (2, 0, 0.0));
        assert!((found.settling_ms - 1_000.0).abs() < 1e-9, "{found:?}");
        assert_eq!(found.rates.len(), 3);
        assert_eq!((found.rates[0].at_ms, found.rates[0].rate), (-500.0, 0.5));
    }

    #[test]
    fn what_goes_too_far_and_comes_back_is_said() {
        // From 50 % to 1 % and back to 10 %: 9 of 40 points too far.
        let found = of(&[(-500, 50), (3_250, 1), (4_000, 10)]);
        assert_eq!((found.changes, found.reversals, found.settling_ms), (2, 1, 1_000.0));
        assert!((found.overshoot - 0.225).abs() < 1e-9, "{}", found.overshoot);
        // It swings, and ends where it began.
        let found = of(&[(-500, 50), (3_200, 10), (3_400, 50), (3_600, 10), (3_800, 50)]);
        assert_eq!((found.changes, found.reversals, found.overshoot), (4, 3, 1.0));
    }

    #[test]
    fn without_a_loop_there_are_no_figures_and_a_rate_that_stays_has_settled() {
        assert_eq!(figures(&[], &stepped(), 0), None);
        let found = of(&[(-500, 50)]);
        assert_eq!((found.changes, found.settling_ms, found.overshoot), (0, 0.0, 0.0));
    }
}
