//! Inspections: programs that look at source, at an interface, at the kernel, or at what the SDK does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The Go program that an inspection is part of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum InspectionProgram {
    /// `go-fixtures/cmd/inspect`.
    Inspect,
    /// `go-fixtures/tools/cmd/traceinspect`.
    Trace,
}

macro_rules! inspections {
    ($($(#[doc = $what:literal])+ $variant:ident = $name:literal, $program:ident, $of:literal;)+) => {
        /// An inspection, by its name in files.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        pub enum Inspection {
            $($(#[doc = $what])+ #[serde(rename = $name)] $variant,)+
        }

        impl Inspection {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name in files.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The program that it is part of.
            pub const fn program(self) -> InspectionProgram {
                match self { $(Self::$variant => InspectionProgram::$program,)+ }
            }

            /// What it is asked about (`of`), as it is written; empty where it is asked about nothing.
            pub const fn takes(self) -> &'static str {
                match self { $(Self::$variant => $of,)+ }
            }
        }
    };
}

inspections! {
    /// Whether a package declares a name.
    Declared = "declared", Inspect, "PACKAGE.NAME";
    /// How often a package has a text as a string, or a whole number.
    Literals = "literals", Inspect, "PACKAGE TEXT";
    /// How often a package names something.
    Mentions = "mentions", Inspect, "PACKAGE NAME";
    /// Which packages a package is built from.
    Imports = "imports", Inspect, "PACKAGE TEXT";
    /// Whether a whole Go program compiles and links.
    Compiles = "compiles", Inspect, "PROGRAM";
    /// In which registers arguments are, by the compiler's listing.
    Registers = "registers", Inspect, "";
    /// Whether Go's runtime trace has an event, and what is in it.
    TraceEvent = "trace_event", Inspect, "EVENT";
    /// What the default batch processor takes while its exporter waits.
    QueueCapacity = "queue_capacity", Inspect, "";
    /// The same with `WithBlocking`.
    QueueBlocking = "queue_blocking", Inspect, "";
    /// Who is told of exports that fail.
    FailingExports = "failing_exports", Inspect, "";
    /// What a span is that a sampler leaves out.
    Unsampled = "unsampled", Inspect, "";
    /// What a panic leaves in spans whose end is deferred.
    Panics = "panics", Inspect, "";
    /// Which spans two rules on errors keep.
    KeptByStatus = "kept_by_status", Inspect, "";
    /// Which request ids are trace ids.
    RequestIds = "request_ids", Inspect, "";
    /// What a listing of the article finds in identical spans.
    DiffListing = "diff_listing", Inspect, "";
    /// What lies inside of an HTTP server's span.
    HttpSpan = "http_span", Inspect, "";
    /// What lies inside of a gRPC server's span.
    GrpcSpan = "grpc_span", Inspect, "";
    /// What of spans is seen in the bytes on the wire.
    Packets = "packets", Inspect, "";
    /// Whether the kernel has a tracepoint.
    Tracepoint = "tracepoint", Inspect, "GROUP:NAME";
    /// Whether the kernel has a symbol.
    KernelSymbol = "kernel_symbol", Inspect, "NAME";
    /// What ftrace's buffer does when it is full.
    TraceBuffer = "trace_buffer", Inspect, "";
    /// Whether ids of goroutines come again.
    Goroutines = "goroutines", Inspect, "";
    /// Which wakeups of the kernel come with goroutines.
    Wakeups = "wakeups", Inspect, "";
    /// What a perf ring does when nobody reads it.
    PerfRing = "perf_ring", Inspect, "";
    /// What full BPF buffers answer.
    BpfOutput = "bpf_output", Inspect, "";
    /// What some helpers of BPF give.
    BpfHelpers = "bpf_helpers", Inspect, "";
    /// Whether a tool that is installed knows a command.
    Command = "command", Inspect, "TOOL COMMAND";
    /// What splice does with a memfd.
    Splice = "splice", Inspect, "";
    /// What it costs to move a megabyte.
    MoveCost = "move_cost", Inspect, "";
    /// What a state of two atomic words allows.
    SpanState = "span_state", Inspect, "";
    /// Whether finalizers run when a process ends.
    Finalizers = "finalizers", Inspect, "";
    /// Which clock Go's runtime keeps.
    Clocks = "clocks", Inspect, "";
    /// What a runtime trace holds of what happened.
    RuntimeTrace = "runtime_trace", Trace, "";
    /// What it holds of goroutines that are begun at the bottom of deep stacks.
    TraceStacks = "trace_stacks", Trace, "";
}

/// An inspection, and what it is asked about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Inspected {
    /// Which.
    pub name: Inspection,
    /// About what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
}

/// What an inspection answered.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct InspectionAnswer {
    /// Figures by name; what is true or false is 1 or 0.
    pub figures: BTreeMap<String, f64>,
    /// What they were read from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<String>,
    /// Why there is no answer on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cannot: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn names_are_those_of_the_programs() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol/inspections.json");
        let written = std::fs::read_to_string(path).unwrap();
        let written: BTreeMap<String, Vec<String>> = serde_json::from_str(&written).unwrap();
        for (program, name) in [(InspectionProgram::Inspect, "inspect"), (InspectionProgram::Trace, "trace")]
        {
            let own = Inspection::ALL.iter().filter(|one| one.program() == program);
            let mut own: Vec<&str> = own.map(|one| one.as_str()).collect();
            own.sort_unstable();
            assert_eq!(own, written[name], "{name}");
        }
        // Its name is what serde reads and writes, too.
        for one in Inspection::ALL {
            let text = serde_json::to_string(one).unwrap();
            assert_eq!(text, format!("\"{}\"", one.as_str()));
        }
    }
}
