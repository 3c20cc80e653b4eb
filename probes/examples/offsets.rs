//! Makes the table of field offsets (`probes/src/gobin/offsets.json`): what is committed, and what the arguments add.
//! An argument is a version of the OpenTelemetry SDK, for which a small program is built; `all`, which stands for those that the
//! table has of any version of Go; a version of Go, with which the following ones are built (the `go` at hand gets it); or the path of
//! a binary with debug information. Of `all`, versions that need a newer Go are left out.
//!
//! ```text
//! cargo run -p spanfate-probes --example offsets -- \
//!     go1.23.12 all go1.24.13 all go1.25.5 all go1.26.8 1.46.0 1.47.0 path/to/binary > offsets.new
//! mv offsets.new probes/src/gobin/offsets.json
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use spanfate_probes::gobin::{GoBinary, OffsetTable, Offsets};

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
    let mut toolchain = None;
    for argument in std::env::args_os().skip(1) {
        let path = PathBuf::from(&argument);
        let text = argument.to_string_lossy();
        if path.is_file() {
            add(&mut table, &GoBinary::open(&path)?, &text)?;
        } else if text.starts_with("go") {
            toolchain = Some(argument);
        } else if text == "all" {
            let versions: BTreeSet<String> = table.0.values().flat_map(|row| row.keys().cloned()).collect();
            for version in versions {
                match build(OsStr::new(&version), toolchain.as_deref()) {
                    Ok(binary) => add(&mut table, &binary, &version)?,
                    Err(error) => writeln!(io::stderr(), "{version} is left out: {error}")?,
                }
            }
        } else {
            add(&mut table, &build(&argument, toolchain.as_deref())?, &text)?;
        }
    }
    print(&table)?;
    Ok(())
}

fn add(table: &mut OffsetTable, binary: &GoBinary, name: &str) -> Result<(), Box<dyn Error>> {
    if table.add(binary) {
        return Ok(());
    }
    Err(format!("{name} lacks debug information or the SDK's batch processor").into())
}

/// A line for each pair of versions.
fn print(table: &OffsetTable) -> Result<(), Box<dyn Error>> {
    let of_go = |(go, row): (&String, &BTreeMap<String, Offsets>)| {
        let line = |(sdk, offsets)| Ok(format!("    \"{sdk}\": {}", serde_json::to_string(offsets)?));
        let lines = row.iter().map(line).collect::<Result<Vec<String>, Box<dyn Error>>>()?;
        Ok(format!("  \"{go}\": {{\n{}\n  }}", lines.join(",\n")))
    };
    let all = table.0.iter().map(of_go).collect::<Result<Vec<String>, Box<dyn Error>>>()?;
    writeln!(io::stdout().lock(), "{{\n{}\n}}", all.join(",\n"))?;
    Ok(())
}

fn build(version: &OsStr, toolchain: Option<&OsStr>) -> Result<GoBinary, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("main.go"), PROGRAM)?;
    let module = format!("go.opentelemetry.io/otel/sdk@v{}", version.display());
    go(folder.path(), toolchain, &["mod", "init", "offsets"])?;
    go(folder.path(), toolchain, &["get", &module])?;
    go(folder.path(), toolchain, &["mod", "tidy"])?;
    go(folder.path(), toolchain, &["build", "-o", "offsets", "."])?;
    Ok(GoBinary::open(&folder.path().join("offsets"))?)
}

fn go(folder: &Path, toolchain: Option<&OsStr>, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut command = Command::new("go");
    if let Some(toolchain) = toolchain {
        command.env("GOTOOLCHAIN", toolchain);
    }
    let status = command
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
