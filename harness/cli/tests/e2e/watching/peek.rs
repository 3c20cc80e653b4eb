//! `spanfate peek` at real Go processes whose losses are known. What needs eBPF skips, with a counted notice, where there is none.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::lab::Lab;
use crate::watching::probes::{probed, probed_alone};
use crate::watching::station::Station;

/// The lab with the target built; `None` where Go or eBPF is missing.
fn with_target(lab: Option<Lab>) -> Option<Lab> {
    let lab = lab?;
    lab.build_file("target", "watching/peek/target.go");
    Some(lab)
}

/// A process that makes spans as it is told.
struct Target {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Target {
    fn start(mut command: Command, settings: [(&str, &str); 3]) -> Self {
        command.envs(settings).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let orders = child.stdin.take().unwrap();
        let mut out = Self { answers: BufReader::new(child.stdout.take().unwrap()), orders, child };
        assert_eq!(out.answer(), "ready");
        out
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn order(&mut self, line: &str) -> String {
        writeln!(self.orders, "{line}").unwrap();
        self.answer()
    }

    /// Its number here, or that of its child where it is in a namespace of its own.
    fn pid(&self) -> String {
        let pid = self.child.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        children.split_whitespace().next().map_or_else(|| pid.to_string(), str::to_owned)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn settings(queue: &'static str, batch: &'static str) -> [(&'static str, &'static str); 3] {
    [
        ("OTEL_BSP_MAX_QUEUE_SIZE", queue),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", batch),
        ("OTEL_BSP_SCHEDULE_DELAY", "500"),
    ]
}

fn target(lab: &Lab, endpoints: &[String]) -> Command {
    let mut command = Command::new(lab.path("target"));
    command.args(endpoints);
    command
}

fn peek(lab: &Lab, pid: &str, lasting: &str) -> Value {
    let output = lab.call(&["peek", "--pid", pid, "--for", lasting, "--json"]);
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A server that takes connections and never answers.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    (listener, address)
}

fn near(value: &Value, expected: f64, share: f64) {
    let value = value.as_f64().unwrap();
    assert!((value - expected).abs() <= share * expected, "{value} is not near {expected}");
}

pub(crate) fn drops_are_those_of_the_books_and_the_ceiling_is_batch_over_round_trip() {
    let Some(lab) = with_target(probed_alone()) else { return };
    let station = Station::start(&["--answer-after", "200ms", "--json"]);
    let mut target =
        Target::start(target(&lab, &[format!("http://{}", station.address)]), settings("64", "32"));
    let pid = target.pid();
    target.order("rate 1000");
    let busy = peek(&lab, &pid, "4s");
    target.order("rate 0");
    // The queue is empty after three answers, and the schedule delay.
    std::thread::sleep(Duration::from_millis(1500));
    let calm = peek(&lab, &pid, "1s");
    let made: u64 = target.order("stop").trim_start_matches("made ").parse().unwrap();
    let received = station.stop(Signal::SIGINT).totals()["distinct"].as_u64().unwrap();
    let one = &calm["processors"][0];
    assert_eq!(
        one["dropped_total"].as_u64(),
        Some(made - received),
        "{made} made, {received} received: {calm}"
    );
    assert_eq!((one["dropped"].as_u64(), one["queued"].as_u64()), (Some(0), Some(0)), "{calm}");
    assert_eq!(one["state"], "keeping", "{calm}");
    let one = &busy["processors"][0];
    assert_eq!(
        (&one["state"], one["queue"].as_u64(), one["batch"].as_u64()),
        (&"losing".into(), Some(64), Some(32))
    );
    near(&one["offered_per_s"], 1000.0, 0.05);
    near(&one["ceiling_per_s"], 32.0 / 0.2, 0.05);
    assert_eq!(one["advice"]["suffices"], true, "{busy}");
    assert_eq!(busy["notes"], Value::Array(Vec::new()));
}

#[test]
fn providers_are_apart_and_a_stuck_worker_is_named() {
    let Some(lab) = with_target(probed()) else { return };
    let station = Station::start(&["--json"]);
    let (_listener, endpoint) = silent();
    let endpoints = [format!("http://{}", station.address), endpoint];
    let mut target = Target::start(target(&lab, &endpoints), settings("2048", "512"));
    target.order("spans 5000 1");
    target.order("rate 500");
    std::thread::sleep(Duration::from_millis(300));
    let output = lab.call(&["peek", "--pid", &target.pid(), "--for", "5s"]);
    let text = said(&output);
    assert!(
        text.starts_with("The workers of 1 of 2 batch processors are stuck. Losing spans now: "),
        "{text}"
    );
    assert!(text.contains("worker     stuck: it has not exported for ≥ "), "{text}");
    assert!(text.contains("queue      2,048 of 2,048 now, 2,048 at most; 512 more in the batch"), "{text}");
    assert!(text.contains("ceiling    unknown: no export ended"), "{text}");
    assert!(text.contains("dropped    0 since the process started"), "{text}");
    assert!(text.contains("paste      nothing to change"), "{text}");
    station.stop(Signal::SIGINT);
}

#[test]
fn where_every_export_fails_the_error_is_said_and_nothing_is_to_be_pasted() {
    let Some(lab) = with_target(probed()) else { return };
    let mut command = target(&lab, &["http://127.0.0.1:9".to_owned()]);
    command.env("OTEL_EXPORTER_OTLP_TIMEOUT", "3000").stderr(Stdio::null());
    let mut target = Target::start(command, settings("256", "64"));
    target.order("rate 500");
    // An export begins before the probes are there.
    std::thread::sleep(Duration::from_secs(1));
    let output = lab.call(&["peek", "--pid", &target.pid(), "--for", "5s"]);
    let text = said(&output);
    assert!(text.starts_with("Every export fails ("), "{text}");
    assert!(text.contains("connection refused") && text.contains("no setting helps"), "{text}");
    assert!(!text.contains("paste") && !text.contains(" 0 ended"), "{text}");
    assert!(text.contains("ceiling    unknown: no export succeeded"), "{text}");
}

#[test]
fn an_idle_process_and_an_early_end_are_answered() {
    let Some(lab) = with_target(probed()) else { return };
    let mut settings = settings("2048", "512");
    settings[2].1 = "60000";
    let target = Target::start(target(&lab, &["http://127.0.0.1:9".to_owned()]), settings);
    let mut command = lab.program();
    command.args(["peek", "--pid", &target.pid(), "--watch"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(line.ends_with("no batch processor was heard of yet\n"), "{line}");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    let rest: Vec<String> = out.lines().map(Result::unwrap).collect();
    assert!(
        rest.iter().any(|line| line.starts_with("No span ended and no batch processor exported in ")),
        "{rest:?}"
    );
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_process_in_a_container_is_seen_from_outside() {
    let Some(lab) = with_target(probed()) else { return };
    let folder = lab.path("inside");
    fs::create_dir(&folder).unwrap();
    // The program lies on a file system that nobody outside can reach, and is process 1 there.
    let script =
        "mount -t tmpfs none \"$1\" && cp \"$0\" \"$1/service\" && exec \"$1/service\" http://127.0.0.1:9";
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script])
        .arg(lab.path("target"))
        .arg(&folder);
    if Command::new("unshare")
        .args(["--mount", "--pid", "--fork", "true"])
        .status()
        .is_ok_and(|s| s.success())
    {
        let mut target = Target::start(command, settings("64", "32"));
        assert!(!folder.join("service").exists());
        target.order("spans 1000 0");
        // Its worker waits for a receiver that is not there.
        target.order("rate 500");
        let seen = peek(&lab, &target.pid(), "3s");
        assert!(seen["processors"][0]["dropped_total"].as_u64().unwrap() > 0, "{seen}");
        assert!(
            !seen["processors"][0]["last_error"].is_null() || seen["processors"][0]["exports"] == 0,
            "{seen}"
        );
    }
}

#[test]
fn what_cannot_be_watched_is_said_with_the_right_exit_code() {
    let Some(lab) = with_target(probed()) else { return };
    let ask = |pid: &str, code: i32, words: &str| {
        let output = lab.call(&["peek", "--pid", pid, "--for", "1s"]);
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        assert!(said(&output).contains(words), "{}", said(&output));
    };
    ask("4194303", 66, "there is no process 4194303");
    let mut sleeper = Command::new("sleep").arg("60").spawn().unwrap();
    ask(&sleeper.id().to_string(), 66, "this is no Go binary");
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    let source = lab.path("plain.go");
    fs::write(&source, "package main\nimport \"time\"\nfunc main() { time.Sleep(time.Minute) }\n").unwrap();
    let mut plain = Command::new(lab.build("plain", source.to_str().unwrap(), &[])).spawn().unwrap();
    ask(&plain.id().to_string(), 66, "does not use go.opentelemetry.io/otel/sdk/trace");
    plain.kill().unwrap();
    plain.wait().unwrap();
    // Nobody's copy of the program, for its own folder may be closed to others.
    let program = lab.path("spanfate");
    fs::copy(env!("CARGO_BIN_EXE_spanfate"), &program).unwrap();
    fs::set_permissions(lab.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let target = Target::start(target(&lab, &["http://127.0.0.1:9".to_owned()]), settings("64", "32"));
    let mut command = Command::new(program);
    command.args(["peek", "--pid", &target.pid()]).current_dir("/").uid(65534).gid(65534);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(69), "{}", said(&output));
    assert!(said(&output).contains("run this as root"), "{}", said(&output));
    // The same process may be one's own: then the kernel refuses the probes.
    let mut own = Command::new(lab.path("target"));
    own.arg("http://127.0.0.1:9").uid(65534).gid(65534);
    let own = Target::start(own, settings("64", "32"));
    let mut command = Command::new(lab.path("spanfate"));
    command.args(["peek", "--pid", &own.pid(), "--for", "1s"]).current_dir("/").uid(65534).gid(65534);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(69), "{}", said(&output));
    assert!(said(&output).contains("spanfate doctor"), "{}", said(&output));
}
