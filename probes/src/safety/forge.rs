//! The committed object with a mistake in it.

use super::code::{Instruction, instructions};
use crate::object::OBJECT;

/// Writes other instructions where the first ones are that are as they are wanted.
fn forged(are_wanted: impl Fn(&[Instruction]) -> bool, others: &[[u8; 8]]) -> Vec<u8> {
    let mut out = OBJECT.to_vec();
    let all = instructions(&out);
    let at = all.windows(others.len()).position(are_wanted).expect("the object has no such instructions");
    out[8 * at..8 * (at + others.len())].copy_from_slice(others.as_flattened());
    out
}

/// A key is 64 bytes below the end of a stack: `r2 += -64` in place of `r2 += -8`.
pub(crate) fn deep() -> Vec<u8> {
    let is_key = |one: &Instruction| (one.code, one.to, one.number) == (0x07, 2, -8);
    forged(|code| is_key(&code[0]), &[[0x07, 2, 0, 0, 0xc0, 0xff, 0xff, 0xff]])
}

/// A counter is read and written: `r1 = *(u64 *)(r0 + 0); *(u64 *)(r0 + 0) = r1` in place of `r1 = 1; lock *(u64 *)(r0 + 0) += r1`.
pub(crate) fn inexact() -> Vec<u8> {
    let is_one = |one: &Instruction| matches!(one.code, 0xb4 | 0xb7) && (one.to, one.number) == (1, 1);
    let is_add = |one: &Instruction| (one.code, one.to, one.from, one.offset) == (0xdb, 0, 1, 0);
    let plain = [[0x79, 0x01, 0, 0, 0, 0, 0, 0], [0x7b, 0x10, 0, 0, 0, 0, 0, 0]];
    forged(|code| is_one(&code[0]) && is_add(&code[1]), &plain)
}
