//! How fast two stores are compared, one core: `cargo bench -p spanfate-diff`. Traces of five spans, both sides in memory.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a bench that cannot go on fails")]

#[expect(dead_code, reason = "the tests beside use all of it")]
mod spans;
#[expect(dead_code, reason = "the tests beside use all of it")]
mod write;

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use spanfate_diff::{DiffTask, SideInput, diff};

use self::spans::TestWorld;

/// Traces of each side.
const TRACES: u64 = 20_000;

fn stores(criterion: &mut Criterion) {
    let world = TestWorld::plain(TRACES);
    let log = write::rows::wire_log(&world);
    let protobuf = write::protobuf::message(&world);
    let json = write::otlp_json::document(&world);
    let jaeger = write::jaeger::document(&world);
    let pairs = [
        ("run log, OTLP protobuf", &log, &protobuf),
        ("run log, OTLP JSON", &log, &json),
        ("run log, Jaeger JSON", &log, &jaeger),
        ("OTLP protobuf, OTLP protobuf", &protobuf, &protobuf),
        ("OTLP protobuf, OTLP JSON", &protobuf, &json),
        ("OTLP protobuf, Jaeger JSON", &protobuf, &jaeger),
    ];
    let mut group = criterion.benchmark_group("traces");
    group.throughput(Throughput::Elements(TRACES)).sample_size(10).measurement_time(Duration::from_secs(5));
    for (name, left, right) in pairs {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let side = |name: &str, bytes| SideInput::of(name, Box::new(std::io::Cursor::new(bytes)));
                let found = diff(side("left", left), side("right", right), &DiffTask::default());
                let found = found.unwrap_or_else(|wrong| panic!("{}", wrong.error));
                assert_eq!((found.counts.both, found.counts.differences()), (5 * TRACES, 0));
                black_box(found)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, stores);
criterion_main!(benches);
