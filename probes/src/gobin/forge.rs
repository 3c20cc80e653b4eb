//! Hand-made ELF files for tests: as small as a Go binary can be, and whole, so that the tests need no Go.

use super::offsets::{SDK, STRUCTS};

/// Where the one segment is in memory.
pub(super) const BASE: u64 = 0x40_0000;
/// The functions in it, and their code: a stack check with what follows, no check, a check that leads nowhere.
pub(super) const FUNCTIONS: [(&str, &[u8]); 3] = [
    (
        "go.opentelemetry.io/otel/sdk/trace.(*recordingSpan).End",
        b"\x49\x3b\x66\x10\x76\x09\x55\x48\x89\xe5\x48\x89\x44\x24\x10\xc3\xe8\0\0\0\0\xeb\xe9\xcc",
    ),
    ("main.leaf", b"\x90\x90\xc3\xcc\xcc\xcc\xcc\xcc"),
    ("main.main", b"\x49\x3b\x66\x10\x0f\x86\0\x10\0\0\x55\xc3\xcc\xcc\xcc\xcc"),
];
/// Fields in the order of the offsets that the debug information gives them: 0, 8, 16, and so on.
const FIELDS: [&[&str]; 10] = [
    &["goid"],
    &["qcount", "dataqsiz"],
    &["traceID", "spanID", "traceFlags"],
    &["parent", "spanKind", "name", "spanContext", "tracer"],
    &["parent", "spanKind", "name", "spanContext"],
    &["e", "o", "queue", "dropped", "batch", "stopOnce"],
    &["MaxQueueSize", "BatchTimeout", "ExportTimeout", "MaxExportBatchSize", "BlockOnQueueFull"],
    &["provider"],
    &["spanProcessors"],
    &["exporter"],
];

/// A binary with or without debug information.
pub(super) fn binary(debug: bool) -> Vec<u8> {
    let mut sections = vec![
        (".text", FUNCTIONS.iter().flat_map(|(_, code)| *code).copied().collect()),
        (".gopclntab", table()),
        (".go.buildinfo", build_info()),
        (".go.module", vec![0; 39 * 8]),
    ];
    if debug {
        sections.push((".debug_info", debug_info()));
        sections.push((
            ".debug_abbrev",
            b"\x01\x11\x01\x03\x08\0\0\x02\x13\x01\x03\x08\0\0\x03\x0d\0\x03\x08\x38\x0b\0\0\0".to_vec(),
        ));
    }
    let mut names: String = sections.iter().flat_map(|(name, _)| ["\0", name]).collect();
    names.push_str("\0.shstrtab\0");
    sections.push((".shstrtab", names.clone().into_bytes()));
    let mut bytes = vec![0; 64 + 56];
    let mut headers = vec![0; 64];
    for (name, content) in &sections {
        bytes.resize(bytes.len().next_multiple_of(16), 0);
        let at = bytes.len() as u64;
        let place = names.find(&format!("\0{name}\0")).unwrap() as u32 + 1;
        let kind = if *name == ".shstrtab" { 3_u32 } else { 1 };
        headers.extend([place, kind].iter().flat_map(|word| word.to_le_bytes()));
        let rest = [3, BASE + at, at, content.len() as u64, 0, 16, 0];
        headers.extend(rest.iter().flat_map(|word: &u64| word.to_le_bytes()));
        bytes.extend(content);
    }
    bytes.resize(bytes.len().next_multiple_of(16), 0);
    let at = bytes.len() as u64;
    bytes.extend(headers);
    describe(&mut bytes, at, sections.len() as u16 + 1);
    bytes
}

/// Fills in what needs the places of the rest: the ELF header, its segment, and the runtime's description.
fn describe(bytes: &mut [u8], sections: u64, count: u16) {
    let place = |bytes: &[u8], index: usize| {
        let at = sections as usize + 64 * index + 16;
        u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
    };
    let (text, table, module) = (place(bytes, 1), place(bytes, 2), place(bytes, 4));
    let length: usize = FUNCTIONS.iter().map(|(_, code)| code.len()).sum();
    for (word, value) in
        [(0, table), (20, text), (21, text + length as u64), (22, text), (37, text), (38, text + 16)]
    {
        put(bytes, (module - BASE) as usize + word * 8, &value.to_le_bytes());
    }
    put(bytes, 0, b"\x7fELF\x02\x01\x01");
    put(bytes, 16, b"\x02\0\x3e\0\x01\0\0\0");
    put(bytes, 24, &text.to_le_bytes());
    put(bytes, 32, &64_u64.to_le_bytes());
    put(bytes, 40, &sections.to_le_bytes());
    put(bytes, 52, b"\x40\0\x38\0\x01\0\x40\0");
    put(bytes, 60, &count.to_le_bytes());
    put(bytes, 62, &(count - 1).to_le_bytes());
    put(bytes, 64, b"\x01\0\0\0\x07\0\0\0");
    let length = bytes.len() as u64;
    for (index, value) in [0, BASE, BASE, length, length, 16].iter().enumerate() {
        put(bytes, 72 + index * 8, &value.to_le_bytes());
    }
}

/// Overwrites bytes.
pub(super) fn put(bytes: &mut [u8], at: usize, with: &[u8]) {
    bytes[at..at + with.len()].copy_from_slice(with);
}

fn table() -> Vec<u8> {
    let names: String = FUNCTIONS.iter().flat_map(|(name, _)| [name, "\0"]).collect();
    let pairs = (72 + names.len()).next_multiple_of(8);
    let header = [FUNCTIONS.len() as u64, 0, 0, 72, 0, 0, 0, pairs as u64];
    let mut bytes = [0xffff_fff1_u32.to_le_bytes(), [0, 0, 1, 8]].concat();
    bytes.extend(header.iter().flat_map(|word| word.to_le_bytes()));
    bytes.extend(names.as_bytes());
    bytes.resize(pairs, 0);
    let (mut entry, mut name) = (0_u32, 0_u32);
    let mut records = Vec::new();
    for (text, code) in FUNCTIONS {
        let record = (FUNCTIONS.len() * 8 + 4 + records.len()) as u32;
        bytes.extend([entry, record].iter().flat_map(|word| word.to_le_bytes()));
        records.extend([entry, name].iter().flat_map(|word| word.to_le_bytes()));
        (entry, name) = (entry + code.len() as u32, name + text.len() as u32 + 1);
    }
    bytes.extend(entry.to_le_bytes());
    [bytes, records].concat()
}

fn build_info() -> Vec<u8> {
    let modules = format!("{:16}path\tmain\nmod\tmain\t(devel)\t\ndep\t{SDK}\tv1.47.0\th1:x\n{:16}", "", "");
    let mut bytes = b"\xff Go buildinf:\x08\x02".to_vec();
    bytes.resize(32, 0);
    bytes.extend(b"\x08go1.26.8");
    // Between 128 and 16383, so two bytes tell the length.
    bytes.extend([(modules.len() % 128 + 128) as u8, (modules.len() / 128) as u8]);
    [bytes, modules.into_bytes()].concat()
}

fn debug_info() -> Vec<u8> {
    let mut unit = b"\x04\0\0\0\0\0\x08\x01runtime\0".to_vec();
    for (name, fields) in STRUCTS.iter().zip(FIELDS) {
        unit.extend([b"\x02", name.as_bytes(), b"\0"].concat());
        for (index, field) in fields.iter().enumerate() {
            unit.extend([b"\x03", field.as_bytes(), b"\0", &[index as u8 * 8]].concat());
        }
        unit.push(0);
    }
    unit.push(0);
    [(unit.len() as u32).to_le_bytes().to_vec(), unit].concat()
}
