//! ns per body of the readers alone: the receiver's, in place, and the official crate's, which decodes everything.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use spanfate_peers::{SPANS, Sample, ours, theirs};

fn readers(criterion: &mut Criterion) {
    for (name, sample) in Sample::ALL {
        let body = sample.bytes();
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(SPANS));
        group.bench_function("receiver", |bencher| bencher.iter(|| ours(sample, black_box(&body))));
        group.bench_function("full decode", |bencher| bencher.iter(|| theirs(sample, black_box(&body))));
        group.finish();
    }
}

criterion_group!(benches, readers);
criterion_main!(benches);
