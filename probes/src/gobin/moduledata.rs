//! The runtime's own description of the program, `runtime.firstmoduledata`: where the text and the types begin.
//!
//! It is an array of words to us. Their places have been the same since Go 1.18, but for two words added in 1.20:
//! table of functions 0, first and last address of functions 20 and 21, text 22 and 23, types 35 and 36, then 37 and 38; and since
//! then, what tables about functions count from at 40.

use std::ops::Range;

use super::image::{Image, u64_at};
use super::pclntab::Pclntab;

const FIRST_FUNCTION: usize = 20;
const TEXT: usize = 22;
const TYPES: [usize; 2] = [35, 37];
const FUNCTION_TABLES: usize = 40;
/// As many as are looked at.
const WORDS: usize = 41;

/// What is needed of it; virtual addresses as linked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Module {
    /// Where function entries count from.
    pub(super) text: u64,
    /// Where the offsets of types and of their names count from, and where they end.
    pub(super) types: Range<u64>,
    /// Where the places of tables about functions count from; `None` before Go 1.20.
    pub(super) function_tables: Option<u64>,
}

impl Module {
    /// Finds it by its section (Go 1.26 and newer) or by the pointer to the function table that it begins with. What it
    /// says must agree with the table; `None` if nothing does.
    pub(super) fn find(image: &Image, table: &Pclntab<'_>) -> Option<Self> {
        let section = image.section(".go.module").ok().flatten().map(|(_, address)| address);
        if let Some(module) = section.and_then(|address| Self::read(image, table, address)) {
            return Some(module);
        }
        let pointer = table.address.to_le_bytes();
        let in_file = image.data().flat_map(|(bytes, address)| {
            let words = bytes.chunks_exact(8).enumerate();
            words.filter(|(_, word)| *word == pointer).map(move |(index, _)| (address, index))
        });
        let in_file = in_file.filter_map(|(address, index)| address.checked_add(index as u64 * 8));
        let relocated = image.relocations().filter(|(_, there)| *there == table.address).map(|(at, _)| at);
        // A few words of a real binary point there; a forged one with many is not worth the time.
        in_file.chain(relocated).take(64).find_map(|address| Self::read(image, table, address))
    }

    fn read(image: &Image, table: &Pclntab<'_>, address: u64) -> Option<Self> {
        let bytes = image.read(address, WORDS * 8)?;
        let mut words: Vec<u64> = (0..WORDS).filter_map(|index| u64_at(bytes, index * 8)).collect();
        for (at, there) in image.relocations() {
            let word = at.checked_sub(address).and_then(|at| words.get_mut(usize::try_from(at / 8).ok()?));
            if let Some(word) = word {
                *word = there;
            }
        }
        let (text, types) = (words[TEXT], TYPES[usize::from(table.since_1_20)]);
        let types = words[types]..words[types + 1];
        let (first, last) = table.bounds()?;
        let agrees = words[0] == table.address
            && text.checked_add(u64::from(first)) == Some(words[FIRST_FUNCTION])
            && text.checked_add(u64::from(last)) == Some(words[FIRST_FUNCTION + 1]);
        (agrees && !types.is_empty() && image.file_offset(types.start).is_some()).then_some(Self {
            text,
            types,
            function_tables: table.since_1_20.then_some(words[FUNCTION_TABLES]),
        })
    }
}
