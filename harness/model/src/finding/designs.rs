//! What scenarios of designs measured, as `docs/designs.json` keeps it for `docs/designs.md`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::result::Estimate;

/// Version of the file.
pub const DESIGNS_FORMAT: &str = "1.0";

/// What was measured, by scenario.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesignTable {
    /// [`DESIGNS_FORMAT`].
    pub format: String,
    /// By the name of the scenario.
    pub scenarios: BTreeMap<String, DesignRun>,
}

impl Default for DesignTable {
    fn default() -> Self {
        Self { format: DESIGNS_FORMAT.to_owned(), scenarios: BTreeMap::new() }
    }
}

/// What a run measured.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesignRun {
    /// Digest of what was run: a scenario that would run something else has another.
    pub plan: String,
    /// The SDK's version.
    pub sdk: String,
    /// The contenders, in the order of the scenario.
    pub contenders: Vec<DesignContender>,
}

/// A variant of the scenario.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesignContender {
    /// Its name.
    pub name: String,
    /// By the name of the figure; a figure that was not measured is absent.
    pub figures: BTreeMap<String, Estimate>,
}
