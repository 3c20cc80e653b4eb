//! The eBPF object, which is part of this program.

/// The programs, compiled from `bpf/otelgo.bpf.c`.
#[cfg(not(feature = "probes-from-source"))]
pub(crate) static OBJECT: &[u8] = aya::include_bytes_aligned!("../bpf/otelgo.x86_64.bpf.o");
/// The programs, compiled just now.
#[cfg(feature = "probes-from-source")]
pub(crate) static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/otelgo.bpf.o"));
