//! Where the project's own folders are.

use std::path::{Path, PathBuf};

use crate::RunError;

/// The project's root.
#[derive(Clone, Debug)]
pub struct Project(pub PathBuf);

impl Project {
    /// The folder that holds `scenarios/` and `go-fixtures/`: the current one or one above it, else the one this program
    /// was built in.
    pub fn find() -> Result<Self, RunError> {
        let here = std::env::current_dir().map_err(RunError::system("read the current directory"))?;
        let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(Path::to_owned);
        here.ancestors()
            .map(Path::to_owned)
            .chain(built_in)
            .find(|folder| folder.join("scenarios").is_dir() && folder.join("go-fixtures").is_dir())
            .map(Self)
            .ok_or_else(|| RunError::Absent {
                what: "the project's folder".to_owned(),
                remedy: "run this inside a checkout of Spanfate, where scenarios/ and go-fixtures/ are"
                    .to_owned(),
            })
    }

    /// Scenario files.
    pub fn scenarios(&self) -> PathBuf {
        self.0.join("scenarios")
    }

    /// Go code.
    pub fn fixtures(&self) -> PathBuf {
        self.0.join("go-fixtures")
    }

    /// Results of runs.
    pub fn results(&self) -> PathBuf {
        self.0.join("results")
    }

    /// Rendered reports.
    pub fn reports(&self) -> PathBuf {
        self.0.join("reports")
    }

    /// Built fixtures.
    pub fn built(&self) -> PathBuf {
        self.0.join("target").join("fixtures")
    }
}
