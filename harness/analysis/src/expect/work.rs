//! Figures of the work done: spans, exports, bytes, allocations, processor time, memory, log lines, the way to the end.

use spanfate_model::books::logs::LogBooks;
use spanfate_model::fate::Fate;
use spanfate_model::result::{ProviderEnd, ServiceEnd, ShutdownCourse, TrialResult};
use spanfate_model::scenario::figure::Figure;

pub(super) fn value(figure: Figure, trial: &TrialResult) -> Option<f64> {
    let TrialResult { ledger, exports, usage, load, .. } = trial;
    match figure {
        Figure::Duplicates => {
            let more = ledger.copies.iter().filter(|(copies, _)| **copies > 1);
            Some(more.map(|(_, spans)| *spans).sum::<u64>() as f64)
        }
        Figure::SpansCreated => Some(ledger.created as f64),
        Figure::SpansReceived => Some(ledger.total(Fate::Received) as f64),
        // Without a process witness nobody counts the calls, though requests arrive.
        Figure::ExportsCalls => (exports.calls > 0 || exports.requests == 0).then_some(exports.calls as f64),
        Figure::ExportsBytes => {
            let accepted =
                ledger.copies.iter().map(|(copies, spans)| u64::from(*copies) * spans).sum::<u64>();
            Some((exports.wire_bytes_per_span * accepted as f64).round())
        }
        Figure::BytesPerSpan => positive(exports.wire_bytes_per_span),
        Figure::RawBytesPerSpan => positive(exports.raw_bytes_per_span),
        Figure::AllocsPerSpan => usage.allocations.map(|made| made.per_span),
        Figure::AllocBytesPerSpan => usage.allocations.map(|made| made.bytes_per_span),
        // Cores over requests per second, that is seconds of a core per request.
        Figure::CpuPerRequest => {
            (usage.samples > 1 && load.achieved > 0.0).then(|| usage.fixture_cpu / load.achieved * 1e9)
        }
        Figure::ShutdownLongest => {
            let ends = trial.services.iter().flat_map(|service| &service.ends);
            let took =
                ends.flat_map(|end| end.providers.iter().filter_map(|provider| shutdown_ms(end, provider)));
            took.reduce(f64::max).map(|ms| ms * 1e6)
        }
        Figure::MemoryPeak => positive(usage.fixture_rss as f64),
        Figure::LogLines => trial.logs.as_ref().map(|logs| logs.lines as f64),
        Figure::LogsAnchored => trial.logs.as_ref().and_then(LogBooks::anchored_share),
        Figure::LogsDangling => trial.logs.as_ref().and_then(|logs| logs.share(logs.dangling)),
        Figure::LogsUnanchored => trial.logs.as_ref().and_then(|logs| logs.share(logs.unanchored)),
        _ => None,
    }
}

/// How long the shutdown of a provider took that returned. A fixture does not say when it returned: its process ends right after.
fn shutdown_ms(end: &ServiceEnd, provider: &ProviderEnd) -> Option<f64> {
    let returned = [ShutdownCourse::Returned, ShutdownCourse::ReturnedError];
    let until_end = || {
        let has_returned = returned.iter().any(|course| provider.shutdown.is(course));
        provider.called_ms.filter(|_| has_returned).map(|called| end.at_ms - called)
    };
    provider.took_ms.or_else(until_end)
}

/// Zero bytes are those of nothing measured.
fn positive(value: f64) -> Option<f64> {
    (value > 0.0).then_some(value)
}
