//! A Go executable read without running it: what it was built from, where its functions are, and where the runtime and the
//! OpenTelemetry SDK keep the fields that probes read. x86-64 Linux, Go 1.18 and newer.
//!
//! Flags do not matter: the function table stays in a binary built with `-trimpath -ldflags="-s -w"`, and offsets come
//! from a table then, `gobin/offsets.json`. To add versions to it (needs Go; each is a small program built in a folder
//! for temporary files), or to add what binaries with debug information tell:
//!
//! ```text
//! cargo run -p spanfate-probes --example offsets -- go1.24.13 all go1.26.8 1.46.0 1.47.0 path/to/binary > offsets.new
//! mv offsets.new probes/src/gobin/offsets.json
//! ```
//!
//! Nothing in a file is trusted: every count and offset is checked against its size, so that a damaged or hostile file
//! gives an error, in time and memory bounded by its size.

use std::io::Read;
use std::path::Path;

use dwarf::fields;
use image::Image;
use moduledata::Module;
use offsets::{OPTIONAL, STRUCTS};
pub(crate) use offsets::{SDK, SDK_TRACE};
use pclntab::Pclntab;

pub use buildinfo::BuildInfo;
pub use error::GobinError;
pub use inline::InlinedCopy;
pub use offsets::{OffsetSource, OffsetTable, Offsets};
pub use pclntab::Function;

mod buildinfo;
mod dwarf;
mod error;
mod image;
mod inline;
mod itab;
mod moduledata;
mod offsets;
mod pclntab;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod forge;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod site_tests;
#[cfg(test)]
mod tests;

/// How the name ends of a function that every program with the SDK has, after its package.
const SPAN_END: &str = ".(*recordingSpan).End";
/// Largest file that is read. Go programs have tens of megabytes, the largest some hundreds.
const MOST_BYTES: u64 = 1 << 30;

/// As many candidates for the function table are looked at: a forged file with more is not worth the time.
const TABLES: usize = 16;

/// A Go executable. Addresses are virtual and as linked: the loader moves a position independent executable, its files'
/// offsets stay.
#[derive(Debug)]
pub struct GoBinary {
    /// What it was built from.
    pub build: BuildInfo,
    image: Image,
    module: Option<Module>,
    text: u64,
    /// Where the function table is, in a file whose parts have no names.
    table_at: Option<u64>,
}

impl GoBinary {
    /// Reads a file.
    ///
    /// # Errors
    /// `Io` if it cannot be read; else as [`GoBinary::parse`].
    pub fn open(path: &Path) -> Result<Self, GobinError> {
        let about = std::fs::metadata(path)?;
        if !about.is_file() {
            return Err(GobinError::NotElf);
        }
        if about.len() > MOST_BYTES {
            return Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge).into());
        }
        // Read, not mapped: a build may write to the file at any time, and its size is small. Bounded: it may grow, too.
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
        Self::parse(bytes)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// `NotElf`, `NotX86_64` and `NotGo` for files of another kind, `Truncated` and `Forged` for damaged ones.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, GobinError> {
        let image = Image::parse(bytes)?;
        let table_at = if image.has_sections() { None } else { Some(scan(&image)?) };
        let table = table(&image, table_at)?;
        let module = Module::find(&image, &table);
        // Without the runtime's word: the header's, which is zero since 1.26, or the section's start, which is right
        // unless an external linker put C code first.
        let text = match &module {
            Some(module) => module.text,
            None if table.text != 0 => table.text,
            None => image.section(".text")?.ok_or(GobinError::Forged { what: "text section" })?.1,
        };
        Ok(Self { build: BuildInfo::find(&image), module, text, table_at, image })
    }

    /// The functions whose full names are wanted, in the order of their addresses. Several may have the same name.
    ///
    /// # Errors
    /// `Forged` if the function table makes no sense.
    pub fn functions(&self, wanted: &dyn Fn(&str) -> bool) -> Result<Vec<Function>, GobinError> {
        table(&self.image, self.table_at)?.functions(self.text, wanted)
    }

    /// The copies of functions, whose full names are wanted, that the compiler put into their callers. None are found in
    /// programs of Go before 1.20, and where the runtime's description of the program was not found.
    ///
    /// # Errors
    /// `Forged` if the function table makes no sense.
    pub fn inlined(&self, wanted: &dyn Fn(&str) -> bool) -> Result<Vec<InlinedCopy>, GobinError> {
        let table = table(&self.image, self.table_at)?;
        let base = self.module.as_ref().and_then(|module| module.function_tables);
        Ok(base.map_or_else(Vec::new, |base| inline::copies(&self.image, &table, (base, self.text), wanted)))
    }

    /// Where in the file a virtual address is, in bytes from its start; `None` if it is not in the file.
    pub fn file_offset(&self, vaddr: u64) -> Option<u64> {
        self.image.file_offset(vaddr)
    }

    /// A function's machine code, with the padding after it.
    pub fn code(&self, function: &Function) -> Option<&[u8]> {
        let length = function.end.checked_sub(function.entry)?;
        self.image.read(function.entry, usize::try_from(length).ok()?)
    }

    /// The hash of the type of which this is the first method in a table of methods, as tables in memory have it; `None` if no
    /// table in the file has it.
    pub fn type_hash(&self, first_method: &Function) -> Option<u32> {
        itab::type_hash(&self.image, first_method.entry)
    }

    /// The virtual address that offsets of runtime types and of their names count from; `None` if the runtime's
    /// description of the program was not found.
    pub fn types_base(&self) -> Option<u64> {
        self.module.as_ref().map(|module| module.types.start)
    }

    /// The type data of the program, which offsets of types and of their names count in; `None` if the runtime's description of the
    /// program was not found.
    pub fn type_data(&self) -> Option<&[u8]> {
        let types = &self.module.as_ref()?.types;
        self.image.read(types.start, usize::try_from(types.end.checked_sub(types.start)?).ok()?)
    }

    /// The packages of the SDK that are in the program, the SDK's own first: a fork, or a copy under another path, has the same
    /// functions in a package of its own.
    ///
    /// # Errors
    /// `Forged` if the function table makes no sense.
    pub fn sdk_packages(&self) -> Result<Vec<String>, GobinError> {
        let of = |name: &str| name.strip_suffix(SPAN_END).map(ToOwned::to_owned);
        let functions = self.functions(&|name| name.ends_with(SPAN_END) || is_of_sdk(name))?;
        let mut packages: Vec<String> = functions.iter().filter_map(|function| of(&function.name)).collect();
        if functions.iter().any(|function| is_of_sdk(&function.name)) {
            packages.push(SDK_TRACE.to_owned());
        }
        packages.sort_unstable_by_key(|package| (package != SDK_TRACE, package.clone()));
        packages.dedup();
        Ok(packages)
    }

    /// Where the fields are that probes read, in the first of the program's packages of the SDK, and how that is known.
    ///
    /// # Errors
    /// `NoSdk` if the binary does not use the SDK, `UnknownSdk` if neither it nor the table tells, `Forged` if its
    /// function table makes no sense.
    pub fn offsets(&self) -> Result<(Offsets, OffsetSource), GobinError> {
        let packages = self.sdk_packages()?;
        if packages.is_empty() && !self.build.modules.contains_key(SDK) {
            return Err(GobinError::NoSdk);
        }
        let package = packages.first().map_or(SDK_TRACE, String::as_str);
        if let Some(offsets) = self.debug_offsets(package) {
            return Ok((offsets, OffsetSource::Dwarf));
        }
        OffsetTable::committed().find(&self.build, package)
    }

    /// What the debug information says of a package of the SDK.
    fn debug_offsets(&self, package: &str) -> Option<Offsets> {
        let names = offsets::names_in(package);
        let mut wanted: Vec<&str> = names.iter().map(String::as_str).collect();
        let known = |name: &&str| STRUCTS.iter().position(|known| known == name);
        let mut optional: Vec<&str> = OPTIONAL.iter().filter_map(known).map(|index| wanted[index]).collect();
        // A copy of the SDK alone uses the API's own.
        for (own, copied) in STRUCTS.iter().zip(&names).filter(|(own, copied)| *own != copied) {
            if !own.starts_with(SDK_TRACE) {
                wanted.push(own);
                optional.extend([*own, copied.as_str()]);
            }
        }
        let found = fields(&self.image, &wanted, &optional)?;
        let mut out = dwarf::FieldOffsets::new();
        // Where both are there, the copy's own counts.
        for ((of, field), offset) in found {
            let own = names.iter().position(|name| name == of);
            let Some(index) = own.or_else(|| known(&of)) else { continue };
            let key = (STRUCTS[index], field);
            if own.is_some() || !out.contains_key(&key) {
                out.insert(key, offset);
            }
        }
        Offsets::of(&out)
    }
}

/// The function table: by its section, or at an address.
fn table(image: &Image, at: Option<u64>) -> Result<Pclntab<'_>, GobinError> {
    at.map_or_else(|| Pclntab::find(image), |at| Pclntab::at(image, at).ok_or(GobinError::NotGo))
}

/// Where the function table is in a file whose parts have no names: the one that the runtime's description of the program speaks
/// of. A program may hold other tables as data.
fn scan(image: &Image) -> Result<u64, GobinError> {
    let believed = |table: &Pclntab<'_>| Module::find(image, table).is_some();
    let mut tables = Pclntab::scan(image).take(TABLES);
    tables.find(believed).map(|table| table.address).ok_or(GobinError::NotGo)
}

/// Whether a function is the SDK's own.
fn is_of_sdk(name: &str) -> bool {
    name.strip_prefix(SDK_TRACE).is_some_and(|rest| rest.starts_with('.'))
}
