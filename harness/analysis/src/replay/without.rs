//! Causes that a replay is run without.

use std::collections::BTreeSet;

use spanfate_model::cause::LossFactor;

/// Causes that are taken away, each by the same part.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Without {
    causes: BTreeSet<LossFactor>,
    /// Above 0, at most 1: all of it.
    part: f64,
}

impl Without {
    /// Nothing is taken away.
    pub(crate) const fn nothing() -> Self {
        Self { causes: BTreeSet::new(), part: 1.0 }
    }

    /// They are wholly taken away.
    pub(crate) fn these(causes: impl IntoIterator<Item = LossFactor>) -> Self {
        Self { causes: causes.into_iter().collect(), part: 1.0 }
    }

    /// The same, by a part.
    pub(crate) fn by(self, part: f64) -> Self {
        Self { part, ..self }
    }

    pub(crate) fn contains(&self, cause: LossFactor) -> bool {
        self.causes.contains(&cause)
    }

    /// What is left of a time that is a cause's doing, nanoseconds.
    pub(crate) fn left(&self, cause: LossFactor, ns: u64) -> u64 {
        match self.contains(cause) {
            false => ns,
            true if self.part >= 1.0 => 0,
            true => (ns as f64 * (1.0 - self.part)) as u64,
        }
    }
}
