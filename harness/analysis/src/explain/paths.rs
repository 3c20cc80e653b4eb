//! A span on several export paths: what became of it on each.

use spanfate_model::books::explain::PathStanding;
use spanfate_model::books::row::Standing;
use spanfate_model::quantity::unit::MonoNs;

use super::process::Made;
use super::steps::since;
use super::{ExplainedCase, decided};
use crate::books::walk::JudgedPath;
use crate::evidence::receipts::Receipt;

/// A span on one of several paths.
pub(super) struct OnOne<'a> {
    pub(super) made: Made<'a>,
    pub(super) standing: Standing,
    /// What arrived of it by this path.
    pub(super) receipt: Receipt,
    /// Whether the span's own standing is the one here.
    pub(super) decides: bool,
}

/// The span on each path that it was offered to; `made` is what it is on the one that decides.
pub(super) fn each<'a>(made: &Made<'a>, paths: &[JudgedPath<'a>]) -> Vec<OnOne<'a>> {
    let one = |judged: &JudgedPath<'a>| {
        let path = made.process.paths.get(judged.path)?;
        Some(OnOne {
            made: Made { path, on: judged.on, ..*made },
            standing: judged.standing,
            receipt: *judged.receipt,
            decides: std::ptr::eq(path, made.path),
        })
    };
    paths.iter().filter_map(one).collect()
}

/// The same for a result.
pub(super) fn standings(paths: &[OnOne<'_>], began: MonoNs) -> Vec<PathStanding> {
    let one = |path: &OnOne<'_>| PathStanding {
        path: path.made.path.name.clone(),
        standing: path.standing,
        at_ms: Some(decided_on(path)).filter(|at| *at != 0).map(|at| since(at, began)),
    };
    paths.iter().map(one).collect()
}

fn decided_on(one: &OnOne<'_>) -> MonoNs {
    let made = &one.made;
    decided(one.standing, (&made.span, &made.on), &one.receipt, (made.path, made.process.gone))
}

/// A sentence about the path that decides, with a clause for each of the others.
pub(super) fn beside_others(sentence: String, paths: &[OnOne<'_>]) -> String {
    let Some(deciding) = paths.iter().find(|one| one.decides) else { return sentence };
    let clause = |other: &OnOne<'_>| {
        let word = match other.standing {
            Standing::Fate(fate) => fate.facts().short.to_owned(),
            standing => standing.to_string(),
        };
        format!("; on {}: {word}", other.made.path.name)
    };
    let others: String = paths.iter().filter(|one| !one.decides).map(clause).collect();
    format!("on {}: {sentence}{others}", deciding.made.path.name)
}

impl<'a> ExplainedCase<'a> {
    /// Whether it was offered to some of several paths.
    pub(super) fn is_on_several(&self) -> bool {
        !self.paths.is_empty()
    }

    /// What its process says of it on each path, with its standing there: on its only one where there are not several.
    pub(super) fn on_each<'b>(&'b self, only: &'b Made<'a>) -> Vec<(&'b Made<'a>, Standing)> {
        if self.paths.is_empty() {
            return vec![(only, self.standing)];
        }
        self.paths.iter().map(|one| (&one.made, one.standing)).collect()
    }
}
