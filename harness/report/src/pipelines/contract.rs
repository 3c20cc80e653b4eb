//! A contract held against what was seen, as text.

pub(crate) mod weaver;

use spanfate_model::finding::contract::{
    ContractFinding, ContractResult, ContractSubject, NotTaken, RuleVerdict,
};
use spanfate_model::verdict::Verdict;

use crate::terminal::TableStyle;
use crate::terminal::ink::{TermInk, finish, paint};
use crate::text::fit::{clean, wrap};
use crate::text::number::TERMINAL;

/// Columns of text.
const WIDE: usize = 110;

/// What a rule speaks of, in words.
pub(crate) fn subject(of: &ContractSubject) -> String {
    match of {
        ContractSubject::Loss => "loss of spans".to_owned(),
        ContractSubject::Span { name, kind: None } => format!("span {name}"),
        ContractSubject::Span { name, kind: Some(kind) } => format!("{kind} span {name}"),
        ContractSubject::Metric { name } => format!("metric {name}"),
        ContractSubject::Logs => "log records".to_owned(),
        ContractSubject::Alert => "template of alerts".to_owned(),
    }
}

/// A finding in a sentence, with what may have been meant.
pub(crate) fn sentence(finding: &ContractFinding) -> String {
    let near = finding.nearest.as_ref().map_or_else(String::new, |near| format!(" The nearest is `{near}`."));
    format!("{}.{near}", finding.text)
}

/// Each rule with its verdict, and what is wrong with it; ends with a newline.
pub(crate) fn render(found: &ContractResult, style: TableStyle) -> String {
    let head = clean(&format!("{} against {}", found.contract, found.against));
    let mut out = vec![paint(TermInk::Soft, &head), String::new()];
    for rule in &found.rules {
        out.extend(lines(rule));
    }
    if found.rules.is_empty() {
        out.push("There is no rule that could be judged.".to_owned());
    }
    for NotTaken { file, line, what } in &found.not_taken {
        out.push(paint(TermInk::Soft, &clean(&format!("{file}:{line}: not judged: {what}"))));
    }
    out.push(String::new());
    out.push(sum(found));
    finish(&(out.join("\n") + "\n"), style.color)
}

const fn word(verdict: Verdict) -> (TermInk, &'static str) {
    match verdict {
        Verdict::Pass => (TermInk::Good, "kept"),
        Verdict::Inconclusive => (TermInk::Warn, "open"),
        Verdict::Fail | Verdict::AccountingBroken => (TermInk::Bad, "broken"),
    }
}

fn lines(rule: &RuleVerdict) -> Vec<String> {
    let (ink, name) = word(rule.verdict);
    let seen = if rule.seen.is_empty() { String::new() } else { format!(" ({})", rule.seen) };
    let told = clean(&format!("{}:{}: {}{seen}", rule.file, rule.line, subject(&rule.subject)));
    let mut out = vec![format!("{} {told}", paint(ink, &format!("{name:<6}")))];
    let mut say = |ink, name: &str, text: &str| {
        let mut pieces = wrap(text, WIDE, 6).into_iter();
        out.extend(pieces.next().map(|first| format!("         {} {first}", paint(ink, name))));
        out.extend(pieces.map(|more| format!("         {more}")));
    };
    for finding in &rule.findings {
        let ink = if finding.remark { TermInk::Soft } else { TermInk::Bad };
        let place = format!("[{}] {}:{}:{}:", finding.id.name(), finding.file, finding.line, finding.column);
        say(ink, &clean(&place), &sentence(finding));
    }
    for why in &rule.open {
        say(TermInk::Warn, "open:", &format!("{why}."));
    }
    out
}

fn sum(found: &ContractResult) -> String {
    let count = |wanted: Verdict| found.rules.iter().filter(|rule| rule.verdict == wanted).count() as u64;
    let (ink, name) = word(found.verdict);
    let counted = [(Verdict::Pass, "kept"), (Verdict::Fail, "broken"), (Verdict::Inconclusive, "open")];
    let parts: Vec<String> = counted
        .into_iter()
        .map(|(verdict, word)| (count(verdict), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", TERMINAL.counted(count, "rule", "rules")))
        .collect();
    let name = if found.verdict == Verdict::Inconclusive { "open, which is no pass" } else { name };
    format!("{}: {}", paint(ink, &format!("the contract is {name}")), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use spanfate_model::finding::contract::{CONTRACT_FORMAT, ContractRule};

    use super::*;

    fn found() -> ContractResult {
        let finding = ContractFinding {
            id: ContractRule::AttributeType,
            file: "c.yml".to_owned(),
            line: 5,
            column: 7,
            text: "`n` is of type int in 2 of 2 spans, not string".to_owned(),
            nearest: None,
            remark: false,
            context: BTreeMap::from([
                ("attribute_key", "n".to_owned()),
                ("attribute_type", "int".to_owned()),
            ]),
            fates: BTreeMap::new(),
        };
        let lost = ContractFinding {
            id: ContractRule::RequiredSpanLost,
            nearest: Some("GET /".to_owned()),
            context: BTreeMap::new(),
            fates: BTreeMap::from([("dropped_queue_full".to_owned(), 3)]),
            text: "3 spans `a\u{1b}[1m<b>` were created and 0 arrived".to_owned(),
            ..finding.clone()
        };
        let rule = |name: &str, kind, verdict, findings| RuleVerdict {
            subject: ContractSubject::Span { name: name.to_owned(), kind },
            file: "c.yml".to_owned(),
            line: 3,
            verdict,
            seen: "2 created, 2 arrived".to_owned(),
            findings,
            open: Vec::new(),
        };
        let open = RuleVerdict {
            subject: ContractSubject::Metric { name: "m".to_owned() },
            open: vec!["not_kept: run it again".to_owned()],
            seen: String::new(),
            ..rule("", None, Verdict::Inconclusive, Vec::new())
        };
        ContractResult {
            format: CONTRACT_FORMAT,
            contract: "c.yml".to_owned(),
            against: "run-1".to_owned(),
            verdict: Verdict::Fail,
            rules: vec![
                rule("root", Some("server"), Verdict::Pass, Vec::new()),
                rule("a\u{1b}[1m<b>", None, Verdict::Fail, vec![finding, lost]),
                open,
            ],
            not_taken: vec![NotTaken { file: "r.yaml".to_owned(), line: 9, what: "an event".to_owned() }],
        }
    }

    #[test]
    fn a_rule_has_its_line_and_what_was_seen_in_its_place() {
        let text = render(&found(), TableStyle { color: false, width: None });
        for part in [
            "c.yml against run-1",
            "kept   c.yml:3: server span root (2 created, 2 arrived)",
            "[attribute_type] c.yml:5:7: `n` is of type int in 2 of 2 spans, not string.",
            "[required_span_lost] c.yml:5:7:",
            "The nearest is `GET /`.",
            "open   c.yml:3: metric m\n         open: not_kept: run it again.",
            "r.yaml:9: not judged: an event",
            "the contract is broken: 1 rule kept, 1 rule broken, 1 rule open\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn the_shape_of_weaver_has_its_ids_and_ours() {
        let value = weaver::value(&found());
        let advice = &value["samples"][1]["span"]["live_check_result"];
        assert_eq!(advice["highest_advice_level"], json!("violation"));
        assert_eq!(
            advice["all_advice"][0],
            json!({
                "id": "type_mismatch",
                "level": "violation",
                "message": "`n` is of type int in 2 of 2 spans, not string.",
                "context": {"attribute_key": "n", "attribute_type": "int", "contract": "c.yml:5:7"},
                "signal_type": "span",
                "signal_name": "a\u{1b}[1m<b>"
            })
        );
        assert_eq!(advice["all_advice"][1]["id"], json!("required_span_lost"));
        assert_eq!(advice["all_advice"][1]["context"]["fates"], json!({"dropped_queue_full": 3}));
        assert_eq!(
            value["samples"][2]["metric"]["live_check_result"]["all_advice"][0]["id"],
            json!("not_judged")
        );
        let statistics = &value["statistics"];
        assert_eq!(statistics["advice_level_counts"], json!({"violation": 2, "information": 1}));
        assert_eq!(statistics["advice_type_counts"]["type_mismatch"], json!(1));
        assert_eq!(statistics["total_entities_by_type"], json!({"span": 2, "metric": 1}));
        assert_eq!(statistics["no_advice_count"], json!(1));
    }

    #[test]
    fn test_results_have_a_case_for_each_rule() {
        let text = crate::contract_junit(&found());
        let document = roxmltree::Document::parse(&text).unwrap();
        let suites = document.root_element();
        assert_eq!(suites.attribute("tests"), Some("3"));
        assert_eq!((suites.attribute("failures"), suites.attribute("errors")), (Some("1"), Some("1")));
        let cases: Vec<_> = document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
        assert_eq!(cases[0].attribute("name"), Some("server span root (c.yml:3)"));
        assert!(
            cases[1].first_element_child().unwrap().attribute("message").unwrap().contains("attribute_type")
        );
        assert!(cases[2].first_element_child().unwrap().has_tag_name("error"));
    }
}
