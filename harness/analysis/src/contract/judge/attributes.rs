//! What key spans carry.

use spanfate_model::finding::contract::{AttributeRule, ContractRule, SpanRule, nearest};

use super::{RuleCourt, RuleInCourt, number};
use crate::contract::evidence::{AttributeSeen, SpanShape};

impl RuleCourt<'_> {
    pub(super) fn attributes(&self, case: &mut RuleInCourt, rule: &SpanRule) {
        let Some(shapes) = &self.evidence.shapes else {
            return case.open(self.evidence.how.whole_spans);
        };
        let meant: Vec<&SpanShape> =
            shapes.iter().filter(|(sort, _)| self.is_meant(rule, sort)).map(|(_, shape)| shape).collect();
        let spans = meant.iter().map(|shape| shape.spans).sum();
        if spans == 0 {
            if !rule.optional {
                case.open("no such span arrived, so what it carries was not seen".to_owned());
            }
            return;
        }
        // What was not kept may be better or worse than what was.
        case.open_all(&self.evidence.shapes_lack);
        for (name, demand) in &rule.attributes {
            one(case, name, demand, &meant, spans);
        }
    }
}

/// An attribute of spans of several sorts.
fn one(case: &mut RuleInCourt, name: &str, demand: &AttributeRule, meant: &[&SpanShape], spans: u64) {
    let mut seen = AttributeSeen::default();
    for shape in meant {
        if let Some(found) = shape.attributes.get(name) {
            seen.merge(found);
        }
    }
    let missing = spans.saturating_sub(seen.present);
    if missing > 0 && !demand.optional {
        let text = format!("`{name}` is missing in {} of {} spans", number(missing), number(spans));
        let others = meant.iter().flat_map(|shape| shape.attributes.keys().map(String::as_str));
        let near = nearest(name, others.filter(|other| *other != name)).map(str::to_owned);
        let finding = case.find(ContractRule::AttributeMissing, demand.at, text);
        // One that some spans have is no misspelling.
        finding.nearest = near.filter(|_| seen.present == 0);
        finding.context.insert("attribute_key", name.to_owned());
    }
    let fits = |of: &str| demand.of.is_none_or(|wanted| fits(wanted, of));
    for (of, count) in seen.types.iter().filter(|(of, _)| !fits(of)) {
        let wanted = demand.of.unwrap_or("any");
        let text = format!(
            "`{name}` is of type {of} in {} of {} spans, not {wanted}",
            number(*count),
            number(spans)
        );
        let finding = case.find(ContractRule::AttributeType, demand.at, text);
        finding.context.insert("attribute_key", name.to_owned());
        finding.context.insert("attribute_type", (*of).to_owned());
        finding.context.insert("expected", wanted.to_owned());
    }
    if !demand.values.is_empty() {
        values(case, name, demand, &seen);
    }
}

fn values(case: &mut RuleInCourt, name: &str, demand: &AttributeRule, seen: &AttributeSeen) {
    let listed =
        |of: &str, text: &str| demand.values.iter().any(|value| value.of == of && value.text == text);
    // Of a wrong type a value is not looked at again.
    let wrong = seen
        .values
        .iter()
        .filter(|((of, text), _)| demand.of.is_none_or(|wanted| fits(wanted, of)) && !listed(of, text));
    let wrong: Vec<_> = wrong.collect();
    let Some(((_, example), _)) = wrong.iter().max_by_key(|(key, count)| (**count, std::cmp::Reverse(*key)))
    else {
        return;
    };
    let count: u64 = wrong.iter().map(|(_, count)| **count).sum();
    let least = if seen.others > 0 { "at least " } else { "" };
    let allowed: Vec<&str> = demand.values.iter().take(8).map(|value| value.text.as_str()).collect();
    let more = if demand.values.len() > allowed.len() { ", …" } else { "" };
    let allowed = format!("{}{more}", allowed.join(", "));
    let text = format!(
        "`{name}` has a value that is not listed in {least}{} spans, for example `{example}`; listed are {allowed}",
        number(count)
    );
    let near = nearest(example, demand.values.iter().map(|value| value.text.as_str())).map(str::to_owned);
    let finding = case.find(ContractRule::AttributeValue, demand.at, text);
    finding.nearest = near;
    finding.remark = demand.open;
    finding.context.insert("attribute_key", name.to_owned());
    finding.context.insert("attribute_value", example.clone());
    finding.context.insert("expected", allowed);
}

/// Whether a value of a type is one of the type that is wanted. An empty list is one of every type.
fn fits(wanted: &str, of: &str) -> bool {
    wanted == "any" || wanted == of || (of == "[]" && wanted.ends_with("[]"))
}

impl AttributeSeen {
    fn merge(&mut self, other: &Self) {
        self.present += other.present;
        self.others += other.others;
        for (of, count) in &other.types {
            *self.types.entry(of).or_default() += count;
        }
        for (value, count) in &other.values {
            *self.values.entry(value.clone()).or_default() += count;
        }
    }
}
