//! How sure a first cause is: its evidence, put through a step function that `spanfate why --evaluate` fits on cases whose truth is known. The
//! committed one says in `made_by` which cases these were.

use std::sync::LazyLock;

use spanfate_model::finding::evaluation::ConfidenceTable;

/// The table that holds; its `made_by` says where it is from.
const HELD: &str = include_str!("confidence.json");

static TABLE: LazyLock<ConfidenceTable> = LazyLock::new(|| serde_json::from_str(HELD).unwrap_or_default());

/// The table that is built in.
pub fn held() -> &'static ConfidenceTable {
    &TABLE
}

/// The confidence that belongs to an amount of evidence, both 0 to 1.
pub(super) fn of(evidence: f64) -> f64 {
    TABLE.confidence(evidence)
}

/// Who answers without evidence is right about as often: one of some twenty candidates, or of three times as many.
const GUESS: f64 = 0.05;
/// Steps between a guess and the first answers that were seen.
const RAMP: u32 = 4;

/// A step of a table that is being fitted: answers of neighbouring evidence.
#[derive(Clone, Copy)]
struct FittedStep {
    from: f64,
    right: f64,
    all: f64,
    /// Sum of their evidence.
    evidence: f64,
}

impl FittedStep {
    fn share(&self) -> f64 {
        self.right / self.all
    }

    fn with(self, next: &Self) -> Self {
        Self {
            from: self.from,
            right: self.right + next.right,
            all: self.all + next.all,
            evidence: self.evidence + next.evidence,
        }
    }

    /// Drawn towards a half as by one right and one wrong answer more, so that few answers make no certainty.
    fn smooth(&self) -> f64 {
        rounded((self.right + 1.0) / (self.all + 2.0))
    }
}

/// Fits a table: the share of right answers as a function of their evidence that never falls (pool adjacent violators). Below the middle of the
/// lowest answers it goes down to a guess, which is what no evidence is worth.
pub fn fit(answers: &[(f64, bool)], made_by: &str) -> ConfidenceTable {
    let mut answers = answers.to_vec();
    answers.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut steps: Vec<FittedStep> = Vec::new();
    for (evidence, right) in &answers {
        let (from, evidence) = (*evidence, *evidence);
        let mut step = FittedStep { from, right: f64::from(u8::from(*right)), all: 1.0, evidence };
        while let Some(before) = steps.pop_if(|before| before.share() >= step.share()) {
            step = before.with(&step);
        }
        steps.push(step);
    }
    let mut out = steps.first().map_or_else(Vec::new, ramp);
    let mut least = out.last().map_or(0.0, |(_, confidence)| *confidence);
    for step in steps.iter().skip(1) {
        // Smoothing draws small steps more than large ones; it shall not make the function fall.
        least = step.smooth().max(least);
        out.push(((step.from * 1e4).floor() / 1e4, least));
    }
    ConfidenceTable { made_by: made_by.to_owned(), answers: answers.len() as u64, steps: out }
}

/// From a guess up to the first step, which holds from the middle of its answers on.
fn ramp(first: &FittedStep) -> Vec<(f64, f64)> {
    let (middle, height) = (first.evidence / first.all, first.smooth());
    let low = GUESS.min(height);
    let at = |part: u32| {
        let share = f64::from(part) / f64::from(RAMP);
        (rounded(middle * share), rounded(low + (height - low) * share))
    };
    (0..=RAMP).map(at).collect()
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_table_is_one_and_never_falls() {
        let table: ConfidenceTable = serde_json::from_str(HELD).unwrap();
        assert!(!table.steps.is_empty() && !table.made_by.is_empty());
        assert!(table.steps.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1), "{:?}", table.steps);
        assert!(table.steps.iter().all(|(_, confidence)| (0.0..=1.0).contains(confidence)));
        assert!(of(1.0) >= of(0.5) && of(0.5) >= of(0.0));
    }

    #[test]
    fn what_is_wrong_beside_what_is_right_is_pooled() {
        // Below a half one of three is right, above it three of three.
        let answers = [(0.1, false), (0.2, true), (0.3, false), (0.7, true), (0.8, true), (0.9, true)];
        let table = fit(&answers, "a test");
        assert_eq!(table.answers, 6);
        let all_right = table.confidence(0.95);
        assert!((all_right - 0.8).abs() < 1e-9, "{all_right}");
        assert!(table.confidence(0.25) < 0.6 && table.confidence(0.0) <= table.confidence(0.25));
        // Below all that was seen lies a guess.
        assert!((table.confidence(0.0) - GUESS).abs() < 1e-9 && table.confidence(0.06) < 0.2, "{table:?}");
        assert!(table.steps.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1), "{:?}", table.steps);
        assert!(fit(&[], "a test").steps.is_empty());
    }
}
