//! A contract held against what comes to a receiver, and against a program that is started.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use http::StatusCode;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use spanfate_testkit::client::{Client, http_request};

use crate::telling::contract::{broken, shipped};
use crate::watching::probes::probed;

const JSON: &str = "application/json";
const OF_SERVICE: &str =
    r#""resource":{"attributes":[{"key":"service.name","value":{"stringValue":"user-recommender"}}]}"#;

/// A check that receives.
struct ContractCheck {
    child: Child,
    stderr: BufReader<ChildStderr>,
    address: SocketAddr,
}

impl ContractCheck {
    fn start(contract: &Path, more: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spanfate"));
        command
            .args(["contract", "check", "--receive", "--listen", "127.0.0.1:0", "--contract"])
            .arg(contract);
        command.args(more).env("NO_COLOR", "1").stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut ready = String::new();
        stderr.read_line(&mut ready).unwrap();
        let endpoint = ready.trim_end().rsplit("OTEL_EXPORTER_OTLP_ENDPOINT=http://").next().unwrap();
        let address = endpoint.parse().unwrap_or_else(|error| panic!("{error}: {ready}"));
        Self { child, stderr, address }
    }

    /// Ends it by a signal; its exit code, and what it printed.
    fn stop(mut self) -> (Option<i32>, String) {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGINT).unwrap();
        self.wait()
    }

    fn wait(&mut self) -> (Option<i32>, String) {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        self.stderr.read_to_string(&mut stderr).unwrap();
        (self.child.wait().unwrap().code(), stdout + &stderr)
    }
}

async fn post(client: &mut Client, path: &str, body: &str) {
    let answer = client.send(http_request("POST", path, JSON, body.as_bytes(), false)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

/// What the contracts in `scenarios/contracts` expect of a client.
async fn orders(address: SocketAddr) {
    let mut client = Client::http1(address).await;
    let metric =
        r#"{"name":"orders","unit":"{order}","sum":{"isMonotonic":true,"dataPoints":[{"asInt":"1"}]}}"#;
    post(
        &mut client,
        "/v1/metrics",
        &format!(r#"{{"resourceMetrics":[{{{OF_SERVICE},"scopeMetrics":[{{"metrics":[{metric}]}}]}}]}}"#),
    )
    .await;
    let record = r#"{"body":{"stringValue":"bought"},"traceId":"0102030405060708090a0b0c0d0e0f10","attributes":[{"key":"user_id","value":{"stringValue":"7"}},{"key":"ab_group","value":{"stringValue":"b"}}]}"#;
    post(
        &mut client,
        "/v1/logs",
        &format!(r#"{{"resourceLogs":[{{{OF_SERVICE},"scopeLogs":[{{"logRecords":[{record}]}}]}}]}}"#),
    )
    .await;
    let span = r#"{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"buy","kind":2,"attributes":[{"key":"n","value":{"intValue":"5"}}]}"#;
    post(
        &mut client,
        "/v1/traces",
        &format!(r#"{{"resourceSpans":[{{{OF_SERVICE},"scopeSpans":[{{"spans":[{span}]}}]}}]}}"#),
    )
    .await;
}

#[tokio::test]
async fn what_comes_keeps_the_shipped_contract() {
    let check = ContractCheck::start(&shipped("received.obsrv.yml"), &[]);
    orders(check.address).await;
    let (code, said) = check.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("the contract is kept: 2 rules kept"), "{said}");
}

#[tokio::test]
async fn what_comes_breaks_the_broken_contracts_of_metrics_and_log_records() {
    let mut seen = 0;
    for (rule, contract) in broken() {
        if !["metric_unit", "metric_instrument", "log_field_missing"].contains(&rule.as_str()) {
            continue;
        }
        let check = ContractCheck::start(&contract, &["--json"]);
        orders(check.address).await;
        let (code, said) = check.stop();
        assert_eq!(code, Some(99), "{rule}: {said}");
        let found: Value = serde_json::Deserializer::from_str(&said).into_iter().next().unwrap().unwrap();
        assert_eq!(found["rules"][0]["findings"][0]["id"], rule.as_str(), "{found:#}");
        seen += 1;
    }
    assert_eq!(seen, 3);
}

#[tokio::test]
async fn it_ends_by_itself_and_a_budget_of_loss_stays_open() {
    let folder = tempfile::TempDir::new().unwrap();
    let contract = folder.path().join("c.yml");
    std::fs::write(
        &contract,
        "version: 1\nloss: 0 %\nspans:\n  - { name: buy, attributes: { n: int } }\n  - name: sell\n",
    )
    .unwrap();
    let mut check = ContractCheck::start(&contract, &["--for", "2s"]);
    orders(check.address).await;
    let (code, said) = check.wait();
    assert_eq!(code, Some(99), "{said}");
    for part in ["start the program with `--attach`", "0 spans `sell` arrived", "kept  ", "1 rule open"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_program_that_is_started_is_held_against_its_contract() {
    let Some(lab) = probed() else { return };
    let program = lab.build("plainsvc", "./cmd/plainsvc", &[]);
    let contract = lab.path("c.yml");
    let text = "version: 1\nloss: 0 %\nspans:\n  - { name: GET /work, kind: server, arrive: 20, attributes: { http.request.method: string } }\n  - name: GET /wrok\n";
    std::fs::write(&contract, text).unwrap();
    let mut command = lab.program();
    command.args(["contract", "check", "--attach", "--contract"]).arg(&contract);
    command.args([
        "--load",
        "http://127.0.0.1:{port}/work",
        "--rate",
        "50/s",
        "--for",
        "1s",
        "--json",
        "--out",
    ]);
    command.arg(lab.path("results")).arg("--").arg(&program).args(["--listen", "127.0.0.1:{port}"]);
    let output = command.output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(99), "{said}");
    let found: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    let verdicts: Vec<&str> =
        found["rules"].as_array().unwrap().iter().map(|rule| rule["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["pass", "pass", "fail"], "{found:#}");
    assert_eq!(found["rules"][2]["findings"][0]["nearest"], "GET /work", "{found:#}");
}
