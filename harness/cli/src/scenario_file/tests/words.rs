//! No word of a programming language reaches who writes scenarios, whatever they write.

use std::path::Path;

use serde_json::Value as Json;
use spanfate_model::schema;
use toml::{Table, Value};

use crate::scenario_file::parse::parse;

/// A scenario that is good.
const GOOD: &str = "name = 'x'\n[load]\nrate = '500/s'\nlasting = '1s'\n";

/// Words of Rust, serde and parsers.
const BANNED: [&str; 27] = [
    "u8",
    "u16",
    "u32",
    "u64",
    "usize",
    "i8",
    "i16",
    "i32",
    "i64",
    "i128",
    "f32",
    "f64",
    "isize",
    "struct",
    "enum",
    "sequence",
    "tuple",
    "newtype",
    "nonzero",
    "map",
    "floating",
    "digit",
    "boolean",
    "integer",
    "overflowed",
    "deserialize",
    "wanted",
];

/// Whether a sentence holds a word that is not plain English; what it quotes of the file is the user's own.
fn banned(sentence: &str) -> Option<&'static str> {
    let own: String = sentence.split('`').step_by(2).collect::<Vec<_>>().join(" ").to_lowercase();
    let words: Vec<&str> = own.split(|c: char| !c.is_alphanumeric()).collect();
    let phrases = ["invalid type", "invalid value", "invalid length", "unknown variant", "unknown field"];
    let phrase = phrases.into_iter().find(|phrase| own.contains(phrase));
    BANNED.into_iter().find(|word| words.contains(word)).or(phrase)
}

/// What is said of a text: message and hint.
fn said(text: &str) -> Vec<(String, String)> {
    let found = parse(text, Path::new(".")).err().unwrap_or_default();
    found.into_iter().map(|one| (one.message, one.help.unwrap_or_default())).collect()
}

/// The paths of all keys that a schema knows. Lists are entered at their first entry.
fn keys(schema: &Json, root: &Json, path: &[String], out: &mut Vec<Vec<String>>) {
    if path.len() > 7 {
        return;
    }
    if let Some(name) = schema.get("$ref").and_then(Json::as_str) {
        return keys(root.pointer(&name[1..]).unwrap(), root, path, out);
    }
    for several in ["allOf", "anyOf", "oneOf"] {
        let all = schema.get(several).and_then(Json::as_array).into_iter().flatten();
        all.for_each(|way| keys(way, root, path, out));
    }
    for (name, below) in schema.get("properties").and_then(Json::as_object).into_iter().flatten() {
        let path: Vec<String> = path.iter().cloned().chain([name.clone()]).collect();
        out.push(path.clone());
        keys(below, root, &path, out);
    }
    if let Some(items) = schema.get("items") {
        let path: Vec<String> = path.iter().cloned().chain(["0".to_owned()]).collect();
        out.push(path.clone());
        keys(items, root, &path, out);
    }
}

/// Puts a value at a path, with the tables and lists on the way.
fn put(at: &mut Value, path: &[String], value: &Value) {
    let Some((first, rest)) = path.split_first() else {
        *at = value.clone();
        return;
    };
    if first == "0" {
        if !at.is_array() {
            *at = Value::Array(vec![Value::Table(Table::new())]);
        }
        put(&mut at.as_array_mut().unwrap()[0], rest, value);
    } else {
        if !at.is_table() {
            *at = Value::Table(Table::new());
        }
        let below = at.as_table_mut().unwrap().entry(first.clone());
        put(below.or_insert_with(|| Value::Table(Table::new())), rest, value);
    }
}

#[test]
fn no_value_at_any_key_brings_a_word_of_rust() {
    let schema = schema::scenario();
    let mut paths = Vec::new();
    keys(schema.as_value(), schema.as_value(), &[], &mut paths);
    paths.sort();
    paths.dedup();
    assert!(paths.len() > 300, "{}", paths.len());
    let good: Value = Value::Table(toml::from_str(GOOD).unwrap());
    let values: Table = toml::from_str(
        "wrong = [-3, 9223372036854775807, 1.5, nan, true, 'x', '', '-1', '99999999999999999999s', '1e3/s', [], [1], [{}], \
         {}, { x = 1 }, { a = 1, b = 2 }, 1979-05-27, 07:32:00]",
    )
    .unwrap();
    for path in &paths {
        for wrong in values["wrong"].as_array().unwrap() {
            let mut table = good.clone();
            put(&mut table, path, wrong);
            let text = toml::to_string(&table).unwrap();
            for (message, help) in said(&text) {
                let word = banned(&message).or_else(|| banned(&help));
                assert_eq!(word, None, "{} = {wrong}: {message} ({help})", path.join("."));
            }
        }
    }
}

#[test]
fn what_was_expected_is_said_in_words_with_an_example() {
    let cases = [
        ("exporter.batch = -3", "`batch` is -3; it takes a whole number from 0 to 4294967295", "batch = 100"),
        (
            "exporter.queue = 99999999999",
            "`queue` is 99999999999; it takes a whole number from",
            "queue = 100",
        ),
        (
            "exporter.queue = 99999999999999999999",
            "`queue` is 99999999999999999999; it takes a whole",
            "queue =",
        ),
        ("exporter.queue = 1.5", "`queue` is 1.5; it takes a whole number", "queue ="),
        ("exporter.queue = true", "`queue` is true; it takes a whole number", "queue ="),
        ("exporter.queue = '512'", "`queue` is the text \"512\"; it takes a whole number", "queue ="),
        ("exporter.delay = 5", "`delay` is 5; it takes a time with its unit, in quotes", "delay = \"30ms\""),
        ("exporter.delay = '5'", "duration `5` needs a unit", ""),
        ("exporter.ratio = 'half'", "`ratio` is the text \"half\"; it takes a number", "ratio = 0.5"),
        ("exporter = 3", "`exporter` is 3; it takes a table of keys", "`[exporter]`"),
        (
            "exporter.protocol = 3",
            "`protocol` is 3; it takes \"grpc\" or \"http/protobuf\"",
            "protocol = \"grpc\"",
        ),
        ("exporter.protocol = 'grcp'", "unknown value `grcp` for `protocol`", "did you mean `grpc`?"),
        ("trials = 0", "`trials` is 0; it takes a whole number from 1", "trials = 100"),
        ("description = 3", "`description` is 3; it takes text, in quotes", "description = \"text\""),
        ("variant = { name = 'x' }", "`variant` is a table; it takes a list", "`[[variant]]`"),
        ("expect = [3]", "an entry of `expect` is 3; it takes a table", ""),
        ("receiver.answer_after = 30", "`answer_after` is 30; it takes a time", "\"30ms\""),
        ("service.calls = ['a', 3]", "an entry of `calls` is 3; it takes text, in quotes", ""),
        (
            "fault = [{ at = '1s', kind = 3 }]",
            "`kind` is 3; it takes a word or a table with one key",
            "latency",
        ),
        (
            "fault = [{ at = '1s', kind = 'latency' }]",
            "`latency` needs a table of its own keys",
            "kind = { latency = {",
        ),
        ("fault = [{ at = '1s', kind = { pause = 3 } }]", "`pause` takes nothing", "kind = \"pause\""),
        ("load2 = 3", "unknown key `load2`", "did you mean `load`?"),
        ("expect = [{}]", "missing key `that`", "that = \"loss.rate <= 0.1 %\""),
    ];
    for (line, message, help) in cases {
        let found = said(&format!("{line}\n{GOOD}"));
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        assert!(found[0].0.starts_with(message) && found[0].1.contains(help), "{line}: {found:?}");
    }
}

#[test]
fn what_is_not_toml_is_said_alone() {
    let cases = [
        ("name = 'x'\n[load]\nrate = 500/s\nlasting = '1s'\n", 1),
        ("name = 'x'\n[load\nrate = '500/s'\nlasting = '1s'\n", 1),
        ("name = 'x'\n[load]\nrate = '500/s'\nlasting = '1s'\n[[variant]\nname = 'a'\n", 1),
        ("name = 'x'\n[load]\nrate = '500/s\nlasting = '1s'\n", 1),
        ("name = \n[load]\nrate = '500/s'\nlasting = '1s'\n", 1),
        ("name = 'x'\n[load]\nrate = '500/s'\nrate = '600/s'\nlasting = '1s'\n", 1),
        ("name = 'x'\n[load]\nrate = '500/s'\nlasting = '1s'\nseed = 08\n", 1),
        ("name = \n[load\nrate = '5/s'\n", 2),
        ("name = 'x'\n[exporter]\nqueue = 5x\n[load]\nrate = '500/s'\nlasting = 1s\n", 2),
    ];
    for (text, count) in cases {
        let found = said(text);
        assert_eq!(found.len(), count, "{text}: {found:?}");
        for (message, help) in found {
            assert!(message.starts_with("this is not TOML: "), "{text}: {message}");
            assert_eq!(banned(&message).or_else(|| banned(&help)), None, "{message} ({help})");
        }
    }
}

#[test]
fn a_word_of_rust_would_be_seen() {
    for sentence in ["invalid type: map, expected a sequence", "it takes u32", "expected struct Load"] {
        assert!(banned(sentence).is_some(), "{sentence}");
    }
    assert_eq!(banned("`u32` is 3; it takes a whole number"), None);
}
