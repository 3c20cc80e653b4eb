//! The search for the highest value that loses nothing: bracketing, then bisection, with repeats at every value. It is told
//! what trials saw and says what to try next; running them is the caller's business.

use spanfate_model::finding::frontier::{FrontierFound, SearchEnd, TriedValue};

/// What a trial at some value saw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TrialSight {
    /// Nothing was lost.
    Clean,
    /// Spans were lost.
    Lossy,
    /// The machine spoilt it.
    Unusable,
}

/// A search.
#[derive(Clone, Debug)]
pub struct FrontierSearch {
    start: f64,
    bounds: (f64, f64),
    /// The search ends when the values on both sides of the frontier are this close, as a share.
    resolution: f64,
    /// So many clean trials a value needs.
    repeats: u64,
    steps: Vec<TriedValue>,
}

/// So many unusable trials at a value, and it is given up.
const MOST_UNUSABLE: u64 = 4;

/// From one value of the bracket to the next.
const STRIDE: f64 = 2.0;

impl FrontierSearch {
    /// A search that begins at `start`, stays within `bounds` (both above zero) and ends when the frontier is known to a share
    /// of `resolution`. A value counts as clean after `repeats` clean trials.
    pub fn new(start: f64, bounds: (f64, f64), resolution: f64, repeats: u64) -> Self {
        let (low, high) = (bounds.0.min(bounds.1), bounds.1.max(bounds.0));
        Self {
            start: start.clamp(low, high),
            bounds: (low, high),
            resolution: resolution.max(1e-3),
            repeats: repeats.max(1),
            steps: Vec::new(),
        }
    }

    /// Takes what a trial saw.
    pub fn saw(&mut self, value: f64, seen: TrialSight) {
        if !self.steps.iter().any(|step| is_at(step, value)) {
            self.steps.push(TriedValue { value, ..TriedValue::default() });
        }
        for step in self.steps.iter_mut().filter(|step| is_at(step, value)) {
            match seen {
                TrialSight::Clean => step.clean += 1,
                TrialSight::Lossy => step.lossy += 1,
                TrialSight::Unusable => step.unusable += 1,
            }
        }
    }

    /// The value to try next; `None` when the search is over.
    pub fn next(&self) -> Option<f64> {
        // What was begun is brought to its end first.
        let open = |step: &&TriedValue| step.lossy == 0 && step.clean < self.repeats && !is_given_up(step);
        if let Some(step) = self.steps.iter().find(open) {
            return Some(step.value);
        }
        let (low, high) = self.bracket();
        let (most, least) = (self.bounds.1, self.bounds.0);
        match (low, high) {
            (None, None) if self.steps.is_empty() => Some(self.start),
            // What the machine cannot carry is no loss, but there is nothing above it either.
            (None, None) => below(self.lowest_given_up()?, least),
            (Some(low), None) => {
                let ceiling = self.lowest_given_up().map_or(most, |value| value.min(most));
                let next = (low * STRIDE).min(most);
                if next < ceiling || (next <= ceiling && self.lowest_given_up().is_none()) {
                    (next > low).then_some(next)
                } else {
                    self.between(low, ceiling)
                }
            }
            (None, Some(high)) => below(high, least),
            // What cannot be judged between the two is gone around from below.
            (Some(low), Some(high)) => {
                let unknown = self.given_up().filter(|value| *value > low && *value < high);
                self.between(low, unknown.fold(high, f64::min))
            }
        }
    }

    /// What was found so far.
    pub fn found(&self) -> FrontierFound {
        let (low, high) = self.bracket();
        // A clean value above a lossy one: chance decides there, so all of it belongs to the interval.
        let top = self.clean().fold(0.0, f64::max);
        let above = self.lossy().filter(|value| *value > top).fold(f64::INFINITY, f64::min);
        let end = match (low, high) {
            (Some(_), Some(_)) if self.next().is_none() => SearchEnd::Found,
            (Some(low), None) if low >= self.bounds.1 => SearchEnd::AtLeast,
            (_, None) if self.lowest_given_up().is_some() => SearchEnd::Machine,
            (None, Some(high)) if high <= self.bounds.0 => SearchEnd::Below,
            _ => SearchEnd::Unfinished,
        };
        let mut steps = self.steps.clone();
        steps.sort_by(|a, b| a.value.total_cmp(&b.value));
        FrontierFound { low, high: high.map(|_| above).filter(|value| value.is_finite()), end, steps }
    }

    /// The highest clean value below every loss, and the lowest loss.
    fn bracket(&self) -> (Option<f64>, Option<f64>) {
        let high = self.lossy().fold(f64::INFINITY, f64::min);
        let low = self.clean().filter(|value| *value < high).fold(0.0, f64::max);
        ((low > 0.0).then_some(low), high.is_finite().then_some(high))
    }

    fn clean(&self) -> impl Iterator<Item = f64> {
        let repeats = self.repeats;
        self.steps.iter().filter(move |step| step.lossy == 0 && step.clean >= repeats).map(|step| step.value)
    }

    fn lossy(&self) -> impl Iterator<Item = f64> {
        self.steps.iter().filter(|step| step.lossy > 0).map(|step| step.value)
    }

    fn lowest_given_up(&self) -> Option<f64> {
        self.given_up().min_by(f64::total_cmp)
    }

    fn given_up(&self) -> impl Iterator<Item = f64> {
        self.steps.iter().filter(|step| step.lossy == 0 && is_given_up(step)).map(|step| step.value)
    }

    /// The middle, unless both are close enough.
    fn between(&self, low: f64, high: f64) -> Option<f64> {
        (high / low > 1.0 + self.resolution).then(|| (low * high).sqrt())
    }
}

fn is_at(step: &TriedValue, value: f64) -> bool {
    step.value.to_bits() == value.to_bits()
}

/// The next value down, unless it is the last.
fn below(value: f64, least: f64) -> Option<f64> {
    (value > least).then(|| (value / STRIDE).max(least))
}

fn is_given_up(step: &TriedValue) -> bool {
    step.unusable >= MOST_UNUSABLE
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::Rng;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    /// Runs a search against a world, to its end.
    fn search(start: f64, mut world: impl FnMut(f64) -> TrialSight) -> (FrontierFound, u64) {
        let mut search = FrontierSearch::new(start, (1.0, 1e6), 0.03, 2);
        let mut trials = 0;
        while let Some(value) = search.next() {
            search.saw(value, world(value));
            trials += 1;
            assert!(trials < 200, "no end: {search:?}");
        }
        (search.found(), trials)
    }

    proptest! {
        #[test]
        fn a_sharp_frontier_is_found_to_the_resolution(at in 2.0..5e5_f64, start in 1.0..1e6_f64) {
            let (found, trials) = search(start, |value| if value <= at { TrialSight::Clean } else { TrialSight::Lossy });
            prop_assert_eq!(found.end, SearchEnd::Found);
            let (low, high) = (found.low.unwrap(), found.high.unwrap());
            prop_assert!(low <= at && at < high && high / low <= 1.031, "{low} {at} {high}");
            prop_assert!(trials <= 60, "{trials}");
        }

        #[test]
        fn bounds_end_a_search(start in 1.0..1e6_f64) {
            let (found, _) = search(start, |_| TrialSight::Clean);
            prop_assert_eq!((found.end, found.low, found.high), (SearchEnd::AtLeast, Some(1e6), None));
            let (found, _) = search(start, |_| TrialSight::Lossy);
            prop_assert_eq!((found.end, found.low, found.high), (SearchEnd::Below, None, Some(1.0)));
        }

        #[test]
        fn a_machine_that_carries_no_more_ends_it(most in 10.0..1e5_f64) {
            let (found, _) = search(5.0, |value| if value <= most { TrialSight::Clean } else { TrialSight::Unusable });
            prop_assert_eq!(found.end, SearchEnd::Machine);
            let low = found.low.unwrap();
            prop_assert!(low <= most && most / low <= 1.031, "{low} {most}");
        }
    }

    proptest! {
        /// Whatever trials say, a search ends, and says an interval that no trial contradicts.
        #[test]
        fn every_search_ends(start in 1.0..1e6_f64, seed in any::<u64>()) {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let (found, _) = search(start, |_| match random.random_range(0..3) {
                0 => TrialSight::Clean,
                1 => TrialSight::Lossy,
                _ => TrialSight::Unusable,
            });
            if let (Some(low), Some(high)) = (found.low, found.high) {
                prop_assert!(low < high);
            }
        }

        #[test]
        fn a_band_that_cannot_be_judged_is_gone_around(at in 100.0..5e4_f64) {
            let (found, _) = search(10.0, |value| match value {
                value if value <= at => TrialSight::Clean,
                value if value <= at * 1.8 => TrialSight::Unusable,
                _ => TrialSight::Lossy,
            });
            let low = found.low.unwrap();
            prop_assert!(low <= at && at / low <= 1.031, "{low} {at} {found:?}");
            prop_assert!(found.high.is_none_or(|high| high > at));
        }
    }

    /// Losses begin by chance, 10 % apart from never to always: the interval holds the middle in nine of ten searches.
    #[test]
    fn a_frontier_with_noise_lies_in_the_interval() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut held = 0;
        for _ in 0..400 {
            let chance = |value: f64| ((value - 950.0) / 100.0).clamp(0.0, 1.0);
            let world = |value| {
                if random.random::<f64>() < chance(value) { TrialSight::Lossy } else { TrialSight::Clean }
            };
            let (found, _) = search(300.0, world);
            let (low, high) = (found.low.unwrap(), found.high.unwrap());
            // The middle of the band, to its half width: a search stops at the first loss it meets.
            held += u32::from(low <= 1050.0 && high >= 950.0);
        }
        assert!(held >= 360, "{held} of 400");
    }
}
