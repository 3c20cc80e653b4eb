//! Copies of functions that the compiler put into their callers. The runtime needs to name them in stack traces, so no flag
//! removes what it knows of them: for each function a tree of the calls that were inlined into it, and a table that says
//! which of them each instruction comes from.
//!
//! The layout is that of Go 1.20 and newer. An entry of a tree has 16 bytes, the place of the copied function's name is at 4.

use std::collections::BTreeMap;

use super::image::{Image, u32_at};
use super::pclntab::{Function, Pclntab};

/// Where a function's record has the number of its tables about instructions, that of its tables about the function, and both.
const PC_TABLES: usize = 28;
const FUNCTION_TABLES: usize = 43;
const TABLES: usize = 44;
/// Which of these tables are meant.
const INDEX: usize = 2;
const TREE: usize = 3;
/// A function without a tree.
const NO_TREE: u32 = u32::MAX;
/// Bytes of an entry, and where in it the place of the name is.
const ENTRY: usize = 16;
const NAME: usize = 4;
/// No function has more calls inlined into it.
const ENTRIES: usize = 1 << 16;
/// As many bytes as the function table has may be read so often: a forged one has functions share their tables.
const READ_AGAIN: usize = 8;

/// A copy of a function inside another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InlinedCopy {
    /// The full name of the function that was copied.
    pub name: String,
    /// Where the copy is.
    pub host: Function,
    /// The copy's own instructions, without those of functions that were inlined into it: first address, and the first after.
    pub ranges: Vec<(u64, u64)>,
}

impl InlinedCopy {
    /// Whether an instruction is the copy's own.
    pub fn contains(&self, address: u64) -> bool {
        self.ranges.iter().any(|(from, to)| (*from..*to).contains(&address))
    }
}

/// All copies of the functions whose names are wanted. Empty where the table cannot be read, as before Go 1.20. `base` is the
/// address that the places of trees count from, `text` that of functions.
pub(super) fn copies(
    image: &Image,
    table: &Pclntab<'_>,
    (base, text): (u64, u64),
    wanted: &dyn Fn(&str) -> bool,
) -> Vec<InlinedCopy> {
    let mut search = InlineSearch {
        image,
        table,
        base,
        wanted,
        names: BTreeMap::new(),
        budget: table.bytes.len().saturating_mul(READ_AGAIN),
    };
    let mut out = Vec::new();
    for index in 0..table.count {
        search.function(index, text, &mut out);
    }
    out
}

struct InlineSearch<'a> {
    image: &'a Image,
    table: &'a Pclntab<'a>,
    base: u64,
    wanted: &'a dyn Fn(&str) -> bool,
    /// Names that are wanted, by their place; `None` for the others.
    names: BTreeMap<u32, Option<&'a str>>,
    /// Bytes that may still be read.
    budget: usize,
}

impl InlineSearch<'_> {
    fn function(&mut self, index: usize, text: u64, out: &mut Vec<InlinedCopy>) -> Option<()> {
        let (entry, end, name, record) = self.table.function(index)?;
        let arguments = self.table.arguments(record);
        let record = self.table.bytes.get(record..)?;
        let count = u32_at(record, PC_TABLES)? as usize;
        if count <= INDEX || usize::from(*record.get(FUNCTION_TABLES)?) <= TREE {
            return None;
        }
        let steps = u32_at(record, TABLES + 4 * INDEX)?;
        let tree = u32_at(record, count.checked_add(TREE)?.checked_mul(4)?.checked_add(TABLES)?)?;
        if steps == 0 || tree == NO_TREE {
            return None;
        }
        let spans = self.spans(steps as usize, end.checked_sub(entry)?)?;
        let most = spans.iter().map(|(_, _, call)| *call).max()?;
        if most >= ENTRIES {
            return None;
        }
        let tree =
            self.image.read(self.base.checked_add(u64::from(tree))?, (most + 1).checked_mul(ENTRY)?)?;
        let mut found = BTreeMap::<usize, InlinedCopy>::new();
        let start = text.checked_add(u64::from(entry))?;
        for (from, to, call) in spans {
            let Some(copied) = u32_at(tree, call * ENTRY + NAME).and_then(|place| self.name(place)) else {
                continue;
            };
            let copy = found.entry(call).or_insert_with(|| InlinedCopy {
                name: copied.to_owned(),
                host: Function {
                    name: String::from_utf8_lossy(name).into_owned(),
                    entry: start,
                    end: text.saturating_add(u64::from(end)),
                    arguments,
                },
                ranges: Vec::new(),
            });
            copy.ranges.push((start.saturating_add(u64::from(from)), start.saturating_add(u64::from(to))));
        }
        out.extend(found.into_values());
        Some(())
    }

    /// Which instructions come from which inlined call: first byte, first byte after, number of the call. The table holds
    /// pairs of numbers of seven bits a byte: what to add to the call, folded so that it may be negative, and bytes.
    fn spans(&mut self, steps: usize, length: u32) -> Option<Vec<(u32, u32, usize)>> {
        let bytes = self.table.bytes.get(self.table.steps.checked_add(steps)?..)?;
        let (mut call, mut at, mut read) = (-1_i64, 0_u32, 0);
        let mut out = Vec::new();
        while at < length {
            let first = read == 0;
            let more = number(bytes, &mut read)?;
            if more == 0 && !first {
                break;
            }
            call += (i64::from(more) >> 1) ^ -i64::from(more & 1);
            let to = at.checked_add(number(bytes, &mut read)?)?;
            if let Ok(call) = usize::try_from(call) {
                out.push((at, to, call));
            }
            at = to;
        }
        self.budget = self.budget.checked_sub(read)?;
        Some(out)
    }

    /// The name at a place, if it is wanted.
    fn name(&mut self, place: u32) -> Option<&str> {
        if let Some(known) = self.names.get(&place) {
            return *known;
        }
        let name = self.table.name(place)?;
        self.budget = self.budget.checked_sub(name.len())?;
        let found = std::str::from_utf8(name).ok().filter(|name| (self.wanted)(name));
        self.names.insert(place, found);
        found
    }
}

/// A number of seven bits a byte; `at` moves on behind it.
fn number(bytes: &[u8], at: &mut usize) -> Option<u32> {
    let mut out = 0;
    for shift in (0..35).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        out |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(out);
        }
    }
    None
}
