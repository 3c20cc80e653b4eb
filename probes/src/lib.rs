//! The eBPF witness: uprobes on the Go SDK in any Go program (`gobin` and `sites` find where, `lookup` what there is, `attach`
//! puts programs there and takes their records out, `memory` reads what they point to; `safety` and `preemption` keep a
//! kernel from harm). It only says what happened; what
//! that means for a span is the analysis's to say.
//!
//! It is the only crate that may hold `unsafe` code; so it also maps files and asks for real-time priority.

pub mod attach;
pub mod capability;
mod error;
pub mod gobin;
pub mod lookup;
pub mod mapped;
pub mod memory;
mod object;
pub mod preemption;
pub mod priority;
pub mod safety;
pub mod sites;

pub use error::ProbeError;
