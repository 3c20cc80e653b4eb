//! The same question gets the same answer, whoever is asked: a peek, `advise` with a rate and with metrics, the search of a frontier,
//! and the report of a run.

use std::collections::BTreeMap;

use clap::Parser;
use spanfate_analysis::metrics::{Scrape, ScrapedPlace, observe};
use spanfate_analysis::{conclude_peek, insights};
use spanfate_model::advice::plan::{AdvicePlan, Choice};
use spanfate_model::advice::settings::BatchSettings;
use spanfate_model::advice::why::variables;
use spanfate_model::books::ledger::Ledger;
use spanfate_model::exporter::{Effective, Exporter};
use spanfate_model::fate::Fate;
use spanfate_model::finding::peek::{ExportTimes, Look, Observation, WatchedProcessor};
use spanfate_model::format::manifest::{FORMAT, Status};
use spanfate_model::format::probe;
use spanfate_model::plan::Plan as Planned;
use spanfate_model::quantity::unit::{Period, Rate};
use spanfate_model::result::environment::Environment;
use spanfate_model::result::{
    ExportFigures, Insights, LoadFigures, Loss, Prediction, RunResult, TrialResult, UsageFigures,
    VariantResult, VariantSummary,
};
use spanfate_model::scenario::{Fault, Load, Scenario, Variant};
use spanfate_model::verdict::Verdict;

use crate::args::{Arguments, Command};

/// What is asked: spans per second, microseconds of an export, batch and queue that are set, milliseconds of an outage.
#[derive(Clone, Copy, Debug)]
struct Question {
    rate: u64,
    export_us: u64,
    batch: u32,
    queue: u32,
    outage_ms: u64,
}

/// How long it is watched, seconds.
const WATCHED_S: u64 = 10;

impl Question {
    /// Spans exported and dropped in that time, and exports.
    fn counts(self) -> (u64, u64, u64) {
        let all = self.rate * WATCHED_S;
        let exports = (all / u64::from(self.batch)).min(WATCHED_S * 1_000_000 / self.export_us);
        // What is not dropped is exported, if in fewer exports than there is time for.
        let keeps_up = u64::from(self.batch) * 1_000_000 > self.rate * self.export_us;
        let handed = if keeps_up { all } else { exports * u64::from(self.batch) };
        (handed, all - handed, exports)
    }

    fn by_rate(self) -> AdvicePlan {
        let Self { rate, export_us, batch, queue, outage_ms } = self;
        let line = format!(
            "spanfate advise --spans {rate}/s --rtt {export_us}us --batch {batch} --queue {queue} --outage {outage_ms}ms"
        );
        match Arguments::try_parse_from(line.split(' ')).unwrap().command {
            Command::Advise(arguments) => super::advised(&arguments).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn scenario(self) -> Scenario {
        let load = Load::steady(Rate(self.rate as f64), Period::millis(8000));
        let fault = format!(r#"{{"kind": "down", "at": "1s", "for": "{}ms"}}"#, self.outage_ms);
        Scenario {
            exporter: Exporter { batch: Some(self.batch), queue: Some(self.queue), ..Exporter::default() },
            variant: vec![Variant { name: "asked".to_owned(), ..Variant::default() }],
            fault: (self.outage_ms > 0)
                .then(|| serde_json::from_str::<Fault>(&fault).unwrap())
                .into_iter()
                .collect(),
            ..Scenario::new("asked".to_owned(), load)
        }
    }

    fn by_frontier(self) -> AdvicePlan {
        let worker = (self.batch, self.queue, self.export_us as f64 / 1e3);
        crate::session::frontier::asked(&self.scenario(), worker).unwrap()
    }

    fn by_report(self) -> AdvicePlan {
        let result = insights(&self.result());
        let advised = result.advice.into_iter().next().unwrap();
        advised.plan.unwrap()
    }

    /// A run in which that lost spans for a full queue.
    fn result(self) -> RunResult {
        let plan = Planned::resolve(&self.scenario());
        let export_s = self.export_us as f64 / 1e6;
        let predicted = Prediction {
            rate: 0.1,
            spans_per_s: self.rate as f64,
            batch: self.batch,
            queue: self.queue,
            export_ms: export_s * 1e3,
            ceiling: f64::from(self.batch) / export_s,
        };
        let loss =
            Loss { due: 1000, received: 900, lost: 100, silent: 100, rate: 0.1, predicted: Some(predicted) };
        let summary = VariantSummary {
            trials: 1,
            lost: 100,
            lost_by_fate: BTreeMap::from([(Fate::DroppedQueueFull, 100)]),
            ..VariantSummary::default()
        };
        let variant = VariantResult {
            name: "asked".to_owned(),
            settings: Vec::new(),
            trials: vec![self.trial(loss)],
            summary,
        };
        RunResult {
            format: FORMAT.to_owned(),
            run_id: "asked".to_owned(),
            status: Status::Complete,
            verdict: Verdict::Pass,
            reasons: Vec::new(),
            plan,
            environment: Environment::default(),
            variants: vec![variant],
            expectations: Vec::new(),
            claims: Vec::new(),
            sweep: None,
            comparison: None,
            insights: Insights::default(),
        }
    }

    fn trial(self, loss: Loss) -> TrialResult {
        TrialResult {
            index: 0,
            repetition: 0,
            status: Status::Complete,
            attempts: None,
            quiet: None,
            error: None,
            limits_met: Vec::new(),
            unread: Vec::new(),
            ended_by_itself: None,
            ledger: Ledger::default(),
            loss,
            load: LoadFigures::default(),
            exports: ExportFigures::default(),
            delay: None,
            usage: UsageFigures::default(),
            effective: Some(Effective { batch: self.batch, queue: self.queue, ..Effective::default() }),
            gomaxprocs: 1,
            sdk: String::new(),
            witnesses: Vec::new(),
            agreement: Vec::new(),
            validity: Vec::new(),
            timeline: Vec::new(),
            examples: Vec::new(),
            services: Vec::new(),
            breakdown: Vec::new(),
            faults: Vec::new(),
            damage: None,
            probes: Vec::new(),
            logs: None,
            trace_matches: Vec::new(),
            replays: Vec::new(),
            hops: Vec::new(),
            engine: None,
        }
    }

    fn watched(self) -> Observation {
        let (handed, dropped, exports) = self.counts();
        let mut full = ExportTimes::default();
        (0..exports).for_each(|_| full.add(self.batch, self.export_us * 1000));
        let second = 1_000_000_000;
        let look = |at, handed, dropped| Look { at, handed, dropped, ..Look::default() };
        let (first, last) = (look(second, 0, 0), look((1 + WATCHED_S) * second, handed, dropped));
        let settings = probe::ProcessorSettings {
            processor: 1,
            queue: self.queue,
            batch: self.batch,
            block: false,
            no_exporter: false,
            delay: 5 * second,
            timeout: 30 * second,
        };
        let watched = WatchedProcessor {
            settings,
            fits: true,
            since: second,
            first,
            last,
            counter: dropped as u32,
            full,
            all: full,
            ended: exports,
            heard: Some(last.at),
            ..WatchedProcessor::default()
        };
        Observation { began: second, ended: last.at, processors: vec![watched], ..Observation::default() }
    }

    fn page(self) -> String {
        let (handed, dropped, exports) = self.counts();
        let sum = exports as f64 * self.export_us as f64 / 1e6;
        format!(
            "otel_sdk_processor_span_queue_capacity{{otel_component_name=\"batching_span_processor/0\"}} {}\n\
             otel_sdk_processor_span_queue_size{{otel_component_name=\"batching_span_processor/0\"}} 0\n\
             otel_sdk_processor_span_processed_total{{otel_component_name=\"batching_span_processor/0\"}} {handed}\n\
             otel_sdk_processor_span_processed_total{{otel_component_name=\"batching_span_processor/0\",error_type=\"queue_full\"}} {dropped}\n\
             otel_sdk_exporter_span_exported_total{{otel_component_name=\"otlp_grpc_span_exporter/0\"}} {handed}\n\
             otel_sdk_exporter_operation_duration_seconds_sum{{otel_component_name=\"otlp_grpc_span_exporter/0\"}} {sum}\n\
             otel_sdk_exporter_operation_duration_seconds_count{{otel_component_name=\"otlp_grpc_span_exporter/0\"}} {exports}\n\
             process_start_time_seconds 1.7e+09\n",
            self.queue
        )
    }

    /// What `advise --metrics` would set; `None` where nothing needs to change.
    fn by_metrics(self) -> Option<BatchSettings> {
        let page = self.page();
        let last = Scrape { text: &page, at_s: Some(1.7e9 + WATCHED_S as f64) };
        observe(&[ScrapedPlace { source: "page", before: None, last }], Some(self.batch)).remove(0).set
    }
}

/// Numbers are the same but for the last digits: milliseconds and seconds round differently.
fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * b.abs().max(1.0)
}

fn same(one: &Choice, other: &Choice) -> bool {
    let (a, b) = (one.outlook, other.outlook);
    one.settings == other.settings
        && near(a.ceiling_per_s, b.ceiling_per_s)
        && near(a.loss, b.loss)
        && near(a.survives_s, b.survives_s)
        && a.memory_bytes == b.memory_bytes
}

/// Too slow by different amounts, one that no setting saves, two that are set higher than the defaults, and one that keeps up.
const QUESTIONS: [(u64, u64, u32, u32); 8] = [
    (25_000, 30_000, 512, 2048),
    (9_329, 32_400, 64, 256),
    (24_812, 38_000, 512, 2048),
    (1_000, 200_000, 32, 64),
    (400_000, 1_000_000, 512, 2048),
    (30_000, 50_000, 1024, 8192),
    (20_000, 100_000, 1920, 65_536),
    (500, 30_000, 512, 2048),
];

fn questions() -> impl Iterator<Item = Question> {
    let one = |outage_ms| {
        move |(rate, export_us, batch, queue)| Question { rate, export_us, batch, queue, outage_ms }
    };
    [0, 10_000, 90_000].into_iter().flat_map(move |outage| QUESTIONS.into_iter().map(one(outage)))
}

#[test]
fn the_same_question_gets_the_same_answer() {
    let mut changed = 0;
    for question in questions() {
        let asked = question.by_rate();
        let answers = [("frontier", question.by_frontier())]
            .into_iter()
            // A run that lost spans for a full queue says more than that where the law sees no reason.
            .chain((!asked.is_settled()).then(|| ("report", question.by_report())));
        for (who, answer) in answers {
            let agreed = same(&asked.variables, &answer.variables) && same(&asked.now, &answer.now);
            assert!(agreed && asked.lacks == answer.lacks, "{who} {question:?}: {asked:?}\n{answer:?}");
            assert_eq!(asked.code.map(|code| code.settings), answer.code.map(|code| code.settings), "{who}");
        }
        if question.outage_ms > 0 {
            continue;
        }
        // What runs now says nothing of an outage to come.
        let set = (!asked.is_settled()).then_some(asked.variables.settings);
        changed += u32::from(set.is_some());
        assert_eq!(question.by_metrics(), set, "metrics, {question:?}");
        let peek = conclude_peek(&question.watched()).processors.remove(0).advice;
        assert_eq!(peek.as_ref().map(|advice| (advice.batch, advice.queue)), set.map(|s| (s.batch, s.queue)));
        if let Some(advice) = peek {
            let lines = variables(&asked.variables.settings, &asked.now.settings, &asked.demand);
            let values = |of: &[spanfate_model::advice::why::Variable]| -> Vec<(&str, u64)> {
                of.iter().map(|one| (one.name, one.value)).collect()
            };
            assert_eq!(values(&advice.set), values(&lines), "peek, {question:?}");
            assert!(near(advice.ceiling_per_s, asked.variables.outlook.ceiling_per_s));
            assert_eq!(advice.memory_bytes, asked.variables.outlook.memory_bytes);
            assert_eq!(advice.suffices, asked.lacks.is_empty());
        }
    }
    assert_eq!(changed, 7, "of eight one keeps up");
}

#[test]
fn the_answer_is_that_of_the_law() {
    let of = |at: usize| questions().nth(at).unwrap().by_rate();
    let set = |plan: &AdvicePlan| (plan.variables.settings.batch, plan.variables.settings.queue);
    assert_eq!(set(&of(0)), (960, 2048));
    assert_eq!(set(&of(2)), (1216, 3072));
    // What is set and is enough stays: no batch below 1,024, no queue below 65,536.
    assert_eq!(set(&of(5)), (1920, 8192));
    assert_eq!(set(&of(6)), (2560, 65_536));
    assert!(!of(4).keeps_up() && of(7).is_settled());
}

#[test]
fn an_older_result_is_opened_with_its_conclusions() {
    let result = questions().next().unwrap().result();
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("result.json");
    let text = serde_json::to_string(&result).unwrap();
    assert!(!text.contains("\"insights\""));
    std::fs::write(&file, text).unwrap();
    let opened = crate::session::runs::result_of(&file).unwrap();
    assert_eq!(opened.insights, insights(&result));
    let page = spanfate_report::html(&opened, None);
    assert!(page.contains("OTEL_BSP_MAX_EXPORT_BATCH_SIZE=960"));
}
