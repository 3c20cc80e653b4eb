//! What types cannot say: ranges, references, contradictions.

mod compare;
mod design;
mod ebpf;
mod fault;
mod load;
mod pipeline;
mod sdk;
mod service;

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::num::NonZeroU32;

use spanfate_model::exporter::Exporter;
use spanfate_model::plan::{MAX_TRIALS, Plan, named};
use spanfate_model::quantity::unit::Period;
use spanfate_model::scenario::figure::nearest;
use spanfate_model::scenario::{Scenario, Service, WitnessMode};

/// Most spans of a kind that can be planted: they are written into the fixture's configuration.
const MOST_PLANTED: u32 = 100_000;

/// The longest name of a variant.
const MOST_NAME: usize = 160;

/// A semantic mistake at a path of the file.
pub(super) struct Problem {
    pub(super) path: Vec<String>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// A plan that is resolved once, when the first check asks for it.
struct Resolved<'a> {
    scenario: &'a Scenario,
    plan: OnceCell<Plan>,
}

impl Resolved<'_> {
    fn plan(&self) -> &Plan {
        self.plan.get_or_init(|| Plan::resolve(self.scenario))
    }
}

/// Checks a whole scenario; gives its plan, or every problem.
pub(super) fn check(scenario: &Scenario) -> Result<Plan, Vec<Problem>> {
    // Calls go by the names that services have, written or not.
    let scenario = &Scenario { services: named(&scenario.services), ..scenario.clone() };
    // With more trials than there may be it is no plan to run; its variants are the same with one.
    let few = (trial_count(scenario) > MAX_TRIALS).then(|| Scenario {
        trials: NonZeroU32::MIN,
        compare: None,
        ..scenario.clone()
    });
    let resolved = Resolved { scenario: few.as_ref().unwrap_or(scenario), plan: OnceCell::new() };
    let mut out = Problems::default();
    name(&mut out, &["name"], &scenario.name);
    load::loads(&mut out, scenario, &resolved);
    trials(&mut out, scenario);
    service::services(&mut out, scenario);
    exporter(&mut out, &["exporter"], &scenario.exporter);
    ratio(&mut out, &["exporter"], &scenario.exporter, &scenario.exporter);
    variants(&mut out, scenario);
    plant(&mut out, scenario);
    design::designs(&mut out, scenario);
    ebpf::ebpf(&mut out, scenario);
    pipeline::pipeline(&mut out, scenario);
    fault::faults(&mut out, scenario, &resolved);
    compare::compare(&mut out, scenario);
    expectations(&mut out, scenario);
    if out.0.is_empty() {
        resolved.plan();
        return resolved.plan.into_inner().ok_or(out.0);
    }
    Err(out.0)
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn add(&mut self, path: &[&str], message: impl Into<String>, help: &str) {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        self.0.push(Problem {
            path,
            message: message.into(),
            help: (!help.is_empty()).then(|| help.to_owned()),
        });
    }
}

/// Names become parts of paths and of terminal tables.
fn name(out: &mut Problems, path: &[&str], name: &str) {
    let good = !name.is_empty()
        && name.len() <= 64
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if !good {
        out.add(
            path,
            format!("name `{}` cannot be used", name.escape_debug()),
            "use 1 to 64 letters, digits, `-`, `_`, `.`",
        );
    }
}

/// A variant's name only stands in tables and on the command line; that of a cell has its settings in it.
fn variant_name(out: &mut Problems, path: &[&str], name: &str) {
    let good = !name.is_empty()
        && name.len() <= MOST_NAME
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.=,/:+".contains(c));
    if !good {
        let message = format!("name `{}` cannot be used for a variant", name.escape_debug());
        let help = format!(
            "use 1 to {MOST_NAME} letters, digits, `-`, `_`, `.`, `=`, `,`, `/`, `:`, `+`; points of a sweep that \
                            change together can have a `name`"
        );
        out.add(path, message, &help);
    }
}

fn trial_count(scenario: &Scenario) -> usize {
    scenario.variant.len().max(1) * scenario.repetitions().get() as usize
}

fn trials(out: &mut Problems, scenario: &Scenario) {
    let trials = trial_count(scenario);
    if trials > MAX_TRIALS {
        out.add(
            &["trials"],
            format!("{trials} trials are more than {MAX_TRIALS}"),
            "use fewer trials or variants",
        );
    }
}

fn exporter(out: &mut Problems, at: &[&str], exporter: &Exporter) {
    let path = |key: &'static str| -> Vec<&str> { at.iter().copied().chain([key]).collect() };
    for (key, value) in [("queue", exporter.queue), ("batch", exporter.batch)] {
        if value == Some(0) {
            out.add(&path(key), format!("`{key}` must be at least 1"), "leave it out for the SDK's default");
        }
    }
    let times = [
        ("delay", exporter.delay),
        ("export_timeout", exporter.export_timeout),
        ("timeout", exporter.timeout),
    ];
    for (key, value) in times {
        if let Some(value) = value {
            whole(out, &path(key), value, 1_000_000, "ms");
        }
    }
    let retry =
        exporter.retry.map_or([None; 3], |retry| [retry.initial, retry.max_interval, retry.max_elapsed]);
    for (key, value) in ["initial", "max_interval", "max_elapsed"].into_iter().zip(retry) {
        if let Some(value) = value {
            let path: Vec<&str> = at.iter().copied().chain(["retry", key]).collect();
            whole(out, &path, value, 1_000_000, "ms");
        }
    }
    if let Some(ratio) = exporter.ratio.filter(|ratio| !(0.0..=1.0).contains(ratio)) {
        out.add(&path("ratio"), format!("a ratio of {ratio} is not between 0 and 1"), "");
    }
}

/// A ratio needs a sampler that takes one; a variant's may come from the base.
fn ratio(out: &mut Problems, at: &[&str], written: &Exporter, merged: &Exporter) {
    let takes = merged.sampler.is_some_and(spanfate_model::exporter::SamplerKind::takes_ratio);
    if written.ratio.is_some() && !takes {
        let path: Vec<&str> = at.iter().copied().chain(["ratio"]).collect();
        let help = "set sampler = \"traceidratio\" or \"parentbased_traceidratio\" beside it";
        out.add(&path, "`ratio` needs a sampler that takes one", help);
    }
}

/// A period that what it is for takes only in whole units.
fn whole(out: &mut Problems, path: &[&str], value: Period, unit_ns: u64, unit: &str) {
    if !value.nanos().is_multiple_of(unit_ns) {
        let key = path.last().copied().unwrap_or_default();
        out.add(path, format!("`{key}` is {value}; it takes whole {unit}"), &format!("write it in `{unit}`"));
    }
}

fn variants(out: &mut Problems, scenario: &Scenario) {
    let mut seen = BTreeSet::new();
    let faults: Vec<&str> = scenario.fault.iter().filter_map(|fault| fault.name.as_deref()).collect();
    for (index, variant) in scenario.variant.iter().enumerate() {
        let index = index.to_string();
        variant_name(out, &["variant", &index, "name"], &variant.name);
        if !seen.insert(variant.name.as_str()) {
            out.add(
                &["variant", &index, "name"],
                format!("variant `{}` stands here twice", variant.name),
                "give each a name of its own",
            );
        }
        sdk::sdk(out, scenario, &index, variant);
        for unknown in variant.faults.iter().flatten().filter(|name| !faults.contains(&name.as_str())) {
            let message = format!("there is no fault with the name `{unknown}`");
            out.add(&["variant", &index, "faults"], message, &meant(unknown, &faults));
        }
        let at = ["variant", &index, "exporter"];
        exporter(out, &at, &variant.exporter);
        ratio(out, &at, &variant.exporter, &variant.exporter.over(scenario.exporter));
    }
}

fn plant(out: &mut Problems, scenario: &Scenario) {
    let plant = &scenario.plant;
    let most = plant.filter.max(plant.double_send).max(plant.discard_acknowledged);
    if most > MOST_PLANTED {
        let message = format!("{most} planted spans are more than {MOST_PLANTED}");
        out.add(&["plant"], message, "plant a few: they only prove that the accounting finds them");
    }
    let plants = most > 0;
    let off = |service: &Service| service.witness == WitnessMode::Off || service.is_own();
    let off_in_variant = scenario.variant.iter().any(|variant| variant.witness == Some(WitnessMode::Off));
    if plants && (off_in_variant || scenario.services.iter().any(off)) {
        // A filter and a second send are the exporter wrapper's work; a discarded span would be taken for a loss.
        out.add(
            &["plant"],
            "planting needs the process witness, which `witness = \"off\"` and a program of your own lack",
            "set witness = \"full\", or plant nothing",
        );
    }
    let known: Vec<&str> = scenario.services.iter().map(|service| service.name.as_str()).collect();
    if let Some(name) = plant.service.as_deref().filter(|name| !known.contains(name)) {
        let help = format!("known: {}", known.join(", "));
        out.add(&["plant", "service"], format!("there is no service `{name}`"), &help);
    }
    let here =
        scenario.services.iter().find(|service| Some(service.name.as_str()) == plant.service.as_deref());
    if here.is_some_and(|service| !service.makes_spans()) {
        out.add(&["plant", "service"], "a store exports no spans", "name a service that makes some");
    }
}

/// Names of the variants; a file that names none has one.
pub(crate) fn variant_names(scenario: &Scenario) -> Vec<&str> {
    match scenario.variant.len() {
        0 => vec!["default"],
        _ => scenario.variant.iter().map(|variant| variant.name.as_str()).collect(),
    }
}

/// Variants that something is for: some, and those that are there.
fn for_variants(out: &mut Problems, path: &[&str], what: &str, named: Option<&[String]>, known: &[&str]) {
    if named.is_some_and(<[String]>::is_empty) {
        out.add(path, format!("this {what} names no variant"), "leave `variants` out for all of them");
    }
    for unknown in named.into_iter().flatten().filter(|name| !known.contains(&name.as_str())) {
        out.add(path, format!("there is no variant `{unknown}`"), &meant(unknown, known));
    }
}

/// What a name that is not known may have been meant to be.
fn meant(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known: {}", known.join(", ")),
    }
}

fn expectations(out: &mut Problems, scenario: &Scenario) {
    let names = variant_names(scenario);
    for (index, expect) in scenario.expect.iter().enumerate() {
        let path = ["expect", &index.to_string(), "variants"];
        for_variants(out, &path, "expectation", expect.variants.as_deref(), &names);
    }
    for (index, claim) in scenario.claim.iter().enumerate() {
        let at = index.to_string();
        if claim.holds_if.is_empty() {
            let path = ["claim", &at, "holds_if"];
            out.add(
                &path,
                "a claim that nothing is measured for",
                "say what holds if it is right: `holds_if = [{ that = \"loss.rate > 0 %\" }]`",
            );
        }
        for (nth, expect) in claim.holds_if.iter().enumerate() {
            let path = ["claim", &at, "holds_if", &nth.to_string(), "variants"];
            for_variants(out, &path, "claim", expect.variants.as_deref(), &names);
        }
    }
}
