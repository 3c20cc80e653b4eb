//! The raw logs of a trial, as bytes: what the analysis works from, whether a trial has just ended or lies on disk.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::format::event::{Event, TraceEvent, UsageSample};
use crate::format::manifest::TrialManifest;

/// A raw log: bytes in memory, or a file that is read in place.
#[derive(Clone)]
pub enum Log {
    /// In memory.
    Memory(Vec<u8>),
    /// Whatever holds the bytes elsewhere, for example a mapped file.
    Place(Arc<dyn AsRef<[u8]> + Send + Sync>),
}

impl Log {
    /// Changes the bytes; a log that lies elsewhere is copied into memory first.
    pub fn change(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = match std::mem::replace(self, Self::Memory(Vec::new())) {
            Self::Memory(bytes) => bytes,
            Self::Place(place) => place.as_ref().as_ref().to_vec(),
        };
        change(&mut bytes);
        *self = Self::Memory(bytes);
    }
}

impl Deref for Log {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Memory(bytes) => bytes,
            Self::Place(place) => place.as_ref().as_ref(),
        }
    }
}

impl From<Vec<u8>> for Log {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Memory(bytes)
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Log({} bytes)", self.len())
    }
}

/// Everything a trial left.
#[derive(Clone, Debug, Default)]
pub struct TrialLogs {
    /// Its manifest.
    pub manifest: TrialManifest,
    /// Span ledgers, in the order of the manifest's processes; absent where there is none or it is lost.
    pub ledgers: Vec<Option<Log>>,
    /// Probe logs, in the order of the manifest's processes; absent where there is none or it is lost.
    pub probes: Vec<Option<Log>>,
    /// Events of the runtime's own traces, in the order of the manifest's processes.
    pub traces: Vec<Vec<TraceEvent>>,
    /// Log lines, in the order of the manifest's processes; absent where one writes none or they are lost.
    pub lines: Vec<Option<Log>>,
    /// Messages with log records that the receiver kept: file name, and what is in it.
    pub records: Vec<(String, Log)>,
    /// The wire witness's log.
    pub wire: Option<Log>,
    /// The logs of the taps, in the order of the variant's hops; absent where one is lost.
    pub taps: Vec<Option<Log>>,
    /// The logs of the receivers of further exporters of collectors, by file name; a lost one is absent.
    pub ends: BTreeMap<String, Log>,
    /// The log of the tap before the engine in which a path ends, where one does; absent where it is lost.
    pub engine_tap: Option<Log>,
    /// The log of what that engine showed when it was read back; absent where it is lost, or was never read.
    pub back: Option<Log>,
    /// Pages of metrics of collectors, in the order of the manifest's hops and of the pages of each.
    pub pages: Vec<Vec<Option<String>>>,
    /// The load's log.
    pub load: Option<Log>,
    /// What the harness did and saw.
    pub events: Vec<Event>,
    /// Samples of resource usage.
    pub usage: Vec<UsageSample>,
}
