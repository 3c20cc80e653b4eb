//! The words that the terminal and the page share.

use std::collections::BTreeMap;

use spanfate_model::fate::FateClass;
use spanfate_model::format::manifest::Status;
use spanfate_model::result::change::Change;
use spanfate_model::result::{
    Basis, ComparedBy, Comparison, Estimate, Expectation, Footing, LoadFigures, RunResult, Spoiler,
    TrialResult, Validity, VariantResult,
};
use spanfate_model::scenario::Model;
use spanfate_model::scenario::figure::Figure;
use spanfate_model::verdict::Verdict;

use crate::text::number::{NONE, Numbers};

/// Requests per second asked for; a closed load asks for none.
pub(crate) fn offered(load: &LoadFigures, numbers: Numbers) -> String {
    match load.model {
        Model::Open => numbers.short(load.offered),
        Model::Closed => "closed".to_owned(),
    }
}

/// Words as a sentence begins.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Lines of a setting as a shell takes them: what runs after it has to see the variables.
pub(crate) fn shell_lines(lines: &[String]) -> Vec<String> {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    };
    let one = |line: &String| match line.split_once('=') {
        Some((name, _)) if is_name(name) => format!("export {line}"),
        _ => line.clone(),
    };
    lines.iter().map(one).collect()
}

/// A verdict as a word.
pub(crate) const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Inconclusive => "inconclusive",
        Verdict::Fail => "fail",
        Verdict::AccountingBroken => "accounting broken",
    }
}

/// What the verdict means for this run, as a sentence.
pub(crate) fn sentence(result: &RunResult) -> String {
    let asked = result.expectations.len();
    let failed = result.expectations.iter().filter(|e| e.verdict == Verdict::Fail).count();
    match result.verdict {
        Verdict::Pass if asked == 0 && lost(result) > 0 => {
            "All books close. No loss is a failure here, for nothing was expected.".to_owned()
        }
        Verdict::Pass if asked == 0 => "All books close; nothing was expected beyond that.".to_owned(),
        Verdict::Pass => {
            let what = if asked == 1 { "The expectation holds".to_owned() } else { format!("All {asked} expectations hold") };
            format!("{what}, and all books close.{}", in_spite(result))
        }
        Verdict::Inconclusive => match certain(result) {
            Some(certain) => format!("{certain} Do not read this as a pass."),
            None => "It cannot be said; do not read this as a pass.".to_owned(),
        },
        // The expectations may all hold where a candidate is worse.
        Verdict::Fail if failed == 0 => result.reasons.first().cloned().unwrap_or_default(),
        Verdict::Fail => {
            format!("{failed} of {asked} expectations {} not hold.", if failed == 1 { "does" } else { "do" })
        }
        Verdict::AccountingBroken => {
            "Spans are missing or too many that complete witnesses cannot place: the instrument or the fixture is broken."
                .to_owned()
        }
    }
}

/// How many of the expectations that hold do so although no trial is valid for their figure.
fn in_spite(result: &RunResult) -> String {
    let held = result.expectations.iter().filter(|one| one.verdict == Verdict::Pass);
    match held.filter(|one| !one.footing.is_usual()).count() {
        0 => String::new(),
        1 => " One of them holds although the machine was disturbed, for disturbance cannot have made it."
            .to_owned(),
        n => format!(
            " {n} of them hold although the machine was disturbed, for disturbance cannot have made them."
        ),
    }
}

/// Statements on one topic: which figures are open, and how many statements there are.
#[derive(Default)]
struct TopicStatements {
    open: Vec<String>,
    all: usize,
}

impl TopicStatements {
    fn say(&mut self, figure: String, is_open: bool) {
        self.all += 1;
        if is_open {
            self.open.push(figure);
        }
    }

    /// The figures that are open, each once.
    fn figures(&self) -> String {
        let mut names: Vec<String> = self.open.iter().map(|name| format!("`{name}`")).collect();
        names.sort_unstable();
        names.dedup();
        names.join(", ")
    }
}

/// What is open and what is certain all the same, where something is expected, and whether the machine cannot carry what is open.
fn certain(result: &RunResult) -> Option<String> {
    let [mut loss, mut latency, mut comparison] = <[TopicStatements; 3]>::default();
    for judged in &result.expectations {
        let figure = judged.that.known().map(|condition| condition.figure);
        let topic = if matches!(figure, Some(Figure::Response(_))) { &mut latency } else { &mut loss };
        let name = figure.map_or_else(|| judged.that.to_string(), |figure| figure.to_string());
        topic.say(name, judged.verdict != Verdict::Pass);
    }
    let rows = result.comparison.iter().flat_map(|comparison| &comparison.rows);
    for row in rows.filter(|row| row.way == ComparedBy::Paired) {
        comparison.say(row.figure.to_string(), row.change == Change::Inconclusive);
    }
    let topics = [("loss and counts", loss), ("latency", latency), ("the comparison", comparison)];
    let told: Vec<(&str, TopicStatements)> = topics.into_iter().filter(|(_, told)| told.all > 0).collect();
    if told.is_empty() {
        return None;
    }
    let open = |(topic, told): &(&str, TopicStatements)| {
        let statements = if told.all == 1 { "statement" } else { "statements" };
        format!("{topic} ({} of {} {statements} open: {})", told.open.len(), told.all, told.figures())
    };
    let whole = |(topic, told): &(&str, TopicStatements)| match told.all {
        1 => format!("the statement on {topic} holds"),
        all => format!("all {all} statements on {topic} hold"),
    };
    let (whole_ones, open_ones): (Vec<_>, Vec<_>) = told.iter().partition(|(_, told)| told.open.is_empty());
    let open: Vec<String> = open_ones.into_iter().map(open).collect();
    let whole: Vec<String> = whole_ones.into_iter().map(whole).collect();
    let said = match (open.is_empty(), whole.is_empty()) {
        (true, _) => return Some(format!("{}, but the run as a whole is open.", capital(&whole.join("; ")))),
        (false, true) => format!("Inconclusive for {}.", open.join(" and ")),
        (false, false) => format!("Inconclusive for {}; {}.", open.join(" and "), whole.join("; ")),
    };
    Some(format!("{said}{}", not_carried(result)))
}

/// That a machine of which others take time, or a quota all but a part, cannot carry what is open, where nothing else is amiss with any
/// trial but a load that came late for it.
fn not_carried(result: &RunResult) -> String {
    let trials = || result.variants.iter().flat_map(|variant| &variant.trials);
    let spoilt = |trial: &TrialResult| {
        trial.validity.iter().filter(|mark| !mark.valid).map(Validity::spoiler).collect::<Vec<_>>()
    };
    let is_taken = |spoiler: &Option<Spoiler>| matches!(spoiler, Some(Spoiler::Others | Spoiler::Quota));
    let all: Vec<Vec<Option<Spoiler>>> = trials().map(spoilt).filter(|marks| !marks.is_empty()).collect();
    let only_taken = |marks: &Vec<Option<Spoiler>>| {
        marks.iter().any(is_taken) && marks.iter().all(|one| is_taken(one) || *one == Some(Spoiler::Load))
    };
    if all.is_empty() || !all.iter().all(only_taken) {
        return String::new();
    }
    let any = |wanted| all.iter().flatten().any(|one| *one == Some(wanted));
    let what = if any(Spoiler::Load) { "this load" } else { "what is open" };
    let how =
        if any(Spoiler::Quota) { "with what a CPU quota leaves of it" } else { "while others take its time" };
    format!(" This machine cannot carry {what} {how}.")
}

/// What a verdict stands on where that is not a valid trial.
pub(crate) const fn footing(judged: &Expectation) -> Option<&'static str> {
    match judged.footing {
        Footing::Valid => None,
        Footing::Proven => Some("proven by the books, whatever the machine did"),
        Footing::Conservative if matches!(judged.verdict, Verdict::Pass) => {
            Some("held under disturbance, so conservative")
        }
        Footing::Conservative => {
            Some("does not hold even if all that disturbance may have made is taken away")
        }
        Footing::NeedsReplay => Some("open until it is known what is lost without the stalls"),
    }
}

/// Which trials the values of an expectation are of.
pub(crate) const fn judged_on(judged: &Expectation) -> &'static str {
    if judged.footing.is_usual() { "per valid trial" } else { "per disturbed trial" }
}

/// The reason of a verdict, and what it stands on.
pub(crate) fn why(judged: &Expectation) -> Option<String> {
    match (&judged.reason, footing(judged)) {
        (Some(reason), Some(footing)) => Some(format!("{reason}; {footing}")),
        (Some(reason), None) => Some(reason.clone()),
        (None, footing) => footing.map(str::to_owned),
    }
}

/// Spans lost in all trials, warm-up included.
pub(crate) fn lost(result: &RunResult) -> u64 {
    let trials = result.variants.iter().flat_map(|variant| &variant.trials);
    trials.map(|trial| trial.ledger.class(FateClass::Lost).0).sum()
}

/// Whether a comparison ended the run at one of its planned looks.
pub(crate) fn decided_early(result: &RunResult) -> bool {
    let early = |comparison: &Comparison| comparison.looks.is_some() && comparison.pairs < comparison.planned;
    result.comparison.as_ref().is_some_and(early)
}

/// What to say first about a run that did not come to its end.
pub(crate) fn incomplete(result: &RunResult) -> Option<String> {
    let trials = result.variants.iter().flat_map(|variant| &variant.trials);
    let done = trials.filter(|trial| trial.status == Status::Complete).count();
    let planned = result.plan.trials.len();
    let how = match result.status {
        Status::Complete if done >= planned => return None,
        Status::Complete if decided_early(result) => {
            return Some(format!(
                "The comparison was decided before its last pair: {done} of {planned} planned trials were run."
            ));
        }
        Status::Complete => "This run is complete, but not every trial is",
        Status::Interrupted => "This run was interrupted",
        Status::Partial => "This run broke off",
    };
    Some(format!("{how}: {done} of {planned} planned trials are complete. What was done is accounted."))
}

/// A trial's status as a word.
pub(crate) const fn status(status: Status) -> &'static str {
    match status {
        Status::Complete => "complete",
        Status::Interrupted => "interrupted",
        Status::Partial => "partial",
    }
}

/// Spans that were due and spans lost of them, over the measured parts of all trials of a variant.
pub(crate) fn due(variant: &VariantResult) -> (u64, u64) {
    variant.trials.iter().fold((0, 0), |(due, lost), trial| (due + trial.loss.due, lost + trial.loss.lost))
}

/// The loss of a variant. Nothing lost is written with the number of spans it rests on.
pub(crate) fn loss(variant: &VariantResult, numbers: Numbers) -> String {
    if due(variant).1 == 0 && variant.summary.loss.mean <= 0.0 {
        return nothing(variant, numbers);
    }
    numbers.percent(variant.summary.loss.mean)
}

/// That nothing was lost, with the number of spans it rests on. Where there were spans and none of them was due, nothing is proven.
pub(crate) fn nothing(variant: &VariantResult, numbers: Numbers) -> String {
    match due(variant).0 {
        0 if variant.trials.iter().any(|trial| trial.ledger.created > 0) => "none was due".to_owned(),
        due => format!("0 of {}", numbers.count(due)),
    }
}

/// How far clean trials reach: how many there are, and how probable a lossy one may still be. Nothing to say where a trial
/// lost something, or where only one is valid.
pub(crate) fn clean(variant: &VariantResult, numbers: Numbers) -> Option<(String, String)> {
    let bound = variant.summary.lossy_bound?;
    let valid =
        variant.trials.iter().filter(|trial| trial.is_valid(Basis::Loss) && trial.loss.due > 0).count();
    // A spoilt trial is not among them: "4/5" would read as if one had lost something.
    let trials = format!("{valid}/{valid} trials clean");
    Some((trials, format!("≤ {} %", numbers.fixed(bound * 100.0, 0))))
}

/// The 95 % interval of an estimate, inside what a share can be.
pub(crate) fn interval(estimate: &Estimate, numbers: Numbers) -> Option<String> {
    let (low, high) = estimate.interval.filter(|_| estimate.n >= 2)?;
    if high <= 0.0 && low >= 0.0 {
        return None;
    }
    Some(format!("{} … {}", numbers.points(low.max(0.0)), numbers.percent(high.min(1.0))))
}

/// What an expectation measured, per valid trial.
pub(crate) fn values(judged: &Expectation, numbers: Numbers) -> String {
    let figure = judged.that.known().map(|condition| condition.figure);
    let write = |value: &f64| match figure {
        Some(figure) if figure.is_time() => numbers.ms(value / 1e6),
        // What it rests on stands beside the loss itself; here only that there was none.
        Some(figure) if figure.is_ratio() && *value <= 0.0 => "no loss".to_owned(),
        Some(figure) if figure.is_ratio() => numbers.percent(*value),
        _ if value.fract() == 0.0 => numbers.fixed(*value, 0),
        _ => numbers.short(*value),
    };
    let all: Vec<String> = judged.values.iter().map(write).collect();
    if all.is_empty() { NONE.to_owned() } else { all.join("; ") }
}

/// What the law predicts; there is nothing to say about a variant it does not speak of.
pub(crate) fn law(rate: Option<f64>, numbers: Numbers) -> String {
    maybe(rate, |rate| if rate <= 0.0 { "no loss".to_owned() } else { numbers.percent(rate) })
}

/// What the errors of failed exports said, most first, with a clear word for those that were told apart by a sign only.
pub(crate) fn causes(failed_by: &BTreeMap<String, u64>) -> Vec<(u64, &str)> {
    let word = |cause: &'_ str| match cause {
        "too_large" => "too large",
        "payload_limit" => "over the payload limit",
        "not_encodable" => "not encodable",
        "tls" => "no TLS connection",
        "name_not_found" => "name not found",
        "unauthenticated" => "not authenticated",
        "status" => "error status",
        "other" => "other errors",
        _ => "",
    };
    let mut out: Vec<(u64, &str)> = failed_by
        .iter()
        .map(|(cause, calls)| (*calls, if word(cause).is_empty() { cause.as_str() } else { word(cause) }))
        .collect();
    out.sort_by_key(|(calls, _)| std::cmp::Reverse(*calls));
    out
}

/// A number that may be absent.
pub(crate) fn maybe<T>(value: Option<T>, write: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| NONE.to_owned(), write)
}
