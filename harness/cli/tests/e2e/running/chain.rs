//! Several services in a row, and a program of the user's own: exact books, and damage as arithmetic predicts it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;
use spanfate_model::fate::{Fate, Filter};
use spanfate_model::format::slots::{HEADER_BYTES, SLOT_BYTES, Slot, read_header, read_live};
use spanfate_model::quantity::id::{SpanId, TraceId};

use crate::lab::{Lab, lab, root};

const LOAD: &str = "[load]\nrate = \"200/s\"\nwarmup = \"0s\"\nlasting = \"2s\"\n";

/// Gateway, catalog, order, payment: 2 + 1, 2 + 1, 2 + 1 and 3 spans per request.
fn chain(order: &str) -> String {
    let service = |name: &str, fixture: &str, rest: &str| {
        format!("[[service]]\nname = \"{name}\"\nfixture = \"{fixture}\"\n{rest}\n")
    };
    [
        LOAD.to_owned(),
        service("gateway", "http", "spans_per_request = 2\ncalls = [\"catalog\"]"),
        service("catalog", "grpc", "spans_per_request = 2\ncalls = [\"order\"]"),
        service("order", "http", &format!("spans_per_request = 2\ncalls = [\"payment\"]\n{order}")),
        service("payment", "grpc", "spans_per_request = 3"),
    ]
    .concat()
}

/// All spans of a service's ledger.
fn spans(trial: &Path, service: &str) -> Vec<Slot> {
    let bytes = fs::read(trial.join(format!("{service}.0.slots"))).unwrap();
    read_header(&bytes).unwrap();
    let used = read_live(&bytes).next_slot as usize;
    let slots = bytes[HEADER_BYTES..].chunks_exact(SLOT_BYTES).take(used).map(Slot::read);
    slots.filter(|slot| slot.created != 0).collect()
}

#[test]
fn a_loss_planted_in_the_fourth_hop_damages_as_many_traces_as_arithmetic_says() {
    const PLANTED: u64 = 60;
    let Some(lab) = lab() else { return };
    let plant = format!("[plant]\nfilter = {PLANTED}\nservice = \"payment\"\n");
    let done = lab.run(&format!("{}{plant}", chain("")));
    done.assert_exact();
    let trial = &done.result.variants[0].trials[0];
    assert_eq!(trial.ledger.created, 400 * 12);
    assert_eq!(trial.ledger.total(Fate::Filtered(Filter::ExporterWrapper)), PLANTED);
    let damage = trial.damage.as_ref().unwrap();
    // What the plan planted, by slot number; the ledger says which traces these are.
    let config = fs::read(done.run.join("trial-000/payment.fixture.json")).unwrap();
    let config: Value = serde_json::from_slice(&config).unwrap();
    let planted = config["plant"]["filter"].as_array().unwrap().iter().map(|slot| slot.as_u64().unwrap());
    let payment = spans(&done.run.join("trial-000"), "payment");
    let salt = config["ledger"]["salt"].as_str().unwrap().parse::<u64>().unwrap();
    let by_slot: BTreeMap<u64, &Slot> =
        payment.iter().map(|slot| (slot.key.span.slot(salt).unwrap().slot, slot)).collect();
    let missing: Vec<&Slot> = planted.map(|slot| by_slot[&slot]).collect();
    let ids: BTreeSet<SpanId> = missing.iter().map(|slot| slot.key.span).collect();
    let traces: BTreeSet<TraceId> = missing.iter().map(|slot| slot.key.trace).collect();
    // A trace shows its hole when a span arrived whose parent did not: here, a child of payment's server span.
    let orphan = |slot: &&Slot| ids.contains(&slot.parent) && !ids.contains(&slot.key.span);
    let shown: BTreeSet<TraceId> = payment.iter().filter(orphan).map(|slot| slot.key.trace).collect();
    assert_eq!(damage.traces, 400);
    assert_eq!(damage.missing_spans, PLANTED);
    assert_eq!(damage.torn, traces.len() as u64, "{damage:?}");
    assert_eq!(damage.torn_unseen, (traces.len() - shown.len()) as u64, "{damage:?}");
    assert_eq!(damage.complete, 400 - damage.torn);
    assert_eq!((damage.headless, damage.split, damage.absent), (0, 0, 0));
    let last = damage.services.last().unwrap();
    assert_eq!((last.service.as_str(), last.depth, last.broken), ("payment", 3, damage.torn));
    assert!(damage.services[..3].iter().all(|service| service.broken == 0), "{damage:?}");
    assert_near_the_draw(traces.len() as f64);
}

/// 60 of the 600 spans in the middle, 3 per trace: the number of traces hit follows from drawing without putting back.
fn assert_near_the_draw(hit: f64) {
    let (spans, drawn, each) = (600.0, 60.0, 3.0);
    let traces: f64 = spans / each;
    let missed = |of: f64| {
        (0..of as u32).map(|i| (spans - drawn - f64::from(i)) / (spans - f64::from(i))).product::<f64>()
    };
    let (one, two) = (missed(each), missed(2.0 * each));
    let expected = traces * (1.0 - one);
    let variance = traces * one * (1.0 - one) + traces * (traces - 1.0) * (two - one * one);
    assert!((hit - expected).abs() <= 4.0 * variance.sqrt() + 2.0, "{hit} traces, {expected:.1} expected");
}

#[test]
fn a_service_that_loses_the_context_splits_its_traces_and_loses_nothing() {
    let Some(lab) = lab() else { return };
    let done = lab.run(&chain("root = \"local\""));
    done.assert_exact();
    let trial = &done.result.variants[0].trials[0];
    let damage = trial.damage.as_ref().unwrap();
    assert_eq!((damage.traces, damage.split, damage.missing_spans), (400, 400, 0), "{damage:?}");
    assert_eq!(trial.ledger.total(Fate::Received), 400 * 12);
    // The context comes back after the break: payment's spans are in order's trace.
    let folder = done.run.join("trial-000");
    let traces = |service: &str| spans(&folder, service).iter().map(|s| s.key.trace).collect::<BTreeSet<_>>();
    assert_eq!(traces("gateway"), traces("catalog"));
    assert_eq!(traces("order"), traces("payment"));
    assert!(traces("gateway").is_disjoint(&traces("order")));
}

#[test]
fn a_cache_makes_two_spans_on_a_hit_and_four_on_a_miss_and_all_are_accounted() {
    let Some(lab) = lab() else { return };
    let shop = "[[service]]\nname = \"shop\"\nspans_per_request = 2\n\
                cache = { store = \"store\", pool = 2, entries = 64, keys = 128 }\n";
    let store = "[[service]]\nname = \"store\"\nfixture = \"store\"\n";
    let done = lab.run(&format!("{LOAD}{shop}{store}"));
    done.assert_exact();
    let trial = &done.result.variants[0].trials[0];
    let spans = trial.breakdown.iter().find(|view| view.by == "span").unwrap();
    let created = |name: &str| {
        let row = spans.rows.iter().find(|row| row.value == format!("shop · {name}"));
        row.map_or(0, |row| row.created)
    };
    let misses = created("store.GET");
    assert_eq!(created("cache.Get"), 400);
    assert_eq!(created("cache.lru"), 400);
    assert_eq!(created("pool.wait"), misses);
    assert!(misses > 64 && misses < 400, "{misses} misses");
    assert_eq!(trial.ledger.created, 400 * 4 + 2 * misses);
    assert_eq!((trial.ledger.expected.extra, trial.ledger.expected.missing_in_answered), (0, 0));
}

/// A program that is no fixture: the plain service of go-fixtures, built where the lab is.
fn plain(lab: &Lab, rest: &str) -> String {
    let program = lab.path("plainsvc");
    let (fixtures, program) = (root().join("go-fixtures"), program.display());
    format!(
        "{LOAD}[[service]]\ndirectory = \"{}\"\nbuild = [\"go\", \"build\", \"-o\", \"{program}\", \"./cmd/plainsvc\"]\n\
         command = [\"{program}\", \"--listen\", \"127.0.0.1:{{port}}\"]\n\
         ready = \"http://127.0.0.1:{{port}}/healthz\"\nurl = \"http://127.0.0.1:{{port}}/work\"\n{rest}",
        fixtures.display()
    )
}

#[test]
fn a_program_of_the_users_own_is_driven_and_counted_without_its_cooperation() {
    let Some(lab) = lab() else { return };
    let small = "[exporter]\nqueue = 64\nbatch = 32\n[receiver]\nanswer_after = \"100ms\"\n";
    let done = lab.run(&plain(&lab, &format!("spans_per_request = 3\n{small}")));
    done.assert_exact();
    let ledger = &done.result.variants[0].trials[0].ledger;
    assert_eq!(ledger.created, 400 * 3);
    let lost = &ledger.fates[&Fate::LostBeforeReceiver];
    assert_eq!(lost.total + ledger.total(Fate::Received), ledger.created);
    assert!(lost.total > 0 && lost.counted == lost.total && lost.exemplars.is_empty(), "{lost:?}");
    assert_eq!(ledger.outside, 0);
}

#[test]
fn a_wrong_number_of_spans_per_request_is_put_right() {
    let Some(lab) = lab() else { return };
    let done = lab.run(&plain(&lab, "spans_per_request = 2\n"));
    assert_eq!(done.code, Some(3), "{}{}", done.stdout, done.stderr);
    assert!(done.stdout.contains("set `spans_per_request = 3`"), "{}", done.stdout);
}

#[test]
fn a_program_that_is_never_ready_or_ends_at_once_is_said_so() {
    let Some(lab) = lab() else { return };
    let service = "[[service]]\ncommand = [\"false\"]\nurl = \"http://127.0.0.1:{port}/\"\n";
    let scenario = lab.scenario(&format!("{LOAD}{service}"));
    let output = lab.call(&[
        "scenario",
        &scenario.display().to_string(),
        "--out",
        &lab.path("r").display().to_string(),
    ]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(102), "{stderr}");
    assert!(stderr.contains("ended before http://127.0.0.1:"), "{stderr}");
}
