//! A load with its defaults filled in, and what can be said of it before it runs.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::curve::Curve;
use crate::quantity::unit::{Period, Rate};
use crate::scenario::arrivals::RecordedArrivals;
use crate::scenario::{Arrival, Load, Model, Shape};

/// A resolved load. Exactly one of `rate`, `replay` and `closed` says where its requests come from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PlannedLoad {
    /// Requests per second in the warm-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Distances between requests.
    #[serde(default)]
    pub arrival: Arrival,
    /// How the rate changes in the measured part.
    #[serde(default, skip_serializing_if = "is_constant")]
    pub shape: Shape,
    /// Arrivals from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<PlannedReplay>,
    /// Connections that wait for their answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
    /// Time before the measured part; none in a closed load.
    pub warmup: Period,
    /// Length of the measured part; 0 in a closed load, whose length the service decides.
    pub lasting: Period,
    /// Requests that may be open at once.
    pub max_in_flight: NonZeroU32,
    /// Bound on one request.
    pub timeout: Period,
}

/// Connections that wait for their answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Closed {
    /// Connections, each with one request at a time.
    pub connections: NonZeroU32,
    /// Requests over all connections.
    pub requests: NonZeroU32,
}

/// Arrivals from a file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PlannedReplay {
    /// The file, as the scenario names it.
    pub file: String,
    /// How many times faster than it was recorded.
    pub speed: f64,
    /// Arrivals in the file.
    pub arrivals: u64,
    /// Of the arrivals, so that a plan knows its own file.
    pub digest: String,
    /// The arrivals themselves. They lie beside the plan, not in it: `None` until they are read back.
    #[serde(skip)]
    pub trace: Option<Arc<RecordedArrivals>>,
}

/// What a request of a closed load is taken to need where a length must be guessed, nanoseconds.
const GUESSED_REQUEST_NS: u64 = 250_000;

fn is_constant(shape: &Shape) -> bool {
    *shape == Shape::Constant
}

impl PlannedLoad {
    /// Resolves a load as it is written. What a check will refuse comes to a load without requests.
    pub fn resolve(load: &Load) -> Self {
        let closed = load.is_closed().then(|| Closed {
            connections: load.connections.unwrap_or(ONE),
            requests: load.requests.unwrap_or(ONE),
        });
        let replay = load.replay.as_ref().filter(|_| closed.is_none()).map(|replay| PlannedReplay {
            file: replay.file.clone(),
            speed: replay.speed,
            arrivals: replay.trace.as_ref().map_or(0, |trace| trace.at.len() as u64),
            digest: replay.trace.as_ref().map(|trace| trace.digest()).unwrap_or_default(),
            trace: replay.trace.clone(),
        });
        let shape = load.shape.clone().unwrap_or_default();
        let by_rate = closed.is_none() && replay.is_none();
        let (rate, lasting) = match &shape {
            Shape::Steps(steps) => {
                (steps.first().map(|step| step.rate), sum(steps.iter().map(|step| step.lasting)))
            }
            _ => (load.rate, load.lasting.unwrap_or_default()),
        };
        let warmup = load.warmup.unwrap_or(WARMUP);
        Self {
            rate: rate.filter(|_| by_rate),
            arrival: load.arrival.unwrap_or_default(),
            warmup: if closed.is_some() { Period::default() } else { warmup },
            lasting: match &replay {
                _ if closed.is_some() => Period::default(),
                Some(replay) => replay.length().minus(warmup),
                None => lasting,
            },
            max_in_flight: closed
                .map_or(load.max_in_flight.unwrap_or(IN_FLIGHT), |closed| closed.connections),
            timeout: load.timeout.unwrap_or(TIMEOUT),
            shape: if by_rate { shape } else { Shape::Constant },
            replay,
            closed,
        }
    }

    /// Open or closed.
    pub const fn model(&self) -> Model {
        if self.closed.is_some() { Model::Closed } else { Model::Open }
    }

    /// Whether it sends at one rate all the time.
    pub fn is_steady(&self) -> bool {
        self.rate.is_some() && self.shape == Shape::Constant
    }

    /// The rate over warm-up and measured part; nothing where no rate decides.
    pub(super) fn curve(&self) -> Curve {
        match self.rate {
            None => Curve::default(),
            Some(rate) if self.shape == Shape::Constant => {
                Curve::flat(rate.0, Period(self.warmup.0 + self.lasting.0))
            }
            Some(rate) => self.measured_curve().after(rate.0, self.warmup),
        }
    }

    /// The same over the measured part alone.
    fn measured_curve(&self) -> Curve {
        self.rate.map_or_else(Curve::default, |rate| Curve::shaped(rate.0, &self.shape, self.lasting))
    }

    /// Requests it is expected to hold.
    pub fn requests(&self) -> u64 {
        match (&self.closed, &self.replay) {
            (Some(closed), _) => u64::from(closed.requests.get()),
            (None, Some(replay)) => replay.arrivals,
            (None, None) => self.curve().total().ceil() as u64,
        }
    }

    /// Requests per second in the measured part, on average; 0 in a closed load, which asks for nothing.
    pub fn offered(&self) -> f64 {
        let measured = match (&self.closed, &self.replay) {
            (Some(_), _) => return 0.0,
            (None, Some(replay)) => {
                replay.offsets().filter(|offset| *offset >= self.warmup.nanos()).count() as f64
            }
            (None, None) if self.is_steady() => return self.rate.map_or(0.0, |rate| rate.0),
            (None, None) => self.measured_curve().total(),
        };
        measured / self.lasting.seconds().max(1e-9)
    }

    /// About how long it takes.
    pub fn estimated(&self) -> Period {
        match self.closed {
            Some(closed) => {
                Period(std::time::Duration::from_nanos(u64::from(closed.requests.get()) * GUESSED_REQUEST_NS))
            }
            None => Period(self.warmup.0 + self.lasting.0),
        }
    }
}

impl PlannedReplay {
    /// Arrivals in nanoseconds from the first, at the speed of the replay. Nothing before the trace is read.
    pub fn offsets(&self) -> impl Iterator<Item = u64> + '_ {
        let at = self.trace.as_ref().map_or(&[][..], |trace| &trace.at);
        at.iter().map(|at| (*at as f64 / self.speed) as u64)
    }

    /// From the first arrival to the end of the nanosecond of the last.
    fn length(&self) -> Period {
        let last =
            self.trace.as_ref().and_then(|trace| trace.at.last()).map(|at| (*at as f64 / self.speed) as u64);
        Period(std::time::Duration::from_nanos(last.map_or(0, |last: u64| last.saturating_add(1))))
    }
}

/// The load in words.
impl fmt::Display for PlannedLoad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Closed { connections, requests }) = self.closed {
            return write!(f, "closed loop: {requests} requests over {connections} connections");
        }
        if let Some(PlannedReplay { file, speed, arrivals, .. }) = &self.replay {
            let over = self.warmup.seconds() + self.lasting.seconds();
            write!(f, "replay of {file}: {arrivals} requests over {over:.1} s")?;
            return if (speed - 1.0).abs() < f64::EPSILON {
                Ok(())
            } else {
                write!(f, ", {speed} times as fast")
            };
        }
        let lasting = self.lasting;
        let rate = self.rate.unwrap_or(Rate(0.0));
        match &self.shape {
            Shape::Constant => write!(f, "{rate:#} for {lasting}")?,
            Shape::Ramp(ramp) => write!(f, "ramp {rate:#} → {:#} over {lasting}", ramp.to)?,
            Shape::Steps(steps) => {
                let each: Vec<String> =
                    steps.iter().map(|step| format!("{:#} for {}", step.rate, step.lasting)).collect();
                match each.as_slice() {
                    [first, .., last] if each.len() > 4 => {
                        write!(f, "{} steps, {first} to {last}, over {lasting}", each.len())?;
                    }
                    _ => write!(f, "steps {}", each.join(", "))?,
                }
            }
            Shape::Bursts(bursts) => write!(
                f,
                "{rate:#} for {lasting}, bursts of {:#} for {} every {}",
                bursts.rate, bursts.lasting, bursts.every
            )?,
        }
        if self.arrival == Arrival::Poisson { f.write_str(", Poisson arrivals") } else { Ok(()) }
    }
}

fn sum(periods: impl Iterator<Item = Period>) -> Period {
    periods.fold(Period::default(), |sum, period| Period(sum.0.saturating_add(period.0)))
}

const ONE: NonZeroU32 = NonZeroU32::MIN;
const WARMUP: Period = Period::millis(1000);
const TIMEOUT: Period = Period::millis(10_000);
const IN_FLIGHT: NonZeroU32 = match NonZeroU32::new(1024) {
    Some(n) => n,
    None => ONE,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Bursts, LoadOverride, LoadStep, Ramp};

    fn words(change: impl FnOnce(&mut Load)) -> String {
        let mut load = Load::steady(Rate(500.0), Period::millis(8000));
        change(&mut load);
        PlannedLoad::resolve(&load).to_string()
    }

    #[test]
    fn every_shape_has_words() {
        assert_eq!(words(|_| ()), "500/s for 8s");
        assert_eq!(words(|load| load.arrival = Some(Arrival::Poisson)), "500/s for 8s, Poisson arrivals");
        let ramp = Shape::Ramp(Ramp { to: Rate(2000.0) });
        assert_eq!(words(|load| load.shape = Some(ramp)), "ramp 500/s → 2,000/s over 8s");
        let step = |rate| LoadStep { rate: Rate(rate), lasting: Period::millis(2000) };
        let two = Shape::Steps(vec![step(500.0), step(1000.0)]);
        assert_eq!(words(|load| load.shape = Some(two)), "steps 500/s for 2s, 1,000/s for 2s");
        let five = Shape::Steps((1..6).map(|n| step(f64::from(n))).collect());
        assert_eq!(words(|load| load.shape = Some(five)), "5 steps, 1/s for 2s to 5/s for 2s, over 10s");
        let bursts = Bursts { rate: Rate(5000.0), every: Period::millis(2000), lasting: Period::millis(200) };
        let said = words(|load| load.shape = Some(Shape::Bursts(bursts)));
        assert_eq!(said, "500/s for 8s, bursts of 5,000/s for 200ms every 2s");
        let closed = |load: &mut Load| {
            *load = Load {
                model: Some(Model::Closed),
                connections: NonZeroU32::new(50),
                requests: NonZeroU32::new(20_000),
                ..Load::default()
            };
        };
        assert_eq!(words(closed), "closed loop: 20000 requests over 50 connections");
    }

    #[test]
    fn a_steady_load_is_written_as_it_always_was() {
        let load = PlannedLoad::resolve(&Load::steady(Rate(500.0), Period::millis(8000)));
        let text = serde_json::to_string(&load).unwrap();
        let before = r#"{"rate":"500/s","arrival":"constant","warmup":"1s","lasting":"8s","max_in_flight":1024,"timeout":"10s"}"#;
        assert_eq!(text, before);
        assert_eq!(serde_json::from_str::<PlannedLoad>(before).unwrap(), load);
    }

    #[test]
    fn a_variant_changes_only_what_it_names() {
        let base =
            Load { max_in_flight: NonZeroU32::new(7), ..Load::steady(Rate(500.0), Period::millis(8000)) };
        let faster = LoadOverride { rate: Some(Rate(900.0)), ..LoadOverride::default() }.over(&base);
        assert_eq!(faster, Load { rate: Some(Rate(900.0)), ..base.clone() });
        let closed = LoadOverride {
            model: Some(Model::Closed),
            connections: NonZeroU32::new(5),
            requests: NonZeroU32::new(100),
            ..LoadOverride::default()
        };
        let closed = PlannedLoad::resolve(&closed.over(&base));
        assert_eq!(
            (closed.model(), closed.requests(), closed.warmup),
            (Model::Closed, 100, Period::default())
        );
        let step = LoadStep { rate: Rate(10.0), lasting: Period::millis(3000) };
        let steps = LoadOverride { shape: Some(Shape::Steps(vec![step])), ..LoadOverride::default() };
        let steps = PlannedLoad::resolve(&steps.over(&base));
        assert_eq!((steps.rate, steps.lasting, steps.requests()), (Some(Rate(10.0)), step.lasting, 40));
    }
}
