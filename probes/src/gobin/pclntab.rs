//! The function table. The runtime needs it to unwind stacks, so no flag removes it: names and addresses are always there.
//!
//! The layout is that of Go 1.18 and newer: a header, names, files, line tables, and at last pairs of 32-bit words,
//! (entry, where its record is), sorted by entry; after the last pair stands the end of the last function. A record
//! begins with the entry once more and the place of the name. Entries count from the start of the Go text.

use super::GobinError;
use super::image::{Image, u32_at, u64_at};

/// Go 1.18 and 1.19, then Go 1.20 and newer.
const MAGICS: [u32; 2] = [0xffff_fff0, 0xffff_fff1];
/// After the magic: two zeros, instructions of any length, pointers of 8 bytes.
const X86_64: u32 = u32::from_le_bytes([0, 0, 1, 8]);
/// Sections it may lie in; position independent executables need it to be writable while they are loaded.
const SECTIONS: [&str; 2] = [".gopclntab", ".data.rel.ro.gopclntab"];
/// Where an external linker merges the second of these away.
const MERGED: &str = ".data.rel.ro";
/// Many functions share a name only in a forged table; real names take a tenth of the table.
const READ_AGAIN: usize = 8;

const FORGED: GobinError = GobinError::Forged { what: "function table" };

/// A function of the binary.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Function {
    /// The full name, as `runtime.(*gcControllerState).startCycle`.
    pub name: String,
    /// The virtual address of its first byte, as linked: a position independent executable is moved at load.
    pub entry: u64,
    /// The virtual address of the first byte after it and its padding.
    pub end: u64,
    /// Bytes of its receiver and its arguments, as the runtime knows them; 0 if the table does not tell.
    pub arguments: u32,
}

/// The table, found and measured.
#[derive(Debug)]
pub(super) struct Pclntab<'a> {
    pub(super) bytes: &'a [u8],
    /// Where it is in memory.
    pub(super) address: u64,
    /// What the header says the text begins at; zero since Go 1.26.
    pub(super) text: u64,
    /// Go 1.20 or newer.
    pub(super) since_1_20: bool,
    /// Functions.
    pub(super) count: usize,
    names: usize,
    /// Where the tables about instructions begin.
    pub(super) steps: usize,
    pairs: usize,
}

impl<'a> Pclntab<'a> {
    pub(super) fn find(image: &'a Image) -> Result<Self, GobinError> {
        for name in SECTIONS {
            if let Some((bytes, address)) = image.section(name)? {
                return Self::measure(bytes, address).ok_or(FORGED);
            }
        }
        let Some((bytes, address)) = image.section(MERGED)? else { return Err(GobinError::NotGo) };
        Self::within(bytes, address).next().ok_or(GobinError::NotGo)
    }

    /// All that look like one in what the loader loads: for a file that has no names for its parts.
    pub(super) fn scan(image: &'a Image) -> impl Iterator<Item = Self> {
        image.loaded().flat_map(|(bytes, address)| Self::within(bytes, address)).filter(Self::is_sound)
    }

    /// The one at an address.
    pub(super) fn at(image: &'a Image, address: u64) -> Option<Self> {
        let mut loaded = image.loaded();
        loaded.find_map(|(bytes, start)| {
            let at = usize::try_from(address.checked_sub(start)?).ok()?;
            Self::measure(bytes.get(at..)?, address)
        })
    }

    fn within(bytes: &'a [u8], address: u64) -> impl Iterator<Item = Self> {
        // A table is aligned in memory; segments need not be.
        let first = (8 - address as usize % 8) % 8;
        (first..bytes.len())
            .step_by(8)
            .filter_map(move |at| Self::measure(&bytes[at..], address.checked_add(at as u64)?))
    }

    /// Whether the first function and the last have names, and stand in order.
    fn is_sound(&self) -> bool {
        let named = |index| self.function(index).is_some_and(|(_, _, name, _)| !name.is_empty());
        named(0) && named(self.count - 1) && self.bounds().is_some_and(|(first, last)| first < last)
    }

    fn measure(bytes: &'a [u8], address: u64) -> Option<Self> {
        let magic = MAGICS.iter().position(|magic| Some(*magic) == u32_at(bytes, 0))?;
        let place = |at| u64_at(bytes, at).and_then(|place| usize::try_from(place).ok());
        let (count, names, steps, pairs) = (place(8)?, place(32)?, place(56)?, place(64)?);
        // One pair for each function and the end of the last one.
        let room = count.checked_mul(8)?.checked_add(4)?.checked_add(pairs)? <= bytes.len();
        let sound = u32_at(bytes, 4)? == X86_64 && count > 0 && room && names < bytes.len();
        let text = u64_at(bytes, 24)?;
        sound.then_some(Self { bytes, address, text, since_1_20: magic == 1, count, names, steps, pairs })
    }

    /// The first function's entry and the last one's end, from the start of the text.
    pub(super) fn bounds(&self) -> Option<(u32, u32)> {
        Some((u32_at(self.bytes, self.pairs)?, u32_at(self.bytes, self.pairs + self.count * 8)?))
    }

    /// The functions whose names are wanted, in the order of their addresses.
    pub(super) fn functions(
        &self,
        text: u64,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<Function>, GobinError> {
        let mut found = Vec::new();
        let mut budget = self.bytes.len().saturating_mul(READ_AGAIN);
        for index in 0..self.count {
            let (entry, end, name, record) = self.function(index).ok_or(FORGED)?;
            budget = budget.checked_sub(name.len()).ok_or(FORGED)?;
            let Ok(name) = std::str::from_utf8(name) else { continue };
            if wanted(name) {
                let at = |offset: u32| text.checked_add(u64::from(offset)).ok_or(FORGED);
                let arguments = self.arguments(record);
                found.push(Function { name: name.to_owned(), entry: at(entry)?, end: at(end)?, arguments });
            }
        }
        Ok(found)
    }

    /// A function's entry, end and name, and where its record begins.
    pub(super) fn function(&self, index: usize) -> Option<(u32, u32, &'a [u8], usize)> {
        let pair = self.pairs + index * 8;
        let (entry, record, end) =
            (u32_at(self.bytes, pair)?, u32_at(self.bytes, pair + 4)?, u32_at(self.bytes, pair + 8)?);
        let record = self.pairs.checked_add(record as usize)?;
        let name = self.name(u32_at(self.bytes, record.checked_add(4)?)?)?;
        (entry <= end).then_some((entry, end, name, record))
    }

    /// Bytes of the receiver and the arguments of a function, by its record; 0 if it does not tell.
    pub(super) fn arguments(&self, record: usize) -> u32 {
        record.checked_add(8).and_then(|at| u32_at(self.bytes, at)).unwrap_or_default()
    }

    /// The name at a place.
    pub(super) fn name(&self, place: u32) -> Option<&'a [u8]> {
        let name = self.bytes.get(self.names.checked_add(place as usize)?..)?;
        let length = name.iter().position(|byte| *byte == 0)?;
        Some(&name[..length])
    }
}
