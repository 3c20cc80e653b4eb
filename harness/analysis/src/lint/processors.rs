//! Processors of traces: the memory limiter, the batch processor, tail sampling.

use spanfate_model::finding::lint::{LintRule, LintedLoss};

use super::values::{number, time};
use super::yaml::YamlNode;
use super::{LintWords, Linter, TracesPipeline, kind_of, shown};

/// Defaults of tail sampling, v0.160.0.
const DECISION_WAIT: f64 = 30.0;
const NUM_TRACES: f64 = 50_000.0;

pub(super) fn check(linter: &mut Linter<'_>, pipeline: &TracesPipeline<'_>) {
    limiter(linter, pipeline);
    if let Some((node, name)) = pipeline.processor("batch") {
        let text = "answers senders before anything is sent, and hides what becomes of it: what is lost behind it no sender hears of. \
                    It is planned to leave the default distribution with v0.166.0";
        let remedy = "take it away and set sending_queue.batch on the exporter; with wait_for_result: true senders hear of losses";
        linter.say(node, name, LintWords::risk(LintRule::BatchProcessor, text, remedy));
    }
    for (_, name) in pipeline.processors.iter().filter(|(_, name)| kind_of(name) == "tail_sampling") {
        tail_sampling(linter, name);
    }
}

fn limiter(linter: &mut Linter<'_>, pipeline: &TracesPipeline<'_>) {
    let place = pipeline.processors.iter().position(|(_, name)| kind_of(name) == "memory_limiter");
    match place {
        Some(0) => {}
        Some(at) => {
            let (node, name) = pipeline.processors[at];
            let before = pipeline.processors[0].1;
            let text = format!(
                "stands behind `{before}`: what that one holds is not limited, and it has been acknowledged already"
            );
            linter.say(
                node,
                name,
                LintWords::risk(LintRule::MemoryLimiterNotFirst, text, "make it the first processor"),
            );
        }
        None => {
            let text = "has no memory_limiter: when memory runs out the process is killed with all that its queues hold in memory";
            let remedy = "add memory_limiter as the first processor; senders are then told to try again";
            linter.say(
                pipeline.key,
                pipeline.name,
                LintWords::risk(LintRule::MemoryLimiterAbsent, text, remedy),
            );
        }
    }
}

/// It holds so many traces in a ring: one that is overtaken before its decision is dropped.
fn tail_sampling(linter: &mut Linter<'_>, name: &str) {
    let Some((key, config)) = linter.component("processors", name) else { return };
    let (wait_node, held_node) = (config.get("decision_wait"), config.get("num_traces"));
    let wait = linter.known(time(wait_node), DECISION_WAIT, wait_node);
    let held = linter.known(number(held_node), NUM_TRACES, held_node);
    let (Some(wait), Some(held)) = (wait, held) else { return };
    let traces = linter.demand.spans_per_s / linter.demand.trace_spans.max(1.0);
    let needed = traces * wait;
    if needed <= held {
        return;
    }
    let text = format!(
        "holds {} traces, and {} traces/s for a decision_wait of {wait} s are {}: the oldest are dropped before they are decided",
        shown(held),
        shown(traces),
        shown(needed)
    );
    let remedy = format!("set num_traces: {:.0}, or a shorter decision_wait", (needed * 1.2).ceil());
    let loss = LintedLoss { spans: None, share: 1.0 - held / needed };
    let at: &YamlNode = held_node.or(wait_node).unwrap_or(key);
    linter.say(at, name, LintWords::loss(LintRule::TailSamplingForgets, text, remedy, loss));
}
