//! How an exporter sends: its queue, its consumers, its own batching, its retries.

use spanfate_model::advice::hop::{HopSettings, OwnBatch, ProcessorBatch};
use spanfate_model::exporter::Protocol;
use spanfate_model::scenario::pipeline::QueueSizer;

use super::values::{YamlSetting, number, time, truth};
use super::yaml::{YamlNode, YamlValue};
use super::{Linter, TracesPipeline, kind_of};

/// Defaults of the exporters' queue and retries, v0.165.0.
const DEFAULT: HopSettings = HopSettings::DEFAULT;

/// What something depends on is not known here.
#[derive(Clone, Copy)]
struct NotKnown;

/// The settings of an exporter, defaults filled in; none where they are not known.
pub(super) struct Sending<'a> {
    pub(super) queue: Option<bool>,
    pub(super) consumers: Option<f64>,
    pub(super) size: Option<f64>,
    pub(super) sizer: Option<QueueSizer>,
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
    /// The same for the capacity model. What is not known is the default in it, so who asks it looks first at what it rests on.
    pub(super) settings: HopSettings,
}

impl<'a> Sending<'a> {
    /// Reads an exporter that these pipelines lead to.
    pub(super) fn read(
        linter: &mut Linter<'a>,
        name: &str,
        config: &'a YamlNode,
        before: &[&TracesPipeline<'a>],
    ) -> Self {
        let queue = config.get("sending_queue");
        let of = |key: &str| queue.and_then(|queue| queue.get(key));
        let retry = |key: &str| config.get("retry_on_failure").and_then(|retry| retry.get(key));
        let demand = linter.demand.of_exporter();
        let processor = processor(linter, before);
        let put = processor.map(|one| HopSettings { processor: one, ..DEFAULT }.put(&demand)).ok();
        let batch = of("batch").filter(|batch| matches!(batch.value, YamlValue::Map(_)) || batch.is_null());
        let own = batch.map(|batch| own_batch(linter, batch));
        let sent = match own {
            Some(own) => own.zip(put).map(|(own, put)| own.spans(put)),
            None => put,
        };
        let seconds = |linter: &mut Linter<'a>, node: Option<&'a YamlNode>, default: f64| {
            linter.known(time(node), default, node)
        };
        let of_count = |linter: &mut Linter<'a>, node: Option<&'a YamlNode>, default: u64| {
            linter.known(number(node), default as f64, node)
        };
        let mut out = Self {
            queue: linter.known(truth(of("enabled")), DEFAULT.queue, of("enabled")),
            consumers: of_count(linter, of("num_consumers"), DEFAULT.consumers),
            size: of_count(linter, of("queue_size"), DEFAULT.queue_size),
            sizer: linter.known(sizer(of("sizer")), DEFAULT.sizer, of("sizer")),
            block: linter.known(truth(of("block_on_overflow")), false, of("block_on_overflow")),
            wait: linter.known(truth(of("wait_for_result")), false, of("wait_for_result")),
            storage: of("storage")
                .and_then(|node| Some((node, node.text()?)))
                .filter(|(node, _)| !node.is_null()),
            batches: own.is_some(),
            retry: linter.known(truth(retry("enabled")), DEFAULT.retry, retry("enabled")),
            give_up: seconds(linter, retry("max_elapsed_time"), DEFAULT.give_up_s),
            put,
            sent,
            settings: DEFAULT,
        };
        let initial = seconds(linter, retry("initial_interval"), DEFAULT.retry_initial_s);
        let most = seconds(linter, retry("max_interval"), DEFAULT.retry_most_s);
        let timeout = seconds(linter, config.get("timeout"), DEFAULT.timeout_s);
        out.settings = HopSettings {
            processor: processor.unwrap_or_default(),
            own: own.flatten(),
            retry_initial_s: initial.unwrap_or(DEFAULT.retry_initial_s),
            retry_most_s: most.unwrap_or(DEFAULT.retry_most_s),
            timeout_s: timeout.unwrap_or(DEFAULT.timeout_s),
            protocol: if is_http(name) { Protocol::HttpProtobuf } else { Protocol::Grpc },
            ..out.known()
        };
        out
    }

    /// What is known of its queue and its retries.
    fn known(&self) -> HopSettings {
        let whole = |number: Option<f64>, default: u64| number.map_or(default, |number| number as u64);
        HopSettings {
            queue: self.queue.unwrap_or(DEFAULT.queue),
            queue_size: whole(self.size, DEFAULT.queue_size),
            sizer: self.sizer.unwrap_or(DEFAULT.sizer),
            consumers: whole(self.consumers, DEFAULT.consumers),
            disk: self.storage.is_some(),
            retry: self.retry.unwrap_or(DEFAULT.retry),
            give_up_s: self.give_up.unwrap_or(DEFAULT.give_up_s),
            ..DEFAULT
        }
    }
}

fn is_http(name: &str) -> bool {
    ["otlphttp", "otlp_http"].contains(&kind_of(name))
}

fn sizer(node: Option<&YamlNode>) -> YamlSetting<QueueSizer> {
    match node.and_then(YamlNode::text) {
        None => YamlSetting::Unset,
        Some("requests") => YamlSetting::Is(QueueSizer::Requests),
        Some("items") => YamlSetting::Is(QueueSizer::Items),
        Some("bytes") => YamlSetting::Is(QueueSizer::Bytes),
        Some(_) => YamlSetting::Unknown,
    }
}

/// The batch processor before an exporter. Of several pipelines it is that of the one with the smallest requests, for these decide how
/// many spans a queue of requests holds.
fn processor(
    linter: &mut Linter<'_>,
    before: &[&TracesPipeline<'_>],
) -> Result<Option<ProcessorBatch>, NotKnown> {
    let all = before.iter().map(|pipeline| batched(linter, pipeline)).collect::<Result<Vec<_>, _>>()?;
    let demand = linter.demand.of_exporter();
    let put = |one: &Option<ProcessorBatch>| HopSettings { processor: *one, ..DEFAULT }.put(&demand);
    Ok(all.into_iter().min_by(|a, b| put(a).total_cmp(&put(b))).flatten())
}

/// The batch processor of a pipeline, where it has one.
fn batched(
    linter: &mut Linter<'_>,
    pipeline: &TracesPipeline<'_>,
) -> Result<Option<ProcessorBatch>, NotKnown> {
    const DEFAULT: ProcessorBatch = ProcessorBatch::DEFAULT;
    let Some((_, name)) = pipeline.processor("batch") else { return Ok(None) };
    let (_, config) = linter.component("processors", name).ok_or(NotKnown)?;
    let (size, timeout, most) =
        (config.get("send_batch_size"), config.get("timeout"), config.get("send_batch_max_size"));
    let timeout_s = linter.known(time(timeout), DEFAULT.timeout_s, timeout).ok_or(NotKnown)?;
    let size = linter.known(number(size), DEFAULT.size, size).ok_or(NotKnown)?;
    let most = linter.known(number(most), DEFAULT.most, most).ok_or(NotKnown)?;
    Ok(Some(ProcessorBatch { size, timeout_s, most }))
}

/// An exporter's own batches.
fn own_batch(linter: &mut Linter<'_>, batch: &YamlNode) -> Option<OwnBatch> {
    const DEFAULT: OwnBatch = OwnBatch::DEFAULT;
    let (least, most, flush) = (batch.get("min_size"), batch.get("max_size"), batch.get("flush_timeout"));
    let least = linter.known(number(least), DEFAULT.least, least)?;
    let most = linter.known(number(most), DEFAULT.most, most)?;
    let flush_s = linter.known(time(flush), DEFAULT.flush_s, flush).unwrap_or(DEFAULT.flush_s);
    let unit = match batch.get("sizer").and_then(YamlNode::text) {
        Some("bytes") => linter.demand.span_bytes,
        Some("items") | None => 1.0,
        Some(_) => return None,
    };
    Some(OwnBatch { least: least / unit, most: most / unit, flush_s })
}
