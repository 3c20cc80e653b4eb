//! Verdicts (pass, fail, inconclusive, accounting broken), and the exit codes they lead to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The outcome of a check or of a whole run. The order is the order of badness.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything that was asked holds.
    #[default]
    Pass,
    /// It cannot be said; never to be read as a pass.
    Inconclusive,
    /// An expectation does not hold.
    Fail,
    /// The sum over the fates does not close: the instrument or the fixture is broken.
    AccountingBroken,
}

impl Verdict {
    /// The worse of two; the only way verdicts are combined.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        self.max(other)
    }

    /// The exit code of a run that ended in order with this verdict.
    pub const fn exit(self) -> ExitCode {
        match self {
            Self::Pass => ExitCode::Pass,
            Self::Inconclusive => ExitCode::Inconclusive,
            Self::Fail => ExitCode::ExpectationFailed,
            Self::AccountingBroken => ExitCode::AccountingBroken,
        }
    }
}

macro_rules! exit_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal,)+) => {
        /// How the process ends.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum ExitCode {
            $($(#[doc = $doc])+ $name,)+
        }

        impl ExitCode {
            /// Every exit code with its number and meaning; docs/exit-codes.md is checked against it.
            pub const ALL: &'static [(Self, u8, &'static str)] = &[
                $((Self::$name, $code, concat!($($doc),+)),)+
            ];

            /// The number.
            pub const fn number(self) -> u8 {
                match self { $(Self::$name => $code,)+ }
            }
        }
    };
}

exit_codes! {
    /// all expectations met, all books closed
    Pass = 0,
    /// the harness itself failed
    HarnessError = 1,
    /// wrong use of the command line
    Usage = 2,
    /// inconclusive: noise, a gap of a witness, too little data
    Inconclusive = 3,
    /// nothing selected
    NothingSelected = 4,
    /// the scenario is invalid
    ScenarioInvalid = 65,
    /// an input is missing
    InputMissing = 66,
    /// a capability of the machine is absent
    CapabilityAbsent = 69,
    /// a result could not be written
    ResultNotWritten = 74,
    /// an expectation failed
    ExpectationFailed = 99,
    /// accounting broken: unexplained or unexpected spans
    AccountingBroken = 100,
    /// the fixture failed to build or to start
    FixtureFailed = 102,
    /// a deadline passed
    DeadlinePassed = 103,
    /// interrupted by Ctrl-C; the partial result is valid
    Interrupted = 130,
    /// terminated; the partial result is valid
    Terminated = 143,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_accounting_is_worse_than_a_failure_and_doubt_is_no_pass() {
        use Verdict::{AccountingBroken, Fail, Inconclusive, Pass};
        assert_eq!(Pass.worst(Inconclusive), Inconclusive);
        assert_eq!(Inconclusive.worst(Fail), Fail);
        assert_eq!(Fail.worst(AccountingBroken).exit().number(), 100);
    }
}
