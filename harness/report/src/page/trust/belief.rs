//! Why may I believe it? What was checked, measured value beside bound.

use spanfate_model::fate::witness::{Witness, WitnessState};
use spanfate_model::result::{Basis, Bound, RunResult, TrialResult, TrustCheck, Validity, VariantResult};
use spanfate_model::term::Term;

use super::{instrument, witnesses};
use crate::answers::belief;
use crate::figures::sums::trials;
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{PageSection, doubt, fold, trial_name};
use crate::page::trust::runtime_trace;
use crate::text::labels;
use crate::text::number::{NONE, PAGE};
use crate::text::words::{self, maybe};

/// The section: what was checked, whether witnesses agree, and what they cost.
pub(crate) fn section(result: &RunResult) -> PageSection {
    // Without a load of ours there is nothing of it to look at.
    let has_load = result.plan.subject().has_load();
    let loaded = |table: Html| if has_load { table } else { Html::new() };
    let own = [
        checks(result),
        loaded(conditions(result)),
        attempts(result),
        ended(result),
        unread(result),
        failures(result),
    ];
    let parts = [witnesses::section(result), instrument::section(result), runtime_trace::section(result)];
    let parts: Html = parts.iter().flatten().map(PageSection::part).collect();
    PageSection {
        id: "belief",
        question: "Why may I believe it?",
        answer: belief(result).sentences.join(" "),
        body: own.into_iter().collect::<Html>().with(&parts),
    }
}

/// A check over all trials.
struct CheckColumn<'a> {
    figure: &'a Term<Basis>,
    check: &'a Term<TrustCheck>,
    /// The bound, if it is the same in all trials.
    bound: Option<f64>,
    side: Bound,
}

fn kinds(result: &RunResult) -> Vec<CheckColumn<'_>> {
    let mut out: Vec<CheckColumn<'_>> = Vec::new();
    for mark in trials(result).flat_map(|(_, trial)| &trial.validity) {
        if let Some(kind) = out.iter_mut().find(|kind| kind.is_of(mark)) {
            // A check of another version may not say its side; its values do, in one trial or the other.
            if mark.side().is_none() && seen(mark) == Bound::AtLeast {
                kind.side = Bound::AtLeast;
            }
            kind.bound = kind.bound.filter(|bound| bound.total_cmp(&mark.bound).is_eq());
        } else {
            let side = mark.side().unwrap_or_else(|| seen(mark));
            out.push(CheckColumn { figure: &mark.figure, check: &mark.check, bound: Some(mark.bound), side });
        }
    }
    out
}

/// The side of the bound that a value and its mark show.
const fn seen(mark: &Validity) -> Bound {
    let above = (mark.valid && mark.measured > mark.bound) || (!mark.valid && mark.measured < mark.bound);
    if above { Bound::AtLeast } else { Bound::AtMost }
}

impl CheckColumn<'_> {
    fn is_of(&self, mark: &Validity) -> bool {
        *self.figure == mark.figure && *self.check == mark.check
    }

    fn limit(&self, bound: f64) -> String {
        let sign = match self.side {
            Bound::AtMost => "≤",
            Bound::AtLeast => "≥",
        };
        format!("{sign}\u{a0}{}", digits(bound))
    }

    fn title(&self) -> String {
        let limit = self.bound.map_or_else(String::new, |bound| format!(" {}", self.limit(bound)));
        format!("#{} | {}{limit}", labels::basis(self.figure), labels::check(self.check))
    }

    fn cell(&self, mark: &Validity) -> Html {
        let (sign, class) = if mark.valid { ("✓", "ok") } else { ("✗ not valid", "spoilt") };
        let value = Html::leaf("span", class, format!("{} {sign}", digits(mark.measured)));
        if self.bound.is_some() {
            value
        } else {
            value.with(&Html::leaf("small", "", self.limit(mark.bound)))
        }
    }
}

fn digits(value: f64) -> String {
    PAGE.fixed(value, if value.abs() < 10.0 { 3 } else { 1 })
}

fn checks(result: &RunResult) -> Html {
    let kinds = kinds(result);
    let titles = std::iter::once("Trial".to_owned()).chain(kinds.iter().map(CheckColumn::title));
    let mut grid = Grid::new("Checks by trial: measured value and bound", titles);
    for (variant, trial) in trials(result).filter(|(_, trial)| !trial.validity.is_empty()) {
        let mut cells = vec![Html::text(trial_name(variant, trial))];
        for kind in &kinds {
            let mark = trial.validity.iter().find(|mark| kind.is_of(mark));
            cells.push(mark.map_or_else(|| Html::text(NONE), |mark| kind.cell(mark)));
        }
        grid.marked(cells);
    }
    fold(grid.len(), &format!("Checks of {} trials", grid.len()), grid.render())
}

/// Trials that were run again or waited for a quiet machine.
fn attempts(result: &RunResult) -> Html {
    let titles = ["Trial", "Attempt that counts", "Waited for a quiet machine", "Service's core then"];
    let mut grid = Grid::new("Attempts by trial, and what they waited for", titles);
    for (variant, trial) in trials(result).filter(|(_, one)| one.attempts.is_some() || one.quiet.is_some()) {
        let attempt = trial.attempts.as_ref().map_or_else(|| "the first".to_owned(), ToString::to_string);
        let quiet = trial.quiet.as_ref();
        let waited = quiet.map_or_else(
            || NONE.to_owned(),
            |quiet| {
                let seconds = PAGE.fixed(quiet.waited_ms as f64 / 1e3, 1);
                format!("{seconds} s{}", if quiet.came { "" } else { ", in vain" })
            },
        );
        let cores = quiet
            .into_iter()
            .flat_map(|quiet| quiet.cores.iter().filter(|core| quiet.fixture.contains(&core.cpu)));
        let core = cores.map(|core| {
            let (busy, steal) = (PAGE.fixed(core.busy * 100.0, 0), PAGE.fixed(core.steal * 100.0, 0));
            format!("{}: {busy} % busy, {steal} % stolen", core.cpu)
        });
        let core = core.collect::<Vec<_>>().join("; ");
        grid.row(vec![trial_name(variant, trial), attempt, waited, core]);
    }
    if grid.len() == 0 {
        return Html::new();
    }
    fold(grid.len(), &format!("Attempts and waiting of {} trials", grid.len()), grid.render())
}

fn conditions(result: &RunResult) -> Html {
    let titles = [
        "Trial",
        "#Offered | requests/s",
        "#Started | requests/s",
        "#Worst 1\u{a0}s | of offered",
        "#Start lag p99 | ms",
        "#Not started | requests",
        "#Failed | requests",
        "#Neighbour CPU | of fixture's cores",
        "#Steal | of fixture's cores",
        "#CPU pressure | of time",
        "#Waiting for a CPU | service, of time",
        "#Harness CPU | cores",
    ];
    let mut grid = Grid::new("Load and machine by trial", titles);
    for (variant, trial) in trials(result) {
        grid.row(condition(variant, trial));
    }
    fold(grid.len(), &format!("Load and machine of {} trials", grid.len()), grid.render())
}

fn condition(variant: &VariantResult, trial: &TrialResult) -> Vec<String> {
    let (load, usage) = (&trial.load, &trial.usage);
    let reasons = |counts: &std::collections::BTreeMap<String, u64>| match counts.values().sum::<u64>() {
        0 => "0".to_owned(),
        _ => counts.iter().map(|(why, n)| format!("{} {why}", PAGE.count(*n))).collect::<Vec<_>>().join(", "),
    };
    vec![
        trial_name(variant, trial),
        words::offered(load, PAGE),
        PAGE.short(load.achieved),
        PAGE.percent(load.worst_window),
        maybe(load.start_lag.as_ref(), |lag| PAGE.short(lag.p99)),
        reasons(&load.not_started),
        reasons(&load.failed),
        PAGE.percent(usage.foreign),
        PAGE.percent(usage.steal),
        PAGE.percent(usage.pressure),
        PAGE.percent(usage.fixture_wait),
        PAGE.fixed(usage.harness_cpu, 2),
    ]
}

fn ended(result: &RunResult) -> Html {
    const ALL: [Witness; 6] =
        [Witness::Process, Witness::Probe, Witness::Wire, Witness::Sdk, Witness::Collector, Witness::Load];
    let seen = |witness: &Witness| {
        trials(result).any(|(_, trial)| trial.witnesses.iter().any(|report| report.witness == *witness))
    };
    let shown: Vec<Witness> = ALL.into_iter().filter(seen).collect();
    if shown.is_empty() {
        return Html::new();
    }
    let titles = std::iter::once("Trial").chain(shown.iter().map(|witness| witness.as_str()));
    let mut grid = Grid::new("How the witnesses ended", titles);
    let row = |name: String, trial: &TrialResult| {
        let mut cells = vec![Html::text(name)];
        for witness in &shown {
            let report = trial.witnesses.iter().find(|report| report.witness == *witness);
            cells.push(report.map_or_else(|| Html::text(NONE), |report| state(&report.state)));
        }
        cells
    };
    let mut all = trials(result);
    if let Some((_, first)) = all.next()
        && trials(result).count() > 1
        && all.all(|(_, trial)| trial.witnesses == first.witnesses)
    {
        grid.marked(row(format!("All {} trials", trials(result).count()), first));
    } else {
        trials(result).for_each(|(variant, trial)| grid.marked(row(trial_name(variant, trial), trial)));
    }
    fold(grid.len(), &format!("Witnesses of {} trials", grid.len()), grid.render())
}

/// What reached the receiver and could not be read there.
fn unread(result: &RunResult) -> Html {
    let titles = ["Trial", "Why", "#Requests", "#Handed on", "#Taken then", "The first"];
    let mut grid = Grid::new(
        "Requests of which the receiver read no span: what was in them is not in its books",
        titles,
    );
    for (variant, trial) in trials(result) {
        for unread in &trial.unread {
            grid.marked(vec![
                Html::text(trial_name(variant, trial)),
                doubt(labels::unread(&unread.reason)),
                Html::text(PAGE.count(unread.requests)),
                Html::text(PAGE.count(unread.handed_on)),
                Html::text(PAGE.count(unread.taken)),
                Html::text(&unread.example),
            ]);
        }
    }
    grid.render()
}

fn state(state: &WitnessState) -> Html {
    match state {
        WitnessState::Complete => Html::leaf("span", "ok", "✓ complete"),
        WitnessState::Lossy(0) => doubt("gap of unknown size"),
        WitnessState::Lossy(n) => doubt(format!("lost {}", PAGE.counted(*n, "statement", "statements"))),
        WitnessState::Absent(why) => Html::text("absent").with(&Html::leaf("small", "", why)),
    }
}

fn failures(result: &RunResult) -> Html {
    let mut grid =
        Grid::new("Trials that did not end in order", ["Trial", "Status", "What the harness could not do"]);
    for (variant, trial) in trials(result) {
        if trial.error.is_some() || trial.status != spanfate_model::format::manifest::Status::Complete {
            let error = trial.error.clone().unwrap_or_default();
            grid.row([trial_name(variant, trial), words::status(trial.status).to_owned(), error]);
        }
    }
    grid.render()
}
