//! Sweeps, from text to variants and mistakes.

use std::path::Path;

use proptest::prelude::*;
use spanfate_model::plan::Plan;
use spanfate_model::quantity::unit::Rate;
use spanfate_model::scenario::Scenario;

use crate::scenario_file::parse::parse;

const GOOD: &str = "name = 'x'\n[load]\nrate = '500/s'\nlasting = '1s'\n";

fn read(text: &str) -> Scenario {
    parse(&format!("{GOOD}{text}"), Path::new(".")).unwrap_or_else(|found| panic!("{found:?}")).0
}

/// What is wrong, and where.
fn wrong(text: &str) -> Vec<(String, String)> {
    let text = format!("{GOOD}{text}");
    let found = parse(&text, Path::new(".")).unwrap_err();
    found.into_iter().map(|d| (d.message, d.span.map(|s| text[s].to_owned()).unwrap_or_default())).collect()
}

fn names(scenario: &Scenario) -> Vec<&str> {
    scenario.variant.iter().map(|variant| variant.name.as_str()).collect()
}

#[test]
fn every_combination_is_a_variant_in_the_order_of_the_file() {
    let scenario = read("[sweep]\nreceiver.answer_after = ['5ms', '30ms']\nexporter.queue = [64, 128]\n");
    let expected = [
        "answer_after=5ms,queue=64",
        "answer_after=5ms,queue=128",
        "answer_after=30ms,queue=64",
        "answer_after=30ms,queue=128",
    ];
    assert_eq!(names(&scenario), expected);
    assert_eq!(scenario.variant[2].exporter.queue, Some(64));
    assert_eq!(scenario.variant[2].cell, [1, 0]);
    let plan = Plan::resolve(&scenario);
    assert_eq!(plan.sweep[1].keys, ["exporter.queue"]);
    assert_eq!(plan.sweep[1].points, ["64", "128"]);
    assert_eq!(plan.variants[3].cell, [1, 1]);
}

#[test]
fn keys_that_change_together_are_one_axis_and_may_have_names() {
    let text = "[sweep]\nload.rate = ['100/s', '200/s']\n[[sweep.together]]\nname = ['plain', 'zipped']\n\
                exporter.protocol = ['grpc', 'http/protobuf']\nexporter.compression = ['none', 'gzip']\n";
    let scenario = read(text);
    assert_eq!(
        names(&scenario),
        ["rate=100/s,plain", "rate=100/s,zipped", "rate=200/s,plain", "rate=200/s,zipped"]
    );
    assert_eq!(scenario.variant[3].load.as_ref().unwrap().rate, Some(Rate(200.0)));
    assert_eq!(scenario.sweep.0[1].keys, ["exporter.protocol", "exporter.compression"]);
}

#[test]
fn written_variants_are_an_axis_too() {
    let text = "[sweep]\nsdk = ['1.38.0', '1.44.0']\n[[variant]]\nname = 'a'\nexporter.queue = 7\n[[variant]]\nname = 'b'\n";
    let scenario = read(text);
    assert_eq!(names(&scenario), ["a,sdk=1.38.0", "a,sdk=1.44.0", "b,sdk=1.38.0", "b,sdk=1.44.0"]);
    assert_eq!(scenario.variant[1].exporter.queue, Some(7));
    assert_eq!(scenario.variant[3].cell, [1, 1]);
    assert_eq!(scenario.sweep.0[0].points, ["a", "b"]);
}

#[test]
fn faults_are_swept_by_their_names() {
    let text = "[sweep]\nfaults = [[], ['away'], ['away', 'slow']]\n[[fault]]\nname = 'away'\nat = '200ms'\nfor = '100ms'\n\
                kind = 'down'\n[[fault]]\nname = 'slow'\nat = '400ms'\nfor = '100ms'\nkind = { latency = { delay = '5ms' } }\n\
                [[fault]]\nat = '600ms'\nfor = '50ms'\nkind = 'down'\n";
    let scenario = read(text);
    assert_eq!(names(&scenario), ["faults=none", "faults=away", "faults=away+slow"]);
    let plan = Plan::resolve(&scenario);
    let counts: Vec<usize> = plan.variants.iter().map(|variant| variant.faults.len()).collect();
    // The one without a name is everywhere.
    assert_eq!(counts, [1, 2, 3]);
}

#[test]
fn mistakes_are_shown_once_where_they_stand() {
    let found = wrong(
        "[sweep]\nexporter.queue = [64, 'many']\nexporter.bach = [1, 2]\nreceiver.answer_after = '5ms'\nload.rate = []\n",
    );
    let places: Vec<&str> = found.iter().map(|(_, place)| place.as_str()).collect();
    assert_eq!(places, ["'many'", "bach", "'5ms'", "[]"], "{found:?}");
    let cases = [
        ("[sweep]\n", "varies nothing"),
        ("[sweep]\nservice.cpu = ['1ms']\n", "cannot vary `service`"),
        ("sweep = 3\n", "is a table"),
        (
            "[[sweep.together]]\nexporter.queue = [1, 2]\nexporter.batch = [1]\n",
            "has 1 values, its neighbour 2",
        ),
        ("[[sweep.together]]\nname = ['a']\nexporter.queue = [1, 2]\n", "a list of 2 names"),
        ("[[sweep.together]]\nname = ['a']\n", "nothing changes together"),
        (
            "[sweep]\nexporter.queue = [1]\n[[variant]]\nname = 'a'\nexporter.queue = 7\n",
            "varies `exporter.queue` already",
        ),
        ("[sweep]\nfaults = [['nope']]\n", "no fault with the name `nope`"),
        ("[sweep]\nexporter.queue = [0, 5]\nexporter.batch = [1, 2]\n", "`queue` must be at least 1"),
        ("[sweep]\nexporter.queue = [5, 5]\n", "stands here twice"),
    ];
    for (text, says) in cases {
        // Top-level keys stand before tables.
        let text = if text.starts_with("sweep =") { format!("[x]\n{text}") } else { text.to_owned() };
        let found = if text.starts_with("[x]") {
            let whole = format!("sweep = 3\n{GOOD}");
            parse(&whole, Path::new("."))
                .unwrap_err()
                .into_iter()
                .map(|d| (d.message, String::new()))
                .collect()
        } else {
            wrong(&text)
        };
        assert!(found.iter().any(|(message, _)| message.contains(says)), "{text}: {found:?}");
        assert_eq!(found.len(), 1, "{text}: {found:?}");
    }
}

#[test]
fn a_sweep_has_an_end() {
    let values: Vec<String> = (1..=40).map(|n| n.to_string()).collect();
    let values = values.join(", ");
    let found = wrong(&format!("[sweep]\nexporter.queue = [{values}]\nexporter.batch = [{values}]\n"));
    assert!(found[0].0.contains("1600 cells, more than 1000"), "{found:?}");
}

proptest! {
    #[test]
    fn cells_are_all_combinations_each_once(sizes in proptest::collection::vec(1usize..4, 1..4)) {
        let keys = ["exporter.queue", "exporter.batch", "load.rate"];
        let mut text = "[sweep]\n".to_owned();
        for (key, size) in keys.iter().zip(&sizes) {
            let value = |n: usize| if key.starts_with("load") { format!("'{n}/s'") } else { n.to_string() };
            let values: Vec<String> = (1..=*size).map(value).collect();
            text += &format!("{key} = [{}]\n", values.join(", "));
        }
        let scenario = read(&text);
        prop_assert_eq!(scenario.variant.len(), sizes.iter().product::<usize>());
        let mut cells: Vec<&Vec<usize>> = scenario.variant.iter().map(|variant| &variant.cell).collect();
        cells.dedup();
        prop_assert_eq!(cells.len(), scenario.variant.len());
        prop_assert!(cells.is_sorted());
    }
}
