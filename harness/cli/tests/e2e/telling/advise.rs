//! `spanfate advise`: by the law alone, from files, and from services that are scraped. None of it needs Go.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output};
use std::thread::JoinHandle;

use serde_json::Value;
use tempfile::TempDir;

fn advise(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanfate"));
    command.arg("advise").args(arguments).env("NO_COLOR", "1").output().unwrap()
}

pub(super) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn json(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", said(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A page of a service: spans handed over, dropped, and exports of 512 spans in 30 ms.
pub(super) fn page(processed: u32, full: u32) -> String {
    let exports = processed / 512;
    format!(
        "target_info{{service_name=\"shop\"}} 1\n\
         process_start_time_seconds 1.7e+09\n\
         otel_sdk_processor_span_queue_capacity{{otel_component_name=\"batching_span_processor/0\"}} 2048\n\
         otel_sdk_processor_span_queue_size{{otel_component_name=\"batching_span_processor/0\"}} 7\n\
         otel_sdk_processor_span_processed_total{{otel_component_name=\"batching_span_processor/0\"}} {processed}\n\
         otel_sdk_processor_span_processed_total{{otel_component_name=\"batching_span_processor/0\",error_type=\"queue_full\"}} {full}\n\
         otel_sdk_exporter_span_exported_total{{otel_component_name=\"otlp_grpc_span_exporter/0\"}} {}\n\
         otel_sdk_exporter_operation_duration_seconds_sum{{otel_component_name=\"otlp_grpc_span_exporter/0\"}} {}\n\
         otel_sdk_exporter_operation_duration_seconds_count{{otel_component_name=\"otlp_grpc_span_exporter/0\"}} {exports}",
        exports * 512,
        f64::from(exports) * 0.03
    )
}

/// Answers so many requests with these pages in turn, and then goes.
pub(super) fn service(status: &'static str, pages: Vec<String>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        for page in pages {
            let (mut stream, _) = listener.accept().unwrap();
            let head: Vec<String> = BufReader::new(stream.try_clone().unwrap())
                .lines()
                .map(Result::unwrap)
                .take_while(|line| !line.is_empty())
                .collect();
            assert_eq!(head[0], "GET /metrics?x=1 HTTP/1.1");
            let length = page.len();
            write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{page}"
            )
            .unwrap();
        }
    });
    (address, thread)
}

#[test]
fn the_law_says_what_to_set_without_a_run() {
    let answer = json(&advise(&["--rate", "5000/s", "--spans-per-request", "5", "--rtt", "30ms", "--json"]));
    assert_eq!(
        (answer["suffices"].as_bool(), answer["variables"]["settings"]["batch"].as_u64()),
        (Some(true), Some(960))
    );
    assert_eq!(answer["set"][0]["name"], "OTEL_BSP_MAX_EXPORT_BATCH_SIZE");
    let same = json(&advise(&["--spans", "25000/s", "--rtt", "30ms", "--json"]));
    assert_eq!(answer, same);
    let text = said(&advise(&[
        "--spans", "500/s", "--rtt", "30ms", "--outage", "10s", "--batch", "256", "--queue", "512",
    ]));
    for part in ["set now", "export OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=45000\n", "otlptracegrpc.WithRetry("] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
}

#[test]
fn wrong_use_is_2_and_a_missing_page_66() {
    let cases: [(&[&str], i32, &str); 9] = [
        (&[], 2, "--rate"),
        (&["--rate", "5/s"], 2, "--rtt"),
        (&["--rate", "5/s", "--spans", "5/s", "--rtt", "1ms"], 2, "cannot be used with"),
        (&["--rate", "5/s", "--rtt", "0s"], 2, "a round trip above 0"),
        (&["--rate", "5/s", "--rtt", "1ms", "--burst", "9/s"], 2, "--burst-for"),
        (&["--metrics", "https://localhost/metrics"], 2, "save the page with curl"),
        (&["--metrics", "/dev/null", "--apart", "5s"], 2, "two files"),
        (&["--metrics", "no-such-file"], 66, "could not read no-such-file"),
        (&["--metrics", "http://127.0.0.1:1/metrics"], 66, "look whether the service runs"),
    ];
    for (arguments, code, part) in cases {
        let output = advise(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(part), "{arguments:?}: {}", said(&output));
    }
}

#[test]
fn files_give_means_since_the_start_or_rates_between_two() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, text: String| {
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).to_str().unwrap().to_owned()
    };
    let (first, last) = (file("first", page(51_200, 0)), file("last", page(307_200, 119_000)));
    let alone = json(&advise(&["--metrics", &first, "--at", "1700000100", "--json"]));
    assert_eq!(alone["rows"][0]["spans_per_s"]["value"].as_f64().map(f64::round), Some(512.0));
    assert_eq!(alone["rows"][0]["risk"], "low");
    let both = advise(&["--metrics", &first, "--metrics", &last, "--apart", "15s"]);
    let text = said(&both);
    assert_eq!(both.status.code(), Some(0), "{text}");
    for part in ["shop", "25,000", "17,067", "LOSING", "export OTEL_BSP_MAX_EXPORT_BATCH_SIZE=960\n"] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
    // Something else altogether.
    let text = said(&advise(&["--metrics", env!("CARGO_MANIFEST_PATH")]));
    assert!(text.contains("OTEL_GO_X_OBSERVABILITY=true"), "{text}");
}

#[test]
fn a_service_is_scraped_twice_and_one_that_is_away_is_left_out() {
    let (address, thread) = service("200 OK", vec![page(51_200, 0), page(307_200, 119_000)]);
    let url = format!("http://{address}/metrics?x=1");
    let output =
        advise(&["--metrics", &url, "--metrics", "http://127.0.0.1:1/metrics", "--for", "100ms", "--json"]);
    thread.join().unwrap();
    let answer = json(&output);
    let rows = answer["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{answer}");
    let (over, rate) =
        (rows[0]["over_s"]["value"].as_f64().unwrap(), rows[0]["spans_per_s"]["value"].as_f64().unwrap());
    assert!(over >= 0.1 && (rate * over - 375_000.0).abs() < 1.0, "{answer}");
    assert_eq!((&rows[0]["service"], &rows[0]["risk"]), (&Value::from("shop"), &Value::from("losing")));
    assert!(said(&output).contains("left out: http://127.0.0.1:1/metrics"), "{}", said(&output));
    let (address, thread) = service("404 Not Found", vec![String::new()]);
    let output = advise(&["--metrics", &format!("http://{address}/metrics?x=1")]);
    thread.join().unwrap();
    assert_eq!(output.status.code(), Some(66), "{}", said(&output));
    assert!(said(&output).contains("usually /metrics"), "{}", said(&output));
}
