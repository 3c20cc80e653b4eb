//! Why a file cannot be read as a Go binary. Each message ends with what to do next.

use std::io;

use thiserror::Error;

/// Why a file cannot be read as a Go binary, or why its offsets are not known.
#[derive(Error, Debug)]
pub enum GobinError {
    /// The file does not begin as an ELF file does.
    #[error(
        "this is no ELF file: give the Linux executable that `go build` wrote, and not a script that starts it; or start it your own way \
         and give its process (--pid)"
    )]
    NotElf,
    /// An ELF file of another machine.
    #[error("this binary is not for x86-64: build it with GOARCH=amd64")]
    NotX86_64,
    /// Without a function table it was not linked by Go.
    #[error(
        "this is no Go binary: it has no .gopclntab section, nor such a table in what is loaded; give an executable that \
         `go build` wrote, unpacked where it was packed (`upx -d`), and not a program that starts it; or start it your own way and give its \
         process (--pid)"
    )]
    NotGo,
    /// Something lies beyond the end of the file.
    #[error("the file ends before its {what} does: it is cut short; copy or build it again")]
    Truncated {
        /// What is cut off.
        what: &'static str,
    },
    /// A count, an offset or an address that cannot be.
    #[error(
        "the binary's {what} makes no sense: it is damaged, or made by a Go version that is not known here \
         (1.18 and newer are); build it again, with the Go version of go-fixtures/go.mod if need be"
    )]
    Forged {
        /// What makes no sense.
        what: &'static str,
    },
    /// There is nothing to probe.
    #[error(
        "this binary does not use go.opentelemetry.io/otel/sdk/trace: there are no spans to watch in it; \
         give the executable of the instrumented service"
    )]
    NoSdk,
    /// There is no debug information, and the table is empty.
    #[error(
        "where version {sdk} of the OpenTelemetry SDK keeps its fields is not known; build the binary without \
         -ldflags=\"-s -w\", so that its debug information tells"
    )]
    UnknownSdk {
        /// The version that the binary names.
        sdk: String,
    },
    /// The file cannot be read.
    #[error("the binary cannot be read: {0}; check the path and its permissions")]
    Io(#[from] io::Error),
}
