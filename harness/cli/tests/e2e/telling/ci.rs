//! What build servers read: written by a run, the same again from its result, and read by the tools it is for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use spanfate_model::result::RunResult;

use crate::lab::{Lab, lab, root};

const LOAD: &str = "[load]\nrate = \"200/s\"\nwarmup = \"0s\"\nlasting = \"300ms\"\n";
/// A machine that is busy cannot change this count, and it does not hold.
const FAILS: &str = "[[expect]]\nthat = \"spans.created == 1\"\n";

const FILES: [(&str, &str); 5] = [
    ("junit.xml", "junit"),
    ("summary.md", "markdown"),
    ("benchmark.txt", "gobench"),
    ("bmf.json", "bmf"),
    ("result.json", "json"),
];

fn scenario(lab: &Lab, text: &str, more: &[&str]) -> Command {
    let path = lab.scenario(text);
    let mut command = lab.program();
    command.arg("scenario").arg(path).arg("--out").arg(lab.path("results")).args(more);
    command.env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY");
    command
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_run_leaves_what_a_build_server_reads() {
    let Some(lab) = lab() else { return };
    let (folder, summary) = (lab.path("a/ci"), lab.path("step-summary"));
    fs::write(&summary, "before\n").unwrap();
    let out = scenario(&lab, &format!("{LOAD}{FAILS}"), &["--ci", folder.to_str().unwrap()])
        .envs([("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(99), "{said}");
    assert!(
        said.contains("\n::error title=Spanfate lab%3A fail::default: expected `spans.created == 1`"),
        "{said}"
    );
    assert!(text(&folder.join("junit.xml")).contains("<failure type=\"expectation failed\""));
    assert_eq!(text(&summary), format!("before\n{}\n", text(&folder.join("summary.md"))));
    // The live path is the offline path, without the workflow's own files.
    let run = lab.run_dir().unwrap();
    let again = lab.path("again");
    let analyzed = lab.call(&["analyze", run.to_str().unwrap(), "--quiet", "--ci", again.to_str().unwrap()]);
    assert_eq!(analyzed.status.code(), Some(99));
    for (file, format) in FILES {
        let written = text(&folder.join(file));
        assert_eq!(written, text(&again.join(file)), "{file}");
        let shown = lab.call(&["report", run.to_str().unwrap(), "--format", format]);
        assert_eq!(written, stdout(&shown), "{file}");
    }
    // In a folder of its own choice, by a bare name.
    let bare = lab
        .program()
        .current_dir(lab.folder.path())
        .args(["report", run.to_str().unwrap(), "--format", "bmf", "--output", "bare.json"])
        .output()
        .unwrap();
    assert_eq!(stdout(&bare), "");
    assert_eq!(text(&lab.path("bare.json")), text(&folder.join("bmf.json")));
}

#[test]
fn a_file_for_a_build_server_that_cannot_be_written_is_74() {
    let Some(lab) = lab() else { return };
    fs::write(lab.path("taken"), "").unwrap();
    let taken = lab.path("taken");
    let out = scenario(&lab, LOAD, &["--ci", taken.to_str().unwrap()]).output().unwrap();
    assert_eq!(out.status.code(), Some(74), "{}", String::from_utf8_lossy(&out.stderr));
    let run = lab.run_dir().unwrap();
    let inside = taken.join("x");
    let out = lab.call(&[
        "report",
        run.to_str().unwrap(),
        "--format",
        "junit",
        "--output",
        inside.to_str().unwrap(),
    ]);
    assert_eq!(out.status.code(), Some(74), "{}", String::from_utf8_lossy(&out.stderr));
    // The directory is fine, the workflow's own file is not.
    let out = lab
        .program()
        .args(["analyze", run.to_str().unwrap(), "--quiet", "--ci", lab.path("ci").to_str().unwrap()])
        .env("GITHUB_STEP_SUMMARY", &inside)
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(74), "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn two_runs_compared_leave_no_files() {
    let Some(lab) = lab() else { return };
    let out = lab.call(&["compare", "one", "other", "--ci", "ci"]);
    assert_eq!(out.status.code(), Some(2), "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn benchstat_compares_two_runs_over_their_trials() {
    let Some(lab) = lab() else { return };
    if lab.skips_without_module_proxy() {
        return;
    }
    let out = scenario(&lab, LOAD, &["--trials", "4", "--quiet"]).output().unwrap();
    assert!(matches!(out.status.code(), Some(0 | 3)), "{}", String::from_utf8_lossy(&out.stderr));
    let run = lab.run_dir().unwrap();
    let render = |file: &str| -> PathBuf {
        let path = lab.path(file);
        let arguments =
            ["report", run.to_str().unwrap(), "--format", "gobench", "--output", path.to_str().unwrap()];
        stdout(&lab.call(&arguments));
        path
    };
    let baseline = render("baseline.txt");
    // The same run with twice the bytes on the wire: what must come out is known.
    let stored = run.join("result.json");
    let mut result: RunResult = serde_json::from_str(&text(&stored)).unwrap();
    for trial in result.variants.iter_mut().flat_map(|variant| &mut variant.trials) {
        trial.exports.wire_bytes_per_span *= 2.0;
    }
    fs::write(&stored, serde_json::to_vec(&result).unwrap()).unwrap();
    let candidate = render("candidate.txt");
    let mut benchstat = Command::new("go");
    benchstat.args(["tool", "benchstat"]).arg(baseline).arg(candidate);
    let compared = stdout(&benchstat.current_dir(root().join("go-fixtures/tools")).output().unwrap());
    let table = compared.split("\n\n").find(|table| table.contains("wire-B/span")).unwrap_or_default();
    assert!(table.contains("vs base"), "{compared}");
    let row = table.lines().find(|line| line.starts_with("Spanfate/lab/default-")).unwrap_or_default();
    assert!(row.contains("+100.00%") && row.contains("n=4"), "{compared}");
}
