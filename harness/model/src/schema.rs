//! JSON Schemas of scenario files, of `result.json` and of contracts, made from the types that read and write them. `spanfate schema`
//! prints them, `docs/schema/` publishes them.
//!
//! They are of draft 7, the newest that the common editors know for TOML. Those show the description of a key only where
//! it does not stand beside a reference; so whatever is no table is written out in its place.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::finding::contract::Contract;
use crate::format::manifest::FORMAT;
use crate::result::RunResult;
use crate::scenario::Scenario;

/// The schema of scenario files: what may be written.
pub fn scenario() -> Schema {
    let mut settings = SchemaSettings::draft07().for_deserialize();
    // First: what it leaves beside a reference is looked at by the draft's own.
    settings.transforms.insert(0, Box::new(RecursiveTransform(without_null)));
    generate::<Scenario>(settings, "scenario", "Spanfate scenario")
}

/// The schema of `result.json`: what is written. Fields that later minor versions add are allowed.
pub fn result() -> Schema {
    let settings = SchemaSettings::draft07().for_serialize().with_transform(RecursiveTransform(open));
    generate::<RunResult>(settings, "result", "Spanfate result")
}

/// The schema of contracts (`.obsrv.yml`): what may be written.
pub fn contract() -> Schema {
    let mut settings = SchemaSettings::draft07().for_deserialize();
    settings.transforms.insert(0, Box::new(RecursiveTransform(without_null)));
    let mut schema = generate::<Contract>(settings, "contract", "Spanfate contract");
    schema.insert("$id".to_owned(), "urn:spanfate:contract:1".into());
    schema.insert("title".to_owned(), "Spanfate contract, format 1".into());
    schema
}

fn generate<T: JsonSchema>(settings: SchemaSettings, name: &str, title: &str) -> Schema {
    let settings =
        settings.with_transform(RecursiveTransform(bounded)).with_transform(RecursiveTransform(exemplified));
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("$id".to_owned(), format!("urn:spanfate:{name}:{FORMAT}").into());
    schema.insert("title".to_owned(), format!("{title}, format {FORMAT}").into());
    schema
}

/// TOML has no null: what is absent is not written.
fn without_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(ways)) = schema.get_mut("anyOf") {
        ways.retain(|way| way.get("type").is_none_or(|name| name != "null"));
        if let [Value::Object(only)] = ways.as_mut_slice() {
            let only = std::mem::take(only);
            schema.remove("anyOf");
            for (key, value) in only {
                if schema.get(&key).is_none() {
                    schema.insert(key, value);
                }
            }
        }
    }
    if let Some(default) = schema.get_mut("default") {
        drop_nulls(default);
        if default.is_null() {
            schema.remove("default");
        }
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Within a major version fields are only added, and who reads an older schema must not stumble over them.
fn open(schema: &mut Schema) {
    if schema.get("properties").is_some() && schema.get("additionalProperties") == Some(&Value::Bool(false)) {
        schema.remove("additionalProperties");
    }
}

/// Draft 7 has no formats for numbers; their bounds say the same.
fn bounded(schema: &mut Schema) {
    let largest = match schema.get("format").and_then(Value::as_str) {
        Some("uint32") => Some(u32::MAX),
        Some("uint16") => Some(u16::MAX.into()),
        Some("uint64" | "double") => None,
        _ => return,
    };
    schema.remove("format");
    // A type that holds less than its number says so itself.
    if let Some(largest) = largest
        && schema.get("maximum").and_then(Value::as_u64).is_none_or(|most| most > largest.into())
    {
        schema.insert("maximum".to_owned(), largest.into());
    }
}

/// The description of a key takes the place of that of its type, which had the example.
fn exemplified(schema: &mut Schema) {
    let Some(example) = schema.get("examples").and_then(|all| all.get(0)?.as_str()) else { return };
    let text = format!("For example `{example}`.");
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description += " ";
        *description += &text;
    }
}
