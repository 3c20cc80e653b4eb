//! A contract as it was read: rules that know their place in its files.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::found::NotTaken;

/// The types that a contract may ask of an attribute.
pub const VALUE_TYPES: [&str; 9] =
    ["string", "int", "double", "boolean", "string[]", "int[]", "double[]", "boolean[]", "any"];

/// Where something stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct ContractPlace {
    /// Which of the contract's files, from 0.
    pub file: u32,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// Something with its place.
#[derive(Clone, PartialEq, Debug)]
pub struct ContractItem<T> {
    /// What was written.
    pub value: T,
    /// Where.
    pub at: ContractPlace,
}

/// What a service must show.
#[derive(Clone, PartialEq, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Contract {
    /// Version of the format.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// The service that all rules are of, as `service.name` has it. Without it they are of all services.
    pub service: Option<ContractItem<String>>,
    /// How many of the spans that were created may be lost, for example `0.1 %`.
    pub loss: Option<ContractItem<ContractShare>>,
    /// Key spans.
    #[schemars(default)]
    pub spans: Vec<SpanRule>,
    /// Metrics that must come.
    #[schemars(default)]
    pub metrics: Vec<MetricRule>,
    /// What log records must have.
    pub logs: Option<LogRule>,
    /// The template of alerts.
    pub alert: Option<ContractAlert>,
    /// Its files, by number.
    #[schemars(skip)]
    pub files: Vec<String>,
    /// What its files hold beyond the rules above, and was not made a rule.
    #[schemars(skip)]
    pub not_taken: Vec<NotTaken>,
}

/// A span that must be there, and what it must have.
#[derive(Clone, PartialEq, Debug, JsonSchema)]
#[schemars(deny_unknown_fields, inline)]
pub struct SpanRule {
    /// Its name.
    pub name: ContractItem<String>,
    /// Its service, in place of that of the contract.
    pub service: Option<String>,
    /// Its kind.
    pub kind: Option<ContractKind>,
    /// How many must arrive, or which share of those that were created. Without it: one.
    pub arrive: Option<ContractItem<ArriveRule>>,
    /// How many of those that were created may be lost.
    pub loss: Option<ContractItem<ContractShare>>,
    /// The attributes that each must have, by name.
    #[schemars(default)]
    pub attributes: BTreeMap<String, AttributeRule>,
    /// It may be absent: only what it has is judged.
    #[schemars(skip)]
    pub optional: bool,
}

/// The kind of a span, by OTLP's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContractKind(pub &'static str);

/// A share of all, 0 to 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ContractShare(pub f64);

/// How many spans must arrive.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ArriveRule {
    /// So many.
    Count(u64),
    /// This share of those that were created.
    Share(ContractShare),
}

/// An attribute that must be there.
#[derive(Clone, PartialEq, Debug)]
pub struct AttributeRule {
    /// Its type, one of [`VALUE_TYPES`]; any where none is asked for.
    pub of: Option<&'static str>,
    /// The values that it may have; any where none is listed.
    pub values: Vec<ContractValue>,
    /// Whether other values are only worth a remark.
    pub open: bool,
    /// Whether it may be absent.
    pub optional: bool,
    /// Where.
    pub at: ContractPlace,
}

/// A value of an attribute.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct ContractValue {
    /// Its type.
    pub of: &'static str,
    /// As text.
    pub text: String,
}

/// A metric that must come.
#[derive(Clone, PartialEq, Debug)]
pub struct MetricRule {
    /// Its name.
    pub name: ContractItem<String>,
    /// Its unit.
    pub unit: Option<ContractItem<String>>,
    /// Its instrument.
    pub instrument: Option<ContractItem<ContractInstrument>>,
    /// Whether it may be absent.
    pub optional: bool,
}

/// What measures: `counter`, `updowncounter`, `gauge` or `histogram`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContractInstrument(pub &'static str);

/// What log records must have.
#[derive(Clone, PartialEq, Debug, JsonSchema)]
#[schemars(deny_unknown_fields, inline)]
pub struct LogRule {
    /// The fields that each record must have: attributes, keys of its body, or `body`, `severity`, `trace_id`, `span_id`.
    pub fields: Vec<ContractItem<String>>,
}

/// The template that alerts are made of.
#[derive(Clone, PartialEq, Debug, JsonSchema)]
#[schemars(deny_unknown_fields, inline)]
pub struct ContractAlert {
    /// Its text, for example `p99_latency > 200ms AND env=prod`.
    pub template: ContractItem<String>,
    /// Words that it must have.
    pub fields: Vec<ContractItem<String>>,
}
