//! What was measured of designs, as `docs/designs.json` keeps it for `docs/designs.md`.

pub mod command;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::command::{DesignFigure, DesignMachine};
use crate::result::Estimate;

/// Version of the file.
pub const DESIGNS_FORMAT: &str = "1.0";

/// What was measured, by scenario and by command.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesignTable {
    /// [`DESIGNS_FORMAT`].
    pub format: String,
    /// By the name of the scenario.
    pub scenarios: BTreeMap<String, DesignRun>,
    /// By the name of the command.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub commands: BTreeMap<String, DesignRun>,
}

impl Default for DesignTable {
    fn default() -> Self {
        let none = BTreeMap::new();
        Self { format: DESIGNS_FORMAT.to_owned(), scenarios: none.clone(), commands: none }
    }
}

/// What a run of a scenario, or of a command, measured.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesignRun {
    /// Digest of what was run: a scenario or a command that would run something else has another.
    pub plan: String,
    /// The SDK's version.
    pub sdk: String,
    /// What a command ran on; absent: a scenario, whose trials say for themselves whether they are valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<DesignMachine>,
    /// The figures of a command, in their order; empty: a scenario, whose file names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<DesignFigure>,
    /// The contenders, in the order of the scenario or command.
    pub contenders: Vec<DesignContender>,
}

/// A variant of the scenario, or what a command puts beside others.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesignContender {
    /// Its name.
    pub name: String,
    /// By the name of the figure; a figure that was not measured is absent.
    pub figures: BTreeMap<String, Estimate>,
}
