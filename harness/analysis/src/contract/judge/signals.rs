//! Metrics, log records, and the template of alerts.

use std::collections::BTreeSet;

use spanfate_model::finding::contract::{
    ContractAlert, ContractRule, ContractSubject, LogRule, MetricRule, nearest,
};

use super::{RuleCourt, RuleInCourt, number};
use crate::contract::evidence::{LogsSeen, MetricSeen};

impl RuleCourt<'_> {
    pub(super) fn metric(&self, rule: &MetricRule) -> RuleInCourt {
        let name = &rule.name.value;
        let mut case = RuleInCourt::new(rule.name.at, ContractSubject::Metric { name: name.clone() });
        let Some(metrics) = &self.evidence.metrics else {
            case.open(self.evidence.how.signals);
            return case;
        };
        let ours = || metrics.iter().filter(|((service, _), _)| self.is_of(service));
        let mut seen = MetricSeen::default();
        let mut is_there = false;
        for (_, one) in ours().filter(|((_, other), _)| other == name) {
            is_there = true;
            seen.units.extend(one.units.iter().cloned());
            seen.instruments.extend(&one.instruments);
        }
        if !is_there {
            "did not come".clone_into(&mut case.seen);
            if !rule.optional && self.evidence.signals_lack.is_empty() {
                let all = ours().count();
                let others = if all == 0 { ", nor did any other" } else { "" };
                let finding = case.find(
                    ContractRule::MetricMissing,
                    rule.name.at,
                    format!("metric `{name}` did not come{others}"),
                );
                finding.nearest =
                    nearest(name, ours().map(|((_, other), _)| other.as_str())).map(str::to_owned);
                finding.context.insert("metric_name", name.clone());
            } else if !rule.optional {
                case.open_all(&self.evidence.signals_lack);
            }
            return case;
        }
        let words = |all: Vec<&str>| all.join(" and ");
        let units =
            words(seen.units.iter().map(|unit| if unit.is_empty() { "no unit" } else { unit }).collect());
        let instruments = words(seen.instruments.iter().copied().collect());
        case.seen = format!("came as {instruments}, {units}");
        if let Some(wanted) =
            rule.unit.as_ref().filter(|unit| seen.units.iter().any(|seen| *seen != unit.value))
        {
            let text = format!("metric `{name}` has the unit {units}, not {}", wanted.value);
            let finding = case.find(ContractRule::MetricUnit, wanted.at, text);
            finding.context.insert("unit", units);
            finding.context.insert("expected", wanted.value.clone());
        }
        let wanted = rule.instrument.as_ref();
        if let Some(wanted) =
            wanted.filter(|wanted| seen.instruments.iter().any(|seen| *seen != wanted.value.0))
        {
            let text = format!("metric `{name}` is measured by a {instruments}, not by a {}", wanted.value.0);
            let finding = case.find(ContractRule::MetricInstrument, wanted.at, text);
            finding.context.insert("instrument", instruments);
            finding.context.insert("expected", wanted.value.0.to_owned());
        }
        case
    }

    /// Nothing where no field is demanded.
    pub(super) fn logs(&self, rule: &LogRule) -> Option<RuleInCourt> {
        let mut case = RuleInCourt::new(rule.fields.first()?.at, ContractSubject::Logs);
        let Some(logs) = &self.evidence.logs else {
            case.open(self.evidence.how.signals);
            return Some(case);
        };
        let mut all = LogsSeen::default();
        for (_, one) in logs.iter().filter(|(service, _)| self.is_of(service)) {
            all.records += one.records;
            for (field, count) in &one.fields {
                *all.fields.entry(field.clone()).or_default() += count;
            }
        }
        case.seen = format!("{} records", number(all.records));
        case.open_all(&self.evidence.signals_lack);
        if all.records == 0 {
            case.open("no log record came".to_owned());
            return Some(case);
        }
        for field in &rule.fields {
            let name = &field.value;
            let having = all.fields.get(name).copied().unwrap_or_default();
            if having == all.records {
                continue;
            }
            let lacking = all.records - having;
            let text =
                format!("`{name}` is missing in {} of {} records", number(lacking), number(all.records));
            let near = nearest(name, all.fields.keys().map(String::as_str).filter(|other| other != name));
            let near = near.filter(|_| having == 0).map(str::to_owned);
            let finding = case.find(ContractRule::LogFieldMissing, field.at, text);
            finding.nearest = near;
            finding.context.insert("attribute_key", name.clone());
        }
        Some(case)
    }
}

/// The template asks for nothing that was seen.
pub(super) fn alert(rule: &ContractAlert) -> RuleInCourt {
    let mut case = RuleInCourt::new(rule.template.at, ContractSubject::Alert);
    let part = |c: char| c.is_alphanumeric() || "_.-".contains(c);
    let words: BTreeSet<&str> =
        rule.template.value.split(|c: char| !part(c)).filter(|word| !word.is_empty()).collect();
    let plural = if words.len() == 1 { "word" } else { "words" };
    case.seen = format!("{} {plural}", words.len());
    for field in rule.fields.iter().filter(|field| !words.contains(field.value.as_str())) {
        let text = format!("the template does not have `{}`", field.value);
        let near = nearest(&field.value, words.iter().copied()).map(str::to_owned);
        case.find(ContractRule::AlertFieldMissing, field.at, text).nearest = near;
    }
    case
}
