//! What became of a figure between a baseline and a candidate.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A change between baseline and candidate, as far as it is proven.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The candidate is better, by at least the smallest effect that matters.
    Better,
    /// The candidate is worse, by at least the smallest effect that matters.
    Worse,
    /// They differ, of a figure of which neither less nor more is better.
    Different,
    /// Any difference is smaller than what matters.
    Same,
    /// The data cannot tell; never to be read as the same.
    Inconclusive,
}

impl Change {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Different => "different",
            Self::Same => "same",
            Self::Inconclusive => "inconclusive",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_the_one_in_the_result() {
        for change in [Change::Better, Change::Worse, Change::Different, Change::Same, Change::Inconclusive] {
            assert_eq!(serde_json::to_value(change).unwrap(), change.as_str());
        }
    }
}
