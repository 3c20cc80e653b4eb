//! Makes the table of field offsets (`probes/src/gobin/offsets.json`): what is committed, and what the arguments add.
//! An argument is a version of the OpenTelemetry SDK, for which a small program is built with the `go` at hand, or the
//! path of a binary with debug information.
//!
//! ```text
//! cargo run -p spanfate-probes --example offsets -- 1.46.0 1.47.0 path/to/binary > offsets.new
//! mv offsets.new probes/src/gobin/offsets.json
//! ```
//!
//! For another version of Go, set `GOTOOLCHAIN`, as `GOTOOLCHAIN=go1.25.4`.

use std::error::Error;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use spanfate_probes::gobin::{GoBinary, OffsetTable};

/// A program that keeps everything the table speaks of: a batch processor, a simple one and a span that records.
const PROGRAM: &str = r#"// A program to read field offsets from; it is not run.
package main

import (
	"context"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

func main() {
	exporter := tracetest.NewNoopExporter()
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter, trace.WithBlocking()), trace.WithSyncer(exporter))
	_, span := provider.Tracer("offsets").Start(context.Background(), "span")
	span.End()
	_ = provider.Shutdown(context.Background())
}
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let mut table = OffsetTable::committed();
    for argument in std::env::args_os().skip(1) {
        let path = PathBuf::from(&argument);
        let binary = if path.is_file() { GoBinary::open(&path)? } else { build(&argument)? };
        if !table.add(&binary) {
            return Err(
                format!("{} lacks debug information or the SDK's batch processor", path.display()).into()
            );
        }
    }
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &table)?;
    writeln!(out)?;
    Ok(())
}

fn build(version: &OsStr) -> Result<GoBinary, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("main.go"), PROGRAM)?;
    let module = format!("go.opentelemetry.io/otel/sdk@v{}", version.display());
    go(folder.path(), &["mod", "init", "offsets"])?;
    go(folder.path(), &["get", &module])?;
    go(folder.path(), &["mod", "tidy"])?;
    go(folder.path(), &["build", "-o", "offsets", "."])?;
    Ok(GoBinary::open(&folder.path().join("offsets"))?)
}

fn go(folder: &Path, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let status = Command::new("go")
        .args(arguments)
        .current_dir(folder)
        // Of Go's output only errors are of interest, and the table alone belongs on the standard output.
        .stdout(io::stderr())
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "-mod=mod")
        .env("GOARCH", "amd64")
        .env("GOOS", "linux")
        .status()?;
    if status.success() { Ok(()) } else { Err(format!("go {}: {status}", arguments.join(" ")).into()) }
}
