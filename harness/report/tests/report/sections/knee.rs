//! Where loss begins.

use spanfate_model::result::RunResult;

use crate::sample::{self, Axes};
use crate::sections::cells::answer;
use crate::sections::traces::{asked, section};

fn rates(queues: usize) -> RunResult {
    sample::matrix(Axes { queues, rates: 5, faults: 1 })
}

#[test]
fn loss_begins_between_two_rates_of_a_sweep() {
    let knee = asked(&rates(2), "knee");
    for words in [
        "With queue 512, faults none loss begins between 3,000/s and 4,000/s (by the capacity model at 3,346/s, which is 16,732 spans/s); \
         with queue 2048, faults none loss begins between 2,000/s and 4,000/s",
        "Loss begins between 3,000/s and 4,000/s. 1,000/s: 0 of 600,000; ",
        "offered rate, requests/s",
        "<td class=\"n\">3,346</td>",
    ] {
        assert!(knee.contains(words), "{words}\nis missing in\n{knee}");
    }
    assert_eq!(knee.matches("role=\"img\"").count(), 2);
    // Three trials at each of five rates, twice, of which three are not valid; and the key's dot.
    assert_eq!(knee.matches("<circle class=\"f text\"").count(), 28);
    assert_eq!(knee.matches("<circle class=\"l text\"").count(), 3);
    // The bracket of each, and the key's.
    assert_eq!(knee.matches("class=\"f band\"").count(), 3);
}

#[test]
fn many_configurations_are_summed_up_and_the_first_are_drawn() {
    let all = sample::matrix(Axes::ALL);
    assert_eq!(
        answer(&all, "knee"),
        "20 of 20 configurations lose spans at some rate: the first at 1,000/s (queue 512, faults outage), the last at 5,000/s \
         (queue 65536, faults kill)."
    );
    let knee = asked(&all, "knee");
    assert_eq!(knee.matches("role=\"img\"").count(), 12);
    assert!(
        knee.contains("8 more configurations are in the table only.")
            && knee.contains("hollow where it is not valid")
    );
}

#[test]
fn a_rate_that_always_or_never_loses_is_said_so() {
    let mut none = rates(1);
    none.variants.truncate(2);
    assert!(
        answer(&none, "knee")
            .starts_with("Nothing is lost up to 2,000/s, the highest that was tried (by the capacity model")
    );
    let mut all = rates(1);
    all.variants.drain(..3);
    assert!(answer(&all, "knee").starts_with("Spans are lost already at 4,000/s, the lowest that was tried"));
    let mut mixed = rates(1);
    for trial in &mut mixed.variants[0].trials {
        (trial.loss.lost, trial.loss.rate) = (7, 7.0 / 200_000.0);
    }
    assert!(
        answer(&mixed, "knee")
            .starts_with("Loss begins at 1,000/s but not sharply, nothing is lost at 3,000/s")
    );
    for mark in mixed.variants.iter_mut().flat_map(|v| &mut v.trials).flat_map(|trial| &mut trial.validity) {
        mark.valid = false;
    }
    assert!(answer(&mixed, "knee").starts_with("It cannot be said"));
}

#[test]
fn variants_at_one_rate_are_laid_out_by_their_ceiling() {
    assert_eq!(
        answer(&sample::nine(), "knee"),
        "Of the ceiling, loss begins between 39 % and 94 %; by the capacity model it begins where the rate reaches the ceiling of one \
         worker, 100 %."
    );
    let knee = asked(&sample::nine(), "knee");
    assert!(
        knee.contains("rate, as a share of the ceiling") && knee.contains("the capacity model, for ever")
    );
    assert!(!knee.contains("blocking"), "what blocks has no ceiling to overflow");
    for result in [sample::single(), sample::aborted(), sample::own(), sample::spanless()] {
        assert!(section(&result, "knee").is_none());
    }
}
