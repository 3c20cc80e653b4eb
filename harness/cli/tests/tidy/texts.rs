//! Where the code asks what a text says. Whatever is ours has a type to be asked instead: a reworded label must change nothing
//! but what is read. What remains are texts of others, and forms of formats; each stands here with whose it is.

use std::collections::BTreeSet;
use std::fs;

use super::{files, root};

/// Ways to ask.
const WAYS: [&str; 8] = [
    ".contains(\"",
    ".starts_with(\"",
    ".ends_with(\"",
    ".strip_prefix(\"",
    ".strip_suffix(\"",
    ".find(\"",
    ".text() == \"",
    ".to_string() == \"",
];

/// File, text, whose it is.
const ALLOWED: [(&str, &str, &str); 51] = [
    ("analysis/src/conclude/agreement.rs", "1.38.", "a version of the SDK"),
    ("analysis/src/conclude/runtime_trace.rs", "goroutine", "events of Go's runtime/trace"),
    ("analysis/src/contract/judge/attributes.rs", "[]", "how registries write types of arrays"),
    ("analysis/src/contract/read.rs", "version:", "how a contract begins"),
    ("analysis/src/contract/registry.rs", "definition/2", "how a registry names its version"),
    ("analysis/src/contract/registry/attributes.rs", "template[", "how registries write types of templates"),
    ("analysis/src/evidence/probe/naming.rs", ".ExportSpans", "a name of a Go function"),
    ("analysis/src/evidence/process.rs", "ParentBased", "how the SDK describes its sampler"),
    ("analysis/src/lint/values.rs", "${", "how a Collector's configuration names a variable"),
    ("analysis/src/metrics/exposition.rs", "# EOF", "OpenMetrics"),
    ("analysis/src/metrics/hop.rs", "memory_limiter", "a label of the Collector's metrics"),
    (
        "analysis/src/metrics/hop.rs",
        "processor_memory_limiter_refused_spans",
        "a name of the Collector's metrics",
    ),
    ("analysis/src/metrics/hop.rs", "processor_refused_spans", "a name of the Collector's metrics"),
    ("analysis/src/metrics/names.rs", "_count", "OpenMetrics"),
    ("analysis/src/metrics/names.rs", "_sum", "OpenMetrics"),
    ("cli/src/command/about/reference.rs", "  ", "what clap prints"),
    ("cli/src/command/about/reference.rs", "Usage: ", "what clap prints"),
    ("cli/src/session/arms.rs", "path:", "an argument"),
    ("cli/src/command/report/serve.rs", "/runs/", "a path of a request"),
    ("cli/src/scenario_file/diagnose.rs", "duplicate field ", "an error of serde or toml"),
    ("cli/src/scenario_file/diagnose.rs", "missing field ", "an error of serde or toml"),
    ("cli/src/scenario_file/diagnose.rs", "number overflowed", "an error of serde or toml"),
    ("cli/src/scenario_file/diagnose.rs", "unknown field ", "an error of serde or toml"),
    ("cli/src/scenario_file/diagnose.rs", "unknown variant ", "an error of serde or toml"),
    ("cli/src/scenario_file/sweep.rs", "unknown field", "an error of serde"),
    ("cli/src/scenario_file/syntax.rs", "duplicate", "an error of toml"),
    ("model/src/fault/target.rs", "->", "how a scenario writes a link"),
    ("model/src/result/agreement.rs", ": ", "how a row of one path is written"),
    ("model/src/scenario/figure.rs", ".share", "how a scenario writes a figure"),
    ("model/src/scenario/figure.rs", "fate.", "how a scenario writes a figure"),
    ("model/src/scenario/figure.rs", "why.", "how a scenario writes a figure"),
    ("report/src/ci/markdown/inline.rs", "www.", "what Markdown makes a link of"),
    ("report/src/plot/svg.rs", ".0", "a number"),
    ("run/src/backend/page.rs", "SPAN_KIND_", "a name in OTLP's JSON"),
    ("run/src/doctor.rs", "avg10=", "the kernel's pressure files"),
    ("run/src/doctor.rs", "go1.", "what `go version` says"),
    ("run/src/fixture/sdk/module_file.rs", "module ", "a go.mod file"),
    ("run/src/fixture/sdk/module_file.rs", "require ", "a go.mod file"),
    ("run/src/hop/page.rs", "jaeger_collector_spans_saved_by_svc", "a name of Jaeger's metrics"),
    ("run/src/collector/own.rs", "buildinfo:", "what a Collector says of its components"),
    ("run/src/host/cores.rs", "cpu", "the kernel's /proc/stat"),
    ("run/src/host/oom.rs", "oom_kill ", "the kernel's counters of such kills"),
    ("run/src/pages.rs", "<!DOCTYPE html>", "HTML"),
    ("run/src/pages/scrape.rs", "://", "an address"),
    ("run/src/store.rs", ".ndjson", "the name of a file"),
    ("run/src/toxiproxy/server.rs", "HTTP/1.1 200 ", "HTTP"),
    ("run/src/toxiproxy/server.rs", "\\", "JSON of Toxiproxy: its `\"version\"`"),
    ("run/src/toxiproxy/server.rs", "address already in use", "an error of Toxiproxy"),
    ("run/src/trial/usage.rs", "some", "the kernel's pressure files"),
    ("cli/src/session/outside/contract.rs", "file_format:", "how a registry begins"),
    ("cli/src/session/outside/contract.rs", "groups:", "how a registry begins"),
];

/// What a file asks of texts, outside its tests.
fn asked(text: &str) -> impl Iterator<Item = &str> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let of = move |way: &'static str| code.match_indices(way).map(move |(at, _)| &code[at + way.len()..]);
    WAYS.into_iter().flat_map(of).map(|rest| rest.split('"').next().unwrap_or_default())
}

#[test]
fn no_decision_reads_a_label() {
    let mut found = BTreeSet::new();
    for room in ["model", "run", "analysis", "report", "cli"] {
        let folder = root().join("harness").join(room).join("src");
        for path in files(&folder, &["rs"]) {
            let name = path.strip_prefix(root().join("harness")).unwrap().to_string_lossy().into_owned();
            let inside = name.contains("/tests/") || name.ends_with("/tests.rs");
            for what in asked(&fs::read_to_string(&path).unwrap()).filter(|_| !inside) {
                found.insert((name.clone(), what.to_owned()));
            }
        }
    }
    let allowed: BTreeSet<(String, String)> =
        ALLOWED.iter().map(|(file, what, _)| ((*file).to_owned(), (*what).to_owned())).collect();
    let new: Vec<_> = found.difference(&allowed).collect();
    assert!(new.is_empty(), "give what is asked here a type, or say whose text it is: {new:#?}");
    let gone: Vec<_> = allowed.difference(&found).collect();
    assert!(gone.is_empty(), "nobody asks this any more: {gone:#?}");
}

#[test]
fn who_reads_a_label_is_seen() {
    let code = "if mark.check.text().starts_with(\"spans\") || row.what.text() == \"ended\" {}\n#[cfg(test)]\nx.contains(\"y\")";
    assert_eq!(asked(code).collect::<Vec<_>>(), ["spans", "ended"]);
}
