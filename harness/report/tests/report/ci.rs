//! What build servers read: it parses, it says what the result says, and no text of others changes what it is.

mod golden;
mod hostile;

use spanfate_model::result::RunResult;
use spanfate_model::verdict::Verdict;
use spanfate_report::{annotations, bmf, gobench};

use crate::given::{junit, markdown};
use crate::sample;

/// Results in every state.
fn all() -> Vec<(&'static str, RunResult)> {
    vec![
        ("nine", sample::nine()),
        ("repeated", sample::repeated()),
        ("single", sample::single()),
        ("spanless", sample::spanless()),
        ("interrupted", sample::interrupted()),
        ("aborted", sample::aborted()),
        ("broken", sample::broken()),
        ("chain", sample::chain()),
        ("many", sample::many(60)),
        ("own", sample::own()),
        ("faulty", sample::faulty()),
        ("forked", sample::forked()),
        ("compared", sample::compared()),
        ("swept", sample::swept()),
    ]
}

#[test]
fn the_same_result_gives_the_same_bytes() {
    for render in [junit, markdown, gobench, bmf, annotations] {
        for (name, result) in all() {
            assert_eq!(render(&result), render(&result.clone()), "{name}");
        }
    }
}

#[test]
fn a_suite_counts_its_cases_and_is_green_only_for_a_pass() {
    let mut results = all();
    let mut passes = sample::nine();
    (passes.verdict, passes.reasons) = (Verdict::Pass, Vec::new());
    passes.expectations.retain(|judged| judged.verdict == Verdict::Pass);
    results.push(("passes", passes));
    // Doubt that no check of its own shows, as a witness with a gap.
    let mut doubtful = results.last().map(|(_, result)| result.clone()).unwrap();
    doubtful.verdict = Verdict::Inconclusive;
    results.push(("doubtful", doubtful));
    for (name, result) in results {
        let text = junit(&result);
        let xml = roxmltree::Document::parse(&text).unwrap();
        let count = |tag: &str| xml.descendants().filter(|node| node.has_tag_name(tag)).count();
        let suite = xml.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
        let said = |what: &str| suite.attribute(what).unwrap().parse::<usize>().unwrap();
        assert_eq!(said("tests"), count("testcase"), "{name}");
        assert_eq!(said("failures"), count("failure"), "{name}");
        assert_eq!(said("errors"), count("error"), "{name}");
        assert_eq!(count("skipped"), 0, "{name}");
        assert_eq!(count("failure") + count("error") == 0, result.verdict == Verdict::Pass, "{name}");
    }
}

#[test]
fn a_test_case_has_a_name_of_its_own() {
    for (name, result) in all() {
        let text = junit(&result);
        let xml = roxmltree::Document::parse(&text).unwrap();
        let mut names: Vec<_> = xml
            .descendants()
            .filter(|node| node.has_tag_name("testcase"))
            .map(|node| (node.attribute("classname"), node.attribute("name")))
            .collect();
        let cases = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), cases, "{name}");
    }
}

#[test]
fn the_verdict_is_the_first_line_of_a_summary() {
    for (name, result) in all() {
        let text = markdown(&result);
        let first = text.lines().next().unwrap();
        let word = match result.verdict {
            Verdict::Pass => "PASS",
            Verdict::Inconclusive => "INCONCLUSIVE",
            Verdict::Fail => "FAIL",
            Verdict::AccountingBroken => "ACCOUNTING BROKEN",
        };
        assert!(first.starts_with(&format!("## {word}: ")), "{name}: {first}");
    }
    let text = markdown(&sample::nine());
    assert!(text.contains("| 0 of 200,000 |") && !text.contains("| 0 %") && !text.contains("| 0.00 %"));
}

#[test]
fn a_summary_is_bounded_and_says_what_it_leaves_out() {
    let mut result = sample::nine();
    result.variants = result.variants.iter().cycle().take(600).cloned().collect();
    let text = markdown(&result);
    assert!(text.len() <= 60_000, "{} bytes", text.len());
    assert!(text.contains(" more variants are left out here; result.json has all."));
    assert!(text.contains("<summary>Environment</summary>") && text.ends_with("</details>\n"));
}

#[test]
fn only_what_is_valid_reaches_a_benchmark() {
    let text = gobench(&sample::nine());
    let line = |name: &str| text.lines().find(|line| line.contains(name)).unwrap().to_owned();
    // Its latency is spoilt, its loss is not.
    assert!(!line("/gzip-1").contains("ns/op") && line("/gzip-1").contains("loss-%"), "{}", line("/gzip-1"));
    assert!(line("/blocking-1").contains(" ns/op"));
    let series: serde_json::Value = serde_json::from_str(&bmf(&sample::nine())).unwrap();
    assert!(series["qps5k/gzip"]["response-p50-ms"].is_null());
    assert!(series["qps5k/blocking"]["response-p50-ms"]["value"].is_f64());
}

#[test]
fn bounds_are_those_of_the_result_and_never_made_up() {
    let one: serde_json::Value = serde_json::from_str(&bmf(&sample::nine())).unwrap();
    let loss = &one["qps5k/answer after 30 ms"]["loss-rate"];
    assert!(loss["value"].as_f64().is_some_and(|value| value > 0.3) && loss["lower_value"].is_null());
    let five = sample::repeated();
    let many: serde_json::Value = serde_json::from_str(&bmf(&five)).unwrap();
    let loss = &many["qps5k/answer after 30 ms"]["loss-rate"];
    let of_result = five.variants[7].summary.loss.interval.unwrap();
    assert_eq!(
        (loss["lower_value"].as_f64(), loss["upper_value"].as_f64()),
        (Some(of_result.0), Some(of_result.1))
    );
    // Five trials without a loss have an interval of nothing to nothing.
    assert!(many["qps5k/SDK defaults"]["loss-rate"]["upper_value"].is_null());
}

#[test]
fn a_workflow_gets_at_most_ten_annotations() {
    let mut result = sample::nine();
    assert_eq!(annotations(&result).lines().count(), 2);
    assert!(annotations(&result).starts_with("::error title=Spanfate qps5k%3A fail::"));
    result.verdict = Verdict::Inconclusive;
    result.reasons = vec!["why".to_owned(); 40];
    let text = annotations(&result);
    assert_eq!(text.lines().count(), 10);
    assert!(text.contains("::31 more reasons") && text.starts_with("::warning "));
    result.verdict = Verdict::Pass;
    assert_eq!(annotations(&result), "");
}
