//! Offsets of struct fields from the debug information, DWARF 4 and 5 as Go writes it: names stand in the tree itself,
//! and nearly all types in a unit that is called `runtime`. That unit is read first, and the rest only if need be.

use std::collections::BTreeMap;

use gimli::{
    Abbreviations, AttributeSpecification, DebugAbbrev, DebugAbbrevOffset, DebugInfo, EndianSlice,
    EntriesRaw, LittleEndian, Section as _, UnitHeader, constants,
};

use super::image::Image;

type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// No Go entry has this many attributes. With more, attributes of no size could make the tree cost more than its bytes.
const ATTRIBUTES: usize = 64;
/// How many bytes of abbreviations are read at most. All of Go's units share one small list; C code brings its own.
const ABBREVIATIONS: usize = 1 << 26;

/// (struct, field) to the field's offset in bytes.
pub(super) type FieldOffsets<'w> = BTreeMap<(&'w str, String), u32>;

/// The fields of those of the structs that the binary has; `None` if its debug information is missing or broken. For those that a
/// program may do without, the whole of it is not searched.
pub(super) fn fields<'w>(image: &Image, structs: &[&'w str], optional: &[&str]) -> Option<FieldOffsets<'w>> {
    let (info, abbreviations) = (image.debug("debug_info")?, image.debug("debug_abbrev")?);
    let mut search = DwarfSearch {
        abbreviations: DebugAbbrev::new(&abbreviations, LittleEndian),
        lists: BTreeMap::new(),
        budget: ABBREVIATIONS,
        wanted: structs.to_vec(),
        found: FieldOffsets::new(),
    };
    search.walk(&DebugInfo::new(&info, LittleEndian), optional)?;
    Some(search.found)
}

struct DwarfSearch<'a, 'w> {
    abbreviations: DebugAbbrev<Bytes<'a>>,
    lists: BTreeMap<usize, Abbreviations>,
    budget: usize,
    /// Structs that are still to be found.
    wanted: Vec<&'w str>,
    found: FieldOffsets<'w>,
}

impl<'w> DwarfSearch<'_, 'w> {
    fn walk(&mut self, info: &DebugInfo<Bytes<'_>>, optional: &[&str]) -> Option<()> {
        for likely in [true, false] {
            if !likely && self.wanted.iter().all(|wanted| optional.contains(wanted)) {
                return Some(());
            }
            let mut units = info.units();
            while let Some(unit) = units.next().ok()? {
                let list = self.list(unit.debug_abbrev_offset())?;
                let outcome =
                    if is_runtime(&unit, &list) == likely { self.unit(&unit, &list) } else { Some(()) };
                self.lists.insert(unit.debug_abbrev_offset().0, list);
                outcome?;
                if self.wanted.is_empty() {
                    return Some(());
                }
            }
        }
        Some(())
    }

    /// The list is taken out of the cache, to be put back.
    fn list(&mut self, offset: DebugAbbrevOffset) -> Option<Abbreviations> {
        if let Some(list) = self.lists.remove(&offset.0) {
            return Some(list);
        }
        self.budget = self.budget.checked_sub(self.abbreviations.reader().len().checked_sub(offset.0)?)?;
        self.abbreviations.abbreviations(offset).ok()
    }

    fn unit(&mut self, unit: &UnitHeader<Bytes<'_>>, list: &Abbreviations) -> Option<()> {
        let mut entries = unit.entries_raw(list, None).ok()?;
        while !entries.is_empty() && !self.wanted.is_empty() {
            let Some(entry) = entries.read_abbreviation().ok()? else { continue };
            if entry.tag() != constants::DW_TAG_structure_type {
                skip(&mut entries, entry.attributes())?;
                continue;
            }
            let (name, _) = attributes(&mut entries, entry.attributes())?;
            let found = self.wanted.iter().position(|wanted| name.slice() == wanted.as_bytes());
            if let Some(index) = found.filter(|_| entry.has_children()) {
                let name = self.wanted.swap_remove(index);
                self.members(name, &mut entries)?;
            }
        }
        Some(())
    }

    fn members(&mut self, of: &'w str, entries: &mut EntriesRaw<'_, Bytes<'_>>) -> Option<()> {
        let depth = entries.next_depth();
        while entries.next_depth() >= depth && !entries.is_empty() {
            let at = entries.next_depth();
            let Some(entry) = entries.read_abbreviation().ok()? else { continue };
            let (name, offset) = attributes(entries, entry.attributes())?;
            if at == depth && entry.tag() == constants::DW_TAG_member {
                self.found.insert((of, name.to_string_lossy().into_owned()), offset?);
            }
        }
        Some(())
    }
}

fn is_runtime(unit: &UnitHeader<Bytes<'_>>, list: &Abbreviations) -> bool {
    let name = || {
        let mut entries = unit.entries_raw(list, None).ok()?;
        let entry = entries.read_abbreviation().ok()??;
        attributes(&mut entries, entry.attributes()).map(|(name, _)| name)
    };
    name().is_some_and(|name| name.slice() == b"runtime")
}

/// An entry's name, empty if it has none in place, and its offset as a member.
fn attributes<'a>(
    entries: &mut EntriesRaw<'_, Bytes<'a>>,
    specifications: &[AttributeSpecification],
) -> Option<(Bytes<'a>, Option<u32>)> {
    let (mut name, mut offset) = (Bytes::default(), None);
    if specifications.len() > ATTRIBUTES {
        return None;
    }
    for specification in specifications {
        let attribute = entries.read_attribute(*specification).ok()?;
        match attribute.name() {
            constants::DW_AT_name => {
                if let gimli::AttributeValue::String(text) = attribute.value() {
                    name = text;
                }
            }
            constants::DW_AT_data_member_location => {
                offset = attribute.udata_value().and_then(|offset| u32::try_from(offset).ok());
            }
            _ => {}
        }
    }
    Some((name, offset))
}

fn skip(entries: &mut EntriesRaw<'_, Bytes<'_>>, specifications: &[AttributeSpecification]) -> Option<()> {
    if specifications.len() > ATTRIBUTES {
        return None;
    }
    entries.skip_attributes(specifications).ok()
}
