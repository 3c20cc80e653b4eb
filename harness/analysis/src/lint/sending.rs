//! How an exporter sends: its queue, its consumers, its own batching, its retries.

use super::values::{number, time, truth};
use super::yaml::{YamlNode, YamlValue};
use super::{Linter, TracesPipeline};

/// Defaults of the exporters' queue and retries, v0.165.0.
const CONSUMERS: f64 = 10.0;
const QUEUE_SIZE: f64 = 1000.0;
const GIVE_UP: f64 = 300.0;
/// Of their own batching, where it is on.
const MIN_SIZE: f64 = 8192.0;
/// Of the batch processor.
const SEND_BATCH_SIZE: f64 = 8192.0;
const TIMEOUT: f64 = 0.2;

/// What a queue's size counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LintSizer {
    Requests,
    Items,
    Bytes,
}

impl LintSizer {
    pub(super) const fn unit(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Items => "spans",
            Self::Bytes => "bytes",
        }
    }
}

/// The settings of an exporter, defaults filled in; none where they are not known.
pub(super) struct Sending<'a> {
    pub(super) queue: Option<bool>,
    pub(super) consumers: Option<f64>,
    pub(super) size: Option<f64>,
    pub(super) sizer: Option<LintSizer>,
    pub(super) block: Option<bool>,
    pub(super) wait: Option<bool>,
    /// The extension that keeps the queue.
    pub(super) storage: Option<(&'a YamlNode, &'a str)>,
    /// It batches by itself.
    pub(super) batches: bool,
    pub(super) retry: Option<bool>,
    /// Seconds after which it gives up; 0: never.
    pub(super) give_up: Option<f64>,
    /// Spans of what is put into the queue.
    pub(super) put: Option<f64>,
    /// Spans of what one consumer sends where there is enough to send.
    pub(super) sent: Option<f64>,
}

impl<'a> Sending<'a> {
    /// Reads an exporter that these pipelines lead to.
    pub(super) fn read(
        linter: &mut Linter<'a>,
        config: &'a YamlNode,
        before: &[&TracesPipeline<'a>],
    ) -> Self {
        let queue = config.get("sending_queue");
        let of = |key: &str| queue.and_then(|queue| queue.get(key));
        let retry = |key: &str| config.get("retry_on_failure").and_then(|retry| retry.get(key));
        let put = before.iter().map(|pipeline| batched(linter, pipeline)).collect::<Option<Vec<f64>>>();
        // The smallest decides how many spans a queue of requests holds.
        let put = put.map(|all| all.into_iter().fold(f64::INFINITY, f64::min)).filter(|put| put.is_finite());
        let own = of("batch").filter(|batch| matches!(batch.value, YamlValue::Map(_)) || batch.is_null());
        let sent = match own {
            Some(batch) => own_batch(linter, batch, put),
            None => put,
        };
        Self {
            queue: linter.known(truth(of("enabled")), true, of("enabled")),
            consumers: linter.known(number(of("num_consumers")), CONSUMERS, of("num_consumers")),
            size: linter.known(number(of("queue_size")), QUEUE_SIZE, of("queue_size")),
            sizer: sizer(of("sizer")),
            block: linter.known(truth(of("block_on_overflow")), false, of("block_on_overflow")),
            wait: linter.known(truth(of("wait_for_result")), false, of("wait_for_result")),
            storage: of("storage")
                .and_then(|node| Some((node, node.text()?)))
                .filter(|(node, _)| !node.is_null()),
            batches: own.is_some(),
            retry: linter.known(truth(retry("enabled")), true, retry("enabled")),
            give_up: linter.known(time(retry("max_elapsed_time")), GIVE_UP, retry("max_elapsed_time")),
            put,
            sent,
        }
    }

    /// Spans that the queue holds.
    pub(super) fn room(&self, span_bytes: f64) -> Option<f64> {
        Some(match self.sizer? {
            LintSizer::Requests => self.size? * self.put?,
            LintSizer::Items => self.size?,
            LintSizer::Bytes => self.size? / span_bytes,
        })
    }

    /// The size of a queue that holds so many spans.
    pub(super) fn size_for(&self, spans: f64, span_bytes: f64) -> Option<f64> {
        Some(match self.sizer? {
            LintSizer::Requests => (spans / self.put?).ceil(),
            LintSizer::Items => spans.ceil(),
            LintSizer::Bytes => (spans * span_bytes).ceil(),
        })
    }
}

fn sizer(node: Option<&YamlNode>) -> Option<LintSizer> {
    match node.and_then(YamlNode::text) {
        None | Some("requests") => Some(LintSizer::Requests),
        Some("items") => Some(LintSizer::Items),
        Some("bytes") => Some(LintSizer::Bytes),
        Some(_) => None,
    }
}

/// Spans of a request as it leaves the processors of a pipeline.
fn batched(linter: &mut Linter<'_>, pipeline: &TracesPipeline<'_>) -> Option<f64> {
    let (rate, request) = (linter.demand.spans_per_s, linter.demand.request_spans);
    let Some((_, name)) = pipeline.processor("batch") else { return Some(request) };
    let (_, config) = linter.component("processors", name)?;
    let (size, timeout, most) =
        (config.get("send_batch_size"), config.get("timeout"), config.get("send_batch_max_size"));
    let timeout = linter.known(time(timeout), TIMEOUT, timeout)?;
    let size = linter.known(number(size), SEND_BATCH_SIZE, size)?;
    let most = linter.known(number(most), 0.0, most)?;
    // Whole requests are put together until it is time or there is enough; with a timeout of 0 each goes on at once.
    let by_time = (rate * timeout).max(request);
    let spans = if size > 0.0 { by_time.min(size.max(request)) } else { by_time };
    Some(if most > 0.0 { spans.min(most) } else { spans })
}

/// Spans of what an exporter's own batching sends where the queue holds enough: then it does not wait for its flush timeout.
fn own_batch(linter: &mut Linter<'_>, batch: &YamlNode, put: Option<f64>) -> Option<f64> {
    let (least, most) = (batch.get("min_size"), batch.get("max_size"));
    let least = linter.known(number(least), MIN_SIZE, least)?;
    let most = linter.known(number(most), 0.0, most)?;
    let unit = match batch.get("sizer").and_then(YamlNode::text) {
        Some("bytes") => linter.demand.span_bytes,
        Some("items") | None => 1.0,
        Some(_) => return None,
    };
    let spans = (least / unit).max(put?);
    Some(if most > 0.0 { spans.min(most / unit) } else { spans })
}
