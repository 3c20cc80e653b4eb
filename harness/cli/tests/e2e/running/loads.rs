//! Loads that are not one rate: replayed from a file, closed, in steps. The books hold for all of them.

use std::fs;

use spanfate_model::scenario::Model;
use spanfate_model::verdict::Verdict;

use crate::lab::lab;

#[test]
fn a_replay_needs_its_file_only_once() {
    let Some(lab) = lab() else { return };
    let line = |n| format!("{}.{:03}", 1_700_000_000 + n / 100, n % 100 * 7);
    let arrivals = (0..200).map(line).collect::<Vec<_>>().join("\n");
    fs::write(lab.path("times.txt"), &arrivals).unwrap();
    let done = lab.run("[load]\nreplay = { file = \"times.txt\", speed = 2.0 }\nwarmup = \"200ms\"\n");
    done.assert_exact();
    let trial = &done.result.variants[0].trials[0];
    assert_eq!((trial.load.intended, trial.load.answered), (200, 200));
    assert!(trial.loss.predicted.is_none());
    assert!(done.stdout.contains("replay of times.txt: 200 requests"), "{}", done.stdout);
    assert!(
        fs::metadata(done.run.join("plan.json")).unwrap().len() < 4096,
        "the arrivals are not in the plan"
    );

    // The file is gone, the results are somewhere else: what was concluded is concluded again.
    fs::remove_file(lab.path("times.txt")).unwrap();
    let moved = lab.path("moved");
    fs::rename(&done.run, &moved).unwrap();
    let before = fs::read(moved.join("result.json")).unwrap();
    let again = lab.call(&["analyze", moved.to_str().unwrap(), "--quiet"]);
    assert_eq!(again.status.code(), done.code, "{again:?}");
    assert_eq!(fs::read(moved.join("result.json")).unwrap(), before);

    // The scenario beside the results is one that can be run again, with the same plan.
    let plan = lab.call(&["plan", moved.join("scenario.toml").to_str().unwrap(), "--json"]);
    assert_eq!(plan.stdout, fs::read(moved.join("plan.json")).unwrap(), "{plan:?}");

    // Other arrivals than those of the plan are refused; none at all prove nothing.
    fs::write(moved.join("arrivals.txt"), "1\n2\n").unwrap();
    let other = lab.call(&["analyze", moved.to_str().unwrap()]);
    assert_eq!(other.status.code(), Some(66), "{other:?}");
    fs::remove_file(moved.join("arrivals.txt")).unwrap();
    let none = lab.call(&["analyze", moved.to_str().unwrap()]);
    assert_eq!(none.status.code(), Some(3), "{none:?}");
}

#[test]
fn a_bad_replay_is_an_invalid_scenario() {
    let Some(lab) = lab() else { return };
    fs::write(lab.path("times.txt"), "1\n2\nthree\n").unwrap();
    let scenario = lab.scenario("[load]\nreplay = { file = \"times.txt\" }\n");
    let out = lab.call(&["validate", scenario.to_str().unwrap()]);
    assert_eq!(out.status.code(), Some(65), "{out:?}");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(said.contains("times.txt, line 3: `three` is neither"), "{said}");
}

#[test]
fn closed_and_open_stand_side_by_side_and_only_open_gates() {
    let Some(lab) = lab() else { return };
    let done = lab.run(
        r#"
        [load]
        rate = "300/s"
        warmup = "100ms"
        lasting = "500ms"
        [[variant]]
        name = "open"
        [[variant]]
        name = "closed"
        load = { model = "closed", connections = 3, requests = 150 }
        [[variant]]
        name = "steps"
        load = { shape = { steps = [{ rate = "100/s", lasting = "300ms" }, { rate = "500/s", lasting = "300ms" }] } }
        [[expect]]
        that = "loss.rate == 0 %"
        "#,
    );
    done.assert_exact();
    let trial = |index: usize| &done.result.variants[index].trials[0];
    assert_eq!([0, 1, 2].map(|index| trial(index).load.model), [Model::Open, Model::Closed, Model::Open]);
    assert_eq!([0, 1, 2].map(|index| trial(index).load.answered), [180, 150, 10 + 30 + 150]);
    assert_eq!(trial(1).loss.due, 750, "all of a closed load is measured");
    assert!((trial(2).load.offered - 300.0).abs() < 1e-6);
    let closed = done.result.expectations.iter().find(|e| e.variant == "closed").unwrap();
    assert_eq!(closed.verdict, Verdict::Inconclusive);
    assert!(closed.reason.as_ref().unwrap().contains("coordinated omission"), "{closed:?}");
    assert!(done.stdout.contains("closed: no gate"), "{}", done.stdout);
    assert_eq!(done.code, Some(3));
}
