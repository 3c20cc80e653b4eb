//! The page of judged claims: well-formed, from one file, and with all that was measured; whatever a list of claims is called.

use std::collections::BTreeMap;
use std::path::Path;

use spanfate_model::finding::claims::register::{ClaimsFile, RunAsked};
use spanfate_model::finding::claims::{
    ClaimMeasure, ClaimRunBooks, ClaimVerdict, ClaimsRecord, JudgedClaim, MeasuredFor, SdkVerdicts,
};
use spanfate_model::verdict::Verdict;

use crate::page::reader::{Page, read};

/// A list of six claims, one of each verdict, with whatever text in all places that have one.
fn list(text: &str) -> Vec<ClaimsFile> {
    let claim = |number: u32, section: &str| {
        serde_json::json!({
            "number": number, "section": section, "says": format!("Claim {number} {text}"), "original": text, "figure": text,
            "refuted_if": text, "why": text,
            "inspect": [{ "name": "queue_capacity", "that": "accepted == 1000" }],
        })
    };
    let mut claims: Vec<_> =
        (1..=5).map(|number| claim(number, if number < 4 { "1" } else { text })).collect();
    claims.push(serde_json::json!({
        "number": 6, "section": "5", "says": text, "not_testable": text, "nearest": text,
    }));
    let file = serde_json::json!({
        "source": text, "claim": claims,
        "step": [{ "types": text, "claims": [1, 7], "works": "in_part", "shows": text, "instead": text }],
    });
    vec![serde_json::from_value(file).unwrap_or_else(|wrong| unreachable!("{wrong}"))]
}

fn record(files: &[ClaimsFile], text: &str) -> ClaimsRecord {
    let inspected = MeasuredFor::Inspection(files[0].claims[0].inspections[0].clone());
    let run = MeasuredFor::Run {
        scenario: text.to_owned(),
        variant: text.to_owned(),
        that: RunAsked::try_from("loss.rate > 0 %".to_owned())
            .unwrap_or_else(|wrong| unreachable!("{wrong}")),
        because: None,
        premise: true,
    };
    let measure = |of: &MeasuredFor, values: &[f64], verdict| ClaimMeasure {
        of: of.clone(),
        values: values.to_vec(),
        verdict,
        reason: Some(text.to_owned()),
        seen: vec![text.to_owned()],
    };
    let judged = |(at, verdict): (usize, ClaimVerdict)| JudgedClaim {
        number: at as u32 + 1,
        says: text.to_owned(),
        verdict,
        reason: Some(text.to_owned()),
        measures: vec![
            measure(&inspected, &[2560.0], Some(Verdict::Fail)),
            measure(&run, &[0.25, 0.5, 0.75], Some(Verdict::Pass)),
            measure(&run, &[], None),
        ],
    };
    let with =
        |sdk: &str, verdict| SdkVerdicts { sdk: sdk.to_owned(), verdicts: BTreeMap::from([(1, verdict)]) };
    ClaimsRecord {
        format: "1.0".to_owned(),
        machine: text.to_owned(),
        claims: ClaimVerdict::ALL.into_iter().enumerate().map(judged).collect(),
        runs: vec![ClaimRunBooks {
            scenario: text.to_owned(),
            run: text.to_owned(),
            trials: 3,
            created: 30_000,
            unexplained: 0,
        }],
        sdks: vec![with(text, ClaimVerdict::Refuted), with("1.47", ClaimVerdict::Partly)],
    }
}

fn made(text: &str) -> (String, Page) {
    let files = list(text);
    let html = spanfate_report::claims_html(&files, &record(&files, text));
    let page = read(&html).unwrap_or_else(|problem| unreachable!("not readable: {problem}"));
    (html, page)
}

/// The page of the project's own claims as they were published last, and one whose texts are somebody's that means no good.
pub(super) fn pages() -> std::io::Result<Vec<(&'static str, String)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../claims");
    let mut names: Vec<_> =
        std::fs::read_dir(&folder)?.map(|entry| entry.map(|one| one.path())).collect::<Result<_, _>>()?;
    names.sort();
    let mut files: Vec<ClaimsFile> = Vec::new();
    for name in names.iter().filter(|name| name.extension().is_some_and(|end| end == "toml")) {
        files.push(toml::from_str(&std::fs::read_to_string(name)?).map_err(std::io::Error::other)?);
    }
    let record: ClaimsRecord = serde_json::from_slice(&std::fs::read(folder.join("record.json"))?)?;
    let own = spanfate_report::claims_html(&files, &record);
    Ok(vec![("claims", own), ("hostile-claims", made("<script>alert(1)</script>&\u{1b}[31m").0)])
}

#[test]
fn a_page_of_claims_is_well_formed_and_needs_nothing_from_anywhere() {
    for text in ["plain", "<b>&\"'</section><script>", "a b#c?d", ""] {
        let (html, page) = made(text);
        page.balance().unwrap_or_else(|problem| panic!("{text}: {problem}"));
        assert_eq!(page.dangling(), Vec::<String>::new(), "{text}");
        assert_eq!(page.count("h1"), 1, "{text}");
        assert_eq!((page.count("script"), page.count("style")), (1, 1), "{text}");
        assert_eq!(page.count("link") + page.count("img") + page.count("iframe"), 0, "{text}");
        assert!(page.values("src").is_empty() && page.values("style").is_empty(), "{text}");
        assert!(page.values("href").iter().all(|href| href.starts_with('#')), "{text}");
        assert!(
            page.values("content").iter().any(|policy| policy.starts_with("default-src 'none'")),
            "{text}"
        );
        assert!(!html.contains("url(") && !html.contains("@import"), "{text}");
        assert!(html.len() < 200_000, "{} bytes", html.len());
        assert_eq!(html, made(text).0);
    }
    // No text becomes markup: tags and attributes are those of a page with plain text.
    assert_eq!(made("<b>&\"'</section><script>").1.shape(), made("plain").1.shape());
}

#[test]
fn a_page_of_claims_says_all_that_was_measured() {
    let (_, page) = made("plain");
    for wanted in [
        "Of 6 claims: 1 reproduced, 1 partly, 1 refuted, 1 quantified, 1 inconclusive, 1 not testable.",
        "What became of each?",
        "Which runs do they rest on?",
        "What are readers told to type, and does it work?",
        "Section 1",
        "1 run of 3 trials created 30,000 spans; 0 of them are unexplained.",
        "Between the SDKs plain, 1.47 the verdicts of these change: 1.",
        "It is open: plain",
        "inspection queue_capacity",
        "accepted == 1000",
        "2,560",
        "not as claimed: plain",
        "as it must be for the rest to count: plain",
        "1 is reproduced, 7 is not judged yet",
        "in part",
    ] {
        assert!(page.text.contains(wanted), "{wanted} is missing in {}", page.text);
    }
    // Three trials: the middle one, with the least and the most.
    assert!(
        page.text.contains("50.00\u{202f}% (25.00\u{202f}% to 75.00\u{202f}%, 3 trials)"),
        "{}",
        page.text
    );
    for number in 1..=6 {
        assert!(page.values("id").contains(&format!("claim-{number}").as_str()), "{number}");
    }
    // A verdict is a sign as well as a colour, and one that changes is marked with each SDK.
    assert!(
        ["✓ reproduced", "✗ refuted", "± partly", "? inconclusive"]
            .iter()
            .all(|badge| page.text.contains(badge))
    );
    assert_eq!(page.text.matches("! changes").count(), 2);
}
