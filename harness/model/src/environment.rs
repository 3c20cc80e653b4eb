//! What a run depended on, so that two runs can be compared or refused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Fingerprint of machine and toolchains. No host name, no user, no path.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// Version of Spanfate.
    pub spanfate: String,
    /// Build profile of the harness.
    pub profile: String,
    /// Operating system and kernel release.
    pub kernel: String,
    /// CPU architecture.
    pub arch: String,
    /// CPU model.
    pub cpu: String,
    /// CPUs this process may use.
    pub cpus: Vec<u32>,
    /// CPUs of the fixture.
    pub fixture_cpus: Vec<u32>,
    /// CPUs of the harness during trials.
    pub harness_cpus: Vec<u32>,
    /// Memory of the machine, bytes.
    pub memory: u64,
    /// Clock source of the kernel.
    pub clock_source: String,
    /// `go version`.
    pub go: String,
    /// Where span ledgers live during a trial.
    pub scratch: String,
}
