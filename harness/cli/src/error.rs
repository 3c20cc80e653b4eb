//! What can end a command early, and with which exit code.

use std::path::PathBuf;

use spanfate_model::verdict::ExitCode;
use spanfate_run::pages::scrape::ScrapeError;
use spanfate_run::peek::PeekError;

/// A command could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The scenario file is not valid; the text is the whole diagnosis.
    #[error("{0}")]
    Scenario(String),
    /// The command line sets what a scenario cannot be; the text is the whole diagnosis.
    #[error("{0}")]
    Given(String),
    /// An input is not there.
    #[error("{what} `{name}` was not found{hint}")]
    Missing { what: &'static str, name: String, hint: String },
    /// What is there is not what is needed; the text is the whole diagnosis.
    #[error("{0}")]
    Unsuited(String),
    /// No variant matches.
    #[error("nothing is selected: {0}")]
    NothingSelected(String),
    /// The command line makes the scenario invalid.
    #[error("with these arguments the scenario is not valid: {0}")]
    Usage(String),
    /// What is asked for does not fit together; the text is the whole diagnosis.
    #[error("{0}")]
    Refused(String),
    /// A run that is still going on.
    #[error("{0} is still being written by another process; wait until it has ended")]
    Busy(PathBuf),
    /// The machine lacks something that is needed.
    #[error("this machine cannot run scenarios; see the lines marked `absent`")]
    Unfit,
    /// Standard output could not be written.
    #[error("could not write to standard output; free disk space there, or send it elsewhere")]
    Output(#[source] std::io::Error),
    /// A process cannot be looked into.
    #[error(transparent)]
    Peek(#[from] PeekError),
    /// A page of metrics could not be had.
    #[error(transparent)]
    Scrape(#[from] ScrapeError),
    /// Two stores of spans could not be compared.
    #[error(transparent)]
    Diff(#[from] spanfate_diff::DiffError),
    /// The harness failed.
    #[error(transparent)]
    Run(#[from] spanfate_run::RunError),
}

impl Error {
    /// The exit code.
    pub(crate) fn exit(&self) -> ExitCode {
        match self {
            Self::Scenario(_) => ExitCode::ScenarioInvalid,
            Self::Missing { .. } | Self::Busy(_) | Self::Unsuited(_) => ExitCode::InputMissing,
            Self::Usage(_) | Self::Refused(_) | Self::Given(_) => ExitCode::Usage,
            Self::NothingSelected(_) => ExitCode::NothingSelected,
            Self::Unfit => ExitCode::CapabilityAbsent,
            Self::Peek(PeekError::NoProcess(_) | PeekError::Unsuited { .. }) => ExitCode::InputMissing,
            Self::Peek(PeekError::Refused { .. } | PeekError::Harmful { .. }) => ExitCode::CapabilityAbsent,
            Self::Scrape(ScrapeError::Address { .. }) => ExitCode::Usage,
            Self::Scrape(_) => ExitCode::InputMissing,
            Self::Output(_) => ExitCode::ResultNotWritten,
            Self::Diff(_) => ExitCode::HarnessError,
            Self::Run(error) => of_run(error),
        }
    }
}

/// The exit code of an error of the harness.
pub(crate) fn of_run(error: &spanfate_run::RunError) -> ExitCode {
    use spanfate_run::RunError as Run;
    match error {
        Run::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => ExitCode::InputMissing,
        Run::Malformed { .. } | Run::OtherArrivals { .. } => ExitCode::InputMissing,
        Run::Busy { .. } | Run::Unfit { .. } | Run::NoCollector { .. } => ExitCode::InputMissing,
        Run::CollectorConfig { .. } => ExitCode::ScenarioInvalid,
        Run::ResultNotWritten { .. } | Run::LogsKept { .. } | Run::Taken { .. } => ExitCode::ResultNotWritten,
        Run::Absent { .. } | Run::Listen { .. } => ExitCode::CapabilityAbsent,
        Run::Fixture { .. } => ExitCode::FixtureFailed,
        Run::Deadline { .. } | Run::OutOfTime => ExitCode::DeadlinePassed,
        Run::OtherMachine { .. } => ExitCode::Inconclusive,
        Run::File { .. } | Run::System { .. } => ExitCode::HarnessError,
    }
}

/// The exit code of what a signal ended.
pub(crate) const fn of_signal(signal: i32) -> ExitCode {
    if signal == 2 { ExitCode::Interrupted } else { ExitCode::Terminated }
}

/// When several exit codes apply, this one is used: the one that stands first.
pub(crate) fn first_of(codes: &[ExitCode]) -> ExitCode {
    const ORDER: [ExitCode; 13] = [
        ExitCode::Usage,
        ExitCode::ScenarioInvalid,
        ExitCode::InputMissing,
        ExitCode::CapabilityAbsent,
        ExitCode::HarnessError,
        ExitCode::ResultNotWritten,
        ExitCode::Interrupted,
        ExitCode::Terminated,
        ExitCode::AccountingBroken,
        ExitCode::FixtureFailed,
        ExitCode::DeadlinePassed,
        ExitCode::ExpectationFailed,
        ExitCode::Inconclusive,
    ];
    ORDER.into_iter().find(|code| codes.contains(code)).unwrap_or(ExitCode::Pass)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_exit_codes_is_the_documented_one() {
        use ExitCode::{AccountingBroken, ExpectationFailed, FixtureFailed, Inconclusive, Interrupted, Pass};
        assert_eq!(first_of(&[Pass]), Pass);
        assert_eq!(first_of(&[Inconclusive, ExpectationFailed]), ExpectationFailed);
        assert_eq!(first_of(&[FixtureFailed, AccountingBroken]), AccountingBroken);
        assert_eq!(first_of(&[AccountingBroken, Interrupted]), Interrupted);
    }
}
