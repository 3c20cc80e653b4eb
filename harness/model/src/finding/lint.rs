//! What `spanfate lint` finds in the configuration of a collector.

use serde::Serialize;

use crate::advice::hop::HopDemand;

/// What a collector has to bear.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct LintDemand {
    /// Spans per second.
    pub spans_per_s: f64,
    /// Time from a request to its answer, seconds.
    pub round_trip_s: f64,
    /// How long the back end may be away, seconds.
    pub outage_s: f64,
    /// Bytes of a span in protobuf.
    pub span_bytes: f64,
    /// Spans of a request as clients send it.
    pub request_spans: f64,
    /// Spans of a trace.
    pub trace_spans: f64,
}

impl LintDemand {
    /// The same for the capacity model of an exporter.
    pub const fn of_exporter(&self) -> HopDemand {
        HopDemand {
            spans_per_s: self.spans_per_s,
            request_spans: self.request_spans,
            round_trip_s: self.round_trip_s,
            outage_s: self.outage_s,
            span_bytes: self.span_bytes,
        }
    }
}

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LintRule {
    /// A sending queue that is full before the outage is over.
    QueueSmallerThanOutage,
    /// Consumers that send less than what comes.
    CeilingBelowRate,
    /// One consumer.
    OneConsumer,
    /// A queue that is off.
    QueueOff,
    /// No second try.
    RetryOff,
    /// Tries that end before the outage does.
    RetryShorterThanOutage,
    /// The batch processor answers before anything is sent.
    BatchProcessor,
    /// The batch processor, and an exporter that batches again.
    BatchedTwice,
    /// No memory limiter.
    MemoryLimiterAbsent,
    /// A memory limiter behind another processor.
    MemoryLimiterNotFirst,
    /// A queue on disk that is not forced there.
    PersistentWithoutFsync,
    /// Senders wait for room in the queue.
    BlockOnOverflow,
    /// A result that nobody is told, or that cannot be told.
    WaitForResult,
    /// Tail sampling that forgets traces before it decides.
    TailSamplingForgets,
    /// A name that is not defined.
    UndefinedComponent,
    /// A component that no pipeline has.
    UnusedComponent,
    /// A receiver that only this host reaches.
    LocalEndpoint,
}

impl LintRule {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QueueSmallerThanOutage => "queue_smaller_than_outage",
            Self::CeilingBelowRate => "ceiling_below_rate",
            Self::OneConsumer => "one_consumer",
            Self::QueueOff => "queue_off",
            Self::RetryOff => "retry_off",
            Self::RetryShorterThanOutage => "retry_shorter_than_outage",
            Self::BatchProcessor => "batch_processor",
            Self::BatchedTwice => "batched_twice",
            Self::MemoryLimiterAbsent => "memory_limiter_absent",
            Self::MemoryLimiterNotFirst => "memory_limiter_not_first",
            Self::PersistentWithoutFsync => "persistent_without_fsync",
            Self::BlockOnOverflow => "block_on_overflow",
            Self::WaitForResult => "wait_for_result",
            Self::TailSamplingForgets => "tail_sampling_forgets",
            Self::UndefinedComponent => "undefined_component",
            Self::UnusedComponent => "unused_component",
            Self::LocalEndpoint => "local_endpoint",
        }
    }
}

/// What a finding means.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LintLevel {
    /// Spans are lost under the demand that was given.
    Loss,
    /// Spans may be lost, or a loss is not seen.
    Risk,
    /// Worth knowing.
    Note,
}

impl LintLevel {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Risk => "risk",
            Self::Note => "note",
        }
    }
}

/// Spans that the capacity model says are lost.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct LintedLoss {
    /// Of one outage; absent where the loss goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spans: Option<f64>,
    /// Share of the spans that come in the outage, or of all spans where the loss goes on; 0 to 1.
    pub share: f64,
}

/// Something that was found.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct LintFinding {
    /// What it means.
    pub level: LintLevel,
    /// What is wrong.
    pub rule: LintRule,
    /// Line in the file, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// The component or pipeline.
    pub component: String,
    /// What is so, in a sentence.
    pub text: String,
    /// What to do.
    pub remedy: String,
    /// What it costs under the demand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<LintedLoss>,
}

/// What was found in one file.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct LintedFile {
    /// The file, as it was given.
    pub file: String,
    /// The findings, worst first, then by line.
    pub findings: Vec<LintFinding>,
    /// Values that come from elsewhere, with their lines: what depends on them was not judged.
    pub not_judged: Vec<String>,
}
