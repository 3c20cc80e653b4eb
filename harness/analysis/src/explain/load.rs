//! What the load says of a span's request.

use spanfate_model::fate::witness::Witness;
use spanfate_model::load::{LoadRecord, RequestOutcome};

use super::steps::Steps;
use super::words::lasting;

/// A start this late is worth a word.
const LATE_NS: u64 = 1_000_000;

/// The steps that the load tells.
pub(super) fn tell(record: &LoadRecord, steps: &mut Steps) {
    let (who, number) = (Some(Witness::Load), record.request);
    let late = record.started.saturating_sub(record.intended);
    if !record.outcome.started() {
        steps.say(record.intended, who, format!("request {number} was due and was not started"));
        return;
    }
    if late >= LATE_NS {
        steps.say(record.intended, who, format!("request {number} was due"));
    }
    let part = if record.measured { "" } else { ", in the warm-up" };
    let lag = if late == 0 { String::new() } else { format!(", {} late", lasting(late)) };
    steps.say(record.started, who, format!("request {number} sent{lag}{part}"));
    let took = lasting(record.done.saturating_sub(record.started));
    let how = match record.outcome {
        RequestOutcome::Answered | RequestOutcome::BadStatus => {
            format!("answered with status {} after {took}", record.status)
        }
        RequestOutcome::LimitMet => {
            format!("was not sent: the load had no descriptor or port left (after {took})")
        }
        RequestOutcome::ConnectFailed => format!("found no connection within {took}"),
        RequestOutcome::Broken => format!("lost its connection after {took}"),
        RequestOutcome::TimedOut => format!("was given up without an answer after {took}"),
        RequestOutcome::InFlightCap | RequestOutcome::GeneratorLate => return,
    };
    steps.say(record.done, who, format!("request {number} {how}"));
}
