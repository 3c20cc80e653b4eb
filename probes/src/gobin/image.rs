//! The ELF file: what lies where in the file and in memory. Everything is checked against the file's size here, so that
//! the modules beside it read through slices only.

use std::borrow::Cow;
use std::ops::Range;

use object::LittleEndian;
use object::elf::{self, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use object::read::{CompressedData, CompressionFormat};

use super::GobinError;

/// More segments or sections than any linker makes of Go code. It bounds the work on forged headers.
const HEADERS: usize = 1024;
/// One byte of deflate makes at most 1032; a size beyond that is forged and is not allocated.
const DEFLATE: u64 = 1032;
/// No debug section of a Go program is larger than this many bytes.
const INFLATED: u64 = 1 << 30;
/// Bytes of a relocation with an addend.
const RELA: usize = 24;
/// Entries of the dynamic section: where relocations with addends lie, and how many bytes they are.
const DT_RELA: u64 = 7;
const DT_RELASZ: u64 = 8;
/// The relocation that adds the load address.
const R_X86_64_RELATIVE: u64 = 8;

/// A Go executable's bytes with their map.
#[derive(Debug)]
pub(super) struct Image {
    bytes: Vec<u8>,
    segments: Vec<Segment>,
    sections: Vec<Section>,
}

#[derive(Debug)]
struct Segment {
    address: u64,
    file: Range<usize>,
    writable: bool,
}

#[derive(Debug)]
struct Section {
    name: String,
    address: u64,
    /// Absent when it lies beyond the end of the file.
    file: Option<Range<usize>>,
    compressed: bool,
    relocations: bool,
}

impl Image {
    pub(super) fn parse(bytes: Vec<u8>) -> Result<Self, GobinError> {
        let (segments, sections, dynamic) = headers(&bytes)?;
        let mut out = Self { bytes, segments, sections };
        if out.sections.is_empty()
            && let Some(relocations) = dynamic.and_then(|dynamic| out.relocation_table(dynamic))
        {
            out.sections.push(relocations);
        }
        Ok(out)
    }

    /// Where the loader finds relocations, as a section: the one of that kind is not needed to run, and may be gone.
    fn relocation_table(&self, dynamic: Range<usize>) -> Option<Section> {
        let entries = self.bytes.get(dynamic)?.chunks_exact(16);
        let value = |tag| {
            entries.clone().find(|entry| u64_at(entry, 0) == Some(tag)).and_then(|entry| u64_at(entry, 8))
        };
        let (address, length) = (value(DT_RELA)?, value(DT_RELASZ)?);
        let file = range(self.file_offset(address)?, length, self.bytes.len());
        Some(Section { name: String::new(), address, file, compressed: false, relocations: true })
    }

    /// Whether the file says what its parts are called. Nothing needs that to run it, so tools that make files small take it out.
    pub(super) fn has_sections(&self) -> bool {
        self.sections.iter().any(|section| !section.name.is_empty())
    }

    /// A section's bytes and its virtual address; `None` if there is no such section.
    pub(super) fn section(&self, name: &'static str) -> Result<Option<(&[u8], u64)>, GobinError> {
        let Some(section) = self.sections.iter().find(|section| section.name == name) else {
            return Ok(None);
        };
        let range = section.file.clone().ok_or(GobinError::Truncated { what: name })?;
        Ok(self.bytes.get(range).map(|bytes| (bytes, section.address)))
    }

    /// A debug section, given without its dot, inflated if need be; `None` if it is absent or cannot be inflated.
    pub(super) fn debug(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        let found = |prefix: &str| {
            self.sections
                .iter()
                .find(|section| section.name.strip_prefix(prefix).is_some_and(|rest| rest == name))
        };
        if let Some(section) = found(".") {
            let bytes = self.bytes.get(section.file.clone()?)?;
            if !section.compressed {
                return Some(Cow::Borrowed(bytes));
            }
            // Elf64_Chdr: type, reserved, size, alignment.
            let zlib = u32_at(bytes, 0)? == elf::ELFCOMPRESS_ZLIB;
            return zlib.then(|| inflate(bytes.get(24..)?, u64_at(bytes, 8)?)).flatten();
        }
        // Go before 1.19 compressed in the older way.
        let old = self.bytes.get(found(".z")?.file.clone()?)?;
        let size = old.strip_prefix(b"ZLIB")?.first_chunk::<8>()?;
        inflate(old.get(12..)?, u64::from_be_bytes(*size))
    }

    /// `length` bytes at a virtual address, as the file has them.
    pub(super) fn read(&self, address: u64, length: usize) -> Option<&[u8]> {
        let start = usize::try_from(self.file_offset(address)?).ok()?;
        let segment = self.segments.iter().find(|segment| segment.contains(address))?;
        let end = start.checked_add(length).filter(|end| *end <= segment.file.end)?;
        self.bytes.get(start..end)
    }

    pub(super) fn file_offset(&self, address: u64) -> Option<u64> {
        let segment = self.segments.iter().find(|segment| segment.contains(address))?;
        Some(segment.file.start as u64 + (address - segment.address))
    }

    /// Every writable segment's bytes and address: where the linker puts what the runtime starts from.
    pub(super) fn data(&self) -> impl Iterator<Item = (&[u8], u64)> {
        self.segments
            .iter()
            .filter(|segment| segment.writable)
            .filter_map(|segment| Some((self.bytes.get(segment.file.clone())?, segment.address)))
    }

    /// Every segment's bytes and address.
    pub(super) fn loaded(&self) -> impl Iterator<Item = (&[u8], u64)> {
        self.segments
            .iter()
            .filter_map(|segment| Some((self.bytes.get(segment.file.clone())?, segment.address)))
    }

    /// What the loader adds the load address to: (where, what is there before that). Only position independent
    /// executables have these, and an external linker may leave zeros in the file where they go.
    pub(super) fn relocations(&self) -> impl Iterator<Item = (u64, u64)> {
        self.sections
            .iter()
            .filter(|section| section.relocations)
            .filter_map(|section| self.bytes.get(section.file.clone()?))
            .flat_map(|bytes| bytes.chunks_exact(RELA))
            .filter(|entry| u64_at(entry, 8) == Some(R_X86_64_RELATIVE))
            .filter_map(|entry| Some((u64_at(entry, 0)?, u64_at(entry, 16)?)))
    }
}

impl Segment {
    fn contains(&self, address: u64) -> bool {
        address.checked_sub(self.address).is_some_and(|at| at < self.file.len() as u64)
    }
}

/// Segments, sections, and where the dynamic section lies in the file.
type ImageHeaders = (Vec<Segment>, Vec<Section>, Option<Range<usize>>);

fn headers(bytes: &[u8]) -> Result<ImageHeaders, GobinError> {
    let ident = bytes.first_chunk::<16>().ok_or(GobinError::NotElf)?;
    if ident.first_chunk() != Some(&elf::ELFMAG) {
        return Err(GobinError::NotElf);
    }
    if [ident[4], ident[5]] != [elf::ELFCLASS64, elf::ELFDATA2LSB] {
        return Err(GobinError::NotX86_64);
    }
    let cut = |_| GobinError::Truncated { what: "ELF header" };
    let header = FileHeader64::<LittleEndian>::parse(bytes).map_err(cut)?;
    if header.e_machine(LittleEndian) != elf::EM_X86_64 {
        return Err(GobinError::NotX86_64);
    }
    let cut = |_| GobinError::Truncated { what: "program headers" };
    let segments = header.program_headers(LittleEndian, bytes).map_err(cut)?;
    let cut = |_| GobinError::Truncated { what: "section headers" };
    let sections = match header.sections(LittleEndian, bytes) {
        // None are told of; the place where they were may be cut off.
        Err(_) if header.e_shnum(LittleEndian) == 0 => object::read::elf::SectionTable::default(),
        sections => sections.map_err(cut)?,
    };
    if segments.len() > HEADERS || sections.len() > HEADERS {
        return Err(GobinError::Forged { what: "number of headers" });
    }
    let dynamic = segments
        .iter()
        .find(|segment| segment.p_type(LittleEndian) == elf::PT_DYNAMIC)
        .map(|segment| segment.file_range(LittleEndian))
        .and_then(|(start, length)| range(start, length, bytes.len()));
    let segments = segments
        .iter()
        .filter(|segment| segment.p_type(LittleEndian) == elf::PT_LOAD)
        .map(|segment| {
            let (start, length) = segment.file_range(LittleEndian);
            let file = range(start, length, bytes.len()).ok_or(GobinError::Truncated { what: "segments" })?;
            let writable = segment.p_flags(LittleEndian) & elf::PF_W != 0;
            Ok(Segment { address: segment.p_vaddr(LittleEndian), file, writable })
        })
        .collect::<Result<_, GobinError>>()?;
    let sections = sections
        .iter()
        .filter_map(|section| {
            let name =
                String::from_utf8_lossy(sections.section_name(LittleEndian, section).ok()?).into_owned();
            let (start, length) = section.file_range(LittleEndian)?;
            Some(Section {
                name,
                address: section.sh_addr(LittleEndian),
                file: range(start, length, bytes.len()),
                compressed: section.sh_flags(LittleEndian) & u64::from(elf::SHF_COMPRESSED) != 0,
                relocations: section.sh_type(LittleEndian) == elf::SHT_RELA,
            })
        })
        .collect();
    Ok((segments, sections, dynamic))
}

fn range(start: u64, length: u64, limit: usize) -> Option<Range<usize>> {
    let start = usize::try_from(start).ok()?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    (end <= limit).then_some(start..end)
}

fn inflate(bytes: &[u8], size: u64) -> Option<Cow<'_, [u8]>> {
    if size > INFLATED.min((bytes.len() as u64).saturating_mul(DEFLATE)) {
        return None;
    }
    CompressedData { format: CompressionFormat::Zlib, data: bytes, uncompressed_size: size }.decompress().ok()
}

/// The little-endian word of 32 bits at `at`.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}

/// The little-endian word of 64 bits at `at`.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|word| u64::from_le_bytes(*word))
}
