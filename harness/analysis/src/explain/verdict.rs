//! The deciding cause in one sentence. It says what the witnesses prove; what none of them knows it calls not known.

use spanfate_model::books::row::Standing;
use spanfate_model::fate::{ExitWay, Fate};
use spanfate_model::format::wire::Disposition;

use super::ExplainedCase;
use super::faults::{FaultAtDecision, clause};
use super::paths::beside_others;
use super::process::{Made, ended, said};
use super::taps;
use super::wire::Appearance;
use super::words::{count, lasting, quote, spans};
use crate::books::unseen;
use crate::evidence::path::{ExportResult, Path};

/// The sentence.
pub(super) fn say(case: &ExplainedCase<'_>, acting: &[FaultAtDecision<'_>]) -> String {
    let faults = clause(acting);
    let decisive = match (case.standing, case.made) {
        (Standing::Unexplained, made) => {
            format!("unexplained: complete witnesses prove no fate; {}", last_mark(made.as_ref()))
        }
        (Standing::Unaccounted, made) => {
            format!("unaccounted: {}; {}", not_seen(case), last_mark(made.as_ref()))
        }
        (Standing::Fate(fate), made) => of_fate(case, fate, made.as_ref()),
    };
    // The moment of receipt is no loss: what acted then stands beside it, not in the sentence.
    let received = case.standing == Standing::Fate(Fate::Received);
    beside_others(if received { decisive } else { decisive + &faults }, &case.paths)
}

/// What nobody saw of a span that cannot be placed.
fn not_seen(case: &ExplainedCase<'_>) -> String {
    let exporter = case.made.map_or("", |made| &made.path.exporter);
    let taker = if exporter.is_empty() { "an exporter" } else { exporter };
    match case.gap {
        Some(gap) => unseen::why_of_one(gap, taker),
        None => "a witness that would tell has a gap".to_owned(),
    }
}

fn of_fate(case: &ExplainedCase<'_>, fate: Fate, made: Option<&Made<'_>>) -> String {
    let Some(made) = made else { return of_wire(case, fate) };
    match fate {
        Fate::Received => received(case, made),
        Fate::DroppedQueueFull => dropped(made),
        Fate::ExportFailed(_) => failed(made),
        Fate::RejectedPartial | Fate::RefusedByReceiver => of_wire(case, fate),
        Fate::CutOffAtExit => {
            let open = till_end(made, made.span.created).map(|open| format!(", {open} after its creation,"));
            format!("still open{} when the process {}", open.unwrap_or_default(), at_end(made))
        }
        Fate::EndedAfterShutdown => {
            let ended = made.on.taken.max(made.span.closed);
            match made.path.shutdown_began {
                began if began != 0 && ended >= began => {
                    format!("ended {} after the provider's shutdown had begun", lasting(ended - began))
                }
                _ => fate.explain().to_owned(),
            }
        }
        Fate::BlockedInEnd => {
            let blocked = till_end(made, made.on.offered).map(|time| format!(" for {time}"));
            format!(
                "blocked in End() by the full queue{}, until the process {}",
                blocked.unwrap_or_default(),
                at_end(made)
            )
        }
        Fate::LostInQueueAtExit(exit) => in_queue(made, exit),
        Fate::LostInFlightAtExit => in_flight(made),
        Fate::InEndAtExit => {
            format!("inside OnEnd when the process {}; queued or dropped is not known", at_end(made))
        }
        Fate::RefusedByCollector | Fate::LostInCollector(_) => taps::verdict(case, fate),
        Fate::SentElsewhere => {
            format!("sent to {}, which took it", made.path.endpoint.as_deref().unwrap_or("another endpoint"))
        }
        Fate::NotSampled(_)
        | Fate::Filtered(_)
        | Fate::NeverEnded(_)
        | Fate::NoProcessor
        | Fate::NoExporter
        | Fate::SampledByCollector(_)
        | Fate::RefusedByEngine
        | Fate::LostInEngine(_)
        | Fate::LostBeforeReceiver => fate.explain().to_owned(),
    }
}

fn received(case: &ExplainedCase<'_>, made: &Made<'_>) -> String {
    let delay = lasting(case.receipt.first.saturating_sub(made.span.created));
    // Another path may have brought it first.
    let here = |a: &&Appearance| a.request.at == case.receipt.first || !case.is_on_several();
    let first = case.wire.iter().filter(here).find(|a| a.disposition == Disposition::Accepted);
    let request = first.map(|a| format!(", in export request {}", a.request.request)).unwrap_or_default();
    let copies = match case.receipt.copies {
        0 | 1 => String::new(),
        copies => format!("; {copies} copies of it came"),
    };
    let number = Path::number_of(&made.on).unwrap_or_default();
    let reported = match made.path.export_of(&made.on) {
        ExportResult::Failed(_) => {
            format!("; the SDK was told that the export had failed{}", said(made, number))
        }
        _ => String::new(),
    };
    format!("received {delay} after its creation{request}{copies}{reported}")
}

fn dropped(made: &Made<'_>) -> String {
    let at = made.on.dropped;
    let full = match made.capacity() {
        Some(all) => format!("dropped: the queue was full, {0} of {0}", count(all)),
        None => "dropped: the queue was full; its length is not known".to_owned(),
    };
    let Some((_, call)) = made.export_during(at) else {
        let why = if made.process.has_log_gap() {
            "whether an export was in flight is not known"
        } else {
            "no export was in flight"
        };
        return format!("{full}; {why}");
    };
    let waited = lasting(at.saturating_sub(call.began));
    let whole = match call.ended {
        0 => "it never came back".to_owned(),
        ended => format!("{} in all", lasting(ended.saturating_sub(call.began))),
    };
    let size = spans(u64::from(call.spans));
    format!("{full}, while an export of {size} had been waiting {waited} for its answer ({whole})")
}

fn failed(made: &Made<'_>) -> String {
    let Some((number, call)) = made.export() else { return "its export failed; how is not known".to_owned() };
    let took = lasting(call.ended.saturating_sub(call.began));
    let size = spans(u64::from(call.spans));
    format!("its export, a batch of {size}, failed after {took}{}", said(made, number))
}

fn in_queue(made: &Made<'_>, exit: ExitWay) -> String {
    let waited = till_end(made, made.on.taken).map(|time| format!(" for {time}")).unwrap_or_default();
    let end = at_end(made);
    match exit {
        ExitWay::ShutdownDeadline => {
            format!("queued{waited}; the shutdown's deadline passed before its export, and the process {end}")
        }
        ExitWay::Exit | ExitWay::Crash | ExitWay::Kill => {
            format!("queued{waited} and not exported when the process {end}")
        }
    }
}

fn in_flight(made: &Made<'_>) -> String {
    let size = made.export().map(|(_, call)| format!(" in a batch of {}", spans(u64::from(call.spans))));
    let before = match till_end(made, made.on.exported) {
        Some(time) => format!(" {time} before"),
        None => ", then".to_owned(),
    };
    format!(
        "handed to the exporter{}{before} the process {}; its export had no result and nothing arrived",
        size.unwrap_or_default(),
        at_end(made)
    )
}

/// From a mark to the end of the process, if somebody saw that.
fn till_end(made: &Made<'_>, from: u64) -> Option<String> {
    (made.process.gone != 0 && from != 0).then(|| lasting(made.process.gone.saturating_sub(from)))
}

fn at_end(made: &Made<'_>) -> String {
    made.end().map_or_else(|| "ended; how and when was not seen".to_owned(), ended)
}

/// What only the receiver decides, or all that is known without books of the process.
fn of_wire(case: &ExplainedCase<'_>, fate: Fate) -> String {
    let accepted = case.wire.iter().find(|a| a.disposition == Disposition::Accepted);
    if let (Fate::Received, Some(first)) = (fate, accepted) {
        return format!(
            "received in export request {}; when it was made is not known",
            first.request.request
        );
    }
    // What another path brought says nothing of this one.
    let here = |a: &&Appearance| a.disposition != Disposition::Accepted || !case.is_on_several();
    let Some(last) = case.wire.iter().rfind(here) else { return fate.explain().to_owned() };
    let number = last.request.request;
    match last.disposition {
        Disposition::RejectedPartial => {
            format!("rejected in the partial success that answered export request {number}")
        }
        Disposition::Refused => format!(
            "export request {number}, of {}, refused by a limit of the receiver and answered with {}",
            spans(u64::from(last.request.spans)),
            last.answered()
        ),
        Disposition::Failed if last.is_of_relay() => {
            format!(
                "the endpoint behind the relay did not take export request {number}; the client was answered with {}",
                last.answered()
            )
        }
        Disposition::Failed | Disposition::Accepted => {
            let how = last.answered();
            format!(
                "export request {number} was read and failed on purpose, answered with {how}{}",
                reported(case)
            )
        }
    }
}

/// What the SDK was told, if its process has books.
fn reported(case: &ExplainedCase<'_>) -> String {
    let said = case.made.and_then(|made| made.process.error_of(made.path, made.export()?.0));
    said.map(|text| format!("; the SDK was told {}", quote(&text))).unwrap_or_default()
}

fn last_mark(made: Option<&Made<'_>>) -> String {
    let Some(made) = made else { return "nothing else is known".to_owned() };
    let (span, on) = (&made.span, &made.on);
    let marks = [
        (on.exported, "it was handed to the exporter"),
        (on.taken, "it was offered to the batch processor"),
        (on.offered, "its End() was called"),
        (span.closed, "it was ended"),
        (span.started, "it was started"),
    ];
    let last = marks.into_iter().find(|(at, _)| *at != 0).map_or("it was made", |(_, what)| what);
    match made.path.export_of(on) {
        ExportResult::Ok => format!("the last that is known: {last}, and the export returned no error"),
        _ => format!("the last that is known: {last}"),
    }
}
