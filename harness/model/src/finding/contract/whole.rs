//! A span with what it carries, as who looks into its content sees it.

use std::borrow::Cow;

/// A whole span.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WholeSpan<'a> {
    /// Its service, as `service.name` has it.
    pub service: Cow<'a, str>,
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its kind, by number as OTLP has it.
    pub kind: u8,
    /// Its attributes, in their order.
    pub attributes: Vec<WholeAttribute<'a>>,
}

/// An attribute of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WholeAttribute<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// The type of its value. Beside those that a contract may ask for: `bytes`, `map`, `empty`, `any[]` for a list of several types, and
    /// `[]` for an empty one.
    pub of: &'static str,
    /// Its value as text; empty for lists, maps and bytes.
    pub text: Cow<'a, str>,
}
