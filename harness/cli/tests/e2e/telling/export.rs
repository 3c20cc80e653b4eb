//! Rows of a run: they are the ledger, span by span; and the scripts that complete the command line.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::process::{Command, Stdio};

use serde_json::Value;
use spanfate_model::fate::Fate;

use crate::lab::{Finished, lab};

/// Spans by fate, per trial, as the ledgers say.
fn ledgers(done: &Finished) -> BTreeMap<(u64, String), u64> {
    let mut out = BTreeMap::new();
    for ledger in done.result.variants.iter().flat_map(|v| &v.trials).map(|trial| &trial.ledger) {
        let fates = ledger.fates.iter().map(|(fate, count)| (fate.to_string(), count.total));
        let rest = [("unexplained", ledger.unexplained.count), ("unaccounted", ledger.unaccounted.count)];
        let rest = rest.into_iter().filter(|(_, count)| *count > 0).map(|(name, n)| (name.to_owned(), n));
        out.extend(fates.chain(rest).map(|(name, n)| ((u64::from(ledger.trial), name), n)));
    }
    out
}

#[test]
fn rows_of_a_real_run_sum_up_to_its_ledgers() {
    let Some(lab) = lab() else { return };
    // Losses of several kinds, and a span whose acknowledgement was a lie.
    let done = lab.run(
        "[load]\nrate = \"400/s\"\nwarmup = \"0s\"\nlasting = \"1s\"\n[plant]\ndiscard_acknowledged = 3\n\
         [[variant]]\nname = \"plain\"\n[[variant]]\nname = \"-small\"\nexporter = { queue = 64, batch = 32 }\n\
         receiver = { answer_after = \"100ms\" }\n",
    );
    let run = done.run.to_string_lossy().into_owned();
    let ndjson = lab.call(&["export", &run, "--ndjson"]);
    assert!(ndjson.status.success(), "{}", String::from_utf8_lossy(&ndjson.stderr));
    let mut sums: BTreeMap<(u64, String), u64> = BTreeMap::new();
    let mut roots = 0;
    for line in ndjson.stdout.lines() {
        let row: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let fate = row["fate"].as_str().unwrap().to_owned();
        assert_eq!(fate == "received", row["delay_ms"].is_f64(), "{row}");
        assert_eq!(row["trace_id"].as_str().unwrap().len(), 32, "{row}");
        assert!(row["created_ms"].is_f64() && row["service"] == "http", "{row}");
        roots += u64::from(row["position"] == "root");
        *sums.entry((row["trial"].as_u64().unwrap(), fate)).or_insert(0) += 1;
    }
    assert_eq!(sums, ledgers(&done));
    assert!(sums.keys().any(|(_, fate)| fate == "unexplained"), "{sums:?}");
    // Every request has one root.
    assert_eq!(roots, 2 * 400);

    let out = lab.path("rows.csv");
    let csv = lab.call(&["export", &run, "--csv", "--trial", "1", "--out", &out.to_string_lossy()]);
    assert!(csv.status.success() && csv.stdout.is_empty(), "{}", String::from_utf8_lossy(&csv.stderr));
    // What the receiver's log says of each span is what the rows of those that arrived say.
    let diff = lab.call(&["diff", &run, &out.to_string_lossy(), "--trial", "1", "--json"]);
    assert_eq!(diff.status.code(), Some(0), "{}", String::from_utf8_lossy(&diff.stderr));
    let diff: Value = serde_json::from_slice(&diff.stdout).unwrap();
    let received = sums[&(1, "received".to_owned())];
    assert_eq!(diff["counts"]["both"].as_u64(), Some(received), "{}", diff["counts"]);
    // The same as Parquet, as a file and through a pipe.
    let parquet = lab.path("rows.parquet");
    let path = parquet.to_string_lossy().into_owned();
    assert!(lab.call(&["export", &run, "--parquet", "--trial", "1", "--out", &path]).status.success());
    let piped = lab.call(&["export", &run, "--parquet", "--trial", "1"]);
    assert_eq!(piped.stdout, std::fs::read(&parquet).unwrap());
    let diff = lab.call(&["diff", &path, &out.to_string_lossy(), "--json"]);
    let found: Value = serde_json::from_slice(&diff.stdout).unwrap();
    assert_eq!(diff.status.code(), Some(0), "{found}");
    assert_eq!(found["left"]["format"], "export-parquet");
    assert_eq!(found["counts"]["both"].as_u64(), Some(received), "{}", found["counts"]);
    assert_eq!(found["left"]["left_out"], found["right"]["left_out"]);
    let text = std::fs::read_to_string(&out).unwrap();
    let rows: Vec<&str> = text.lines().skip(1).collect();
    let all: u64 = sums.iter().filter(|((trial, _), _)| *trial == 1).map(|(_, count)| count).sum();
    assert_eq!(rows.len() as u64, all);
    let columns = text.lines().next().unwrap().split(',').count();
    assert!(rows.iter().all(|row| row.split(',').count() == columns && row.starts_with("1,'-small,http,0,")));
    assert_eq!(lab.call(&["export", &run, "--csv", "--trial", "9"]).status.code(), Some(4));
    assert_eq!(lab.call(&["export", &run]).status.code(), Some(2));
}

#[test]
fn without_a_process_witness_rows_are_what_arrived() {
    let Some(lab) = lab() else { return };
    let done = lab.run(
        "[load]\nrate = \"400/s\"\nwarmup = \"0s\"\nlasting = \"1s\"\n[service]\nwitness = \"off\"\n\
         [exporter]\nqueue = 32\nbatch = 16\n[receiver]\nanswer_after = \"100ms\"\n",
    );
    let ledger = &done.result.variants[0].trials[0].ledger;
    let output = lab.call(&["export", &done.run.to_string_lossy(), "--ndjson"]);
    let rows: Vec<Value> =
        output.stdout.lines().map(|l| serde_json::from_str(&l.unwrap()).unwrap()).collect();
    let lost = ledger.total(Fate::LostBeforeReceiver);
    assert_eq!(rows.len() as u64, ledger.created - lost);
    assert!(
        rows.iter().all(|row| row["fate"] == "received" && row["service"] == "http" && row["name"] != "")
    );
    let notice = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(lost > 0);
    let known = format!("of {lost} more that must exist nobody knows the ids");
    assert!(notice.contains(&known), "{notice}");
}

#[test]
fn completions_parse_and_name_every_command() {
    let program = || Command::new(env!("CARGO_BIN_EXE_spanfate"));
    let help = String::from_utf8(program().arg("--help").output().unwrap().stdout).unwrap();
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .collect();
    assert!(commands.contains(&"scenario") && commands.contains(&"completions"), "{help}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = program().args(["completions", shell]).output().unwrap();
        assert!(script.status.success(), "{shell}");
        let text = String::from_utf8(script.stdout).unwrap();
        for command in &commands {
            assert!(text.contains(command), "{shell}: {command}");
        }
    }
    let script = program().args(["completions", "bash"]).output().unwrap().stdout;
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(&script).unwrap();
    assert!(bash.wait().unwrap().success());
}
