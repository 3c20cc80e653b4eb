//! The reader of JSON and the receiver around it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use spanfate_run::receiver::fuzzing;

fuzz_target!(|message: &[u8]| {
    fuzzing::json(message);
});
