//! What moved on the way to a queue's drops, in words, each with how much later it was than what moved before.

use spanfate_model::result::{MovedSeries, PathReplay, SeriesOnset, VariantResult};

use super::number::Numbers;

/// A series that moved, in words.
pub(crate) struct MovedStep {
    /// Whose, as others named it.
    pub(crate) service: String,
    /// What it did.
    pub(crate) did: &'static str,
    /// From where to where.
    pub(crate) values: String,
    /// When, and how much later than the step before.
    pub(crate) at: String,
    pub(crate) later: Option<String>,
    pub(crate) series: MovedSeries,
}

/// What a series did, whose it is left out.
const fn did(series: MovedSeries) -> &'static str {
    match series {
        MovedSeries::AnswerTime => "the receiver answered late",
        MovedSeries::NetworkTime => "requests were under way for long",
        MovedSeries::SerialisingTime => "making messages took long",
        MovedSeries::CpuWait => "calls waited for a CPU",
        MovedSeries::FailingTime => "exports failed or were tried again",
        MovedSeries::ExportTime => "exports took long",
        MovedSeries::SpanTime => "its spans took long",
        MovedSeries::Queue => "its queue filled",
        MovedSeries::Drops => "spans were dropped",
    }
}

fn values(onset: &SeriesOnset, numbers: Numbers) -> String {
    let most = onset.most.max(0.0) as u64;
    match onset.series {
        MovedSeries::Queue => format!("up to {}", numbers.counted(most, "span", "spans")),
        MovedSeries::Drops => format!("{} in all", numbers.counted(most, "span", "spans")),
        _ => {
            format!("usually {}, up to {}", numbers.lasting(onset.usual), numbers.lasting(onset.most))
        }
    }
}

/// The steps of a replay, by time.
pub(crate) fn steps(replay: &PathReplay, numbers: Numbers) -> Vec<MovedStep> {
    let mut before: Option<f64> = None;
    let one = |onset: &SeriesOnset| {
        let later = before.replace(onset.at_ms).map(|ms| onset.at_ms - ms);
        let later = later.filter(|ms| *ms > 0.0).map(|ms| numbers.lasting(ms));
        MovedStep {
            service: onset.service.clone(),
            did: did(onset.series),
            values: values(onset, numbers),
            at: numbers.seconds(onset.at_ms),
            later,
            series: onset.series,
        }
    };
    replay.onsets.iter().map(one).collect()
}

/// What must be said where only the queue moved: nothing began, it was so all the time.
pub(crate) fn only_queue(replay: &PathReplay) -> Option<&'static str> {
    let of_queue = |onset: &SeriesOnset| matches!(onset.series, MovedSeries::Queue | MovedSeries::Drops);
    (!replay.onsets.is_empty() && replay.onsets.iter().all(of_queue)).then_some(
        "No time of a call or of a span left its usual value: what filled the queue was there from the beginning.",
    )
}

/// The replay that most is known of: of the trial that dropped most among those that fit.
pub(crate) fn worst(variant: &VariantResult) -> Option<(usize, &PathReplay)> {
    let all = variant.trials.iter().enumerate();
    let all = all.flat_map(|(at, trial)| trial.replays.iter().map(move |replay| (at, replay)));
    all.reduce(|most, one| {
        let size = |replay: &PathReplay| (replay.fits, replay.dropped);
        if size(one.1) > size(most.1) { one } else { most }
    })
}
