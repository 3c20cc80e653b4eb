//! The eBPF witness. This version knows what a machine offers for it; the probes themselves come with their own version.
//! It is the only crate that may ever hold `unsafe` code; so it also maps files and
//! asks for real-time priority.

pub mod capability;
pub mod mapped;
pub mod priority;
