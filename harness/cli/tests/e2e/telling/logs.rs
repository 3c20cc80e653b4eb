//! Log lines of real fixtures, held against their spans: by the handler of 20 lines, by the contrib bridge, and by what others do.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use spanfate_model::books::logs::{LineStanding, LogBooks};
use spanfate_model::books::row::Standing;
use spanfate_model::fate::Fate;
use spanfate_model::result::TrialResult;
use spanfate_model::term::Word;

use crate::lab::{Finished, Lab, lab};

const SCENARIO: &str = r#"
    [load]
    rate = "100/s"
    warmup = "0s"
    lasting = "1s"
    # Two thirds of the spans find no room.
    [exporter]
    queue = 64
    batch = 32
    [receiver]
    answer_after = "150ms"
    [[variant]]
    name = "handler"
    design = { logs = { arm = "handler" } }
    [[variant]]
    name = "otelslog"
    design = { logs = { arm = "otelslog" } }
    [[variant]]
    name = "wrong-names"
    design = { logs = { arm = "wrong_names" } }
    [[variant]]
    name = "no-context"
    design = { logs = { arm = "no_context" } }
    [[variant]]
    name = "as-trace-id"
    design = { logs = { arm = "request_id_as_trace_id" } }
    [[variant]]
    name = "silent"
    [[expect]]
    that = "logs.unanchored == 0 %"
    variants = ["handler", "otelslog"]
    [[expect]]
    that = "logs.unanchored == 100 %"
    variants = ["wrong-names", "as-trace-id"]
"#;

fn trial<'a>(done: &'a Finished, variant: &str) -> &'a TrialResult {
    let found = done.result.variants.iter().find(|one| one.name == variant);
    &found.unwrap_or_else(|| panic!("no variant {variant}")).trials[0]
}

fn books<'a>(done: &'a Finished, variant: &str) -> &'a LogBooks {
    trial(done, variant).logs.as_ref().unwrap_or_else(|| panic!("{variant} kept no lines"))
}

/// Lines by how they stand.
fn standings(books: &LogBooks) -> BTreeMap<String, u64> {
    books.rows.iter().map(|row| (row.standing.text().into_owned(), row.lines)).collect()
}

#[test]
fn lines_of_fixtures_stand_as_their_spans_do() {
    let Some(lab) = lab() else { return };
    let done = lab.run(SCENARIO);
    done.assert_exact();
    // Each span has a line, which stands as the span does in the ledger.
    for variant in ["handler", "otelslog"] {
        let (books, ledger) = (books(&done, variant), &trial(&done, variant).ledger);
        let lines = ledger.fates.iter().filter(|(_, count)| count.total > 0).map(|(fate, count)| {
            let span = Standing::Fate(*fate);
            (LineStanding::of(span).text().into_owned(), count.total)
        });
        let expected: BTreeMap<String, u64> = lines.collect();
        assert_eq!(standings(books), expected, "{variant}");
        assert!(books.dangling > 0 && books.lines == ledger.created, "{variant}: {books:?}");
        assert_eq!(books.anchored, ledger.total(Fate::Received), "{variant}");
        assert!(books.rows.iter().all(|row| row.service == "http"), "{variant}: {books:?}");
    }
    let all = |variant: &str, standing: &str, found: Option<&str>| {
        let rows = &books(&done, variant).rows;
        let only = rows.iter().all(|row| row.standing.text() == standing && row.found.as_deref() == found);
        assert!(only && rows.len() == 1 && rows[0].lines == 500, "{variant}: {rows:?}");
    };
    all("wrong-names", "unanchored.wrong_names", Some("traceId"));
    all("as-trace-id", "unanchored.bad_id.length", None);
    assert_eq!(standings(books(&done, "no-context"))["unanchored.no_context"], 400);
    assert!(trial(&done, "silent").logs.is_none());
    for expectation in &done.result.expectations {
        assert!(expectation.reason.is_none(), "{expectation:?}");
    }
    asked_again(&lab, &done);
}

/// The command says the same of the run, and of its files as if they were somebody's own.
fn asked_again(lab: &Lab, done: &Finished) {
    let run = done.run.to_str().unwrap();
    let said = |more: &[&str], code: i32| {
        let output = lab.call(&[&["logs", run][..], more].concat());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{more:?}: {text}");
        (String::from_utf8(output.stdout).unwrap(), text)
    };
    let (table, _) = said(&[], 0);
    for part in [
        "trial 0, handler: 500 lines",
        "dangling: dropped_queue_full",
        "wrong names (traceId)",
        "slog.InfoContext",
    ] {
        assert!(table.contains(part), "{part}: {table}");
    }
    assert!(!table.contains("silent"), "{table}");
    let (json, _) = said(&["--trial", "0", "--json", "--require", "99%"], 99);
    let json: Value = serde_json::from_str(&json).unwrap();
    let kept = books(done, "handler");
    assert_eq!(json["trials"][0]["logs"], serde_json::to_value(kept).unwrap());

    let index = trial(done, "handler").index;
    let file = done.run.join(format!("trial-{index:03}/http.0.log.ndjson"));
    let (file, index) = (file.to_str().unwrap(), index.to_string());
    let (json, _) = said(&["--logs", file, "--trial", &index, "--json", "--require", "1%"], 0);
    let json: Value = serde_json::from_str(&json).unwrap();
    let again: LogBooks = serde_json::from_value(json["trials"][0]["logs"].clone()).unwrap();
    assert_eq!(standings(&again), standings(kept));
    // Lines of one trial are of no span of another.
    let other = trial(done, "wrong-names").index.to_string();
    let (json, _) = said(&["--logs", file, "--trial", &other, "--json"], 0);
    assert!(json.contains("unanchored.unknown_span"), "{json}");

    let (_, text) = said(&["--logs", file], 2);
    assert!(text.contains("--trial N"), "{text}");
    let (_, text) = said(&["--logs", "no-such.log", "--trial", "0"], 66);
    assert!(text.contains("no-such.log"), "{text}");
    let silent = trial(done, "silent").index.to_string();
    let (_, text) = said(&["--trial", &silent], 66);
    assert!(text.contains("--logs FILE"), "{text}");
    let other = lab.path("other.log");
    fs::write(&other, "\nlevel=info msg=started\n").unwrap();
    let (_, text) = said(&["--logs", other.to_str().unwrap(), "--trial", "0"], 65);
    assert!(text.contains("other.log:2: the line is logfmt, and not JSON"), "{text}");
}
