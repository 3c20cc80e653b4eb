//! A run that compares two variants, and one that sweeps: worse, in doubt, better, with counters.

use spanfate_model::exporter::Exporter;
use spanfate_model::plan::{PlannedTrial, PlannedVariant};
use spanfate_model::result::change::Change;
use spanfate_model::result::{Cell, Compared, ComparedBy, Comparison, RunResult, SweepResult, VariantResult};
use spanfate_model::term::Term;
use spanfate_model::verdict::Verdict;

use super::{case, run};

/// Two variants, ten trials each: the candidate is slower, and nothing is known of its memory.
pub(crate) fn compared() -> RunResult {
    let cases = [
        case("baseline", Exporter::default(), 0.0, 4.1),
        case("candidate", Exporter { batch: Some(64), ..Exporter::default() }, 0.0, 2.4),
    ];
    let mut result = run(&cases, 10);
    result.expectations.clear();
    result.reasons = vec!["response.p50 is worse by +7.1 %".to_owned()];
    let row = |figure: &str, way, change, effect, at: f64| Compared {
        figure: Term::read(figure),
        way,
        baseline: vec![at; 10],
        candidate: vec![at * 1.071; 10],
        relative: way == ComparedBy::Paired,
        effect: Some(effect),
        interval: (way == ComparedBy::Paired).then_some((effect - 0.02, effect + 0.02)),
        p: (way == ComparedBy::Paired).then_some(0.002),
        adjusted: (way == ComparedBy::Paired).then_some(0.004),
        detectable: (way == ComparedBy::Paired).then_some(0.03),
        smallest: 0.05,
        change,
        reason: (change == Change::Inconclusive).then(|| "too few pairs | for it".to_owned()),
    };
    result.comparison = Some(Comparison {
        baseline: "baseline".to_owned(),
        candidate: "candidate".to_owned(),
        pairs: 10,
        planned: 10,
        interleaved: true,
        alpha: 0.05,
        looks: None,
        environment: Vec::new(),
        rows: vec![
            row("spans.created", ComparedBy::Counter, Change::Same, 0.0, 225_000.0),
            row("response.p50", ComparedBy::Paired, Change::Worse, 0.071, 310_000.0),
            row("memory.peak", ComparedBy::Paired, Change::Inconclusive, 0.004, 9.6e7),
        ],
        verdict: Verdict::Fail,
        reasons: result.reasons.clone(),
    });
    result
}

/// Nine cells, of which two are worth choosing.
pub(crate) fn swept() -> RunResult {
    let mut result = super::nine();
    let cell = |(at, variant): (usize, &VariantResult)| Cell {
        variant: variant.name.clone(),
        at: vec![at],
        trials: 1,
        lossy: u64::from(variant.summary.lost > 0),
        loss: variant.summary.loss.mean,
        valid: true,
        response_p99: variant.summary.response.as_ref().map(|q| q.p99),
        delay_p99: variant.summary.delay.as_ref().map(|q| q.p99),
        memory: variant.summary.fixture_rss,
        pareto: at == 0 || at == 2,
    };
    let cells = result.variants.iter().enumerate().map(cell).collect();
    result.sweep = Some(SweepResult { axes: Vec::new(), cells });
    result
}

/// A sweep of that many cells: those of [`swept`] again and again, each under a name of its own.
pub(crate) fn hundred(cells: usize) -> RunResult {
    let mut result = swept();
    let (variants, plan) = (result.variants.clone(), result.plan.clone());
    (result.variants, result.plan.variants, result.plan.trials) = (Vec::new(), Vec::new(), Vec::new());
    let mut swept = result.sweep.take().unwrap_or_default();
    let of = std::mem::take(&mut swept.cells);
    for at in 0..cells {
        let from = at % variants.len();
        let name = format!("cell {at}: {}", variants[from].name);
        let mut variant = VariantResult { name: name.clone(), ..variants[from].clone() };
        variant.trials.iter_mut().for_each(|trial| trial.index = at as u16);
        result.variants.push(variant);
        result.plan.variants.push(PlannedVariant { name: name.clone(), ..plan.variants[from].clone() });
        result.plan.trials.push(PlannedTrial { index: at as u16, variant: at as u16, ..plan.trials[from] });
        swept.cells.push(Cell { variant: name, at: vec![at], ..of[from].clone() });
    }
    result.sweep = Some(swept);
    result
}

/// The run that compares, with text of others wherever it may stand.
pub(crate) fn poisoned_comparison(text: &str) -> RunResult {
    let mut result = super::poisoned(text);
    result.comparison = compared().comparison;
    result.sweep = swept().sweep;
    if let Some(comparison) = &mut result.comparison {
        (comparison.baseline, comparison.candidate) = (text.to_owned(), text.to_owned());
        comparison.reasons.push(text.to_owned());
        for row in &mut comparison.rows {
            (row.figure, row.reason) = (Term::Foreign(text.to_owned()), Some(text.to_owned()));
        }
    }
    for cell in result.sweep.iter_mut().flat_map(|sweep| &mut sweep.cells) {
        text.clone_into(&mut cell.variant);
    }
    result
}
