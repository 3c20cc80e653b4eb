//! Answers of `why` held against hidden faults: pure sums over cases, with intervals.

use std::collections::BTreeMap;

use spanfate_model::finding::evaluation::{
    BootstrapMean, CountedShare, EvaluatedCase, EvaluationScore, InjectedFault, KindScore, LOSSY,
    ReliabilityBin,
};
use spanfate_model::quantity::id::mix;
use spanfate_model::result::{Suspect, named};

use crate::statistics::counting_interval;

/// By so much a step may come before its fault, or begin after its end, milliseconds: looks, slices and calls are so coarse.
const SLACK_MS: f64 = 300.0;
/// First causes among which a right one is looked for.
const FIRST: usize = 3;
/// Bins of confidence.
const BINS: usize = 10;
/// Samples of a bootstrap.
const SAMPLES: u64 = 1000;

/// What a case can be scored for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum CaseClass {
    /// A fault acted and cost spans.
    Lossy,
    /// Nothing was done that costs spans.
    Clean,
    /// A fault did not act, or cost none.
    Void,
}

fn class(case: &EvaluatedCase) -> CaseClass {
    let costly = || case.injected.iter().filter(|fault| fault.cause.is_some());
    match (costly().count(), costly().all(|fault| fault.bit)) {
        (0, _) => CaseClass::Clean,
        (_, true) if case.lost >= LOSSY => CaseClass::Lossy,
        _ => CaseClass::Void,
    }
}

/// The fault that a suspect names rightly.
fn truth<'a>(case: &'a EvaluatedCase, suspect: &Suspect) -> Option<&'a InjectedFault> {
    let is_it = |fault: &&InjectedFault| {
        fault.cause == Some(suspect.cause) && fault.services.contains(&suspect.service)
    };
    case.injected.iter().find(is_it)
}

/// Whether every step of its path lies in the fault's time, in the order of time.
fn is_grounded(fault: &InjectedFault, suspect: &Suspect) -> bool {
    let times: Vec<f64> = suspect.path.iter().map(|hop| hop.at_ms).collect();
    let begun = times.first().is_some_and(|at| fault.to_ms.is_none_or(|to| *at <= to + SLACK_MS));
    begun && times.iter().all(|at| *at >= fault.from_ms - SLACK_MS) && times.is_sorted()
}

/// The confidence of each first cause of the cases, with its evidence and whether it is right: what confidence is fitted on.
pub fn first_causes(cases: &[EvaluatedCase]) -> Vec<(f64, bool)> {
    let scored = cases.iter().filter(|case| class(case) != CaseClass::Void);
    let first = |case: &EvaluatedCase| {
        let first = case.answer.first()?;
        Some((first.evidence, truth(case, first).is_some()))
    };
    scored.filter_map(first).collect()
}

/// What the cases come to.
pub fn score(cases: &[EvaluatedCase]) -> EvaluationScore {
    let of = |wanted: CaseClass| cases.iter().filter(move |case| class(case) == wanted);
    let lossy: Vec<&EvaluatedCase> = of(CaseClass::Lossy).collect();
    let clean: Vec<&EvaluatedCase> = of(CaseClass::Clean).collect();
    let count = |right: &dyn Fn(&EvaluatedCase) -> bool| {
        counted(lossy.iter().filter(|case| right(case)).count(), lossy.len())
    };
    let top1 = count(&is_right);
    let chance = lossy.iter().map(|case| chance(case)).sum::<f64>() / lossy.len().max(1) as f64;
    let scored = || lossy.iter().chain(&clean);
    let first = |case: &&EvaluatedCase| {
        let first = case.answer.first()?;
        Some((first.confidence, truth(case, first).is_some()))
    };
    let told: Vec<(f64, bool)> = scored().filter_map(first).collect();
    let spoken = scored().filter(|case| named(&case.answer).is_some()).count();
    EvaluationScore {
        cases: cases.len() as u64,
        void: of(CaseClass::Void).count() as u64,
        top1,
        service: count(&is_at_right_service),
        top3: count(&|case| case.answer.iter().take(FIRST).any(|one| truth(case, one).is_some())),
        chance,
        lift: if chance > 0.0 { top1.share() / chance } else { 0.0 },
        grounded: count(&is_grounded_right),
        abstained: count(&|case| named(&case.answer).is_none()),
        precision: counted(scored().filter(|case| is_right(case)).count(), spoken),
        false_alarms: counted(clean.iter().filter(|case| named(&case.answer).is_some()).count(), clean.len()),
        clean_lossy: clean.iter().filter(|case| case.lost > 0).count() as u64,
        brier: bootstrap(&told, brier),
        calibration_error: bootstrap(&told, calibration_error),
        reliability: reliability(&told),
        kinds: kinds(cases),
        advice: advice::score(cases),
        outside: outside::score(cases),
    }
}

fn counted(hits: usize, of: usize) -> CountedShare {
    let (hits, of) = (hits as u64, of as u64);
    CountedShare { hits, of, bounds: counting_interval(hits, of, 0.95) }
}

fn is_right(case: &EvaluatedCase) -> bool {
    named(&case.answer).is_some_and(|first| truth(case, first).is_some())
}

fn is_at_right_service(case: &EvaluatedCase) -> bool {
    let costly = || case.injected.iter().filter(|fault| fault.cause.is_some());
    named(&case.answer).is_some_and(|first| costly().any(|fault| fault.services.contains(&first.service)))
}

fn is_grounded_right(case: &EvaluatedCase) -> bool {
    let fault = |first: &Suspect| truth(case, first).is_some_and(|fault| is_grounded(fault, first));
    named(&case.answer).is_some_and(fault)
}

/// How often who guesses among the candidates is right.
fn chance(case: &EvaluatedCase) -> f64 {
    let mut right: Vec<_> = case
        .injected
        .iter()
        .filter_map(|fault| Some((fault.cause?, &fault.services)))
        .flat_map(|(cause, services)| services.iter().map(move |service| (cause, service)))
        .collect();
    right.sort();
    right.dedup();
    right.len() as f64 / case.candidates.max(1) as f64
}

fn brier(told: &[(f64, bool)]) -> f64 {
    let one = |(confidence, right): &(f64, bool)| (confidence - f64::from(u8::from(*right))).powi(2);
    told.iter().map(one).sum::<f64>() / told.len().max(1) as f64
}

/// Answers by their confidence, in bins of the same width; empty ones are left out.
fn reliability(told: &[(f64, bool)]) -> Vec<ReliabilityBin> {
    let bin = |confidence: f64| ((confidence * BINS as f64) as usize).min(BINS - 1);
    let one = |at: usize| {
        let inside: Vec<&(f64, bool)> =
            told.iter().filter(|(confidence, _)| bin(*confidence) == at).collect();
        let cases = inside.len() as f64;
        (!inside.is_empty()).then(|| ReliabilityBin {
            from: at as f64 / BINS as f64,
            to: (at + 1) as f64 / BINS as f64,
            cases: inside.len() as u64,
            confidence: inside.iter().map(|(confidence, _)| confidence).sum::<f64>() / cases,
            right: inside.iter().filter(|(_, right)| *right).count() as f64 / cases,
        })
    };
    (0..BINS).filter_map(one).collect()
}

/// The distance between confidence and truth, bin by bin, each by its answers.
fn calibration_error(told: &[(f64, bool)]) -> f64 {
    let part = |bin: &ReliabilityBin| bin.cases as f64 * (bin.confidence - bin.right).abs();
    reliability(told).iter().map(part).sum::<f64>() / told.len().max(1) as f64
}

/// A figure with its 95 % bounds from samples drawn with replacement; always the same ones.
fn bootstrap(told: &[(f64, bool)], figure: fn(&[(f64, bool)]) -> f64) -> BootstrapMean {
    let value = figure(told);
    if told.is_empty() {
        return BootstrapMean::default();
    }
    let mut drawn = 0_u64;
    let mut draw = || {
        drawn += 1;
        told[(mix(drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15)) % told.len() as u64) as usize]
    };
    let mut sample = || figure(&(0..told.len()).map(|_| draw()).collect::<Vec<_>>());
    let mut samples: Vec<f64> = (0..SAMPLES).map(|_| sample()).collect();
    samples.sort_by(f64::total_cmp);
    let at = |share: f64| samples[((samples.len() - 1) as f64 * share) as usize];
    BootstrapMean { value, bounds: (at(0.025), at(0.975)) }
}

fn kinds(cases: &[EvaluatedCase]) -> Vec<KindScore> {
    let mut out: BTreeMap<&str, (KindScore, BTreeMap<String, u64>)> = BTreeMap::new();
    for case in cases {
        let (kind, instead) = out.entry(&case.kind).or_default();
        kind.held_out |= case.held_out;
        kind.cases += 1;
        if class(case) != CaseClass::Lossy {
            continue;
        }
        kind.lossy += 1;
        kind.top1 += u64::from(is_right(case));
        kind.grounded += u64::from(is_grounded_right(case));
        match named(&case.answer) {
            None => kind.abstained += 1,
            Some(first) if !is_right(case) => {
                *instead.entry(format!("{} {}", first.service, first.cause.as_str())).or_default() += 1;
            }
            Some(_) => {}
        }
    }
    let one = |(name, (kind, instead)): (&str, (KindScore, BTreeMap<String, u64>))| {
        let mut instead: Vec<(String, u64)> = instead.into_iter().collect();
        instead.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        KindScore { kind: name.to_owned(), instead, ..kind }
    };
    out.into_iter().map(one).collect()
}

mod advice;
mod outside;
#[cfg(test)]
mod tests;
