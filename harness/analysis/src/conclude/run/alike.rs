//! What is said alike of several trials is said once.

use spanfate_model::verdict::Verdict;

/// A reason that a trial gives the verdict.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TrialReason {
    pub(crate) trial: u16,
    pub(crate) worse: Verdict,
    pub(crate) reason: String,
}

/// The reasons in the order in which the first trial gives each, with the trials that do.
pub(crate) fn together(reasons: Vec<TrialReason>) -> Vec<(Verdict, String)> {
    let mut groups: Vec<(Verdict, String, Vec<u16>)> = Vec::new();
    for TrialReason { trial, worse, reason } in reasons {
        match groups.iter_mut().find(|(known, said, _)| *known == worse && *said == reason) {
            Some((.., trials)) => trials.push(trial),
            None => groups.push((worse, reason, vec![trial])),
        }
    }
    groups
        .into_iter()
        .map(|(worse, reason, trials)| (worse, format!("{}: {reason}", named(&trials))))
        .collect()
}

/// Trials, each run of three or more by its ends.
fn named(trials: &[u16]) -> String {
    let mut sorted = trials.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let runs = sorted.chunk_by(|one, next| one + 1 == *next);
    let said: Vec<String> = runs
        .flat_map(|run| match run {
            [first, _, .., last] => vec![format!("{first} to {last}")],
            few => few.iter().map(u16::to_string).collect(),
        })
        .collect();
    let word = if sorted.len() == 1 { "trial" } else { "trials" };
    match said.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{word} {} and {last}", others.join(", ")),
        _ => format!("{word} {}", said.join("")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_are_named_by_runs() {
        let cases: [(&[u16], &str); 5] = [
            (&[4], "trial 4"),
            (&[0, 1], "trials 0 and 1"),
            (&[2, 0, 1], "trials 0 to 2"),
            (&[0, 1, 2, 3, 5, 6, 7], "trials 0 to 3 and 5 to 7"),
            (&[0, 2, 3, 9], "trials 0, 2, 3 and 9"),
        ];
        for (trials, said) in cases {
            assert_eq!(named(trials), said);
        }
    }

    #[test]
    fn only_what_is_alike_and_as_bad_is_joined() {
        let of = |trial, worse, reason: &str| TrialReason { trial, worse, reason: reason.to_owned() };
        let (open, broken) = (Verdict::Inconclusive, Verdict::AccountingBroken);
        let all = vec![of(0, open, "a"), of(1, broken, "a"), of(1, open, "b"), of(2, open, "a")];
        let said = [(open, "trials 0 and 2: a"), (broken, "trial 1: a"), (open, "trial 1: b")];
        assert_eq!(together(all), said.map(|(worse, said)| (worse, said.to_owned())));
    }
}
