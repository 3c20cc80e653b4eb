//! Where the project's own folders are.

use std::path::{Path, PathBuf};

use crate::RunError;

/// The project's root.
#[derive(Clone, Debug)]
pub struct Project(pub PathBuf);

/// Where results go that are not written in a checkout.
const APART: &str = "spanfate-results";

impl Project {
    /// The folder that holds `scenarios/` and `go-fixtures/`: the current one or one above it, else the one this program
    /// was built in.
    pub fn find() -> Result<Self, RunError> {
        let built_in = || Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).and_then(Self::at);
        Self::around().or_else(built_in).ok_or_else(|| RunError::Absent {
            what: "the project's folder".to_owned(),
            remedy: "run this inside a checkout of Spanfate, where scenarios/ and go-fixtures/ are"
                .to_owned(),
        })
    }

    /// The checkout that the current directory lies in.
    pub fn around() -> Option<Self> {
        std::env::current_dir().ok()?.ancestors().find_map(Self::at)
    }

    /// The project whose folder of results this is.
    pub fn of_results(results: &Path) -> Option<Self> {
        Self::at(results.parent()?).filter(|project| project.results() == results)
    }

    /// The project whose root a folder is.
    fn at(folder: &Path) -> Option<Self> {
        let is_root = folder.join("scenarios").is_dir() && folder.join("go-fixtures").is_dir();
        is_root.then(|| Self(folder.to_owned()))
    }

    /// Where results go unless somebody says otherwise: to the checkout that this is called in, else to a folder of their own in
    /// the current directory. Never to the checkout that this program was built in: who calls it elsewhere may not know of that.
    pub fn usual_results() -> PathBuf {
        Self::around().map_or_else(apart, |project| project.results())
    }

    /// Where reports go: like results; outside a checkout beside them.
    pub fn usual_reports() -> PathBuf {
        Self::around().map_or_else(apart, |project| project.reports())
    }

    /// Scenario files.
    pub fn scenarios(&self) -> PathBuf {
        self.0.join("scenarios")
    }

    /// Files of claims.
    pub fn claims(&self) -> PathBuf {
        self.0.join("claims")
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

fn apart() -> PathBuf {
    std::env::current_dir().unwrap_or_default().join(APART)
}
