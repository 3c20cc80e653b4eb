//! Loss of every configuration under every fault: the cells of a heat map, from a sweep or from variants with faults.

use std::collections::BTreeSet;

use spanfate_model::result::{Likeness, RunResult, SweepResult, VariantResult};
use spanfate_model::scenario::{Axis, Fault};

use crate::figures::variant_names::{is_of_faults, names_of_sets, planned};
use crate::text::number::Numbers;

/// Upper ends of the steps between no loss and all: shares of the spans that were due.
pub(crate) const STEPS: [f64; 5] = [0.001, 0.01, 0.1, 0.25, 0.5];

/// A variant as a cell.
pub(crate) struct Spot<'a> {
    pub(crate) variant: &'a VariantResult,
    /// Mean loss rate over the conclusive trials; over all where none is.
    pub(crate) loss: f64,
    /// Trials that are valid for loss and whose faults all reached their dose.
    pub(crate) conclusive: u64,
    /// Of these, trials that lost spans.
    pub(crate) lossy: u64,
}

impl<'a> Spot<'a> {
    fn of(result: &RunResult, variant: &'a VariantResult) -> Self {
        let (loss, conclusive, lossy) = result
            .insights
            .of(&variant.name)
            .map_or((0.0, 0, 0), |known| (known.loss, known.conclusive, known.lossy));
        Self { variant, loss, conclusive, lossy }
    }

    /// Whether a trial stands behind it.
    pub(crate) const fn is_conclusive(&self) -> bool {
        self.conclusive > 0
    }

    /// Whether it is conclusive and nothing was lost.
    pub(crate) const fn is_clean(&self) -> bool {
        self.conclusive > 0 && self.lossy == 0
    }

    /// Its step: 0 for no loss, then one more for each of [`STEPS`].
    pub(crate) fn step(&self) -> usize {
        if self.loss <= 0.0 { 0 } else { 1 + STEPS.iter().filter(|end| self.loss >= **end).count() }
    }

    /// What stands in its cell.
    pub(crate) fn text(&self, numbers: Numbers) -> String {
        let share = numbers.brief(self.loss);
        if self.is_conclusive() { share } else { format!("? {share}") }
    }
}

/// Rows and columns of cells.
pub(crate) struct Heat<'a> {
    /// What the columns that name a row are called.
    pub(crate) heads: Vec<String>,
    /// A row's names, one per head.
    pub(crate) rows: Vec<Vec<String>>,
    /// What the columns stand for; empty where there is one only.
    pub(crate) across: String,
    /// The columns.
    pub(crate) columns: Vec<String>,
    /// Cells by row and column; `None` without a trial.
    pub(crate) spots: Vec<Vec<Option<Spot<'a>>>>,
    /// Whether the columns are sets of faults.
    pub(crate) by_fault: bool,
}

impl<'a> Heat<'a> {
    /// That of a run: its sweep, or its variants by their faults. `None` where there is nothing to lay out.
    pub(crate) fn of(result: &'a RunResult) -> Option<Self> {
        let swept = result.sweep.as_ref().and_then(|sweep| swept(result, sweep));
        swept.or_else(|| faulty(result))
    }

    /// All cells that have a trial.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Spot<'a>> {
        self.spots.iter().flatten().flatten()
    }
}

/// A sweep: faults become columns, or else its last axis; all other axes name the rows.
fn swept<'a>(result: &'a RunResult, sweep: &'a SweepResult) -> Option<Heat<'a>> {
    let axes = &sweep.axes;
    let fits = |at: &[usize]| {
        at.len() == axes.len() && at.iter().zip(axes).all(|(point, axis)| *point < axis.points.len())
    };
    let found = |name: &str| result.variants.iter().find(|variant| variant.name == name);
    let cells: Vec<(&[usize], &VariantResult)> = sweep
        .cells
        .iter()
        .filter(|cell| fits(&cell.at))
        .filter_map(|cell| Some((cell.at.as_slice(), found(&cell.variant)?)))
        .collect();
    let faults = axes.iter().position(is_of_faults);
    let column = faults.or_else(|| axes.len().checked_sub(1)).filter(|_| !cells.is_empty())?;
    let alone = axes.len() == 1;
    let row_of = |at: &[usize]| -> Vec<usize> {
        at.iter().enumerate().filter(|(axis, _)| alone || *axis != column).map(|(_, point)| *point).collect()
    };
    let column_of = |at: &[usize]| if alone { 0 } else { at.get(column).copied().unwrap_or_default() };
    let rows: BTreeSet<Vec<usize>> = cells.iter().map(|(at, _)| row_of(at)).collect();
    let columns: BTreeSet<usize> = cells.iter().map(|(at, _)| column_of(at)).collect();
    let row_axes: Vec<_> = axes.iter().enumerate().filter(|(axis, _)| alone || *axis != column).collect();
    let spots = rows
        .iter()
        .map(|row| {
            let of = |column: &usize| {
                let cell = cells.iter().find(|(at, _)| row_of(at) == *row && column_of(at) == *column);
                cell.map(|(_, variant)| Spot::of(result, variant))
            };
            columns.iter().map(of).collect()
        })
        .collect();
    let point = |axis: usize, point: usize| {
        axes.get(axis).and_then(|axis| axis.points.get(point)).cloned().unwrap_or_default()
    };
    let names =
        |row: &Vec<usize>| row_axes.iter().zip(row).map(|((axis, _), at)| point(*axis, *at)).collect();
    Some(Heat {
        heads: row_axes.iter().map(|(_, axis)| axis.title()).collect(),
        rows: rows.iter().map(names).collect(),
        across: if alone { String::new() } else { axes.get(column).map(Axis::title).unwrap_or_default() },
        columns: columns
            .iter()
            .map(|at| if alone { "loss".to_owned() } else { point(column, *at) })
            .collect(),
        spots,
        by_fault: faults.is_some(),
    })
}

/// A variant, with whom it is alike, and the number of its set of faults.
type PlacedCell<'a> = (&'a VariantResult, Likeness, usize);

/// Variants without a sweep: rows are set alike, columns have the same faults.
fn faulty(result: &RunResult) -> Option<Heat<'_>> {
    let mut sets: Vec<&[Fault]> = Vec::new();
    let mut placed: Vec<PlacedCell<'_>> = Vec::new();
    for variant in &result.variants {
        let plan = planned(&result.plan, &variant.name)?;
        let set = sets.iter().position(|set| *set == plan.faults.as_slice()).unwrap_or_else(|| {
            sets.push(&plan.faults);
            sets.len() - 1
        });
        placed.push((variant, result.insights.of(&variant.name)?.likeness, set));
    }
    if placed.len() < 2 || sets.iter().all(|set| set.is_empty()) {
        return None;
    }
    let names = names_of_sets(&sets);
    let rows = rows(&placed);
    // One set-up, or mostly holes: a line per variant reads better than a wide or an empty table.
    if rows.len() == 1 || placed.len() * 2 < rows.len() * sets.len() {
        return Some(listed(result, &placed, &names));
    }
    let spots = rows.iter().map(|row| {
        let of = |set: usize| {
            row.iter().find(|(_, _, own)| *own == set).map(|(variant, ..)| Spot::of(result, variant))
        };
        (0..sets.len()).map(of).collect()
    });
    let spots = spots.collect();
    Some(Heat {
        heads: vec!["configuration".to_owned()],
        rows: rows.iter().map(|row| vec![row_name(row)]).collect(),
        across: "faults".to_owned(),
        columns: names,
        spots,
        by_fault: true,
    })
}

fn rows<'a>(placed: &[PlacedCell<'a>]) -> Vec<Vec<PlacedCell<'a>>> {
    let mut rows: Vec<Vec<PlacedCell<'a>>> = Vec::new();
    for one in placed {
        // Two variants that are the same in everything are two rows.
        let fits = |row: &&mut Vec<PlacedCell<'a>>| {
            row.iter().all(|(_, own, set)| own.same_but_faults(one.1) && *set != one.2)
        };
        match rows.iter_mut().find(fits) {
            Some(row) => row.push(*one),
            None => rows.push(vec![*one]),
        }
    }
    rows
}

/// A row of one variant has its name; of several, what is set in all of them.
fn row_name(row: &[PlacedCell<'_>]) -> String {
    match row {
        [(variant, ..)] => variant.name.clone(),
        [(variant, ..), ..] => {
            let settings: Vec<String> =
                variant.settings.iter().map(|(name, value)| format!("{name} {value}")).collect();
            if settings.is_empty() { "nothing set".to_owned() } else { settings.join(", ") }
        }
        [] => String::new(),
    }
}

fn listed<'a>(result: &RunResult, placed: &[PlacedCell<'a>], names: &[String]) -> Heat<'a> {
    let name = |set: usize| names.get(set).cloned().unwrap_or_default();
    Heat {
        heads: vec!["variant".to_owned(), "faults".to_owned()],
        rows: placed.iter().map(|(variant, _, set)| vec![variant.name.clone(), name(*set)]).collect(),
        across: String::new(),
        columns: vec!["loss".to_owned()],
        spots: placed.iter().map(|(variant, ..)| vec![Some(Spot::of(result, variant))]).collect(),
        by_fault: true,
    }
}
