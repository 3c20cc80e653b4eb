//! A trial that was run again because the machine had spoilt it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::format::manifest::SpoiltAttempt;

/// The attempts at a trial. The last one counts, whatever it shows; what those before it measured against an expectation counts, too, where
/// the last one is not valid either.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Attempts {
    /// Number of the attempt that counts, from 1.
    pub number: u16,
    /// The most that were allowed.
    pub most: u16,
    /// Those before it.
    pub spoilt: Vec<SpoiltAttempt>,
}

impl fmt::Display for Attempts {
    /// `attempt 2 of 4; 1 spoilt by steal on the fixture's cores`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt {} of {}", self.number, self.most)?;
        let (own, others): (Vec<_>, Vec<_>) = self.spoilt.iter().partition(|one| !one.by.is_empty());
        if !own.is_empty() {
            let mut causes: Vec<&str> = own.iter().flat_map(|one| &one.by).map(String::as_str).collect();
            causes.sort_unstable();
            causes.dedup();
            write!(f, "; {} spoilt by {}", own.len(), causes.join(", "))?;
        }
        match others.len() {
            0 => Ok(()),
            count => write!(f, "; {count} repeated because the other arm's trial was spoilt"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_told_with_what_spoilt_them() {
        let spoilt = |attempt, by: &[&str]| SpoiltAttempt {
            attempt,
            by: by.iter().map(|one| (*one).to_owned()).collect(),
            against: Vec::new(),
        };
        let one = Attempts { number: 2, most: 4, spoilt: vec![spoilt(1, &["steal: 0.03, bound 0.02"])] };
        assert_eq!(one.to_string(), "attempt 2 of 4; 1 spoilt by steal: 0.03, bound 0.02");
        let two = Attempts { number: 3, most: 4, spoilt: vec![spoilt(1, &["steal"]), spoilt(2, &[])] };
        let says = "attempt 3 of 4; 1 spoilt by steal; 1 repeated because the other arm's trial was spoilt";
        assert_eq!(two.to_string(), says);
    }
}
