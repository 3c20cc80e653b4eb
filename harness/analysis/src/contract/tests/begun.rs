//! A contract that was begun from a run is kept by that run.

use proptest::prelude::*;
use spanfate_model::fate::Fate;
use spanfate_model::verdict::Verdict;

use super::world::{World, contract};
use crate::contract::ExportedSignal::{Logs, Metrics};
use crate::contract::{begun, judge, read};

const ANY: &str = "version: 1\nmetrics: [m]\n";

#[test]
fn it_names_what_was_seen() {
    let world = World::new(ANY)
        .rows("GET /", Some(Fate::Received), 1999)
        .rows("GET /", Some(Fate::DroppedQueueFull), 1)
        .whole("GET /", &[("http.request.method", "string", "GET"), ("n", "int", "1")])
        .whole("GET /", &[("http.request.method", "string", "GET")])
        .request(
            Metrics,
            r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","unit":"s","sum":{}}]}]}]}"#,
        )
        .request(
            Logs,
            r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[{"key":"a b"}]}]}]}]}"#,
        );
    let text = begun(&world.evidence, "run-1").unwrap();
    for part in [
        "# What a service must show, begun from what run-1 showed.",
        "loss: \"0.05 %\"",
        "  - name: \"GET /\"  # 1999 arrived\n    service: shop\n    kind: server\n    attributes:\n      http.request.method: string  # seen: GET\n",
        "      # \"n\": int  # in 1 of 2\n",
        "  - name: m\n    unit: s\n    instrument: updowncounter\n",
        "    - \"a b\"\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let found = judge(&contract(&text), "c.yml", &world.evidence, "run-1");
    assert_eq!(found.verdict, Verdict::Pass, "{found:?}\n{text}");
}

#[test]
fn nothing_that_was_seen_begins_no_contract() {
    assert_eq!(begun(&World::new(ANY).evidence, "x"), None);
    assert_eq!(begun(&World::new(ANY).rows("a", None, 3).evidence, "x"), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn whatever_names_and_values_there_are_it_can_be_read_and_is_kept(
        names in prop::collection::vec("\\PC{0,12}|[\\x00-\\x1f]{1,3}|true|null|<<|- a|'|\"|#x|1", 1..5),
        values in prop::collection::vec("\\PC{0,8}|\n|\u{2028}", 1..5),
    ) {
        let mut world = World::new(ANY);
        for (name, value) in names.iter().zip(values.iter().cycle()) {
            world = world.rows(name, Some(Fate::Received), 1).whole(name, &[(name, "string", value), ("b", "bytes", "")]);
        }
        let Some(text) = begun(&world.evidence, &values[0]) else {
            prop_assert!(names.iter().all(|name| name.trim().is_empty()));
            return Ok(());
        };
        let contract = read("c.yml", &text);
        prop_assert!(contract.is_ok(), "{contract:?}\n{text}");
        let found = judge(&contract.unwrap(), "c.yml", &world.evidence, "x");
        prop_assert_eq!(found.verdict, Verdict::Pass, "{:?}\n{}", found, text);
    }
}
