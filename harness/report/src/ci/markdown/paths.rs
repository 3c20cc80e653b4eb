//! The export paths that lose, where a program has several.

use spanfate_model::books::ledger::PathSpread;
use spanfate_model::fate::{Fate, FateClass};
use spanfate_model::result::RunResult;

use super::inline::Inline;
use super::part::Part;
use super::{FATES, NAME, SENTENCE, number};
use crate::figures::export_paths::{PathRow, rows, spread, start};
use crate::text::number::{NONE, TERMINAL};
use crate::text::words::{self, maybe};

/// The paths that lose, most first; nothing where no program has several or none loses.
pub(super) fn losing(result: &RunResult) -> Option<Part> {
    let mut rows = rows(result);
    rows.retain(|row| row.lost() > 0);
    rows.sort_by_key(|row| std::cmp::Reverse(row.lost()));
    let PathSpread { every, some, none } = spread(&result.variants)?;
    let [every, some, none] = [every, some, none].map(|n| TERMINAL.count(n));
    let title = Inline::literal("**Export paths that lose** ").with(&Inline::prose(
        &format!(
            "(whole run, warm-up included; spans received on every path {every}, on some {some}, on none {none})"
        ),
        SENTENCE,
    ));
    let titles =
        ["Export path", "Variant", "Service", "#Offered", "#Lost", "Lost where", "#Loss", "#Law predicts"];
    let part = Part::table(&title, titles, rows.iter().map(cells), "paths");
    part.has_rows().then_some(part)
}

fn cells(row: &PathRow<'_>) -> [Inline; 8] {
    let one = |(fate, n): &(Fate, u64)| format!("{} {}", fate.facts().short, TERMINAL.count(*n));
    let mut lost = row.elsewhere();
    lost.retain(|(fate, _)| fate.class() == FateClass::Lost);
    let told: Vec<String> = lost.iter().take(FATES).map(one).collect();
    let service = row.start.map_or_else(
        || row.service.to_owned(),
        |incarnation| format!("{} · {}", row.service, start(incarnation)),
    );
    [
        Inline::code(row.path, NAME),
        Inline::code(&row.variant.name, NAME),
        Inline::code(&service, NAME),
        number(&TERMINAL.count(row.offered)),
        number(&TERMINAL.count(row.lost())),
        Inline::prose(&if told.is_empty() { NONE.to_owned() } else { told.join(", ") }, NAME),
        number(&maybe(row.loss_words(TERMINAL), |text| text)),
        number(&words::law(row.predicted(), TERMINAL)),
    ]
}
