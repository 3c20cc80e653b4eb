//! Answers by tables of metrics and traces alone, held against the same hidden faults.

use std::collections::BTreeMap;

use spanfate_model::finding::evaluation::{EvaluatedCase, InjectedFault, OutsideScore};
use spanfate_model::finding::outside::OutsideSuspect;

use super::{CaseClass, FIRST, class, counted};

/// Nothing where no case has been asked that way.
pub(super) fn score(cases: &[EvaluatedCase]) -> Option<OutsideScore> {
    let asked = || cases.iter().filter_map(|case| Some((case, case.outside.as_deref()?)));
    asked().next()?;
    let lossy: Vec<_> = asked().filter(|(case, _)| class(case) == CaseClass::Lossy).collect();
    let clean: Vec<_> = asked().filter(|(case, _)| class(case) == CaseClass::Clean).collect();
    let among = |most: usize, right: fn(&InjectedFault, &OutsideSuspect) -> bool| {
        let hits = lossy.iter().filter(|(case, answer)| is_among(case, answer, most, right)).count();
        counted(hits, lossy.len())
    };
    let named = clean.iter().filter(|(_, answer)| !answer.is_empty()).count();
    let mut kinds: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    for (case, answer) in &lossy {
        let kind = kinds.entry(&case.kind).or_default();
        kind.0 += 1;
        kind.1 += u64::from(is_among(case, answer, 1, is_it));
        kind.2 += u64::from(is_among(case, answer, 1, is_there));
    }
    Some(OutsideScore {
        top1: among(1, is_it),
        service: among(1, is_there),
        top3: among(FIRST, is_it),
        false_alarms: counted(named, clean.len()),
        kinds: kinds.into_iter().map(|(kind, (all, it, there))| (kind.to_owned(), all, it, there)).collect(),
    })
}

fn is_among(
    case: &EvaluatedCase,
    answer: &[OutsideSuspect],
    most: usize,
    right: fn(&InjectedFault, &OutsideSuspect) -> bool,
) -> bool {
    let costly = || case.injected.iter().filter(|fault| fault.cause.is_some());
    answer.iter().take(most).any(|suspect| costly().any(|fault| right(fault, suspect)))
}

fn is_there(fault: &InjectedFault, suspect: &OutsideSuspect) -> bool {
    fault.services.contains(&suspect.service)
}

fn is_it(fault: &InjectedFault, suspect: &OutsideSuspect) -> bool {
    is_there(fault, suspect) && fault.cause == Some(suspect.cause)
}

#[cfg(test)]
mod tests {
    use spanfate_model::cause::NamedCause;

    use super::*;

    fn suspect(service: &str, cause: NamedCause) -> OutsideSuspect {
        OutsideSuspect {
            service: service.to_owned(),
            cause,
            spans: 20.0,
            share: 1.0,
            evidence: String::new(),
        }
    }

    fn case(cause: Option<NamedCause>, lost: u64, outside: Option<Vec<OutsideSuspect>>) -> EvaluatedCase {
        let fault = InjectedFault {
            kind: "stall".to_owned(),
            services: vec!["order".to_owned()],
            cause,
            from_ms: 1000.0,
            to_ms: None,
            bit: true,
        };
        EvaluatedCase {
            number: 0,
            seed: 0,
            shape: "chain".to_owned(),
            kind: "stall".to_owned(),
            held_out: false,
            injected: vec![fault],
            candidates: 39,
            due: 1000,
            lost,
            foreign: 0.0,
            answer: Vec::new(),
            advice: None,
            outside,
        }
    }

    #[test]
    fn service_and_cause_are_counted_apart_and_clean_cases_by_their_alarms() {
        const BURST: NamedCause = NamedCause::Burst;
        let cases = [
            case(Some(BURST), 50, Some(vec![suspect("order", BURST)])),
            case(Some(BURST), 50, Some(vec![suspect("order", NamedCause::CpuStarved)])),
            case(Some(BURST), 50, Some(vec![suspect("payment", BURST), suspect("order", BURST)])),
            // Nobody asked, and it cost nothing.
            case(Some(BURST), 50, None),
            case(Some(BURST), 0, Some(vec![suspect("order", BURST)])),
            case(None, 0, Some(Vec::new())),
            case(None, 0, Some(vec![suspect("order", BURST)])),
        ];
        let found = score(&cases).unwrap();
        assert_eq!((found.top1.hits, found.service.hits, found.top3.hits, found.top1.of), (1, 2, 2, 3));
        assert_eq!((found.false_alarms.hits, found.false_alarms.of), (1, 2));
        assert_eq!(found.kinds, [("stall".to_owned(), 3, 1, 2)]);
        assert_eq!(score(&[case(Some(BURST), 50, None)]), None);
    }
}
