//! Tables of series and of spans, read: commas between values, a line of names first.

use std::collections::{BTreeMap, BTreeSet};

/// The column of times, seconds.
pub(super) const TIME: &str = "time";
/// What stands behind the name of a service in the name of a column that is read.
const COLUMNS: [&str; 5] = ["spans", "dropped", "failed", "received", "delay"];
/// Columns that nothing can be said without.
const NEEDED: [&str; 3] = ["spans", "dropped", "received"];
/// Columns of a table of spans.
const OF_SPANS: [&str; 5] = ["traceID", "spanID", "parentSpanID", "serviceName", "operationName"];

/// Series of several services, in rows of the same length.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct SeriesTable {
    /// Length of a row, seconds.
    pub(super) row_s: f64,
    /// In the order of the columns.
    pub(super) services: Vec<TabledService>,
}

/// What was counted of a service, row by row.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct TabledService {
    pub(super) name: String,
    /// Spans that ended.
    pub(super) spans: Vec<f64>,
    /// Spans that its queue had no room for, and spans of exports that failed for good.
    pub(super) dropped: Vec<f64>,
    pub(super) failed: Vec<f64>,
    /// Spans that the back end took, and their mean age then, milliseconds.
    pub(super) received: Vec<f64>,
    pub(super) delay: Vec<f64>,
}

/// Reads a table of series.
pub(super) fn series(text: &str) -> Result<SeriesTable, String> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    if names.first() != Some(&TIME) {
        return Err(format!("the first column of a table of metrics is `{TIME}`"));
    }
    let mut columns: Vec<Vec<f64>> = vec![Vec::new(); names.len()];
    for (number, line) in (2..).zip(lines).filter(|(_, line)| !line.is_empty()) {
        let values: Option<Vec<f64>> = line.split(',').map(|value| value.trim().parse().ok()).collect();
        let values = values.filter(|values| values.len() == names.len());
        let values = values.ok_or_else(|| format!("line {number} does not have {} numbers", names.len()))?;
        columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
    }
    let [first, second, ..] = columns[0][..] else {
        return Err("a table of metrics needs two rows".to_owned());
    };
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut services = Vec::new();
    for name in names.iter().filter_map(|name| service(name)).filter(|name| known.insert(*name)) {
        let column = |what: &str| {
            let place = names.iter().position(|one| service(one) == Some(name) && one.ends_with(what));
            place.map(|place| columns[place].clone())
        };
        if let Some(missing) = NEEDED.into_iter().find(|what| column(what).is_none()) {
            return Err(format!("there is no column {name}_{missing}"));
        }
        let [spans, dropped, failed, received, delay] =
            COLUMNS.map(|what| column(what).unwrap_or_else(|| vec![0.0; columns[0].len()]));
        let name = name.to_owned();
        services.push(TabledService { name, spans, dropped, failed, received, delay });
    }
    if services.is_empty() {
        return Err("no column ends in _spans, _dropped and _received".to_owned());
    }
    Ok(SeriesTable { row_s: (second - first).max(1e-3), services })
}

/// The service of a column.
fn service(column: &str) -> Option<&str> {
    let (name, what) = column.rsplit_once('_')?;
    COLUMNS.contains(&what).then_some(name)
}

/// What a table of spans says.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct TracedCalls {
    /// Calls between a service and the beginning of a trace.
    depths: BTreeMap<String, usize>,
    /// By service: spans, and spans that traces lack which others that began alike have.
    counts: BTreeMap<String, (u64, u64)>,
}

impl TracedCalls {
    /// How far a service is from the beginning of a trace; callers come before called.
    pub(super) fn depth(&self, service: &str) -> usize {
        self.depths.get(service).copied().unwrap_or(usize::MAX)
    }

    /// Of so many spans of a service that arrived in all: those that traces lack.
    pub(super) fn missing(&self, service: &str, arrived: f64) -> f64 {
        let (spans, missing) = self.counts.get(service).copied().unwrap_or_default();
        // A back end may keep only some of the traces.
        missing as f64 * arrived / spans.max(1) as f64
    }
}

/// A span of a table.
struct TabledSpan<'a> {
    trace: &'a str,
    parent: &'a str,
    service: &'a str,
    operation: &'a str,
}

/// Reads a table of spans.
pub(super) fn traces(text: &str) -> Result<TracedCalls, String> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let mut places = [0; OF_SPANS.len()];
    for (place, wanted) in places.iter_mut().zip(OF_SPANS) {
        let found = names.iter().position(|name| *name == wanted);
        *place = found.ok_or_else(|| format!("a table of spans has a column {wanted}"))?;
    }
    let mut spans: BTreeMap<&str, TabledSpan<'_>> = BTreeMap::new();
    for line in lines {
        let values: Vec<&str> = line.split(',').collect();
        let [trace, own, parent, service, operation] =
            places.map(|place| values.get(place).copied().unwrap_or_default());
        spans.insert(own, TabledSpan { trace, parent, service, operation });
    }
    Ok(TracedCalls { depths: depths(&spans), counts: counts(&spans) })
}

/// Each service by its shortest way from the beginning of a trace.
fn depths(spans: &BTreeMap<&str, TabledSpan<'_>>) -> BTreeMap<String, usize> {
    let mut out: BTreeMap<String, usize> = BTreeMap::new();
    let roots = spans.values().filter(|span| span.parent.is_empty());
    out.extend(roots.map(|span| (span.service.to_owned(), 0)));
    let between = |span: &TabledSpan<'_>| {
        let parent = spans.get(span.parent)?;
        (parent.service != span.service).then(|| (parent.service.to_owned(), span.service.to_owned()))
    };
    let calls: BTreeSet<(String, String)> = spans.values().filter_map(between).collect();
    for depth in 0..calls.len() {
        let next: Vec<String> = calls
            .iter()
            .filter(|(from, to)| out.get(from) == Some(&depth) && !out.contains_key(to))
            .map(|(_, to)| to.clone())
            .collect();
        out.extend(next.into_iter().map(|service| (service, depth + 1)));
    }
    out
}

/// Spans of each service, and those that are missing: most traces that begin with one operation have one number of spans of a service.
fn counts(spans: &BTreeMap<&str, TabledSpan<'_>>) -> BTreeMap<String, (u64, u64)> {
    let roots = spans.values().filter(|span| span.parent.is_empty());
    let begins: BTreeMap<&str, &str> = roots.map(|span| (span.trace, span.operation)).collect();
    let mut of_trace: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for span in spans.values() {
        *of_trace.entry((span.service, span.trace)).or_default() += 1;
    }
    // By service and operation: how many traces have how many spans.
    let mut alike: BTreeMap<(&str, &str), BTreeMap<u64, u64>> = BTreeMap::new();
    for ((service, trace), count) in &of_trace {
        let Some(begin) = begins.get(trace) else { continue };
        *alike.entry((*service, *begin)).or_default().entry(*count).or_default() += 1;
    }
    let mut out: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for ((service, _), counts) in &alike {
        let all: u64 = counts.values().sum();
        let usual = counts.iter().max_by_key(|(_, times)| **times).filter(|(_, times)| **times * 2 > all);
        let (found, missing) = out.entry((*service).to_owned()).or_default();
        *found += counts.iter().map(|(count, times)| count * times).sum::<u64>();
        let Some((usual, _)) = usual else { continue };
        *missing += counts.iter().map(|(count, times)| usual.saturating_sub(*count) * times).sum::<u64>();
    }
    out
}
