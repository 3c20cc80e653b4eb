//! A million spans of known truth: analysed, exported, and read only at the beginning.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use spanfate_model::books::ledger::Ledger;
use tempfile::TempDir;

use spanfate_testkit::world::{Truth, World};

const SPANS: u64 = 1_000_000;

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_spanfate"))
}

fn ledger_of(run: &Path) -> Truth {
    let ledger: Ledger =
        serde_json::from_slice(&fs::read(run.join("trial-000/ledger.json")).unwrap()).unwrap();
    assert_eq!(ledger.created, SPANS);
    assert_eq!(ledger.unexpected.count + ledger.unexplained.count, 0);
    // One in a hundred of the received ones came twice, and no other.
    let received: u64 = ledger.copies.values().sum();
    assert!(ledger.copies.keys().eq(&[1, 2]) && ledger.copies[&2] * 80 < received, "{:?}", ledger.copies);
    let mut out: Truth = ledger.fates.iter().map(|(fate, count)| (fate.to_string(), count.total)).collect();
    if ledger.unaccounted.count > 0 {
        out.insert("unaccounted".to_owned(), ledger.unaccounted.count);
    }
    out
}

#[test]
fn a_million_spans_have_the_fates_they_had() {
    for witnessed in [true, false] {
        let folder = TempDir::new().unwrap();
        let run = folder.path().join("synthetic");
        let mut truth = World::new(SPANS, witnessed).write(&run).unwrap();
        let analysed = program().arg("analyze").arg(&run).output().unwrap();
        assert_eq!(analysed.status.code(), Some(0), "{}", String::from_utf8_lossy(&analysed.stderr));
        assert_eq!(ledger_of(&run), truth);

        // Spans that nobody has an id of have no row.
        truth.remove("lost_before_receiver");
        let mut export =
            program().arg("export").arg(&run).arg("--csv").stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(export.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut rows: BTreeMap<String, u64> = BTreeMap::new();
        for line in lines.skip(1) {
            *rows.entry(line.split(',').nth(13).unwrap().to_owned()).or_insert(0) += 1;
        }
        assert!(export.wait().unwrap().success());
        assert_eq!(rows, truth);

        let mut head = program()
            .arg("export")
            .arg(&run)
            .arg("--ndjson")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(head.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let output = head.wait_with_output().unwrap();
        assert!(first.starts_with("{\"trial\":0,"), "{first}");
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
}
