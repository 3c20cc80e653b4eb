//! Findings of a contract in the shape of Weaver's live check: samples with their advice, and statistics. Ids are Weaver's where it has
//! one for the same thing; `required_span_missing`, `required_span_lost`, `required_metric_missing`, `budget_exceeded`,
//! `alert_field_missing` and `not_judged` are ours.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use spanfate_model::finding::contract::{ContractFinding, ContractResult, ContractSubject, RuleVerdict};

use super::sentence;

/// The report.
pub(crate) fn value(found: &ContractResult) -> Value {
    let mut samples = Vec::new();
    let mut statistics = WeaverStatistics::default();
    for rule in &found.rules {
        let (entity, name) = entity(&rule.subject);
        let advice = advice(rule, entity, name);
        statistics.add(entity, &advice);
        let mut sample = Map::new();
        sample.insert("name".to_owned(), json!(name));
        if let ContractSubject::Span { kind, .. } = &rule.subject {
            sample.insert("kind".to_owned(), json!(kind.unwrap_or("internal")));
            for list in ["attributes", "span_events", "span_links"] {
                sample.insert(list.to_owned(), json!([]));
            }
        }
        let highest = highest(&advice);
        sample.insert(
            "live_check_result".to_owned(),
            json!({ "all_advice": advice, "highest_advice_level": highest }),
        );
        samples.push(json!({ entity: sample }));
    }
    json!({ "samples": samples, "statistics": statistics.value() })
}

/// What Weaver calls such a sample, and its name.
fn entity(subject: &ContractSubject) -> (&'static str, &str) {
    match subject {
        ContractSubject::Span { name, .. } => ("span", name),
        ContractSubject::Metric { name } => ("metric", name),
        ContractSubject::Logs => ("log", "log records"),
        ContractSubject::Loss => ("span", "all spans"),
        ContractSubject::Alert => ("log", "alert"),
    }
}

fn advice(rule: &RuleVerdict, entity: &str, name: &str) -> Vec<Value> {
    let of_finding = |finding: &ContractFinding| {
        let mut context: Map<String, Value> =
            finding.context.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        let place = format!("{}:{}:{}", finding.file, finding.line, finding.column);
        context.insert("contract".to_owned(), json!(place));
        if !finding.fates.is_empty() {
            context.insert("fates".to_owned(), json!(finding.fates));
        }
        json!({
            "id": finding.id.weaver(),
            "level": if finding.remark { "information" } else { "violation" },
            "message": sentence(finding),
            "context": context,
            "signal_type": entity,
            "signal_name": name
        })
    };
    let of_open = |why: &String| {
        json!({
            "id": "not_judged",
            "level": "information",
            "message": why,
            "context": { "contract": format!("{}:{}", rule.file, rule.line) },
            "signal_type": entity,
            "signal_name": name
        })
    };
    rule.findings.iter().map(of_finding).chain(rule.open.iter().map(of_open)).collect()
}

fn level(one: &Value) -> &str {
    one["level"].as_str().unwrap_or_default()
}

/// The worst level of all; nothing where there is no advice.
fn highest(advice: &[Value]) -> Option<&'static str> {
    ["violation", "information"].into_iter().find(|wanted| advice.iter().any(|one| level(one) == *wanted))
}

#[derive(Default)]
struct WeaverStatistics {
    entities: BTreeMap<&'static str, u64>,
    levels: BTreeMap<String, u64>,
    types: BTreeMap<String, u64>,
    highest: BTreeMap<&'static str, u64>,
    without: u64,
}

impl WeaverStatistics {
    fn add(&mut self, entity: &'static str, advice: &[Value]) {
        *self.entities.entry(entity).or_default() += 1;
        for one in advice {
            *self.levels.entry(level(one).to_owned()).or_default() += 1;
            let id = one["id"].as_str().unwrap_or_default();
            *self.types.entry(id.to_owned()).or_default() += 1;
        }
        match highest(advice) {
            Some(level) => *self.highest.entry(level).or_default() += 1,
            None => self.without += 1,
        }
    }

    fn value(&self) -> Value {
        json!({
            "total_entities": self.entities.values().sum::<u64>(),
            "total_entities_by_type": self.entities,
            "total_advisories": self.types.values().sum::<u64>(),
            "advice_level_counts": self.levels,
            "advice_type_counts": self.types,
            "highest_advice_level_counts": self.highest,
            "no_advice_count": self.without
        })
    }
}
