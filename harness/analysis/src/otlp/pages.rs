//! Metrics of OTLP become pages in the text format of Prometheus, one of the beginning and one of the end of what was exported.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{OtlpMessage, attribute, list, requests, text, whole};

/// Attributes of a resource that say whose its series are.
const OF_RESOURCE: [&str; 4] =
    ["service.name", "service.version", "service.instance.id", "service.namespace"];

/// What metrics of OTLP say.
#[derive(Clone, PartialEq, Debug)]
pub struct OtlpPages {
    /// The first values, and how many seconds before the last they are; absent where no series has two.
    pub first: Option<(String, f64)>,
    /// The last values.
    pub last: String,
    /// When these were taken, seconds since 1970.
    pub at_s: f64,
}

/// What makes a series: its name, and labels.
type SeriesKey = (String, Vec<(String, String)>);

/// Points of a series.
#[derive(Clone, Debug, Default)]
struct OtlpSeries {
    /// When, nanoseconds since 1970, and what.
    points: Vec<(u64, f64)>,
    /// Values count from the beginning, or each from the last one; neither of what goes up and down.
    counter: bool,
    delta: bool,
}

/// Reads metrics; an error says what is wrong.
pub fn pages(bytes: &[u8]) -> Result<OtlpPages, String> {
    let mut all: BTreeMap<SeriesKey, OtlpSeries> = BTreeMap::new();
    for request in requests(bytes, OtlpMessage::Metrics)? {
        for of_resource in list(&request, "resourceMetrics") {
            let resource = of_resource.get("resource").unwrap_or(&Value::Null);
            let named = |name: &&str| Some(((*name).to_owned(), attribute(resource, name)?));
            let labels: Vec<(String, String)> = OF_RESOURCE.iter().filter_map(named).collect();
            let scopes = list(of_resource, "scopeMetrics");
            scopes.flat_map(|scope| list(scope, "metrics")).for_each(|metric| add(metric, &labels, &mut all));
        }
    }
    all.values_mut().for_each(OtlpSeries::settle);
    let times = || all.values().flat_map(|series| series.points.iter().map(|(at, _)| *at));
    let (Some(began), Some(ended)) = (times().min(), times().max()) else {
        return Err("it holds no point of a metric".to_owned());
    };
    let several = all.values().any(|series| series.points.len() > 1);
    let before = |series: &OtlpSeries| match *series.points.first()? {
        (at, value) if at == began || series.points.len() > 1 && !series.is_late(began) => Some((at, value)),
        // A counter that came up later was 0 before.
        _ if series.counter => Some((began, 0.0)),
        _ => None,
    };
    let apart_s = (ended - began) as f64 / 1e9;
    Ok(OtlpPages {
        first: several.then(|| (page(&all, before), apart_s)),
        last: page(&all, |series| series.points.last().copied()),
        at_s: ended as f64 / 1e9,
    })
}

impl OtlpSeries {
    /// Orders the points, and makes counts from the beginning of those from point to point.
    fn settle(&mut self) {
        self.points.sort_by_key(|(at, _)| *at);
        let mut sum = 0.0;
        for (_, value) in self.points.iter_mut().filter(|_| self.delta) {
            sum += *value;
            *value = sum;
        }
    }

    /// Whether it came up when others had a second point already.
    fn is_late(&self, began: u64) -> bool {
        let [(first, _), (second, _), ..] = self.points[..] else { return false };
        first - began > second - first
    }
}

fn add(metric: &Value, of_resource: &[(String, String)], all: &mut BTreeMap<SeriesKey, OtlpSeries>) {
    let Some(name) = metric.get("name").and_then(Value::as_str) else { return };
    // Times are seconds unless a name says otherwise.
    let unit = match metric.get("unit").and_then(Value::as_str) {
        Some("ms") => "_milliseconds",
        _ => "",
    };
    for kind in ["gauge", "sum", "histogram"] {
        let Some(of_kind) = metric.get(kind) else { continue };
        let temporality = of_kind.get("aggregationTemporality");
        let delta = whole(temporality) == Some(1)
            || temporality.and_then(Value::as_str) == Some("AGGREGATION_TEMPORALITY_DELTA");
        let counter =
            kind == "histogram" || of_kind.get("isMonotonic").and_then(Value::as_bool).unwrap_or_default();
        for point in list(of_kind, "dataPoints") {
            let Some(at) = whole(point.get("timeUnixNano")).filter(|at| *at > 0) else { continue };
            let mut labels = of_resource.to_vec();
            labels.extend(list(point, "attributes").filter_map(|attribute| {
                let key = attribute.get("key").and_then(Value::as_str)?;
                Some((key.to_owned(), text(attribute.get("value")?)?))
            }));
            for (end, bound, value) in values(point) {
                // Bounds are in the metric's own unit, and readers take them for seconds.
                if bound.is_some() && !unit.is_empty() {
                    continue;
                }
                let bound = bound.map(|bound| ("le".to_owned(), bound));
                let labels: Vec<_> = labels.iter().cloned().chain(bound).collect();
                let series = all.entry((format!("{name}{unit}{end}"), labels)).or_default();
                series.points.push((at, value));
                (series.counter, series.delta) = (counter, delta && counter);
            }
        }
    }
}

/// A value of a point: the end of its name, the bound where it is a bucket, and the value.
type PointValue = (&'static str, Option<String>, f64);

/// The values of a point: of a histogram its buckets, which count all up to their bounds, its sum and its count.
fn values(point: &Value) -> Vec<PointValue> {
    let Some(count) = whole(point.get("count")) else {
        let number = point.get("asDouble").and_then(Value::as_f64).or_else(|| {
            let value = point.get("asInt")?;
            value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_f64())
        });
        return number.map(|value| ("", None, value)).into_iter().collect();
    };
    let bounds = list(point, "explicitBounds").map(Value::to_string).chain(["+Inf".to_owned()]);
    let counts = list(point, "bucketCounts").scan(0_u64, |sum, count| {
        *sum = sum.saturating_add(whole(Some(count))?);
        Some(*sum as f64)
    });
    let mut out: Vec<PointValue> =
        bounds.zip(counts).map(|(bound, count)| ("_bucket", Some(bound), count)).collect();
    out.extend(point.get("sum").and_then(Value::as_f64).map(|sum| ("_sum", None, sum)));
    out.push(("_count", None, count as f64));
    out
}

/// A value of each series as a page.
fn page(all: &BTreeMap<SeriesKey, OtlpSeries>, value: impl Fn(&OtlpSeries) -> Option<(u64, f64)>) -> String {
    let mut out = String::new();
    for ((name, labels), series) in all {
        let Some((at, value)) = value(series) else { continue };
        out += &format!("{{{}", quoted(name));
        for (label, value) in labels {
            out += &format!(",{}={}", quoted(label), quoted(value));
        }
        out += &format!("}} {value} {}\n", at / 1_000_000);
    }
    out
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
