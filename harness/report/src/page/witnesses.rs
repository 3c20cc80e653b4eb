//! Do the witnesses agree?

use std::collections::BTreeSet;

use spanfate_model::result::{Agreement, RunResult};
use spanfate_model::witness::Witness;

use super::grid::Grid;
use super::part::{Section, doubt, fold, trial_name};
use crate::books::trials;
use crate::markup::Html;
use crate::number::{NONE, PAGE};

/// The section; absent where nothing could be compared.
pub(crate) fn section(result: &RunResult) -> Option<Section> {
    let rows = || trials(result).flat_map(|(_, trial)| &trial.agreement);
    let witnesses: BTreeSet<Witness> =
        rows().flat_map(|row| row.counts.iter().map(|(witness, _)| *witness)).collect();
    if witnesses.is_empty() {
        return None;
    }
    let titles: Vec<String> = ["Trial".to_owned(), "What".to_owned()]
        .into_iter()
        .chain(witnesses.iter().map(|witness| format!("#{}", witness.as_str())))
        .chain(["#Difference".to_owned(), "Explanation".to_owned()])
        .collect();
    let mut differing = Grid::new("Where witnesses differ, spans", &titles);
    let mut equal = Grid::new("Where all witnesses say the same, spans", &titles);
    for (variant, trial) in trials(result) {
        for row in &trial.agreement {
            let mut cells = vec![Html::text(trial_name(variant, trial)), Html::text(&row.what)];
            cells.extend(witnesses.iter().map(|witness| {
                let count = row.counts.iter().find(|(known, _)| known == witness);
                Html::text(count.map_or_else(|| NONE.to_owned(), |(_, count)| PAGE.count(*count)))
            }));
            cells.push(Html::text(PAGE.count(row.difference)));
            cells.push(explanation(row));
            if row.difference > 0 { differing.marked(cells) } else { equal.marked(cells) }
        }
    }
    let equal =
        fold(equal.len(), &format!("{} comparisons without a difference", equal.len()), equal.render());
    Some(Section {
        id: "witnesses",
        question: "Do the witnesses agree?",
        answer: answer(&rows().collect::<Vec<_>>()),
        body: differing.render().with(&equal),
    })
}

fn explanation(row: &Agreement) -> Html {
    match (&row.explained, row.difference) {
        (_, 0) => Html::leaf("span", "ok", "✓ equal"),
        (Some(why), _) => Html::text(why),
        (None, _) => doubt("unexplained"),
    }
}

fn answer(rows: &[&Agreement]) -> String {
    let (mut all, mut explained, mut open) = (0u64, 0u64, 0u64);
    for row in rows {
        all += 1;
        if row.difference > 0 {
            if row.explained.is_some() { explained += 1 } else { open += 1 }
        }
    }
    let comparisons = PAGE.counted(all, "comparison", "comparisons");
    match (explained, open) {
        (0, 0) => {
            format!("Yes: {comparisons} between independent witnesses, and not one span of difference.")
        }
        (_, 0) => format!(
            "Yes: of {comparisons} between independent witnesses {} show no difference, {explained} differ for a known reason.",
            all - explained
        ),
        _ => format!(
            "No: of {comparisons}, {open} differ without an explanation and {explained} for a known reason."
        ),
    }
}
