//! A page of metrics, ordered: services, and what is known of each.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::exposition::{self, Sample};
use spanfate_model::advice::observed::QueueUnit;

use super::names::{KnownMetric, Metric, MetricPart, known};

/// Series of one service: by metric, part, component, and whether they count errors.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct ServiceSeries {
    figures: BTreeMap<(Metric, MetricPart), BTreeMap<String, ComponentFigure>>,
    /// What counts errors, by metric, component and kind of error.
    errors: BTreeMap<(Metric, String), BTreeMap<String, f64>>,
    /// What queues count in, by exporter, where labels or names say it.
    units: BTreeMap<String, QueueUnit>,
    /// Name and version of the program.
    program: Option<(String, String)>,
}

/// A figure of a component: without and with an error, and of these for want of room in the queue.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct ComponentFigure {
    pub(super) well: f64,
    pub(super) failed: f64,
    pub(super) full: f64,
}

impl ComponentFigure {
    pub(super) fn all(&self) -> f64 {
        self.well + self.failed + self.full
    }

    fn add(&mut self, error: Option<&str>, value: f64) {
        match error {
            None => self.well += value,
            Some("queue_full") => self.full += value,
            Some(_) => self.failed += value,
        }
    }
}

/// A page.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct MetricsPage {
    pub(super) services: BTreeMap<String, ServiceSeries>,
    /// When it was taken, seconds since 1970, where it says it.
    pub(super) at_s: Option<f64>,
    /// Lines that are no samples.
    pub(super) malformed: u64,
    /// Series that were there already.
    pub(super) repeated: u64,
}

impl ServiceSeries {
    /// Components that have a metric.
    pub(super) fn components(&self, metric: Metric) -> impl Iterator<Item = &str> {
        self.figures
            .range((metric, MetricPart::Value)..=(metric, MetricPart::Count))
            .flat_map(|(_, of)| of.keys().map(String::as_str))
    }

    /// A figure of a component.
    pub(super) fn get(&self, metric: Metric, part: MetricPart, component: &str) -> Option<ComponentFigure> {
        self.figures.get(&(metric, part))?.get(component).copied()
    }

    /// A figure of all components together.
    pub(super) fn total(&self, metric: Metric) -> f64 {
        self.figures
            .get(&(metric, MetricPart::Value))
            .into_iter()
            .flat_map(BTreeMap::values)
            .map(ComponentFigure::all)
            .sum()
    }

    /// The error that most of a component's failures are of, where the page tells them apart.
    pub(super) fn worst_error(&self, metric: Metric, component: &str) -> Option<&str> {
        let errors = self.errors.get(&(metric, component.to_owned()))?;
        errors.iter().max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(error, _)| error.as_str())
    }

    /// What the queue of a collector's exporter counts in.
    pub(super) fn queue_unit(&self, exporter: &str) -> QueueUnit {
        let said = self.units.get(exporter).copied();
        said.or_else(|| self.is_before_sizers().then_some(QueueUnit::Requests)).unwrap_or(QueueUnit::Unknown)
    }

    /// Whether it is a collector that can only count requests. Other distributions have versions of their own.
    fn is_before_sizers(&self) -> bool {
        let Some((name, version)) = &self.program else { return false };
        let mut numbers = version.trim_start_matches('v').split(['.', '-']).map(str::parse::<u32>);
        let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else { return false };
        ["otelcol", "otelcol-contrib", "otelcol-k8s", "otelcorecol", "otelcontribcol"]
            .contains(&name.as_str())
            && (major, minor) < SIZERS_SINCE
    }

    /// When its process started, seconds since 1970.
    pub(super) fn started_s(&self) -> Option<f64> {
        self.get(Metric::ProcessStart, MetricPart::Value, "")
            .map(|start| start.well)
            .filter(|start| *start > 0.0)
    }

    /// For how long it has run, seconds, where it says that itself.
    pub(super) fn uptime_s(&self) -> Option<f64> {
        self.get(Metric::Uptime, MetricPart::Value, "")
            .map(|uptime| uptime.well)
            .filter(|uptime| *uptime > 0.0)
    }
}

/// The collector whose `sending_queue` has a `sizer` first.
const SIZERS_SINCE: (u32, u32) = (0, 123);

/// What makes a series: metric, part, and labels in order.
type MetricSeries = (Metric, MetricPart, Vec<(String, String)>);

/// Reads a page; `source` names services that the page does not name.
pub(super) fn read(text: &str, source: &str) -> MetricsPage {
    let mut page = MetricsPage::default();
    // Nothing is added up twice: a series is one value, whoever repeats it.
    let mut seen: BTreeMap<MetricSeries, (f64, Option<QueueUnit>)> = BTreeMap::new();
    let mut named = BTreeMap::new();
    let (mut repeated, mut at_s) = (0, None);
    page.malformed = exposition::each(text, |sample| {
        let Some(KnownMetric { metric, part, factor, unit }) = known(&sample.name) else { return };
        if let Some(at) = sample.at_s.filter(|at| at.is_finite()) {
            at_s = Some(at_s.map_or(at, |known: f64| known.max(at)));
        }
        if metric == Metric::TargetInfo {
            named.extend(name(&sample).map(|name| (name, program(|name| label(&sample, name)))));
            return;
        }
        if !sample.value.is_finite() || !is_of_traces(metric, &sample) {
            return;
        }
        let mut labels: Vec<(String, String)> =
            sample.labels.iter().map(|(label, value)| (label.replace('.', "_"), value.to_string())).collect();
        labels.sort();
        match seen.entry((metric, part, labels)) {
            Entry::Vacant(place) => _ = place.insert((sample.value * factor, unit)),
            Entry::Occupied(_) => repeated += 1,
        }
    });
    (page.repeated, page.at_s) = (repeated, at_s);
    // Series without a name are those of the one process that the page is of.
    let sole = if named.len() == 1 { named.first_key_value().map(|(name, _)| name.clone()) } else { None };
    let sole = sole.unwrap_or_else(|| source.to_owned());
    for ((metric, part, labels), (value, unit)) in seen {
        let label = |name: &str| {
            let found = labels.iter().find(|(label, value)| label == name && !value.is_empty());
            found.map(|(_, value)| value.as_str())
        };
        let whose = service(label).unwrap_or_else(|| sole.clone());
        let said = named.get(&whose).cloned().flatten();
        let component = component(metric, label).unwrap_or_default().to_owned();
        let service = page.services.entry(whose).or_default();
        service.program = service.program.take().or(said).or_else(|| program(label));
        if let Some(unit) = sizer(metric, label).or(unit.filter(|_| is_queue(metric))) {
            service.units.insert(component.clone(), unit);
        }
        if let Some(error) = label("error_type").filter(|_| value > 0.0) {
            let errors = service.errors.entry((metric, component.clone())).or_default();
            *errors.entry(error.to_owned()).or_default() += value;
        }
        let figure = service.figures.entry((metric, part)).or_default().entry(component).or_default();
        // Gauges are of one series, and have no errors.
        figure.add(label("error_type"), value);
    }
    page
}

/// Of logs and metrics nothing is asked here. What processors handed on is of all signals where no label says otherwise.
fn is_of_traces(metric: Metric, sample: &Sample<'_>) -> bool {
    let signal = ["data_type", "otelcol_signal", "otel_signal", "signal"]
        .into_iter()
        .find_map(|name| label(sample, name));
    let needed = matches!(metric, Metric::CollectorProcessorIn | Metric::CollectorProcessorOut);
    signal.map_or(!needed, |signal| signal == "traces")
}

const fn is_queue(metric: Metric) -> bool {
    matches!(metric, Metric::CollectorQueueSize | Metric::CollectorQueueCapacity)
}

/// What a queue counts in, by a label.
fn sizer<'a>(metric: Metric, label: impl Fn(&str) -> Option<&'a str>) -> Option<QueueUnit> {
    if !is_queue(metric) && metric != Metric::CollectorQueueSizer {
        return None;
    }
    match ["sizer", "queue_sizer", "sizer_type"].into_iter().find_map(label)? {
        "requests" => Some(QueueUnit::Requests),
        "items" => Some(QueueUnit::Spans),
        "bytes" => Some(QueueUnit::Bytes),
        _ => None,
    }
}

/// Name and version of the program, where both are there.
fn program<'a>(label: impl Fn(&str) -> Option<&'a str>) -> Option<(String, String)> {
    let both = label("service_name").zip(label("service_version"));
    both.map(|(name, version)| (name.to_owned(), version.to_owned()))
}

fn label<'a>(sample: &'a Sample<'_>, name: &str) -> Option<&'a str> {
    sample.label(name).or_else(|| sample.label(&name.replace('_', ".")))
}

fn name(sample: &Sample<'_>) -> Option<String> {
    service(|name| label(sample, name))
}

/// Whose a series is, by the labels that name a service, and its instance.
fn service<'a>(label: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    let first = |names: [&str; 3]| names.iter().find_map(|name| label(name));
    let name = first(["service_name", "exported_job", "job"]);
    let instance = first(["service_instance_id", "exported_instance", "instance"]);
    match (name, instance) {
        (Some(name), Some(instance)) => Some(format!("{name} {instance}")),
        (name, instance) => name.or(instance).map(str::to_owned),
    }
}

fn component<'a>(metric: Metric, label: impl Fn(&str) -> Option<&'a str>) -> Option<&'a str> {
    let named = |kind: &str| label(kind).or_else(|| label("otelcol_component_id"));
    match metric {
        Metric::QueueSize
        | Metric::QueueCapacity
        | Metric::Processed
        | Metric::Exported
        | Metric::Duration => label("otel_component_name").or_else(|| label("component_name")),
        Metric::CollectorAccepted | Metric::CollectorRefused | Metric::CollectorFailed => named("receiver"),
        Metric::CollectorProcessorBatch
        | Metric::CollectorProcessorBatchBytes
        | Metric::CollectorProcessorIn
        | Metric::CollectorProcessorOut
        | Metric::CollectorProcessorDropped
        | Metric::CollectorSampler => named("processor"),
        Metric::ProcessStart | Metric::Uptime | Metric::TargetInfo => None,
        _ => named("exporter"),
    }
}
