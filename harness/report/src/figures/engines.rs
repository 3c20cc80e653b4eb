//! The storage engine at the end of a path, over all trials of a variant, beside the receiver.

use std::collections::BTreeMap;

use spanfate_model::fate::Fate;
use spanfate_model::result::{DifferingTrace, EngineResult, RunResult, SHOWN_TRACES, VariantResult};

use super::hops::losses_of;
use crate::text::number::Numbers;

/// The engine of a variant.
pub(crate) struct VariantEngine<'a> {
    pub(crate) variant: &'a VariantResult,
    pub(crate) name: &'a str,
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    pub(crate) unanswered: u64,
    pub(crate) shown: u64,
    pub(crate) lost: BTreeMap<Fate, u64>,
    pub(crate) ends: Vec<&'a str>,
    /// Why it was not read to the end in some trial.
    pub(crate) unread: Option<&'a str>,
    /// Where a receiver stood beside it.
    pub(crate) sides: Option<EngineSides<'a>>,
}

/// How engine and receiver compare.
#[derive(Default)]
pub(crate) struct EngineSides<'a> {
    pub(crate) same: u64,
    pub(crate) differing: u64,
    /// When the first span was created that only one has, milliseconds from the start of its trial's load.
    pub(crate) from_ms: Option<f64>,
    pub(crate) missing_in_engine: BTreeMap<Fate, u64>,
    pub(crate) missing_in_receiver: BTreeMap<Fate, u64>,
    pub(crate) copies: u64,
    pub(crate) examples: Vec<&'a DifferingTrace>,
}

/// The engines of all variants that have one.
pub(crate) fn engines(result: &RunResult) -> Vec<VariantEngine<'_>> {
    result.variants.iter().filter_map(VariantEngine::of).collect()
}

impl<'a> VariantEngine<'a> {
    fn of(variant: &'a VariantResult) -> Option<Self> {
        let all: Vec<&EngineResult> =
            variant.trials.iter().filter_map(|trial| trial.engine.as_ref()).collect();
        let first = *all.first()?;
        let mut out = Self {
            variant,
            name: &first.name,
            accepted: all.iter().map(|engine| engine.accepted).sum(),
            refused: all.iter().map(|engine| engine.refused).sum(),
            unanswered: all.iter().map(|engine| engine.unanswered).sum(),
            shown: all.iter().map(|engine| engine.shown).sum(),
            lost: BTreeMap::new(),
            ends: all.iter().flat_map(|engine| &engine.ends).map(String::as_str).collect(),
            unread: all.iter().find_map(|engine| engine.unread.as_deref()),
            sides: None,
        };
        for engine in &all {
            add(&mut out.lost, &engine.lost);
            if let Some(differs) = &engine.differs {
                let sides = out.sides.get_or_insert_with(EngineSides::default);
                sides.same += differs.same;
                sides.differing += differs.traces;
                sides.copies += differs.copies;
                sides.from_ms = sides.from_ms.into_iter().chain(differs.from_ms).reduce(f64::min);
                add(&mut sides.missing_in_engine, &differs.missing_in_engine);
                add(&mut sides.missing_in_receiver, &differs.missing_in_receiver);
                let room = SHOWN_TRACES - sides.examples.len();
                sides.examples.extend(differs.examples.iter().take(room));
            }
        }
        Some(out)
    }

    /// What it took and showed, and how it compares with the receiver, in a sentence or two.
    pub(crate) fn said(&self, numbers: Numbers) -> String {
        let mut out = format!(
            "{} took {}, showed {}",
            self.name,
            numbers.counted(self.accepted, "span", "spans"),
            numbers.count(self.shown)
        );
        let lost = losses_of(&self.lost, numbers);
        if !lost.is_empty() {
            out += &format!(" ({})", lost.join(", "));
        }
        if let Some(sides) = &self.sides {
            out += &format!("; {}", sides.said(numbers));
        }
        if let Some(why) = self.unread {
            out += &format!("; it was not read to the end: {why}");
        }
        out
    }
}

impl EngineSides<'_> {
    fn said(&self, numbers: Numbers) -> String {
        let same = numbers.counted(self.same, "trace is", "traces are");
        if self.differing == 0 {
            return format!("{same} the same as at the receiver, and none differs");
        }
        let since = self.from_ms.map(|from| format!(" since {}", numbers.seconds(from))).unwrap_or_default();
        let mut why = Vec::new();
        for (missing, where_) in
            [(&self.missing_in_engine, "there"), (&self.missing_in_receiver, "at the receiver")]
        {
            if !missing.is_empty() {
                why.push(format!("missing {where_}: {}", losses_of(missing, numbers).join(", ")));
            }
        }
        let differ = numbers.counted(self.differing, "trace differs", "traces differ");
        format!("{differ} from the receiver's{since} ({}), {same} the same", why.join("; "))
    }
}

fn add(to: &mut BTreeMap<Fate, u64>, more: &BTreeMap<Fate, u64>) {
    for (fate, count) in more {
        *to.entry(*fate).or_insert(0) += count;
    }
}
