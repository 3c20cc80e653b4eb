//! What can end a comparison, and where in its input.

use std::fmt;
use std::io;

/// A place in the decompressed bytes of a side.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct InputPosition {
    /// Bytes before it.
    pub byte: u64,
    /// Its line, from 1; 0 for what has no lines.
    pub line: u64,
}

impl fmt::Display for InputPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, ", self.line)?;
        }
        write!(f, "byte {}", self.byte)
    }
}

/// A side could not be read, or the sides could not be held against each other.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// It is not what it should be.
    #[error("{at}: {what}")]
    Malformed {
        /// Where.
        at: InputPosition,
        /// What is wrong there.
        what: String,
    },
    /// Nobody knows what it is.
    #[error("it is in no format that is known: {0}")]
    Unknown(String),
    /// A single part of it is larger than what is held at once.
    #[error("{at}: what begins here is longer than {most} bytes, the most that is held of one span or value")]
    TooLong {
        /// Where it begins.
        at: InputPosition,
        /// The bound, bytes.
        most: usize,
    },
    /// More is needed than may be held.
    #[error("{0}; give more with --memory")]
    Memory(String),
    /// It could not be read.
    #[error("it could not be read")]
    Read(#[source] io::Error),
    /// What did not fit into memory could not be written or read again.
    #[error("the temporary file could not be written or read; give another folder with TMPDIR")]
    Spill(#[source] io::Error),
}

/// Why a reader stopped.
#[derive(Debug)]
pub(crate) enum ReadStop {
    /// The input ends inside of something.
    Truncated(InputPosition),
    /// It cannot go on.
    Failed(DiffError),
}

impl From<DiffError> for ReadStop {
    fn from(error: DiffError) -> Self {
        Self::Failed(error)
    }
}

impl ReadStop {
    #[cold]
    pub(crate) fn malformed(at: InputPosition, what: impl Into<String>) -> Self {
        Self::Failed(DiffError::Malformed { at, what: what.into() })
    }
}
