//! Writes a results directory of any size whose truth is known: `fate` of a span follows from its number alone.
//!
//!     cargo run --release -p spanfate-analysis --example synthetic -- SPANS DIR [unwitnessed]
//!
//! It prints the truth as JSON, spans by fate, and writes it to DIR/truth.json. `spanfate analyze DIR` must find it.

#![expect(clippy::print_stdout, reason = "an example speaks to its user")]

use std::error::Error;
use std::path::Path;

use spanfate_testkit::world::{EACH, World};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (spans, dir, unwitnessed) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [spans, dir] => (spans, dir, false),
        [spans, dir, "unwitnessed"] => (spans, dir, true),
        _ => return Err("usage: synthetic SPANS DIR [unwitnessed]".into()),
    };
    let world = World::new(spans.parse::<u64>()?.next_multiple_of(EACH), !unwitnessed);
    let truth = world.write(Path::new(dir))?;
    println!("{}", serde_json::to_string(&truth)?);
    Ok(())
}
