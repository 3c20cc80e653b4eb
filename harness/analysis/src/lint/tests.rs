//! Each finding has a configuration that gives it, and a near twin that does not.

use spanfate_model::advice::hop::plan;
use spanfate_model::finding::lint::{LintFinding, LintLevel};

use super::*;

const DEMAND: LintDemand = LintDemand {
    spans_per_s: 5000.0,
    round_trip_s: 0.02,
    outage_s: 60.0,
    span_bytes: 500.0,
    request_spans: 512.0,
    trace_spans: 5.0,
};

/// A configuration in which nothing is found.
const SOUND: &str = "\
receivers:
  otlp:
    protocols:
      grpc: {endpoint: '0.0.0.0:4317'}
processors:
  memory_limiter: {check_interval: 1s, limit_mib: 1000}
exporters:
  otlp_grpc:
    endpoint: gateway:4317
    sending_queue: {queue_size: 1000, wait_for_result: true}
service:
  pipelines:
    traces:
      receivers: [otlp]
      processors: [memory_limiter]
      exporters: [otlp_grpc]
";

fn of(text: &str) -> LintReport {
    lint(text, &DEMAND).unwrap_or_else(|broken| panic!("{broken:?}:\n{text}"))
}

/// The sound one with something replaced, which must be there.
fn with(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(SOUND.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

fn queue(settings: &str) -> String {
    with(&[("sending_queue: {queue_size: 1000, wait_for_result: true}", settings)])
}

const BATCH: [(&str, &str); 2] =
    [("processors:\n", "processors:\n  batch: {}\n"), ("[memory_limiter]", "[memory_limiter, batch]")];

const DISK: [(&str, &str); 2] = [
    ("service:\n", "extensions: {file_storage: {fsync: true}}\nservice:\n  extensions: [file_storage]\n"),
    ("wait_for_result: true", "storage: file_storage"),
];

fn tail(settings: &str) -> String {
    with(&[
        ("processors:\n", &format!("processors:\n  tail_sampling: {settings}\n")),
        ("[memory_limiter]", "[memory_limiter, tail_sampling]"),
    ])
}

#[test]
fn in_a_sound_one_nothing_is_found() {
    assert_eq!(of(SOUND), LintReport::default());
}

/// A rule with its level and line, what gives it, and the twin that does not.
type FindingCase = (LintRule, LintLevel, u32, String, String);

fn of_sending() -> Vec<FindingCase> {
    use LintLevel::{Loss, Risk};
    use LintRule as Rule;
    vec![
        (
            Rule::QueueSmallerThanOutage,
            Loss,
            10,
            queue("sending_queue: {queue_size: 500}"),
            queue("sending_queue: {queue_size: 600}"),
        ),
        (
            Rule::QueueSmallerThanOutage,
            Loss,
            10,
            queue("sending_queue: {queue_size: 250000, sizer: items}"),
            queue("sending_queue: {queue_size: 300000, sizer: items}"),
        ),
        (
            Rule::QueueSmallerThanOutage,
            Loss,
            10,
            queue("sending_queue: {queue_size: 100000000, sizer: bytes}"),
            queue("sending_queue: {queue_size: 200000000, sizer: bytes}"),
        ),
        (
            Rule::CeilingBelowRate,
            Loss,
            10,
            queue("sending_queue: {num_consumers: 1, batch: {max_size: 50, min_size: 50}}"),
            queue("sending_queue: {num_consumers: 1, batch: {max_size: 150, min_size: 150}}"),
        ),
        (
            Rule::OneConsumer,
            Risk,
            10,
            queue("sending_queue: {num_consumers: 1}"),
            queue("sending_queue: {num_consumers: 2}"),
        ),
        (
            Rule::QueueOff,
            Risk,
            10,
            queue("sending_queue: {enabled: false}"),
            queue("sending_queue: {enabled: true}"),
        ),
        (
            Rule::RetryOff,
            Loss,
            10,
            queue("retry_on_failure: {enabled: false}"),
            queue("retry_on_failure: {enabled: true}"),
        ),
        (
            Rule::RetryShorterThanOutage,
            Loss,
            10,
            queue("retry_on_failure: {max_elapsed_time: 30s}"),
            queue("retry_on_failure: {max_elapsed_time: 0s}"),
        ),
    ]
}

fn of_the_rest() -> Vec<FindingCase> {
    use LintLevel::{Loss, Note, Risk};
    use LintRule as Rule;
    let disk = |more: &[(&str, &str)]| with(&[&DISK[..], more].concat());
    let batch = |more: &[(&str, &str)]| with(&[&BATCH[..], more].concat());
    let undefined = ("exporters: [otlp_grpc]", "exporters: [otlp_grpc, absent]");
    let connector = ("service:\n", "connectors: {absent: {}}\nservice:\n");
    let twice = ("{queue_size: 1000, wait_for_result: true}", "{queue_size: 1000, batch: {min_size: 100}}");
    vec![
        (Rule::BatchProcessor, Risk, 16, batch(&[]), with(&BATCH[..1])),
        (Rule::BatchedTwice, Risk, 11, batch(&[twice]), with(&[twice])),
        (Rule::MemoryLimiterAbsent, Risk, 13, with(&[("[memory_limiter]", "[]")]), SOUND.to_owned()),
        (
            Rule::MemoryLimiterNotFirst,
            Risk,
            16,
            with(&[BATCH[0], ("[memory_limiter]", "[batch, memory_limiter]")]),
            batch(&[]),
        ),
        (Rule::PersistentWithoutFsync, Risk, 10, disk(&[("fsync: true", "")]), disk(&[])),
        (
            Rule::BlockOnOverflow,
            Risk,
            10,
            queue("sending_queue: {queue_size: 100, block_on_overflow: true}"),
            queue("sending_queue: {block_on_overflow: true}"),
        ),
        (
            Rule::WaitForResult,
            Risk,
            10,
            disk(&[("storage: file_storage", "storage: file_storage, wait_for_result: true")]),
            disk(&[]),
        ),
        (Rule::TailSamplingForgets, Loss, 6, tail("{decision_wait: 60s}"), tail("{decision_wait: 50s}")),
        (Rule::UndefinedComponent, Loss, 16, with(&[undefined]), with(&[undefined, connector])),
        (
            Rule::UnusedComponent,
            Note,
            2,
            with(&[("receivers:\n", "receivers:\n  zipkin: {}\n")]),
            with(&[("receivers:\n", "receivers:\n  zipkin: {}\n"), ("[otlp]", "[otlp, zipkin]")]),
        ),
        (
            Rule::LocalEndpoint,
            Risk,
            4,
            with(&[("{endpoint: '0.0.0.0:4317'}", "")]),
            with(&[("0.0.0.0", "10.1.2.3")]),
        ),
    ]
}

#[test]
fn each_finding_has_a_cause_and_a_twin_without() {
    for (rule, level, line, cause, twin) in of_sending().iter().chain(&of_the_rest()) {
        let found = of(cause);
        let hit: Vec<&LintFinding> = found.findings.iter().filter(|finding| finding.rule == *rule).collect();
        assert_eq!(hit.len(), 1, "{rule:?} in\n{cause}\n{found:#?}");
        assert_eq!((hit[0].level, hit[0].line), (*level, *line), "{rule:?}: {}\n{cause}", hit[0].text);
        assert_eq!(hit[0].loss.is_some(), *level == LintLevel::Loss, "{rule:?}");
        let twin_found = of(twin);
        let none = twin_found.findings.iter().all(|finding| finding.rule != *rule);
        assert!(none, "{rule:?} in the twin\n{twin}\n{twin_found:#?}");
    }
}

fn loss(text: &str, rule: LintRule) -> LintedLoss {
    let found = of(text);
    found.findings.iter().find(|finding| finding.rule == rule).and_then(|finding| finding.loss).unwrap()
}

#[test]
fn predicted_losses_are_those_of_the_capacity_model() {
    // 300,000 come; 500 requests of 512, those that are tried again among them, hold 256,000.
    let queue_loss = loss(&queue("sending_queue: {queue_size: 500}"), LintRule::QueueSmallerThanOutage);
    assert_eq!(queue_loss.spans, Some(44_000.0));
    assert!((queue_loss.share - 0.146_666_7).abs() < 1e-6);
    // 100 MB of 500 bytes are 200,000.
    let bytes = loss(
        &queue("sending_queue: {queue_size: 100000000, sizer: bytes}"),
        LintRule::QueueSmallerThanOutage,
    );
    assert_eq!(bytes.spans, Some(100_000.0));
    // 50 each 20 ms.
    let ceiling = loss(
        &queue("sending_queue: {num_consumers: 1, batch: {max_size: 50, min_size: 50}}"),
        LintRule::CeilingBelowRate,
    );
    assert!(ceiling.spans.is_none() && (ceiling.share - 0.5).abs() < 1e-9);
    // Twice ten requests of 512.
    let retry = loss(&queue("retry_on_failure: {max_elapsed_time: 30s}"), LintRule::RetryShorterThanOutage);
    assert_eq!(retry.spans, Some(10_240.0));
    // 1,000 traces per second for a minute, and room for 50,000.
    let tail = loss(&tail("{decision_wait: 60s}"), LintRule::TailSamplingForgets);
    assert!((tail.share - 1.0 / 6.0).abs() < 1e-9);
    // The batch processor makes requests of a fifth of a second: 1,000 spans.
    let batch = with(&[&BATCH[..], &[("queue_size: 1000", "queue_size: 200")]].concat());
    assert_eq!(loss(&batch, LintRule::QueueSmallerThanOutage).spans, Some(100_000.0));
}

#[test]
fn what_is_to_be_done_about_a_short_queue_is_what_advise_says() {
    let text = queue("sending_queue: {queue_size: 500}");
    let found = of(&text).findings;
    let remedy = &found.iter().find(|one| one.rule == LintRule::QueueSmallerThanOutage).unwrap().remedy;
    let (exporters, unknown) = configured(&text, &DEMAND).unwrap();
    assert_eq!((exporters.len(), exporters[0].name.as_str(), exporters[0].line), (1, "otlp_grpc", 8));
    assert!(unknown.is_empty() && exporters[0].settings.queue_size == 500, "{exporters:?}");
    let plan = plan(&DEMAND.of_exporter(), &exporters[0].settings).unwrap();
    let size = plan.advised.settings.queue_size;
    assert!(remedy.contains(&format!("sending_queue.queue_size: {size},")), "{remedy}");
    // Set as it says, nothing of it is left.
    let mended = text.replace("queue_size: 500}", &format!("queue_size: {size}}}"));
    assert!(of(&mended).findings.iter().all(|one| one.rule != LintRule::QueueSmallerThanOutage));
    // What the environment decides is said, and what is no configuration is an error.
    let (_, unknown) = configured(&queue("sending_queue: {queue_size: '${env:QUEUE}'}"), &DEMAND).unwrap();
    assert_eq!(unknown, ["line 10: `${env:QUEUE}` is not known here"]);
    assert!(configured("a: 1\n", &DEMAND).is_err());
}

#[test]
fn an_answer_before_the_batch_processor_makes_a_loss_of_no_second_try() {
    let off = (
        "sending_queue: {queue_size: 1000, wait_for_result: true}",
        "sending_queue: {enabled: false}\n    retry_on_failure: {enabled: false}",
    );
    let found = of(&with(&[off]));
    let level = |found: &LintReport| {
        found.findings.iter().find(|one| one.rule == LintRule::RetryOff).map(|one| one.level)
    };
    assert_eq!(level(&found), Some(LintLevel::Risk), "senders hear of it");
    assert_eq!(level(&of(&with(&[&BATCH[..], &[off]].concat()))), Some(LintLevel::Loss));
}

#[test]
fn what_the_environment_decides_is_not_judged_and_said() {
    let found = of(&queue("sending_queue: {queue_size: '${env:QUEUE}', num_consumers: 1}"));
    assert_eq!(found.not_judged, ["line 10: `${env:QUEUE}` is not known here"]);
    let rules: Vec<LintRule> = found.findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, [LintRule::OneConsumer]);
    let fallback = of(&queue("sending_queue: {queue_size: '${env:QUEUE:-10}'}"));
    assert_eq!(fallback.findings[0].rule, LintRule::QueueSmallerThanOutage);
}

#[test]
fn pipelines_of_other_signals_are_wired_and_not_weighed() {
    let metrics =
        SOUND.replace("    traces:\n", "    metrics:\n").replace("queue_size: 1000", "queue_size: 1");
    let found = of(&metrics);
    assert_eq!((found.findings.len(), found.not_judged.len()), (0, 1), "{found:?}");
    let named =
        SOUND.replace("    traces:\n", "    traces/second:\n").replace("queue_size: 1000", "queue_size: 1");
    assert_eq!(of(&named).findings[0].rule, LintRule::QueueSmallerThanOutage);
}

#[test]
fn what_is_no_configuration_is_said_with_its_place() {
    let broken = lint("receivers:\n  otlp: [\nservice: 1\n", &DEMAND).unwrap_err();
    assert_eq!(broken.line, 3, "{broken:?}");
    for text in ["", "a: 1\n", "- 1\n", "service: {pipelines: {}}\n"] {
        assert!(lint(text, &DEMAND).unwrap_err().what.contains("service.pipelines"), "{text}");
    }
}
