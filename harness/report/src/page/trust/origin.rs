//! Where the numbers come from: environment, how to get them again, words.

use std::collections::BTreeSet;

use spanfate_model::plan::Plan;
use spanfate_model::result::RunResult;

use crate::figures::faults::rows;
use crate::figures::sums::{self, trials};
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::PageSection;
use crate::text::number::{NONE, PAGE};

/// Is it comparable?
pub(crate) fn comparable(result: &RunResult) -> PageSection {
    let at = &result.environment;
    let cpus = |cpus: &[u32]| cpus.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let distinct = |all: BTreeSet<String>| all.into_iter().collect::<Vec<_>>().join(", ");
    let sdks = distinct(trials(result).map(|(_, trial)| trial.sdk.clone()).collect());
    let named = distinct(at.sdks.iter().map(ToString::to_string).collect());
    let procs = distinct(trials(result).map(|(_, trial)| trial.gomaxprocs.to_string()).collect());
    let facts = [
        ("Spanfate", format!("{} ({} build)", at.spanfate, at.profile)),
        ("Go", at.go.clone()),
        ("OpenTelemetry SDK", sdks),
        ("SDKs of variants", named),
        ("GOMAXPROCS", procs),
        ("Kernel", at.kernel.clone()),
        ("Architecture", at.arch.clone()),
        ("CPU model", at.cpu.clone()),
        ("CPUs of this machine", cpus(&at.cpus)),
        ("CPUs of the service", cpus(&at.fixture_cpus)),
        ("CPUs of the harness", cpus(&at.harness_cpus)),
        ("Memory", format!("{}\u{202f}MiB", PAGE.mib(at.memory))),
        ("Clock source", at.clock_source.clone()),
        ("Span ledgers", at.scratch.clone()),
    ];
    let mut grid = Grid::new("Environment", ["What", "Value"]);
    for (what, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        grid.row([*what, value]);
    }
    let shared = at.fixture_cpus.iter().any(|cpu| at.harness_cpus.contains(cpu));
    let answer = if shared {
        "Only with care: service and harness shared CPUs, so loss and latency also measure their scheduling."
    } else {
        "With runs on the same machine and toolchains as below; service and harness had CPUs of their own."
    };
    PageSection {
        id: "environment",
        question: "Is it comparable?",
        answer: answer.to_owned(),
        body: grid.render(),
    }
}

/// How to reproduce?
pub(crate) fn reproduce(result: &RunResult, again: Option<&str>) -> PageSection {
    let (plan, load) = (&result.plan, &result.plan.load);
    let facts = [
        ("Seed", plan.seed.to_string()),
        ("Load", load.to_string()),
        ("Warm-up", load.warmup.to_string()),
        ("Measured part", load.lasting.to_string()),
        ("Most open requests", PAGE.count(u64::from(load.max_in_flight.get()))),
        ("Trials", format!("{} in {} variants", plan.trials.len(), plan.variants.len())),
    ];
    let mut grid = Grid::new("The plan", ["What", "Value"]);
    for (what, value) in &facts {
        grid.row([*what, value]);
    }
    let command =
        again.map(|again| Html::element("pre", &[("tabindex", "0")], Html::leaf("code", "", again)));
    let body = command.unwrap_or_default().with(&grid.render()).with(&services(&result.plan));
    let answer =
        "The same scenario and seed give the same plan: schedule, order of trials and ids, byte for byte.";
    PageSection { id: "reproduce", question: "How to reproduce it?", answer: answer.to_owned(), body }
}

/// The services and their work.
fn services(plan: &Plan) -> Html {
    let titles = [
        "Service",
        "Runs",
        "Calls",
        "#Spans per request",
        "#Attributes per span",
        "Work per call",
        "Witness",
    ];
    let mut grid = Grid::new("The services", titles);
    for (service, share) in plan.services.iter().zip(plan.shares()) {
        let runs =
            if service.is_own() { service.command.join(" ") } else { service.fixture.as_str().to_owned() };
        let calls = service.calls.iter().chain(service.cache.as_ref().map(|cache| &cache.store));
        let calls = calls.map(String::as_str).collect::<Vec<_>>().join(", ");
        let (least, most) = (share.spans.start(), share.spans.end());
        let spans = if least == most { least.to_string() } else { format!("{least} to {most}") };
        grid.row([
            service.name.clone(),
            runs,
            if calls.is_empty() { NONE.to_owned() } else { calls },
            spans,
            format!("{} of {} bytes", service.attributes, service.attribute_bytes),
            format!("CPU {}, sleep {}, allocation {}", service.cpu, service.sleep, service.allocate),
            format!("{:?}", service.witness).to_lowercase(),
        ]);
    }
    grid.render()
}

/// What do the words mean?
pub(crate) fn glossary(result: &RunResult) -> PageSection {
    let mut inner = Html::new();
    let mut put = |term: &str, meaning: &str| {
        inner.push(&Html::leaf("dt", "", term));
        inner.push(&Html::leaf("dd", "", meaning));
    };
    for fate in sums::fates(&result.variants).keys() {
        let silent = if fate.is_silent() { "; the SDK's defaults tell an operator nothing" } else { "" };
        put(&fate.to_string(), &format!("{}{silent}.", fate.explain()));
    }
    for (term, meaning) in WORDS {
        put(term, meaning);
    }
    if !rows(result).is_empty() {
        for (term, meaning) in FAULTS {
            put(term, meaning);
        }
    }
    PageSection {
        id: "glossary",
        question: "What do the words mean?",
        answer: "A fate is the one terminal outcome of a span; these are the fates that occur here."
            .to_owned(),
        body: Html::element("dl", &[("class", "glossary")], inner),
    }
}

const WORDS: [(&str, &str); 16] = [
    ("unexplained", "a created span for which complete witnesses prove no fate. Must be 0."),
    ("unaccounted", "a created span that cannot be placed because a witness that would tell has a gap."),
    ("unexpected", "a received span that nobody created. Must be 0."),
    ("silent", "lost, and neither SDK nor collector gave a signal an operator would see."),
    (
        "witness",
        "an independent source that says something about a span: the process, the wire, the SDK, the load.",
    ),
    ("open loop", "requests start when the schedule says, however slow the answers are."),
    ("intended start", "when the schedule wanted a request to start; response times count from there."),
    ("variant", "a configuration of exporter or receiver, under its name in the scenario."),
    ("trial", "one execution of one variant; the statistical unit."),
    (
        "measured part",
        "the load after its warm-up: rates and times rest on it, counts of the books on all of it.",
    ),
    ("due", "created in the measured part, less what was not meant to arrive."),
    (
        "books",
        "created = received + lost + not meant to arrive + unexplained + unaccounted; they close or they do not.",
    ),
    (
        "capacity model",
        "one worker exports one batch at a time, so what comes faster than that fills the queue and is dropped.",
    ),
    ("ceiling", "what one worker can export per second: spans of a batch over the time of an export."),
    (
        "neighbour CPU",
        "time that other programs took on the cores of the service; with too much of it rates and times are not valid.",
    ),
    ("probes", "what the kernel (eBPF) sees the SDK do, from outside the process."),
];

/// Words that only a run with faults needs.
const FAULTS: [(&str, &str); 2] = [
    ("fault", "what is made to go wrong on purpose, at a planned time or in a planned state."),
    ("dose", "what a fault did, counted; below the dose it needs the fault did not happen."),
];
