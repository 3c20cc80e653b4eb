//! What is wrong with a contract is said with its place, whatever it is.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::contract::read::{ALERT, LOGS, METRIC, ROOT, SPAN};
use crate::contract::{RegistryText, read, read_registry};
use crate::lint::BrokenYaml;

const GOOD: &str = "version: 1\nservice: shop\nloss: \"0.1 %\"\nspans:\n  - name: GET /\n    kind: server\n    arrive: 10\n    loss: 0 %\n    \
                    attributes:\n      user.tier: { type: string, values: [gold, \"1\"] }\n      n: int\n      any:\nmetrics:\n  - up\n  - { name: \
                    d, unit: s, instrument: histogram }\nlogs:\n  fields: [user_id]\nalert:\n  template: p99 > 200ms\n  fields: [p99]\n";

fn errors(text: &str) -> Vec<BrokenYaml> {
    read("c.yml", text).unwrap_err()
}

#[test]
fn a_contract_is_read_with_the_places_of_its_rules() {
    let contract = read("c.yml", GOOD).unwrap();
    assert_eq!((contract.version, contract.files.len()), (1, 1));
    let span = &contract.spans[0];
    assert_eq!((span.name.at.line, span.name.at.column), (5, 11));
    let tier = &span.attributes["user.tier"];
    assert_eq!((tier.of, tier.at.line, tier.at.column), (Some("string"), 10, 7));
    assert_eq!(tier.values.iter().map(|value| value.text.as_str()).collect::<Vec<_>>(), ["gold", "1"]);
    assert_eq!((span.attributes["n"].of, span.attributes["any"].of), (Some("int"), None));
    assert_eq!(contract.metrics.len(), 2);
    assert_eq!(contract.metrics[1].instrument.as_ref().unwrap().value.0, "histogram");
    assert_eq!(contract.logs.unwrap().fields[0].at.line, 17);
}

/// The keys that a part of the published schema knows.
fn keys(of: &Value) -> BTreeSet<&str> {
    of["properties"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_published_schema_knows_the_keys_that_are_read() {
    let schema = spanfate_model::schema::contract();
    let root = schema.as_value();
    let part = |name: &str| &root["properties"][name];
    let span = &part("spans")["items"];
    let known = [
        (keys(root), &ROOT[..]),
        (keys(span), &SPAN),
        (keys(&part("metrics")["items"]["anyOf"][1]), &METRIC),
        (keys(part("logs")), &LOGS),
        (keys(part("alert")), &ALERT),
        (keys(&span["properties"]["attributes"]["additionalProperties"]["anyOf"][1]), &["type", "values"]),
    ];
    for (published, read) in known {
        assert_eq!(published, read.iter().copied().collect());
    }
    assert_eq!(root["required"], json!(["version"]));
    assert_eq!(span["required"], json!(["name"]));
}

#[test]
fn anchors_and_merges_are_followed() {
    let text = "version: 1\nspans:\n  - &base\n    name: a\n    kind: server\n  - <<: *base\n    name: b\n";
    let contract = read("c.yml", text).unwrap();
    assert_eq!(contract.spans[1].name.value, "b");
    assert_eq!(contract.spans[1].kind.unwrap().0, "server");
}

#[test]
fn every_mistake_has_its_place_and_a_word_of_help() {
    for (old, new, place, part) in [
        ("version: 1", "version: 2", (1, 10), "version 1"),
        ("version: 1\n", "", (1, 1), "begin it with `version: 1`"),
        ("service: shop", "servise: shop", (2, 1), "did you mean `service`?"),
        ("service: shop", "colour: blue", (2, 1), "known are version, service"),
        ("\"0.1 %\"", "0.1", (3, 7), "percent"),
        ("\"0.1 %\"", "101 %", (3, 7), "percent"),
        ("name: GET /", "nmae: GET /", (5, 5), "did you mean `name`?"),
        ("name: GET /", "name:", (5, 9), "nothing"),
        ("name: GET /", "name: [a]", (5, 11), "a list"),
        ("kind: server", "kind: servr", (6, 11), "did you mean `server`?"),
        ("arrive: 10", "arrive: 0", (7, 13), "how many spans must arrive"),
        ("arrive: 10", "arrive: {}", (7, 13), "a map"),
        ("type: string", "type: text", (10, 26), "known are string"),
        ("type: string", "type: strin", (10, 26), "did you mean `string`?"),
        ("type: string", "typ: string", (10, 20), "did you mean `type`?"),
        ("[gold, \"1\"]", "[gold, 1]", (10, 49), "put it into quotes"),
        ("[gold, \"1\"]", "[]", (10, 42), "empty"),
        ("[gold, \"1\"]", "[[a]]", (10, 43), "a list"),
        ("n: int", "n: integer", (11, 10), "known are string"),
        ("  - up", "  - [up]", (14, 5), "a metric is a map"),
        ("instrument: histogram", "instrument: histgram", (15, 37), "did you mean `histogram`?"),
        ("fields: [user_id]", "fields: [user_id, user_id]", (17, 21), "twice"),
        ("fields: [user_id]", "fields: user_id", (17, 11), "here is a list"),
        ("  template: p99 > 200ms\n", "", (19, 3), "lacks `template`"),
        ("alert:\n", "alert:\n\t", (0, 0), ""),
        ("loss: \"0.1 %\"", "loss: \"0.1 %\"\nloss: 1 %", (4, 1), "there twice"),
    ] {
        let text = GOOD.replacen(old, new, 1);
        assert_ne!(text, GOOD, "{old}");
        let wrong = errors(&text);
        let first = &wrong[0];
        assert!(first.what.contains(part), "{part}: {wrong:?}\n{text}");
        // Where the parser itself stops is its own.
        assert!(place == (0, 0) || (first.line, first.column) == place, "{wrong:?}\n{text}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_and_no_more_than_twenty() {
    let wrong = errors("version: 1\nspans:\n  - { nam: a }\n  - { name: b, kin: server }\n");
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong.is_sorted_by_key(|one| (one.line, one.column)));
    let many = (0..50).fold(String::new(), |text, i| text + &format!("x{i}: 1\n"));
    assert_eq!(errors(&many).len(), 20);
}

#[test]
fn nothing_is_no_contract() {
    for text in ["", "# nothing\n", "~\n", "version: 1\n", "[]", "a"] {
        assert!(!errors(text).is_empty(), "{text:?}");
    }
}

#[test]
fn bombs_are_refused_where_they_are() {
    let mut bomb = "version: 1\na0: &a0 [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
    for i in 1..9 {
        bomb += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(","));
    }
    assert!(errors(&bomb)[0].what.contains("more values"));
    let deep = |levels| format!("version: 1\nspans: {}", "[".repeat(levels));
    assert!(errors(&deep(100))[0].what.contains("in each other"));
    assert_eq!(errors(&deep(10_000)).len(), 1);
    let wide = (0..200_000).fold(String::new(), |text, i| text + &format!("k{i}: 1\n"));
    assert!(errors(&wide)[0].what.contains("more values"));
}

/// Whether a place lies in a text, or just behind its end.
fn lies_in(text: &str, broken: &BrokenYaml) -> bool {
    broken.line >= 1 && broken.column >= 1 && broken.line as usize <= text.lines().count() + 2
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    /// Pieces of a contract in any order, cut anywhere.
    #[test]
    fn whatever_comes_an_error_has_a_place(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "version: 1\n", "spans:\n", "  - name: a\n", "    kind: server\n", "    attributes:\n", "      a: { type: int, values: [1] }\n",
            "&a ", "*a", "<<: ", "[", "]", "{", "}", "- ", ": ", "\n", "\t", "'", "\"", "%", "metrics:\n", "logs:\n", "  fields: [x]\n",
            "alert:\n", "\u{feff}", "\0", "é", "? ", "!!x ", "---\n", "...\n", "# c\n", "|\n", "groups:\n", "  - id: g\n", "    type: span\n",
            "file_format: definition/2\n", "    extends: g\n", "    - ref_group: g\n",
        ]), 0..40),
        cut in 0_usize..400,
    ) {
        let whole = pieces.concat();
        let end = (0..=cut.min(whole.len())).rev().find(|at| whole.is_char_boundary(*at)).unwrap_or_default();
        let text = &whole[..end];
        if let Err(wrong) = read("c.yml", text) {
            prop_assert!(!wrong.is_empty() && wrong.iter().all(|one| lies_in(text, one)), "{wrong:?} {text:?}");
        }
        let file = RegistryText { file: "r.yaml".to_owned(), text: text.to_owned() };
        if let Err((name, wrong)) = read_registry(&[file]) {
            prop_assert!(name == "r.yaml" && lies_in(text, &wrong), "{wrong:?} {text:?}");
        }
    }

    /// A sound contract with one byte changed.
    #[test]
    fn a_slip_is_an_error_with_a_place_or_another_contract(at in 0..GOOD.len(), byte in 0_u8..128) {
        let mut bytes = GOOD.as_bytes().to_vec();
        bytes[at] = byte;
        let text = String::from_utf8(bytes).unwrap();
        if let Err(wrong) = read("c.yml", &text) {
            prop_assert!(wrong.iter().all(|one| lies_in(&text, one)), "{wrong:?} {text:?}");
        }
    }
}
