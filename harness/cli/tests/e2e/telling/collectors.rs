//! What collectors need, without a run: `spanfate advise --collector` from their configurations, `spanfate peek --metrics` from their pages.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use super::advise::{said, service};

fn spanfate(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanfate"));
    command.args(arguments).env("NO_COLOR", "1").output().unwrap()
}

fn json(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", said(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A configuration as people publish them.
fn published(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/collectors").join(name);
    path.to_str().unwrap().to_owned()
}

const DEMAND: [&str; 7] = ["advise", "--spans", "5000/s", "--rtt", "20ms", "--outage", "60s"];

#[test]
fn each_exporter_of_a_path_gets_the_settings_that_bridge_an_outage() {
    let (agent, gateway) = (published("agent.yaml"), published("gateway.yaml"));
    let asked = [&DEMAND[..], &["--collector", &agent, &gateway]].concat();
    let answer = json(&spanfate(&[&asked[..], &["--json"]].concat()));
    let exporters = answer["exporters"].as_array().unwrap();
    let names: Vec<(&str, &str)> = exporters
        .iter()
        .map(|one| (one["hop"].as_str().unwrap(), one["exporter"].as_str().unwrap()))
        .collect();
    assert_eq!(names, [(agent.as_str(), "otlp"), (gateway.as_str(), "otlp")]);
    let now = &exporters[0]["plan"]["now"];
    // A hundred requests of 200 ms each, of 300,000 spans that come.
    assert_eq!(
        (&now["outlook"]["room"], &now["outlook"]["lost_in_outage"]),
        (&100_000.0.into(), &200_000.0.into())
    );
    // What it sends is what comes to the gateway.
    assert_eq!(exporters[1]["plan"]["demand"]["request_spans"], 1000.0);
    let key = |one: &Value| one["keys"].as_array().unwrap().last().unwrap().as_str().unwrap().to_owned();
    let set: Vec<String> = exporters[0]["set"].as_array().unwrap().iter().map(key).collect();
    assert!(set.contains(&"queue_size".to_owned()), "{set:?}");
    // Set as it says, `lint` finds the queue long enough.
    let folder = TempDir::new().unwrap();
    let size = exporters[0]["plan"]["advised"]["settings"]["queue_size"].as_u64().unwrap();
    let text = fs::read_to_string(&agent).unwrap();
    let mended = folder.path().join("mended.yaml");
    fs::write(&mended, text.replace("queue_size: 100", &format!("queue_size: {size}"))).unwrap();
    let lint = |file: &str| said(&spanfate(&["lint", file, "--rate", "5000/s"]));
    assert!(lint(&agent).contains("[queue_smaller_than_outage]"));
    assert!(!lint(mended.to_str().unwrap()).contains("[queue_smaller_than_outage]"));
    // For people.
    let text = said(&spanfate(&asked));
    for part in [
        "What is set loses 200,000 spans or more of such an outage.",
        "paste      exporters:\n             otlp:\n               sending_queue:\n",
        "holds: spans in a full queue",
    ] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
}

#[test]
fn what_is_no_configuration_or_no_use_of_it_is_said_with_its_code() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).to_str().unwrap().to_owned()
    };
    let broken = file("broken.yaml", "receivers:\n  otlp: [\nservice: 1\n");
    let other = file("other.yaml", "services: {web: {image: nginx}}\n");
    let debug =
        file("debug.yaml", "exporters: {debug: }\nservice: {pipelines: {traces: {exporters: [debug]}}}\n");
    let agent = published("agent.yaml");
    let asked = |more: &[&str]| spanfate(&[&DEMAND[..], more].concat());
    let cases: [(&[&str], i32, &str); 7] = [
        (&["--collector", &broken], 65, "broken.yaml:3:"),
        (&["--collector", &other], 65, "no `service.pipelines`"),
        (&["--collector", &debug], 65, "no pipeline of traces has an exporter with a queue"),
        (&["--collector", "nobody.yaml"], 66, "nobody.yaml"),
        (&["--collector", &agent, "--queue", "5"], 2, "cannot be used with"),
        (&["--span-bytes", "1KiB"], 2, "--collector"),
        (&["--collector", &agent, "--span-bytes", "0B"], 2, "a size above zero"),
    ];
    for (more, code, part) in cases {
        let output = asked(more);
        assert_eq!(output.status.code(), Some(code), "{more:?}: {}", said(&output));
        assert!(said(&output).contains(part), "{more:?}: {}", said(&output));
    }
    // A value of the environment is the default's, and that is said.
    let text = fs::read_to_string(&agent).unwrap();
    let unknown = file("unknown.yaml", &text.replace("queue_size: 100", "queue_size: ${env:QUEUE}"));
    let output = asked(&["--collector", &unknown]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("the default is taken: line 15: `${env:QUEUE}`"), "{}", said(&output));
}

/// A page of a collector: accepted, sent, without room in the queue of a hundred requests, which holds so many.
fn page(accepted: u64, sent: u64, full: u64, queue: u64) -> String {
    format!(
        "otelcol_process_uptime_seconds 50\notelcol_receiver_accepted_spans{{receiver=\"otlp\"}} {accepted}\n\
         otelcol_exporter_sent_spans{{exporter=\"otlp\"}} {sent}\notelcol_exporter_enqueue_failed_spans{{exporter=\"otlp\"}} {full}\n\
         otelcol_exporter_queue_capacity{{exporter=\"otlp\"}} 100\notelcol_exporter_queue_size{{exporter=\"otlp\"}} {queue}\n\
         otelcol_exporter_in_flight_requests{{exporter=\"otlp\"}} 2\n"
    )
}

#[test]
fn a_collector_that_runs_is_looked_at_by_its_pages() {
    let (address, thread) = service("200 OK", vec![page(1000, 900, 0, 98), page(9000, 2900, 5900, 100)]);
    let url = format!("http://{address}/metrics?x=1");
    let answer = json(&spanfate(&["peek", "--metrics", &url, "--for", "1s", "--json"]));
    thread.join().unwrap();
    let exporter = &answer["exporters"][0];
    assert_eq!((exporter["health"].as_str(), exporter["looks"].as_u64()), (Some("losing"), Some(2)));
    assert_eq!(exporter["queue"]["most"], 100.0);
    // Four come where one is sent, by two requests at a time, with a quarter to spare.
    let set = &exporter["set"][0];
    assert_eq!(
        (set["key"].as_str(), set["value"].as_str()),
        (Some("sending_queue.num_consumers"), Some("10"))
    );
    let pages = vec![page(1000, 1000, 0, 0), page(2000, 2000, 0, 0), page(3000, 3000, 0, 0)];
    let (address, thread) = service("200 OK", pages);
    let url = format!("http://{address}/metrics?x=1");
    let text = said(&spanfate(&["peek", "--metrics", &url, "--for", "2s", "--watch", "--outage", "30s"]));
    thread.join().unwrap();
    for part in [
        "sound     otlp: queue 0 of 100",
        "otlp loses nothing, and its queue has room.",
        "sending_queue.queue_size: ",
    ] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
}

#[test]
fn a_peek_at_pages_that_are_not_there_or_of_nothing_is_said() {
    let (address, thread) = service("200 OK", vec!["up 1\n".to_owned(), "up 1\n".to_owned()]);
    let url = format!("http://{address}/metrics?x=1");
    let cases: [(&[&str], i32, &str); 5] = [
        (&["peek"], 2, "--metrics"),
        (&["peek", "--pid", "1", "--metrics", "http://127.0.0.1:1/"], 2, "cannot be used with"),
        (&["peek", "--metrics", "page.txt"], 2, "advise --metrics page.txt"),
        (&["peek", "--metrics", "http://127.0.0.1:1/metrics"], 66, "look whether the service runs"),
        (&["peek", "--metrics", &url, "--for", "1s"], 66, "no metrics of a collector's exporter"),
    ];
    for (arguments, code, part) in cases {
        let output = spanfate(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(part), "{arguments:?}: {}", said(&output));
    }
    thread.join().unwrap();
}
