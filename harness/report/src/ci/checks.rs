//! What a run was asked, one check after the other, each with its verdict: the test cases of a run.

use spanfate_model::books::ledger::Ledger;
use spanfate_model::format::manifest::Status;
use spanfate_model::result::change::Change;
use spanfate_model::result::{Compared, Comparison, RunResult, VariantResult};
use spanfate_model::verdict::Verdict;

use crate::figures::compared;
use crate::figures::sums::Books;
use crate::text::number::TERMINAL;
use crate::text::words;

/// A check.
pub(crate) struct Check {
    /// The variant it is about, or what it is about where that is no variant.
    pub(crate) of: String,
    /// What was asked.
    pub(crate) name: String,
    /// How it came out.
    pub(crate) verdict: Verdict,
    /// Why it is no pass, in a line.
    pub(crate) why: String,
    /// What was measured, a line each.
    pub(crate) details: Vec<String>,
}

/// Every check of a run. All of them pass exactly where the run does: the last is the verdict itself, for reasons that
/// belong to no check, as a witness with a gap or a fault that did not bite.
pub(crate) fn all(result: &RunResult) -> Vec<Check> {
    let mut out: Vec<Check> = result.variants.iter().map(accounting).collect();
    out.extend(result.expectations.iter().map(|judged| Check {
        of: judged.variant.clone(),
        name: judged.that.to_string(),
        verdict: judged.verdict,
        why: words::why(judged).unwrap_or_default(),
        details: vec![format!("{}: {}", words::judged_on(judged), words::values(judged, TERMINAL))],
    }));
    if let Some(comparison) = &result.comparison {
        out.extend(compared::told(comparison).map(|row| changed(comparison, row)));
    }
    out.push(complete(result));
    out.push(Check {
        of: "run".to_owned(),
        name: "verdict".to_owned(),
        verdict: result.verdict,
        why: words::sentence(result),
        details: result.reasons.clone(),
    });
    out
}

/// Whether the books of a variant close.
fn accounting(variant: &VariantResult) -> Check {
    let books = Books::of_variant(variant);
    let ledgers = || variant.trials.iter().map(|trial| &trial.ledger);
    let broken = ledgers().any(|ledger| ledger.is_broken() || !ledger.closes());
    let (verdict, why) = if broken {
        (Verdict::AccountingBroken, "spans that complete witnesses cannot place")
    } else if books.unaccounted > 0 || books.unexpected > 0 {
        (Verdict::Inconclusive, "spans that cannot be placed, for a witness has a gap")
    } else if books.created == 0 {
        (Verdict::Inconclusive, "no span was created, so nothing is proven")
    } else {
        (Verdict::Pass, "")
    };
    let n = |count: u64| TERMINAL.count(count);
    let sum = format!(
        "created {} = received {} + lost {} + not meant to arrive {} + unexplained {} + unaccounted {}; unexpected {}",
        n(books.created),
        n(books.received),
        n(books.lost),
        n(books.deliberate),
        n(books.unexplained),
        n(books.unaccounted),
        n(books.unexpected),
    );
    let more = ledgers().flat_map(Ledger::contradictions);
    let more = more.map(|(count, what)| format!("{} spans {what}", n(count)));
    Check {
        of: variant.name.clone(),
        name: "accounting".to_owned(),
        verdict,
        why: why.to_owned(),
        details: std::iter::once(sum).chain(more).collect(),
    }
}

/// A figure of the candidate beside the baseline's.
fn changed(comparison: &Comparison, row: &Compared) -> Check {
    let verdict = match row.change {
        Change::Better | Change::Same => Verdict::Pass,
        Change::Worse | Change::Different => Verdict::Fail,
        Change::Inconclusive => Verdict::Inconclusive,
    };
    let cells = compared::cells(row, TERMINAL);
    let told = compared::COLUMNS.iter().zip(&cells).skip(1).map(|(what, cell)| format!("{what}: {cell}"));
    Check {
        of: "compare".to_owned(),
        name: format!("{}: {} with {}", row.figure, comparison.candidate, comparison.baseline),
        verdict,
        why: row.reason.clone().unwrap_or_else(|| row.change.to_string()),
        details: told.chain([compared::method(comparison)]).collect(),
    }
}

/// Whether everything that was planned was run.
fn complete(result: &RunResult) -> Check {
    let text = words::incomplete(result);
    let whole = text.is_none() || (result.status == Status::Complete && words::decided_early(result));
    Check {
        of: "run".to_owned(),
        name: "run complete".to_owned(),
        verdict: if whole { Verdict::Pass } else { Verdict::Inconclusive },
        why: text.unwrap_or_default(),
        details: Vec::new(),
    }
}
