//! `[load]` as it is written; [`crate::load::PlannedLoad`] is what it comes to.

use std::num::NonZeroU32;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::unit::{Period, Rate};
use crate::scenario::arrivals::RecordedArrivals;

/// How requests arrive. What may stand beside what is checked where the file is read.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Open or closed; absent means open.
    pub model: Option<Model>,
    /// Requests per second: of the warm-up, and of the measured part as its shape says.
    pub rate: Option<Rate>,
    /// Distances between requests; absent means constant.
    pub arrival: Option<Arrival>,
    /// How the rate changes in the measured part; absent means that it does not.
    pub shape: Option<Shape>,
    /// Arrivals from a file, in place of a rate.
    pub replay: Option<Replay>,
    /// Closed only: connections, each with one request at a time.
    pub connections: Option<NonZeroU32>,
    /// Closed only: requests over all connections.
    pub requests: Option<NonZeroU32>,
    /// Time at the rate before the measured part; accounted, but not in the figures. Absent means a second.
    pub warmup: Option<Period>,
    /// Length of the measured part.
    pub lasting: Option<Period>,
    /// Open only: requests that may be open at once; above it a request is not started, and counted so.
    pub max_in_flight: Option<NonZeroU32>,
    /// Bound on one request.
    pub timeout: Option<Period>,
}

/// A variant's own load: what differs from the scenario's.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadOverride {
    /// Open or closed.
    pub model: Option<Model>,
    /// Requests per second.
    pub rate: Option<Rate>,
    /// How the rate changes.
    pub shape: Option<Shape>,
    /// Closed only: connections.
    pub connections: Option<NonZeroU32>,
    /// Closed only: requests.
    pub requests: Option<NonZeroU32>,
}

/// Who decides when a request starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// A schedule that exists before the first request.
    #[default]
    Open,
    /// The service: a connection sends its next request when the one before was answered. For comparison only.
    Closed,
}

/// Distances between requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub enum Arrival {
    /// Equal distances.
    #[default]
    Constant,
    /// Exponential distances (a Poisson process).
    Poisson,
}

/// How the rate changes in the measured part.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Not at all.
    #[default]
    Constant,
    /// Evenly from the load's rate to another.
    Ramp(Ramp),
    /// One rate after another; they say rate and length of the whole measured part.
    Steps(Vec<LoadStep>),
    /// The load's rate, and every now and then another. The first burst begins with the measured part.
    Bursts(Bursts),
}

/// A rate that changes evenly.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// The rate at the end.
    pub to: Rate,
}

/// A rate for a time.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadStep {
    /// Requests per second.
    pub rate: Rate,
    /// For how long.
    pub lasting: Period,
}

/// Another rate, every now and then.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bursts {
    /// Requests per second in a burst, in place of the load's.
    pub rate: Rate,
    /// From the beginning of one burst to that of the next.
    pub every: Period,
    /// Length of a burst.
    pub lasting: Period,
}

/// Arrivals from a file.
#[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// The file, from the scenario's folder; one arrival per line (see [`Trace::parse`]).
    pub file: String,
    /// How many times faster than it was recorded.
    #[serde(default = "as_recorded")]
    pub speed: f64,
    /// What the file holds, once it has been read.
    #[serde(skip)]
    pub trace: Option<Arc<RecordedArrivals>>,
}

const fn as_recorded() -> f64 {
    1.0
}

impl Load {
    /// A load that sends at one rate for a time.
    pub fn steady(rate: Rate, lasting: Period) -> Self {
        Self { rate: Some(rate), lasting: Some(lasting), ..Self::default() }
    }

    /// Whether the service decides when a request starts.
    pub fn is_closed(&self) -> bool {
        self.model == Some(Model::Closed)
    }
}

impl LoadOverride {
    /// The load of a variant: these settings over the scenario's. What cannot stand beside them falls away.
    #[must_use]
    pub fn over(&self, base: &Load) -> Load {
        let model = self.model.or(base.model);
        if model == Some(Model::Closed) {
            return Load {
                model,
                connections: self.connections.or(base.connections),
                requests: self.requests.or(base.requests),
                timeout: base.timeout,
                // Kept so that the check can say that they do not belong there.
                rate: self.rate,
                shape: self.shape.clone(),
                ..Load::default()
            };
        }
        let shape = self.shape.clone().or_else(|| base.shape.clone());
        let by_steps = matches!(self.shape, Some(Shape::Steps(_)));
        Load {
            model,
            rate: self.rate.or_else(|| base.rate.filter(|_| !by_steps)),
            lasting: base.lasting.filter(|_| !by_steps),
            shape,
            connections: self.connections,
            requests: self.requests,
            ..base.clone()
        }
    }
}
