//! The resolved scenario: defaults filled, variants merged, trials expanded. Same file and seed, same plan, byte for byte.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::expect::Expect;
use crate::exporter::Exporter;
use crate::id::TraceTag;
use crate::manifest::FORMAT;
use crate::scenario::{Load, Plant, Receiver, Scenario, Service, Variant};
use crate::unit::Period;

/// Everything a run needs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Version of the format.
    pub format: String,
    /// Name of the scenario.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Its seed.
    pub seed: u64,
    /// The load.
    pub load: Load,
    /// The service.
    pub service: Service,
    /// The configurations, as the file orders them.
    pub variants: Vec<PlannedVariant>,
    /// The trials, in the order in which they run.
    pub trials: Vec<PlannedTrial>,
    /// What must hold.
    pub expect: Vec<Expect>,
    /// Planted losses.
    pub plant: Plant,
}

/// A configuration with the scenario's base merged in.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PlannedVariant {
    /// Its name.
    pub name: String,
    /// Exporter knobs; absent ones are the SDK's defaults.
    pub exporter: Exporter,
    /// Receiver settings.
    pub receiver: Receiver,
}

/// One execution of one variant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlannedTrial {
    /// Number of the trial; also its place in the order.
    pub index: u16,
    /// Index of its variant.
    pub variant: u16,
    /// Which repetition of the variant.
    pub repetition: u16,
    /// What its traces carry.
    pub tag: TraceTag,
    /// Key of its span ids.
    #[serde(with = "crate::id::decimal")]
    pub salt: u64,
    /// Seed of its schedule.
    #[serde(with = "crate::id::decimal")]
    pub seed: u64,
}

/// The most trials a plan can have: trace ids have 16 bits for the number.
pub const MAX_TRIALS: usize = 10_000;

impl Plan {
    /// Resolves a scenario. Repetitions are blocks; the order inside a block is drawn, so that drift of the machine does
    /// not favour a variant. With one trial each, the file's order is kept: there is no comparison to protect, and people
    /// expect to see it.
    pub fn resolve(scenario: &Scenario) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(scenario.seed);
        let variants = planned_variants(scenario);
        let run = (random.next_u32() & 0xffff) as u16;
        let repetitions = scenario.trials.get() as u16;
        let mut trials = Vec::new();
        for repetition in 0..repetitions {
            let mut order: Vec<u16> = (0..variants.len() as u16).collect();
            if repetitions > 1 {
                order.shuffle(&mut random);
            }
            for variant in order {
                let index = trials.len() as u16;
                let tag = TraceTag { run, trial: index, key: random.next_u64() };
                let salt = random.next_u64();
                trials.push(PlannedTrial { index, variant, repetition, tag, salt, seed: random.next_u64() });
            }
        }
        Self {
            format: FORMAT.to_owned(),
            name: scenario.name.clone(),
            description: scenario.description.clone(),
            seed: scenario.seed,
            load: scenario.load,
            service: scenario.service,
            variants,
            trials,
            expect: scenario.expect.clone(),
            plant: scenario.plant,
        }
    }

    /// The variant of a trial.
    pub fn variant_of(&self, trial: &PlannedTrial) -> Option<&PlannedVariant> {
        self.variants.get(usize::from(trial.variant))
    }

    /// Requests the schedule of a trial is expected to hold.
    pub fn requests_per_trial(&self) -> u64 {
        ((self.load.warmup.seconds() + self.load.lasting.seconds()) * self.load.rate.0).ceil() as u64
    }

    /// Spans a trial is expected to create.
    pub fn spans_per_trial(&self) -> u64 {
        self.requests_per_trial().saturating_mul(u64::from(self.service.spans_per_request.get()))
    }

    /// About how long a trial takes: start, load, drain and copying.
    pub fn estimated_trial(&self) -> Period {
        let copy_ms = self.spans_per_trial() / 500;
        Period::millis(1200 + copy_ms + (self.load.warmup.0 + self.load.lasting.0).as_millis() as u64)
    }
}

fn planned_variants(scenario: &Scenario) -> Vec<PlannedVariant> {
    let base =
        Variant { name: "default".to_owned(), exporter: Exporter::default(), receiver: Receiver::default() };
    let written = if scenario.variant.is_empty() { vec![base] } else { scenario.variant.clone() };
    written
        .into_iter()
        .map(|variant| PlannedVariant {
            name: variant.name,
            exporter: variant.exporter.over(scenario.exporter),
            receiver: variant.receiver.over(scenario.receiver),
        })
        .collect()
}
