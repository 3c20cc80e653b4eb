//! The body of a gRPC call: frames, compression, cut into pieces.

#![no_main]

use libfuzzer_sys::fuzz_target;
use spanfate_run::receiver::fuzzing;

fuzz_target!(|input: &[u8]| fuzzing::grpc(input));
