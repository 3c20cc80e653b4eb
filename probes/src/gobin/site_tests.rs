//! Tests of `sites` on every function of the fixture, against what Go's own disassembler shows.

use std::collections::BTreeMap;
use std::process::Command;

use super::fixture::fixture;
use super::*;
use crate::sites::{self, Register};

/// The functions that probes are for.
const PROBED: [&str; 13] = [
    "go.opentelemetry.io/otel/sdk/trace.(*recordingSpan).runtimeTrace",
    "go.opentelemetry.io/otel/sdk/trace.(*recordingSpan).End",
    "go.opentelemetry.io/otel/sdk/trace.(*recordingSpan).snapshot",
    "go.opentelemetry.io/otel/sdk/trace.(*batchSpanProcessor).OnEnd",
    "go.opentelemetry.io/otel/sdk/trace.(*batchSpanProcessor).enqueueDrop",
    "go.opentelemetry.io/otel/sdk/trace.(*batchSpanProcessor).enqueueBlockOnQueueFull",
    "go.opentelemetry.io/otel/sdk/trace.(*batchSpanProcessor).exportSpans",
    "go.opentelemetry.io/otel/sdk/trace.(*batchSpanProcessor).Shutdown",
    "runtime.newproc1",
    "runtime.stopTheWorldWithSema",
    "runtime.startTheWorldWithSema",
    "runtime.gcMarkTermination",
    "runtime.(*gcControllerState).startCycle",
];

fn only(binary: &GoBinary, name: &str) -> Function {
    let mut found = binary.functions(&|function| function == name).unwrap();
    assert_eq!(found.len(), 1, "{name}");
    found.remove(0)
}

#[test]
fn every_function_has_a_body() {
    let Some(fixture) = fixture() else { return };
    for (variant, binary) in &fixture.binaries {
        let (mut checked, mut unknown) = (0, Vec::new());
        let functions = binary.functions(&|_| true).unwrap();
        for function in &functions {
            let code = binary.code(function).unwrap();
            let Some(body) = sites::body(code, function.entry) else {
                unknown.push(&*function.name);
                continue;
            };
            assert!((function.entry..function.end).contains(&body), "{variant}: {function:?}");
            checked += usize::from(body > function.entry);
        }
        println!("{variant}: {} functions, {checked} with a check, unknown: {unknown:?}", functions.len());
        assert!(checked * 2 > functions.len(), "{variant}: {checked}");
    }
}

#[test]
fn bodies_are_where_the_disassembler_shows_the_end_of_the_check() {
    let Some(fixture) = fixture() else { return };
    let binary = &fixture.binaries["plain"];
    let listing = disassembly(&fixture.folder.path().join("plain"));
    for name in PROBED {
        let function = only(binary, name);
        let lines = &listing[name];
        let check = lines.iter().position(|(_, text)| text.starts_with("JBE")).unwrap();
        let (after, text) = &lines[check + 1];
        let code = binary.code(&function).unwrap();
        assert!(check < 3 && text.starts_with("PUSHQ BP"), "{name}: {text}");
        assert_eq!((lines[0].0, sites::body(code, function.entry)), (function.entry, Some(*after)), "{name}");
        let returns: Vec<u64> =
            lines.iter().filter(|(_, text)| text.starts_with("RET")).map(|(address, _)| *address).collect();
        assert_eq!(sites::returns(code, function.entry), returns, "{name}");
    }
}

/// Function to its instructions, as `go tool objdump` prints them.
fn disassembly(path: &Path) -> BTreeMap<String, Vec<(u64, String)>> {
    let names: Vec<String> = PROBED.iter().map(|name| name.replace(['(', '*', ')'], ".")).collect();
    let pattern = format!("^({})$", names.join("|"));
    let out = Command::new("go").args(["tool", "objdump", "-s", &pattern]).arg(path).output().unwrap();
    let mut listing = BTreeMap::new();
    let mut name = String::new();
    for line in std::str::from_utf8(&out.stdout).unwrap().lines() {
        if let Some(start) = line.strip_prefix("TEXT ") {
            start.split("(SB)").next().unwrap().clone_into(&mut name);
            continue;
        }
        let mut words = line.split('\t').map(str::trim).filter(|word| !word.is_empty()).skip(1);
        let Some(address) = words.next().and_then(|word| word.strip_prefix("0x")) else { continue };
        let instruction = (u64::from_str_radix(address, 16).unwrap(), words.nth(1).unwrap().to_owned());
        listing.entry(name.clone()).or_insert_with(Vec::new).push(instruction);
    }
    listing
}

#[test]
fn what_became_of_a_span_can_be_probed_in_every_variant() {
    let Some(fixture) = fixture() else { return };
    for (variant, binary) in &fixture.binaries {
        for (name, callee) in [(PROBED[4], "runtime.selectnbsend"), (PROBED[5], "runtime.selectgo")] {
            let (function, callee) = (only(binary, name), only(binary, callee));
            let code = binary.code(&function).unwrap();
            let branch = sites::branch_after_call(code, function.entry, callee.entry).unwrap();
            let at = (branch - function.entry) as usize;
            assert!([0x74, 0x75, 0x0f].contains(&code[at]), "{variant} {name}: {:x}", code[at]);
            // The snapshot, which the outcome is about.
            let slot = sites::spill(code, function.entry, Register::RSI);
            assert!(slot.is_some_and(|slot| slot > 0 && slot % 8 == 0), "{variant} {name}: {slot:?}");
        }
    }
}
