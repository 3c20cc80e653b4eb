//! A comparison on the page.

use spanfate_model::result::change::Change;
use spanfate_model::result::{Looks, RunResult};
use spanfate_model::verdict::Verdict;

use crate::sample;
use crate::sections::traces::{asked, section};

fn answer(result: &RunResult) -> String {
    let text = asked(result, "change");
    let text = text.split("<p class=\"answer\">").nth(1).unwrap_or_default();
    text.split("</p>").next().unwrap_or_default().to_owned()
}

#[test]
fn a_worse_candidate_is_shown_trial_by_trial() {
    let change = asked(&sample::compared(), "change");
    for words in [
        "Yes: candidate beside baseline is worse in response.p50 (+7.1 %, 95 % interval +5.1 % to +9.1 %). Nothing is proven of \
         memory.peak.",
        "✗ fail",
        "10 pairs. Mean of the baseline 0.310 ms, of the candidate 0.332 ms; change +7.1 %, 95 % interval +5.1 % to +9.1 %, \
         smallest change that matters ±5.0 %.",
        "<strong>✗ worse</strong>",
        "<strong>? inconclusive</strong>",
        "= same",
        "Holm over 2 figures",
        "MiB</text>",
        "+10.0 %</text>",
    ] {
        assert!(change.contains(words), "{words}\nis missing in\n{change}");
    }
    assert_eq!(change.matches("role=\"img\"").count(), 2);
    // Ten pairs of two figures, each a dot per trial and a line; and the key's dot.
    assert_eq!(change.matches("<circle class=\"f text\"").count(), 41);
    assert_eq!(change.matches("class=\"l trial\"").count(), 20);
    assert!(section(&sample::nine(), "change").is_none());
}

#[test]
fn the_answer_is_right_in_every_case() {
    let with = |changes: [Change; 2]| {
        let mut result = sample::compared();
        let comparison = result.comparison.as_mut().unwrap_or_else(|| unreachable!("a comparison"));
        comparison.verdict = Verdict::Pass;
        for (row, change) in comparison.rows.iter_mut().skip(1).zip(changes) {
            row.change = change;
        }
        result
    };
    let cases = [
        (
            [Change::Same, Change::Same],
            "No: of candidate beside baseline all 2 deciding figures change by less than what matters.",
        ),
        (
            [Change::Better, Change::Same],
            "Yes: candidate beside baseline is better in response.p50 (+7.1 %, 95 % interval +5.1 % to +9.1 %).",
        ),
        (
            [Change::Inconclusive, Change::Inconclusive],
            "That cannot be said of candidate beside baseline. Nothing is proven of response.p50, memory.peak.",
        ),
    ];
    for (changes, said) in cases {
        assert_eq!(answer(&with(changes)), said);
    }
    let mut empty = sample::compared();
    let comparison = empty.comparison.as_mut().unwrap_or_else(|| unreachable!("a comparison"));
    comparison.rows.clear();
    comparison.looks = Some(Looks { planned: 3, decided: 1, rule: "alpha / looks".to_owned() });
    assert_eq!(
        answer(&empty),
        "That cannot be said of candidate beside baseline: no pair has a figure that decides."
    );
    assert!(asked(&empty, "change").contains("look 1 of 3 (alpha / looks)"));
}

#[test]
fn figures_without_pairs_have_a_plot_that_says_so() {
    let mut result = sample::compared();
    for row in result.comparison.iter_mut().flat_map(|comparison| &mut comparison.rows) {
        (row.baseline, row.candidate) = (Vec::new(), Vec::new());
        (row.effect, row.interval) = (None, None);
    }
    let change = asked(&result, "change");
    assert_eq!(change.matches("no valid trial").count(), 2);
    assert_eq!(change.matches(">not known</text>").count(), 2);
    assert!(!change.contains("NaN") && !change.contains("inf"));
}
