//! Back ends that show traces over HTTP: Jaeger by both of its interfaces, and Tempo. Whatever is read is bounded in size and in time,
//! and what breaks off is an error: half a page must not pass for a whole one.

pub(crate) mod access;
pub(crate) mod json;
pub(crate) mod lookout;
mod page;
mod reader;
mod search;
mod ways;

use std::time::Duration;

pub use access::{BackEnd, BackEndAccess, OF_CANARY, OF_LEFT, OF_RIGHT};
pub use page::{BackEndPage, PageShape, ShownSpan};
pub use reader::BackEndReader;

/// Bounds of a reading.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BackEndBounds {
    /// Most bytes of a page.
    pub page_bytes: usize,
    /// Longest time until a page is there.
    pub page_time: Duration,
    /// Traces that a page of a search is asked for at most.
    pub traces: u32,
    /// Most pages, those included that were asked for in vain.
    pub pages: u32,
    /// Longest time for all.
    pub all_time: Duration,
    /// How often a page is asked for that did not come: not reached, broken off, or late.
    pub tries: u32,
    /// Only interfaces are asked whose pages are of this shape; without it all, and in JSON where there is a choice.
    pub only: Option<PageShape>,
}

impl Default for BackEndBounds {
    fn default() -> Self {
        Self {
            page_bytes: 32 << 20,
            page_time: Duration::from_secs(10),
            traces: 200,
            pages: 100_000,
            all_time: Duration::from_mins(10),
            tries: 3,
            only: None,
        }
    }
}

/// What was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BackEndRead {
    /// Pages that were asked for.
    pub pages: u32,
    /// Bytes of those that came.
    pub bytes: u64,
    /// Traces, each once.
    pub traces: u64,
    /// Traces that were asked for by their id and are not there.
    pub absent: u64,
}

/// Why a reading came to no end. What a server wrote is not repeated: it may hold what it was sent.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BackEndError {
    /// Nobody answers there.
    #[error("{asked} was not reached: {why}; look whether the query service runs there")]
    Unreachable {
        /// Path and query.
        asked: String,
        /// Why.
        why: String,
    },
    /// The answer broke off.
    #[error("the answer to {asked} broke off before its end: {why}")]
    Half {
        /// Path and query.
        asked: String,
        /// Why.
        why: String,
    },
    /// It took too long.
    #[error("{asked} was not answered within {seconds} s")]
    Late {
        /// Path and query.
        asked: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// It said no.
    #[error("{asked} was answered with HTTP {status}")]
    Refused {
        /// Path and query.
        asked: String,
        /// The status.
        status: u16,
    },
    /// The answer is larger than the bound, and cannot be cut.
    #[error("the answer to {asked} is larger than {mib} MiB")]
    Large {
        /// Path and query.
        asked: String,
        /// The bound, MiB.
        mib: usize,
    },
    /// The answer is not what it should be.
    #[error("the answer to {asked} is not what {shape} has there: {why}")]
    Odd {
        /// Path and query.
        asked: String,
        /// What it should be.
        shape: &'static str,
        /// What is wrong, with line and column.
        why: String,
    },
    /// One microsecond has more traces than a page holds.
    #[error("{asked} has {traces} traces or more that began in one microsecond, which no page holds")]
    Crowded {
        /// Path and query.
        asked: String,
        /// How many a page holds.
        traces: u32,
    },
    /// The bounds are used up.
    #[error("reading was given up after {pages} pages and {seconds} s: there is more than that")]
    TooMany {
        /// Pages so far.
        pages: u32,
        /// Seconds so far.
        seconds: u64,
    },
    /// The kind of back end has no search.
    #[error("Tempo is asked for traces by their ids; give some")]
    NoSearch,
    /// The kind of back end has no interface whose pages are so.
    #[error("{back_end} has no interface that answers so")]
    NoInterface {
        /// What it is.
        back_end: &'static str,
    },
}
