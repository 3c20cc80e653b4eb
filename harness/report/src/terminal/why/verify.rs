//! Advised settings that ran: the loss predicted beside the one measured.

use spanfate_model::finding::verify::{ArmLoss, Verification, VerifiedRemedy};
use spanfate_model::result::PredictedBy;
use spanfate_model::verdict::Verdict;

use crate::terminal::TableStyle;
use crate::terminal::ink::{TermInk, finish, paint};
use crate::text::fit::clean;
use crate::text::number::{NONE, TERMINAL};

/// A block per variant; ends with a newline.
pub(crate) fn render(found: &Verification, style: TableStyle) -> String {
    let mut blocks: Vec<String> = found.remedies.iter().map(block).collect();
    if !found.left_out.is_empty() {
        let lines: Vec<String> = found
            .left_out
            .iter()
            .map(|one| format!("not run: {}, {}", clean(&one.variant), one.why))
            .collect();
        blocks.push(lines.join("\n"));
    }
    if blocks.is_empty() {
        blocks.push(
            "No variant lost spans in the measured part, so nothing is advised and nothing was run."
                .to_owned(),
        );
    }
    if let Some(run) = &found.run_id {
        blocks.push(format!("run: {run}"));
    }
    finish(&(blocks.join("\n\n") + "\n"), style.color)
}

fn block(one: &VerifiedRemedy) -> String {
    let predicted = one.predicted.map_or_else(
        || NONE.to_owned(),
        |then| {
            let by = match then.by {
                PredictedBy::Replay => "by the replay of the queue",
                PredictedBy::Law => "by the mean law",
            };
            format!("{}, {by}", TERMINAL.percent(then.loss))
        },
    );
    let apart = match (one.apart_points, one.verdict) {
        (None, _) => NONE.to_owned(),
        (Some(apart), verdict) => {
            let points = format!("{} points", TERMINAL.fixed(apart.abs(), 2));
            let said = match verdict {
                Verdict::Pass => "the prediction holds",
                Verdict::Fail => "the prediction does not hold",
                Verdict::Inconclusive | Verdict::AccountingBroken => "inconclusive",
            };
            format!("{points}: {said}")
        }
    };
    let mut rows = vec![
        ("set", one.lines.join(", ")),
        ("before", TERMINAL.percent(one.before)),
        ("again", of_arm(&one.original)),
        ("predicted", predicted),
        ("measured", of_arm(&one.measured)),
        ("apart", apart),
    ];
    rows.extend(one.reason.as_ref().map(|reason| ("reason", reason.clone())));
    let mut out = vec![paint(TermInk::Bold, &clean(&one.variant))];
    out.extend(
        rows.iter().map(|(title, text)| format!("  {} {text}", paint(TermInk::Soft, &format!("{title:<9}")))),
    );
    out.join("\n")
}

fn of_arm(arm: &ArmLoss) -> String {
    format!("{} ({})", TERMINAL.percent(arm.loss), TERMINAL.counted(arm.trials, "trial", "trials"))
}
