//! Interned span and service names: a log record is fixed-size, and a service has few names.

use std::collections::BTreeMap;

use spanfate_model::format::wire::{self, NAME_LIMIT};

/// Names kept apart; names beyond share one entry, so that a client which puts ids into names cannot fill memory.
const MOST_NAMES: usize = 4096;

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
        let name = &name[..name.len().min(NAME_LIMIT)];
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
