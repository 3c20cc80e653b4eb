//! What people read in place of the words that a result decides by. Here and nowhere else, so that saying one of them better
//! changes what is read and nothing else; a text that this version does not know is shown as it is.

use std::borrow::Cow;

use spanfate_model::fault::measure::Measure;
use spanfate_model::result::{Basis, ById, CountedThing, HopTotal, PathTotal, Total, TrustCheck};
use spanfate_model::term::{Term, worded};
use spanfate_model::unread::UnreadReason;

/// A word as people read it; a foreign text as it is.
fn label<T>(term: &Term<T>, known: impl FnOnce(&T) -> Cow<'static, str>) -> Cow<'_, str> {
    match term {
        Term::Known(word) => known(word),
        Term::Foreign(text) => Cow::Borrowed(text),
    }
}

/// What a figure needs to be believed.
pub(crate) fn basis(term: &Term<Basis>) -> Cow<'_, str> {
    label(term, |basis| {
        worded(match basis {
            Basis::Loss => "loss",
            Basis::Latency => "latency",
            Basis::Accounting => "accounting",
        })
    })
}

/// What was checked.
pub(crate) fn check(term: &Term<TrustCheck>) -> Cow<'_, str> {
    label(term, |check| check.in_words())
}

/// What several witnesses count.
pub(crate) fn counted(term: &Term<CountedThing>) -> Cow<'_, str> {
    label(term, |counted| match counted {
        CountedThing::Total(total) => worded(match total {
            Total::Created => "spans created",
            Total::Started => "spans started, recording",
            Total::Dropped => "dropped for a full queue",
            Total::Handed => "handed to the exporter",
            Total::Exported => "exported without an error",
        }),
        CountedThing::OnPath(total, path) => {
            let what = worded(match total {
                PathTotal::Dropped => "dropped for a full queue, by the processor's own counter",
            });
            match path {
                Some(path) => Cow::Owned(format!("{what}: {path}")),
                None => what,
            }
        }
        CountedThing::AtHop(total, hop) => {
            let what = worded(match total {
                HopTotal::Accepted => "accepted by the collector",
                HopTotal::Refused => "refused by the collector",
                HopTotal::Sent => "sent by the collector",
                HopTotal::NotKept => "traces that the collector's sampler did not keep",
                HopTotal::Lost => "lost in the collector, by its own counters",
            });
            Cow::Owned(format!("{what}: {hop}"))
        }
        CountedThing::ById(stage) => worded(match stage {
            ById::Started => "started, by id",
            ById::Ended => "ended, by id",
            ById::Queued => "taken by the queue, by id",
            ById::Dropped => "dropped, by id",
            ById::Handed => "handed over, by id",
            ById::Arrived => "arrived, and handed over before, by id",
        }),
    })
}

/// Of what an amount is, as it stands behind the amount and its unit: of one, and of several.
pub(crate) fn measure(measure: Measure) -> (Cow<'static, str>, Cow<'static, str>) {
    let (one, many) = texts(measure);
    (worded(one), worded(many))
}

/// The same where one and several are said alike.
const fn same(text: &'static str) -> (&'static str, &'static str) {
    (text, text)
}

const fn texts(measure: Measure) -> (&'static str, &'static str) {
    match measure {
        Measure::OperationsDelayed => ("operation it delayed", "operations it delayed"),
        Measure::OperationsSlower => {
            ("operation slower than any without it", "operations slower than any without it")
        }
        Measure::OperationsBroken => ("operation it broke", "operations it broke"),
        Measure::OperationsStalled => ("operation it stalled", "operations it stalled"),
        Measure::OperationsMeanwhile => ("operation meanwhile", "operations meanwhile"),
        Measure::OperationsFailed => same("of these failed"),
        Measure::LongestMs => same("the longest took"),
        Measure::RequestsThrough => ("request that came through it", "requests that came through it"),
        Measure::BytesOfEnded => same("of connections that ended meanwhile"),
        Measure::Packets => ("packet", "packets"),
        Measure::PacketsLost => ("packet lost", "packets lost"),
        Measure::PacketsActedOn => ("packet it acted on", "packets it acted on"),
        Measure::PacketsHeldOrDropped => ("packet held or dropped", "packets held or dropped"),
        Measure::PacketsDropped => same("of these dropped"),
        Measure::ProcessesEnded => ("process it ended", "processes it ended"),
        Measure::Reloads => ("reload it made", "reloads it made"),
        Measure::QueueBefore => {
            ("span in the queue at most just before", "spans in the queue at most just before")
        }
        Measure::InFlightBefore => {
            ("export in flight at most just before", "exports in flight at most just before")
        }
        Measure::StoppedMs => same("stopped"),
        Measure::OomKills => ("kill by the kernel", "kills by the kernel"),
        Measure::ProcessesKilled => ("process that ended by SIGKILL", "processes that ended by SIGKILL"),
        Measure::ThrottledMs => same("throttled"),
        Measure::NeighbourCpuMs => same("of CPU the neighbour took"),
        Measure::NeighbourMs => same("it was there"),
        Measure::Collections => ("garbage collection", "garbage collections"),
        Measure::StopTheWorldMs => same("stop-the-world"),
        Measure::AssistMs => same("of CPU in mark assists"),
        Measure::GarbageMib => same("of garbage it made"),
        Measure::CollectorMs => same("of CPU in the collector"),
        Measure::Panics => ("panic", "panics"),
        Measure::Recovered => same("of these recovered"),
        Measure::Exits => ("exit", "exits"),
        Measure::ContextsLost => ("context lost", "contexts lost"),
        Measure::SentIntact => ("call sent intact meanwhile", "calls sent intact meanwhile"),
        Measure::DeepCalls => ("deep call", "deep calls"),
        Measure::StackBytes => same("of stack at most"),
        Measure::SpansTreated => ("span treated so", "spans treated so"),
        Measure::RequestsForConnection => {
            ("request that waited for a connection", "requests that waited for a connection")
        }
        Measure::LookupsForLock => ("look-up that waited for the lock", "look-ups that waited for the lock"),
        Measure::WaitedMs => same("waited"),
        Measure::ExportsSlowed => ("export it slowed", "exports it slowed"),
        Measure::SlowedMs => same("of CPU it took"),
        Measure::SpansLeftOut => ("span its rules left out", "spans its rules left out"),
        Measure::SpansStamped => ("span stamped", "spans stamped"),
        Measure::ClockOffMs => same("the clock was off"),
        Measure::RequestsHung => ("request that hung", "requests that hung"),
        Measure::HungMs => same("hung"),
        Measure::RequestsActedOn => ("request it acted on", "requests it acted on"),
    }
}
/// Why no span of a request was read.
pub(crate) fn unread(reason: &Term<UnreadReason>) -> Cow<'_, str> {
    let Some(reason) = reason.known() else { return reason.text() };
    Cow::Borrowed(match reason {
        UnreadReason::Path => "path is no OTLP path",
        UnreadReason::Method => "method is not POST",
        UnreadReason::MediaType => "media type is unknown",
        UnreadReason::Encoding => "compression is unknown",
        UnreadReason::Undecodable => "cannot be decoded",
        UnreadReason::TooLarge => "over a limit of the receiver",
        UnreadReason::NoSpan => "no span in it",
        UnreadReason::GrpcMethod => "gRPC method is unknown",
    })
}
