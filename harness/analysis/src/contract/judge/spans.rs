//! Key spans: whether they are there, and how many were lost on their way.

use std::collections::BTreeMap;

use spanfate_model::finding::contract::{
    ArriveRule, ContractItem, ContractPlace, ContractRule, ContractShare, ContractSubject, SpanRule, nearest,
};

use super::{RuleCourt, RuleInCourt, is_over, number, percent};
use crate::contract::evidence::{SpanSort, SpanStand};

/// What was seen of spans, in a few words.
pub(super) fn seen(stand: &SpanStand, books: bool) -> String {
    if books {
        format!("{} created, {} arrived", number(stand.created), number(stand.arrived))
    } else {
        format!("{} arrived", number(stand.arrived))
    }
}

/// Fates with their counts, the most frequent first.
fn told(fates: &BTreeMap<String, u64>) -> String {
    let mut all: Vec<_> = fates.iter().collect();
    all.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    all.into_iter().map(|(fate, count)| format!("{} {fate}", number(*count))).collect::<Vec<_>>().join(", ")
}

/// Whether a rule speaks of a sort of spans. A kind that is not stated counts as internal, as OTLP has it.
pub(super) fn is_meant(rule: &SpanRule, sort: &SpanSort) -> bool {
    let kind = if sort.kind == "unspecified" { "internal" } else { sort.kind };
    rule.name.value == sort.name
        && rule.service.as_ref().is_none_or(|service| *service == sort.service)
        && rule.kind.is_none_or(|wanted| wanted.0 == kind)
}

impl RuleCourt<'_> {
    pub(super) fn span(&self, rule: &SpanRule) -> RuleInCourt {
        let name = rule.name.value.clone();
        let subject = ContractSubject::Span { name, kind: rule.kind.map(|kind| kind.0) };
        let mut case = RuleInCourt::new(rule.name.at, subject);
        let meant = |sort: &SpanSort| self.is_meant(rule, sort);
        let mut all = SpanStand::default();
        self.stands.iter().filter(|(sort, _)| meant(sort)).for_each(|(_, stand)| all.add(stand));
        case.seen = seen(&all, self.evidence.counted.is_some());
        match &rule.arrive {
            _ if rule.optional => {}
            Some(ContractItem { value: ArriveRule::Share(share), at }) => {
                self.arrive_share(&mut case, rule, *share, *at, &all);
            }
            Some(ContractItem { value: ArriveRule::Count(count), at }) => {
                self.arrive_count(&mut case, rule, *count, *at, &all);
            }
            None => self.arrive_count(&mut case, rule, 1, rule.name.at, &all),
        }
        if let Some(loss) = &rule.loss {
            let what = format!("spans `{}`", rule.name.value);
            self.loss(&mut case, loss.value, loss.at, &what, &all);
            let unnamed = self.unnamed(rule);
            if is_over(all.lost + all.unaccounted + unnamed, all.created + unnamed, loss.value) {
                case.open(nameless(unnamed));
            }
        }
        if !rule.attributes.is_empty() {
            self.attributes(&mut case, rule);
        }
        case
    }

    /// As a span's rule may name another service than the contract, that one decides then.
    pub(super) fn is_meant(&self, rule: &SpanRule, sort: &SpanSort) -> bool {
        is_meant(rule, sort) && (rule.service.is_some() || self.is_of(&sort.service))
    }

    fn arrive_count(
        &self,
        case: &mut RuleInCourt,
        rule: &SpanRule,
        count: u64,
        at: ContractPlace,
        all: &SpanStand,
    ) {
        if all.arrived >= count {
            return;
        }
        let must = if count == 1 { String::new() } else { format!(", and {} must arrive", number(count)) };
        if self.evidence.counted.is_none() {
            if self.evidence.shapes.is_none() {
                return case.open(self.evidence.how.whole_spans);
            }
            let lacks = &self.evidence.shapes_lack;
            if !lacks.is_empty() {
                return case.open_all(lacks);
            }
            let text = format!("{} spans `{}` arrived{must}", number(all.arrived), rule.name.value);
            return self.missing(case, rule, at, text);
        }
        let lacks = &self.evidence.counted_lack;
        if all.created < count {
            if !lacks.is_empty() {
                return case.open_all(lacks);
            }
            let text = format!("{} spans `{}` were created{must}", number(all.created), rule.name.value);
            self.missing(case, rule, at, text);
        } else if all.arrived + all.unaccounted >= count {
            case.open(unaccounted(all));
        } else {
            lost(case, rule, at, all, &must);
        }
    }

    fn arrive_share(
        &self,
        case: &mut RuleInCourt,
        rule: &SpanRule,
        share: ContractShare,
        at: ContractPlace,
        all: &SpanStand,
    ) {
        if self.evidence.counted.is_none() {
            return case.open(self.evidence.how.created);
        }
        let must = format!(", and {} of them must arrive", percent(share.0));
        let lacks = &self.evidence.counted_lack;
        if all.created == 0 && lacks.is_empty() {
            self.missing(case, rule, at, format!("no span `{}` was created", rule.name.value));
        } else if is_over(
            all.created - all.arrived - all.unaccounted,
            all.created,
            ContractShare(1.0 - share.0),
        ) {
            lost(case, rule, at, all, &must);
        } else {
            case.open_all(lacks);
            if is_over(all.created - all.arrived, all.created, ContractShare(1.0 - share.0)) {
                case.open(unaccounted(all));
            }
            let unnamed = self.unnamed(rule);
            let missing = all.created - all.arrived + unnamed;
            if is_over(missing, all.created + unnamed, ContractShare(1.0 - share.0)) {
                case.open(nameless(unnamed));
            }
        }
    }

    /// Spans that did not arrive and have no name, as those that never end: any of them may be one that is meant.
    fn unnamed(&self, rule: &SpanRule) -> u64 {
        let wanted = rule.service.as_ref().or(self.contract.service.as_ref().map(|service| &service.value));
        let may_be =
            |sort: &SpanSort| sort.name.is_empty() && wanted.is_none_or(|service| *service == sort.service);
        let stands = self.stands.iter().filter(|(sort, _)| may_be(sort));
        stands.map(|(_, stand)| stand.created - stand.arrived.min(stand.created)).sum()
    }

    fn missing(&self, case: &mut RuleInCourt, rule: &SpanRule, at: ContractPlace, mut text: String) {
        let name = &rule.name.value;
        let of_name = |sort: &&SpanSort| sort.name == *name;
        // The right name of the wrong kind or service is nearer than any other name. Where such spans are there, and too few, none was mistaken.
        let near = match self.stands.keys().find(of_name) {
            _ if self.stands.keys().any(|sort| self.is_meant(rule, sort)) => None,
            Some(sort) => Some(format!("{} ({} of service `{}`)", sort.name, sort.kind, sort.service)),
            None => nearest(name, self.stands.keys().map(|sort| sort.name.as_str())).map(str::to_owned),
        };
        let unnamed = self.unnamed(rule);
        if unnamed > 0 {
            text += &format!("; {}", nameless(unnamed));
        }
        let finding = case.find(ContractRule::RequiredSpanMissing, at, text);
        finding.nearest = near.filter(|near| near != name);
    }

    /// A budget of loss for spans of which that became.
    pub(super) fn loss(
        &self,
        case: &mut RuleInCourt,
        budget: ContractShare,
        at: ContractPlace,
        what: &str,
        all: &SpanStand,
    ) {
        if self.evidence.counted.is_none() {
            return case.open(self.evidence.how.created);
        }
        case.open_all(&self.evidence.counted_lack);
        if all.created == 0 {
            return case.open("nothing was created that could be lost".to_owned());
        }
        if is_over(all.lost, all.created, budget) {
            let share = percent(all.lost as f64 / all.created as f64);
            let text = format!(
                "{} of {} {what} were lost ({share}), and {} may be: {}",
                number(all.lost),
                number(all.created),
                percent(budget.0),
                told(&all.fates)
            );
            let finding = case.find(ContractRule::BudgetExceeded, at, text);
            finding.fates.clone_from(&all.fates);
            finding.context.insert("expected", percent(budget.0));
        } else if is_over(all.lost + all.unaccounted, all.created, budget) {
            case.open(unaccounted(all));
        }
    }
}

/// Nothing where there is none.
fn nameless(unnamed: u64) -> String {
    if unnamed == 0 {
        return String::new();
    }
    format!("{} spans that did not arrive have no name, and may be such ones", number(unnamed))
}

fn unaccounted(all: &SpanStand) -> String {
    format!("of {} spans no witness says what became of them", number(all.unaccounted))
}

/// Spans were created and did not arrive.
fn lost(case: &mut RuleInCourt, rule: &SpanRule, at: ContractPlace, all: &SpanStand, must: &str) {
    let text = format!(
        "{} spans `{}` were created and {} arrived{must}: {}",
        number(all.created),
        rule.name.value,
        number(all.arrived),
        told(&all.fates)
    );
    let finding = case.find(ContractRule::RequiredSpanLost, at, text);
    finding.fates.clone_from(&all.fates);
}
