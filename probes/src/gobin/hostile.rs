//! Tests with damaged and forged files: no panic, no allocation beyond what the file's size allows, always an end.

use proptest::prelude::*;

use super::forge::{BASE, FUNCTIONS, binary, put};
use super::*;
use crate::sites;

/// Everything a caller may do with a file.
fn exercise(bytes: Vec<u8>) -> Result<usize, GobinError> {
    let binary = GoBinary::parse(bytes)?;
    let functions = binary
        .functions(&|name| name.starts_with(SDK_TRACE) || name.starts_with("main.") || name.len() < 14)?;
    for function in &functions {
        let _ = binary.file_offset(function.entry);
        let Some(code) = binary.code(function) else { continue };
        let code = &code[..code.len().min(1 << 16)];
        let _ = sites::body(code, function.entry);
        let _ = sites::returns(code, function.entry);
        let _ = sites::branch_after_call(code, function.entry, functions[0].entry);
        let _ = sites::spill(code, function.entry, sites::Register::RAX);
        let _ = sites::channel_sends(code, function.entry, functions[0].entry, 56);
    }
    for copy in binary.inlined(&|_| true)? {
        let _ = copy.contains(copy.host.entry);
    }
    binary.offsets()?;
    Ok(functions.len())
}

fn small() -> Option<Vec<u8>> {
    static SMALL: std::sync::OnceLock<Option<Vec<u8>>> = std::sync::OnceLock::new();
    let source = "package main\nfunc main() { println(\"small\") }\n";
    SMALL.get_or_init(|| fixture::small(source)).clone()
}

#[test]
fn a_file_made_by_hand_is_read() {
    for debug in [false, true] {
        let binary = GoBinary::parse(binary(debug)).unwrap();
        assert_eq!((binary.build.go.as_str(), binary.build.main.as_str()), ("1.26.8", "main"));
        assert_eq!(binary.build.modules[SDK], "v1.47.0");
        let found = binary.functions(&|_| true).unwrap();
        for (function, (name, code)) in found.iter().zip(FUNCTIONS) {
            assert_eq!((function.name.as_str(), binary.code(function)), (name, Some(code)));
            assert_eq!(binary.file_offset(function.entry), Some(function.entry - BASE));
        }
        assert_eq!((found.len(), binary.types_base()), (FUNCTIONS.len(), Some(found[0].entry)));
        let (offsets, source) = binary.offsets().unwrap();
        let expected = if debug { OffsetSource::Dwarf } else { OffsetSource::Table };
        assert_eq!((source, offsets.sc_flags), (expected, if debug { 16 } else { 24 }));
        assert_eq!(offsets.bsp_stopped.is_none(), debug);
    }
}

#[test]
fn other_files_are_named_for_what_they_are() {
    let of = |at: usize, with: &[u8]| {
        let mut bytes = binary(false);
        put(&mut bytes, at, with);
        exercise(bytes).unwrap_err().to_string()
    };
    assert!(of(0, b"MZ").contains("no ELF file"));
    assert!(of(4, b"\x01").contains("GOARCH=amd64"));
    assert!(of(18, b"\xb7").contains("GOARCH=amd64"));
    // Without section headers the table is looked for in all that is loaded.
    let mut without_table = binary(false);
    let magic = without_table.windows(8).position(|bytes| bytes == b"\xf1\xff\xff\xff\0\0\x01\x08").unwrap();
    put(&mut without_table, magic, &[0; 8]);
    put(&mut without_table, 40, &[0; 8]);
    put(&mut without_table, 60, &[0; 4]);
    assert!(exercise(without_table).unwrap_err().to_string().contains("upx -d"));
    assert!(of(60, &[0xff, 0xff]).contains("section headers"));
    let mut no_sdk = binary(false);
    for (name, forged) in [(&b"otel/sdk"[..], &b"otel/xxx"[..]), (b"recordingSpan", b"xxxxxxxxxSpan")] {
        while let Some(at) = no_sdk.windows(name.len()).position(|bytes| bytes == name) {
            put(&mut no_sdk, at, forged);
        }
    }
    assert!(matches!(exercise(no_sdk), Err(GobinError::NoSdk)));
    assert!(matches!(GoBinary::open(Path::new("/nonexistent")), Err(GobinError::Io(_))));
}

#[test]
fn a_file_without_section_headers_is_read_like_another() {
    let (whole, mut without) = (binary(false), binary(false));
    // Where they were, how many there are, and which of them has the names.
    put(&mut without, 40, &[0; 8]);
    put(&mut without, 60, &[0; 4]);
    assert_eq!(exercise(without.clone()).unwrap(), exercise(whole.clone()).unwrap());
    let (whole, without) = (GoBinary::parse(whole).unwrap(), GoBinary::parse(without).unwrap());
    assert_eq!((&without.build, &without.module), (&whole.build, &whole.module));
    assert_eq!(without.functions(&|_| true).unwrap(), whole.functions(&|_| true).unwrap());
}

#[test]
fn every_length_of_a_file_made_by_hand_is_refused_or_read() {
    let whole = binary(true);
    for length in 0..whole.len() {
        assert!(exercise(whole[..length].to_vec()).is_err(), "{length}");
    }
    assert!(exercise(whole).is_ok());
}

#[test]
fn the_seeds_of_the_fuzzer_do_no_harm() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../harness/fuzz/corpus/gobin");
    for seed in std::fs::read_dir(&folder).unwrap() {
        drop(exercise(std::fs::read(seed.unwrap().path()).unwrap()));
    }
    // The others are made from these two: cut short, or with a few bytes changed.
    assert_eq!(std::fs::read(folder.join("whole")).unwrap(), binary(true));
    assert_eq!(std::fs::read(folder.join("stripped")).unwrap(), binary(false));
}

proptest! {
    #[test]
    fn bytes_changed_in_a_file_made_by_hand_do_no_harm(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..9),
    ) {
        let mut bytes = binary(true);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        drop(exercise(bytes));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_real_binary_cut_short_is_refused(length in any::<prop::sample::Index>()) {
        let Some(mut bytes) = small() else { return Ok(()) };
        bytes.truncate(length.index(bytes.len()));
        prop_assert!(exercise(bytes).is_err());
    }

    #[test]
    fn bytes_changed_in_the_parts_of_a_real_binary_that_are_read_do_no_harm(
        part in 0_usize..5,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..64),
    ) {
        let Some(mut bytes) = small() else { return Ok(()) };
        let range = {
            let image = Image::parse(bytes.clone()).unwrap();
            let name = [".gopclntab", ".go.buildinfo", ".go.module", ".debug_info"].get(part);
            let section = name.map(|name| image.section(name).unwrap().unwrap().0);
            // The start of the function table is where it matters most; without a name it is all of the file.
            section.map_or(0..bytes.len(), |section| {
                let start = bytes.windows(section.len().min(64)).position(|bytes| section.starts_with(bytes));
                start.map_or(0..64, |start| start..start + section.len().min(1 << 16))
            })
        };
        for (at, byte) in changes {
            let at = range.start + at.index(range.len());
            bytes[at] = byte;
        }
        drop(exercise(bytes));
    }
}
