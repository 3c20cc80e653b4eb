//! Comparisons, searches and bisections with the real service.

use std::fs;

use spanfate_model::finding::frontier::{Frontier, SearchEnd};
use spanfate_model::result::change::Change;
use spanfate_model::result::environment::Environment;
use spanfate_model::result::{ComparedBy, Comparison};
use spanfate_model::verdict::Verdict;

use crate::lab::{lab, lab_alone};

/// Six pairs; the candidate's receiver rejects a span of each batch.
const PAIRS: &str = r#"
    [load]
    rate = "200/s"
    warmup = "0s"
    lasting = "400ms"
    [exporter]
    batch = 50
    [[variant]]
    name = "old"
    [[variant]]
    name = "new"
    [compare]
    baseline = "old"
    candidate = "new"
    pairs = 6
    gate = { "loss.rate" = "0.1 %" }
    [[fault]]
    requests = { from = 0 }
    kind = { answer = { partial = { reject = 1 } } }
    variants = ["new"]
    "#;

pub(crate) fn a_candidate_that_loses_spans_is_worse_and_runs_are_compared_again() {
    let Some(lab) = lab_alone() else { return };
    let done = lab.run(PAIRS);
    assert_eq!(done.code, Some(99), "{}{}", done.stdout, done.stderr);
    let comparison = done.result.comparison.as_ref().unwrap();
    assert_eq!((comparison.pairs, comparison.interleaved), (6, true));
    let row = |name: &str| comparison.rows.iter().find(|row| row.figure.text() == name).unwrap();
    // Counters have no noise, whatever the machine does.
    let rejected = row("fate.rejected_partial");
    assert_eq!((rejected.way, rejected.change), (ComparedBy::Counter, Change::Worse));
    assert_eq!(row("spans.created").change, Change::Same);
    assert!(row("loss.rate").change == Change::Worse || row("loss.rate").change == Change::Inconclusive);
    assert!(done.stdout.contains("compared"), "{}", done.stdout);
    // Six pairs in random order: in each one of both, and not always the same first.
    let order: Vec<(u16, u16)> = done.result.plan.trials.iter().map(|t| (t.repetition, t.variant)).collect();
    assert!(order.chunks(2).all(|pair| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1), "{order:?}");
    assert!(order.chunks(2).any(|pair| pair[0].1 == 0) && order.chunks(2).any(|pair| pair[0].1 == 1));

    let run = done.run.to_str().unwrap();
    // A figure that no machine spoils decides here.
    let gate = ["--gate", "bytes.per_span=5%"];
    let compared = |arguments: &[&str]| lab.call(&[&["compare"], arguments, &gate[..]].concat());
    let same = compared(&[run, run, "--json"]);
    assert_eq!(same.status.code(), Some(0), "{}", String::from_utf8_lossy(&same.stderr));
    let all: Vec<Comparison> = serde_json::from_slice(&same.stdout).unwrap();
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|one| !one.interleaved && one.verdict == Verdict::Pass), "{all:?}");
    let other = lab.path("other.json");
    let text = fs::read_to_string(done.run.join("result.json")).unwrap();
    fs::write(&other, text.replace("\"kernel\": \"", "\"kernel\": \"not ")).unwrap();
    let other = other.to_str().unwrap();
    assert_eq!(compared(&[run, other]).status.code(), Some(3));
    assert_eq!(compared(&[run, other, "--allow-env-mismatch"]).status.code(), Some(0));
    assert_eq!(compared(&[run]).status.code(), Some(2));
    assert_eq!(compared(&[run, "nowhere"]).status.code(), Some(66));
}

#[test]
fn pairs_that_could_never_conclude_are_refused() {
    let Some(lab) = lab() else { return };
    let code = |text: &str| {
        let path = lab.scenario(text);
        let out = lab.call(&["validate", path.to_str().unwrap()]);
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    assert_eq!(code(PAIRS).0, Some(0));
    let (refused, text) = code(&PAIRS.replace("pairs = 6", "pairs = 5"));
    assert_eq!(refused, Some(65));
    assert!(text.contains("5 pairs can never conclude") && text.contains("use 6 pairs or more"), "{text}");
    let (refused, text) = code(&PAIRS.replace("pairs = 6", "pairs = 6\nlooks = 2"));
    assert_eq!(refused, Some(65), "{text}");
    let (refused, text) = code(&PAIRS.replace("baseline = \"old\"", "baseline = \"odl\""));
    assert_eq!(refused, Some(65));
    assert!(text.contains("did you mean `old`"), "{text}");
}

/// Ten spans per export, an export in 50 ms or a little more: less than 200 spans per second.
const LIMITED: &str = r#"
    [load]
    rate = "100/s"
    warmup = "200ms"
    lasting = "800ms"
    [service]
    spans_per_request = 1
    [exporter]
    queue = 20
    batch = 10
    [receiver]
    answer_after = "50ms"
    "#;

pub(crate) fn a_search_finds_what_a_configuration_carries() {
    let Some(lab) = lab_alone() else { return };
    let scenario = lab.scenario(LIMITED);
    let out = lab.path("results");
    let arguments = ["--repeats", "1", "--resolution", "20%", "--json", "--out", out.to_str().unwrap()];
    let found = lab.call(&[&["frontier", scenario.to_str().unwrap()], &arguments[..]].concat());
    let text = String::from_utf8_lossy(&found.stderr).into_owned();
    let frontier: Frontier =
        serde_json::from_slice(&found.stdout).unwrap_or_else(|error| panic!("{error}: {text}"));
    let limit = &frontier.variants[0];
    assert!(limit.found.steps.len() >= 2, "{limit:?}");
    // A machine that other work keeps busy ends the search early, and says so.
    match limit.found.end {
        SearchEnd::Found => {
            assert_eq!(found.status.code(), Some(0), "{text}");
            let (low, high) = (limit.found.low.unwrap(), limit.found.high.unwrap());
            let law = limit.law.unwrap();
            assert!(law.ceiling < 200.0 && law.predicted >= law.ceiling, "{law:?}");
            assert!(low < 260.0 && high > 120.0 && low < high, "{limit:?}");
        }
        end => assert_eq!((end, found.status.code()), (SearchEnd::Machine, Some(3)), "{text}"),
    }
    // Every round of one process divides the cores in the same way; a second one that saw fewer would load the service's.
    let mut cores = Vec::new();
    for search in fs::read_dir(&out).unwrap().flatten() {
        for round in fs::read_dir(search.path()).unwrap().flatten() {
            if let Ok(text) = fs::read_to_string(round.path().join("environment.json")) {
                let environment: Environment = serde_json::from_str(&text).unwrap();
                cores.push((environment.fixture_cpus, environment.harness_cpus));
            }
        }
    }
    assert!(cores.len() >= 2 && cores.windows(2).all(|two| two[0] == two[1]), "{cores:?}");
    // Nothing to vary is said before anything runs.
    let outage = lab.call(&["frontier", scenario.to_str().unwrap(), "--along", "outage"]);
    assert_eq!(outage.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&outage.stderr).contains("no fault with a length"), "{outage:?}");
}
