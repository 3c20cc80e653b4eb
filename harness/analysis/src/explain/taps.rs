//! What the taps say of single spans: when each was sent to a collector in the path, what its sender was told, and who never saw it.

use std::collections::BTreeSet;

use spanfate_model::fate::Fate;
use spanfate_model::fate::witness::Witness;
use spanfate_model::format::wire::{AnswerRecord, Relayed};
use spanfate_model::quantity::id::SpanKey;

use super::ExplainedCase;
use super::steps::Steps;
use super::wire::{Appearance, appearances, protocol};
use super::words::{count, lasting, spans};
use crate::evidence::hops::PathHops;

/// A span at one collector.
pub(super) struct AtTap {
    /// Name of the hop.
    hop: String,
    /// The stage of the path in which it stands.
    stage: usize,
    /// Its requests with the span.
    seen: Vec<Appearance>,
}

impl AtTap {
    /// The first request with the span that the collector took, with its answer.
    fn taken(&self) -> Option<(&Appearance, AnswerRecord)> {
        let taken =
            |one: &'_ Appearance| one.answer.filter(|answer| matches!(answer.relayed, Relayed::Taken { .. }));
        self.seen.iter().find_map(|one| Some((one, taken(one)?)))
    }
}

/// Gives each case what the taps saw of it, in the order of the path.
pub(super) fn give(cases: &mut [ExplainedCase<'_>], hops: &PathHops<'_>) {
    let keys: BTreeSet<SpanKey> = cases.iter().map(|case| case.key).collect();
    for hop in &hops.hops {
        let mut found = appearances(hop.log, &keys);
        for case in cases.iter_mut() {
            let seen = found.remove(&case.key).unwrap_or_default();
            case.taps.push(AtTap { hop: hop.name.to_owned(), stage: hop.stage, seen });
        }
    }
}

/// The steps that the taps tell.
pub(super) fn tell(taps: &[AtTap], steps: &mut Steps) {
    for tap in taps {
        // Before the first collector it is the service's exporter, which reports to its SDK.
        let before = tap.stage.checked_sub(1).and_then(|stage| at_stage(taps, stage));
        let (sender, told_to) =
            before.map_or(("the service", "the SDK"), |tap| (tap.hop.as_str(), tap.hop.as_str()));
        for Appearance { request, answer, .. } in &tap.seen {
            steps.say(
                request.at,
                Some(Witness::Wire),
                format!(
                    "at the tap before {} in its request {} ({}, {}), sent by {sender}",
                    tap.hop,
                    request.request,
                    spans(u64::from(request.spans)),
                    protocol(request.protocol)
                ),
            );
            if let Some(answer) = answer {
                let after = lasting(answer.at.saturating_sub(request.at));
                let told = told(&tap.hop, told_to, *answer);
                steps.say(answer.at, Some(Witness::Wire), format!("{told}, {after} after its request"));
            }
        }
    }
}

/// The hop of a stage that saw a span, or the first of them.
fn at_stage(taps: &[AtTap], stage: usize) -> Option<&AtTap> {
    let mut of_it = taps.iter().filter(|tap| tap.stage == stage);
    let first = of_it.next()?;
    Some(std::iter::once(first).chain(of_it).find(|tap| !tap.seen.is_empty()).unwrap_or(first))
}

/// What a collector told its sender.
fn told(hop: &str, whom: &str, answer: AnswerRecord) -> String {
    match answer.relayed {
        Relayed::Taken { rejected: 0 } => format!("{hop} told {whom} that it took the request"),
        Relayed::Taken { rejected } => {
            format!("{hop} told {whom} that it took the request but for {}", spans(u64::from(rejected)))
        }
        Relayed::Refused => format!("{hop} told {whom} that it does not take the request"),
        Relayed::Unanswered | Relayed::No => format!("{hop} gave {whom} no answer"),
    }
}

/// What decided the fate of a span in a collector, or that none took.
pub(super) fn verdict(case: &ExplainedCase<'_>, fate: Fate) -> String {
    let explained = fate.explain();
    let Some(created) = case.made.map(|made| made.span.created) else { return explained.to_owned() };
    let since = |at: u64| lasting(at.saturating_sub(created));
    let took = |(place, tap): (usize, &AtTap)| Some((place, tap.taken()?.1));
    let Some((place, answer)) = case.taps.iter().enumerate().rev().find_map(took) else {
        let first = case.taps.first().filter(|tap| !tap.seen.is_empty());
        return first.map_or_else(
            || explained.to_owned(),
            |tap| format!("sent to {} {}, which never took it; {explained}", tap.hop, times(&tap.seen)),
        );
    };
    let Some(tap) = case.taps.get(place) else { return explained.to_owned() };
    let taken = format!("taken by {} {} after its creation", tap.hop, since(answer.at));
    let (next, seen) = match at_stage(&case.taps, tap.stage + 1) {
        Some(next) => (next.hop.as_str(), &next.seen),
        None => ("the receiver", &case.wire),
    };
    let after = match seen.first() {
        None => format!("never seen by {next}"),
        Some(first) => format!(
            "sent to {next} {} after its creation, {}, and never taken there",
            since(first.request.at),
            times(seen)
        ),
    };
    format!("{taken} and {after}; {explained}")
}

/// How often something was sent.
fn times(seen: &[Appearance]) -> String {
    match seen.len() {
        1 => "once".to_owned(),
        often => format!("{} times", count(often as u64)),
    }
}

#[cfg(test)]
mod tests {
    use spanfate_model::format::wire::AnswerFate;

    use super::*;

    #[test]
    fn an_answer_says_who_was_told_what() {
        let answer = |relayed| AnswerRecord {
            request: 3,
            at: 7,
            status: 1000,
            fate: AnswerFate::TakenByTransport,
            fault: 0,
            relayed,
        };
        let said = |relayed, whom| told("gateway", whom, answer(relayed));
        assert_eq!(
            said(Relayed::Taken { rejected: 0 }, "the SDK"),
            "gateway told the SDK that it took the request"
        );
        assert_eq!(
            said(Relayed::Taken { rejected: 2 }, "agent"),
            "gateway told agent that it took the request but for 2 spans"
        );
        assert_eq!(said(Relayed::Refused, "agent"), "gateway told agent that it does not take the request");
        assert_eq!(said(Relayed::Unanswered, "agent"), "gateway gave agent no answer");
    }
}
