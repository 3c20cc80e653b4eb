//! The raw logs of a trial, as bytes: what the analysis works from, whether a trial has just ended or lies on disk.

use crate::event::UsageSample;
use crate::manifest::TrialManifest;

/// Everything a trial left.
#[derive(Clone, Debug, Default)]
pub struct TrialLogs {
    /// Its manifest.
    pub manifest: TrialManifest,
    /// Span ledgers, in the order of the manifest's processes; absent where there is none or it is lost.
    pub ledgers: Vec<Option<Vec<u8>>>,
    /// The wire witness's log.
    pub wire: Option<Vec<u8>>,
    /// The load's log.
    pub load: Option<Vec<u8>>,
    /// Samples of resource usage.
    pub usage: Vec<UsageSample>,
}
