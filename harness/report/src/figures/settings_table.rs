//! What each variant is configured to, key by key: as it is set, or else as the SDK says it uses.

use std::time::Duration;

use spanfate_model::exporter::{Effective, Retry};
use spanfate_model::plan::PlannedVariant;
use spanfate_model::quantity::unit::Period;
use spanfate_model::result::{RunResult, VariantResult};
use spanfate_model::scenario::{Fault, WitnessMode};

use crate::figures::variant_names::{names_of_sets, planned};

/// A value.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct SettingValue {
    /// What the file sets.
    pub(crate) set: Option<String>,
    /// What the SDK says it uses.
    pub(crate) used: Option<String>,
}

impl SettingValue {
    /// What counts: what is used, as far as it is known.
    pub(crate) fn counts(&self) -> Option<&str> {
        self.used.as_deref().or(self.set.as_deref())
    }

    /// What is used where it is not what was set.
    pub(crate) fn otherwise(&self) -> Option<&str> {
        let set = self.set.as_deref()?;
        self.used.as_deref().filter(|used| *used != set)
    }
}

/// A key with its values by variant.
pub(crate) struct SettingKey {
    pub(crate) name: String,
    pub(crate) values: Vec<SettingValue>,
}

impl SettingKey {
    /// Whether variants differ in what counts.
    pub(crate) fn differs(&self) -> bool {
        let mut values = self.values.iter().map(SettingValue::counts);
        let first = values.next();
        values.any(|value| Some(value) != first)
    }

    /// In how many variants it is set.
    pub(crate) fn set_in(&self) -> usize {
        self.values.iter().filter(|value| value.set.is_some()).count()
    }
}

/// All keys that are set or used anywhere, in the order in which they appear; those that the SDK uses come first.
pub(crate) fn keys(result: &RunResult) -> Vec<SettingKey> {
    let faults = faults(result);
    let all: Vec<Vec<(String, SettingValue)>> = result
        .variants
        .iter()
        .zip(faults)
        .map(|(variant, faults)| of(variant, planned(&result.plan, &variant.name), faults))
        .collect();
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in all.iter().flatten() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let value = |of: &Vec<(String, SettingValue)>, name: &str| {
        of.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let key = |name: &&String| SettingKey {
        name: (*name).clone(),
        values: all.iter().map(|of| value(of, name)).collect(),
    };
    let mut keys: Vec<SettingKey> = names.iter().map(key).collect();
    // Each protocol has its exporter; that says nothing new.
    let follows = |keys: &[SettingKey]| {
        let of = |name: &str| keys.iter().find(|key| key.name == name);
        let pairs =
            of("exporter").zip(of("protocol")).map(|(one, other)| one.values.iter().zip(&other.values));
        let pairs: Vec<(&SettingValue, &SettingValue)> = pairs.into_iter().flatten().collect();
        pairs.iter().all(|one| {
            pairs.iter().all(|other| one.1.counts() != other.1.counts() || one.0.counts() == other.0.counts())
        })
    };
    if follows(&keys) {
        keys.retain(|key| key.name != "exporter" || !key.differs());
    }
    keys
}

/// The faults of each variant by name; `None` where no variant has any.
fn faults(result: &RunResult) -> Vec<Option<String>> {
    let of = |variant: &VariantResult| -> &[Fault] {
        planned(&result.plan, &variant.name).map_or(&[], |planned| &planned.faults)
    };
    let mut sets: Vec<&[Fault]> = Vec::new();
    for set in result.variants.iter().map(of) {
        if !sets.contains(&set) {
            sets.push(set);
        }
    }
    let names = names_of_sets(&sets);
    let any = sets.iter().any(|set| !set.is_empty());
    let name =
        |set: &[Fault]| sets.iter().position(|known| *known == set).and_then(|at| names.get(at).cloned());
    result.variants.iter().map(|variant| name(of(variant)).filter(|_| any)).collect()
}

fn of(
    variant: &VariantResult,
    plan: Option<&PlannedVariant>,
    faults: Option<String>,
) -> Vec<(String, SettingValue)> {
    let effective = variant.trials.iter().find_map(|trial| trial.effective.as_ref());
    let mut out: Vec<(String, SettingValue)> = Vec::new();
    for (name, used) in effective.map(used).unwrap_or_default() {
        out.push((name.to_owned(), SettingValue { set: None, used: Some(used) }));
    }
    let mut set = |name: &str, text: String| match out.iter_mut().find(|(known, _)| known == name) {
        // The SDK describes its sampler in words of its own.
        Some((_, value)) if name == "sampler" => *value = SettingValue { set: Some(text), used: None },
        Some((_, value)) => value.set = Some(text),
        None => out.push((name.to_owned(), SettingValue { set: Some(text), used: None })),
    };
    for (name, text) in &variant.settings {
        let retry = plan.and_then(|plan| plan.exporter.retry).filter(|_| name == "retry");
        set(name, retry.map_or_else(|| text.clone(), |retry| retried(&retry)));
    }
    if let Some(plan) = plan {
        let witness = plan.witness.map(|mode| if mode == WitnessMode::Full { "full" } else { "off" });
        let more = [
            ("max_bytes", plan.receiver.max_bytes.map(|most| most.to_string())),
            ("max_spans", plan.receiver.max_spans.map(|most| most.to_string())),
            ("witness", witness.map(str::to_owned)),
            ("faults", faults),
        ];
        for (name, text) in more.into_iter().filter_map(|(name, text)| Some((name, text?))) {
            set(name, text);
        }
    }
    let sdk = variant.trials.iter().map(|trial| trial.sdk.as_str()).find(|sdk| !sdk.is_empty());
    if let Some(sdk) = sdk {
        out.retain(|(name, _)| name != "sdk");
        let asked = variant.settings.iter().find(|(name, _)| name == "sdk").map(|(_, sdk)| sdk.clone());
        out.push(("sdk".to_owned(), SettingValue { set: asked, used: Some(sdk.to_owned()) }));
    }
    out
}

/// What the SDK says it uses, by the names that files have for it.
fn used(effective: &Effective) -> Vec<(&'static str, String)> {
    let time = |ms: f64| Period(Duration::from_secs_f64((ms / 1000.0).clamp(0.0, 1e9))).to_string();
    vec![
        ("protocol", effective.protocol.clone()),
        ("queue", effective.queue.to_string()),
        ("batch", effective.batch.to_string()),
        ("delay", time(effective.delay_ms)),
        ("export_timeout", time(effective.export_timeout_ms)),
        ("on_full", if effective.block { "block" } else { "drop" }.to_owned()),
        ("sampler", effective.sampler.clone()),
        ("exporter", effective.exporter_type.clone()),
    ]
}

/// Retry with all that is set of it.
fn retried(retry: &Retry) -> String {
    let part =
        |name: &str, time: Option<Period>| time.map(|time| format!(", {name} {time}")).unwrap_or_default();
    let parts = [
        part("initial", retry.initial),
        part("max_interval", retry.max_interval),
        part("max_elapsed", retry.max_elapsed),
    ];
    format!("{}{}", if retry.enabled { "on" } else { "off" }, parts.concat())
}
