//! `peek`, `attach` and `attach --pid` look at one process at the same time: they say the same of its drops, settings and errors.

use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};
use spanfate_model::fate::FateClass;
use spanfate_model::result::{PathResult, ProbeResult, ProbedProcessor};

use super::target::{Build, Ran, attach, build};
use crate::lab::Lab;
use crate::watching::probes::probed;

/// Of each batch processor: the queue by which it is known, the batch, and how its exports fail.
const PROCESSORS: [(u32, u32, Option<&str>); 4] =
    [(64, 8, None), (128, 16, Some("refused")), (96, 4, None), (4096, 32, None)];

/// The first behind a processor that hands on spans of a type of its own, the second to where nobody listens, and two in one
/// provider. Three of them drop what the producers make at once; then it goes on slowly.
fn program(truth: &std::path::Path, stop: &std::path::Path) -> Value {
    let [masked, refused, small, large] = PROCESSORS.map(|(queue, batch, fails)| {
        let exporter = fails.unwrap_or("grpc");
        json!({"kind": "batch", "exporter": exporter, "queue": queue, "batch": batch, "delay": "200ms"})
    });
    let providers = json!([
        {"processors": [{"kind": "mask", "inner": [masked]}]},
        {"processors": [refused]},
        {"processors": [small, large]},
    ]);
    json!({
        "providers": providers, "producers": 2, "spans": 300, "end": "shutdown",
        "truth": truth, "linger": stop,
    })
}

fn read(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The process, once it has said which one it is, and what it dropped has been dropped.
fn settled(lab: &Lab, truth: &std::path::Path) -> u64 {
    let word = |bytes: &[u8], at: usize| {
        bytes.get(8 * at..8 * at + 8).map(|word| u64::from_le_bytes(word.try_into().unwrap()))
    };
    let pid = lab.until("its start", || word(&fs::read(truth).ok()?, 0).filter(|pid| *pid != 0));
    // The last spans that producers make at once are those of the last provider: the file counts them for each.
    lab.until("the end of its burst", || {
        let bytes = fs::read(truth).ok()?;
        let width = (bytes.len() / 8 - 4) / 2;
        let made = |producer: usize| word(&bytes, 4 + producer * width + 5);
        ((0..2).all(|producer| made(producer) >= Some(300))).then_some(())
    });
    pid
}

#[test]
fn three_ways_to_look_at_a_process_say_the_same() {
    let Some(lab) = probed() else { return };
    let (truth, stop) = (lab.path("truth"), lab.path("stop"));
    let child = attach(&lab, &build(Build::PINNED), "observed", &program(&truth, &stop)).spawn().unwrap();
    let pid = settled(&lab, &truth).to_string();
    let look = |arguments: &[&str]| {
        let mut command: Command = lab.program();
        command.args(arguments).args(["--pid", &pid, "--for", "2s", "--json"]);
        command.output().unwrap()
    };
    let (peeked, joined) = std::thread::scope(|scope| {
        let joined = scope.spawn(|| look(&["attach"]));
        (read(&look(&["peek"])), read(&joined.join().unwrap()))
    });
    fs::write(&stop, "").unwrap();
    let ran = Ran::read(&lab, "observed", &child.wait_with_output().unwrap()).unwrap();
    let joined: ProbeResult = serde_json::from_value(joined).unwrap();
    let counted = &ran.truth.as_ref().unwrap().processors;
    for (queue, batch, fails) in PROCESSORS {
        let truth = counted.iter().find(|one| one.queue == queue).unwrap().dropped;
        assert_eq!(truth > 0, queue < 4096, "{counted:?}");
        let by_peek = peeked["processors"].as_array().unwrap().iter().find(|one| one["queue"] == queue);
        let by_peek = by_peek.unwrap_or_else(|| panic!("{peeked:#}"));
        let by_pid = joined.processors.iter().find(|one| one.queue == queue);
        let by_pid = by_pid.unwrap_or_else(|| panic!("{:#?}", joined.processors));
        let path = path(&ran, queue);
        let drops = [
            by_peek["dropped_total"].as_u64(),
            Some(by_pid.dropped),
            Some(path.dropped),
            path.dropped_by_sdk,
        ];
        assert_eq!(drops, [Some(truth); 4], "queue {queue}");
        same_settings(by_peek, by_pid, path, batch);
        let errors = [by_peek["last_error"].as_str(), by_pid.last_error.as_deref()];
        assert_eq!(errors[0], errors[1], "queue {queue}");
        assert_eq!(errors[0].is_some(), fails.is_some(), "queue {queue}: {errors:?}");
        let labels: Vec<&str> = path.failed_by.keys().map(String::as_str).collect();
        assert_eq!(labels, Vec::from_iter(fails), "queue {queue}");
    }
    let ledger = &ran.trial().ledger;
    assert_eq!((ledger.unexplained.count, ledger.unaccounted.count), (0, 0), "{:?}", ran.result.reasons);
    let on_purpose = ledger.fates.keys().filter(|fate| fate.class() == FateClass::Deliberate);
    assert_eq!(on_purpose.count(), 0, "{:?}", ledger.fates);
    assert_eq!(ledger.created, ran.truth.as_ref().unwrap().made());
}

/// The path of the processor with a queue of this size.
fn path(ran: &Ran, queue: u32) -> &PathResult {
    let paths = &ran.trial().services[0].paths;
    let found = paths.iter().find(|path| path.effective.as_ref().is_some_and(|set| set.queue == queue));
    found.unwrap_or_else(|| panic!("no path with a queue of {queue}: {paths:#?}"))
}

fn same_settings(by_peek: &Value, by_pid: &ProbedProcessor, path: &PathResult, batch: u32) {
    let set = path.effective.as_ref().unwrap();
    let peeked = (by_peek["batch"].as_u64(), by_peek["delay_ms"].as_f64(), by_peek["blocks"].as_bool());
    assert_eq!(peeked, (Some(batch.into()), Some(200.0), Some(false)), "{by_peek:#}");
    assert_eq!((by_pid.batch, by_pid.delay_ms, by_pid.block), (batch, 200.0, false), "{by_pid:#?}");
    assert_eq!(set.batch, batch, "{set:?}");
}
