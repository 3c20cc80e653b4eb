//! Which sites a program has, and where: pure over the binary.

use std::collections::BTreeMap;

use spanfate_model::scenario::ebpf::{Ebpf, EbpfMode, Trap};

use crate::ProbeError;
use crate::gobin::{Function, GoBinary, OffsetSource, Offsets};
use crate::sites;

/// Where in a function a program sits.
#[derive(Clone, Copy)]
enum SitePlace {
    /// Behind the stack check.
    Body,
    /// On each return.
    Returns,
    /// On the branch after the call of a function.
    BranchAfter(&'static str),
}

/// A program of the object, and what it sits on.
struct SiteRule {
    program: &'static str,
    function: &'static str,
    place: SitePlace,
    since: EbpfMode,
    part: ProgramPart,
}

/// What a function belongs to. The linker leaves out what a program never uses: then nothing is missing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ProgramPart {
    /// Every program that makes spans has it.
    Always,
    /// Programs with a batch processor have it.
    Batch,
    /// Programs that call it have it.
    Called,
}

const fn rule(program: &'static str, function: &'static str, place: SitePlace, since: EbpfMode) -> SiteRule {
    SiteRule { program, function, place, since, part: ProgramPart::Always }
}

impl SiteRule {
    const fn of(self, part: ProgramPart) -> Self {
        Self { part, ..self }
    }
}

/// The package that all names of the SDK begin with.
const SDK: &str = "go.opentelemetry.io/otel/sdk/trace.";
/// How names of the batch processor's functions begin.
const BATCH: &str = "go.opentelemetry.io/otel/sdk/trace.(*batchSpanProcessor).";
/// Last part of the name of an exporter's method.
const EXPORT_SPANS: &str = ".ExportSpans";

/// Per batch, in the SDK.
const EXPORT: &str = "go.opentelemetry.io/otel/sdk/trace.(*batchSpanProcessor).exportSpans";
const SHUTDOWN: &str = "go.opentelemetry.io/otel/sdk/trace.(*batchSpanProcessor).Shutdown";
const DRAIN: &str = "go.opentelemetry.io/otel/sdk/trace.(*batchSpanProcessor).drainQueue";
const CLOSING: &str = "go.opentelemetry.io/otel/sdk/trace.(*TracerProvider).Shutdown";
const SIMPLE_SHUTDOWN: &str = "go.opentelemetry.io/otel/sdk/trace.(*simpleSpanProcessor).Shutdown";
/// Per span, in the SDK.
const SIMPLE: &str = "go.opentelemetry.io/otel/sdk/trace.(*simpleSpanProcessor).OnEnd";
const STARTED: &str = "go.opentelemetry.io/otel/sdk/trace.(*recordingSpan).runtimeTrace";
const END: &str = "go.opentelemetry.io/otel/sdk/trace.(*recordingSpan).End";
const NEW_SPAN: &str = "go.opentelemetry.io/otel/sdk/trace.(*tracer).newSpan";
const ON_END: &str = "go.opentelemetry.io/otel/sdk/trace.(*batchSpanProcessor).OnEnd";
const DROP: &str = "go.opentelemetry.io/otel/sdk/trace.(*batchSpanProcessor).enqueueDrop";
const BLOCK: &str = "go.opentelemetry.io/otel/sdk/trace.(*batchSpanProcessor).enqueueBlockOnQueueFull";
/// The function that a trap sits on: one of the fixture that stacks grow in, or, in another program, one of the SDK.
pub const GROWS: &str = "spanfate.dev/fixtures/internal/fault.descend";

const RULES: [SiteRule; 21] = [
    rule("exporting", EXPORT, SitePlace::Body, EbpfMode::Batch).of(ProgramPart::Batch),
    rule("shutting", SHUTDOWN, SitePlace::Body, EbpfMode::Batch).of(ProgramPart::Batch),
    rule("shut", SHUTDOWN, SitePlace::Returns, EbpfMode::Batch).of(ProgramPart::Batch),
    rule("drained", DRAIN, SitePlace::Returns, EbpfMode::Batch).of(ProgramPart::Batch),
    rule("closing", CLOSING, SitePlace::Body, EbpfMode::Batch).of(ProgramPart::Called),
    rule("shutting_simple", SIMPLE_SHUTDOWN, SitePlace::Body, EbpfMode::Batch).of(ProgramPart::Called),
    rule("started", STARTED, SitePlace::Body, EbpfMode::Counters),
    rule("simple", SIMPLE, SitePlace::Body, EbpfMode::Counters).of(ProgramPart::Called),
    rule("enqueued", DROP, SitePlace::BranchAfter("runtime.selectnbsend"), EbpfMode::Counters)
        .of(ProgramPart::Batch),
    rule("blocking", BLOCK, SitePlace::Body, EbpfMode::Counters).of(ProgramPart::Batch),
    rule("unblocked", BLOCK, SitePlace::BranchAfter("runtime.selectgo"), EbpfMode::Counters)
        .of(ProgramPart::Batch),
    rule("ended", END, SitePlace::Body, EbpfMode::Events),
    rule("offered", ON_END, SitePlace::Body, EbpfMode::Events).of(ProgramPart::Batch),
    rule("created", NEW_SPAN, SitePlace::Body, EbpfMode::Events),
    rule("gc_begin", "runtime.(*gcControllerState).startCycle", SitePlace::Body, EbpfMode::Events),
    rule("gc_end", "runtime.gcMarkTermination", SitePlace::Body, EbpfMode::Events),
    rule("stw_begin", "runtime.stopTheWorldWithSema", SitePlace::Body, EbpfMode::Events),
    rule("stw_end", "runtime.startTheWorldWithSema", SitePlace::Body, EbpfMode::Events),
    // For `goroutines`, whatever the mode.
    rule("goroutine", "runtime.newproc1", SitePlace::Returns, EbpfMode::Off),
    rule("gone", "runtime.goexit1", SitePlace::Body, EbpfMode::Off),
    // For the trap.
    rule("entry", STARTED, SitePlace::Body, EbpfMode::Off),
];

/// Functions that the rules only mention.
const MENTIONED: [&str; 4] = ["runtime.selectnbsend", "runtime.selectgo", GROWS, SNAPSHOT];
/// The first method, by name, of what the SDK hands to span processors.
const SNAPSHOT: &str = "go.opentelemetry.io/otel/sdk/trace.(*snapshot).Attributes";
/// The exporter whose call sends what it is given, whoever wraps it.
const SENDER: &str = "/otlptrace.(*Exporter).ExportSpans";

/// A site.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Site {
    /// Name of the program that sits there.
    pub program: &'static str,
    /// Byte in the binary's file.
    pub offset: u64,
    /// From which mode on it is needed.
    pub since: EbpfMode,
}

/// Places above the stack pointer, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DropSpills {
    /// Of the processor.
    pub processor: u32,
    /// Of the table of the span's interface; 0 if it is not kept.
    pub table: u32,
    /// Of the span.
    pub span: u32,
}

/// What was found in a program.
#[derive(Clone, Debug)]
pub struct FoundSites {
    /// The sites.
    pub sites: Vec<Site>,
    /// Functions of exporters, by the byte in the binary's file where `handover` sits in them.
    pub exporters: BTreeMap<u64, String>,
    /// Functions that are not there.
    pub missing: Vec<String>,
    /// Where the SDK's structs have their fields.
    pub offsets: Offsets,
    /// Where that is known from.
    pub source: OffsetSource,
    /// Where `enqueueDrop` keeps its processor, and its span's table and address: bytes above the stack pointer.
    pub spills: DropSpills,
    /// Hash of the type that the SDK hands to span processors; 0 if the file does not tell it.
    pub snapshot: u32,
    /// Go version.
    pub go: String,
    /// SDK version; empty where the binary does not say it.
    pub sdk: String,
}

/// Looks up what is wanted.
pub fn look_up(binary: &GoBinary, wish: &Ebpf) -> Result<FoundSites, ProbeError> {
    let (offsets, source) = binary.offsets()?;
    let wanted = |name: &str| {
        RULES.iter().any(|rule| rule.function == name)
            || MENTIONED.contains(&name)
            || is_exporter(name)
            || name.starts_with(BATCH)
    };
    let functions = binary.functions(&wanted)?;
    let find = |name: &str| functions.iter().find(|function| function.name == name);
    let has_batch = functions.iter().any(|function| function.name.starts_with(BATCH));
    let mut found = FoundSites {
        sites: Vec::new(),
        exporters: BTreeMap::new(),
        missing: Vec::new(),
        offsets,
        source,
        spills: DropSpills::default(),
        snapshot: find(SNAPSHOT).and_then(|method| binary.type_hash(method)).unwrap_or_default(),
        go: binary.build.go.clone(),
        sdk: binary.build.modules.get("go.opentelemetry.io/otel/sdk").cloned().unwrap_or_default(),
    };
    for rule in RULES.iter().filter(|rule| is_wanted(rule, wish)) {
        let before = found.sites.len();
        if let Some(function) = find(rule.function) {
            let addresses = addresses(binary, function, rule.place, &find);
            found.add(binary, rule.program, rule.since, &addresses);
        }
        let is_missing = match rule.part {
            ProgramPart::Always => true,
            ProgramPart::Batch => has_batch,
            ProgramPart::Called => find(rule.function).is_some(),
        };
        if found.sites.len() == before && is_missing {
            found.missing.push(rule.function.to_owned());
        }
    }
    if wish.mode >= EbpfMode::Counters && has_batch {
        found.spills = spills(binary, find(DROP)).unwrap_or_default();
        if found.spills == DropSpills::default() {
            found.sites.retain(|site| site.program != "enqueued");
            found.missing.push(DROP.to_owned());
        }
    }
    for function in functions.iter().filter(|function| is_exporter(&function.name)) {
        let body = addresses(binary, function, SitePlace::Body, &find);
        let returns = addresses(binary, function, SitePlace::Returns, &find);
        // One without a frame of its own jumps on to another.
        if !body.is_empty() && !returns.is_empty() {
            let sends = function.name.ends_with(SENDER);
            let (before, after) = if sends { ("sending", "sent") } else { ("handover", "exported") };
            found.add(binary, before, EbpfMode::Batch, &body);
            let places = body.iter().filter_map(|address| binary.file_offset(*address));
            found.exporters.extend(places.map(|place| (place, function.name.clone())));
            found.add(binary, after, EbpfMode::Batch, &returns);
        }
    }
    trap(binary, wish, &find, &mut found);
    let needed = |program: &str| found.sites.iter().any(|site| site.program == program);
    if !needed("exporting") && !needed("handover") && !needed("sending") && !needed("started") {
        return Err(ProbeError::NoSite(EXPORT.to_owned()));
    }
    if wish.mode >= EbpfMode::Counters && !needed("started") {
        return Err(ProbeError::NoSite(STARTED.to_owned()));
    }
    Ok(found)
}

impl FoundSites {
    fn add(&mut self, binary: &GoBinary, program: &'static str, since: EbpfMode, addresses: &[u64]) {
        let offsets = addresses.iter().filter_map(|address| binary.file_offset(*address));
        self.sites.extend(offsets.map(|offset| Site { program, offset, since }));
    }
}

fn is_wanted(rule: &SiteRule, wish: &Ebpf) -> bool {
    match rule.program {
        "goroutine" | "gone" => wish.goroutines,
        "entry" => false,
        _ => wish.mode >= rule.since,
    }
}

/// Exporters: a method `ExportSpans`; not the SDK's own observers of them, which have another signature.
fn is_exporter(name: &str) -> bool {
    name.ends_with(EXPORT_SPANS) && !name.contains("/internal/observ.") && !name.starts_with(SDK)
}

fn addresses<'a>(
    binary: &GoBinary,
    function: &Function,
    place: SitePlace,
    find: &dyn Fn(&str) -> Option<&'a Function>,
) -> Vec<u64> {
    let Some(code) = binary.code(function) else { return Vec::new() };
    match place {
        SitePlace::Body => sites::body(code, function.entry).into_iter().collect(),
        SitePlace::Returns => sites::returns(code, function.entry),
        SitePlace::BranchAfter(callee) => {
            let callee = find(callee).map(|callee| callee.entry);
            callee
                .and_then(|callee| sites::branch_after_call(code, function.entry, callee))
                .into_iter()
                .collect()
        }
    }
}

/// Where `enqueueDrop` keeps its first argument and its third, an interface.
fn spills(binary: &GoBinary, function: Option<&Function>) -> Option<DropSpills> {
    let function = function?;
    let code = binary.code(function)?;
    let at = |register| sites::spill(code, function.entry, register).and_then(|at| u32::try_from(at).ok());
    Some(DropSpills {
        processor: at(iced_x86::Register::RAX)?,
        table: at(iced_x86::Register::RDI).unwrap_or_default(),
        span: at(iced_x86::Register::RSI)?,
    })
}

/// A site on which no probe should sit.
fn trap<'a>(
    binary: &GoBinary,
    wish: &Ebpf,
    find: &dyn Fn(&str) -> Option<&'a Function>,
    found: &mut FoundSites,
) {
    let program = match wish.trap {
        Some(Trap::Entry) => "entry",
        Some(Trap::Uretprobe) => "returned",
        Some(Trap::Fentry) | None => return,
    };
    match find(GROWS).or_else(|| find(STARTED)) {
        Some(function) => {
            found.add(binary, program, EbpfMode::Off, &[function.entry]);
            found.add(binary, "called", EbpfMode::Off, &addresses(binary, function, SitePlace::Body, find));
        }
        None => found.missing.push(GROWS.to_owned()),
    }
}
