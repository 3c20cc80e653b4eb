//! What follows from the counts: the verdict, and why.

use spanfate_model::finding::diff::{
    DIFF_FORMAT, DiffCounts, DiffField, DiffResult, DiffRule, DiffSide, NotCompared, RuleUse,
};
use spanfate_model::verdict::Verdict;

use crate::join::DiffBooks;
use crate::rules::{DiffTerms, RuleCounts};
use crate::span::origins::Origins;

/// Both sides as they were read.
pub(crate) struct SidesRead {
    pub(crate) left: DiffSide,
    pub(crate) right: DiffSide,
    pub(crate) left_counts: RuleCounts,
    pub(crate) right_counts: RuleCounts,
}

/// All that was found.
pub(crate) fn result(
    read: SidesRead,
    terms: &DiffTerms,
    strict: &[DiffRule],
    books: DiffBooks,
    origins: &Origins,
) -> DiffResult {
    let spilled_bytes = books.spilled;
    let (counts, traces, told) = books.tell(origins);
    let SidesRead { left, right, left_counts, right_counts } = read;
    let (verdict, reasons) = verdict(&counts, &left, &right);
    let normalised = DiffRule::ALL
        .iter()
        .map(|rule| RuleUse {
            rule: *rule,
            left: left_counts.of(*rule),
            right: right_counts.of(*rule),
            pairs: told.used.of(*rule),
        })
        .filter(|used| used.left + used.right + used.pairs > 0)
        .collect();
    let not_compared = DiffField::ALL
        .iter()
        .filter(|field| !terms.fields.has(**field))
        .map(|field| NotCompared {
            field: *field,
            lacks: match (terms.left.carries.has(*field), terms.right.carries.has(*field)) {
                (false, false) => "both",
                (false, true) => "left",
                _ => "right",
            },
        })
        .collect();
    DiffResult {
        format: DIFF_FORMAT,
        left,
        right,
        verdict,
        reasons,
        counts,
        traces,
        compared: terms.fields.iter().collect(),
        not_compared,
        fields: told.fields,
        normalised,
        strict: strict.to_vec(),
        services: told.services,
        windows: told.windows,
        since_ns: told.since,
        samples: told.samples,
        pictures: told.pictures,
        spilled_bytes,
        live: None,
    }
}

/// The verdict. What a side that is not whole lacks proves nothing; what it has and the other side has not, or has otherwise, does.
pub(crate) fn verdict(counts: &DiffCounts, left: &DiffSide, right: &DiffSide) -> (Verdict, Vec<String>) {
    let mut reasons = Vec::new();
    for side in [left, right] {
        reasons.extend(side.incomplete.iter().map(|why| format!("{} is not whole: {why}", side.name)));
    }
    if left.spans == 0 && right.spans == 0 {
        reasons.push("neither side has a span, so nothing was compared".to_owned());
        return (Verdict::Inconclusive, reasons);
    }
    let (left_whole, right_whole) = (left.incomplete.is_empty(), right.incomplete.is_empty());
    let proven = [
        (counts.different, "have a field that differs"),
        (if right_whole { counts.only_left } else { 0 }, "are on the left only"),
        (if left_whole { counts.only_right } else { 0 }, "are on the right only"),
        (if right_whole { counts.copies_left } else { 0 }, "are copies that only the left has"),
        (if left_whole { counts.copies_right } else { 0 }, "are copies that only the right has"),
    ];
    let mut differs = false;
    for (spans, what) in proven.into_iter().filter(|(spans, _)| *spans > 0) {
        differs = true;
        reasons.push(format!("{spans} spans {what}"));
    }
    if differs {
        (Verdict::Fail, reasons)
    } else if !(left_whole && right_whole) {
        (Verdict::Inconclusive, reasons)
    } else {
        (Verdict::Pass, reasons)
    }
}
