//! `spanfate why` of pages, traces and logs, and its forecast. None of it needs Go or a run.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use super::advise::{page, said};

fn why(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanfate"));
    command.arg("why").args(arguments).current_dir(folder.path()).env("NO_COLOR", "1").output().unwrap()
}

fn folder(files: &[(&str, String)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn two_pages_say_why_spans_are_lost_and_what_stays_open() {
    // 333 exports of 30 ms in ten seconds.
    let log = "2026/11/29 12:00:00 traces export: context deadline exceeded\n".to_owned();
    let folder = folder(&[("a.prom", page(0, 0)), ("b.prom", page(170_496, 5_000)), ("shop.log", log)]);
    let pages = ["--metrics", "a.prom", "b.prom", "--apart", "10s"];
    let output = why(&folder, &[&pages[..], &["--logs", "shop.log"]].concat());
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("shop batching_span_processor/0  5,000 spans lost in the time that was looked at"),
        "{text}"
    );
    assert!(text.contains("cause    100 % exports take too long for what comes (follows): its worker was in exports for 100 %"), "{text}");
    assert!(text.contains("open     it cannot be told from this what makes exports slow"), "{text}");
    assert!(text.contains("1 of 1 lines speak of a failed export"), "{text}");
    let output = why(&folder, &[&pages[..], &["--format", "json"]].concat());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["parts"][0]["causes"][0]["cause"], "slow_export");
}

#[test]
fn a_row_of_pages_says_when_the_first_span_will_be_dropped() {
    let names: Vec<String> = (0..9).map(|n| format!("{n}.prom")).collect();
    // More comes from page to page: exports of 30 ms take 10 %, 20 %, … of the time.
    let sums = (0..9_u32).map(|n| page(512 * 34 * n * (n + 1) / 2, 0));
    let files: Vec<(&str, String)> = names.iter().map(String::as_str).zip(sums).collect();
    let folder = folder(&files);
    let mut arguments = vec!["--forecast", "--metrics"];
    arguments.extend(names.iter().map(String::as_str));
    let apart = [&arguments[..], &["--apart", "10s"]].concat();
    let text = said(&why(&folder, &apart));
    assert!(text.contains("after 8 looks if it goes on like this, the first span is dropped in"), "{text}");
    let json: Value =
        serde_json::from_slice(&why(&folder, &[&apart[..], &["--format", "json"]].concat()).stdout).unwrap();
    let seconds = json["forecasts"][0]["outlook"]["drops_in"]["seconds"].as_f64().unwrap();
    // The load was 0.816 five seconds ago, grows by 0.0102 per second, and is 1 in 13 s; then 2,048 spans fill in 5 s.
    assert!((15.0..20.0).contains(&seconds), "{json}");
    assert_eq!(why(&folder, &arguments).status.code(), Some(2), "the time between the files is missing");
    assert_eq!(why(&folder, &["--forecast"]).status.code(), Some(2));
    assert_eq!(
        why(&folder, &["--forecast", "--metrics", "0.prom", "http://127.0.0.1:1/", "--apart", "1s"])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn what_is_not_there_or_no_page_is_66() {
    let folder =
        folder(&[("a.prom", "a 1\n".to_owned()), ("t.json", "{}".to_owned()), ("b.prom", page(512, 0))]);
    assert_eq!(why(&folder, &["--metrics", "none.prom"]).status.code(), Some(66));
    assert_eq!(why(&folder, &["--metrics", "a.prom"]).status.code(), Some(66));
    assert_eq!(why(&folder, &["--metrics", "b.prom", "--traces", "t.json"]).status.code(), Some(66));
}
