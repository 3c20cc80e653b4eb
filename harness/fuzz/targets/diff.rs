//! The readers of both sides of a comparison, and the comparison itself.

#![no_main]

use libfuzzer_sys::fuzz_target;
use spanfate_diff::fuzzing;

fuzz_target!(|input: &[u8]| {
    fuzzing::sides(input);
});
