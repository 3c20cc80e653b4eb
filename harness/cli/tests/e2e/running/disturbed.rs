//! A machine that is disturbed on purpose: what it spoilt is run again, and what it did is seen as a real disturbance is.

use std::fs;
use std::process::Stdio;

use spanfate_model::finding::noise::{NoiseTable, TruthTold};

use crate::lab::{Lab, lab_alone};

/// Something that needs quiet, and holds on any machine.
const SCENARIO: &str = "[load]\nrate = \"200/s\"\nwarmup = \"0s\"\nlasting = \"700ms\"\n[[expect]]\nthat = \"response.p99 < 10s\"\n";

/// The first core that this process may use: the service's.
fn first_core() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
    list.trim().split([',', '-']).next().unwrap().to_owned()
}

pub(crate) fn a_spoilt_trial_is_run_again_and_every_attempt_is_kept() {
    let Some(lab) = lab_alone() else { return };
    let own = env!("CARGO_BIN_EXE_spanfate");
    let parent = std::process::id().to_string();
    let mut spin = lab.program();
    spin.args([
        "__exec",
        "--parent",
        &parent,
        "--cpus",
        &first_core(),
        "--",
        own,
        "__spin",
        "--share",
        "0.6",
    ]);
    let mut neighbour = spin.spawn().unwrap();
    let mut command = lab.program();
    command.arg("scenario").arg(lab.scenario(SCENARIO)).arg("--out").arg(lab.path("results"));
    command.args(["--repeat-spoilt", "1"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let done = lab.finish(command.spawn().unwrap());
    neighbour.kill().unwrap();
    neighbour.wait().unwrap();
    let trial = &done.result.variants[0].trials[0];
    let attempts = trial.attempts.as_ref().unwrap();
    assert_eq!((attempts.number, attempts.most, attempts.spoilt.len()), (2, 2, 1), "{}", done.stderr);
    assert!(!attempts.spoilt[0].by.is_empty(), "{attempts:?}");
    assert!(done.run.join("trial-000.attempt-1/trial.json").is_file());
    assert!(done.run.join("trial-000/trial.json").is_file());
    assert!(done.stdout.contains("attempt 2 of 2; 1 spoilt by"), "{}", done.stdout);
    // The budget of the run is used up, and holds for who resumes it.
    let again = lab.resume(done.run.to_str().unwrap(), &[]);
    assert_eq!(again.result.variants[0].trials[0].attempts, trial.attempts);
}

fn noise(lab: &Lab, more: &[&str]) -> NoiseTable {
    let scenario = lab.scenario(SCENARIO);
    let (scenario, out) = (scenario.to_str().unwrap(), lab.path("results"));
    let mut command = lab.program();
    command.args(["selftest", "--noise", "--json", "--repeat-spoilt", "0", "--only", scenario]);
    if !more.contains(&"--continue") {
        command.arg("--out").arg(out);
    }
    let output = command.args(more).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

pub(crate) fn slices_that_stop_the_service_are_seen_as_stolen_time() {
    let Some(lab) = lab_alone() else { return };
    let table = noise(&lab, &["--profiles", "steal-10"]);
    let [cell] = &table.cells[..] else { panic!("{table:?}") };
    // A trial of 0.7 s has few slices.
    assert!((0.03..0.3).contains(&cell.steal), "{cell:?}");
    assert!(matches!(cell.told, TruthTold::Right | TruthTold::Inconclusive), "{cell:?}");
    let runs = fs::read_dir(lab.path("results")).unwrap().next().unwrap().unwrap().path();
    // What it has is not run again.
    let again = noise(&lab, &["--profiles", "steal-10", "--continue", runs.to_str().unwrap()]);
    assert_eq!(again, table);
}
