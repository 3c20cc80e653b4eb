//! Do the witnesses agree?

use std::collections::BTreeSet;

use spanfate_model::fate::witness::Witness;
use spanfate_model::result::{Agreement, CountedThing, RunResult};
use spanfate_model::term::Term;

use crate::figures::sums::trials;
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{PageSection, doubt, fold, note, trial_name};
use crate::text::labels;
use crate::text::number::{NONE, PAGE};

/// The section; absent where nothing could be compared.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    let rows = || trials(result).flat_map(|(_, trial)| &trial.agreement);
    let witnesses: BTreeSet<Witness> =
        rows().flat_map(|row| row.counts.iter().map(|(witness, _)| *witness)).collect();
    if witnesses.is_empty() {
        return None;
    }
    let matrix = matrix(&rows().collect::<Vec<_>>(), &witnesses);
    let titles: Vec<String> = ["Trial".to_owned(), "What".to_owned()]
        .into_iter()
        .chain(witnesses.iter().map(|witness| format!("#{}", witness.as_str())))
        .chain(["#Difference".to_owned(), "Explanation".to_owned()])
        .collect();
    let mut differing = Grid::new("Where witnesses differ, spans", &titles);
    let mut equal = Grid::new("Where all witnesses say the same, spans", &titles);
    for (variant, trial) in trials(result) {
        for row in &trial.agreement {
            let mut cells =
                vec![Html::text(trial_name(variant, trial)), Html::text(labels::counted(&row.what))];
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
    Some(PageSection {
        id: "witnesses",
        question: "Do the witnesses agree?",
        answer: answer(&rows().collect::<Vec<_>>()),
        body: matrix.with(&differing.render()).with(&equal),
    })
}

/// What several witnesses counted alike in some trials, added up over these.
struct AgreementRow<'a> {
    what: &'a Term<CountedThing>,
    counts: Vec<(Witness, u64)>,
    trials: u64,
    /// Differences that are explained, and those that are not.
    differences: (u64, u64),
}

impl<'a> AgreementRow<'a> {
    /// Rows of the same thing by the same witnesses in one.
    fn all(rows: &[&'a Agreement]) -> Vec<Self> {
        let mut out: Vec<Self> = Vec::new();
        for one in rows {
            let who =
                |counts: &[(Witness, u64)]| counts.iter().map(|(witness, _)| *witness).collect::<Vec<_>>();
            let same = |row: &&mut Self| *row.what == one.what && who(&row.counts) == who(&one.counts);
            let differences = match one.explained {
                Some(_) => (one.difference, 0),
                None => (0, one.difference),
            };
            if let Some(row) = out.iter_mut().find(same) {
                for ((_, sum), (_, count)) in row.counts.iter_mut().zip(&one.counts) {
                    *sum += count;
                }
                row.trials += 1;
                row.differences.0 += differences.0;
                row.differences.1 += differences.1;
            } else {
                out.push(Self { what: &one.what, counts: one.counts.clone(), trials: 1, differences });
            }
        }
        out
    }

    /// What becomes of the differences, as a sign and in words.
    fn said(&self) -> Html {
        match self.differences {
            (0, 0) => Html::leaf("span", "ok", "✓ equal"),
            (some, 0) => Html::text(format!("≠ {}, for a known reason", PAGE.count(some))),
            (_, open) => doubt(format!("≠ {} unexplained", PAGE.count(open))),
        }
    }
}

/// Who says what, over the whole run.
fn matrix(rows: &[&Agreement], witnesses: &BTreeSet<Witness>) -> Html {
    let head = witnesses.iter().map(|witness| format!("#{}", witness.as_str()));
    let titles = std::iter::once("What".to_owned()).chain(head);
    let titles = titles.chain(["#Trials".to_owned(), "They are".to_owned()]);
    let mut grid = Grid::new(
        "Who counts what: spans, added up over the trials in which the same witnesses speak of it",
        titles,
    );
    for row in AgreementRow::all(rows) {
        let mut cells = vec![Html::text(labels::counted(row.what))];
        // What is said more often than anything else is believed; the others stand out.
        let usual = row
            .counts
            .iter()
            .map(|(_, count)| *count)
            .max_by_key(|count| row.counts.iter().filter(|(_, other)| other == count).count());
        cells.extend(witnesses.iter().map(|witness| {
            match row.counts.iter().find(|(known, _)| known == witness) {
                None => Html::text(NONE),
                Some((_, count)) if Some(*count) != usual => {
                    Html::leaf("strong", "spoilt", PAGE.count(*count))
                }
                Some((_, count)) => Html::text(PAGE.count(*count)),
            }
        }));
        cells.push(Html::text(PAGE.count(row.trials)));
        cells.push(row.said());
        grid.marked(cells);
    }
    grid.render().with(&note(
        "Each witness counts by itself: the process in a ledger of its own, the probes from the kernel, the wire what arrived, the SDK \
         in its metrics, the load what its plan of requests makes. A dash: it cannot see that.",
    ))
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
