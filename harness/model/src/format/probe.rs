//! The probe witness's log: what uprobes on the Go SDK saw of one process. A stream of records of 64 bytes; the last ones say
//! what the witness lost, and that it ended in order.

mod kind;
mod lacking;
mod record;
mod text;
mod write;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::ebpf::EbpfMode;

pub use kind::ProbeKind;
pub use lacking::LackingSite;
pub use record::{
    ListedProcessor, Moment, ProcessorLook, ProcessorSettings, RECORD_BYTES, Record, SpanMark, TextPiece,
    began, header, read,
};
pub use text::{ExportError, ExportErrors, Pieces, cut_name};

/// First bytes of a log.
pub const MAGIC: &[u8; 8] = b"SPNPROB1";
/// Version of the format this build reads.
pub const VERSION: u32 = 1;

/// What the kernel side counted of one kind, over all CPUs. `hit = records + lost + fault + skipped` for a kind whose hits all
/// make records.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ProbeCounter {
    /// Hits of the site.
    pub hit: u64,
    /// Records that found no room on the way to the reader.
    pub lost: u64,
    /// Hits whose memory could not be read.
    pub fault: u64,
    /// Hits of traces that sampling leaves out.
    pub skipped: u64,
    /// XOR of the span ids of all hits.
    pub ids: u64,
    /// XOR of the span ids of the lost records.
    pub ids_lost: u64,
    /// When the first record was lost; 0 if none was.
    pub first_lost_at: u64,
    /// Which hit of its CPU that was, from 1.
    pub first_lost_hit: u64,
}

impl ProbeCounter {
    /// The sum of two CPUs' counts.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let first = match (self.first_lost_at, other.first_lost_at) {
            (0, _) => other,
            (_, 0) => self,
            (mine, theirs) if theirs < mine => other,
            _ => self,
        };
        Self {
            hit: self.hit + other.hit,
            lost: self.lost + other.lost,
            fault: self.fault + other.fault,
            skipped: self.skipped + other.skipped,
            ids: self.ids ^ other.ids,
            ids_lost: self.ids_lost ^ other.ids_lost,
            first_lost_at: first.first_lost_at,
            first_lost_hit: first.first_lost_hit,
        }
    }
}

/// What the manifest says of a trap that the kernel took.
pub const TRAP_TAKEN: &str = "taken";

/// What the manifest says of the probes on one process.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ProbeManifest {
    /// File name of its log; absent where there are no probes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
    /// What they record.
    pub mode: EbpfMode,
    /// Go version of the program.
    #[serde(default)]
    pub go: String,
    /// SDK version of the program.
    #[serde(default)]
    pub sdk: String,
    /// Sites they sit on.
    #[serde(default)]
    pub sites: u32,
    /// Functions that this program does not have, or not whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// What these functions would have told, and why they are not there; empty in logs of programs that did not say it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacking: Vec<LackingSite>,
    /// They sit where the shutdown of a tracer provider returns, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sees_return: bool,
    /// What the kernel said of the trap, where the scenario sets one: [`TRAP_TAKEN`], or why it refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trap: Option<String>,
    /// What is known of its structs only from the nearest version of the SDK.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
    /// Spans whose records prove that those structs fit: their ids were the same at two places. Absent where that was not needed or
    /// no span came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<u64>,
}
