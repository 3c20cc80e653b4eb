//! Tables of methods that an interface value points to (`internal/abi.ITab`): the interface, the type, the type's hash, and
//! the methods by name. They lie in the file for every conversion that the compiler knows of.

use super::image::{Image, u32_at, u64_at};

/// Bytes before the first method: two pointers, the hash, and padding.
const METHODS: u64 = 24;
/// Where the hash is, in the table and in the type.
const HASH: u64 = 16;
/// Where the table points to its type.
const TYPE: u64 = 8;

/// The hash of the type whose method at this address is the first of a table. A table is believed if the type that it points
/// to has the same hash.
pub(super) fn type_hash(image: &Image, method: u64) -> Option<u32> {
    let wanted = method.to_le_bytes();
    let in_file = image.loaded().flat_map(|(bytes, address)| {
        let words = bytes.chunks_exact(8).enumerate();
        words.filter(|(_, word)| *word == wanted).map(move |(index, _)| address.checked_add(index as u64 * 8))
    });
    if let Some(hash) = in_file.flatten().find_map(|at| hash_of(image, at, |at| word(image, at))) {
        return Some(hash);
    }
    // A position independent executable may have these pointers in its relocations only.
    let pointers: std::collections::BTreeMap<u64, u64> = image.relocations().collect();
    let relocated = pointers.iter().filter(|(_, there)| **there == method).map(|(at, _)| *at);
    relocated.into_iter().find_map(|at| hash_of(image, at, |at| pointers.get(&at).copied()))
}

fn hash_of(image: &Image, first: u64, pointer: impl Fn(u64) -> Option<u64>) -> Option<u32> {
    let table = first.checked_sub(METHODS)?;
    let hash = u32_at(image.read(table.checked_add(HASH)?, 4)?, 0)?;
    let of_type = pointer(table.checked_add(TYPE)?)?;
    let known = u32_at(image.read(of_type.checked_add(HASH)?, 4)?, 0)?;
    (hash != 0 && hash == known).then_some(hash)
}

fn word(image: &Image, at: u64) -> Option<u64> {
    u64_at(image.read(at, 8)?, 0)
}
