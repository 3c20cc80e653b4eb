//! How a receiver behaves.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::connection::deadline::Deadlines;
use super::decode::keep::KeepPlan;
use super::onlooker::Onlooker;
use super::script::Script;
use crate::host::limits::LimitsMet;

/// How a receiver behaves.
#[derive(Clone, Debug)]
pub struct ReceiverConfig {
    /// Where to listen; port 0 lets the kernel choose.
    pub listen: SocketAddr,
    /// Delay of every answer, from the time at which the message was complete.
    pub answer_after: Option<Duration>,
    /// Largest uncompressed message; a larger one is refused.
    pub max_bytes: usize,
    /// Most spans in a message; one with more is refused.
    pub max_spans: u32,
    /// How long to wait for a client.
    pub deadlines: Deadlines,
    /// The wire log to create.
    pub log: PathBuf,
    /// Most bytes of the wire log; spans beyond are answered and counted as a gap.
    pub log_limit: u64,
    /// Planted losses.
    pub discard_acknowledged: DiscardPlan,
    /// Hop the receiver stands for.
    pub hop: u8,
    /// Export path the receiver stands for.
    pub path: u8,
    /// What it does on purpose.
    pub script: Script,
    /// Where it keeps whole spans; absent: it keeps none. Behind a relay it keeps none either.
    pub keep: Option<KeepPlan>,
    /// The same of log records.
    pub keep_logs: Option<KeepPlan>,
    /// Where limits are noted that it meets.
    pub limits: Arc<LimitsMet>,
    /// Who is shown what is accepted.
    pub(crate) onlooker: Option<Onlooker>,
}

impl ReceiverConfig {
    /// Largest uncompressed message that is taken where nothing else is said, bytes.
    pub const MOST_BYTES: usize = 16 << 20;
    /// Most spans of a message that is taken where nothing else is said.
    pub const MOST_SPANS: u32 = 65_536;

    /// A receiver on a free port of this machine that writes its log there, of at most that many bytes: it answers at once, has the
    /// usual limits, loses nothing on purpose, and stands for the only hop of the only path.
    pub fn new(log: PathBuf, log_limit: u64) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            answer_after: None,
            max_bytes: Self::MOST_BYTES,
            max_spans: Self::MOST_SPANS,
            deadlines: Deadlines::default(),
            log,
            log_limit,
            discard_acknowledged: DiscardPlan::default(),
            hop: 0,
            path: 0,
            script: Script::default(),
            keep: None,
            keep_logs: None,
            limits: Arc::default(),
            onlooker: None,
        }
    }
}

/// Accepted spans that are thrown away on purpose, to see whether the accounting finds them. Their keys go to
/// `planted.ndjson` beside the wire log, which only tests read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DiscardPlan {
    /// How many; 0 for none.
    pub count: u32,
    /// Every how many accepted spans one is lost, until `count` is reached.
    pub every: u32,
}
