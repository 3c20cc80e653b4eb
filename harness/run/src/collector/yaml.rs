//! A collector's configuration, read: enough of YAML to find what is to be set for a trial. Nothing is ever written back, the
//! collector reads its user's file itself.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Number, Value};

/// The key whose maps are merged into the one that has it.
const MERGE: &str = "<<";
/// Deepest nesting that is looked into; a collector's configuration has about ten levels.
const DEEPEST: usize = 64;

/// Reads the first document of a text; why not, where it is no YAML.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let documents = Yaml::load_from_str(text).map_err(|error| error.to_string())?;
    documents.first().map_or(Ok(Value::Null), |document| value(document, 0))
}

fn value(node: &Yaml<'_>, depth: usize) -> Result<Value, String> {
    if depth > DEEPEST {
        return Err(format!("it is nested more than {DEEPEST} levels deep"));
    }
    Ok(match node {
        Yaml::Value(scalar) => of_scalar(scalar),
        Yaml::Representation(text, ..) => Value::String(text.to_string()),
        Yaml::Sequence(items) => {
            Value::Array(items.iter().map(|item| value(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        Yaml::Mapping(entries) => {
            let mut out = Map::new();
            let mut merged = Vec::new();
            for (key, of_key) in entries {
                let key = match value(key, depth + 1)? {
                    Value::String(key) => key,
                    other => other.to_string(),
                };
                let of_key = value(of_key, depth + 1)?;
                if key == MERGE {
                    merged.push(of_key);
                } else {
                    out.insert(key, of_key);
                }
            }
            for from in merged {
                merge(&mut out, from);
            }
            Value::Object(out)
        }
        Yaml::Tagged(_, inner) => value(inner, depth + 1)?,
        Yaml::Alias(_) | Yaml::BadValue => Value::Null,
    })
}

/// What is there already wins.
fn merge(into: &mut Map<String, Value>, from: Value) {
    match from {
        Value::Object(entries) => {
            for (key, value) in entries {
                into.entry(key).or_insert(value);
            }
        }
        Value::Array(all) => {
            for one in all {
                merge(into, one);
            }
        }
        _ => {}
    }
}

fn of_scalar(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::Bool(*value),
        Scalar::Integer(value) => Value::Number((*value).into()),
        Scalar::FloatingPoint(value) => Number::from_f64(value.into_inner())
            .map_or_else(|| Value::String(value.to_string()), Value::Number),
        Scalar::String(text) => Value::String(text.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_as_a_collector_reads_them() {
        let text = "# a comment\nreceivers:\n  otlp:\n    protocols: {grpc: , http: {endpoint: '${env:HOST}:4318'}}\n\
                    exporters:\n  otlp/a: &base\n    endpoint: a:4317\n    timeout: 5s\n    tls: {insecure: true}\n\
                    \x20 otlp/b:\n    <<: *base\n    endpoint: b:4317\n    sending_queue: {queue_size: 10}\n";
        let meant = json!({
            "receivers": {"otlp": {"protocols": {"grpc": null, "http": {"endpoint": "${env:HOST}:4318"}}}},
            "exporters": {
                "otlp/a": {"endpoint": "a:4317", "timeout": "5s", "tls": {"insecure": true}},
                "otlp/b": {"endpoint": "b:4317", "timeout": "5s", "tls": {"insecure": true}, "sending_queue": {"queue_size": 10}},
            },
        });
        assert_eq!(read(text).unwrap(), meant);
        assert_eq!(read("").unwrap(), Value::Null);
    }

    #[test]
    fn what_is_no_yaml_is_said() {
        assert!(read("receivers:\n  otlp: {protocols\nexporters: ]").is_err());
    }
}
