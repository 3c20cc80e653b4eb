//! Exporters of a program's own around the SDK's, and such that send elsewhere: what became of the spans is what the exporter
//! did, as far as a probe saw it, and open where none did.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use spanfate_model::books::ledger::{Gap, Ledger, PathSpread};

use super::books::Complaints;
use super::target::{Build, Ran, build};
use super::{each, probed};
use crate::lab::Lab;

/// Spans that the program makes.
const SPANS: u64 = 300;

/// An exporter, and what must come of the spans.
struct ExporterCase {
    /// What the target calls it.
    exporter: &'static str,
    kind: &'static str,
    /// Per path, its fates; the spans that are left are unaccounted for, or unexplained.
    paths: &'static [&'static [(&'static str, u64)]],
    gap: Option<Gap>,
    spread: Option<(u64, u64, u64)>,
    code: i32,
}

const RECEIVED: &[(&str, u64)] = &[("received", SPANS)];
const ELSEWHERE: &[(&str, u64)] = &[("sent_elsewhere", SPANS)];
const REFUSED: &[(&str, u64)] = &[("export_failed.refused", SPANS)];

const fn case(exporter: &'static str, paths: &'static [&'static [(&'static str, u64)]]) -> ExporterCase {
    ExporterCase { exporter, kind: "batch", paths, gap: None, spread: None, code: 0 }
}

impl ExporterCase {
    const fn simple(self) -> Self {
        Self { kind: "simple", ..self }
    }

    /// What is sent to others only says nothing of whether it arrived.
    const fn nothing_here(self) -> Self {
        Self { code: 3, ..self }
    }

    const fn open(self, gap: Gap) -> Self {
        Self { gap: Some(gap), code: 3, ..self }
    }

    const fn spread(self, every: u64, some: u64, none: u64) -> Self {
        Self { spread: Some((every, some, none)), ..self }
    }

    fn program(&self) -> Value {
        let processor = json!({"kind": self.kind, "exporter": self.exporter, "queue": 4096, "batch": 32});
        let provider = json!({"processors": [processor]});
        json!({"providers": [provider], "producers": 1, "spans": SPANS, "end": "shutdown"})
    }
}

fn cases() -> Vec<ExporterCase> {
    const HALF: &[(&str, u64)] = &[("filtered.exporter_wrapper", SPANS / 2), ("received", SPANS / 2)];
    vec![
        case("grpc", &[RECEIVED]),
        case("refused", &[REFUSED]).simple(),
        case("half:grpc", &[HALF]),
        case("half:http", &[HALF]).simple(),
        case("quiet:refused", &[REFUSED]),
        case("queue:grpc", &[RECEIVED]),
        case("queue:refused", &[REFUSED]),
        // It forgets some, and nobody sees which: never a pass, never "on purpose".
        case("forgetful:http", &[&[]]).open(Gap::KeptByExporter),
        case("fan:grpc,http", &[RECEIVED, RECEIVED]).spread(SPANS, 0, 0),
        case("fan:http,refused", &[RECEIVED, REFUSED]).spread(0, SPANS, 0),
        case("fan:refused,http", &[RECEIVED, REFUSED]).spread(0, SPANS, 0),
        case("failover:refused,grpc", &[RECEIVED]),
        case("own", &[ELSEWHERE]).nothing_here(),
        case("own-grpc", &[ELSEWHERE]).simple().nothing_here(),
        case("fan:grpc,own", &[RECEIVED, ELSEWHERE]).spread(SPANS, 0, 0),
        case("swallow", &[&[]]).open(Gap::Elsewhere),
        case("generic:grpc", &[RECEIVED]),
        case("generic:refused", &[REFUSED]).simple(),
        // Nobody sees which spans the copies are of, and who sends all sends each.
        case("copy:grpc", &[RECEIVED]),
        case("copy:refused", &[REFUSED]),
        case("copy:http", &[RECEIVED]).simple(),
        case("copyhalf:grpc", &[&[]]).open(Gap::KeptByExporter),
        // Its client says that it sent what it did not.
        case("lossy", &[&[]]).open(Gap::KeptByExporter),
    ]
}

fn fates(
    of: &BTreeMap<spanfate_model::fate::Fate, spanfate_model::books::ledger::FateCount>,
) -> Vec<(String, u64)> {
    let mut all: Vec<(String, u64)> =
        of.iter().map(|(fate, count)| (fate.to_string(), count.total)).collect();
    all.sort();
    all
}

fn check(case: &ExporterCase, ran: &Ran, wrong: &mut Complaints) {
    let ledger: &Ledger = &ran.trial().ledger;
    wrong.same("created", ledger.created, SPANS);
    wrong.holds("the books close", ledger.closes());
    wrong.same("unexplained", ledger.unexplained.count, 0);
    wrong.same("exit code", ran.code, Some(case.code));
    let mut found: Vec<Vec<(String, u64)>> = ledger.paths.iter().map(|path| fates(&path.fates)).collect();
    if found.is_empty() {
        found.push(fates(&ledger.fates));
    }
    // Which of two legs comes first is as it happens.
    found.sort_by_key(|fates| fates.first().map(|(name, _)| name != "received"));
    match case.gap {
        None => {
            let must: Vec<Vec<(String, u64)>> = case
                .paths
                .iter()
                .map(|path| path.iter().map(|(name, spans)| ((*name).to_owned(), *spans)).collect())
                .collect();
            if found != must {
                wrong.0.push(format!("fates {found:?}, must be {must:?}"));
            }
        }
        Some(gap) => {
            let open = ledger.gaps.get(&gap).copied().unwrap_or_default();
            let received = found[0].iter().map(|(_, spans)| spans).sum::<u64>();
            wrong.holds(
                &format!("{gap:?} of {:?}, {found:?}", ledger.gaps),
                open > 0 && open + received == SPANS,
            );
            wrong.holds(
                "only what was received has a fate",
                found[0].iter().all(|(name, _)| name == "received"),
            );
        }
    }
    let names = ran.trial().services.iter().flat_map(|service| &service.endpoints);
    let elsewhere = names.filter(|name| name.starts_with("127.0.0.1:")).count();
    // What fails over ends at our receiver.
    let other = ["own", "refused"].iter().any(|to| case.exporter.contains(to));
    let goes_elsewhere = other && !case.exporter.starts_with("failover");
    wrong.same("endpoints elsewhere", elsewhere, usize::from(goes_elsewhere));
    let spread = ledger.spread.map(|PathSpread { every, some, none }| (every, some, none));
    wrong.same("received on every, some, none", spread, case.spread);
}

#[test]
fn exporters_around_others_are_followed_to_what_they_send() {
    let Some(lab) = probed() else { return };
    let lab: &Lab = &lab;
    let program = build(Build::PINNED);
    each(
        &cases(),
        |case| case.exporter,
        |case, number, wrong| match Ran::of(lab, &program, &format!("exporter-{number}"), &case.program()) {
            Ok(ran) => check(case, &ran, wrong),
            Err(why) => wrong.0.push(why),
        },
    );
}
