//! Claims on a machine with all its cores, with seven tenths of one, and with half of one: each gets one verdict, or is open and says why.

use std::collections::BTreeMap;
use std::fs;

use spanfate_model::finding::claims::{ClaimVerdict, ClaimsRecord};

use crate::lab::lab_alone;

/// Claims of the article on full queues, panics, leaks, collections and small batches, and on what lies inside of a server's span.
const CLAIMS: [u32; 17] = [1, 3, 4, 6, 8, 10, 11, 18, 28, 30, 31, 33, 35, 36, 40, 42, 49];

/// What was said at each quota.
type QuotaSaid = (&'static str, ClaimVerdict, String);

#[test]
#[ignore = "seventeen claims at three quotas, some ten minutes: cargo test -p spanfate --test e2e claims_at_every_quota -- --ignored --nocapture"]
fn claims_at_every_quota_get_one_verdict_or_say_why_they_are_open() {
    let Some(lab) = lab_alone() else { return };
    if lab.skips_without("faults: CPU control group") {
        return;
    }
    let mut found: BTreeMap<u32, Vec<QuotaSaid>> = BTreeMap::new();
    for profile in ["idle", "quota-0.7", "quota-0.5"] {
        let results = lab.path(profile);
        let claims = CLAIMS.iter().flat_map(|number| ["--claim".to_owned(), number.to_string()]);
        let mut command = lab.program();
        command
            .args(["claims", "--json", "--repeat-spoilt", "0", "--under", profile, "--out"])
            .arg(&results)
            .args(claims);
        let done = command.output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(matches!(done.status.code(), Some(0 | 3)), "{profile}: {said}");
        let record: ClaimsRecord = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!(record.claims.len(), CLAIMS.len(), "{said}");
        assert!(record.runs.iter().all(|run| run.unexplained == 0), "{:?}", record.runs);
        for claim in record.claims {
            let why = claim.reason.unwrap_or_default();
            found.entry(claim.number).or_default().push((profile, claim.verdict, why));
        }
        fs::remove_dir_all(results).unwrap();
    }
    let mut wrong = Vec::new();
    for (number, verdicts) in &found {
        println!("{number}: {verdicts:?}");
        wrong.extend(amiss(verdicts).map(|what| format!("{number} {what}: {verdicts:?}")));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let open = found.values().filter(|all| all.iter().all(|one| one.1 == ClaimVerdict::Inconclusive)).count();
    assert!(open < found.len() / 2, "the machine left {open} of {} claims open at every quota", found.len());
}

/// What is wrong with the verdicts of a claim, if anything.
fn amiss(verdicts: &[QuotaSaid]) -> Option<&'static str> {
    let mut settled = verdicts.iter().filter(|said| said.1 != ClaimVerdict::Inconclusive).map(|said| said.1);
    let first = settled.next();
    if settled.any(|other| Some(other) != first) {
        return Some("has several verdicts");
    }
    let silent = verdicts.iter().any(|said| said.1 == ClaimVerdict::Inconclusive && said.2.is_empty());
    silent.then_some("is open and does not say why")
}
