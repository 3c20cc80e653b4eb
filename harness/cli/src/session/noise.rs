//! The verdicts of scenarios held against the truth, on a machine that is disturbed on purpose.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use spanfate_analysis::compare::selftest::BASE;
use spanfate_model::fault::answer::{Partial, ScriptedAnswer};
use spanfate_model::fault::{FaultKind, Requests};
use spanfate_model::finding::noise::{
    EQUAL, LOSSY, NoiseCell, NoiseProfile, NoiseTable, PROFILES, SLOWER, TruthTold,
};
use spanfate_model::format::manifest::FORMAT;
use spanfate_model::limits::QuotaFigures;
use spanfate_model::result::change::Change;
use spanfate_model::result::environment::Environment;
use spanfate_model::result::{Compared, ComparedBy, RunResult, TrialResult};
use spanfate_model::scenario::figure::{Figure, Quantile};
use spanfate_model::scenario::{Compare, Fault, Gates, Scenario};
use spanfate_model::verdict::Verdict;
use spanfate_run::host::project::Project;
use spanfate_run::process::interrupt::Interrupt;
use spanfate_run::runner::{Limits, fresh_directory};
use spanfate_run::store;

use super::Audience;
use super::selected::{Selected, keep_variants};
use super::series::Series;
use crate::error::Error;
use crate::scenario_file::{self, Loaded};

/// What runs where nothing is named: scenarios that are sound, then forms that are broken on purpose, and the same twice.
pub(crate) const LIBRARY: [&str; 20] = [
    "grpc",
    "chain",
    "panic-matrix",
    "crash-matrix",
    "gc",
    "jitter-sweep",
    "partial-success",
    "kill-when-full",
    "cpu-squeeze",
    "slow-serialisation",
    "probes/all-events",
    "known-issues/8383",
    "context-lost",
    "grpc+loss",
    "chain+loss",
    "gc+loss",
    "context-lost+loss",
    "selftest+equal",
    "selftest+slower",
    "selftest+lossy",
];

/// Spans that a planted loss takes of each export: of a full batch of 512 a little over half a percent.
const LOST_OF_EACH: u32 = 3;
/// Pairs of a comparison of arms: fewer than seven could never conclude of two figures, and some of them will not be valid.
const PAIRS: u32 = 12;

/// What is to be run.
#[derive(Clone, Debug, Default)]
pub(crate) struct NoiseOrder {
    /// Scenarios; all of the library where none is named.
    pub(crate) only: Vec<String>,
    /// Names of profiles; all where none is named.
    pub(crate) profiles: Vec<String>,
    /// How often a spoilt trial is run again.
    pub(crate) repeats: u16,
    /// Whole scenarios.
    pub(crate) whole: bool,
    /// The directory of an earlier run, to go on with.
    pub(crate) resume: Option<PathBuf>,
    pub(crate) out: Option<PathBuf>,
}

/// What is made of a scenario.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum NoiseForm {
    /// As it is, and sound.
    Sound,
    /// The receiver rejects spans of every export.
    Loss,
    /// The arms of `selftest` compared: what is compared with the base, and whether it is worse.
    Arm(&'static str, bool),
}

impl NoiseForm {
    const NAMED: [(&'static str, Self); 4] = [
        ("loss", Self::Loss),
        (EQUAL, Self::Arm("same-again", false)),
        (SLOWER, Self::Arm("slower", true)),
        (LOSSY, Self::Arm("lossy", true)),
    ];

    /// The scenario's own name, and its form.
    fn of(written: &str) -> Result<(&str, Self), Error> {
        let Some((name, form)) = written.rsplit_once('+') else { return Ok((written, Self::Sound)) };
        let found = Self::NAMED.iter().find(|(known, _)| *known == form).map(|(_, form)| *form);
        let known = || Self::NAMED.map(|(name, _)| name).join(", ");
        found.map(|form| (name, form)).ok_or_else(|| {
            Error::Refused(format!("`+{form}` is no form of a scenario; there are: {}", known()))
        })
    }

    /// What is true of it.
    const fn truth(self) -> Verdict {
        match self {
            Self::Sound | Self::Arm(_, false) => Verdict::Pass,
            Self::Loss | Self::Arm(_, true) => Verdict::Fail,
        }
    }

    /// Makes it.
    fn make(self, scenario: &mut Scenario) -> Result<(), Error> {
        match self {
            Self::Sound => Ok(()),
            Self::Loss => {
                scenario.fault.push(loss());
                Ok(())
            }
            Self::Arm(candidate, _) => {
                keep_variants(scenario, &[BASE.to_owned(), candidate.to_owned()])?;
                let figures = [(Figure::LossRate, 0.001), (Figure::Response(Quantile::P50), 0.03)];
                scenario.compare = Some(Compare {
                    baseline: BASE.to_owned(),
                    candidate: candidate.to_owned(),
                    pairs: NonZeroU32::MIN.saturating_add(PAIRS - 1),
                    gate: Gates(figures.into()),
                    ..Compare::default()
                });
                scenario.trials = NonZeroU32::MIN;
                Ok(())
            }
        }
    }
}

/// A loss on every variant.
fn loss() -> Fault {
    let reject = NonZeroU32::new(LOST_OF_EACH).unwrap_or(NonZeroU32::MIN);
    Fault {
        name: Some("planted-loss".to_owned()),
        kind: FaultKind::Answer(ScriptedAnswer::Partial(Partial { reject })),
        on: None,
        at: None,
        lasting: None,
        every: None,
        until: None,
        when: None,
        requests: Some(Requests { from: 0, to: None, every: NonZeroU32::MIN }),
        variants: None,
        at_least: None,
    }
}

/// Shortens a scenario: one trial of the first, the middle and the last variant. Times stay: faults and expectations rest on them.
fn shorten(scenario: &mut Scenario) -> Result<(), Error> {
    if scenario.compare.is_none() {
        scenario.trials = NonZeroU32::MIN;
    }
    let names: Vec<String> = scenario.variant.iter().map(|variant| variant.name.clone()).collect();
    if names.len() > 3 {
        let at = [0, names.len() / 2, names.len() - 1];
        let kept: Vec<String> = at.iter().filter_map(|at| names.get(*at).cloned()).collect();
        keep_variants(scenario, &kept)?;
    }
    Ok(())
}

/// Runs what is missing, cell by cell; the table is on disk after each.
pub(crate) fn noise(
    order: &NoiseOrder,
    color: bool,
    interrupt: &Interrupt,
    audience: &mut dyn Audience,
) -> Result<(PathBuf, NoiseTable), Error> {
    let names: Vec<String> =
        if order.only.is_empty() { LIBRARY.map(str::to_owned).to_vec() } else { order.only.clone() };
    let profiles = profiles(&order.profiles)?;
    let all: Vec<Formed> =
        names.iter().map(|name| formed(name, order.whole, color)).collect::<Result<_, _>>()?;
    let (dir, mut table) = begin(order)?;
    // Scenario by scenario: what is built for one stays built.
    for formed in &all {
        for profile in &profiles {
            if table.cell(&formed.written, profile.name).is_some() {
                continue;
            }
            if interrupt.requested() {
                return Ok((dir, table));
            }
            audience.note(&format!("{} under {}", formed.written, profile.name));
            cell(formed, profile, order.repeats, (&dir, interrupt), audience, &mut table)?;
        }
    }
    Ok((dir, table))
}

fn profiles(wanted: &[String]) -> Result<Vec<NoiseProfile>, Error> {
    if wanted.is_empty() {
        return Ok(PROFILES.to_vec());
    }
    let find = |name: &String| {
        let known = || PROFILES.map(|profile| profile.name).join(", ");
        let found = PROFILES.iter().find(|profile| profile.name == name).copied();
        found.ok_or_else(|| {
            Error::Refused(format!("there is no disturbance `{name}`; there are: {}", known()))
        })
    };
    wanted.iter().map(find).collect()
}

/// A directory of its own, or that of an earlier run with its table. Cells of another form are no part of one table.
fn begin(order: &NoiseOrder) -> Result<(PathBuf, NoiseTable), Error> {
    let (repeats, whole) = (order.repeats, order.whole);
    let Some(dir) = &order.resume else {
        let results = order.out.clone().unwrap_or_else(Project::usual_results);
        let table = NoiseTable { format: FORMAT.to_owned(), repeats, whole, ..NoiseTable::default() };
        return Ok((fresh_directory(&results, "noise")?, table));
    };
    let table: NoiseTable = store::read_json(&dir.join("noise.json"))?;
    if (table.repeats, table.whole) != (repeats, whole) {
        let whole = if table.whole { " --whole" } else { "" };
        return Err(Error::Refused(format!(
            "it was begun with --repeat-spoilt {}{whole}; say the same",
            table.repeats
        )));
    }
    Ok((dir.clone(), table))
}

/// A scenario in its form, valid.
struct Formed {
    written: String,
    truth: Verdict,
    scenario: Scenario,
    selected: Selected,
}

/// Loads a scenario and makes its form. All of them are made before the first runs: a mistake in the last would cost hours.
fn formed(written: &str, whole: bool, color: bool) -> Result<Formed, Error> {
    let (name, form) = NoiseForm::of(written)?;
    let Loaded { mut scenario, text, folder, .. } = scenario_file::load(Path::new(name), color)?;
    if !whole {
        shorten_but_arms(&mut scenario, form)?;
    }
    form.make(&mut scenario)?;
    let selected = Selected::of(&scenario, text, folder)?;
    Ok(Formed { written: written.to_owned(), truth: form.truth(), scenario, selected })
}

/// One scenario under one profile. What the harness cannot do is a cell without a verdict: the others are still worth their time.
fn cell(
    formed: &Formed,
    profile: &NoiseProfile,
    repeats: u16,
    (dir, interrupt): (&Path, &Interrupt),
    audience: &mut dyn Audience,
    table: &mut NoiseTable,
) -> Result<(), Error> {
    let Formed { written, truth, scenario, selected } = formed;
    let file = (selected.text.clone(), selected.folder.clone());
    let limits = Limits { repeat_spoilt: Some(repeats), ..Limits::default() };
    let series = Series::inside(scenario.clone(), file, dir, interrupt)?.disturbed(profile.does, limits);
    let cell = match series.run(selected, audience) {
        Ok((run, result)) => {
            let Environment { cpu, cpus, .. } = &result.environment;
            table.machine = format!("{cpu}, {} CPUs", cpus.len());
            let cell = told(written, profile, *truth, &result);
            // What went wrong or stayed open is looked at; the logs of all cells would fill the disk.
            if cell.told == TruthTold::Right {
                store::remove(&run)?;
            }
            cell
        }
        Err(error) => NoiseCell { reasons: vec![error.to_string()], ..unfinished(written, profile, *truth) },
    };
    // What was cut short says nothing.
    if !interrupt.requested() {
        table.cells.push(cell);
        store::write_json(&dir.join("noise.json"), table)?;
    }
    Ok(())
}

fn shorten_but_arms(scenario: &mut Scenario, form: NoiseForm) -> Result<(), Error> {
    match form {
        NoiseForm::Arm(..) => Ok(()),
        NoiseForm::Sound | NoiseForm::Loss => shorten(scenario),
    }
}

fn unfinished(scenario: &str, profile: &NoiseProfile, truth: Verdict) -> NoiseCell {
    NoiseCell {
        scenario: scenario.to_owned(),
        profile: profile.name.to_owned(),
        truth,
        verdict: None,
        told: TruthTold::NoVerdict,
        expectations: (0, 0, 0),
        trials: 0,
        spoilt: 0,
        foreign: 0.0,
        steal: 0.0,
        throttled: 0.0,
        reasons: Vec::new(),
    }
}

/// What a run told.
fn told(scenario: &str, profile: &NoiseProfile, truth: Verdict, result: &RunResult) -> NoiseCell {
    let trials: Vec<&TrialResult> = result.variants.iter().flat_map(|variant| &variant.trials).collect();
    let most =
        |share: &dyn Fn(&TrialResult) -> f64| trials.iter().map(|trial| share(trial)).fold(0.0, f64::max);
    let said = said(result);
    let of = |verdict| said.iter().filter(|one| **one == verdict).count() as u64;
    let throttled = |trial: &TrialResult| {
        let quotas = [trial.usage.harness_quota, trial.usage.fixture_quota];
        quotas.iter().flatten().map(QuotaFigures::share).fold(0.0, f64::max)
    };
    NoiseCell {
        verdict: Some(result.verdict),
        told: TruthTold::of(truth, result.verdict),
        expectations: (of(Verdict::Pass), of(Verdict::Fail), of(Verdict::Inconclusive)),
        trials: trials.len() as u64,
        spoilt: trials.iter().flat_map(|trial| &trial.attempts).map(|all| all.spoilt.len() as u64).sum(),
        foreign: most(&|trial| trial.usage.foreign),
        steal: most(&|trial| trial.usage.steal),
        throttled: most(&throttled),
        reasons: result.reasons.clone(),
        ..unfinished(scenario, profile, truth)
    }
}

/// What it says of each expectation, and of each figure that decides in a comparison.
fn said(result: &RunResult) -> Vec<Verdict> {
    let of_figure = |row: &Compared| match row.change {
        Change::Better | Change::Same => Verdict::Pass,
        Change::Worse | Change::Different => Verdict::Fail,
        Change::Inconclusive => Verdict::Inconclusive,
    };
    let rows = result.comparison.iter().flat_map(|comparison| &comparison.rows);
    let figures = rows.filter(|row| row.way == ComparedBy::Paired).map(of_figure);
    result.expectations.iter().map(|one| one.verdict).chain(figures).collect()
}

#[cfg(test)]
mod tests {
    use spanfate_model::scenario::{Load, Variant};

    use super::*;

    fn scenario(variants: &[&str]) -> Scenario {
        let named = |name: &&str| Variant { name: (*name).to_owned(), ..Variant::default() };
        let mut scenario = Scenario::new("x".to_owned(), Load::default());
        scenario.variant = variants.iter().map(named).collect();
        scenario.trials = NonZeroU32::new(6).unwrap();
        scenario
    }

    #[test]
    fn the_short_form_keeps_the_ends_and_the_middle() {
        let mut many = scenario(&["0ms", "5ms", "20ms", "50ms", "200ms", "200ms-b2048"]);
        shorten(&mut many).unwrap();
        let kept: Vec<&str> = many.variant.iter().map(|variant| variant.name.as_str()).collect();
        assert_eq!((kept, many.trials.get()), (vec!["0ms", "50ms", "200ms-b2048"], 1));
        let mut few = scenario(&["a", "b"]);
        shorten(&mut few).unwrap();
        assert_eq!(few.variant.len(), 2);
    }

    #[test]
    fn forms_say_what_is_true_of_them() {
        assert_eq!(NoiseForm::of("probes/all-events").unwrap(), ("probes/all-events", NoiseForm::Sound));
        let (name, form) = NoiseForm::of("grpc+loss").unwrap();
        assert_eq!((name, form.truth()), ("grpc", Verdict::Fail));
        assert!(NoiseForm::of("grpc+los").is_err());
        let mut arms = scenario(&["same", "same-again", "slower", "lossy"]);
        let (_, form) = NoiseForm::of("selftest+slower").unwrap();
        form.make(&mut arms).unwrap();
        let compare = arms.compare.unwrap();
        assert_eq!((compare.candidate.as_str(), compare.pairs.get(), arms.variant.len()), ("slower", 12, 2));
        assert_eq!(form.truth(), Verdict::Fail);
        assert_eq!(NoiseForm::of("selftest+equal").unwrap().1.truth(), Verdict::Pass);
    }

    #[test]
    fn profiles_are_found_by_name_and_all_of_the_library_is_well_formed() {
        assert_eq!(profiles(&[]).unwrap().len(), PROFILES.len());
        assert!((profiles(&["steal-5".to_owned()]).unwrap()[0].does.stolen - 0.05).abs() < 1e-9);
        assert!(profiles(&["steal-6".to_owned()]).is_err());
        for name in LIBRARY {
            assert!(formed(name, false, false).is_ok(), "{name}");
        }
    }
}
