//! Planted losses and duplicates. The reconciler is not told; it must find exactly these.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use spanfate_model::fate::{Fate, Filter};

use crate::lab::lab;

const LOAD: &str = "[load]\nrate = \"400/s\"\nwarmup = \"0s\"\nlasting = \"1s\"\n";

#[test]
fn spans_discarded_after_the_acknowledgement_are_unexplained_by_id() {
    let Some(lab) = lab() else { return };
    let done = lab.run(&format!("{LOAD}[plant]\ndiscard_acknowledged = 7\n"));
    assert_eq!(done.code, Some(100), "{}{}", done.stdout, done.stderr);
    let ledger = &done.result.variants[0].trials[0].ledger;
    let named: BTreeSet<String> = ledger.unexplained.ids.iter().map(|key| key.span.to_string()).collect();
    let text = fs::read_to_string(done.run.join("trial-000/planted.ndjson")).unwrap();
    let planted: BTreeSet<String> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["span_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(planted.len(), 7);
    assert_eq!(named, planted);
    assert_eq!(ledger.unexpected.count, 0);
}

#[test]
fn spans_filtered_by_a_wrapper_that_says_so_are_filtered() {
    let Some(lab) = lab() else { return };
    let done = lab.run(&format!("{LOAD}[plant]\nfilter = 5\n"));
    done.assert_exact();
    let ledger = &done.result.variants[0].trials[0].ledger;
    assert_eq!(ledger.total(Fate::Filtered(Filter::ExporterWrapper)), 5);
    assert_eq!(ledger.total(Fate::Received), ledger.created - 5);
}

#[test]
fn double_sends_are_copies_and_no_second_spans() {
    let Some(lab) = lab() else { return };
    let expect = "[[expect]]\nthat = \"duplicates == 0\"\n";
    let done = lab.run(&format!("{LOAD}[exporter]\nbatch = 100\n[plant]\ndouble_send = 3\n{expect}"));
    // The duplicates are there, so the expectation fails: 99.
    assert_eq!(done.code, Some(99), "{}{}", done.stdout, done.stderr);
    let ledger = &done.result.variants[0].trials[0].ledger;
    assert_eq!(ledger.copies.get(&2), Some(&300), "{:?}", ledger.copies);
    assert_eq!(ledger.total(Fate::Received), ledger.created);
    assert_eq!(ledger.unexplained.count + ledger.unexpected.count, 0);
}
