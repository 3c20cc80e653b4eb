//! The four answers of the first screen: is anything lost, why, may I believe it, what should I set?

use spanfate_model::fate::witness::WitnessState;
use spanfate_model::format::manifest::Status;
use spanfate_model::result::{Basis, RunResult, VariantResult};

use crate::books::{Books, contradictions, trials};
use crate::number::PAGE;
use crate::paths;

mod set;
mod why;

pub(crate) use set::set;
pub(crate) use why::why;

/// Most variants that are named.
const NAMED: usize = 3;

/// An answer: a word or two, then sentences, then lines to paste.
pub(crate) struct Answer {
    pub(crate) short: String,
    pub(crate) sentences: Vec<String>,
    /// Whom they are for, the lines, and how it is known that they help.
    pub(crate) settings: Vec<Setting>,
}

/// Lines to paste, for one configuration.
pub(crate) struct Setting {
    pub(crate) instead_of: String,
    pub(crate) lines: Vec<String>,
    pub(crate) known: String,
    /// Whether this run has shown it.
    pub(crate) measured: bool,
}

impl Answer {
    fn new(short: impl Into<String>, sentences: impl IntoIterator<Item = String>) -> Self {
        Self { short: short.into(), sentences: sentences.into_iter().collect(), settings: Vec::new() }
    }
}

/// Is anything lost?
pub(crate) fn lost(result: &RunResult) -> Answer {
    let books = Books::of_run(result);
    let due = books.created - books.deliberate.min(books.created);
    if books.created == 0 {
        return Answer::new("No span was created", ["So nothing can be said about loss.".to_owned()]);
    }
    if books.unexplained + books.unexpected > 0 {
        let text = "The books do not close: until they do, no figure of loss means anything.";
        return Answer::new("It cannot be said", [text.to_owned()]);
    }
    let lossy: Vec<&VariantResult> =
        result.variants.iter().filter(|v| Books::of_variant(v).lost > 0).collect();
    let several = result.variants.len() > 1;
    if lossy.is_empty() {
        let not_all = if books.unaccounted > 0 {
            format!(" Of {} it is not known.", PAGE.counted(books.unaccounted, "span", "spans"))
        } else {
            String::new()
        };
        let who =
            if several { format!(" by any of {} variants", result.variants.len()) } else { String::new() };
        return Answer::new("No", [format!("0 of {} spans were lost{who}.{not_all}", PAGE.count(due))]);
    }
    let mut first = format!("{} of {} spans were lost", PAGE.count(books.lost), PAGE.count(due));
    if several {
        first += &format!(", by {} of {} variants", lossy.len(), result.variants.len());
    }
    let mut worst: Vec<&VariantResult> =
        lossy.into_iter().filter(|variant| variant.summary.lost > 0).collect();
    worst.sort_by(|a, b| b.summary.loss.mean.total_cmp(&a.summary.loss.mean));
    let each = |variant: &&VariantResult| {
        let name = if several { format!("{} ", variant.name) } else { String::new() };
        format!("{name}{}", PAGE.percent(variant.summary.loss.mean))
    };
    let named: Vec<String> = worst.iter().take(NAMED).map(each).collect();
    let more = worst.len().saturating_sub(named.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let worst = (!named.is_empty()).then(|| format!("Of the measured part: {}{more}.", named.join(", ")));
    let silent = (books.silent > 0).then(|| {
        let how_many = if books.silent == books.lost {
            "All of it".to_owned()
        } else {
            PAGE.counted(books.silent, "span", "spans")
        };
        format!("{how_many} silently: by default the SDK reports nothing.")
    });
    let path = paths::loses_most(result, PAGE);
    Answer::new("Yes", std::iter::once(format!("{first}.")).chain(worst).chain(path).chain(silent))
}

/// May I believe it?
pub(crate) fn belief(result: &RunResult) -> Answer {
    let all = trials(result).count();
    if all == 0 {
        return Answer::new("There is nothing to believe", ["No trial was begun.".to_owned()]);
    }
    if let Some((count, what)) = contradictions(result).first() {
        return Answer::new("No", [format!("{} {what}.", PAGE.counted(*count, "span", "spans"))]);
    }
    let gaps = trials(result)
        .filter(|(_, trial)| trial.witnesses.iter().any(|one| matches!(one.state, WitnessState::Lossy(_))))
        .count();
    let books = Books::of_run(result);
    let mut sentences = vec![if books.created == 0 {
        "There is no span to count.".to_owned()
    } else if books.unaccounted == 0 {
        format!("Counts: yes. Each of {} spans has one fate, none is unexplained.", PAGE.count(books.created))
    } else {
        format!(
            "Counts: but for {} that a gap of a witness leaves open.",
            PAGE.counted(books.unaccounted, "span", "spans")
        )
    }];
    let valid = |figure: Basis| trials(result).filter(|(_, trial)| trial.is_valid(figure)).count();
    let (loss, latency) = (valid(Basis::Loss), valid(Basis::Latency));
    let has_load = result.plan.subject().has_load();
    if has_load {
        sentences.push(format!(
            "Rates of loss are valid in {}, times in {}.",
            of_trials(loss, all),
            of_trials(latency, all)
        ));
    }
    if gaps > 0 {
        sentences.push(format!("A witness has a gap in {}.", PAGE.counted(gaps as u64, "trial", "trials")));
    }
    let broken_off = trials(result).filter(|(_, trial)| trial.status != Status::Complete).count();
    if broken_off > 0 {
        sentences
            .push(format!("{} did not come to the end.", PAGE.counted(broken_off as u64, "trial", "trials")));
    }
    let once = result.variants.iter().all(|variant| variant.trials.len() < 2) && has_load;
    if once {
        let what = "Each variant ran once: counts are exact all the same, but small differences of rates and times mean nothing. \
                    --trials 5 gives intervals.";
        sentences.push(what.to_owned());
    }
    let whole = books.unaccounted == 0 && gaps == 0 && broken_off == 0;
    let fine = !has_load || (loss == all && latency == all);
    let short = match (whole && fine, once) {
        (true, false) => "Yes",
        (true, true) => "Yes, as far as one run goes",
        _ => "In part",
    };
    Answer::new(short, sentences)
}

fn of_trials(valid: usize, all: usize) -> String {
    match (valid, all) {
        (1, 1) => "the trial".to_owned(),
        (valid, all) if valid == all => format!("all {all} trials"),
        _ => format!("{valid} of {all} trials"),
    }
}
