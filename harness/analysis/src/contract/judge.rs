//! A contract held against what was seen. What was not seen is no pass and no failure: the rule is open, and says what would show it.

mod attributes;
mod signals;
mod spans;

use std::collections::{BTreeMap, BTreeSet};

use spanfate_model::finding::contract::{
    CONTRACT_FORMAT, Contract, ContractFinding, ContractPlace, ContractResult, ContractRule, ContractShare,
    ContractSubject, RuleVerdict,
};
use spanfate_model::quantity::digits::grouped;
use spanfate_model::verdict::Verdict;

use super::evidence::{ContractEvidence, SpanSort, SpanStand};

/// Holds a contract, called so, against what was seen of something that is called so.
pub fn judge(
    contract: &Contract,
    called: &str,
    evidence: &ContractEvidence,
    against: &str,
) -> ContractResult {
    let court = RuleCourt { contract, evidence, stands: evidence.stands() };
    let mut rules = Vec::new();
    if let Some(loss) = &contract.loss {
        let mut rule = RuleInCourt::new(loss.at, ContractSubject::Loss);
        let all = court.sum(|_| true);
        rule.seen = spans::seen(&all, evidence.counted.is_some());
        court.loss(&mut rule, loss.value, loss.at, "spans", &all);
        rules.push(rule);
    }
    rules.extend(contract.spans.iter().map(|rule| court.span(rule)));
    rules.extend(contract.metrics.iter().map(|rule| court.metric(rule)));
    rules.extend(contract.logs.as_ref().and_then(|rule| court.logs(rule)));
    rules.extend(contract.alert.as_ref().map(signals::alert));
    rules.sort_by_key(|rule| (rule.at.file, rule.at.line));
    let rules: Vec<RuleVerdict> = rules.into_iter().map(|rule| rule.verdict(contract)).collect();
    let worst = rules.iter().map(|rule| rule.verdict).fold(Verdict::Pass, Verdict::worst);
    // A registry of which nothing can be judged says nothing.
    let verdict = if rules.is_empty() { Verdict::Inconclusive } else { worst };
    ContractResult {
        format: CONTRACT_FORMAT,
        contract: called.to_owned(),
        against: against.to_owned(),
        verdict,
        rules,
        not_taken: contract.not_taken.clone(),
    }
}

/// What all rules are judged by.
struct RuleCourt<'a> {
    contract: &'a Contract,
    evidence: &'a ContractEvidence,
    stands: BTreeMap<SpanSort, SpanStand>,
}

impl RuleCourt<'_> {
    /// Whether a service is one that the contract speaks of.
    fn is_of(&self, service: &str) -> bool {
        self.contract.service.as_ref().is_none_or(|wanted| wanted.value == service)
    }

    /// What became of all spans of some sorts.
    fn sum(&self, wanted: impl Fn(&SpanSort) -> bool) -> SpanStand {
        let mut out = SpanStand::default();
        for (_, stand) in self.stands.iter().filter(|(sort, _)| self.is_of(&sort.service) && wanted(sort)) {
            out.add(stand);
        }
        out
    }
}

impl SpanStand {
    fn add(&mut self, other: &Self) {
        self.created += other.created;
        self.arrived += other.arrived;
        self.lost += other.lost;
        self.unaccounted += other.unaccounted;
        for (fate, count) in &other.fates {
            *self.fates.entry(fate.clone()).or_default() += count;
        }
    }
}

/// A rule while it is judged.
struct RuleInCourt {
    subject: ContractSubject,
    at: ContractPlace,
    seen: String,
    found: Vec<(ContractPlace, ContractFinding)>,
    open: Vec<String>,
}

impl RuleInCourt {
    fn new(at: ContractPlace, subject: ContractSubject) -> Self {
        Self { subject, at, seen: String::new(), found: Vec::new(), open: Vec::new() }
    }

    /// Something is not as it should be; the finding is for more to be said of it.
    fn find(&mut self, id: ContractRule, at: ContractPlace, text: String) -> &mut ContractFinding {
        let finding = ContractFinding {
            id,
            file: String::new(),
            line: at.line,
            column: at.column,
            text,
            nearest: None,
            remark: false,
            context: BTreeMap::new(),
            fates: BTreeMap::new(),
        };
        self.found.push((at, finding));
        let last = self.found.len() - 1;
        &mut self.found[last].1
    }

    /// Something could not be judged.
    fn open(&mut self, why: impl Into<String>) {
        let why = why.into();
        if !why.is_empty() && !self.open.contains(&why) {
            self.open.push(why);
        }
    }

    fn open_all(&mut self, whys: &BTreeSet<String>) {
        for why in whys {
            self.open(why.as_str());
        }
    }

    fn verdict(self, contract: &Contract) -> RuleVerdict {
        let file = |at: ContractPlace| contract.files.get(at.file as usize).cloned().unwrap_or_default();
        let verdict = if self.found.iter().any(|(_, finding)| !finding.remark) {
            Verdict::Fail
        } else if self.open.is_empty() {
            Verdict::Pass
        } else {
            Verdict::Inconclusive
        };
        let with_file =
            |(at, finding): (ContractPlace, ContractFinding)| ContractFinding { file: file(at), ..finding };
        RuleVerdict {
            subject: self.subject,
            file: file(self.at),
            line: self.at.line,
            verdict,
            seen: self.seen,
            findings: self.found.into_iter().map(with_file).collect(),
            open: self.open,
        }
    }
}

/// A whole number with commas.
fn number(count: u64) -> String {
    grouped(&count.to_string())
}

/// A share as percent, with as many digits as it has, at most four behind the point.
fn percent(share: f64) -> String {
    let text = format!("{:.4}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Whether so many of all are more than a share of them.
fn is_over(part: u64, all: u64, share: ContractShare) -> bool {
    // A share such as 0.1 % has no exact binary form.
    part as f64 > share.0 * all as f64 + 1e-9
}

#[cfg(test)]
mod shares {
    use super::{ContractShare, is_over, percent};

    #[test]
    fn a_share_is_met_to_the_span() {
        assert!(!is_over(1, 1000, ContractShare(0.001)));
        assert!(is_over(2, 1000, ContractShare(0.001)));
        assert!(!is_over(0, 0, ContractShare(0.0)));
        assert!(is_over(1, u64::from(u32::MAX), ContractShare(0.0)));
        assert_eq!(
            (percent(0.001), percent(1.0), percent(0.0)),
            ("0.1 %".into(), "100 %".into(), "0 %".into())
        );
    }
}
