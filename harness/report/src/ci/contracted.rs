//! A contract held against what was seen, as test results: a test case for each rule. What is open is an error, never skipped.

use spanfate_model::finding::contract::{ContractResult, RuleVerdict};
use spanfate_model::verdict::Verdict;

use super::plain;
use super::suite::{self, SuiteCounts};
use crate::markup::Html;
use crate::pipelines::contract::{sentence, subject};

/// The file; ends with a newline.
pub(crate) fn junit(found: &ContractResult) -> String {
    let of = |wanted: Verdict| found.rules.iter().filter(|rule| rule.verdict == wanted).count();
    // A contract of which nothing could be judged must not look like one that is kept.
    let nothing = usize::from(found.rules.is_empty());
    let name = plain(&format!("{} against {}", found.contract, found.against));
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
    let counts = SuiteCounts {
        tests: found.rules.len() + nothing,
        failures: of(Verdict::Fail),
        errors: of(Verdict::Inconclusive) + nothing,
    };
    suite::file("spanfate contract", &name, &counts, &inside)
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
