//! `[compare]`: two variants that are there, and pairs enough to conclude.

use spanfate_analysis::statistics::{MOST_PAIRS, least_pairs};
use spanfate_model::scenario::{ALPHA, Scenario};

use super::{Problems, meant, variant_names};

/// Checks the comparison, if there is one.
pub(super) fn compare(out: &mut Problems, scenario: &Scenario) {
    let Some(compare) = &scenario.compare else { return };
    let known = variant_names(scenario);
    for (key, name) in [("baseline", &compare.baseline), ("candidate", &compare.candidate)] {
        if !known.contains(&name.as_str()) {
            out.add(&["compare", key], format!("there is no variant `{name}`"), &meant(name, &known));
        }
    }
    if compare.baseline == compare.candidate {
        let help = "name two; for an A/A comparison write the same variant twice, under two names";
        out.add(&["compare", "candidate"], "it is compared with itself", help);
    }
    if scenario.trials.get() > 1 {
        let help = "take it out; `pairs` says how many trials each variant has";
        out.add(&["trials"], "`trials` and `compare.pairs` say the same thing", help);
    }
    let (pairs, looks, gates) = (compare.pairs.get(), compare.looks.get(), compare.gate.0.len());
    if pairs as usize > MOST_PAIRS {
        out.add(&["compare", "pairs"], format!("{pairs} pairs are more than {MOST_PAIRS}"), "use fewer");
    }
    let least = least_pairs(gates, ALPHA, looks as usize).unwrap_or(usize::MAX);
    if (pairs as usize) < least {
        let message = format!(
            "{pairs} pairs can never conclude: with {gates} deciding figures and {looks} looks the smallest p value is above {ALPHA}"
        );
        let help = format!("use {least} pairs or more, or fewer figures in `gate`");
        out.add(&["compare", "pairs"], message, &help);
    }
}
