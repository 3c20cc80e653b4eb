//! How sure a first cause is: its evidence, put through a step function that `spanfate why --evaluate` fits on cases whose truth is known. The
//! committed one says in `made_by` which cases these were.

use std::sync::LazyLock;

use spanfate_model::finding::evaluation::ConfidenceTable;

/// The table that holds; its `made_by` says where it is from.
const HELD: &str = include_str!("confidence.json");

static TABLE: LazyLock<ConfidenceTable> = LazyLock::new(|| serde_json::from_str(HELD).unwrap_or_default());

/// The confidence that belongs to an amount of evidence, both 0 to 1.
pub(super) fn of(evidence: f64) -> f64 {
    TABLE.confidence(evidence)
}

/// Fits a table: the share of right answers as a function of their evidence that never falls (pool adjacent violators). Each step is
/// drawn towards a half as by one right and one wrong answer more, so that few answers make no certainty.
pub fn fit(answers: &[(f64, bool)], made_by: &str) -> ConfidenceTable {
    let mut answers = answers.to_vec();
    answers.sort_by(|a, b| a.0.total_cmp(&b.0));
    // From which evidence on, right ones, and all.
    let mut steps: Vec<(f64, f64, f64)> = Vec::new();
    for (evidence, right) in &answers {
        steps.push((*evidence, f64::from(u8::from(*right)), 1.0));
        while let [.., (_, right, all), (_, next_right, next_all)] = steps[..]
            && right / all >= next_right / next_all
        {
            steps.pop();
            if let Some(last) = steps.last_mut() {
                *last = (last.0, right + next_right, all + next_all);
            }
        }
    }
    let smooth = |right: f64, all: f64| ((right + 1.0) / (all + 2.0) * 1e4).round() / 1e4;
    let mut least = 0.0;
    let mut out = Vec::new();
    for (from, right, all) in steps {
        // Smoothing draws small steps more than large ones; it shall not make the function fall.
        least = smooth(right, all).max(least);
        out.push(((from * 1e4).floor() / 1e4, least));
    }
    ConfidenceTable { made_by: made_by.to_owned(), answers: answers.len() as u64, steps: out }
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
        assert!(table.steps.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1), "{:?}", table.steps);
        assert!(fit(&[], "a test").steps.is_empty());
    }
}
