//! What is known of fates in collectors.

use crate::fate::facts::{FateFacts, FateStage, Remedy};
use crate::fate::signal::{self, AlertRule, LossSignal};
use crate::fate::{CollectorDecision, CollectorLoss, FateClass};

/// What is known of a loss in a collector.
pub(super) const fn of(loss: CollectorLoss) -> &'static FateFacts {
    match loss {
        CollectorLoss::QueueFull => &QUEUE_FULL,
        CollectorLoss::SendFailed => &SEND_FAILED,
        CollectorLoss::MemoryLimit => &MEMORY_LIMIT,
        CollectorLoss::Shutdown => &SHUTDOWN,
        CollectorLoss::Crash => &CRASH,
        CollectorLoss::Unknown => &UNKNOWN,
    }
}

/// What is known of a span that a collector's sampler did not keep.
pub(super) const fn of_sampler(decision: CollectorDecision) -> &'static FateFacts {
    match decision {
        CollectorDecision::Policy => &POLICY,
        CollectorDecision::Late => &LATE,
        CollectorDecision::TooEarly => &TOO_EARLY,
        CollectorDecision::Unclear => &UNCLEAR,
        CollectorDecision::Probability => &PROBABILITY,
        CollectorDecision::TooLarge => &TOO_LARGE,
    }
}

const POLICY: FateFacts = FateFacts {
    name: "sampled_by_collector.policy",
    class: FateClass::Deliberate,
    silent: false,
    short: "sampled by policy",
    explain: "a collector's sampler decided against its trace, by its policies",
    signal: None,
    remedy: Remedy::None,
    ..LOST
};

const PROBABILITY: FateFacts = FateFacts {
    name: "sampled_by_collector.probability",
    short: "sampled by a share",
    explain: "a collector's sampler decided against its trace by a share that is set, without looking at it",
    ..POLICY
};

const LATE: FateFacts = FateFacts {
    name: "sampled_by_collector.late",
    short: "late for sampler",
    explain: "it came to a collector's sampler after the decision against its trace",
    signal: Some(signal::unsaid(signal::SAMPLER_LATE)),
    remedy: Remedy::Other(
        "Make `decision_wait` longer than the slowest service takes to export, its batches and retries with it.",
    ),
    ..LOST
};

const TOO_EARLY: FateFacts = FateFacts {
    name: "sampled_by_collector.too_early",
    short: "dropped too early",
    explain: "a collector's sampler removed its trace before the decision, for want of room",
    signal: Some(signal::unsaid(signal::SAMPLER_TOO_EARLY)),
    remedy: Remedy::Other(
        "Make `num_traces` larger than `decision_wait` times the new traces per second, or shorten the wait.",
    ),
    ..LOST
};

const TOO_LARGE: FateFacts = FateFacts {
    name: "sampled_by_collector.too_large",
    short: "trace too large",
    explain: "a collector's sampler dropped its trace before the decision, because it was larger than `maximum_trace_size_bytes`",
    signal: Some(signal::unsaid(signal::SAMPLER_TOO_LARGE)),
    remedy: Remedy::Other(
        "Make `maximum_trace_size_bytes` larger than the largest trace that matters, or its spans smaller: one large attribute is enough.",
    ),
    ..LOST
};

const UNCLEAR: FateFacts = FateFacts {
    name: "sampled_by_collector.unclear",
    short: "by sampler, unclear",
    explain: "a collector's sampler did not keep its trace: by its policies, for want of room or for its size, its counters do not say which",
    signal: Some(signal::unsaid(signal::SAMPLER_TOO_EARLY)),
    remedy: Remedy::Other(
        "Make `num_traces` and `maximum_trace_size_bytes` larger until no trace is dropped before its decision; what is left was decided by policies.",
    ),
    ..LOST
};

/// What all losses in a collector share: the SDK was told that the span was taken.
const LOST: FateFacts = FateFacts {
    name: "lost_in_collector.unknown",
    class: FateClass::Lost,
    stage: Some(FateStage::Received),
    silent: true,
    at_exit: false,
    full_queue: false,
    short: "lost in collector",
    explain: "a collector took it and it never came out; the collector's metrics do not say how",
    signal: Some(signal::unsaid(AlertRule::None(
        "no counter of the collector counts it: hold what goes in against what comes out",
    ))),
    remedy: Remedy::Other(
        "Look for a processor that drops without counting, and compare accepted with sent at each hop.",
    ),
};

const QUEUE_FULL: FateFacts = FateFacts {
    name: "lost_in_collector.queue_full",
    silent: false,
    short: "collector queue full",
    explain: "a collector took it and its exporter's queue had no room for it",
    signal: Some(LossSignal {
        by_default: "a line of the collector's log, and nothing in the service",
        rule: signal::COLLECTOR_QUEUE_FULL,
    }),
    remedy: Remedy::Other(
        "Make the collector's `sending_queue` longer than the outage, or let it push back: `block_on_overflow` without the batch processor.",
    ),
    ..LOST
};

const SEND_FAILED: FateFacts = FateFacts {
    name: "lost_in_collector.send_failed",
    silent: false,
    short: "collector gave up",
    explain: "a collector took it and its exporter gave it up",
    signal: Some(LossSignal {
        by_default: "a line of the collector's log, and nothing in the service",
        rule: signal::COLLECTOR_SEND_FAILED,
    }),
    remedy: Remedy::Other(
        "Let the collector try for longer than the outage lasts (`retry_on_failure.max_elapsed_time`).",
    ),
    ..LOST
};

const MEMORY_LIMIT: FateFacts = FateFacts {
    name: "lost_in_collector.memory_limit",
    silent: false,
    short: "collector memory",
    explain: "a collector took it and its memory limiter then refused it",
    signal: Some(LossSignal {
        by_default: "a line of the collector's log, and nothing in the service",
        rule: signal::COLLECTOR_MEMORY,
    }),
    remedy: Remedy::Other(
        "Put the memory limiter first among the processors, so that the client is told and tries again.",
    ),
    ..LOST
};

const SHUTDOWN: FateFacts = FateFacts {
    name: "lost_in_collector.shutdown",
    silent: false,
    at_exit: true,
    short: "collector stopped",
    explain: "a collector took it, still held it when it was asked to stop, and never sent it",
    signal: Some(LossSignal {
        by_default: "a line of the collector's log as it ends, and nothing in the service",
        rule: signal::RESTARTED,
    }),
    remedy: Remedy::Other(
        "Keep the queue on disk (`sending_queue.storage`), or give the collector time to send it before it ends.",
    ),
    ..LOST
};

const CRASH: FateFacts = FateFacts {
    name: "lost_in_collector.crash",
    at_exit: true,
    short: "collector died",
    explain: "a collector took it and crashed or was killed while it held it",
    signal: Some(signal::unsaid(signal::RESTARTED)),
    remedy: Remedy::Other(
        "Keep the queue on disk and leave out the batch processor, or let clients wait for the result (`wait_for_result`).",
    ),
    ..LOST
};

const UNKNOWN: FateFacts = LOST;

/// A collector said no to the client.
pub(super) const REFUSED: FateFacts = FateFacts {
    name: "refused_by_collector",
    silent: false,
    short: "collector refused",
    explain: "a collector answered that it does not take it, until its client gave up",
    signal: Some(signal::said("a line of the error handler with the collector's status")),
    remedy: Remedy::Other(
        "Give the collector room (its queue, its memory limit), or let the client try for longer.",
    ),
    ..LOST
};
