//! The reader of Go binaries, and the finder of probe sites in what it found.

#![no_main]

use libfuzzer_sys::fuzz_target;
use spanfate_probes::gobin::GoBinary;
use spanfate_probes::sites::{self, Register};

fuzz_target!(|bytes: &[u8]| {
    let Ok(binary) = GoBinary::parse(bytes.to_vec()) else { return };
    let sdk = |name: &str| name.starts_with("go.opentelemetry.io/otel/sdk/trace.") || name.starts_with("main.");
    let functions = binary.functions(&sdk).unwrap_or_default();
    for function in &functions {
        assert!(function.entry <= function.end && sdk(&function.name));
        let Some(code) = binary.code(function) else { continue };
        assert_eq!(code.len() as u64, function.end - function.entry);
        let inside = |address: &u64| (function.entry..function.end).contains(address);
        assert!(code.is_empty() || binary.file_offset(function.entry).is_some());
        assert!(sites::body(code, function.entry).iter().all(inside));
        assert!(sites::returns(code, function.entry).iter().all(inside));
        for callee in &functions {
            assert!(sites::branch_after_call(code, function.entry, callee.entry).iter().all(inside));
        }
        for register in [Register::RAX, Register::RSI, Register::DIL] {
            let _ = sites::spill(code, function.entry, register);
        }
    }
    let _ = binary.types_base();
    let _ = binary.offsets();
});
