//! docs/foreign-programs.md, as the matrix proves it.

use std::fmt::Write;
use std::fs;

use spanfate_model::books::ledger::Gap;

use super::BUILDS;
use super::setups::{AtEnd, MatrixEnd, all};
use crate::lab::root;

const FILE: &str = "docs/foreign-programs.md";

const HEAD: &str = "\
# Programs that nobody here wrote

What `spanfate attach` proves of the spans of a Go program, by how the program sets up their export. The tests run each set-up below
in each build and with each end. In each run the books close, and they say what the program counts in its own code: spans that it
made, the SDK's counters of dropped spans, and what the answers to its calls of gRPC said.

[Results](results.md#fates) explains each fate. Spans that are *unaccounted* for make the verdict inconclusive: it is exit code 3, never a pass.

";

/// Why spans are unaccounted for, for the page.
fn words(gap: Gap) -> &'static str {
    match gap {
        Gap::Wire => "the receiver's log is not whole",
        Gap::Records => "records are missing",
        Gap::Unread => "our receiver could not read every request",
        Gap::Elsewhere => "exported without an error, and nothing came to our receiver",
        Gap::NotArrived => "exported without an error, and no request of the call came to our receiver",
        Gap::KeptByExporter => "an exporter of the program's own took them and was not seen to send them",
        Gap::NotHandedOn => "a processor of the program's own took them and was not seen to hand them on",
        Gap::NotSeen => "whom its provider handed them to was not seen",
    }
}

fn fates(at: &AtEnd) -> String {
    let mut all: Vec<String> = at.fates.iter().map(|name| format!("`{name}`")).collect();
    all.extend(at.gaps.iter().map(|gap| format!("*unaccounted*: {}", words(*gap))));
    all.join(", ")
}

fn page() -> String {
    let mut out = HEAD.to_owned();
    let list = |all: &[&str]| format!("{} and {}", all[..all.len() - 1].join(", "), all[all.len() - 1]);
    let ends = MatrixEnd::ALL.map(MatrixEnd::words);
    let builds = BUILDS.map(|(name, _)| format!("`{name}`"));
    let builds: Vec<&str> = builds.iter().map(String::as_str).collect();
    writeln!(
        out,
        "The ends are {}. The builds are {}; all of them give the same.\n",
        list(&ends),
        list(&builds)
    )
    .unwrap();
    out += "| the program has | what is proved | after an orderly end | after any other end |\n|---|---|---|---|\n";
    for setup in all() {
        let [orderly, abrupt] = [MatrixEnd::Shutdown, MatrixEnd::Kill].map(|end| fates(setup.at(end)));
        writeln!(out, "| {} | {} | {orderly} | {abrupt} |", setup.name, setup.proves).unwrap();
    }
    out
}

#[test]
fn the_page_says_what_the_matrix_proves() {
    let page = page();
    if std::env::var_os("BLESS").is_some() {
        fs::write(root().join(FILE), &page).unwrap();
    }
    let written = fs::read_to_string(root().join(FILE)).unwrap_or_default();
    assert!(written == page, "{FILE} is stale: BLESS=1 cargo test -p spanfate --test e2e the_page_says");
}
