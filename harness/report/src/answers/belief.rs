//! May I believe it?

use spanfate_model::fate::witness::WitnessState;
use spanfate_model::format::manifest::Status;
use spanfate_model::result::{Basis, RunResult, TrialResult};

use super::ScreenAnswer;
use crate::figures::sums::{Books, contradictions, trials};
use crate::text::number::PAGE;

/// May I believe it? The first screen and the section that it leads to say it in these words.
pub(crate) fn belief(result: &RunResult) -> ScreenAnswer {
    let all = trials(result).count();
    if all == 0 {
        return ScreenAnswer::new("There is nothing to believe", ["No trial was begun.".to_owned()]);
    }
    if let Some((count, what)) = contradictions(result).first() {
        return ScreenAnswer::new("No", [format!("{} {what}.", PAGE.counted(*count, "span", "spans"))]);
    }
    let many = |test: fn(&TrialResult) -> bool| trials(result).filter(|(_, trial)| test(trial)).count();
    let gaps = many(|trial| trial.witnesses.iter().any(|one| matches!(one.state, WitnessState::Lossy(_))));
    let broken_off = many(|trial| trial.status != Status::Complete);
    let (loss, latency) =
        (many(|trial| trial.is_valid(Basis::Loss)), many(|trial| trial.is_valid(Basis::Latency)));
    let books = Books::of_run(result);
    let mut sentences = vec![counts(&books)];
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
    if broken_off > 0 {
        sentences
            .push(format!("{} did not come to the end.", PAGE.counted(broken_off as u64, "trial", "trials")));
    }
    let once = result.variants.iter().all(|variant| variant.trials.len() < 2) && has_load;
    if once {
        let what = "Each variant ran once. Counts are exact all the same, but small differences of rates and times mean nothing: \
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
    ScreenAnswer::new(short, sentences)
}

fn counts(books: &Books) -> String {
    if books.created == 0 {
        return "There is no span to count.".to_owned();
    }
    if books.unaccounted == 0 {
        let all = PAGE.count(books.created);
        return format!("Counts: yes. Each of {all} spans has one fate, none is unexplained.");
    }
    let open = PAGE.counted(books.unaccounted, "span", "spans");
    format!("Counts: yes, but for {open} that a gap of a witness leaves open.")
}

fn of_trials(valid: usize, all: usize) -> String {
    match (valid, all) {
        (1, 1) => "the trial".to_owned(),
        (valid, all) if valid == all => format!("all {all} trials"),
        _ => format!("{valid} of {all} trials"),
    }
}
