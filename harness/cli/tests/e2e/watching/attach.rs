//! `spanfate attach`: programs that know nothing of us, and what became of each of their spans.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use spanfate_model::fate::{CollectorLoss, Fate};
use spanfate_model::result::{ProbeResult, RunResult};
use spanfate_run::host::clock;

use crate::lab::{Lab, lab, root, skipped};
use crate::watching::probes::{PROBES, probed, probed_alone};

/// The service we did not write, without symbols.
fn plain(lab: &Lab) -> PathBuf {
    lab.build("plainsvc", "./cmd/plainsvc", &["-ldflags=-s -w"])
}

fn attach(lab: &Lab, arguments: &[&str]) -> (Output, Option<RunResult>) {
    let results = lab.path("results");
    let mut command = lab.program();
    command.arg("attach").arg("--out").arg(&results).args(arguments);
    let output = command.output().unwrap();
    (output, result(lab))
}

fn result(lab: &Lab) -> Option<RunResult> {
    let bytes = fs::read(lab.run_dir()?.join("result.json")).ok()?;
    Some(serde_json::from_slice(&bytes).unwrap())
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub(crate) fn every_span_of_a_loaded_program_is_explained_without_a_ledger_of_its_own() {
    let Some(lab) = probed_alone() else { return };
    let program = plain(&lab);
    // Each request ends three spans at once, and there is room for one.
    let mut command = lab.program();
    command.arg("attach").arg("--out").arg(lab.path("results"));
    command.args(["--load", "http://127.0.0.1:{port}/work", "--rate", "500/s", "--for", "2s", "--"]);
    command.arg(&program).args(["--listen", "127.0.0.1:{port}"]);
    command.env("OTEL_BSP_MAX_QUEUE_SIZE", "1").env("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1");
    let output = command.output().unwrap();
    let result = result(&lab).unwrap_or_else(|| panic!("{}", text(&output)));
    let trial = &result.variants[0].trials[0];
    assert!(trial.ledger.closes());
    assert_eq!(trial.ledger.created, 3 * 500 * 3 + 3, "the load's and the one that said that it is ready");
    assert_eq!(
        (trial.ledger.unexplained.count, trial.ledger.unaccounted.count),
        (0, 0),
        "{:?}",
        result.reasons
    );
    assert_eq!(trial.ledger.unexpected.count, 0);
    let dropped = trial.ledger.total(Fate::DroppedQueueFull);
    assert!(dropped > 0);
    assert_eq!(dropped, trial.probes[0].processors[0].dropped, "by id, and by the SDK's own counter");
    assert_eq!(trial.ledger.total(Fate::Received) + dropped, trial.ledger.created);
    // What the probes saw suffices to run the queue again, so that a cause can be named.
    let [replay] = trial.replays.as_slice() else { panic!("{:?}", trial.replays) };
    assert!(replay.fits && replay.dropped == dropped, "{replay:?}");
    // A name on the heap is known, too.
    assert!(trial.breakdown.iter().any(|one| one.rows.iter().any(|row| row.value.contains("GET /work"))));
}

pub(crate) fn a_plain_service_without_a_propagator_has_its_loss_told() {
    let Some(lab) = probed_alone() else { return };
    let program = plain(&lab);
    let mut command = lab.program();
    command.arg("attach").arg("--out").arg(lab.path("results"));
    command.args(["--load", "http://127.0.0.1:{port}/work", "--rate", "300/s", "--for", "1s", "--"]);
    command.arg(&program).args(["--listen", "127.0.0.1:{port}"]).env("OTEL_PROPAGATORS", "none");
    command.env("OTEL_BSP_MAX_QUEUE_SIZE", "1").env("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1");
    let output = command.output().unwrap();
    let (said, result) = (text(&output), result(&lab).unwrap_or_else(|| panic!("{}", text(&output))));
    let trial = &result.variants[0].trials[0];
    let dropped = trial.ledger.total(Fate::DroppedQueueFull);
    assert!(trial.ledger.closes() && dropped > 0, "{said}");
    // Those after the warm-up of a second; neither that nor our own look counts.
    assert_eq!((trial.ledger.created, trial.loss.due), (3 * 300 * 2 + 3, 3 * 300), "{said}");
    assert!(trial.loss.lost > 0 && trial.loss.lost + trial.loss.received == trial.loss.due, "{said}");
    assert_eq!(trial.ledger.unnumbered, trial.ledger.created);
    let first = said.lines().find(|line| line.ends_with("spans were lost")).unwrap_or_default();
    assert_eq!(first.replace(',', ""), format!("{dropped} of {} spans were lost", trial.ledger.created));
    assert!(said.contains("takes up no `traceparent`") && !said.contains("0 of 0"), "{said}");
}

#[test]
fn a_collector_can_stand_between_a_program_and_the_receiver() {
    let Some(lab) = probed() else { return };
    if !root().join("target/fixtures/collector-0.165").is_file() {
        return skipped(
            "the collector has not been built here (`spanfate scenario collector-kill` builds it)",
        );
    }
    let program = plain(&lab);
    // Behind its batch processor the memory limiter refuses everything from its first look on: the program hears nothing of it.
    let config = root().join("scenarios/collectors/limiter-behind-batch.yaml");
    let (output, result) = attach(
        &lab,
        &[
            "--collector",
            config.to_str().unwrap(),
            "--load",
            "http://127.0.0.1:{port}/work",
            "--rate",
            "100/s",
            "--for",
            "1s",
            "--",
            program.to_str().unwrap(),
            "--listen",
            "127.0.0.1:{port}",
        ],
    );
    let result = result.unwrap_or_else(|| panic!("{}", text(&output)));
    let trial = &result.variants[0].trials[0];
    let limited = trial.ledger.total(Fate::LostInCollector(CollectorLoss::MemoryLimit));
    assert!(trial.ledger.closes() && limited > 0, "{}", text(&output));
    assert_eq!(limited + trial.ledger.total(Fate::Received), trial.ledger.created, "{}", text(&output));
    let [hop] = trial.hops.as_slice() else { panic!("{:?}", trial.hops) };
    assert_eq!(
        (hop.name.as_str(), hop.accepted, hop.lost_in_all()),
        ("collector", trial.ledger.created, limited)
    );
    // Where it would have sent to, and where it does.
    assert!(
        text(&output).contains("- exporters::otlp_grpc::endpoint: backend.example:4317"),
        "{}",
        text(&output)
    );
}

#[test]
fn a_url_that_is_refused_is_said_within_seconds_and_nothing_is_counted() {
    let Some(lab) = probed() else { return };
    let program = plain(&lab);
    let began = clock::now();
    let url = "http://127.0.0.1:{port}/it-serves-nothing-there";
    let (output, _) =
        attach(&lab, &["--load", url, "--", program.to_str().unwrap(), "--listen", "127.0.0.1:{port}"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(102), "{said}");
    assert!(clock::now() - began < 15_000_000_000, "{said}");
    assert!(said.contains("with 404 Not Found") && said.contains("a path that it serves"), "{said}");
    assert!(!said.contains("lost"), "{said}");
    let result = result(&lab).unwrap();
    let ledgers = result.variants.iter().flat_map(|variant| &variant.trials).map(|trial| &trial.ledger);
    assert_eq!(ledgers.map(|ledger| ledger.created + ledger.outside).sum::<u64>(), 0, "{said}");
}

#[test]
fn where_nobody_answers_it_is_said_within_seconds_where_the_program_listens() {
    let Some(lab) = probed() else { return };
    let program = plain(&lab);
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let [wanted, own] = [held, std::net::TcpListener::bind("127.0.0.1:0").unwrap()]
        .map(|listener| listener.local_addr().unwrap().to_string());
    let mut command = lab.program();
    command.arg("attach").arg("--out").arg(lab.path("results"));
    command.args(["--load", &format!("http://{wanted}/work"), "--"]).arg(&program).args(["--listen", &own]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let began = clock::now();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let said = lines.map(Result::unwrap).find(|line| line.starts_with("waiting for")).unwrap();
    assert!(clock::now() - began < 15_000_000_000, "{said}");
    assert!(said.contains(&wanted) && said.ends_with(&format!("listens on {own}")), "{said}");
    // It would wait on, but the user has seen enough.
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    child.wait().unwrap();
    assert!(clock::now() - began < 20_000_000_000, "it waits on after Ctrl-C");
}

pub(crate) fn a_program_that_just_runs_is_explained_and_hears_ctrl_c() {
    let Some(lab) = probed_alone() else { return };
    let program = plain(&lab);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let mut command = lab.program();
    command.arg("attach").arg("--out").arg(lab.path("results")).arg("--").arg(&program);
    command.args(["--listen", &address]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    lab.until("its answer", || get(&address).filter(|head| head.starts_with("HTTP/1.1 200")));
    for _ in 0..20 {
        assert!(get(&address).unwrap().starts_with("HTTP/1.1 200"));
    }
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let result = result(&lab).unwrap();
    let trial = &result.variants[0].trials[0];
    assert_eq!(trial.ledger.created % 3, 0);
    assert!(trial.ledger.created >= 63, "{:?}", trial.ledger);
    assert_eq!(trial.ledger.total(Fate::Received), trial.ledger.created, "its shutdown emptied the queue");
    assert!(result.plan.attached && trial.loss.due == trial.ledger.created);
}

/// One request, and the head of its answer.
fn get(address: &str) -> Option<String> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).ok()?;
    write!(stream, "GET /work HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

pub(crate) fn a_process_that_runs_is_joined_and_left_as_it_was() {
    let Some(lab) = probed_alone() else { return };
    let program = plain(&lab);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let mut service = Command::new(&program)
        .args(["--listen", &address])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    lab.until("its answer", || get(&address));
    let mut command = lab.program();
    command.args(["attach", "--json", "--for", "3s", "--pid", &service.id().to_string()]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The probes are on it once the kernel lists them, which only root sees; so it is asked all the time.
    let asked = std::thread::spawn(move || {
        let mut asked = 0;
        for _ in 0..200 {
            asked += u64::from(get(&address).is_some());
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        asked
    });
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let seen: ProbeResult = serde_json::from_slice(&output.stdout).unwrap();
    let started = seen.hits["started"];
    assert!(started > 0 && started <= 3 * asked.join().unwrap(), "{seen:?}");
    assert_eq!(service.try_wait().unwrap(), None, "it runs on");
    service.kill().unwrap();
    service.wait().unwrap();
}

#[test]
fn what_cannot_be_attached_to_is_said_with_what_to_do() {
    let Some(lab) = probed() else { return };
    let cases = [("/bin/sh", "no Go binary"), ("go", "does not use go.opentelemetry.io/otel/sdk")];
    for (program, why) in cases {
        let (output, result) = attach(&lab, &["--", program]);
        assert_eq!(output.status.code(), Some(66), "{}", text(&output));
        assert!(text(&output).contains(why), "{}", text(&output));
        assert!(result.is_none());
    }
    let (output, _) = attach(&lab, &["--pid", "999999999"]);
    assert_eq!(output.status.code(), Some(66), "{}", text(&output));
    // What never ends is not read.
    let output = lab.call(&["new", lab.path("x.toml").to_str().unwrap(), "--from", "/dev/zero"]);
    assert_eq!(output.status.code(), Some(66), "{}", text(&output));
    let cut = lab.path("cut");
    let whole = fs::read(plain(&lab)).unwrap();
    fs::write(&cut, &whole[..whole.len() / 3]).unwrap();
    fs::set_permissions(&cut, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let (output, _) = attach(&lab, &["--", cut.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(66), "{}", text(&output));
    assert!(!text(&output).contains("panicked"), "{}", text(&output));
}

#[test]
fn where_probes_could_harm_the_kernel_none_are_put() {
    let Some(lab) = probed() else { return };
    let program = plain(&lab);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let mut service = Command::new(&program)
        .args(["--listen", &address])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    lab.until("its answer", || get(&address));
    let pid = service.id().to_string();
    for arguments in [
        &["attach", "--pid", &pid][..],
        &["peek", "--pid", &pid],
        &["attach", "--", program.to_str().unwrap()],
    ] {
        let mut command = lab.program();
        // A kernel that preempts, and an object that nobody can read.
        let output = command.args(arguments).env("SPANFATE_JUDGE_TOO", "full:").output().unwrap();
        assert_eq!(output.status.code(), Some(69), "{arguments:?}: {}", text(&output));
        let said = text(&output);
        assert!(said.contains("preempt") && said.contains("(full)"), "{arguments:?}: {said}");
    }
    assert!(get(&address).is_some_and(|head| head.starts_with("HTTP/1.1 200")), "it runs on");
    service.kill().unwrap();
    service.wait().unwrap();
}

#[test]
fn without_privileges_it_says_what_is_missing() {
    let Some(lab) = lab() else { return };
    if !lab.lacks(PROBES) {
        return;
    }
    let program = plain(&lab);
    let (output, _) = attach(&lab, &["--", program.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(69), "{}", text(&output));
    assert!(text(&output).contains("doctor"), "{}", text(&output));
}
