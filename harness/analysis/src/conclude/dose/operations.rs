//! What went over a link: exports, requests or calls, as those who made them saw them.

use spanfate_model::fault::Target;
use spanfate_model::load::RequestOutcome;
use spanfate_model::quantity::unit::MonoNs;

use super::Evidence;
use crate::evidence::excuse::Acted;
use crate::evidence::path::{ExportResult, Path};

/// Span kind of a call, in OTLP's numbering.
const CLIENT: u8 = 3;

/// Something that went over a link.
#[derive(Clone, Copy, Debug)]
struct Operation {
    began: MonoNs,
    /// `MonoNs::MAX` where it had no end.
    ended: MonoNs,
    failed: bool,
}

/// Everything that went over a link.
pub(super) struct Operations(Vec<Operation>);

impl Operations {
    /// Exports, requests or calls, as the link has them.
    pub(super) fn on(link: &Target, evidence: &Evidence<'_>) -> Self {
        let Target::Link { from, to } = link else { return Self(Vec::new()) };
        match (from, to) {
            (Some(from), None) => Self(exports(from, evidence, false)),
            (None, _) => Self(requests(evidence)),
            (Some(from), Some(to)) if is_engine(to, evidence) => Self(exports(from, evidence, true)),
            (Some(from), Some(_)) => Self(calls(from, evidence)),
        }
    }

    fn meeting<'a>(&'a self, acted: &'a [&Acted]) -> impl Iterator<Item = (&'a Operation, &'a Acted)> {
        let meets =
            |operation: &Operation, acted: &Acted| operation.began < acted.to && acted.from < operation.ended;
        self.0.iter().filter_map(move |operation| {
            acted.iter().find(|acted| meets(operation, acted)).map(|acted| (operation, *acted))
        })
    }

    /// Those that were under way while the fault acted.
    pub(super) fn during(&self, acted: &[&Acted]) -> usize {
        self.meeting(acted).count()
    }

    /// Of these, those that failed.
    pub(super) fn failed(&self, acted: &[&Acted]) -> usize {
        self.meeting(acted).filter(|(operation, _)| operation.failed).count()
    }

    /// Those that took so long.
    pub(super) fn slower_than(&self, acted: &[&Acted], ns: u64) -> usize {
        let slow =
            |(operation, _): &(&Operation, &Acted)| operation.ended.saturating_sub(operation.began) >= ns;
        self.meeting(acted).filter(slow).count()
    }

    /// Those that took longer than any that was not under way while it acted.
    pub(super) fn slower_than_others(&self, acted: &[&Acted]) -> usize {
        let meets = |operation: &Operation| {
            acted.iter().any(|acted| operation.began < acted.to && acted.from < operation.ended)
        };
        let others = self.0.iter().filter(|operation| operation.ended != MonoNs::MAX && !meets(operation));
        let longest = others.map(|operation| operation.ended.saturating_sub(operation.began)).max();
        self.slower_than(acted, longest.unwrap_or_default() + 1)
    }

    /// Those that failed, and those that were under way until the fault had ended.
    pub(super) fn broken_or_held(&self, acted: &[&Acted]) -> usize {
        let hit = |(operation, acted): &(&Operation, &Acted)| operation.failed || operation.ended >= acted.to;
        self.meeting(acted).filter(hit).count()
    }

    /// The longest, nanoseconds, of those that had an end.
    pub(super) fn longest(&self, acted: &[&Acted]) -> Option<u64> {
        let ended = self.meeting(acted).filter(|(operation, _)| operation.ended != MonoNs::MAX);
        ended.map(|(operation, _)| operation.ended.saturating_sub(operation.began)).max()
    }
}

fn is_engine(name: &str, evidence: &Evidence<'_>) -> bool {
    evidence.variant.engine.as_ref().is_some_and(|engine| engine.name == name)
}

/// The exports of a service: where an engine stands beside the receiver, those that go there or those that do not.
fn exports(service: &str, evidence: &Evidence<'_>, to_engine: bool) -> Vec<Operation> {
    let engine = evidence.variant.engine.as_ref().filter(|engine| !engine.alone);
    let leads = |path: &&Path| engine.is_none_or(|engine| (path.label == engine.name) == to_engine);
    let paths = evidence.starts_of(service).flat_map(|process| process.paths.iter().filter(leads));
    paths
        .flat_map(|path| path.exports.values())
        .map(|call| Operation {
            began: call.began,
            ended: if call.ended == 0 { MonoNs::MAX } else { call.ended },
            failed: matches!(call.result, ExportResult::Failed(_) | ExportResult::Partial),
        })
        .collect()
}

fn requests(evidence: &Evidence<'_>) -> Vec<Operation> {
    let started = evidence.book.records.iter().flatten().filter(|record| record.outcome.started());
    started
        .map(|record| Operation {
            began: record.started,
            ended: record.done,
            failed: record.outcome != RequestOutcome::Answered,
        })
        .collect()
}

/// Calls between services are client spans; that a call failed, its request tells.
fn calls(service: &str, evidence: &Evidence<'_>) -> Vec<Operation> {
    let tag = evidence.plan.trials.iter().find(|trial| trial.index == evidence.manifest.trial).map(|t| t.tag);
    let spans = evidence.starts_of(service).flat_map(crate::evidence::process::Process::spans);
    spans
        .filter(|(_, span, _)| span.kind == CLIENT)
        .map(|(_, span, on)| {
            let request = tag.and_then(|tag| tag.request_of(span.key.trace));
            Operation {
                began: span.created,
                ended: on.ended(&span).unwrap_or(MonoNs::MAX),
                failed: request.is_some_and(|request| !evidence.book.is_answered(request as usize)),
            }
        })
        .collect()
}
