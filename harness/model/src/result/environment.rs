//! What a run depended on, so that two runs can be compared or refused.

use std::fmt;

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
    /// Quota on CPU time that the harness and its services share, thousandths of a core; 0 where there is none.
    #[serde(default, skip_serializing_if = "is_unlimited")]
    pub cpu_quota: u64,
    /// Memory of the machine, bytes.
    pub memory: u64,
    /// Clock source of the kernel.
    pub clock_source: String,
    /// `go version`.
    pub go: String,
    /// Where span ledgers live during a trial.
    pub scratch: String,
    /// SDKs that variants name, as they were when the fixtures were built.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sdks: Vec<BuiltSdk>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
const fn is_unlimited(milli_cores: &u64) -> bool {
    *milli_cores == 0
}

/// An SDK that a variant names, and what it was.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct BuiltSdk {
    /// As the scenario names it.
    pub written: String,
    /// Its version; of a checkout, that of the release it was made from.
    pub version: String,
    /// Revision of a checkout that git keeps, with `-dirty` behind it where files differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

impl fmt::Display for BuiltSdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { written, version, revision } = self;
        f.write_str(written)?;
        if let Some(revision) = revision {
            write!(f, " (revision {revision}, after {version})")
        } else if written == version {
            Ok(())
        } else {
            write!(f, " ({version})")
        }
    }
}

impl Environment {
    /// What differs from another environment and can change a figure, in words: the two values of each such thing.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let numbers = |cpus: &[u32]| cpus.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        // Free memory differs from start to start on virtual machines; half a GiB is another machine.
        let gib = |bytes: u64| format!("{:.0} GiB", bytes as f64 / f64::from(1 << 30));
        let rows = [
            ("spanfate", self.spanfate.clone(), other.spanfate.clone()),
            ("build profile", self.profile.clone(), other.profile.clone()),
            ("kernel", self.kernel.clone(), other.kernel.clone()),
            ("architecture", self.arch.clone(), other.arch.clone()),
            ("CPU", self.cpu.clone(), other.cpu.clone()),
            ("CPUs of the fixture", numbers(&self.fixture_cpus), numbers(&other.fixture_cpus)),
            ("CPUs of the harness", numbers(&self.harness_cpus), numbers(&other.harness_cpus)),
            ("CPU quota in thousandths of a core", self.cpu_quota.to_string(), other.cpu_quota.to_string()),
            ("memory", gib(self.memory), gib(other.memory)),
            ("clock source", self.clock_source.clone(), other.clock_source.clone()),
            ("Go", self.go.clone(), other.go.clone()),
        ];
        let differs = rows.into_iter().filter(|(_, a, b)| a != b);
        differs.map(|(what, a, b)| format!("{what}: {a} / {b}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_with_both_values() {
        let one = Environment { cpu: "A".to_owned(), memory: 8 << 30, ..Environment::default() };
        let other = Environment { cpu: "B".to_owned(), memory: (8 << 30) + 4096, ..Environment::default() };
        assert_eq!(one.differences(&other), ["CPU: A / B"]);
        assert!(one.differences(&one.clone()).is_empty());
    }
}
