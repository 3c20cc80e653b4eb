//! The resolved scenario: defaults filled, variants merged, trials expanded. Same file and seed, same plan, byte for byte.

mod ends;
pub mod fitted;
mod lines;
pub mod outages;
pub mod subject;
pub mod topology;

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::exporter::{Exporter, SamplerKind};
use crate::format::manifest::FORMAT;
use crate::load::PlannedLoad;
use crate::plan::fitted::Fitted;
use crate::plan::topology::{Share, shares};
use crate::quantity::id::TraceTag;
use crate::quantity::unit::Period;
use crate::scenario::ebpf::Ebpf;
use crate::scenario::expect::Expect;
use crate::scenario::pipeline::{CollectorHop, StoreEngine};
use crate::scenario::{
    Axis, Build, Claim, Compare, Design, Fault, Plant, ProcessorKind, Receiver, Root, Scenario, Service,
    SpanApi, Variant, WitnessMode, one_or_many,
};

/// Everything a run needs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// Version of the format.
    pub format: String,
    /// Name of the scenario.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Its seed.
    pub seed: u64,
    /// The load of the variants that have none of their own.
    pub load: PlannedLoad,
    /// The services, each with its name; the load talks to the first. Runs of one service wrote `service`.
    #[serde(alias = "service", deserialize_with = "with_names")]
    pub services: Vec<Service>,
    /// The configurations, as the file orders them.
    pub variants: Vec<PlannedVariant>,
    /// The trials, in the order in which they run.
    pub trials: Vec<PlannedTrial>,
    /// What must hold.
    pub expect: Vec<Expect>,
    /// The axes of its sweep, if it has one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sweep: Vec<Axis>,
    /// Two variants that are compared, pair by pair: repetitions of both with the same number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare: Option<Compare>,
    /// What is claimed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
    /// Planted losses.
    pub plant: Plant,
    /// What the command line set in place of the scenario's file, as lines of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// What its rate was fitted to, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fitted: Option<Fitted>,
    /// There is no load of ours: a program of the user's own runs as it always does, and every span counts as measured.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attached: bool,
}

/// A configuration with the scenario's base merged in.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PlannedVariant {
    /// Its name.
    pub name: String,
    /// Exporter knobs; absent ones are the SDK's defaults.
    pub exporter: Exporter,
    /// Receiver settings.
    pub receiver: Receiver,
    /// The collectors before the receiver, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<CollectorHop>,
    /// The engine in which spans end, beside the receiver or in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<StoreEngine>,
    /// The design under test that its fixtures have switched on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub design: Option<Design>,
    /// The span processor of the main path of its fixtures; absent: the SDK's batch processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<ProcessorKind>,
    /// The API by which its fixtures make their own spans; absent: that of OpenTelemetry.
    #[serde(default, skip_serializing_if = "SpanApi::is_otel")]
    pub api: SpanApi,
    /// The process witness of all services, in place of what each says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<WitnessMode>,
    /// The eBPF witness; absent: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ebpf: Option<Ebpf>,
    /// Its own load, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<PlannedLoad>,
    /// Version of the SDK that its fixtures are built with; absent: the one that the fixtures pin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk: Option<String>,
    /// How its fixtures are built.
    #[serde(default, skip_serializing_if = "Build::is_plain")]
    pub build: Build,
    /// Its faults, each with what it is put on. A fault's number is its place here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// Its point on each axis of the sweep.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cell: Vec<usize>,
}

/// One execution of one variant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
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
    #[serde(with = "crate::quantity::id::decimal")]
    #[schemars(with = "crate::quantity::id::Decimal")]
    pub salt: u64,
    /// Seed of its schedule.
    #[serde(with = "crate::quantity::id::decimal")]
    #[schemars(with = "crate::quantity::id::Decimal")]
    pub seed: u64,
}

/// The most trials a plan can have: trace ids have 16 bits for the number.
pub const MAX_TRIALS: usize = 10_000;

impl Plan {
    /// Resolves a scenario. Repetitions are blocks; the order inside a block is drawn, so that drift of the machine does
    /// not favour a variant. With one trial each, the file's order is kept: there is no comparison to protect, and people
    /// expect to see it.
    pub fn resolve(scenario: &Scenario) -> Self {
        let variants = planned_variants(scenario);
        let trials = drawn(scenario.seed, variants.len() as u16, scenario.repetitions().get() as u16);
        Self {
            format: FORMAT.to_owned(),
            name: scenario.name.clone(),
            description: scenario.description.clone(),
            seed: scenario.seed,
            load: PlannedLoad::resolve(&scenario.load),
            services: ends::with_engine(named(&scenario.services), &scenario.pipeline),
            variants,
            trials,
            expect: scenario.expect.clone(),
            claims: scenario.claim.clone(),
            sweep: scenario.sweep.0.clone(),
            compare: scenario.compare.clone(),
            plant: scenario.plant.clone(),
            changed: scenario.changed.clone(),
            fitted: None,
            attached: false,
        }
    }

    /// The same with other variants, each so many times, and nothing to be judged.
    #[must_use]
    pub fn of_variants(&self, name: String, variants: Vec<PlannedVariant>, repetitions: u16) -> Self {
        let trials = drawn(self.seed, variants.len() as u16, repetitions);
        Self {
            name,
            variants,
            trials,
            expect: Vec::new(),
            sweep: Vec::new(),
            compare: None,
            claims: Vec::new(),
            ..self.clone()
        }
    }

    /// The scenario's name, and what the command line set in place of its file: a run of something else must not pass for one of
    /// the file.
    pub fn title(&self) -> String {
        if self.changed.is_empty() {
            return self.name.clone();
        }
        format!("{} ({})", self.name, self.changed.join("; "))
    }

    /// The variant of a trial.
    pub fn variant_of(&self, trial: &PlannedTrial) -> Option<&PlannedVariant> {
        self.variants.get(usize::from(trial.variant))
    }

    /// The load of a variant.
    pub fn load_of<'a>(&'a self, variant: &'a PlannedVariant) -> &'a PlannedLoad {
        variant.load.as_ref().unwrap_or(&self.load)
    }

    /// What one request makes of each service, in the services' order; empty for services that are no chain.
    pub fn shares(&self) -> Vec<Share> {
        shares(&self.services).unwrap_or_default()
    }

    /// Whether a service has its process witness in a variant.
    pub fn is_witnessed(&self, variant: &PlannedVariant, service: &Service) -> bool {
        let mode = variant.witness.unwrap_or(service.witness);
        service.makes_spans() && !service.is_own() && mode == WitnessMode::Full
    }

    /// Whether all services that make spans have their process witness in a variant.
    pub fn is_fully_witnessed(&self, variant: &PlannedVariant) -> bool {
        self.services.iter().filter(|service| service.makes_spans()).all(|s| self.is_witnessed(variant, s))
    }

    /// Whether every service that makes spans keeps books in a variant: by its process witness, or by probes that record every
    /// event of every trace.
    pub fn has_books(&self, variant: &PlannedVariant) -> bool {
        let probed = variant.ebpf.is_some_and(|ebpf| ebpf.keeps_books());
        let keeps = |service: &Service| probed || self.is_witnessed(variant, service);
        self.services.iter().filter(|service| service.makes_spans()).all(keeps)
    }

    /// Whether every span of a variant is sampled, as far as the plan says; a program of the user's own may have more to say.
    pub fn samples_all(&self, variant: &PlannedVariant) -> bool {
        if variant.design.is_some_and(|design| design.samples()) {
            return false;
        }
        // What a caller of ours decides is asked of the caller.
        let root = self.services.first().and_then(|service| service.root);
        let parent = root != Some(Root::RemoteUnsampled);
        let one = |(index, service): (usize, &Service)| {
            let exporter = self.exporter_of(variant, service);
            let ratio = exporter.ratio.is_none_or(|ratio| ratio >= 1.0)
                && !service.env.contains_key("OTEL_TRACES_SAMPLER_ARG");
            match service.env.get("OTEL_TRACES_SAMPLER").map(String::as_str) {
                Some("always_on") => true,
                Some("parentbased_always_on") => parent,
                Some(_) => false,
                None => match exporter.sampler {
                    Some(SamplerKind::AlwaysOn) => true,
                    Some(SamplerKind::TraceIdRatio) => ratio,
                    None | Some(SamplerKind::ParentBasedAlwaysOn) => index > 0 || parent,
                    Some(SamplerKind::ParentBasedTraceIdRatio) => ratio && (index > 0 || parent),
                    Some(SamplerKind::AlwaysOff | SamplerKind::ParentBasedAlwaysOff) => false,
                },
            }
        };
        self.services.iter().enumerate().filter(|(_, service)| service.makes_spans()).all(one)
    }

    /// Exporter knobs of a service in a variant: its own over those of the variant.
    pub fn exporter_of(&self, variant: &PlannedVariant, service: &Service) -> Exporter {
        service.exporter.over(variant.exporter)
    }

    /// The load of a trial.
    pub fn load_of_trial(&self, trial: &PlannedTrial) -> &PlannedLoad {
        self.variant_of(trial).map_or(&self.load, |variant| self.load_of(variant))
    }

    /// Requests a trial of a variant is expected to hold.
    pub fn requests_per_trial(&self, variant: &PlannedVariant) -> u64 {
        self.load_of(variant).requests()
    }

    /// Spans a trial of a variant is expected to create at most.
    pub fn spans_per_trial(&self, variant: &PlannedVariant) -> u64 {
        let each: u64 = self.shares().iter().map(|share| u64::from(*share.spans.end())).sum();
        self.requests_per_trial(variant).saturating_mul(each)
    }

    /// Requests of the variant that has most of them.
    pub fn most_requests(&self) -> u64 {
        self.variants.iter().map(|variant| self.requests_per_trial(variant)).max().unwrap_or_default()
    }

    /// Spans of the variant that has most of them.
    pub fn most_spans(&self) -> u64 {
        self.variants.iter().map(|variant| self.spans_per_trial(variant)).max().unwrap_or_default()
    }

    /// About how long a trial of a variant takes: start, load, drain and copying.
    pub fn estimated_trial(&self, variant: &PlannedVariant) -> Period {
        let copy_ms = self.spans_per_trial(variant) / 500;
        let load_ms = self.load_of(variant).estimated().0.as_millis() as u64;
        Period::millis(1200 + copy_ms + load_ms)
    }

    /// About how long trials take together, seconds.
    pub fn estimated_seconds(&self, trials: &[PlannedTrial]) -> f64 {
        let variants = trials.iter().filter_map(|trial| self.variant_of(trial));
        variants.map(|variant| self.estimated_trial(variant).seconds()).sum()
    }
}

/// The trials of so many variants, in blocks.
fn drawn(seed: u64, variants: u16, repetitions: u16) -> Vec<PlannedTrial> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let run = (random.next_u32() & 0xffff) as u16;
    let mut trials = Vec::new();
    for repetition in 0..repetitions {
        let mut order: Vec<u16> = (0..variants).collect();
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
    trials
}

/// Every service gets a name: its own, that of its fixture, or `own`.
pub fn named(services: &[Service]) -> Vec<Service> {
    let name = |service: &Service| match (service.name.is_empty(), service.is_own()) {
        (false, _) => service.name.clone(),
        (true, true) => "own".to_owned(),
        (true, false) => service.fixture.as_str().to_owned(),
    };
    services.iter().map(|service| Service { name: name(service), ..service.clone() }).collect()
}

/// Runs of one service wrote no name for it.
fn with_names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Service>, D::Error> {
    Ok(named(&one_or_many(from)?))
}

fn planned_variants(scenario: &Scenario) -> Vec<PlannedVariant> {
    let written =
        if scenario.variant.is_empty() { vec![Variant::default()] } else { scenario.variant.clone() };
    written
        .into_iter()
        .map(|variant| PlannedVariant {
            faults: faults_of(scenario, &variant),
            name: variant.name,
            cell: variant.cell,
            exporter: variant.exporter.over(scenario.exporter),
            receiver: variant.receiver.over(scenario.receiver),
            hops: scenario.pipeline.with(&variant.hops, &variant.collectors),
            engine: scenario.pipeline.engine(),
            design: variant.design,
            processor: variant.processor,
            api: variant.api,
            witness: variant.witness,
            ebpf: variant.ebpf.or(scenario.ebpf).filter(Ebpf::is_on),
            sdk: variant.sdk,
            build: variant.build,
            load: variant.load.map(|load| PlannedLoad::resolve(&load.over(&scenario.load))),
        })
        .collect()
}

/// The faults of a variant, each with what it is put on.
fn faults_of(scenario: &Scenario, variant: &Variant) -> Vec<Fault> {
    let services = named(&scenario.services);
    let first = services.first().map_or("", |service| service.name.as_str());
    let of_variant = scenario.fault.iter().filter(|fault| fault.is_of(variant));
    of_variant.map(|fault| Fault { on: Some(fault.target(first)), variants: None, ..fault.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_of_one_service_that_had_no_name_is_read() {
        let scenario =
            r#"{"name": "x", "load": {"rate": "5/s", "lasting": "1s"}, "service": {"cpu": "1ms"}}"#;
        let scenario: Scenario = serde_json::from_str(scenario).unwrap();
        let plan = Plan::resolve(&scenario);
        let mut old = serde_json::to_value(&plan).unwrap();
        let mut service = old["services"][0].take();
        service.as_object_mut().unwrap().remove("name");
        old.as_object_mut().unwrap().remove("services");
        old["service"] = service;
        assert_eq!(serde_json::from_value::<Plan>(old).unwrap(), plan);
    }
}
