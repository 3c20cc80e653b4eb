//! Writes traces of five spans as each store writes them, and once more with planted differences: `stores DIR TRACES`.
//! `docs/compare-diff.sh` has them compared.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "an example that cannot go on fails, and it answers on stdout"
)]

#[expect(dead_code, reason = "the tests beside use all of it")]
mod spans;
#[expect(dead_code, reason = "the tests beside use all of it")]
mod write;

use std::fs;
use std::path::Path;

use self::spans::TestWorld;

/// Of so many spans one has another name, and one is missing.
const RENAMED: usize = 1000;
const MISSING: usize = 1500;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap();
    let traces = arguments.next().unwrap().parse().unwrap();
    let mut world = TestWorld::plain(traces);
    fs::create_dir_all(&folder).unwrap();
    let put = |name: &str, bytes: Vec<u8>| fs::write(Path::new(&folder).join(name), bytes).unwrap();
    put("run.log", write::rows::wire_log(&world));
    put("left.pb", write::protobuf::message(&world));
    put("left.json", write::otlp_json::document(&world));
    put("rows.parquet", write::rows::parquet(&world));
    let spans = world.spans.len();
    for span in world.spans.iter_mut().step_by(RENAMED) {
        span.name.push('!');
    }
    let mut at = 0;
    world.spans.retain(|_| {
        at += 1;
        at % MISSING != 0
    });
    put("right.pb", write::protobuf::message(&world));
    put("right.json", write::otlp_json::document(&world));
    put("right.jaeger.json", write::jaeger::document(&world));
    let (renamed, missing) = (spans.div_ceil(RENAMED), spans / MISSING);
    println!("both {}, different {renamed}, missing {missing}", spans - missing);
}
