//! A contract held against what was seen, as test results: a test case for each rule. What is open is an error, never skipped.

use spanfate_model::finding::contract::{ContractResult, RuleVerdict};
use spanfate_model::verdict::Verdict;

use super::plain;
use crate::markup::Html;
use crate::pipelines::contract::{sentence, subject};

/// The file; ends with a newline.
pub(crate) fn junit(found: &ContractResult) -> String {
    let of = |wanted: Verdict| found.rules.iter().filter(|rule| rule.verdict == wanted).count();
    // A contract of which nothing could be judged must not look like one that is kept.
    let nothing = usize::from(found.rules.is_empty());
    let tests = (found.rules.len() + nothing).to_string();
    let (failures, errors) =
        (of(Verdict::Fail).to_string(), (of(Verdict::Inconclusive) + nothing).to_string());
    let name = plain(&format!("{} against {}", found.contract, found.against));
    let counts = [("tests", &*tests), ("failures", &*failures), ("errors", &*errors)];
    let line = Html::literal("\n");
    let mut inside: Html = found.rules.iter().map(|rule| case(rule, &name).with(&line)).collect();
    if nothing > 0 {
        let none = Html::element(
            "error",
            &[("type", "contract"), ("message", "no rule could be judged")],
            Html::literal(""),
        );
        inside = Html::element("testcase", &[("classname", &*name), ("name", "rules")], none).with(&line);
    }
    let suite = Html::element(
        "testsuite",
        &[&[("name", name.as_str())][..], &counts, &[("skipped", "0")]].concat(),
        line.clone().with(&inside),
    );
    let suites = Html::element(
        "testsuites",
        &[&[("name", "spanfate contract")][..], &counts].concat(),
        line.clone().with(&suite).with(&line),
    );
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", suites.into_string())
}

fn case(rule: &RuleVerdict, class: &str) -> Html {
    let name = plain(&format!("{} ({}:{})", subject(&rule.subject), rule.file, rule.line));
    let attributes = [("classname", class), ("name", &*name)];
    let tag = match rule.verdict {
        Verdict::Pass => return Html::void("testcase", &attributes),
        Verdict::Fail => "failure",
        Verdict::Inconclusive | Verdict::AccountingBroken => "error",
    };
    let findings = rule.findings.iter().map(|finding| {
        let place = format!("{}:{}:{}", finding.file, finding.line, finding.column);
        format!("{place}: {}: {}", finding.id.name(), sentence(finding))
    });
    let told: Vec<String> =
        findings.chain(rule.open.iter().map(|why| format!("open: {why}"))).map(|line| plain(&line)).collect();
    let details: Html = told.iter().map(|line| Html::text(line).with(&Html::literal("\n"))).collect();
    let message = told.join("; ");
    let inside = Html::element(tag, &[("type", "contract"), ("message", &message)], details);
    Html::element("testcase", &attributes, inside)
}
