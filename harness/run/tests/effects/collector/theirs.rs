//! The Collector's side: a program of `go-fixtures/collector` that reads bodies and says what became of them.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{Answers, Body, hex};

/// Builds the program of that name and asks it.
pub(super) fn answers(program: &str, bodies: &[Body]) -> Answers {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../go-fixtures/collector");
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join(program);
    let mut go = Command::new("go");
    go.args(["build", "-trimpath", "-mod=readonly", "-o"]).arg(&binary).arg(format!("./{program}"));
    let built = go.current_dir(module).env("CGO_ENABLED", "0").env("GOWORK", "off").status().unwrap();
    assert!(built.success(), "go build ./{program} in go-fixtures/collector");
    let mut child = Command::new(binary).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut to = BufWriter::new(child.stdin.take().unwrap());
    let lines: Vec<String> = bodies
        .iter()
        .map(|body| json!({"name": body.name, "json": body.json, "hex": hex(&body.bytes)}).to_string())
        .collect();
    let sending = std::thread::spawn(move || {
        for line in lines {
            writeln!(to, "{line}").unwrap();
        }
        to.flush().unwrap();
    });
    let said = child.wait_with_output().unwrap();
    sending.join().unwrap();
    assert!(said.status.success(), "{program} failed");
    let answers: Answers = serde_json::Deserializer::from_slice(&said.stdout)
        .into_iter::<Value>()
        .map(|line| {
            let line = line.unwrap();
            let spans = line["spans"].as_array().map(|spans| spans.iter().map(text).collect());
            (text(&line["name"]), spans)
        })
        .collect();
    assert_eq!(answers.len(), bodies.len(), "one answer for each body");
    answers
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
