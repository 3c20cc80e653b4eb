//! Which sites a program has, and where: pure over the binary.

use std::collections::BTreeMap;

use spanfate_model::format::probe::LackingSite;
use spanfate_model::scenario::ebpf::{Ebpf, EbpfMode};

use crate::ProbeError;
use crate::gobin::{GoBinary, OffsetSource, Offsets, SDK, SDK_TRACE};
use rules::{EXPORT, FIXTURES, SitePlace, is_known};
use search::SiteSearch;

pub use rules::GROWS;

mod rules;
mod search;

/// The first method, by name, of what the SDK hands to span processors, after its package.
const SNAPSHOT: &str = ".(*snapshot).Attributes";
/// The exporter whose call sends what it is given, whoever wraps it.
const SENDER: &str = "/otlptrace.(*Exporter).ExportSpans";
/// Last part of the name of a span processor's method.
const ON_END: &str = ".OnEnd";
/// Last part of the name of an exporter's method.
const EXPORT_SPANS: &str = ".ExportSpans";
/// What it takes, bytes: a pointer, a context and a slice. What takes more or less has other values in the registers that are read: a
/// method of another kind, one of a type that is no pointer (Go makes one of its pointer beside it, which calls it), or one of a generic
/// type, which is given what it is made for (beside which there is one, too).
const EXPORT_ARGUMENTS: u32 = 8 + 16 + 24;

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
    /// Functions that are not there, or not whole.
    pub missing: Vec<String>,
    /// What they would have told, and why they are not there.
    pub lacking: Vec<LackingSite>,
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
    let packages = binary.sdk_packages()?;
    let functions = binary.functions(&|name| {
        is_known(name)
            || is_batch(name)
            || is_exporter(name)
            || name.ends_with(ON_END)
            || name.ends_with(SNAPSHOT)
    })?;
    let copies = binary.inlined(&is_known)?;
    // The programs know of one such type; that of a copy of the SDK is another.
    let snapshot = packages.first().and_then(|package| {
        let name = format!("{package}{SNAPSHOT}");
        functions.iter().find(|function| function.name == name).and_then(|method| binary.type_hash(method))
    });
    let mut found = FoundSites {
        sites: Vec::new(),
        exporters: BTreeMap::new(),
        missing: Vec::new(),
        lacking: Vec::new(),
        offsets,
        source,
        spills: DropSpills::default(),
        snapshot: snapshot.unwrap_or_default(),
        go: binary.build.go.clone(),
        sdk: binary.build.modules.get(SDK).cloned().unwrap_or_default(),
    };
    let search = |package| SiteSearch {
        binary,
        functions: &functions,
        copies: &copies,
        package,
        queue: found.offsets.bsp_queue,
    };
    let searches: Vec<SiteSearch<'_>> = packages.iter().map(|package| search(package.as_str())).collect();
    if let Some((first, copies)) = searches.split_first() {
        first.all(wish, &mut found);
        for copy in copies {
            copy.beside(wish, &mut found);
        }
    }
    let is_sdk = |name: &str| packages.iter().any(|package| is_in(name, package));
    let exporters: Vec<_> =
        functions.iter().filter(|function| is_exporter(&function.name) && !is_sdk(&function.name)).collect();
    // Where no function takes that much the figure is another one, and says nothing.
    let is_told = exporters.iter().any(|function| function.arguments == EXPORT_ARGUMENTS);
    for function in exporters.iter().filter(|one| !is_told || one.arguments == EXPORT_ARGUMENTS) {
        let Some(search) = searches.first() else { break };
        let body = search.addresses(function, SitePlace::Body);
        let returns = search.addresses(function, SitePlace::Returns);
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
    // A span processor of the program's own: that it returned is not seen otherwise, where its goroutine does nothing after that.
    let is_own = |name: &str| name.ends_with(ON_END) && !is_sdk(name) && !name.starts_with(FIXTURES);
    for function in functions.iter().filter(|function| is_own(&function.name)) {
        let Some(search) = searches.first().filter(|_| wish.mode >= EbpfMode::Events) else { break };
        let returns = search.addresses(function, SitePlace::Returns);
        found.add(binary, "passed", EbpfMode::Events, &returns);
    }
    let needed = |program: &str| found.sites.iter().any(|site| site.program == program);
    if !needed("exporting") && !needed("handover") && !needed("sending") && !needed("started") {
        return Err(ProbeError::NoSite(format!("{SDK_TRACE}.{EXPORT}")));
    }
    Ok(found)
}

/// A batch processor's own, of whatever package.
fn is_batch(name: &str) -> bool {
    name.contains(".(*batchSpanProcessor).")
}

fn is_in(name: &str, package: &str) -> bool {
    name.strip_prefix(package).is_some_and(|rest| rest.starts_with('.'))
}

/// Exporters: a method `ExportSpans`; not the SDK's own observers of them, which have another signature.
fn is_exporter(name: &str) -> bool {
    name.ends_with(EXPORT_SPANS) && !name.contains("/internal/observ.")
}

impl FoundSites {
    fn add(&mut self, binary: &GoBinary, program: &'static str, since: EbpfMode, addresses: &[u64]) {
        let offsets = addresses.iter().filter_map(|address| binary.file_offset(*address));
        for offset in offsets {
            let site = Site { program, offset, since };
            if !self.sites.contains(&site) {
                self.sites.push(site);
            }
        }
    }
}
