//! `[sweep]`: many configurations from few lines. Where the file is read, every combination becomes a variant; what is kept
//! here says where on which axis each of them lies.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

/// The most cells of a sweep, written variants included.
pub const MOST_CELLS: usize = 1_000;

/// One thing that is varied, alone or several keys together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Axis {
    /// The keys that change, as they stand in a variant, for example `exporter.queue`; `variant` for the variants that are
    /// written out.
    pub keys: Vec<String>,
    /// Its points, as they are called in tables.
    pub points: Vec<String>,
}

impl Axis {
    /// What it is called: its keys without the table they stand in.
    pub fn title(&self) -> String {
        let short = |key: &String| key.rsplit('.').next().unwrap_or_default().to_owned();
        self.keys.iter().map(short).collect::<Vec<_>>().join(", ")
    }
}

/// The axes of a sweep. The file holds keys of a variant with lists of values; its reader puts the axes here.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sweep(pub Vec<Axis>);

impl<'de> Deserialize<'de> for Sweep {
    /// The cells have become variants by the time a scenario is typed, so nothing is left to read.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(from).map(|_| Self::default())
    }
}

impl JsonSchema for Sweep {
    fn schema_name() -> Cow<'static, str> {
        "Sweep".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut alone = keys();
        let mut together = keys();
        together.insert("name".to_owned(), list("Names of the points, in place of their values."));
        let together = json!({"type": "object", "additionalProperties": false, "properties": together});
        alone.insert(
            "together".to_owned(),
            json!({
                "type": "array",
                "description": "Keys that change together: the first values of all, the second values of all, and so on.",
                "items": together,
            }),
        );
        json_schema!({
            "type": "object",
            "description": "Configurations from few lines: keys of a variant, each with the list of its values. Every combination \
                            is a cell, which runs as a variant of its own.",
            "additionalProperties": false,
            "properties": alone,
        })
    }
}

/// The keys of a variant that can be swept, each with what its values are.
fn keys() -> Map<String, Value> {
    let tables = [
        ("exporter", "Exporter knobs, for example `exporter.queue = [2048, 8192]`."),
        ("receiver", "Receiver settings, for example `receiver.answer_after = [\"5ms\", \"30ms\"]`."),
        ("hops", "Settings of collectors by their hops, for example `hops.agent.queue_size = [100, 1000]`."),
        ("load", "The load, for example `load.rate = [\"500/s\", \"1000/s\"]`."),
    ];
    let lists = [
        ("sdk", "Versions of the SDK that the fixtures are built with."),
        ("build", "Ways in which the fixtures are built."),
        ("witness", "With and without the process witness."),
        ("ebpf", "Kinds of eBPF witness."),
        ("faults", "Lists of named faults, for example `faults = [[], [\"outage\"]]`."),
    ];
    let table = |what: &str| {
        json!({
            "type": "object",
            "description": what,
            "additionalProperties": {"type": ["array", "object"], "description": "A list of values."},
        })
    };
    let tables = tables.map(|(name, what)| (name.to_owned(), table(what)));
    tables.into_iter().chain(lists.map(|(name, what)| (name.to_owned(), list(what)))).collect()
}

fn list(what: &str) -> Value {
    json!({"type": "array", "description": what, "minItems": 1})
}
