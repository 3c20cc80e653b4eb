//! Writes reports for looking at, of made-up runs and of real ones:
//! `cargo run -p spanfate-report --example sample -- DIR [RESULT.json …]`.

#[path = "../tests/common/given.rs"]
mod given;
#[path = "../tests/common/sample.rs"]
mod sample;

use std::path::{Path, PathBuf};

use spanfate_model::result::RunResult;
use spanfate_report::{TableStyle, bmf, gobench, table};

type Make = fn() -> RunResult;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    let samples: [(&str, Make); 24] = [
        ("sample", sample::nine),
        ("repeated", sample::repeated),
        ("single", sample::single),
        ("spanless", sample::spanless),
        ("interrupted", sample::interrupted),
        ("aborted", sample::aborted),
        ("broken", sample::broken),
        ("chain", sample::chain),
        ("many", || sample::many(60)),
        ("chatty", sample::chatty),
        ("huge", sample::huge),
        ("replayed", sample::replayed),
        ("own", sample::own),
        ("pair", sample::pair),
        ("planted", sample::planted),
        ("faulty", sample::faulty),
        ("repeatedly", sample::repeatedly),
        ("contextless", sample::contextless),
        ("compared", sample::compared),
        ("swept", sample::swept),
        ("hundred", || sample::hundred(100)),
        ("forked", sample::forked),
        ("forked-once", sample::forked_once),
        ("matrix", || sample::matrix(sample::Axes::ALL)),
    ];
    for (name, make) in samples {
        write(&folder, name, &make())?;
    }
    write(&folder, "hostile-chain", &sample::poisoned_chain("<script>alert(1)</script>&\u{1b}[31m"))?;
    write(&folder, "hostile", &sample::poisoned("<script>alert(1)</script>&\u{1b}[31m"))?;
    write(&folder, "hostile-compared", &sample::poisoned_comparison("]]><b>|`@a`&\u{1b}[31m"))?;
    write(&folder, "hostile-faults", &sample::poisoned_faults("<script>alert(1)</script>&\u{1b}[31m"))?;
    write(&folder, "hostile-paths", &sample::poisoned_paths("<script>alert(1)</script>&\u{1b}[31m"))?;
    write(&folder, "hostile-replays", &sample::poisoned_replays("<script>alert(1)</script>&\u{1b}[31m"))?;
    write(&folder, "hostile-matrix", &sample::poisoned_matrix("</td><b>&\u{1b}[31m"))?;
    for (at, path) in std::env::args().skip(2).enumerate() {
        let result: RunResult = serde_json::from_slice(&std::fs::read(path)?)?;
        write(&folder, &format!("real-{at}"), &result)?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, result: &RunResult) -> std::io::Result<()> {
    std::fs::write(folder.join(format!("{name}.html")), given::html(result))?;
    std::fs::write(folder.join(format!("{name}.junit.xml")), given::junit(result))?;
    std::fs::write(folder.join(format!("{name}.md")), given::markdown(result))?;
    std::fs::write(folder.join(format!("{name}.benchmark.txt")), gobench(result))?;
    std::fs::write(folder.join(format!("{name}.bmf.json")), bmf(result))?;
    for width in [80, 100, 120, 140] {
        let text = table(result, TableStyle { color: false, width: Some(width) });
        std::fs::write(folder.join(format!("{name}-{width}.txt")), text)?;
    }
    std::fs::write(
        folder.join(format!("{name}-color.txt")),
        table(result, TableStyle { color: true, width: None }),
    )
}
