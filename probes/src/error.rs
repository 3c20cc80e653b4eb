//! Why there are no probes on a program.

use std::io;

use crate::gobin::GobinError;
use crate::preemption::{KernelPreemption, ProbeHazard};

/// Why there are no probes on a program.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The binary cannot be read, or is not one that probes can be put on.
    #[error(transparent)]
    Binary(#[from] GobinError),
    /// The SDK is there, but a function that everything rests on is not.
    #[error(
        "{0} is not in this program: it was inlined, or its SDK is of a version that names it differently; \
         `spanfate doctor` lists the versions that are known"
    )]
    NoSite(String),
    /// The kernel does not take the programs or the probes.
    #[error("the kernel refuses probes ({what}: {cause}); `spanfate doctor` says what is missing")]
    Kernel {
        /// What was asked of it.
        what: &'static str,
        /// What it said.
        cause: String,
    },
    /// The programs could harm each other or the kernel, and it cannot be excluded that they do.
    #[error(
        "no probes, for they could harm this kernel: {what}, and its preemption ({kernel}) lets another one run meanwhile; \
         use a release of spanfate as it is, or start the kernel without preemption"
    )]
    Hazard {
        /// How this kernel preempts.
        kernel: KernelPreemption,
        /// What is wrong with them.
        what: String,
    },
    /// No probes are known for this machine.
    #[error("probes exist for x86-64 Linux only")]
    Machine,
    /// The process cannot be looked at.
    #[error("process {pid} cannot be looked at: {source}")]
    Process {
        /// Which one.
        pid: u32,
        /// Why.
        source: io::Error,
    },
}

impl From<ProbeHazard> for ProbeError {
    fn from(ProbeHazard { kernel, what }: ProbeHazard) -> Self {
        Self::Hazard { kernel, what }
    }
}

impl ProbeError {
    /// The kernel's refusal, with the last of its causes: that is the one that says something.
    pub(crate) fn kernel(what: &'static str) -> impl FnOnce(aya::EbpfError) -> Self {
        move |error| Self::Kernel { what, cause: chain(&error) }
    }
}

/// An error with all its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut out = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        out.push_str(": ");
        out.push_str(&cause.to_string());
        next = cause.source();
    }
    out
}
