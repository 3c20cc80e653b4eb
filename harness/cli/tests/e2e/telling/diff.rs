//! Two stores compared: what is printed and written, and the exit codes.

mod real;
mod served;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::lab::lab;

const TRACE: &str = "0102030405060708090a0b0c0d0e0f10";

/// A message with a root and its child, as the Collector writes it.
fn otlp(name: &str) -> String {
    let span = |id: &str, parent: &str, name: &str| {
        format!(
            r#"{{"traceId":"{TRACE}","spanId":"{id}","parentSpanId":"{parent}","name":"{name}","kind":2,"startTimeUnixNano":"1700000000000001500","endTimeUnixNano":"1700000000000009500","attributes":[{{"key":"n","value":{{"intValue":"5"}}}}],"status":{{}}}}"#
        )
    };
    format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"shop"}}}}]}},"scopeSpans":[{{"scope":{{}},"spans":[{},{}]}}]}}]}}"#,
        span("0000000000000001", "", "root"),
        span("0000000000000002", "0000000000000001", name)
    ) + "\n"
}

/// The same as Jaeger answers.
fn jaeger() -> String {
    let span = |id: &str, references: &str, name: &str| {
        format!(
            r#"{{"traceID":"{TRACE}","spanID":"{id}","operationName":"{name}","references":[{references}],"startTime":1700000000000001,"duration":8,"tags":[{{"key":"n","type":"int64","value":5}},{{"key":"span.kind","type":"string","value":"server"}}],"logs":[],"processID":"p1","warnings":null}}"#
        )
    };
    let child = format!(r#"{{"refType":"CHILD_OF","traceID":"{TRACE}","spanID":"0000000000000001"}}"#);
    format!(
        r#"{{"data":[{{"traceID":"{TRACE}","spans":[{},{}],"processes":{{"p1":{{"serviceName":"shop","tags":[]}}}}}}],"errors":null}}"#,
        span("0000000000000001", "", "root"),
        span("0000000000000002", &child, "child")
    )
}

fn call(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_spanfate"))
        .arg("diff")
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn equal_stores_are_0_and_say_what_was_normalised() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("left"), otlp("child")).unwrap();
    std::fs::write(folder.path().join("right"), jaeger()).unwrap();
    let done = call(folder.path(), &["left", "right"]);
    let said = text(&done.stdout);
    assert_eq!(done.status.code(), Some(0), "{said}{}", text(&done.stderr));
    for part in [
        "Both sides tell the same story of 2 spans in 1 trace",
        "[times]: 2 compared",
        "[kind]: 2 right",
        "the right side has no",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let strict = call(folder.path(), &["left", "right", "--strict=times"]);
    assert_eq!(strict.status.code(), Some(99));
    // Standard input is a side, too.
    let mut piped = Command::new(env!("CARGO_BIN_EXE_spanfate"))
        .args(["diff", "left", "-", "--json"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    piped.stdin.take().unwrap().write_all(otlp("child").as_bytes()).unwrap();
    let done = piped.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(0));
    let found: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((&found["counts"]["both"], &found["verdict"]), (&Value::from(2), &Value::from("pass")));
}

#[test]
fn stores_that_differ_are_99_and_leave_files_for_readers() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("left.json"), otlp("child")).unwrap();
    std::fs::write(folder.path().join("right.json"), otlp("<other>")).unwrap();
    let files = ["--junit", "j.xml", "--markdown", "m.md", "--html", "p.html"];
    let done = call(folder.path(), &[&["left.json", "right.json"][..], &files].concat());
    let said = text(&done.stdout);
    assert_eq!(done.status.code(), Some(99), "{said}{}", text(&done.stderr));
    assert!(said.contains("name: \"child\" on the left, \"<other>\" on the right"), "{said}");
    assert!(said.contains("left: line 1, byte ") && said.contains("shop"), "{said}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(read("j.xml").contains("failures=\"1\""));
    assert!(read("m.md").starts_with("## FAIL: The sides differ in 1 of 1 trace"));
    let page = read("p.html");
    assert!(page.contains("<svg") && page.contains("&lt;other&gt;") && !page.contains("<other>"));
}

#[test]
fn what_cannot_be_compared_is_3_65_or_66() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &[u8]| std::fs::write(folder.path().join(name), text).unwrap();
    let whole = otlp("child");
    write("whole", whole.as_bytes());
    write("cut", &whole.as_bytes()[..whole.len() - 20]);
    write("wrong", whole.replace(TRACE, "0102").as_bytes());
    write("odd", b"hello");
    write("empty", b"");
    for (left, right, code, said) in [
        ("cut", "whole", 3, "ends too early, at line 1, byte"),
        ("empty", "empty", 3, "nothing was compared"),
        ("wrong", "whole", 65, "wrong: line 1, byte"),
        ("whole", "odd", 66, "no format that is known"),
        ("nowhere", "whole", 66, "was not found"),
        ("-", "-", 2, "only one side"),
    ] {
        let done = call(folder.path(), &[left, right]);
        let all = text(&done.stdout) + &text(&done.stderr);
        assert_eq!(done.status.code(), Some(code), "{left} {right}: {all}");
        assert!(all.contains(said), "{left} {right}: {all}");
    }
}

#[test]
fn a_run_knows_that_its_spans_were_cut_between_two_messages() {
    let Some(lab) = lab() else { return };
    let done = lab.run(
        "[load]\nrate = \"100/s\"\nwarmup = \"0s\"\nlasting = \"1s\"\n[exporter]\ndelay = \"50ms\"\n\
         [receiver]\nkeep = \"spans\"\n",
    );
    let run = done.run.to_str().unwrap();
    let (rows, kept) = (lab.path("rows.csv"), done.run.join("trial-000").join("wire.spans.otlp"));
    let (rows, file) = (rows.to_str().unwrap(), kept.to_str().unwrap());
    assert!(lab.call(&["export", run, "--csv", "--out", rows]).status.success());
    for left in [run, file] {
        let done = lab.call(&["diff", left, rows]);
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stdout));
    }
    // Each message stands behind its length; the last one is left out.
    let whole = std::fs::read(&kept).unwrap();
    let (mut at, mut last) = (0, 0);
    while let Some(length) = whole[at..].first_chunk::<4>() {
        last = at;
        at += 4 + u32::from_be_bytes(*length) as usize;
    }
    assert!(0 < last && at == whole.len());
    std::fs::write(&kept, &whole[..last]).unwrap();
    let said = format!("wire.spans.otlp has {last} bytes, and trial 0 wrote {}", whole.len());
    for left in [run, file] {
        let done = lab.call(&["diff", left, rows]);
        let all = text(&done.stdout) + &text(&done.stderr);
        assert_eq!(done.status.code(), Some(3), "{all}");
        // Lines are broken to the width of the terminal.
        let all: Vec<&str> = all.split_whitespace().collect();
        assert!(all.join(" ").contains(&said), "{all:?}");
    }
    // By itself it looks whole.
    let copy = lab.path("copy.otlp");
    std::fs::copy(&kept, &copy).unwrap();
    assert_eq!(lab.call(&["diff", copy.to_str().unwrap(), rows]).status.code(), Some(99));
}
