//! Bencher Metric Format: a value per variant and measure, for a series over many runs.

use serde_json::{Map, Number, Value, json};
use spanfate_model::result::{Basis, Estimate, Quantiles, RunResult, VariantResult};

use super::{distinct, plain};

/// The file; ends with a newline.
pub(crate) fn render(result: &RunResult) -> String {
    let scenario = plain(&result.plan.title());
    let names =
        distinct(result.variants.iter().map(|variant| format!("{scenario}/{}", plain(&variant.name))));
    let all: Map<String, Value> = names
        .into_iter()
        .zip(&result.variants)
        .map(|(name, variant)| (name, Value::Object(measures(variant))))
        .filter(|(_, measures)| measures.as_object().is_some_and(|all| !all.is_empty()))
        .collect();
    format!("{:#}\n", Value::Object(all))
}

/// The measures of a variant. What no valid trial gives is left out: nothing in a series would tell that it is spoilt.
fn measures(variant: &VariantResult) -> Map<String, Value> {
    let summary = &variant.summary;
    let valid = |figure: Basis| variant.trials.iter().any(|trial| trial.is_valid(figure));
    let (loss, latency) = (valid(Basis::Loss), valid(Basis::Latency));
    let due = variant.trials.iter().any(|trial| trial.loss.due > 0);
    let share = Estimate {
        interval: summary.loss.interval.map(|(low, high)| (low.max(0.0), high.min(1.0))),
        ..summary.loss
    };
    let time = |estimate: Option<Estimate>, merged: &Option<Quantiles>, pick: fn(&Quantiles) -> f64| {
        // Runs of before say nothing of the trials' own quantiles.
        estimate.or_else(|| {
            merged.as_ref().map(|q| Estimate { mean: pick(q), valid: true, ..Estimate::default() })
        })
    };
    let plain = |value: f64| Some(Estimate { mean: value, valid: true, ..Estimate::default() });
    let all = [
        ("loss-rate", loss && due, Some(share)),
        ("response-p50-ms", latency, time(summary.response_p50, &summary.response, |q| q.p50)),
        ("response-p99-ms", latency, time(summary.response_p99, &summary.response, |q| q.p99)),
        ("delay-p50-ms", loss, time(summary.delay_p50, &summary.delay, |q| q.p50)),
        ("delay-p99-ms", loss, time(summary.delay_p99, &summary.delay, |q| q.p99)),
        ("cpu-cores", loss, plain(summary.fixture_cpu)),
        ("memory-bytes", loss, plain(summary.fixture_rss as f64)),
    ];
    all.into_iter()
        .filter(|(_, valid, _)| *valid)
        .filter_map(|(name, _, estimate)| Some((name.to_owned(), measure(&estimate.filter(|e| e.valid)?)?)))
        .collect()
}

/// A value with the bounds of its interval, where trials give one: several that all say the same tell nothing of how far
/// the next may be.
fn measure(estimate: &Estimate) -> Option<Value> {
    let mut out = json!({ "value": Number::from_f64(estimate.mean)? });
    let interval = estimate.interval.filter(|(low, high)| estimate.n >= 2 && low < high);
    if let (Some((low, high)), Some(fields)) = (interval, out.as_object_mut()) {
        fields.insert("lower_value".to_owned(), Number::from_f64(low)?.into());
        fields.insert("upper_value".to_owned(), Number::from_f64(high)?.into());
    }
    Some(out)
}
