//! The canary through pipelines that lose, double, hold up and damage spans of which the test knows each one.

mod jaeger;
mod pipeline;
mod server;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use self::pipeline::{Pipeline, Planted};
use self::server::{HttpServer, Reply, get};
use crate::engine::free_port;
use crate::lab::{lab_alone, root};

/// A canary that runs.
struct Flying {
    child: Child,
    stderr: BufReader<ChildStderr>,
    begins: String,
}

struct Landed {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Landed {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }
}

/// Starts a canary with nothing of an exporter in its environment but this.
fn fly(arguments: &[&str], environment: &[(&str, &str)]) -> Flying {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanfate"));
    command.arg("canary").args(arguments).env("NO_COLOR", "1");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OTEL_")) {
        command.env_remove(name);
    }
    let mut child = command
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut begins = String::new();
    stderr.read_line(&mut begins).unwrap();
    Flying { child, stderr, begins }
}

impl Flying {
    /// Where its receiver listens.
    fn listens(&self) -> SocketAddr {
        let endpoint = self.begins.split(" at http://").nth(1).unwrap_or_else(|| panic!("{}", self.begins));
        endpoint.split(';').next().unwrap().parse().unwrap()
    }

    fn land(mut self) -> Landed {
        let (mut stdout, mut stderr) = (String::new(), self.begins);
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        self.stderr.read_to_string(&mut stderr).unwrap();
        Landed { code: self.child.wait().unwrap().code(), stdout, stderr }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }
}

/// A port that nobody uses now.
/// Counts of a result by outcome, those that are not 0.
fn counts(of: &Value) -> BTreeMap<String, u64> {
    let counts = of.as_object().unwrap().iter().map(|(name, count)| (name.clone(), count.as_u64().unwrap()));
    counts.filter(|(name, count)| *count > 0 && name != "sent").collect()
}

#[test]
fn every_planted_mishap_is_found_and_nothing_else() {
    let pipeline = Pipeline::open();
    let to = format!("http://{}", pipeline.address());
    let canary = fly(
        &[
            "--to",
            &to,
            "--protocol",
            "http/protobuf",
            "--from",
            "receive:127.0.0.1:0",
            "--rate",
            "30/s",
            "--for",
            "1s",
            "--deadline",
            "2s",
            "--format",
            "json",
        ],
        &[],
    );
    pipeline.leads_to(canary.listens());
    let landed = canary.land();
    assert_eq!(landed.code, Some(99), "{}", landed.stderr);
    let found = landed.json();
    let planted = pipeline.planted();
    assert_eq!((found["traces"].as_u64(), found["counts"]["sent"].as_u64()), (Some(30), Some(150)));
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    let mut fields: BTreeMap<String, u64> = BTreeMap::new();
    for Planted { outcome, field, .. } in planted.values() {
        *expected.entry((*outcome).to_owned()).or_default() += 1;
        if let Some(field) = field {
            *fields.entry((*field).to_owned()).or_default() += 1;
        }
    }
    assert_eq!(counts(&found["counts"]), expected, "{}", landed.stdout);
    assert_eq!(counts(&found["damaged_fields"]), fields);
    assert_eq!(fields.len(), 7, "every field is damaged somewhere: {fields:?}");
    assert_eq!(counts(&found["refusals"]), BTreeMap::from([("HTTP 503".to_owned(), expected["refused"])]));
    for sample in found["samples"].as_array().unwrap() {
        let planted = &planted[sample["span_id"].as_str().unwrap()];
        assert_eq!(sample["outcome"].as_str(), Some(planted.outcome), "{sample}");
        assert_eq!(sample["trace_id"].as_str(), Some(planted.trace.as_str()));
        if let Some(field) = planted.field {
            assert_eq!(sample["detail"].as_str(), Some(field));
        }
    }
    for outcome in ["late", "duplicate", "damaged", "lost", "refused"] {
        assert!(expected[outcome] > 2, "{expected:?}");
    }
    let failed = ["lost", "refused", "damaged"].iter().map(|outcome| expected[*outcome]).sum::<u64>();
    assert!((found["failed_share"].as_f64().unwrap() - failed as f64 / 150.0).abs() < 1e-9);
}

#[test]
fn a_sound_pipeline_passes_over_grpc_and_its_metrics_say_so() {
    let (port, metrics) = (free_port().to_string(), free_port().to_string());
    let to = format!("http://127.0.0.1:{port}");
    let from = format!("receive:{port}");
    let canary = fly(
        &[
            "--to",
            &to,
            "--from",
            &from,
            "--rate",
            "10/s",
            "--watch",
            "--deadline",
            "300ms",
            "--metrics",
            &metrics,
        ],
        &[],
    );
    let page = (0..200).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        let page = get(format!("127.0.0.1:{metrics}").parse().unwrap(), "/metrics")?;
        let received = page
            .lines()
            .find_map(|line| line.strip_prefix("spanfate_canary_spans_total{outcome=\"received\"} "))?;
        (received.parse::<u64>().unwrap() >= 5).then_some(page)
    });
    let page = page.expect("metrics within ten seconds");
    for line in [
        "spanfate_canary_spans_total{outcome=\"lost\"} 0\n",
        "# TYPE spanfate_canary_delay_seconds summary\n",
    ] {
        assert!(page.contains(line), "{page}");
    }
    canary.signal(Signal::SIGINT);
    let landed = canary.land();
    assert_eq!(landed.code, Some(0), "{}{}", landed.stdout, landed.stderr);
    assert!(landed.stdout.contains("verdict pass"), "{}", landed.stdout);
}

#[test]
fn a_reader_that_is_asked_gives_the_same_answers() {
    for (from, kind) in
        [("jaeger", server::jaeger as fn(&pipeline::Store, &str) -> Option<String>), ("tempo", server::tempo)]
    {
        let store = pipeline::Store::new(&[(0, 0), (1, 2), (2, 1)]);
        let end = HttpServer::open({
            let store = store.clone();
            move |request| match request.path.strip_prefix("/v1/traces") {
                Some("") => {
                    store.take(&request.body);
                    Reply::new(200, "")
                }
                _ => kind(&store, &request.path).map_or_else(
                    || Reply::new(404, "{\"error\":\"no trace\"}"),
                    |body| Reply::new(200, &body),
                ),
            }
        });
        let to = format!("http://{}", end.address());
        let from = format!("{from}:{to}");
        let shared = [
            "--to",
            &to,
            "--protocol",
            "http/protobuf",
            "--from",
            &from,
            "--format",
            "json",
            "--deadline",
            "1s",
        ];
        let landed = fly(&[&shared[..], &["--rate", "10/s", "--for", "300ms"]].concat(), &[]).land();
        assert_eq!(landed.code, Some(99), "{}", landed.stderr);
        let found = landed.json();
        // The first span is not kept, the second one twice: so the store was told.
        let expected = [("received", 13), ("lost", 1), ("duplicate", 1)];
        let expected: BTreeMap<String, u64> = expected.map(|(name, count)| (name.to_owned(), count)).into();
        assert_eq!(counts(&found["counts"]), expected, "{}", landed.stdout);
    }
}

#[test]
fn a_reader_without_answers_leaves_it_open() {
    let end = HttpServer::open(|request| match request.path.as_str() {
        "/v1/traces" => Reply::new(200, ""),
        _ => Reply::new(500, "broken"),
    });
    let to = format!("http://{}", end.address());
    let from = format!("jaeger:{to}");
    let landed = fly(
        &[
            "--to",
            &to,
            "--protocol",
            "http/protobuf",
            "--from",
            &from,
            "--once",
            "--deadline",
            "200ms",
            "--format",
            "json",
        ],
        &[],
    )
    .land();
    assert_eq!(landed.code, Some(3), "{}", landed.stderr);
    let found = landed.json();
    assert_eq!(counts(&found["counts"]), BTreeMap::from([("undecided".to_owned(), 5)]));
    assert_eq!(found["reader_error"].as_str(), Some("HTTP 500"));
}

#[test]
fn no_secret_is_printed() {
    // An endpoint that repeats what it was told, as some do.
    let end = HttpServer::open(|request| Reply::new(401, &format!("no, {}", request.head)));
    let endpoint = format!("http://{}/v1/traces?token=geheim-3", end.address());
    let environment = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20geheim-1,x-other=geheim-2"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
    ];
    for format in ["text", "json"] {
        let landed = fly(
            &["--from", "receive:127.0.0.1:0", "--once", "--deadline", "100ms", "--format", format],
            &environment,
        )
        .land();
        assert_eq!(landed.code, Some(99), "{}", landed.stderr);
        let all = format!("{}{}", landed.stdout, landed.stderr);
        assert!(all.contains("HTTP 401") && !all.contains("geheim"), "{all}");
    }
    let head = end.heads().concat();
    assert!(
        head.contains("POST /v1/traces?token=geheim-3 ") && head.contains("authorization: Bearer geheim-1"),
        "{head}"
    );
    let wrong = fly(&["--to", "https://me:geheim@x", "--from", "receive:127.0.0.1:0"], &[]).land();
    assert_eq!(wrong.code, Some(2));
    assert!(!wrong.stderr.contains("geheim"), "{}", wrong.stderr);
}

#[test]
fn it_is_no_load_test_and_says_what_is_wrong() {
    let base = ["--to", "http://127.0.0.1:1", "--from", "receive:127.0.0.1:0"];
    for (more, why) in [
        (&["--rate", "101/s"][..], "at most 100/s"),
        (&["--rate", "11/s", "--watch"], "at most 10/s"),
        (&["--rate", "100/s", "--services", "20"], "1000 spans per second"),
        (&["--services", "21"], "at most 20 services"),
        (&["--rate", "100/s", "--for", "1h"], "100000 traces"),
        (&["--rate", "100/s", "--deadline", "1h"], "would wait at once"),
    ] {
        let landed = fly(&[&base[..], more].concat(), &[]).land();
        assert_eq!(landed.code, Some(2), "{more:?}: {}", landed.stderr);
        assert!(landed.stderr.contains(why), "{more:?}: {}", landed.stderr);
    }
    // Nobody listens at port 1: refused at the door, with the reason.
    let landed = fly(&[&base[..], &["--once", "--deadline", "100ms"]].concat(), &[]).land();
    assert_eq!(landed.code, Some(99), "{}", landed.stderr);
    assert!(
        landed.stdout.contains("unreachable: dial tcp 127.0.0.1:1: connect: connection refused: 5"),
        "{}",
        landed.stdout
    );
}

#[test]
#[ignore = "builds the Collector: cargo test -p spanfate --test e2e canary_through_a_real_collector -- --ignored"]
fn canary_through_a_real_collector() {
    let Some(lab) = lab_alone() else { return };
    let program = root().join("target/fixtures/collector-0.165");
    if !program.is_file() {
        // A scenario with a collector builds it first.
        let mut run = lab.program();
        run.args(["scenario", "collector-restart", "--trials", "1", "--out"]).arg(lab.path("results"));
        let said = run.output().unwrap();
        assert!(program.is_file(), "{}", String::from_utf8_lossy(&said.stderr));
    }
    let (door, back, page) = (free_port(), free_port(), free_port());
    let folder = tempfile::TempDir::new().unwrap();
    let config = folder.path().join("config.yaml");
    // It is up before the canary's receiver is: by default it would try again after 5 s, which is late.
    let yaml = format!(
        "receivers: {{otlp: {{protocols: {{grpc: {{endpoint: '127.0.0.1:{door}'}}}}}}}}\n\
         exporters: {{otlp_grpc: {{endpoint: '127.0.0.1:{back}', tls: {{insecure: true}}, retry_on_failure: {{initial_interval: 100ms}}}}}}\n\
         service:\n  telemetry: {{metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {page}}}}}}}}}]}}}}\n  \
         pipelines: {{traces: {{receivers: [otlp], exporters: [otlp_grpc]}}}}\n"
    );
    std::fs::write(&config, yaml).unwrap();
    let mut collector =
        Command::new(program).arg("--config").arg(&config).stderr(Stdio::null()).spawn().unwrap();
    let up = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        std::net::TcpStream::connect(("127.0.0.1", door)).is_ok()
    });
    let (to, from) = (format!("http://127.0.0.1:{door}"), format!("receive:{back}"));
    let landed =
        fly(&["--to", &to, "--from", &from, "--for", "4s", "--deadline", "5s", "--format", "json"], &[])
            .land();
    collector.kill().unwrap();
    collector.wait().unwrap();
    assert!(up && landed.code == Some(0), "{}{}", landed.stdout, landed.stderr);
    assert_eq!(counts(&landed.json()["counts"]), BTreeMap::from([("received".to_owned(), 100)]));
}
