//! Exporters under the demand: what an outage costs, and what they cannot carry.

use std::collections::BTreeMap;

use spanfate_model::advice::MARGIN;
use spanfate_model::advice::hop::lines::lines;
use spanfate_model::advice::hop::plan;
use spanfate_model::finding::lint::{LintRule, LintedLoss};
use spanfate_model::scenario::pipeline::QueueSizer;

use super::sending::Sending;
use super::values::truth;
use super::yaml::YamlNode;
use super::{LintWords, Linter, TracesPipeline, kind_of, shown, wiring};

/// Exporters that send over a network, whether or not they are told how.
const SENDERS: [&str; 4] = ["otlp", "otlp_grpc", "otlphttp", "otlp_http"];

pub(super) fn check<'a>(linter: &mut Linter<'a>, pipelines: &[TracesPipeline<'a>]) {
    for exporter in senders(linter, pipelines) {
        exporter.check(linter);
    }
}

/// The exporters of traces that have a queue, or could have one, by their names.
pub(super) fn senders<'a>(
    linter: &mut Linter<'a>,
    pipelines: &[TracesPipeline<'a>],
) -> Vec<LintedExporter<'a>> {
    let mut before: BTreeMap<&str, Vec<&TracesPipeline<'a>>> = BTreeMap::new();
    for pipeline in pipelines {
        for (_, name) in &pipeline.exporters {
            before.entry(name).or_default().push(pipeline);
        }
    }
    let mut out = Vec::new();
    for (name, pipelines) in before {
        let Some((key, config)) = linter.component("exporters", name) else { continue };
        let told = ["sending_queue", "retry_on_failure"].iter().any(|part| config.get(part).is_some());
        if told || SENDERS.contains(&kind_of(name)) {
            let sending = Sending::read(linter, name, config, &pipelines);
            let batch = pipelines.iter().any(|pipeline| pipeline.processor("batch").is_some());
            out.push(LintedExporter { name, key, config, sending, batch });
        }
    }
    out
}

/// An exporter of traces.
pub(super) struct LintedExporter<'a> {
    pub(super) name: &'a str,
    pub(super) key: &'a YamlNode,
    config: &'a YamlNode,
    pub(super) sending: Sending<'a>,
    /// The batch processor stands before it.
    batch: bool,
}

impl<'a> LintedExporter<'a> {
    fn check(&self, linter: &mut Linter<'_>) {
        match self.sending.queue {
            Some(true) => self.queue_on(linter),
            Some(false) => self.queue_off(linter),
            None => {}
        }
        self.retries(linter);
        self.combinations(linter);
        self.storage(linter);
    }

    /// Where a setting stands, or the part that lacks it, or the exporter.
    fn place(&self, part: &str, key: &str) -> &'a YamlNode {
        let part = self.config.get(part);
        part.and_then(|part| part.get(key))
            .or(part.filter(|part| !part.pairs().is_empty()))
            .unwrap_or(self.key)
    }

    fn say(&self, linter: &mut Linter<'_>, at: &YamlNode, said: LintWords) {
        linter.say(at, self.name, said);
    }

    fn queue_on(&self, linter: &mut Linter<'_>) {
        self.ceiling(linter);
        // Without a second try the queue empties itself during an outage.
        if self.sending.retry == Some(true) {
            self.outage(linter);
        }
    }

    /// What the consumers send: so many at once, each a round trip long.
    fn ceiling(&self, linter: &mut Linter<'_>) {
        let demand = *linter.demand;
        let (Some(consumers), Some(sent)) = (self.sending.consumers, self.sending.sent) else { return };
        if demand.round_trip_s <= 0.0 {
            return;
        }
        let ceiling = self.sending.settings.ceiling(&demand.of_exporter());
        let at = self.place("sending_queue", "num_consumers");
        if ceiling < demand.spans_per_s {
            let text = format!(
                "{} with {} spans each send at most {} spans/s at a round trip of {} ms, and {} come",
                counted(consumers, "consumer"),
                shown(sent),
                shown(ceiling),
                demand.round_trip_s * 1e3,
                shown(demand.spans_per_s)
            );
            let needed = (demand.spans_per_s * MARGIN * demand.round_trip_s / sent).ceil();
            let remedy = format!("set num_consumers: {needed:.0}, or larger batches");
            let loss = LintedLoss { spans: None, share: 1.0 - ceiling / demand.spans_per_s };
            self.say(linter, at, LintWords::loss(LintRule::CeilingBelowRate, text, remedy, loss));
        } else if consumers <= 1.0 {
            let text = format!(
                "one consumer sends one request after the other, at most {} spans/s: a slow answer holds up all",
                shown(ceiling)
            );
            self.say(
                linter,
                at,
                LintWords::risk(LintRule::OneConsumer, text, "set num_consumers: 10, as the default is"),
            );
        }
    }

    /// What comes during an outage must find room in the queue; what consumers try again is in it, too.
    fn outage(&self, linter: &mut Linter<'_>) {
        let demand = *linter.demand;
        let (Some(put), Some(size), Some(sizer)) = (self.sending.put, self.sending.size, self.sending.sizer)
        else {
            return;
        };
        let room = self.sending.settings.room(&demand.of_exporter());
        let come = demand.spans_per_s * demand.outage_s;
        let beyond = come - room;
        if beyond <= 0.0 {
            return;
        }
        let at = self.place("sending_queue", "queue_size");
        let of = match sizer {
            QueueSizer::Requests => format!("{} requests of about {} spans", shown(size), shown(put)),
            QueueSizer::Bytes => format!("{} bytes, {} a span", shown(size), shown(demand.span_bytes)),
            QueueSizer::Items => format!("{} spans", shown(size)),
        };
        let text = format!(
            "the queue holds {of}: with what its consumers try again {} spans; an outage of {} s brings {}",
            shown(room),
            demand.outage_s,
            shown(come)
        );
        let remedy = self.longer(linter);
        if self.sending.block == Some(true) {
            let text = format!(
                "{text}; block_on_overflow makes senders wait then, and what they cannot hold they lose"
            );
            self.say(linter, at, LintWords::risk(LintRule::BlockOnOverflow, text, remedy));
            return;
        }
        let loss = LintedLoss { spans: Some(beyond.ceil()), share: beyond / come };
        self.say(linter, at, LintWords::loss(LintRule::QueueSmallerThanOutage, text, remedy, loss));
    }

    /// The queue that outlasts the outage and the pauses after it, as `advise` says it.
    fn longer(&self, linter: &Linter<'_>) -> String {
        let demand = linter.demand.of_exporter();
        let Some(plan) = plan(&demand, &self.sending.settings) else {
            return "set a longer sending_queue.queue_size, or keep it on disk with storage".to_owned();
        };
        let set: Vec<String> =
            lines(&plan).iter().map(|line| format!("{}: {}", line.keys.join("."), line.value)).collect();
        let mib = plan.advised.outlook.full_bytes as f64 / 1_048_576.0;
        format!(
            "set {} (sizer {}; about {} MiB where it is full), or keep it on disk with storage",
            set.join(", "),
            plan.advised.settings.sizer.as_str(),
            shown(mib.ceil())
        )
    }

    fn queue_off(&self, linter: &mut Linter<'_>) {
        let text = if self.batch {
            "has no queue: while the back end is away the batch processor waits for its one export, and senders wait for it"
        } else {
            "has no queue: while the back end is away senders wait for their answer, and what they cannot hold they lose"
        };
        let at = self.place("sending_queue", "enabled");
        self.say(linter, at, LintWords::risk(LintRule::QueueOff, text, "set sending_queue.enabled: true"));
    }

    fn retries(&self, linter: &mut Linter<'_>) {
        let demand = *linter.demand;
        let come = demand.spans_per_s * demand.outage_s;
        let acknowledged = self.batch || self.sending.queue == Some(true) && self.sending.wait != Some(true);
        if self.sending.retry == Some(false) {
            let at = self.place("retry_on_failure", "enabled");
            if !acknowledged {
                let text = "tries nothing again: senders are told at once, and must do it";
                self.say(
                    linter,
                    at,
                    LintWords::risk(LintRule::RetryOff, text, "set retry_on_failure.enabled: true"),
                );
            } else if come > 0.0 {
                let text = "tries nothing again: all that is sent during an outage is lost, and was acknowledged; the queue does not help";
                let loss = LintedLoss { spans: Some(come), share: 1.0 };
                self.say(
                    linter,
                    at,
                    LintWords::loss(LintRule::RetryOff, text, "set retry_on_failure.enabled: true", loss),
                );
            }
            return;
        }
        let (Some(true), Some(give_up)) = (self.sending.retry, self.sending.give_up) else { return };
        if !acknowledged || give_up <= 0.0 || give_up >= demand.outage_s {
            return;
        }
        let (Some(consumers), Some(sent)) = (self.sending.consumers, self.sending.sent) else { return };
        // Each consumer gives one request up each time.
        let rounds = (demand.outage_s / give_up).floor();
        let dropped = (consumers * sent * rounds).min(come);
        let text = format!(
            "gives up after {give_up} s: in an outage of {} s each consumer drops {}, {} spans in all",
            demand.outage_s,
            counted(rounds, "request"),
            shown(dropped)
        );
        let remedy = format!(
            "set retry_on_failure.max_elapsed_time: {:.0}s, or 0 for never",
            (demand.outage_s * 2.0).ceil()
        );
        let at = self.place("retry_on_failure", "max_elapsed_time");
        let loss = LintedLoss { spans: Some(dropped), share: dropped / come };
        self.say(linter, at, LintWords::loss(LintRule::RetryShorterThanOutage, text, remedy, loss));
    }

    /// Settings that say one thing and do another together.
    fn combinations(&self, linter: &mut Linter<'_>) {
        if self.sending.queue != Some(true) {
            return;
        }
        let batch_at = self.place("sending_queue", "batch");
        if self.batch && self.sending.batches {
            let text = "batches again what the batch processor has batched: twice the wait, and the Collector warns of it at its start";
            self.say(
                linter,
                batch_at,
                LintWords::risk(LintRule::BatchedTwice, text, "take the batch processor away"),
            );
        }
        let wait_at = self.place("sending_queue", "wait_for_result");
        if self.sending.wait == Some(true) && self.batch {
            let text = "the batch processor gets the result and tells nobody: senders were answered before";
            let said = LintWords::risk(
                LintRule::WaitForResult,
                text,
                "take the batch processor away, and use sending_queue.batch",
            );
            self.say(linter, wait_at, said);
        }
        if self.sending.wait == Some(true) && self.sending.storage.is_some() {
            let text = "wait_for_result with a queue on disk is not supported, and nothing checks it";
            self.say(
                linter,
                wait_at,
                LintWords::risk(LintRule::WaitForResult, text, "leave one of the two out"),
            );
        }
        if self.sending.block == Some(true) && self.batch {
            let text = "a full queue stops the batch processor, which has answered its senders already: they wait behind what it holds";
            let at = self.place("sending_queue", "block_on_overflow");
            self.say(
                linter,
                at,
                LintWords::risk(LintRule::BlockOnOverflow, text, "take the batch processor away"),
            );
        }
    }

    fn storage(&self, linter: &mut Linter<'_>) {
        let Some((node, name)) = self.sending.storage else { return };
        let Some((_, extension)) = linter.component("extensions", name) else {
            return wiring::undefined_here(linter, node, name, "extensions");
        };
        let started = linter.root.at(&["service", "extensions"]).map_or(&[][..], YamlNode::list);
        if !started.iter().any(|one| one.text() == Some(name)) {
            return wiring::undefined_here(linter, node, name, "service.extensions");
        }
        let fsync = extension.get("fsync");
        if kind_of(name) == "file_storage" && linter.known(truth(fsync), false, fsync) == Some(false) {
            let text =
                format!("`{name}` writes without fsync: the queue outlives the process, and not the machine");
            let remedy = "set fsync: true on the extension if it must, and measure what that costs";
            self.say(linter, node, LintWords::risk(LintRule::PersistentWithoutFsync, text, remedy));
        }
    }
}

fn counted(number: f64, what: &str) -> String {
    let many = if (number - 1.0).abs() < f64::EPSILON { "" } else { "s" };
    format!("{} {what}{many}", shown(number))
}
