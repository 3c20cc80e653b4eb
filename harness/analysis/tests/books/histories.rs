//! Histories of known truth, one file per situation in `tests/histories`: what happened to each span, and the fate the
//! ledger must give it. Every fate of the model stands in at least one history.

mod lines;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::common::engine::{TAP, WorldEngine};
use super::common::hops::WorldHop;
use super::common::{BEGAN, Batch, Span, World, killed, orderly};
use spanfate_model::fate::Fate;
use spanfate_model::format::manifest::ProcessEnd;
use spanfate_model::format::slots::{FLAG_PARENT_SAMPLED, FLAG_RECORDING, FLAG_SAMPLED};
use spanfate_model::format::wire::{Disposition, Relayed};
use spanfate_model::scenario::Fault;

/// A history: the world, and per span what must come out.
struct History {
    world: World,
    expected: Vec<String>,
}

fn read(path: &Path) -> History {
    let mut history = History { world: World::default(), expected: Vec::new() };
    for line in fs::read_to_string(path).unwrap().lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let Some((word, rest)) = line.split_once(' ').or((!line.is_empty()).then_some((line, ""))) else {
            continue;
        };
        match word {
            "blocking" => history.world.blocking = true,
            "sampler" => rest.clone_into(&mut history.world.sampler),
            "end" => history.world.end = end(rest),
            "no-shutdown" => history.world.shutdown_began = 0,
            "fault" => history.world.faults.push(fault(rest)),
            "hop" => history.world.hops.push(hop(rest)),
            "engine" => history.world.engine = Some(engine(rest)),
            "batch" => history.world.batches.push(match rest.split_once(' ') {
                Some(("error", text)) => Batch::Failed(text.to_owned()),
                _ if rest == "ok" => Batch::Ok,
                _ => Batch::Unfinished,
            }),
            "span" => {
                let (what, fate) = rest.split_once("=>").unwrap();
                history.world.spans.push(span(what));
                history.expected.push(fate.trim().to_owned());
            }
            other => panic!("{}: unknown word `{other}`", path.display()),
        }
    }
    history
}

/// A fault of the plan; its number is its place among them.
fn fault(kind: &str) -> Fault {
    serde_json::from_str(&format!(r#"{{"at": "0s", "kind": {kind}}}"#)).unwrap()
}

/// A collector in the path: its name, its end, and the counters of the last page of its metrics.
fn hop(text: &str) -> WorldHop {
    let mut words = text.split_whitespace();
    let (name, end) = (words.next().unwrap(), words.next().unwrap());
    let counter = |word: &'_ str| -> (String, u64) {
        let (name, value) = word.split_once('=').unwrap();
        (name.to_owned(), value.parse().unwrap())
    };
    let words: Vec<&str> = words.collect();
    let beside = words.contains(&"beside");
    let counters: Vec<(String, u64)> =
        words.into_iter().filter(|word| *word != "beside").map(counter).collect();
    let counters: Vec<(&str, u64)> = counters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let page = (!counters.is_empty()).then(|| (9_000_000_000, WorldHop::page_of(&counters)));
    WorldHop { name: name.to_owned(), end: self::end(end), page, further: false, beside }
}

/// A storage engine in the place of the receiver: how each of its starts ended, a second apart.
fn engine(text: &str) -> WorldEngine {
    let start = |(at, word): (u64, &str)| {
        let ended = (at + 1) * 1_000_000_000;
        let end = end(word)
            .map(|end| if word == "kill" { ProcessEnd { at: ended + 500_000_000, ..end } } else { end });
        (ended, end)
    };
    WorldEngine { alone: true, starts: (0..).zip(text.split_whitespace()).map(start).collect(), whole: true }
}

fn end(text: &str) -> Option<ProcessEnd> {
    match text {
        "orderly" => Some(orderly()),
        "deadline" => {
            Some(ProcessEnd { shutdown_error: Some("context deadline exceeded".to_owned()), ..orderly() })
        }
        "kill" => Some(killed()),
        "crash" => Some(ProcessEnd { code: Some(2), ..ProcessEnd::default() }),
        "exit" => Some(ProcessEnd { code: Some(1), ..ProcessEnd::default() }),
        "unknown" => None,
        other => panic!("unknown end `{other}`"),
    }
}

fn span(text: &str) -> Span {
    let mut span = Span::default();
    let slot = &mut span.slot;
    for word in text.split_whitespace() {
        match word.split_once(':').unwrap_or((word, "")) {
            ("created", _) => slot.created = BEGAN + 10,
            ("started", _) => {
                slot.started = BEGAN + 20;
                slot.flags |= FLAG_SAMPLED | FLAG_RECORDING;
            }
            ("unsampled", _) => slot.started = BEGAN + 20,
            ("record-only", _) => {
                slot.started = BEGAN + 20;
                slot.flags |= FLAG_RECORDING;
            }
            ("parent", how) => {
                slot.parent.0 = [1; 8];
                slot.flags |= if how == "sampled" { FLAG_PARENT_SAMPLED } else { 0 };
            }
            ("ending", _) => slot.ending = BEGAN + 30,
            ("ending-late", _) => slot.ending = 9_100_000_000,
            ("ended", _) => slot.ended = BEGAN + 40,
            ("ended-late", _) => slot.ended = 9_100_000_001,
            ("dropped", _) => slot.dropped = BEGAN + 35,
            ("filtered", _) => slot.filtered = BEGAN + 60,
            ("hidden", _) => slot.hidden = BEGAN + 45,
            ("held", _) => slot.held = BEGAN + 25,
            ("closed", _) => slot.closed = BEGAN + 50,
            ("closed-late", _) => slot.closed = 9_100_000_002,
            ("exported", batch) => {
                slot.exported = BEGAN + 60;
                slot.batch = batch.parse::<u32>().unwrap() + 1;
            }
            ("touched", fault) => slot.fault = fault.parse::<u8>().unwrap() + 1,
            ("foreign", _) => span.foreign = true,
            ("trace", of) => span.trace_of = Some(of.parse().unwrap()),
            // After a decision of a second, and the second in which a sampler looks.
            ("late", _) => span.late = 3_000_000_000,
            ("jaeger", how) => span.taps.push((TAP, relayed(how))),
            ("shown", _) => span.shown += 1,
            ("agent", how) => span.taps.push((0, relayed(how))),
            ("gateway", how) => span.taps.push((1, relayed(how))),
            ("other", how) => span.taps.push((2, relayed(how))),
            ("accepted", _) => span.wire.push(Disposition::Accepted),
            ("rejected", _) => span.wire.push(Disposition::RejectedPartial),
            ("failed", _) => span.wire.push(Disposition::Failed),
            ("refused", _) => span.wire.push(Disposition::Refused),
            (other, _) => panic!("unknown mark `{other}`"),
        }
    }
    span
}

/// What the collector behind a tap made of a request.
fn relayed(how: &str) -> Relayed {
    match how {
        "took" => Relayed::Taken { rejected: 0 },
        "refused" => Relayed::Refused,
        "silent" => Relayed::Unanswered,
        other => panic!("unknown answer `{other}`"),
    }
}

fn histories() -> Vec<(String, History)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/histories");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), read(path))).collect()
}

#[test]
fn every_history_comes_out_as_it_happened() {
    for (name, history) in histories() {
        let plan = history.world.plan();
        let (trial, _) = super::common::conclude(&plan, &history.world.logs(&plan));
        let ledger = &trial.ledger;
        assert!(ledger.closes(), "{name}");
        for (index, expected) in history.expected.iter().enumerate() {
            let key = history.world.key(&plan, index);
            let found = match ledger
                .fates
                .iter()
                .find(|(_, count)| count.exemplars.iter().any(|exemplar| exemplar.span_id == key.span))
            {
                Some((fate, _)) => fate.to_string(),
                None if ledger.unexplained.ids.contains(&key) => "unexplained".to_owned(),
                None if ledger.unaccounted.ids.contains(&key) => "unaccounted".to_owned(),
                None => "none".to_owned(),
            };
            assert_eq!(&found, expected, "{name}, span {index}");
        }
    }
}

#[test]
fn every_fate_stands_in_a_history() {
    let seen: BTreeSet<String> = histories().into_iter().flat_map(|(_, history)| history.expected).collect();
    // What is lost before the receiver has no id to stand in a history by: tests/unwitnessed.rs counts it. Only probes see a
    // program that is set up without a processor or an exporter, or that sends elsewhere: tests/paths.rs and tests/wrapped.rs show them.
    let elsewhere = [Fate::LostBeforeReceiver, Fate::NoProcessor, Fate::NoExporter, Fate::SentElsewhere];
    for fate in Fate::all().into_iter().filter(|fate| !elsewhere.contains(fate)) {
        assert!(seen.contains(&fate.to_string()), "no history shows {fate}");
    }
    assert!(seen.contains("unexplained") && seen.contains("none"));
}

#[test]
fn a_gap_of_the_wire_leaves_only_what_left_the_process_open() {
    let mut world = World { batches: vec![Batch::Ok], ..World::default() };
    world.spans = vec![
        super::common::started().queued().exported(0).on_wire(&[Disposition::Accepted]),
        super::common::started().queued().exported(0),
        super::common::started(),
    ];
    let plan = world.plan();
    let mut logs = world.logs(&plan);
    // Without its end record the log may be cut anywhere.
    logs.wire.as_mut().unwrap().change(|wire| wire.truncate(wire.len() - 64));
    let (trial, run) = super::common::conclude(&plan, &logs);
    assert_eq!(trial.ledger.unaccounted.ids, [world.key(&plan, 1)]);
    assert_eq!(trial.ledger.unexplained.count, 0);
    assert_eq!(run.verdict, spanfate_model::verdict::Verdict::Inconclusive);
}
