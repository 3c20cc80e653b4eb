//! Reads what probes point to out of a process that runs: settings, types of errors. It only reads.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;

use spanfate_model::format::probe::ProcessorSettings;

use crate::gobin::{GoBinary, Offsets};

/// Longest name that is read, bytes.
const NAME: usize = 240;

/// The memory of a process. It is opened when it is first read: before that the process may not have become its program.
#[derive(Debug)]
pub struct Memory {
    /// The process's folder in /proc.
    folder: PathBuf,
    /// Where the type data lies in the binary's file.
    types: Option<u64>,
    /// The type data, as the file has it.
    type_data: Vec<u8>,
    offsets: Offsets,
    opened: Option<OpenedMemory>,
}

/// Memory with its map.
#[derive(Debug)]
struct OpenedMemory {
    file: File,
    /// Mappings of the binary that nobody writes to: start, end, place in the file.
    constant: Vec<(u64, u64, u64)>,
}

impl Memory {
    /// The memory of a process that runs, or will run, this binary.
    pub fn new(pid: u32, binary: &GoBinary, offsets: &Offsets) -> Self {
        let types = binary.types_base().and_then(|address| binary.file_offset(address));
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let type_data = binary.type_data().unwrap_or_default().to_vec();
        Self { folder, types, type_data, offsets: offsets.clone(), opened: None }
    }

    fn opened(&mut self) -> io::Result<&OpenedMemory> {
        let opened = match self.opened.take() {
            Some(opened) => opened,
            None => OpenedMemory::open(&self.folder)?,
        };
        Ok(self.opened.insert(opened))
    }

    fn bytes<const N: usize>(&mut self, address: u64) -> Option<[u8; N]> {
        let mut out = [0; N];
        self.opened().ok()?.file.read_exact_at(&mut out, address).ok()?;
        Some(out)
    }

    fn word(&mut self, address: u64) -> Option<u64> {
        self.bytes(address).map(u64::from_le_bytes)
    }

    /// What a batch processor is set to.
    pub fn settings(&mut self, processor: u64) -> Option<ProcessorSettings> {
        let offsets = self.offsets.clone();
        let options = processor + u64::from(offsets.bsp_o);
        let mut option = |offset: u32| self.word(options + u64::from(offset));
        let (queue, batch) = (option(offsets.opt_max_queue)?, option(offsets.opt_max_batch)?);
        let (delay, timeout) = (option(offsets.opt_batch_timeout)?, option(offsets.opt_export_timeout)?);
        let block = self.bytes::<1>(options + u64::from(offsets.opt_block))? != [0];
        let no_exporter = !self.has_exporter(processor)?;
        Some(ProcessorSettings {
            processor,
            queue: queue as u32,
            batch: batch as u32,
            block,
            no_exporter,
            delay,
            timeout,
        })
    }

    /// Whether a batch processor has an exporter: the table of the interface that it keeps it in.
    fn has_exporter(&mut self, processor: u64) -> Option<bool> {
        self.word(processor + u64::from(self.offsets.bsp_e)).map(|table| table != 0)
    }

    /// Which byte of the binary's file an address of its code is.
    pub fn place_of(&mut self, address: u64) -> Option<u64> {
        let constant = &self.opened().ok()?.constant;
        constant
            .iter()
            .find_map(|(from, to, offset)| (*from..*to).contains(&address).then(|| address - from + offset))
    }

    /// Spans that a batch processor has dropped, and the length of its queue, now.
    pub fn look(&mut self, processor: u64) -> Option<(u32, u32)> {
        let offsets = self.offsets.clone();
        let dropped = self.bytes(processor + u64::from(offsets.bsp_dropped)).map(u32::from_le_bytes)?;
        let channel = self.word(processor + u64::from(offsets.bsp_queue))?;
        Some((dropped, self.word(channel + u64::from(offsets.hchan_qcount))? as u32))
    }

    /// Spans of the batch that a batch processor gathers or exports, now.
    pub fn gathered(&mut self, processor: u64) -> Option<u32> {
        // A slice: address, length, capacity.
        self.word(processor + u64::from(self.offsets.bsp_batch) + 8).map(|length| length as u32)
    }

    /// Whether there is a batch processor: the channel that it points to has the room that its options say. Wrong offsets, or
    /// memory that has another use by now, hardly give the same number twice.
    pub fn fits(&mut self, processor: u64) -> Option<bool> {
        let room = self.settings(processor)?.queue;
        let channel = self.word(processor + u64::from(self.offsets.bsp_queue))?;
        let found = self.word(channel + u64::from(self.offsets.hchan_dataqsiz));
        Some(found == Some(u64::from(room)))
    }

    /// Opens the memory, which says why it cannot be read.
    pub fn open(&mut self) -> io::Result<()> {
        self.opened().map(|_| ())
    }

    /// Name of the dynamic type of an interface value, by the address of its table: `*fmt.wrapError`.
    pub fn type_name(&mut self, table: u64) -> Option<String> {
        // internal/abi.ITab: Inter, Type. internal/abi.Type: Str at 40, an offset from the beginning of the type data.
        let kind = self.word(table + 8)?;
        let offset = u64::from(u32::from_le_bytes(self.bytes(kind + 40)?));
        let types = self.types?;
        let base = self.opened().ok()?.address_of(types)?;
        let name = base.checked_add(offset)?;
        // A byte of flags, a length of 7 bits per byte, the text.
        let head: [u8; 3] = self.bytes(name)?;
        let (length, text) = match head[1] {
            short @ 0..0x80 => (usize::from(short), name + 2),
            low => (usize::from(low & 0x7f) | usize::from(head[2]) << 7, name + 3),
        };
        self.text(text, length)
    }

    /// Name of a type, by where it is in the type data: also of a process that is gone.
    pub fn name_at(&self, offset: u32) -> Option<String> {
        name_in(&self.type_data, offset)
    }

    fn text(&mut self, address: u64, length: usize) -> Option<String> {
        let mut out = vec![0; length.min(NAME)];
        self.opened().ok()?.file.read_exact_at(&mut out, address).ok()?;
        Some(String::from_utf8_lossy(&out).into_owned())
    }
}

impl OpenedMemory {
    fn open(folder: &std::path::Path) -> io::Result<Self> {
        let file = File::open(folder.join("mem"))?;
        let inode = fs::metadata(folder.join("exe"))?.ino();
        let maps = fs::read_to_string(folder.join("maps"))?;
        Ok(Self { file, constant: constant(&maps, inode) })
    }

    /// Where a byte of the binary's file lies.
    fn address_of(&self, place: u64) -> Option<u64> {
        self.constant.iter().find_map(|(from, to, offset)| {
            let inside = place.checked_sub(*offset)?;
            (inside < to - from).then_some(from + inside)
        })
    }
}

/// A name in type data: a byte of flags, a length of 7 bits per byte, the text.
fn name_in(data: &[u8], offset: u32) -> Option<String> {
    let rest = data.get(usize::try_from(offset).ok()?..)?;
    let (length, text) = match *rest.get(1)? {
        short @ 0..0x80 => (usize::from(short), 2),
        low => (usize::from(low & 0x7f) | usize::from(*rest.get(2)?) << 7, 3),
    };
    let text = rest.get(text..text + length.min(NAME))?;
    Some(String::from_utf8_lossy(text).into_owned()).filter(|name| !name.is_empty())
}

/// Mappings of a file that nobody writes to, from the lines of /proc/PID/maps.
fn constant(maps: &str, inode: u64) -> Vec<(u64, u64, u64)> {
    let one = |line: &str| {
        let mut words = line.split_whitespace();
        let (from, to) = words.next()?.split_once('-')?;
        let permissions = words.next()?;
        let offset = u64::from_str_radix(words.next()?, 16).ok()?;
        let of_file = words.nth(1)?.parse() == Ok(inode);
        let read_only = permissions.starts_with('r') && !permissions.contains('w');
        let range = (u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?, offset);
        (of_file && read_only).then_some(range)
    };
    maps.lines().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_from_the_type_data_of_the_file() {
        let long = "x".repeat(200);
        let data = [&b"\0\x01\x05*io.E\0\xc8\x01"[..], long.as_bytes()].concat();
        for (offset, name) in
            [(1, Some("*io.E")), (8, Some(&*long)), (0, Some("\u{5}")), (209, None), (4000, None)]
        {
            assert_eq!(name_in(&data, offset).as_deref(), name, "{offset}");
        }
    }

    #[test]
    fn only_what_nobody_writes_to_is_constant() {
        let maps = "00400000-00500000 r-xp 00000000 fe:00 42 /x\n\
                    00500000-00600000 r--p 00100000 fe:00 42 /x\n\
                    00600000-00610000 rw-p 00200000 fe:00 42 /x\n\
                    7f0000000000-7f0000001000 r--p 00000000 fe:00 43 /y\nbroken\n";
        let found = constant(maps, 42);
        assert_eq!(found, [(0x40_0000, 0x50_0000, 0), (0x50_0000, 0x60_0000, 0x10_0000)]);
    }
}
