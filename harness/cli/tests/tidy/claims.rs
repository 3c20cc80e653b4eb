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

/// Which claims each section of the article makes.
const SECTIONS: [(&str, &[(u32, u32)]); 19] = [
    ("1", &[(1, 19)]),
    ("2.1", &[(20, 27)]),
    ("2.2", &[(28, 33)]),
    ("2.3", &[(34, 40)]),
    ("2.4", &[(41, 46)]),
    ("2.5", &[(47, 49)]),
    ("3.1", &[(50, 56)]),
    ("3.2", &[(57, 62)]),
    ("3.3", &[(63, 68)]),
    ("4.1", &[(69, 71), (91, 91)]),
    ("4.2", &[(72, 73)]),
    ("4.3", &[(74, 75)]),
    ("4.4", &[(76, 79), (90, 90)]),
    ("5", &[(80, 80)]),
    ("5.1", &[(81, 81)]),
    ("5.2", &[(82, 82), (88, 88)]),
    ("5.3", &[(83, 83), (87, 87)]),
    ("5.4", &[(84, 85)]),
    ("5.5", &[(86, 86), (89, 89)]),
];

pub(super) fn registered() -> Vec<RegisteredClaim> {
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
        let section = SECTIONS
            .iter()
            .find(|(_, ranges)| ranges.iter().any(|(first, last)| (*first..=*last).contains(&claim.number)));
        assert_eq!(section.unwrap().0, claim.section, "claim {}", claim.number);
        // What is ours says so; all else says where it stands.
        assert_ne!(claim.says.starts_with("(Ours)"), claim.original.is_some(), "{}", claim.number);
        assert!(claim.is_judged() || claim.not_testable.is_some(), "nothing judges {}", claim.number);
        let is_condition = |that: String| that.contains(['<', '>', '=']);
        let conditions = claim.runs.iter().any(|test| !test.premise && is_condition(test.that.to_string()))
            || claim.inspections.iter().any(|test| !test.premise && test.that.test.is_some())
            || claim.contracts.iter().any(|test| !test.premise && test.that.test.is_some());
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
