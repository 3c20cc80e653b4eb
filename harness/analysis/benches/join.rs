//! Joining three streams of a million spans: by slot, by the general join, by the standard library's hash table.
//! `cargo bench -p spanfate-analysis --bench join`

#[path = "../examples/join/data.rs"]
mod data;
#[path = "../examples/join/ways.rs"]
mod ways;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use spanfate_analysis::join::PassLimit;

const SPANS: u64 = 1_000_000;

fn join(criterion: &mut Criterion) {
    let data = data::make(SPANS);
    assert_eq!(ways::slots(&data, || ()), ways::hash_map(&data, || ()), "the ways must agree");
    assert_eq!(
        ways::general(&data, PassLimit::default(), || ()),
        ways::hash_map(&data, || ()),
        "the ways must agree"
    );
    let mut group = criterion.benchmark_group("join");
    group.throughput(Throughput::Elements(SPANS)).sample_size(10);
    group.bench_function("slots", |bencher| bencher.iter(|| ways::slots(&data, || ())));
    group.bench_function("general", |bencher| {
        bencher.iter(|| ways::general(&data, PassLimit::default(), || ()));
    });
    group.bench_function("hash-map", |bencher| bencher.iter(|| ways::hash_map(&data, || ())));
    group.finish();
}

criterion_group!(benches, join);
criterion_main!(benches);
