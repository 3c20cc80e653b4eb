//! The schedule of an open load: the intended start of every request, before the first of them.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::planned::PlannedLoad;
use crate::scenario::Arrival;

/// The intended start of every request, in nanoseconds from the start of the load: warm-up, then the measured part. Ascending.
/// Empty for a closed load, which has no intentions.
///
/// Equal seeds give equal schedules (`ChaCha8`).
pub fn schedule(load: &PlannedLoad, seed: u64) -> Vec<u64> {
    if load.closed.is_some() {
        return Vec::new();
    }
    if let Some(replay) = &load.replay {
        return replay.offsets().collect();
    }
    let curve = load.curve();
    let total = curve.total();
    match load.arrival {
        Arrival::Constant => curve.due((0..total.round() as u64).map(|number| number as f64)).collect(),
        // A Poisson process of rate 1, seen through the curve, is one of the curve's rate.
        Arrival::Poisson => {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let mut at = 0.0;
            let numbers = std::iter::repeat_with(move || {
                let u: f64 = random.random();
                at -= (1.0 - u).ln();
                at
            });
            curve.due(numbers).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::*;
    use crate::quantity::unit::{Period, Rate};
    use crate::scenario::{Bursts, Load, LoadStep, Model, Ramp, Shape};

    fn planned(arrival: Arrival, shape: Shape) -> PlannedLoad {
        PlannedLoad::resolve(&Load {
            arrival: Some(arrival),
            shape: Some(shape),
            ..Load::steady(Rate(5000.0), Period::millis(4000))
        })
    }

    #[test]
    fn the_schedule_is_the_plan_and_nothing_else() {
        let constant = schedule(&planned(Arrival::Constant, Shape::Constant), 1);
        assert_eq!(constant.len(), 25_000);
        assert_eq!(&constant[..3], [0, 200_000, 400_000]);
        let load = planned(Arrival::Poisson, Shape::Constant);
        let poisson = schedule(&load, 1);
        assert!((24_000..26_000).contains(&poisson.len()), "{}", poisson.len());
        assert!(poisson.is_sorted());
        assert_eq!(poisson, schedule(&load, 1));
        assert_ne!(poisson, schedule(&load, 2));
    }

    #[test]
    fn a_ramp_is_half_way_in_rate_at_half_time() {
        let load = planned(Arrival::Constant, Shape::Ramp(Ramp { to: Rate(1000.0) }));
        let all = schedule(&load, 1);
        // 5,000 of the warm-up, and 3,000/s on average for 4 s.
        assert_eq!(all.len(), 17_000);
        let middle = all.iter().position(|at| *at >= 3_000_000_000).unwrap();
        assert_eq!(middle, 5_000 + 8_000);
        let gap = all[middle + 1] - all[middle];
        assert!((330_000..337_000).contains(&gap), "{gap}");
    }

    #[test]
    fn a_closed_load_has_no_intentions() {
        let closed = Load { model: Some(Model::Closed), requests: NonZeroU32::new(9), ..Load::default() };
        let load = PlannedLoad::resolve(&closed);
        assert_eq!((schedule(&load, 1).len(), load.requests()), (0, 9));
    }

    fn shape() -> impl Strategy<Value = Shape> {
        let rate = || (10.0..5_000.0_f64).prop_map(Rate);
        let period = || (20..800_u64).prop_map(Period::millis);
        let step = (rate(), period()).prop_map(|(rate, lasting)| LoadStep { rate, lasting });
        prop_oneof![
            Just(Shape::Constant),
            rate().prop_map(|to| Shape::Ramp(Ramp { to })),
            prop::collection::vec(step, 1..6).prop_map(Shape::Steps),
            (rate(), period(), period()).prop_map(|(rate, rest, lasting)| {
                Shape::Bursts(Bursts { rate, lasting, every: Period(rest.0 + lasting.0) })
            }),
        ]
    }

    prop_compose! {
        fn load()(
            shape in shape(), rate in 10.0..5_000.0_f64, warmup in 0..900_u64, lasting in 100..2_000_u64,
        ) -> PlannedLoad {
            PlannedLoad::resolve(&Load {
                shape: Some(shape),
                warmup: Some(Period::millis(warmup)),
                ..Load::steady(Rate(rate), Period::millis(lasting))
            })
        }
    }

    /// The rate at a time, straight from the definition of each shape.
    fn rate_at(load: &PlannedLoad, ns: u64) -> f64 {
        let base = load.rate.unwrap().0;
        let Some(into) = ns.checked_sub(load.warmup.nanos()) else { return base };
        match &load.shape {
            Shape::Constant => base,
            Shape::Ramp(ramp) => base + (ramp.to.0 - base) * into as f64 / load.lasting.nanos() as f64,
            Shape::Steps(steps) => {
                let mut end = 0;
                let step = steps.iter().find(|step| {
                    end += step.lasting.nanos();
                    into < end
                });
                step.or(steps.last()).unwrap().rate.0
            }
            Shape::Bursts(bursts) => {
                let bursting = into % bursts.every.nanos() < bursts.lasting.nanos();
                if bursting { bursts.rate.0 } else { base }
            }
        }
    }

    /// Requests expected between two times: the rate, summed in slices of a tenth of a millisecond.
    fn expected(load: &PlannedLoad, from: u64, to: u64) -> f64 {
        let slice = 100_000;
        (from / slice..to / slice).map(|at| rate_at(load, at * slice + slice / 2) * slice as f64 / 1e9).sum()
    }

    fn count(schedule: &[u64], from: u64, to: u64) -> f64 {
        schedule.iter().filter(|at| (from..to).contains(at)).count() as f64
    }

    proptest! {
        #[test]
        fn every_window_of_a_constant_schedule_holds_what_its_rate_says(load in load(), part in 0..10_u64) {
            let all = schedule(&load, 1);
            prop_assert!(all.is_sorted());
            let end = load.warmup.nanos() + load.lasting.nanos();
            prop_assert!(all.last().is_none_or(|last| *last < end));
            // The definition above is summed at the middle of slices; a millisecond is ten of them.
            let ms = 1_000_000;
            let (from, to) = (end / ms * part / 10 * ms, end / ms * (part + 1) / 10 * ms);
            let (counted, wanted) = (count(&all, from, to), expected(&load, from, to));
            prop_assert!((counted - wanted).abs() <= 1.5 + wanted * 1e-3, "{counted} of {wanted}");
            prop_assert!((all.len() as f64 - load.requests() as f64).abs() <= 1.0);
        }

        #[test]
        fn a_poisson_schedule_has_the_right_number_in_every_window(load in load(), seed: u64, part in 0..4_u64) {
            let load = PlannedLoad { arrival: Arrival::Poisson, ..load };
            let all = schedule(&load, seed);
            prop_assert!(all.is_sorted());
            prop_assert_eq!(&all, &schedule(&load, seed));
            let ms = 1_000_000;
            let end = load.warmup.nanos() + load.lasting.nanos();
            prop_assert!(all.last().is_none_or(|last| *last <= end));
            let (from, to) = (end / ms * part / 4 * ms, end / ms * (part + 1) / 4 * ms);
            let (counted, wanted) = (count(&all, from, to), expected(&load, from, to));
            // Seven standard deviations, and room for windows that expect next to nothing.
            prop_assert!((counted - wanted).abs() <= 7.0 * wanted.sqrt() + 12.0, "{counted} of {wanted}");
        }

        #[test]
        fn the_mean_rate_is_that_of_the_measured_part(load in load()) {
            let end = load.warmup.nanos() + load.lasting.nanos();
            let wanted = expected(&load, load.warmup.nanos(), end) / load.lasting.seconds();
            prop_assert!((load.offered() - wanted).abs() <= wanted * 1e-3 + 0.01, "{} of {wanted}", load.offered());
        }
    }

    #[test]
    fn many_poisson_schedules_together_follow_the_ramp() {
        let load = planned(Arrival::Poisson, Shape::Ramp(Ramp { to: Rate(1000.0) }));
        for window in 0..5 {
            let (from, to) = (window * 1_000_000_000, (window + 1) * 1_000_000_000);
            let counted: f64 =
                (0..40).map(|seed| count(&schedule(&load, seed), from, to)).sum::<f64>() / 40.0;
            let wanted = expected(&load, from, to);
            // Five standard deviations of the mean.
            assert!(
                (counted - wanted).abs() < 5.0 * (wanted / 40.0).sqrt(),
                "{window}: {counted} of {wanted}"
            );
        }
    }
}
