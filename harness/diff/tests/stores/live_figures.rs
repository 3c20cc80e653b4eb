//! How fast two streams are joined, one core, without a network: `cargo bench -p spanfate-diff --bench live`. Traces of five spans, one
//! or a hundred in a message; time goes on by a millisecond with each 30 traces.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a bench that cannot go on fails")]

#[expect(dead_code, reason = "the tests beside use all of it")]
mod spans;
#[expect(dead_code, reason = "the tests beside use all of it")]
mod write;

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use spanfate_diff::{DiffTask, LiveDiff, LiveMessage, LiveSide};

use self::spans::{TestSpan, TestWorld};

/// Traces of each side.
const TRACES: usize = 20_000;
/// Spans of a trace.
const SPANS: usize = 5;
const MS: u64 = 1_000_000;

fn live(criterion: &mut Criterion) {
    let TestWorld { resources, scopes, spans } = TestWorld::plain(TRACES as u64);
    let mut group = criterion.benchmark_group("live traces");
    let elements = Throughput::Elements(TRACES as u64);
    group.throughput(elements).sample_size(10).measurement_time(Duration::from_secs(5));
    for each in [1, 100] {
        let message = |spans: &[TestSpan]| {
            let (resources, scopes) = (resources.clone(), scopes.clone());
            write::protobuf::message(&TestWorld { resources, scopes, spans: spans.to_vec() })
        };
        let messages: Vec<Vec<u8>> = spans.chunks(each * SPANS).map(message).collect();
        group.bench_function(format!("{each} in a message"), |bencher| {
            bencher.iter(|| {
                let mut live = LiveDiff::new(&DiffTask::default(), 50 * MS);
                let mut judged = 0;
                for (at, bytes) in messages.iter().enumerate() {
                    let now = (at * each / 30) as u64 * MS;
                    for side in [LiveSide::Left, LiveSide::Right] {
                        live.take(side, now, &LiveMessage { bytes, json: false });
                    }
                    judged += live.settle(usize::MAX, &mut || now, &mut |_| ());
                }
                judged += live.settle(usize::MAX, &mut || u64::MAX, &mut |_| ());
                assert_eq!((judged, live.stands().counts.differences()), (TRACES, 0));
                black_box(live)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, live);
criterion_main!(benches);
