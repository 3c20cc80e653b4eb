//! The shipped contracts: one that a run of ours keeps, and for each rule one that breaks it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use spanfate_model::books::ledger::Ledger;
use spanfate_model::finding::designs::command::DesignMeasurement;

use crate::lab::{Finished, Lab, lab, root, skipped};

/// Contracts of these rules are broken by what a client of the tests sends: `watching::contract`.
const RECEIVED: [&str; 3] = ["metric_unit", "metric_instrument", "log_field_missing"];

pub(crate) fn shipped(name: &str) -> PathBuf {
    root().join("scenarios/contracts").join(name)
}

/// The contracts that break a rule, by its name.
pub(crate) fn broken() -> Vec<(String, PathBuf)> {
    let files = fs::read_dir(shipped("broken")).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> =
        files.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path)).collect();
    all.sort();
    all
}

fn check(lab: &Lab, run: &Path, contract: &Path, more: &[&str]) -> Output {
    let mut command = lab.program();
    command.args(["contract", "check"]).arg(run).arg("--contract").arg(contract).args(more);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(output)))
}

/// Runs the scenario of the contracts.
fn ran(lab: &Lab) -> Finished {
    let text = fs::read_to_string(root().join("scenarios/contract.toml")).unwrap();
    let finished = lab.run(text.split_once('\n').unwrap().1);
    finished.assert_exact();
    finished
}

#[test]
fn a_run_keeps_the_shipped_contract_and_breaks_each_broken_one() {
    let Some(lab) = lab() else { return };
    let finished = ran(&lab);
    let kept = check(&lab, &finished.run, &shipped("user-recommender.obsrv.yml"), &[]);
    assert_eq!(kept.status.code(), Some(0), "{}", said(&kept));
    let mut seen = 0;
    for (rule, contract) in broken().into_iter().filter(|(rule, _)| !RECEIVED.contains(&rule.as_str())) {
        let output = check(&lab, &finished.run, &contract, &["--format", "json"]);
        assert_eq!(output.status.code(), Some(99), "{rule}: {}", said(&output));
        let found = json(&output);
        let finding = &found["rules"][0]["findings"][0];
        assert_eq!(finding["id"], rule.as_str(), "{found:#}");
        assert!(
            finding["line"].as_u64().unwrap() > 1
                && Path::new(finding["file"].as_str().unwrap()).extension().is_some_and(|end| end == "yml"),
            "{found:#}"
        );
        seen += 1;
    }
    assert_eq!(seen, 8);
    lost_has_its_fate(&lab, &finished);
    registries_are_contracts_too(&lab, &finished);
    what_was_begun_is_kept(&lab, &finished);
    build_servers_get_a_case_for_each_rule(&lab, &finished);
}

/// What Weaver cannot know: a span was created, and how it was lost.
fn lost_has_its_fate(lab: &Lab, finished: &Finished) {
    let output =
        check(lab, &finished.run, &shipped("broken/required_span_lost.yml"), &["--format", "weaver"]);
    let found = json(&output);
    let advice = &found["samples"][0]["span"]["live_check_result"]["all_advice"][0];
    assert_eq!(
        (advice["id"].as_str(), advice["level"].as_str()),
        (Some("required_span_lost"), Some("violation"))
    );
    let dropped = advice["context"]["fates"]["dropped_queue_full"].as_u64().unwrap();
    let ledger: &Ledger = &finished.result.variants[0].trials[0].ledger;
    let in_books = ledger.fates.iter().find(|(fate, _)| fate.to_string() == "dropped_queue_full").unwrap().1;
    assert!(dropped > 0 && dropped <= in_books.total, "{dropped} of {in_books:?}");
}

fn registries_are_contracts_too(lab: &Lab, finished: &Finished) {
    let output = check(lab, &finished.run, &shipped("registry"), &[]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("not judged: the span `http.server`"), "{text}");
}

fn what_was_begun_is_kept(lab: &Lab, finished: &Finished) {
    let mut command = lab.program();
    let begun = command.args(["contract", "init"]).arg(&finished.run).output().unwrap();
    assert_eq!(begun.status.code(), Some(0), "{}", said(&begun));
    let text = String::from_utf8(begun.stdout).unwrap();
    for part in ["service: user-recommender", "- name: store.GET", "server.port: int", "cache.hit: boolean"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let contract = lab.path("begun.yml");
    fs::write(&contract, &text).unwrap();
    let kept = check(lab, &finished.run, &contract, &[]);
    assert_eq!(kept.status.code(), Some(0), "{}\n{text}", said(&kept));
}

fn build_servers_get_a_case_for_each_rule(lab: &Lab, finished: &Finished) {
    let file = lab.path("contract.xml");
    let contract = shipped("broken/attribute_type.yml");
    let output = check(lab, &finished.run, &contract, &["--junit", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(99), "{}", said(&output));
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("attribute_type.yml:5:7: attribute_type: `server.port` is of type int"), "{text}");
}

#[test]
fn a_run_that_kept_nothing_leaves_open_what_needs_it() {
    let Some(lab) = lab() else { return };
    let finished = lab.run("[load]\nrate = '50/s'\nlasting = '1s'\n");
    finished.assert_exact();
    let contract = lab.path("c.yml");
    fs::write(
        &contract,
        "version: 1\nloss: 0 %\nspans:\n  - { name: work.child, attributes: { n: int } }\nmetrics: [m]\n",
    )
    .unwrap();
    let output = check(&lab, &finished.run, &contract, &[]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(
        text.contains("not_kept: the run kept no whole spans; run it with `[receiver] keep = \"spans\"`"),
        "{text}"
    );
    assert!(text.contains("keep = \"all\""), "{text}");
    assert!(text.contains("kept   ") && text.contains("loss of spans"), "{text}");
}

#[test]
fn what_is_wrong_with_what_is_given_has_its_exit_code_and_place() {
    let Some(lab) = lab() else { return };
    let spans = lab.path("spans.json");
    fs::write(&spans, r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"a","kind":2,"attributes":[{"key":"n","value":{"intValue":"1"}}]}]}]}]}"#).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = lab.path(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let good =
        write("good.yml", b"version: 1\nspans:\n  - { name: a, kind: server, attributes: { n: int } }\n");
    let output = check(&lab, &spans, &good, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let slips = write("slips.yml", b"version: 1\nspan:\n  - name: a\nloss: 5\n");
    let output = check(&lab, &spans, &slips, &[]);
    assert_eq!(output.status.code(), Some(65));
    let text = said(&output);
    assert!(text.contains("slips.yml:2:1: a contract has no key `span`; did you mean `spans`?"), "{text}");
    assert!(text.contains("slips.yml:4:7: `5` is no share"), "{text}");
    let large = write("large.yml", &b"# some text\n".repeat(1 << 20));
    let output = check(&lab, &spans, &large, &[]);
    assert_eq!(output.status.code(), Some(65));
    assert!(
        said(&output).contains("large.yml:87382:") && said(&output).contains("1 MiB"),
        "{}",
        said(&output)
    );
    let binary = write("binary.yml", b"version: 1\n\xff");
    let output = check(&lab, &spans, &binary, &[]);
    assert!(
        output.status.code() == Some(65) && said(&output).contains("binary.yml:2:1"),
        "{}",
        said(&output)
    );
    let rows = write("rows.csv", b"trace_id,span_id,name\n");
    for (run, contract) in
        [(&spans, lab.path("absent.yml")), (&lab.path("absent"), good.clone()), (&rows, good.clone())]
    {
        let output = check(&lab, run, &contract, &[]);
        assert_eq!(output.status.code(), Some(66), "{}", said(&output));
    }
    // The one that is documented is valid, and does not speak of such spans.
    let page = fs::read_to_string(root().join("docs/contract.md")).unwrap();
    let documented = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let documented = write("documented.yml", documented.as_bytes());
    let output = check(&lab, &spans, &documented, &[]);
    assert_eq!(output.status.code(), Some(99), "{}", said(&output));
    let init = lab.call(&["contract", "init", spans.to_str().unwrap(), "--json"]);
    assert_eq!(init.status.code(), Some(2), "{}", said(&init));
}

/// What docs/designs.md says of checks beside each other, once through.
#[test]
fn the_comparison_of_checks_finds_what_is_seeded_and_nothing_else() {
    let Some(_lab) = lab() else { return };
    if Command::new("python3").arg("--version").output().is_err() {
        skipped("no python3 on PATH");
        return;
    }
    let mut script = Command::new(root().join("docs/compare-contract.sh"));
    let output =
        script.args(["-json", "1"]).env("SPANFATE", env!("CARGO_BIN_EXE_spanfate")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let measured: DesignMeasurement =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
    measured.check().unwrap_or_else(|unfit| panic!("{unfit:?}"));
    let of = |contender: &str, figure: &str| {
        let row = measured.contenders.iter().find(|one| one.name == contender).unwrap();
        row.values[figure][0].unwrap()
    };
    // Of 19 breaches 12 are losses; of 10 sound contracts one speaks of a run that is sampled.
    let (drops, difference) = ("the SDK's counters of drops and failures", "counters: created less received");
    let (file, receiver) = ("what arrived, as a file of spans", "what arrived, at a receiver");
    let books = "the run, with its books";
    for (contender, figure, count, all) in [
        (drops, "found", 2, 19),
        (difference, "found", 4, 19),
        (difference, "false", 1, 10),
        (file, "found", 9, 19),
        (receiver, "found", 11, 19),
        (receiver, "found.lost", 4, 12),
        (receiver, "named", 7, 19),
        (receiver, "fates", 0, 1),
        (receiver, "missed", 0, 19),
        (receiver, "false", 0, 10),
        (books, "found", 18, 19),
        (books, "found.lost", 11, 12),
        (books, "named", 17, 19),
        (books, "fates", 1, 1),
        (books, "open", 1, 19),
        (books, "false", 0, 10),
        (books, "open.sound", 0, 10),
    ] {
        let found = of(contender, figure) * f64::from(all);
        assert!((found - f64::from(count)).abs() < 1e-9, "{contender}: {figure} is {found} of {all}");
    }
    let said_by_counters = of(drops, "fates");
    assert!(said_by_counters > 0.0 && said_by_counters < 1.0, "{said_by_counters}");
    let usage = Command::new(root().join("docs/compare-contract.sh"))
        .arg("-jsn")
        .env("SPANFATE", env!("CARGO_BIN_EXE_spanfate"))
        .output()
        .unwrap();
    assert_eq!(usage.status.code(), Some(64), "{}", said(&usage));
}
