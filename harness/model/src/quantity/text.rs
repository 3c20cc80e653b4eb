//! What the JSON Schemas say of a type that is written as text.

use schemars::{Schema, json_schema};

/// Something that is written as text.
pub(crate) struct TextSchema {
    /// What it is, a sentence.
    pub(crate) what: String,
    /// What it looks like from beginning to end, a regular expression.
    pub(crate) pattern: String,
    /// One of them.
    pub(crate) example: String,
}

impl TextSchema {
    pub(crate) fn schema(self) -> Schema {
        json_schema!({
            "type": "string",
            "description": self.what,
            "pattern": format!("^(?:{})$", self.pattern),
            "examples": [self.example],
        })
    }
}

/// The body of `impl JsonSchema` for a type that is written as text.
macro_rules! text {
    ($name:expr, $text:expr) => {
        fn schema_name() -> std::borrow::Cow<'static, str> {
            $name.into()
        }

        fn inline_schema() -> bool {
            true
        }

        fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
            let text: fn() -> $crate::quantity::text::TextSchema = $text;
            text().schema()
        }
    };
}
pub(crate) use text;
