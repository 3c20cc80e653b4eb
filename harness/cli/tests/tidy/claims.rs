//! The claims of the article: all there, each judged by something that is there, and the page of what was measured.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use spanfate_analysis::claims::{is_of, verdict_of};
use spanfate_model::finding::claims::register::{ClaimsFile, RegisteredClaim};
use spanfate_model::finding::claims::{ClaimVerdict, ClaimsRecord};

use super::{files, root};

/// How many claims the article makes, with three of our own.
const CLAIMS: u32 = 91;

fn registered() -> Vec<RegisteredClaim> {
    let read = |path| toml::from_str::<ClaimsFile>(&fs::read_to_string(path).unwrap()).unwrap().claims;
    files(&root().join("claims"), &["toml"]).into_iter().flat_map(read).collect()
}

fn record() -> ClaimsRecord {
    serde_json::from_str(&fs::read_to_string(root().join("claims/record.json")).unwrap()).unwrap()
}

#[test]
fn every_claim_is_mapped_once() {
    let claims = registered();
    let numbers: BTreeSet<u32> = claims.iter().map(|claim| claim.number).collect();
    assert_eq!(numbers, (1..=CLAIMS).collect(), "each number from 1 on stands once");
    assert_eq!(claims.len(), numbers.len(), "a number stands twice");
    let says: BTreeSet<&str> = claims.iter().map(|claim| claim.says.as_str()).collect();
    assert_eq!(says.len(), claims.len(), "a claim is there twice");
    for claim in &claims {
        let chapter = claim.section.split('.').next().unwrap();
        assert!(["1", "2", "3", "4", "5"].contains(&chapter), "{}: section {}", claim.number, claim.section);
        // What is ours says so; all else says where it stands.
        assert_ne!(claim.says.starts_with("(Ours)"), claim.original.is_some(), "{}", claim.number);
        let judged = !claim.runs.is_empty() || !claim.inspections.is_empty();
        assert!(judged || claim.not_testable.is_some(), "nothing judges {}", claim.number);
        let conditions = claim.runs.iter().any(|test| test.that.to_string().contains(['<', '>', '=']))
            || claim.inspections.iter().any(|test| test.that.test.is_some());
        assert_eq!(
            conditions,
            claim.refuted_if.is_some(),
            "{}: who tests says what refutes it",
            claim.number
        );
    }
}

/// The program itself checks that scenarios, variants and inspections are there.
#[test]
fn the_files_of_claims_are_valid() {
    let out = Command::new(env!("CARGO_BIN_EXE_spanfate"))
        .args(["claims", "--list"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let listed = String::from_utf8(out.stdout).unwrap();
    assert!(listed.contains(
        "run qps5k, sdk-defaults believed-defaults: loss.rate > 0 %, because of export_round_trip"
    ));
}

#[test]
fn the_record_is_of_the_claims_as_they_are_and_its_verdicts_follow_from_its_figures() {
    let (claims, record) = (registered(), record());
    let old: BTreeMap<u32, &str> = claims
        .iter()
        // One that is not in it was not judged yet, and the page says so.
        .filter(|claim| record.claim(claim.number).is_some_and(|judged| !is_of(claim, judged)))
        .map(|claim| (claim.number, claim.says.as_str()))
        .collect();
    assert!(
        old.is_empty(),
        "these were changed since they were judged; `cargo run -- claims --publish --claim N` judges them: {old:#?}"
    );
    let known: BTreeSet<u32> = claims.iter().map(|claim| claim.number).collect();
    assert!(
        record.claims.iter().all(|judged| known.contains(&judged.number)),
        "the record has claims that are gone"
    );
    for judged in record.claims.iter().filter(|one| one.verdict != ClaimVerdict::NotTestable) {
        assert_eq!(
            verdict_of(&judged.measures),
            (judged.verdict, judged.reason.clone()),
            "{}",
            judged.number
        );
    }
}

#[test]
fn the_page_of_claims_is_what_files_and_record_give() {
    let file = "docs/claims.md";
    let published = fs::read_to_string(root().join(file)).unwrap_or_default();
    let out = Command::new(env!("CARGO_BIN_EXE_spanfate"))
        .args(["claims", "--page"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let same = published == String::from_utf8(out.stdout).unwrap();
    assert!(same, "{file} is old; write it again: cargo run -- claims --page > {file}");
}
