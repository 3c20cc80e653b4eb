//! Interned span and service names: a log record is fixed-size, and a service has few names.

use std::collections::BTreeMap;

use spanfate_model::format::probe::cut_name;
use spanfate_model::format::wire::{self, NAME_LIMIT};

/// Names kept apart; names beyond share one entry, so that a client which puts ids into names cannot fill memory.
const MOST_NAMES: usize = 4096;

/// Bytes kept of a name that is longer than the log's limit, so that there is room to say so.
const KEPT: usize = NAME_LIMIT / 4;

/// The shared name of everything beyond the bound; it has id 0 and stands at the head of every log.
const OTHER: &[u8] = b"(other)";

/// The names seen so far.
#[derive(Debug)]
pub(crate) struct Names {
    ids: BTreeMap<Box<[u8]>, u32>,
}

impl Names {
    /// The table and the records its first entry needs.
    pub(crate) fn begin() -> (Self, Vec<u8>) {
        (Self { ids: BTreeMap::new() }, wire::write_name(0, OTHER))
    }

    /// The id of a name. A new name's records are appended to `out`.
    pub(crate) fn id(&mut self, name: &[u8], out: &mut Vec<u8>) -> u32 {
        if name.len() > NAME_LIMIT {
            // It says that it is cut: others may begin like it.
            return self.id(cut_name(&name[..KEPT], name.len()).as_bytes(), out);
        }
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        if self.ids.len() >= MOST_NAMES {
            return 0;
        }
        let id = self.ids.len() as u32 + 1;
        self.ids.insert(name.into(), id);
        out.extend_from_slice(&wire::write_name(id, name));
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_cut_says_so_and_is_kept_apart_from_others_of_another_length() {
        let (mut names, mut out) = Names::begin();
        let long = |length: usize| "ä".repeat(length / 2);
        let whole = names.id(long(NAME_LIMIT).as_bytes(), &mut out);
        let cut = names.id(long(NAME_LIMIT + 2).as_bytes(), &mut out);
        let longer = names.id(long(3 * NAME_LIMIT).as_bytes(), &mut out);
        assert_eq!((whole, cut, longer), (1, 2, 3));
        assert_eq!(names.id(long(NAME_LIMIT + 2).as_bytes(), &mut out), 2);
        let kept: Vec<String> =
            names.ids.keys().map(|name| String::from_utf8(name.to_vec()).unwrap()).collect();
        assert!(kept.iter().all(|name| name.len() <= NAME_LIMIT));
        let says = |text: &str| kept.iter().filter(|name| name.ends_with(text)).count();
        assert_eq!((says("of 1026 bytes)"), says("of 3072 bytes)")), (1, 1), "{kept:?}");
        // Names that are no text at all are cut, too.
        assert_eq!(names.id(&[0xff; 2 * NAME_LIMIT], &mut out), 4);
    }

    #[test]
    fn names_beyond_the_bound_share_one_entry() {
        let (mut names, mut out) = Names::begin();
        for i in 0..MOST_NAMES as u32 {
            assert_eq!(names.id(&i.to_le_bytes(), &mut out), i + 1);
        }
        let written = out.len();
        assert_eq!(names.id(b"one more", &mut out), 0);
        assert_eq!(names.id(&7_u32.to_le_bytes(), &mut out), 8);
        assert_eq!(out.len(), written);
    }
}
