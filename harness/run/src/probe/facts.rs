//! What a program's file says of itself, without running it.

use std::path::Path;

use spanfate_model::scenario::ebpf::{Ebpf, EbpfMode};
use spanfate_probes::gobin::{GoBinary, OffsetSource};
use spanfate_probes::lookup::look_up;

use crate::RunError;

/// What is known of a Go program with the SDK in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// Go version.
    pub go: String,
    /// SDK version; empty where the file does not say it.
    pub sdk: String,
    /// Its main package.
    pub main: String,
    /// Exporters that are in it: `OTLP/gRPC`, `OTLP/HTTP`, or a package's name.
    pub exporters: Vec<String>,
    /// Sites that probes can sit on.
    pub sites: usize,
    /// The version whose struct offsets would be used in place of an unknown one.
    pub nearest: Option<String>,
}

/// Packages of exporters, and how they are called.
const EXPORTERS: [(&str, &str); 4] = [
    ("go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc", "OTLP/gRPC"),
    ("go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp", "OTLP/HTTP"),
    ("go.opentelemetry.io/otel/exporters/stdout/stdouttrace", "standard output"),
    ("go.opentelemetry.io/otel/exporters/zipkin", "Zipkin"),
];

/// Reads a program's file.
pub fn facts(program: &Path) -> Result<Facts, RunError> {
    let unfit = |why: String| RunError::Unfit { program: program.to_owned(), why };
    let binary = GoBinary::open(program).map_err(|error| unfit(error.to_string()))?;
    let found = look_up(&binary, &Ebpf::plain(EbpfMode::Events)).map_err(|error| unfit(error.to_string()))?;
    let in_it = |package: &str| binary.build.modules.contains_key(package);
    let known = EXPORTERS.iter().filter(|(package, _)| in_it(package)).map(|(_, name)| (*name).to_owned());
    Ok(Facts {
        go: found.go,
        sdk: found.sdk.trim_start_matches('v').to_owned(),
        main: binary.build.main.clone(),
        exporters: known.collect(),
        sites: found.sites.len(),
        nearest: match found.source {
            OffsetSource::Nearest { sdk, go } => Some(format!("SDK {sdk}, Go {go}")),
            OffsetSource::Dwarf | OffsetSource::Table => None,
        },
    })
}
