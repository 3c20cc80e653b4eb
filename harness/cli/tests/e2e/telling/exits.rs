//! Bad input and bad machines: a clear message, the documented exit code, nothing left running.

use std::fs;
use std::process::{Command, Stdio};

use spanfate_model::verdict::ExitCode;

use crate::lab::{lab, root};

const LOAD: &str = "[load]\nrate = \"200/s\"\nwarmup = \"0s\"\nlasting = \"300ms\"\n";

#[test]
fn a_wrong_scenario_is_shown_where_it_is_wrong() {
    let Some(lab) = lab() else { return };
    let path = lab.scenario("sead = 3\n[load]\nrate = \"200/s\"\nlasting = \"1s\"\nwarmpu = \"1s\"\n");
    let out = lab.call(&["validate", path.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(65), "{text}");
    for part in
        ["scenario.toml:2:1", "scenario.toml:6:1", "^^^^", "did you mean `seed`?", "did you mean `warmup`?"]
    {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
}

#[test]
fn the_command_line_has_its_codes() {
    let Some(lab) = lab() else { return };
    let code = |arguments: &[&str]| lab.call(arguments).status.code();
    assert_eq!(code(&["--help"]), Some(0));
    assert_eq!(code(&["scenari"]), Some(2));
    assert_eq!(code(&["scenario", "no-such-scenario"]), Some(66));
    assert_eq!(code(&["analyze", "no-such-run"]), Some(66));
    assert_eq!(code(&["plan", "qps5k", "--variant", "none"]), Some(4));
    assert_eq!(code(&["plan", "qps5k.toml"]), Some(0));
    assert_eq!(code(&["list"]), Some(0));
    let missing = lab.call(&["validate", "qps5"]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("did you mean `qps5k`?"));
}

#[test]
fn the_command_line_changes_a_scenario_and_says_so() {
    let Some(lab) = lab() else { return };
    let call = |arguments: &[&str]| {
        let out = lab.call(arguments);
        let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        (out.status.code(), text)
    };
    let changes = ["--rate", "2000/s", "--for", "3s", "--set", "exporter.queue=9000"];
    let (code, plan) = call(&[&["plan", "qps5k", "--json", "--variant", "answer-*"], &changes[..]].concat());
    assert_eq!(code, Some(0), "{plan}");
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let lines = ["load.rate = \"2000/s\"", "load.lasting = \"3s\"", "exporter.queue = 9000"];
    assert_eq!(plan["changed"], serde_json::json!(lines));
    // What a variant says of that key itself does not hold any more.
    let queues: Vec<_> =
        plan["variants"].as_array().unwrap().iter().map(|one| &one["exporter"]["queue"]).collect();
    assert_eq!(queues, [9000, 9000, 9000]);
    let cases: [(&[&str], i32, &str); 6] = [
        (&["validate", "qps5k", "--set", "exporter.queue=many"], 2, "command line:1:18"),
        (&["validate", "qps5k", "--set", "exporter.queu=5"], 2, "did you mean `queue`?"),
        (&["validate", "qps5k", "--set", "load.lasting=5"], 2, "it takes a time with its unit"),
        (&["scenario", "qps5k", "--trials", "x"], 2, "write a whole number from 1 to"),
        (&["validate", "/nonexist.toml"], 66, "`spanfate list` shows"),
        (&["compare", "a", "b", "--rate", "5/s"], 2, "two runs are over"),
    ];
    for (arguments, wanted, part) in cases {
        let (code, text) = call(arguments);
        assert_eq!(code, Some(wanted), "{arguments:?}: {text}");
        assert!(text.contains(part) && text.lines().count() < 12, "{arguments:?}: {text}");
    }
}

#[test]
fn what_is_valid_and_hardly_meant_is_a_warning() {
    let Some(lab) = lab() else { return };
    let path = lab.scenario(&format!("{LOAD}[exporter]\nqueue = 1024\nbatch = 4096\n"));
    let out = lab.call(&["validate", path.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(0), "{text}");
    for part in ["warning: `batch` is 4096", "at most 512 spans", "batch = 4096", "valid"] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
}

#[test]
fn equal_seeds_give_equal_plans_byte_for_byte() {
    let Some(lab) = lab() else { return };
    let plan = |seed: &str| lab.call(&["plan", "qps5k", "--json", "--trials", "5", "--seed", seed]).stdout;
    assert_eq!(plan("1"), plan("1"));
    assert_ne!(plan("1"), plan("2"));
}

#[test]
fn a_result_that_cannot_be_written_is_74() {
    let Some(lab) = lab() else { return };
    let path = lab.scenario(LOAD);
    // A file stands where the directory should be.
    fs::write(lab.path("taken"), "").unwrap();
    let out = lab.call(&["scenario", path.to_str().unwrap(), "--out", lab.path("taken").to_str().unwrap()]);
    assert_eq!(out.status.code(), Some(74), "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn without_go_it_is_69_and_with_a_broken_go_102() {
    let Some(lab) = lab() else { return };
    let path = lab.scenario(LOAD);
    let run = |tools: &str| {
        let mut command = lab.program();
        command.arg("scenario").arg(&path).arg("--out").arg(lab.path("results")).env("PATH", lab.path(tools));
        command.output().unwrap()
    };
    fs::create_dir(lab.path("empty")).unwrap();
    let absent = run("empty");
    assert_eq!(absent.status.code(), Some(69), "{}", String::from_utf8_lossy(&absent.stderr));
    assert!(String::from_utf8_lossy(&absent.stderr).contains("install Go"));
    fs::create_dir(lab.path("broken")).unwrap();
    std::os::unix::fs::symlink("/bin/false", lab.path("broken/go")).unwrap();
    let broken = run("broken");
    assert_eq!(broken.status.code(), Some(102), "{}", String::from_utf8_lossy(&broken.stderr));
}

#[test]
fn json_goes_to_stdout_and_quiet_says_nothing() {
    let Some(lab) = lab() else { return };
    let done = lab.run(LOAD);
    let run = done.run.to_str().unwrap();
    let json = lab.call(&["analyze", run, "--json"]);
    assert_eq!(json.stdout, fs::read(done.run.join("result.json")).unwrap());
    let quiet = lab.call(&["analyze", run, "--quiet"]);
    assert!(quiet.stdout.is_empty());
}

#[test]
fn what_the_command_line_changes_is_checked_too() {
    let Some(lab) = lab() else { return };
    let many = lab.call(&["plan", "smoke", "--trials", "65536"]);
    assert_eq!(many.status.code(), Some(2), "{}", String::from_utf8_lossy(&many.stdout));
    let typo = lab.call(&["plan", "smoke", "--variant", "sdk-defaults", "--variant", "to-small"]);
    assert_eq!(typo.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&typo.stderr).contains("did you mean `too-small`?"));
    let huge = lab.scenario("[load]\nrate = \"1000000000000000000/s\"\nlasting = \"1s\"\n");
    assert_eq!(lab.call(&["validate", huge.to_str().unwrap()]).status.code(), Some(65));
    let sweep =
        "[exporter]\nsampler = \"traceidratio\"\n[[variant]]\nname = \"a\"\nexporter = { ratio = 0.1 }\n";
    let valid = lab.scenario(&format!("{LOAD}{sweep}"));
    assert_eq!(lab.call(&["validate", valid.to_str().unwrap()]).status.code(), Some(0));
}

#[test]
fn nothing_is_removed_or_replaced_that_is_not_its_own() {
    let Some(lab) = lab() else { return };
    let done = lab.run(LOAD);
    // A device is written to and not replaced; on this one there is no space.
    let full = lab.path("full");
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    let (run, full) = (done.run.to_str().unwrap(), full.to_str().unwrap());
    let commands: [&[&str]; 2] =
        [&["report", run, "--output", full], &["export", run, "--csv", "--out", full]];
    for command in commands {
        let output = lab.call(command);
        assert_eq!(output.status.code(), Some(74), "{command:?}: {output:?}");
        assert!(lab.path("full").is_symlink(), "{command:?}");
    }
    let victim = lab.path("spanfate-victim");
    fs::create_dir(&victim).unwrap();
    fs::write(victim.join("precious"), "").unwrap();
    let manifest = done.run.join("trial-000/trial.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let forged = text.replacen('{', &format!("{{\"scratch\": {:?},", victim.to_str().unwrap()), 1);
    fs::write(&manifest, forged).unwrap();
    lab.call(&["analyze", done.run.to_str().unwrap()]);
    assert!(victim.join("precious").is_file());
    // What is there and cannot be read is no missing input.
    let manifest = done.run.join("run.json");
    fs::remove_file(&manifest).unwrap();
    fs::create_dir(&manifest).unwrap();
    assert_eq!(lab.call(&["analyze", done.run.to_str().unwrap()]).status.code(), Some(1));
}

#[test]
fn an_output_that_takes_nothing_is_a_result_that_could_not_be_written() {
    let Some(lab) = lab() else { return };
    let page = lab.path("page.prom");
    fs::write(&page, "otelcol_exporter_sent_spans{exporter=\"otlp\"} 5\n").unwrap();
    let commands: [&[&str]; 10] = [
        &["list"],
        &["list", "--markdown"],
        &["plan", "smoke.toml"],
        &["schema", "result"],
        &["reference"],
        &["doctor"],
        &["completions", "bash"],
        &["advise", "--metrics", page.to_str().unwrap()],
        &["--help"],
        &["--version"],
    ];
    for command in commands {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = lab.program().args(command).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(74), "{command:?}: {said}");
    }
}

#[test]
fn a_program_called_outside_a_checkout_writes_there_and_not_where_it_was_built() {
    let Some(lab) = lab() else { return };
    let copy = lab.path("spanfate");
    fs::copy(env!("CARGO_BIN_EXE_spanfate"), &copy).unwrap();
    let built = fs::metadata(root().join("reports/index.html")).and_then(|index| index.modified()).ok();
    let output = Command::new(&copy).args(["report", "--index"]).current_dir(&lab.folder).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(lab.path("spanfate-results/index.html").is_file(), "{output:?}");
    let after = fs::metadata(root().join("reports/index.html")).and_then(|index| index.modified()).ok();
    assert_eq!(built, after);
}

/// What a shell may have set for other work, and a user without a home directory.
#[test]
fn the_users_shell_does_not_decide_what_is_built() {
    let Some(lab) = lab() else { return };
    let scenario = lab.scenario(LOAD);
    let mut command = lab.program();
    command.arg("scenario").arg(scenario).arg("--out").arg(lab.path("results")).env_remove("HOME");
    let shell = [
        ("GOWORK", "/nonexistent/go.work"),
        ("GO111MODULE", "off"),
        ("GOOS", "plan9"),
        ("GOARCH", "386"),
        ("GOFLAGS", "-mod=vendor -tags=none"),
        ("GOTOOLCHAIN", "go1.99.0"),
        ("GOROOT", "/nonexistent"),
        ("GOEXPERIMENT", "nonsense"),
        ("CGO_ENABLED", "1"),
    ];
    let child = command.envs(shell).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    lab.finish(child).assert_exact();
}

#[test]
fn every_exit_code_is_produced_by_some_test() {
    let mut folders = vec![root().join("harness/cli/tests/e2e")];
    let mut tests = String::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                tests += &fs::read_to_string(&path).unwrap();
            }
        }
    }
    for (_, number, meaning) in ExitCode::ALL {
        assert!(tests.contains(&format!("Some({number})")), "no test ends with {number} ({meaning})");
    }
}
