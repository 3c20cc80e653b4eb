//! What joining three streams costs, in seconds and memory; every way in a process of its own, on files that are mapped:
//!
//!     cargo run --release -p spanfate-analysis --example join write 10000000 DIR
//!     cargo run --release -p spanfate-analysis --example join (general|hash-map|slots) DIR [STATEMENTS-PER-PASS]
//!
//! `write` also writes the streams as CSV for other programs (docs/compare-join.sh).

#![expect(clippy::print_stdout, reason = "an example speaks to its user")]

mod data;
mod ways;

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use data::{Statements, Streams};
use spanfate_analysis::join::{PassLimit, StatementStream};
use spanfate_probes::mapped::Mapped;
use spanfate_run::host::clock;

const USAGE: &str = "usage: join write SPANS DIR | join (general|hash-map|slots) DIR [STATEMENTS-PER-PASS]";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["write", spans, dir] => write(spans.parse()?, Path::new(dir)),
        [way, dir] => measure(way, Path::new(dir), PassLimit::default()),
        [way, dir, limit] => measure(way, Path::new(dir), PassLimit(limit.parse()?)),
        _ => Err(USAGE.into()),
    }
}

fn write(spans: u64, dir: &Path) -> Result<(), Box<dyn Error>> {
    let data = data::make(spans);
    fs::create_dir_all(dir)?;
    for (name, bytes) in [("created", &data.created), ("received", &data.received), ("marked", &data.marked)]
    {
        fs::write(dir.join(name).with_extension("bin"), bytes)?;
        let mut csv = BufWriter::new(File::create(dir.join(name).with_extension("csv"))?);
        writeln!(csv, "high,low,span,value")?;
        let mut failed = None;
        Statements(bytes).each(&mut |key, value| {
            let trace = u128::from_be_bytes(key.trace.0);
            let span = u64::from_be_bytes(key.span.0);
            let line = writeln!(csv, "{},{},{span},{value}", (trace >> 64) as u64, trace as u64);
            failed = failed.take().or(line.err());
        });
        failed.map_or(Ok(()), Err)?;
        csv.flush()?;
    }
    Ok(())
}

fn measure(way: &str, dir: &Path, limit: PassLimit) -> Result<(), Box<dyn Error>> {
    let open = |name: &str| Mapped::open(&dir.join(name).with_extension("bin"));
    let data = Streams { created: open("created")?, received: open("received")?, marked: open("marked")? };
    // The files are in memory before time counts, as a database's tables are.
    let bytes = [&data.created, &data.received, &data.marked].map(AsRef::<[u8]>::as_ref);
    let touched: u64 = bytes.iter().flat_map(|b| b.iter().step_by(4096)).map(|byte| u64::from(*byte)).sum();
    let mut anonymous = 0;
    let look = || anonymous = anonymous.max(status("RssAnon:"));
    let began = clock::now();
    let answer = match way {
        "general" => ways::general(&data, limit, look),
        "hash-map" => ways::hash_map(&data, look),
        "slots" => ways::slots(&data, look),
        _ => return Err(USAGE.into()),
    };
    let seconds = (clock::now() - began) as f64 / 1e9;
    println!(
        "{way:<9} {seconds:6.2} s  {:5} MiB anonymous  {:5} MiB VmHWM with the mapped files  {answer:?} ({touched})",
        anonymous / 1024,
        status("VmHWM:") / 1024
    );
    Ok(())
}

/// A line of this process's status, KiB.
fn status(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or_default()
}
