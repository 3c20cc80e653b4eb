//! Tests on the project's fixture, built plainly, stripped, without inlining, and position independent.

use std::collections::BTreeMap;

use object::{Object as _, ObjectSymbol as _};
use spanfate_model::scenario::ebpf::{Ebpf, EbpfMode};

use super::fixture::{fixture, of_files};
use super::image::{u32_at, u64_at};
use super::*;
use crate::lookup::{FoundSites, look_up};

#[test]
fn build_information_is_right_in_every_variant() {
    let Some(fixture) = fixture() else { return };
    for (name, binary) in &fixture.binaries {
        let build = &binary.build;
        assert!(build.go.starts_with("1.") && build.go_minor() >= Some((1, 26)), "{name}: {}", build.go);
        assert_eq!(build.main, "spanfate.dev/fixtures/cmd/fixture", "{name}");
        assert_eq!(build.modules[SDK], "v1.47.0", "{name}");
        assert_eq!(build.modules["spanfate.dev/fixtures"], "(devel)", "{name}");
        assert_eq!(build.settings["GOARCH"], "amd64", "{name}");
    }
    assert_eq!(fixture.binaries["noinline"].build.settings["-gcflags"], "all=-l");
    assert_eq!(fixture.binaries["stripped"].build.settings["-trimpath"], "true");
}

#[test]
fn offsets_from_debug_information_are_those_of_the_table() {
    let Some(fixture) = fixture() else { return };
    for (name, binary) in &fixture.binaries {
        let (offsets, source) = binary.offsets().unwrap();
        let (row, _) = OffsetTable::committed().find(&binary.build, SDK_TRACE).unwrap();
        let stripped = *name == "stripped";
        assert_eq!(source, if stripped { OffsetSource::Table } else { OffsetSource::Dwarf }, "{name}");
        // Whether a program has a simple processor is its own business.
        let simple = offsets.ssp_exporter.or(row.ssp_exporter);
        assert_eq!(Offsets { ssp_exporter: simple, ..offsets }, row, "{name}");
    }
}

#[test]
fn functions_are_where_the_symbol_table_says() {
    let Some(fixture) = fixture() else { return };
    let bytes = std::fs::read(fixture.folder.path().join("plain")).unwrap();
    let file = object::read::elf::ElfFile64::<object::LittleEndian>::parse(&*bytes).unwrap();
    let symbols: BTreeMap<&str, u64> =
        file.symbols().filter_map(|symbol| Some((symbol.name().ok()?, symbol.address()))).collect();
    let mut same = 0;
    let functions = fixture.binaries["plain"].functions(&|_| true).unwrap();
    for function in &functions {
        assert!(function.entry < function.end, "{function:?}");
        same += usize::from(symbols.get(&*function.name) == Some(&function.entry));
    }
    // Assembly functions are called name.abi0 there, and a generic function has one name for all its shapes here.
    assert!(same * 100 > functions.len() * 97, "{same} of {}", functions.len());
}

#[test]
fn stripping_changes_neither_functions_nor_their_code() {
    let Some(fixture) = fixture() else { return };
    let (plain, stripped) = (&fixture.binaries["plain"], &fixture.binaries["stripped"]);
    let wanted = |name: &str| name.starts_with(SDK_TRACE) || name.starts_with("runtime.");
    let functions = plain.functions(&wanted).unwrap();
    assert!(functions.len() > 1000);
    // Not assert_eq: thousands of functions would be printed.
    assert!(functions == stripped.functions(&wanted).unwrap());
    let same = functions.iter().filter(|function| plain.code(function) == stripped.code(function)).count();
    // What differs are addresses of data, which move.
    assert!(same * 3 > functions.len(), "{same} of {}", functions.len());
}

#[test]
fn the_base_of_types_leads_to_the_names_of_types() {
    let Some(fixture) = fixture() else { return };
    for (name, binary) in &fixture.binaries {
        let section = if *name == "pie" { ".data.rel.ro.itablink" } else { ".itablink" };
        let (tables, _) = binary.image.section(section).unwrap().unwrap();
        let names: Vec<String> =
            tables.chunks_exact(8).filter_map(|table| type_of(binary, u64_at(table, 0)?)).collect();
        assert_eq!(names.len(), tables.len() / 8, "{name}");
        for wanted in ["*trace.recordingSpan", "*trace.batchSpanProcessor", "*trace.snapshot"] {
            assert!(names.iter().any(|name| name == wanted), "{name}: no {wanted}");
        }
    }
}

/// The name of the concrete type in an interface table: its second word is the type, which has the offset of its name
/// at byte 40; a name is a byte of flags, a length and the text.
fn type_of(binary: &GoBinary, table: u64) -> Option<String> {
    let image = &binary.image;
    let concrete = u64_at(image.read(table + 8, 8)?, 0)?;
    let name = binary.types_base()? + u64::from(u32_at(image.read(concrete + 40, 4)?, 0)?);
    let [_, low, high] = *image.read(name, 3)? else { return None };
    let (length, skip) =
        if low < 128 { (low.into(), 2) } else { (usize::from(low & 127) | usize::from(high) << 7, 3) };
    Some(std::str::from_utf8(image.read(name + skip, length)?).ok()?.to_owned())
}

#[test]
fn relocations_tell_what_an_external_linker_leaves_out_of_the_file() {
    let Some(fixture) = fixture() else { return };
    let pie = &fixture.binaries["pie"];
    let mut bytes = std::fs::read(fixture.folder.path().join("pie")).unwrap();
    let (section, address) = pie.image.section(".go.module").unwrap().unwrap();
    let at = pie.file_offset(address).unwrap() as usize;
    let length = section.len();
    bytes[at..at + length].fill(0);
    let emptied = GoBinary::parse(bytes).unwrap();
    assert!(pie.module.is_some());
    assert_eq!((emptied.module, emptied.text), (pie.module.clone(), pie.text));
}

/// A file without section headers, and without what stands behind the last segment: what `sstrip` leaves.
fn headless(path: &Path) -> GoBinary {
    let mut bytes = std::fs::read(path).unwrap();
    let word = |bytes: &[u8], at: usize| u64_at(bytes, at).unwrap() as usize;
    let count = usize::from(u16::from_le_bytes([bytes[56], bytes[57]]));
    let segments = (0..count).map(|index| word(&bytes, 32) + index * 56);
    let end = segments.map(|at| word(&bytes, at + 8) + word(&bytes, at + 32)).max().unwrap();
    bytes.truncate(end);
    bytes[40..48].fill(0);
    bytes[60..64].fill(0);
    GoBinary::parse(bytes).unwrap()
}

#[test]
fn section_headers_are_not_needed() {
    let Some(fixture) = fixture() else { return };
    let wish = Ebpf::plain(EbpfMode::Events);
    for (name, whole) in &fixture.binaries {
        let binary = headless(&fixture.folder.path().join(name));
        assert_eq!((&binary.module, binary.text), (&whole.module, whole.text), "{name}");
        assert_eq!(binary.build, whole.build, "{name}");
        assert!(binary.functions(&|_| true).unwrap() == whole.functions(&|_| true).unwrap(), "{name}");
        let (found, known) = (look_up(&binary, &wish).unwrap(), look_up(whole, &wish).unwrap());
        // Debug information went with the headers.
        assert_eq!(found.source, OffsetSource::Table, "{name}");
        assert_eq!((found.sites, found.spills), (known.sites, known.spills), "{name}");
        assert_eq!((found.lacking, found.snapshot), (known.lacking, known.snapshot), "{name}");
    }
}

/// Of a copy of the SDK as much as tells that it is one.
const COPY: &str = r"package trace

type recordingSpan struct{ ended int }

//go:noinline
func (s *recordingSpan) End(options ...string) {
	s.ended++
	println(s.ended, len(options))
}

func New() interface{ End(...string) } { return &recordingSpan{} }
";

/// Spans of the SDK, and of a copy where there is one.
const PROGRAM: &str = r#"package main

import (
	"context"

	"go.opentelemetry.io/otel/sdk/trace"
	// copy
)

func main() {
	provider := trace.NewTracerProvider()
	_, span := provider.Tracer("x").Start(context.Background(), "x")
	span.End()
	_ = provider.Shutdown(context.Background())
	// use
}
"#;

#[test]
fn a_second_copy_of_the_sdk_is_counted_and_not_read() {
    let import = r#"copied "spanfate.dev/fixtures/copied/otel/sdk/trace""#;
    let both = PROGRAM.replace("// copy", import).replace("// use", "copied.New().End()");
    let copy = ("copied/otel/sdk/trace/trace.go", COPY);
    let Some(two) = of_files(&[("main.go", &both), copy]) else { return };
    let Some(one) = of_files(&[("main.go", PROGRAM)]) else { return };
    assert_eq!(two.sdk_packages().unwrap(), [SDK_TRACE, "spanfate.dev/fixtures/copied/otel/sdk/trace"]);
    let wish = Ebpf::plain(EbpfMode::Events);
    let (two, one) = (look_up(&two, &wish).unwrap(), look_up(&one, &wish).unwrap());
    let programs = |found: &FoundSites| -> Vec<_> {
        found.sites.iter().map(|site| site.program).filter(|program| *program != "called").collect()
    };
    assert_eq!((programs(&two), &two.offsets), (programs(&one), &one.offsets));
    assert!(one.lacking.is_empty(), "{:?}", one.lacking);
    assert_eq!(two.sites.iter().filter(|site| site.program == "called").count(), 1);
    let row = &two.lacking[0];
    assert!(two.lacking.len() == 1 && row.copy, "{:?}", two.lacking);
    assert_eq!(row.function, "spanfate.dev/fixtures/copied/otel/sdk/trace.(*recordingSpan).runtimeTrace");
}
