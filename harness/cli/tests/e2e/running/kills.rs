//! SIGKILL of the fixture at random phases of the load: every span is placed, and at most one per kill was inside the
//! processor's `OnEnd`, where queued and dropped cannot be told apart.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use spanfate_model::fate::{ExitWay, Fate};
use spanfate_model::quantity::id::mix;

use crate::lab::{Lab, lab};

/// How often the fixture is killed.
const KILLS: u16 = 60;
/// Warm-up and load together, milliseconds.
const LOAD_MS: u64 = 300;

/// The fixture's process id, once it is ready.
fn fixture_pid(trial: &Path) -> Option<i32> {
    let text = fs::read_to_string(trial.join("events.ndjson")).ok()?;
    text.lines().find_map(|line| {
        let event: Value = serde_json::from_str(line).ok()?;
        (event["kind"] == "process_started").then(|| event["data"]["pid"].as_i64())?.map(|pid| pid as i32)
    })
}

fn kill_each(lab: &Lab) {
    for trial in 0..KILLS {
        let pid = lab
            .until("the fixture's start", || fixture_pid(&lab.run_dir()?.join(format!("trial-{trial:03}"))));
        // The phase is drawn: from before the first request to after the last.
        std::thread::sleep(Duration::from_millis(mix(u64::from(trial) + 1) % (LOAD_MS + 150)));
        // The fixture may have stopped in order just before.
        kill(Pid::from_raw(pid), Signal::SIGKILL).ok();
    }
}

#[test]
fn sixty_kills_leave_no_span_unexplained() {
    let Some(lab) = lab() else { return };
    let child = lab.start(&format!(
        r#"
        trials = {KILLS}
        [load]
        rate = "1000/s"
        warmup = "100ms"
        lasting = "{}ms"
        timeout = "1s"
        [exporter]
        queue = 256
        batch = 64
        delay = "50ms"
        [receiver]
        answer_after = "15ms"
        [service]
        shutdown = "1s"
        "#,
        LOAD_MS - 100
    ));
    std::thread::scope(|scope| {
        scope.spawn(|| kill_each(&lab));
        let done = lab.finish(child);
        done.assert_exact();
        let trials = &done.result.variants[0].trials;
        assert_eq!(trials.len(), usize::from(KILLS));
        let inside: Vec<u64> = trials.iter().map(|trial| trial.ledger.total(Fate::InEndAtExit)).collect();
        assert!(inside.iter().all(|count| *count <= 1), "{inside:?}");
        let killed = |fate: &Fate| {
            matches!(fate, Fate::LostInQueueAtExit(ExitWay::Kill)) || *fate == Fate::LostInFlightAtExit
        };
        let hit = trials.iter().filter(|trial| trial.ledger.fates.keys().any(killed)).count();
        assert!(hit >= 20, "only {hit} of {KILLS} kills met spans on their way");
    });
}
