//! The faults of a run, trials added up: when each acted, and whether it reached its dose. Terminal and page choose from it.

mod dose;

use std::collections::BTreeSet;

use spanfate_model::fault::measure::Measure;
use spanfate_model::plan::{Plan, PlannedVariant};
use spanfate_model::result::{FaultResult, FaultWindow, RunResult, TrialResult, VariantResult};
use spanfate_model::scenario::Fault;
use spanfate_model::term::Term;

use crate::text::number::Numbers;
use dose::{about, quantity};

/// A fault of a variant with what its trials say of it.
pub(crate) struct FaultRow<'a> {
    /// Name of the variant.
    pub(crate) variant: &'a str,
    /// Number in the variant, from 0.
    pub(crate) number: usize,
    name: String,
    kind: String,
    /// What it is put on.
    pub(crate) on: String,
    planned: Option<&'a Fault>,
    /// What each trial concluded; empty where none did.
    trials: Vec<&'a FaultResult>,
}

/// Every fault of every variant, by variant and then by when it first acted.
pub(crate) fn rows(result: &RunResult) -> Vec<FaultRow<'_>> {
    let mut out = Vec::new();
    for variant in &result.variants {
        out.extend(rows_of(&result.plan, variant, &variant.trials.iter().collect::<Vec<_>>()));
    }
    out
}

/// The faults of a variant in some of its trials, by when they first acted.
pub(crate) fn rows_of<'a>(
    plan: &'a Plan,
    variant: &'a VariantResult,
    trials: &[&'a TrialResult],
) -> Vec<FaultRow<'a>> {
    let planned: &[Fault] = planned(plan, variant).map_or(&[], |planned| &planned.faults);
    let concluded = trials.iter().flat_map(|trial| trial.faults.iter().map(|fault| fault.number));
    let numbers: BTreeSet<usize> = (0..planned.len()).chain(concluded).collect();
    let mut out: Vec<FaultRow<'a>> = numbers
        .into_iter()
        .map(|number| FaultRow::of(variant, number, planned.get(number), trials))
        .collect();
    out.sort_by(|a, b| a.first().total_cmp(&b.first()));
    out
}

fn planned<'a>(plan: &'a Plan, variant: &VariantResult) -> Option<&'a PlannedVariant> {
    plan.variants.iter().find(|planned| planned.name == variant.name)
}

/// Whether a fault counts requests at the receiver: then nobody recorded at what times it acted.
pub(crate) fn counts_requests(plan: &Plan, variant: &VariantResult, number: usize) -> bool {
    let fault = planned(plan, variant).and_then(|planned| planned.faults.get(number));
    fault.is_some_and(|fault| fault.requests.is_some())
}

impl<'a> FaultRow<'a> {
    fn of(
        variant: &'a VariantResult,
        number: usize,
        planned: Option<&'a Fault>,
        trials: &[&'a TrialResult],
    ) -> Self {
        let in_trial = |trial: &&'a TrialResult| trial.faults.iter().find(|fault| fault.number == number);
        let found: Vec<&FaultResult> = trials.iter().filter_map(in_trial).collect();
        let (name, kind, on) = match (found.first(), planned) {
            (Some(fault), _) => (fault.name.clone(), fault.kind.clone(), fault.on.clone()),
            (None, Some(fault)) => {
                let on = fault.on.as_ref().map(ToString::to_string).unwrap_or_default();
                (fault.title().to_owned(), fault.kind.name().to_owned(), on)
            }
            (None, None) => Default::default(),
        };
        Self { variant: &variant.name, number, name, kind, on, planned, trials: found }
    }

    /// Its name, and what kind it is where the name does not say so.
    pub(crate) fn title(&self) -> String {
        if self.name == self.kind { self.name.clone() } else { format!("{} ({})", self.name, self.kind) }
    }

    /// Name and target.
    pub(crate) fn what(&self) -> String {
        if self.on.is_empty() { self.title() } else { format!("{} on {}", self.title(), self.on) }
    }

    /// Trials that concluded something about it.
    pub(crate) fn trials(&self) -> u64 {
        self.trials.len() as u64
    }

    /// Trials in which it reached its dose.
    pub(crate) fn bit(&self) -> u64 {
        self.trials.iter().filter(|fault| fault.bit).count() as u64
    }

    /// Whether it reached its dose in every trial; nothing is known where no trial concluded anything.
    pub(crate) fn happened(&self) -> Option<bool> {
        (!self.trials.is_empty()).then(|| self.bit() == self.trials())
    }

    /// Whether it began at all, as far as that is recorded.
    pub(crate) fn acted(&self) -> bool {
        self.windows().next().is_some() || self.planned.is_some_and(|fault| fault.requests.is_some())
    }

    fn windows(&self) -> impl Iterator<Item = &'a FaultWindow> {
        self.trials.iter().flat_map(|fault| &fault.windows)
    }

    /// When it first acted; what never did comes last.
    fn first(&self) -> f64 {
        self.windows().map(|window| window.from_ms).fold(f64::INFINITY, f64::min)
    }

    /// When it acted.
    pub(crate) fn when(&self, numbers: Numbers) -> String {
        if let Some(requests) = self.planned.and_then(|fault| fault.requests) {
            let to = requests.to.map_or_else(|| " on".to_owned(), |to| format!("–{to}"));
            let every = match requests.every.get() {
                1 => String::new(),
                n => format!(", one in {}", numbers.count(u64::from(n))),
            };
            return format!("at requests {}{to}{every}, counted from 0", requests.from);
        }
        let all: BTreeSet<String> = self.windows().map(|window| one(window, numbers)).collect();
        let most = self.trials.iter().map(|fault| fault.windows.len()).max().unwrap_or_default();
        let when = match (all.first(), all.len(), most) {
            (None, ..) => "never".to_owned(),
            (Some(only), 1, 1) => only.clone(),
            _ => self.several(most, numbers),
        };
        let states: Vec<&str> =
            self.windows().map(|window| window.why.as_str()).filter(|why| !why.is_empty()).collect();
        match states.as_slice() {
            [] => when,
            [first, rest @ ..] => {
                let same = rest.iter().all(|other| other == first);
                format!("{when}, begun by a state ({}{first})", if same { "" } else { "first: " })
            }
        }
    }

    /// Many windows in few words.
    fn several(&self, most: usize, numbers: Numbers) -> String {
        let n = self.windows().count() as u64;
        let alike = self.trials.iter().all(|fault| fault.windows.len() == most);
        let times = |n: u64| if n == 1 { "once".to_owned() } else { format!("{} times", numbers.count(n)) };
        let times = match (self.trials.len(), alike) {
            (1, _) => times(n),
            (_, true) => format!("{} per trial", times(most as u64)),
            (trials, false) => format!("{} in {trials} trials", times(n)),
        };
        let mut ends = self.windows().map(|window| window.to_ms);
        let last = ends.try_fold(0.0, |last: f64, to| to.map(|to| last.max(to)));
        let last = last.map_or_else(|| "the end".to_owned(), |ms| numbers.seconds(ms));
        format!("{times}, {} … {last}", numbers.seconds(self.first()))
    }

    /// In how many trials it reached its dose, where there are several.
    pub(crate) fn in_trials(&self, numbers: Numbers) -> Option<String> {
        self.share(self.bit(), numbers)
    }

    /// In how many it did not.
    pub(crate) fn short_in_trials(&self, numbers: Numbers) -> Option<String> {
        self.share(self.trials() - self.bit(), numbers)
    }

    fn share(&self, of: u64, numbers: Numbers) -> Option<String> {
        let all = self.trials();
        (all > 1).then(|| format!("in {} of {} trials", numbers.count(of), numbers.count(all)))
    }

    /// The doses over the trials: sums, and the most of what is a most. The first is the one that must be reached.
    pub(crate) fn doses(&self, numbers: Numbers) -> Vec<String> {
        let mut out: Vec<(&Term<Measure>, f64)> = Vec::new();
        for dose in self.trials.iter().flat_map(|fault| &fault.doses) {
            match out.iter_mut().find(|(what, _)| **what == dose.what) {
                Some((what, sum)) if dose::is_most(what) => *sum = sum.max(dose.amount),
                Some((_, sum)) => *sum += dose.amount,
                None => out.push((&dose.what, dose.amount)),
            }
        }
        let write = |(what, amount): (&Term<Measure>, f64)| about(numbers, what, amount);
        out.into_iter().map(write).collect()
    }

    /// The least dose, with its unit.
    pub(crate) fn needed(&self, numbers: Numbers) -> Option<String> {
        let fault = self.trials.first()?;
        let none = Term::Foreign(String::new());
        let what = fault.main().map_or(&none, |dose| &dose.what);
        Some(quantity(numbers, what, fault.needed).0)
    }

    /// How far it stayed below its dose where it stayed below most.
    pub(crate) fn shortfall(&self, numbers: Numbers) -> Option<String> {
        let below = self.trials.iter().filter(|fault| !fault.bit);
        let amount = |fault: &FaultResult| fault.main().map_or(0.0, |dose| dose.amount);
        let least = below.reduce(|least, fault| if amount(fault) < amount(least) { fault } else { least })?;
        let none = Term::Foreign(String::new());
        let what = least.main().map_or(&none, |dose| &dose.what);
        let (have, _) = quantity(numbers, what, amount(least));
        Some(format!("{have} of at least {}", about(numbers, what, least.needed)))
    }

    /// Why it did not begin or could not act, and how often.
    pub(crate) fn missed(&self, numbers: Numbers) -> Vec<String> {
        let mut out: Vec<(&str, u64)> = Vec::new();
        for why in self.trials.iter().flat_map(|fault| &fault.missed) {
            match out.iter_mut().find(|(known, _)| known == why) {
                Some((_, times)) => *times += 1,
                None => out.push((why, 1)),
            }
        }
        let times = |n: u64| if n > 1 { format!(" ({} times)", numbers.count(n)) } else { String::new() };
        out.into_iter().map(|(why, n)| format!("{why}{}", times(n))).collect()
    }
}

/// A window in words.
fn one(window: &FaultWindow, numbers: Numbers) -> String {
    let from = numbers.seconds(window.from_ms);
    match window.to_ms {
        None => format!("from {from} to the end"),
        Some(to) if numbers.seconds(to) == from => format!("at {from}"),
        Some(to) => {
            let from = from.trim_end_matches(|c: char| !c.is_ascii_digit());
            format!("{from}–{}", numbers.seconds(to))
        }
    }
}
