//! Causes that a replay is run without.

use std::collections::BTreeSet;

use spanfate_model::cause::LossFactor;

/// Causes that are taken away.
pub(crate) type Without = BTreeSet<LossFactor>;
