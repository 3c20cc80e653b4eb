//! The one table of what is known of each fate, in the order of a span's way. Whoever adds a fate says all of it here.

use super::facts::{FateFacts, FateStage, Remedy};
use super::{Decider, ExitWay, Fate, FateClass, Filter, Leak};
use crate::fate::signal::{self, AlertRule, LossSignal};

mod collector;
mod engine;
mod export;

/// What is known of a fate.
#[inline]
pub(super) const fn of(fate: Fate) -> &'static FateFacts {
    match fate {
        Fate::Received => &RECEIVED,
        Fate::NotSampled(Decider::Sampler) => const { &not_sampled(Decider::Sampler) },
        Fate::NotSampled(Decider::Parent) => const { &not_sampled(Decider::Parent) },
        Fate::Filtered(Filter::Processor) => const { &filtered(Filter::Processor) },
        Fate::Filtered(Filter::ExporterWrapper) => const { &filtered(Filter::ExporterWrapper) },
        Fate::Filtered(Filter::Collector) => const { &filtered(Filter::Collector) },
        Fate::NeverEnded(Leak::Forgotten) => const { &never_ended(Leak::Forgotten) },
        Fate::NeverEnded(Leak::Panic) => const { &never_ended(Leak::Panic) },
        Fate::NeverEnded(Leak::BodyNotClosed) => const { &never_ended(Leak::BodyNotClosed) },
        Fate::CutOffAtExit => &CUT_OFF_AT_EXIT,
        Fate::NoProcessor => &NO_PROCESSOR,
        Fate::NoExporter => &NO_EXPORTER,
        Fate::DroppedQueueFull => &DROPPED_QUEUE_FULL,
        Fate::EndedAfterShutdown => &ENDED_AFTER_SHUTDOWN,
        Fate::BlockedInEnd => &BLOCKED_IN_END,
        Fate::LostInQueueAtExit(ExitWay::ShutdownDeadline) => {
            const { &lost_in_queue_at_exit(ExitWay::ShutdownDeadline) }
        }
        Fate::LostInQueueAtExit(ExitWay::Exit) => const { &lost_in_queue_at_exit(ExitWay::Exit) },
        Fate::LostInQueueAtExit(ExitWay::Crash) => const { &lost_in_queue_at_exit(ExitWay::Crash) },
        Fate::LostInQueueAtExit(ExitWay::Kill) => const { &lost_in_queue_at_exit(ExitWay::Kill) },
        Fate::LostInFlightAtExit => &LOST_IN_FLIGHT_AT_EXIT,
        Fate::InEndAtExit => &IN_END_AT_EXIT,
        Fate::ExportFailed(cause) => export::of(cause),
        Fate::RejectedPartial => &REJECTED_PARTIAL,
        Fate::RefusedByReceiver => &REFUSED_BY_RECEIVER,
        Fate::RefusedByCollector => &collector::REFUSED,
        Fate::SampledByCollector(decision) => collector::of_sampler(decision),
        Fate::LostInCollector(loss) => collector::of(loss),
        Fate::RefusedByEngine => &engine::REFUSED,
        Fate::LostInEngine(loss) => engine::of(loss),
        Fate::SentElsewhere => &SENT_ELSEWHERE,
        Fate::LostBeforeReceiver => &LOST_BEFORE_RECEIVER,
    }
}

const RECEIVED: FateFacts = FateFacts {
    name: "received",
    class: FateClass::Received,
    stage: Some(FateStage::Received),
    silent: false,
    at_exit: false,
    full_queue: false,
    short: "received",
    explain: "the receiver accepted it",
    signal: None,
    remedy: Remedy::None,
};

const fn not_sampled(decider: Decider) -> FateFacts {
    let (name, short, explain) = match decider {
        Decider::Sampler => ("not_sampled.sampler", "not sampled", "the sampler decided against it"),
        Decider::Parent => ("not_sampled.parent", "parent unsampled", "its parent was not sampled"),
    };
    FateFacts {
        name,
        class: FateClass::Deliberate,
        stage: Some(FateStage::Ended),
        silent: false,
        at_exit: false,
        full_queue: false,
        short,
        explain,
        signal: None,
        remedy: Remedy::None,
    }
}

const fn filtered(filter: Filter) -> FateFacts {
    let (name, stage, short, explain) = match filter {
        Filter::Processor => {
            ("filtered.processor", FateStage::Queued, "filtered", "a span processor removed it on purpose")
        }
        Filter::ExporterWrapper => (
            "filtered.exporter_wrapper",
            FateStage::Received,
            "filtered at exporter",
            "an exporter wrapper removed it on purpose",
        ),
        Filter::Collector => (
            "filtered.collector",
            FateStage::Received,
            "collector filter",
            "a collector in the path removed it on purpose",
        ),
    };
    FateFacts {
        name,
        class: FateClass::Deliberate,
        stage: Some(stage),
        silent: false,
        at_exit: false,
        full_queue: false,
        short,
        explain,
        signal: None,
        remedy: Remedy::None,
    }
}

const fn never_ended(leak: Leak) -> FateFacts {
    let (name, short, explain, remedy) = match leak {
        Leak::Forgotten => (
            "never_ended.leak",
            "never ended",
            "End() was never called",
            "End every span on every path: write `defer span.End()` in the line after `Start`.",
        ),
        Leak::Panic => (
            "never_ended.panic",
            "panic before defer",
            "a panic came before its defer span.End()",
            "Write `defer span.End()` in the line after `Start`, so that a panic cannot come between.",
        ),
        Leak::BodyNotClosed => (
            "never_ended.body_not_closed",
            "body not closed",
            "the body of the answer was neither read nor closed",
            "Read and close the body of every answer: otelhttp ends the client's span there.",
        ),
    };
    FateFacts {
        name,
        class: FateClass::Lost,
        stage: Some(FateStage::Ended),
        silent: true,
        at_exit: false,
        full_queue: false,
        short,
        explain,
        signal: Some(signal::unsaid(signal::LIVE_GROWS)),
        remedy: Remedy::Other(remedy),
    }
}

const CUT_OFF_AT_EXIT: FateFacts = FateFacts {
    name: "cut_off_at_exit",
    class: FateClass::Lost,
    stage: Some(FateStage::Ended),
    silent: true,
    at_exit: true,
    full_queue: false,
    short: "open at exit",
    explain: "it was still open when the process died",
    signal: Some(signal::unsaid(signal::RESTARTED)),
    remedy: Remedy::Other(
        "Let requests finish before the process ends (`http.Server.Shutdown`), then shut the tracer provider down.",
    ),
};

const NO_PROCESSOR: FateFacts = FateFacts {
    name: "no_processor",
    class: FateClass::Lost,
    stage: Some(FateStage::Queued),
    silent: true,
    at_exit: false,
    full_queue: false,
    short: "no processor",
    explain: "its provider had no span processor when it ended",
    signal: Some(signal::unsaid(signal::NEVER_PROCESSED)),
    remedy: Remedy::Other(
        "Give the tracer provider its span processor (`trace.WithBatcher`) before the first span, and take none away before the last.",
    ),
};

const NO_EXPORTER: FateFacts = FateFacts {
    name: "no_exporter",
    class: FateClass::Lost,
    stage: Some(FateStage::Queued),
    silent: true,
    at_exit: false,
    full_queue: false,
    short: "no exporter",
    explain: "its span processor has no exporter",
    signal: Some(signal::unsaid(signal::NEVER_PROCESSED)),
    remedy: Remedy::Other(
        "Give the span processor an exporter: it was made with none (`nil`), and drops every span without counting it.",
    ),
};

const DROPPED_QUEUE_FULL: FateFacts = FateFacts {
    name: "dropped_queue_full",
    class: FateClass::Lost,
    stage: Some(FateStage::Queued),
    silent: true,
    at_exit: false,
    full_queue: true,
    short: "queue full",
    explain: "the batch processor's queue was full when the span ended",
    signal: Some(signal::unsaid(signal::QUEUE_FULL)),
    remedy: Remedy::Settings,
};

const ENDED_AFTER_SHUTDOWN: FateFacts = FateFacts {
    name: "ended_after_shutdown",
    class: FateClass::Lost,
    stage: Some(FateStage::Queued),
    silent: true,
    at_exit: true,
    full_queue: false,
    short: "after shutdown",
    explain: "it ended after the provider was shut down",
    signal: Some(signal::unsaid(signal::UNCOUNTED_AFTER_SHUTDOWN)),
    remedy: Remedy::Other(
        "Shut the tracer provider down last, when every handler and goroutine has ended its spans.",
    ),
};

const BLOCKED_IN_END: FateFacts = FateFacts {
    name: "blocked_in_end",
    class: FateClass::Lost,
    stage: Some(FateStage::Queued),
    silent: true,
    at_exit: true,
    full_queue: true,
    short: "blocked in End",
    explain: "its End() was still blocked by the full queue when the process stopped",
    signal: Some(signal::unsaid(signal::NEARLY_FULL)),
    remedy: Remedy::Settings,
};

const fn lost_in_queue_at_exit(exit: ExitWay) -> FateFacts {
    let (name, short, explain) = match exit {
        ExitWay::ShutdownDeadline => (
            "lost_in_queue_at_exit.shutdown_deadline",
            "at deadline",
            "queued; the shutdown deadline passed before its export",
        ),
        ExitWay::Exit => (
            "lost_in_queue_at_exit.exit",
            "queued at exit",
            "queued; the process exited without draining the queue",
        ),
        ExitWay::Crash => {
            ("lost_in_queue_at_exit.crash", "queued at crash", "queued when the process crashed")
        }
        ExitWay::Kill => {
            ("lost_in_queue_at_exit.kill", "queued at kill", "queued when the process was killed")
        }
    };
    let (rule, remedy) = match exit {
        ExitWay::ShutdownDeadline => (
            signal::SHUTDOWN_FAILED,
            Remedy::Other(
                "Give `TracerProvider.Shutdown` more time: queue over batch, times the time of an export; or keep the queue shorter.",
            ),
        ),
        ExitWay::Exit => (
            signal::NOTHING_CALLED,
            Remedy::Other(
                "Call `TracerProvider.Shutdown` before the process exits, also on `os.Exit` and `log.Fatal`.",
            ),
        ),
        ExitWay::Crash | ExitWay::Kill => (signal::RESTARTED, KILLED),
    };
    FateFacts {
        name,
        class: FateClass::Lost,
        stage: Some(FateStage::AtExporter),
        silent: true,
        at_exit: true,
        full_queue: false,
        short,
        explain,
        signal: Some(signal::unsaid(rule)),
        remedy,
    }
}

const LOST_IN_FLIGHT_AT_EXIT: FateFacts = FateFacts {
    name: "lost_in_flight_at_exit",
    class: FateClass::Lost,
    stage: Some(FateStage::Received),
    silent: true,
    at_exit: true,
    full_queue: false,
    short: "in flight at exit",
    explain: "handed to the exporter; the process ended before a result, nothing arrived",
    signal: Some(signal::unsaid(signal::RESTARTED)),
    remedy: KILLED,
};

const IN_END_AT_EXIT: FateFacts = FateFacts {
    name: "in_end_at_exit",
    class: FateClass::Lost,
    stage: Some(FateStage::Queued),
    silent: true,
    at_exit: true,
    full_queue: false,
    short: "in OnEnd at exit",
    explain: "inside OnEnd when the process died; queued or dropped cannot be known",
    signal: Some(signal::unsaid(signal::RESTARTED)),
    remedy: KILLED,
};

/// What a killed process held.
const KILLED: Remedy = Remedy::Other(
    "No setting saves what a killed process held: a shorter queue and a shorter OTEL_BSP_SCHEDULE_DELAY hold less of it.",
);

const REJECTED_PARTIAL: FateFacts = FateFacts {
    name: "rejected_partial",
    class: FateClass::Lost,
    stage: Some(FateStage::Received),
    silent: false,
    at_exit: false,
    full_queue: false,
    short: "rejected",
    explain: "the receiver rejected it in a partial success",
    signal: Some(signal::said("a line of the error handler with the receiver's message")),
    remedy: Remedy::Other(
        "Ask the receiver why: its message is in the SDK's error handler. The batch is not sent again.",
    ),
};

const REFUSED_BY_RECEIVER: FateFacts = FateFacts {
    name: "refused_by_receiver",
    class: FateClass::Lost,
    stage: Some(FateStage::Received),
    silent: false,
    at_exit: false,
    full_queue: false,
    short: "refused by receiver",
    explain: "the receiver refused its request by a limit of its own",
    signal: Some(signal::said("a line of the error handler with the receiver's status")),
    remedy: Remedy::Other("Raise the receiver's limit, or send smaller batches."),
};

const SENT_ELSEWHERE: FateFacts = FateFacts {
    name: "sent_elsewhere",
    class: FateClass::Deliberate,
    stage: Some(FateStage::Received),
    silent: false,
    at_exit: false,
    full_queue: false,
    short: "sent elsewhere",
    explain: "its exporter sent it to another endpoint than our receiver, which took it",
    signal: None,
    remedy: Remedy::None,
};

const LOST_BEFORE_RECEIVER: FateFacts = FateFacts {
    name: "lost_before_receiver",
    class: FateClass::Lost,
    stage: None,
    silent: false,
    at_exit: false,
    full_queue: false,
    short: "before receiver",
    explain: "it never arrived; without a witness in the process nobody can say where it was lost",
    signal: Some(LossSignal {
        by_default: "not known: nobody saw where it was lost",
        rule: AlertRule::None("without a witness in the process nobody knows which rule to look for"),
    }),
    remedy: Remedy::Other(
        "Run it with a witness in the process, or with probes (`ebpf`), to see where the spans are lost.",
    ),
};
