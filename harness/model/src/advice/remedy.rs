//! What stops a loss that no queue or batch stops, by fate.

use crate::fate::{Exit, Fate, FateClass, Leak};

/// What helps against a fate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Remedy {
    /// Nothing is to be helped: the span arrived, or was not meant to.
    None,
    /// Settings of the batch processor and its exporter.
    Settings,
    /// Something else, in a sentence that tells what to do.
    Other(&'static str),
}

/// What helps against a fate.
pub const fn of(fate: Fate) -> Remedy {
    if !matches!(fate.class(), FateClass::Lost) {
        return Remedy::None;
    }
    Remedy::Other(match fate {
        Fate::DroppedQueueFull | Fate::BlockedInEnd | Fate::ExportFailed(_) => return Remedy::Settings,
        Fate::NeverEnded(Leak::Forgotten) => {
            "End every span on every path: write `defer span.End()` in the line after `Start`."
        }
        Fate::NeverEnded(Leak::Panic) => {
            "Write `defer span.End()` in the line after `Start`, so that a panic cannot come between."
        }
        Fate::NeverEnded(Leak::BodyNotClosed) => {
            "Read and close the body of every answer: otelhttp ends the client's span there."
        }
        Fate::CutOffAtExit => {
            "Let requests finish before the process ends (`http.Server.Shutdown`), then shut the tracer provider down."
        }
        Fate::EndedAfterShutdown => {
            "Shut the tracer provider down last, when every handler and goroutine has ended its spans."
        }
        Fate::LostInQueueAtExit(Exit::ShutdownDeadline) => {
            "Give `TracerProvider.Shutdown` more time: queue over batch, times the time of an export; or keep the queue shorter."
        }
        Fate::LostInQueueAtExit(Exit::Exit) => {
            "Call `TracerProvider.Shutdown` before the process exits, also on `os.Exit` and `log.Fatal`."
        }
        Fate::LostInQueueAtExit(Exit::Crash | Exit::Kill) | Fate::LostInFlightAtExit | Fate::InEndAtExit => {
            "No setting saves what a killed process held: a shorter queue and a shorter OTEL_BSP_SCHEDULE_DELAY hold less of it."
        }
        Fate::RejectedPartial => {
            "Ask the receiver why: its message is in the SDK's error handler. The batch is not sent again."
        }
        Fate::RefusedByReceiver => "Raise the receiver's limit, or send smaller batches.",
        Fate::LostBeforeReceiver | Fate::Received | Fate::NotSampled(_) | Fate::Filtered(_) => {
            "Run it with a witness in the process, or with probes (`ebpf`), to see where the spans are lost."
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lost_fate_has_a_remedy_and_no_other() {
        for fate in Fate::all() {
            let lost = fate.class() == FateClass::Lost;
            assert_eq!(of(fate) != Remedy::None, lost, "{fate}");
            if let Remedy::Other(text) = of(fate) {
                assert!(text.ends_with('.') && text.len() < 160, "{fate}: {text}");
            }
        }
    }
}
