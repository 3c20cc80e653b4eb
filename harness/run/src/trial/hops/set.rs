//! How a collector is set up, whoever wrote its configuration.

use std::ffi::OsString;
use std::path::PathBuf;

use spanfate_model::format::manifest::{HopEndManifest, HopRewrite};

use crate::receiver::RunningReceiver;
use crate::trial::engine::EngineReading;

/// How a collector is set up, whoever wrote its configuration.
pub(super) struct HopSet {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(&'static str, &'static str)>,
    /// Where it runs; absent: where the harness does.
    pub(super) folder: Option<PathBuf>,
    /// Where what it says goes.
    pub(super) output: PathBuf,
    /// Ports on which it takes spans.
    pub(super) listens: Vec<u16>,
    /// Port of its metrics.
    pub(super) metrics: u16,
    /// How long it may hold spans although it could send them.
    pub(super) holds: u64,
    /// The receivers of further exporters.
    pub(super) ends: Vec<(HopEndManifest, RunningReceiver)>,
    /// It is a storage engine: how it is read back before it is stopped.
    pub(super) engine: Option<EngineReading>,
    /// What the manifest says of all this.
    pub(super) exporter: Option<String>,
    /// The exporter that leads to an engine beside the receiver.
    pub(super) to_engine: Option<String>,
    pub(super) rewritten: Vec<HopRewrite>,
}

impl HopSet {
    /// The exporters of which each gets all that the collector takes.
    pub(super) fn exporters(&self) -> Vec<String> {
        let further = self.ends.iter().map(|(end, _)| end.exporter.clone());
        self.exporter.iter().cloned().chain(further).chain(self.to_engine.clone()).collect()
    }
}
