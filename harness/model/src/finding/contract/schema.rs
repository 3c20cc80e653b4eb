//! How the parts of a contract are described to editors, where the type does not say it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::rule::{
    ArriveRule, AttributeRule, ContractInstrument, ContractItem, ContractKind, ContractShare, MetricRule,
    VALUE_TYPES,
};

/// Percent as text.
const SHARE: &str = r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?) ?%$";

impl<T: JsonSchema> JsonSchema for ContractItem<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// A type whose schema stands in place.
macro_rules! inline {
    ($of:ty, $name:literal, $schema:expr) => {
        impl JsonSchema for $of {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

inline!(ContractShare, "ContractShare", json_schema!({ "type": "string", "pattern": SHARE }));
inline!(
    ContractKind,
    "ContractKind",
    json_schema!({ "type": "string", "enum": ["internal", "server", "client", "producer", "consumer"] })
);
inline!(
    ContractInstrument,
    "ContractInstrument",
    json_schema!({ "type": "string", "enum": ["counter", "updowncounter", "gauge", "histogram"] })
);
inline!(
    ArriveRule,
    "ArriveRule",
    json_schema!({
        "anyOf": [{ "type": "integer", "minimum": 1 }, { "type": "string", "pattern": SHARE }]
    })
);
inline!(
    AttributeRule,
    "AttributeRule",
    json_schema!({
        "anyOf": [
            {
                "enum": [
                    "string", "int", "double", "boolean", "string[]", "int[]", "double[]", "boolean[]", "any", null
                ]
            },
            {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "type": { "type": "string", "enum": VALUE_TYPES },
                    "values": {
                        "type": "array",
                        "minItems": 1,
                        "items": { "type": ["string", "number", "boolean"] }
                    }
                }
            }
        ]
    })
);
inline!(
    MetricRule,
    "MetricRule",
    json_schema!({
        "anyOf": [
            { "type": "string", "minLength": 1 },
            {
                "type": "object",
                "additionalProperties": false,
                "required": ["name"],
                "properties": {
                    "name": { "type": "string", "minLength": 1 },
                    "unit": { "type": "string" },
                    "instrument": {
                        "type": "string",
                        "enum": ["counter", "updowncounter", "gauge", "histogram"]
                    }
                }
            }
        ]
    })
);
