//! What a key of a scenario file takes, in words. It is read from the schema, so that types, schema and diagnostics say the same.

use std::sync::LazyLock;

use serde_json::Value;
use spanfate_model::quantity::unit::{ByteSize, Period, Rate};
use spanfate_model::schema;

/// The schema of scenario files, made when the first mistake asks for it.
static SCHEMA: LazyLock<Value> = LazyLock::new(|| schema::scenario().as_value().clone());

/// The most words that stand in a sentence; a longer list is a hint below it.
const FEW: usize = 6;

/// What a key takes.
#[derive(Default)]
pub(super) struct Takes {
    /// In words: `a whole number from 1 to 4294967295`.
    pub(super) what: String,
    /// A value as it may be written.
    pub(super) example: Option<String>,
    /// Words of which the value is one, written alone.
    pub(super) words: Vec<String>,
    /// Keys of which the value's table has one.
    pub(super) keys: Vec<String>,
    /// Whether it is a table, and whether it is a list of tables.
    pub(super) table: bool,
    pub(super) tables: bool,
}

/// What the key at a path takes; nothing where the schema knows no such key.
pub(super) fn takes(path: &[String]) -> Option<Takes> {
    let mut here = ways(&SCHEMA);
    for step in path {
        here = here.into_iter().flat_map(|way| below(way, step)).collect();
    }
    (!here.is_empty()).then(|| in_words(&here))
}

/// The ways in which something may be written: references and alternatives resolved.
fn ways(schema: &'static Value) -> Vec<&'static Value> {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let definition = name.strip_prefix('#').and_then(|pointer| SCHEMA.pointer(pointer));
        return definition.map(ways).unwrap_or_default();
    }
    for several in ["allOf", "anyOf", "oneOf"] {
        if let Some(all) = schema.get(several).and_then(Value::as_array) {
            return all.iter().flat_map(ways).collect();
        }
    }
    vec![schema]
}

fn below(way: &'static Value, step: &str) -> Vec<&'static Value> {
    let named = way.get("properties").and_then(|keys| keys.get(step));
    let any = || way.get("additionalProperties").filter(|schema| schema.is_object());
    let item = || way.get("items").filter(|_| step.parse::<usize>().is_ok());
    named.or_else(item).or_else(any).map(ways).unwrap_or_default()
}

/// The key of a table that has exactly one, out of several.
fn choice(way: &Value) -> Option<&str> {
    let required = way.get("required")?.as_array()?;
    let keys = way.get("properties")?.as_object()?;
    let [only] = required.as_slice() else { return None };
    (keys.len() == 1).then(|| only.as_str()).flatten()
}

fn in_words(ways: &[&'static Value]) -> Takes {
    let mut out = Takes::default();
    let mut parts = Vec::new();
    let mut examples = Vec::new();
    for way in ways {
        if let Some(word) = way.get("const").and_then(Value::as_str) {
            out.words.push(word.to_owned());
        } else if let Some(key) = choice(way).filter(|_| ways.len() > 1) {
            out.keys.push(key.to_owned());
        } else {
            let (part, example) = one(way, &mut out);
            parts.push(part);
            examples.extend(example);
        }
    }
    if !out.words.is_empty() {
        examples.extend(out.words.first().map(|word| format!("\"{word}\"")));
        let quoted: Vec<String> = out.words.iter().map(|word| format!("\"{word}\"")).collect();
        parts.insert(
            0,
            if quoted.len() + out.keys.len() > FEW { "a word".to_owned() } else { alternatives(&quoted) },
        );
    }
    if !out.keys.is_empty() {
        examples.extend(out.keys.first().map(|key| format!("{{ {key} = {{ … }} }}")));
        let quoted: Vec<String> = out.keys.iter().map(|key| format!("`{key}`")).collect();
        let keys = if quoted.len() > FEW { "one key".to_owned() } else { alternatives(&quoted) };
        parts.push(format!("a table with {keys}"));
    }
    out.what = alternatives(&parts);
    out.example = examples.into_iter().next();
    out
}

/// One way, with an example of it.
fn one(way: &'static Value, out: &mut Takes) -> (String, Option<String>) {
    match way.get("type").and_then(Value::as_str) {
        Some("integer") => whole_number(way),
        Some("number") => (bounded("a number", way), Some("0.5".to_owned())),
        Some("boolean") => ("true or false".to_owned(), Some("true".to_owned())),
        Some("string") => text(way),
        Some("array") => {
            let items = way.get("items").map(ways).unwrap_or_default();
            out.tables |= items.iter().any(|item| item.get("properties").is_some());
            let inside = in_words(&items);
            let what = if inside.what.is_empty() { "values" } else { inside.what.as_str() };
            (format!("a list, each entry {what}"), inside.example.map(|example| format!("[{example}]")))
        }
        Some("object") => {
            out.table = true;
            ("a table of keys".to_owned(), None)
        }
        _ => ("another value".to_owned(), None),
    }
}

fn whole_number(way: &Value) -> (String, Option<String>) {
    let bound = |name: &str| way.get(name).and_then(Value::as_f64).map(|bound| bound as i64);
    let (least, most) = (bound("minimum").unwrap_or(0), bound("maximum"));
    let example = 100.clamp(least, most.unwrap_or(i64::MAX).max(least));
    (bounded("a whole number", way), Some(example.to_string()))
}

fn bounded(what: &str, way: &Value) -> String {
    match (way.get("minimum"), way.get("maximum")) {
        (Some(least), Some(most)) => format!("{what} from {least} to {most}"),
        (Some(least), None) => format!("{what} of at least {least}"),
        (None, Some(most)) => format!("{what} of at most {most}"),
        (None, None) => what.to_owned(),
    }
}

fn text(way: &Value) -> (String, Option<String>) {
    let example = way.get("examples").and_then(|all| all.get(0)).and_then(Value::as_str);
    let reads = |parsed: bool, what: &'static str| parsed.then_some(what);
    let what = example.map(str::to_owned).and_then(|text| {
        reads(Period::try_from(text.clone()).is_ok(), "a time with its unit")
            .or_else(|| reads(Rate::try_from(text.clone()).is_ok(), "a rate with its unit"))
            .or_else(|| reads(ByteSize::try_from(text).is_ok(), "a size with its unit"))
    });
    let what = format!("{}, in quotes", what.unwrap_or("text"));
    (what, example.map(|example| format!("{example:?}")))
}

/// `a`, `a or b`, `a, b or c`.
fn alternatives(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> Takes {
        takes(&path.split('.').map(str::to_owned).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn the_schema_says_what_a_key_takes() {
        let cases = [
            ("trials", "a whole number from 1 to 4294967295"),
            ("load.lasting", "a time with its unit, in quotes"),
            ("load.rate", "a rate with its unit, in quotes"),
            ("exporter.ratio", "a number"),
            ("service.allocate", "a size with its unit, in quotes"),
            ("service.0.allocate", "a size with its unit, in quotes"),
            ("exporter.protocol", "\"grpc\" or \"http/protobuf\""),
            ("load.shape", "\"constant\" or a table with `ramp`, `steps` or `bursts`"),
            ("fault.0.kind.answer.status.http", "a whole number from 400 to 599"),
            ("load", "a table of keys"),
        ];
        for (path, what) in cases {
            assert_eq!(at(path).what, what, "{path}");
        }
        assert_eq!(at("load.lasting").example.unwrap(), "\"30ms\"");
        assert!(at("variant").tables && at("load").table);
        assert!(takes(&["loaf".to_owned()]).is_none());
    }
}
