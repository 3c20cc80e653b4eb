//! Reads a body again and again, to count instructions: `read ours|theirs go|node|node-json TIMES`.

use std::hint::black_box;

use spanfate_peers::{SPANS, Sample, ours, theirs};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [who, what, times] = &arguments[..] else {
        panic!("usage: read ours|theirs go|node|node-json TIMES")
    };
    let sample = Sample::ALL.iter().find(|(name, _)| name == what).expect("go, node or node-json").1;
    let reader = if who == "ours" { ours } else { theirs };
    let body = sample.bytes();
    for _ in 0..times.parse().expect("a number of times") {
        assert_eq!(reader(sample, black_box(&body)), SPANS);
    }
}
