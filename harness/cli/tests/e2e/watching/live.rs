//! Two streams compared while they come in. Our own clients stand for the exporters.

mod twin;

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use spanfate_testkit::client::{Client, http_request};
use spanfate_testkit::message;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanfate"));
    command.args(["diff", "--live"]).args(arguments).env("NO_COLOR", "1");
    command
}

/// A comparison that goes on.
struct Watch {
    child: Child,
    stderr: BufReader<ChildStderr>,
    left: SocketAddr,
    right: SocketAddr,
}

/// How it ended.
struct Seen {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Watch {
    fn start(arguments: &[&str]) -> Self {
        let mut command = program(&[&["receive:0", "receive:0"][..], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut ready = String::new();
        stderr.read_line(&mut ready).unwrap();
        let mut found =
            ready.split("http://").skip(1).map(|rest| rest.split(' ').next().unwrap().parse().unwrap());
        let (left, right) = (found.next().unwrap(), found.next().unwrap());
        Self { child, stderr, left, right }
    }

    fn end(mut self) -> Seen {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        self.stderr.read_to_string(&mut stderr).unwrap();
        Seen { code: self.child.wait().unwrap().code(), stdout, stderr }
    }

    fn stop(self) -> Seen {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGINT).unwrap();
        self.end()
    }
}

impl Seen {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }
}

#[tokio::test]
async fn the_same_spans_over_two_protocols_are_equal() {
    // Long enough for a machine that does something else.
    let watch = Watch::start(&["--json", "--window", "2s"]);
    let listening = (watch.left, watch.right);
    let (mut left, mut right) = (Client::http2(watch.left).await, Client::http1(watch.right).await);
    for from in [0, 500] {
        let request = message::request((from..from + 500).map(message::span));
        assert_eq!(left.grpc(&request, true).await.grpc, Some(0));
        assert_eq!(right.post(&request, false).await.status, 200);
    }
    let seen = watch.stop();
    assert_eq!(seen.code, Some(0), "{}{}", seen.stdout, seen.stderr);
    let found = seen.json();
    assert_eq!((&found["counts"]["both"], &found["traces"]["equal"]), (&1000.into(), &1000.into()));
    for (side, address) in [("left", listening.0), ("right", listening.1)] {
        assert_eq!(found[side]["name"], format!("OTLP at http://{address}"));
        assert_eq!(found[side]["format"], "otlp-protobuf");
    }
    let live = &found["live"];
    assert_eq!(
        (&live["verdicts"], &live["late"], &live["window_ms"]),
        (&1000.into(), &0.into(), &2000.0.into())
    );
    // No verdict comes before the window is over.
    assert!(live["p50_ms"].as_f64().unwrap() >= 2000.0, "{live}");
}

#[tokio::test]
async fn what_differs_is_said_at_once_and_at_the_end() {
    let mut watch = Watch::start(&["--window", "2s"]);
    let (mut left, mut right) = (Client::http2(watch.left).await, Client::http2(watch.right).await);
    left.grpc(&message::spans(10), false).await;
    // One is missing on the right, and one is another one.
    let renamed = message::span(3).iter().map(|byte| if *byte == b'f' { b'h' } else { *byte }).collect();
    let spans = (0..10).filter(|n| *n != 7 && *n != 3).map(message::span).chain(std::iter::once(renamed));
    right.grpc(&message::request(spans), false).await;
    // The line comes while it goes on.
    let mut lines = String::new();
    for _ in 0..2 {
        watch.stderr.read_line(&mut lines).unwrap();
    }
    let (missing, other) = (message::key(7).trace, message::key(3).trace);
    assert!(lines.contains(&format!("trace {missing}: 1 only left; only left checkout · name 1")), "{lines}");
    assert!(
        lines.contains(&format!("trace {other}: 1 on both sides, 1 different; differs checkout · name 0")),
        "{lines}"
    );
    let seen = watch.stop();
    assert_eq!(seen.code, Some(99), "{}{}", seen.stdout, seen.stderr);
    for part in
        ["9 on both sides, 1 different, 1 only left", "10 verdicts came after", "attributes[\"attribute.0\"]"]
    {
        assert!(seen.stdout.contains(part), "{part}: {}", seen.stdout);
    }
}

#[tokio::test]
async fn what_came_late_stays_missing_and_is_said_to_be_late() {
    let mut watch = Watch::start(&["--json", "--for", "1min", "--window", "10ms"]);
    let (mut left, mut right) = (Client::http2(watch.left).await, Client::http2(watch.right).await);
    left.grpc(&message::spans(1), false).await;
    let mut line = String::new();
    watch.stderr.read_line(&mut line).unwrap();
    assert!(line.contains("1 only left"), "{line}");
    right.grpc(&message::spans(1), false).await;
    let seen = watch.stop();
    // A signal cuts short what would have ended by itself.
    assert_eq!(seen.code, Some(130), "{}{}", seen.stdout, seen.stderr);
    let found = seen.json();
    assert_eq!((&found["live"]["late"], &found["counts"]["only_left"]), (&1.into(), &1.into()), "{found:#}");
}

#[tokio::test]
async fn what_could_not_be_read_makes_a_side_incomplete() {
    let watch = Watch::start(&["--window", "2s"]);
    let (mut left, mut right) = (Client::http1(watch.left).await, Client::http1(watch.right).await);
    for client in [&mut left, &mut right] {
        assert_eq!(client.post(&message::spans(3), false).await.status, 200);
    }
    assert_eq!(right.post(b"what?", false).await.status, 400);
    // No request of spans.
    right.send(http_request("GET", "/health", "text/plain", b"", false)).await;
    let seen = watch.stop();
    assert_eq!(seen.code, Some(3), "{}{}", seen.stdout, seen.stderr);
    assert!(
        seen.stdout.contains("1 requests were turned away, the first: POST /v1/traces"),
        "{}",
        seen.stdout
    );
    assert!(!seen.stdout.contains("/health"), "{}", seen.stdout);
}

#[tokio::test]
async fn an_exporter_with_a_wrong_path_is_said() {
    let watch = Watch::start(&["--window", "10ms"]);
    let mut right = Client::http1(watch.right).await;
    let body = message::spans(1);
    let answer = right.send(http_request("POST", "/", "application/x-protobuf", &body, false)).await;
    assert_eq!(answer.status, 404);
    Client::http1(watch.left).await.post(&body, false).await;
    let seen = watch.stop();
    assert_eq!(seen.code, Some(3), "what a side that is not whole lacks proves nothing: {}", seen.stdout);
    assert!(seen.stdout.contains("1 requests were turned away, the first: POST /"), "{}", seen.stdout);
}

fn called(arguments: &[&str]) -> Output {
    program(arguments).output().unwrap()
}

#[test]
fn without_spans_it_says_nothing_and_what_cannot_be_had_is_said() {
    let watch = Watch::start(&["--for", "10ms", "--window", "1ms"]);
    let taken = watch.left;
    let seen = watch.end();
    assert_eq!(seen.code, Some(3), "{}{}", seen.stdout, seen.stderr);
    assert!(seen.stdout.contains("neither side has a span"), "{}", seen.stdout);
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("receive:{}", busy.local_addr().unwrap());
    assert_ne!(taken, busy.local_addr().unwrap());
    for (arguments, code, why) in [
        (&[place.as_str(), "receive:0"][..], 69, "the left side"),
        (&["receive:0", &place], 69, "choose another with receive:"),
        (&["spans.json", "receive:0"], 2, "is no stream"),
        (&["receive:0", "receive:0", "--search"], 2, "--search"),
        (&["receive:0", "receive:0", "--window", "0s"], 2, "1ms to 1h"),
    ] {
        let done = called(arguments);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(why), "{arguments:?}: {said}");
    }
}
