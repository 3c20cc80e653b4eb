//! The measured part split by one property of its spans.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fate::Fate;

/// The spans split by one property.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Breakdown {
    /// The property: `service`, `span` (service and name), `kind`, `place` (root or child).
    pub by: String,
    /// One row per value, most lost spans first.
    pub rows: Vec<BreakdownRow>,
}

/// The spans with one value of the property.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct BreakdownRow {
    /// The value.
    pub value: String,
    /// Spans created.
    pub created: u64,
    /// Received.
    pub received: u64,
    /// Lost.
    pub lost: u64,
    /// Not meant to arrive.
    pub deliberate: u64,
    /// `lost / (created - deliberate)`.
    pub rate: f64,
    /// Share of all lost spans.
    pub share_of_lost: f64,
    /// Lost spans by fate.
    pub lost_by_fate: BTreeMap<Fate, u64>,
    /// From the creation of a span to its first receipt.
    pub delay: Option<Spread>,
    /// From the creation of a span to its end, lost ones included.
    pub duration: Option<Spread>,
}

/// A distribution of times in short, milliseconds, two significant digits.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    /// Values it rests on.
    pub count: u64,
    /// Mean.
    pub mean: f64,
    /// 50 %.
    pub p50: f64,
    /// 99 %.
    pub p99: f64,
    /// Largest.
    pub max: f64,
}
