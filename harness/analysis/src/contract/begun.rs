//! A contract to begin with: what a run showed, as rules that it keeps.

use std::collections::{BTreeMap, BTreeSet};

use spanfate_model::finding::contract::VALUE_TYPES;

use super::evidence::{ContractEvidence, SpanShape, SpanSort, SpanStand};

/// Spans that are written; of more, the most frequent.
const MOST_SPANS: usize = 100;
/// Values that are named in a remark.
const MOST_VALUES: usize = 5;

/// The text of a contract that what was seen keeps; nothing where nothing was seen. `from` is what it was seen of.
pub fn begun(evidence: &ContractEvidence, from: &str) -> Option<String> {
    let mut spans: Vec<(SpanSort, SpanStand)> = evidence
        .stands()
        .into_iter()
        .filter(|(sort, stand)| stand.arrived > 0 && !sort.name.trim().is_empty())
        .collect();
    let metrics = of_metrics(evidence);
    let fields = log_fields(evidence);
    if spans.is_empty() && metrics.is_empty() && fields.is_empty() {
        return None;
    }
    spans.sort_by(|a, b| b.1.arrived.cmp(&a.1.arrived).then_with(|| a.0.cmp(&b.0)));
    let left_out = spans.len().saturating_sub(MOST_SPANS);
    spans.truncate(MOST_SPANS);
    let services = services(evidence);
    let mut out = format!(
        "# What a service must show, begun from what {} showed. Take out what need not be; `spanfate contract check` judges it.\n\
         version: 1\n",
        one_line(from)
    );
    if let [service] = Vec::from_iter(&services)[..]
        && !service.trim().is_empty()
    {
        out += &format!("service: {}\n", word(service));
    }
    out += &loss(evidence);
    if !spans.is_empty() {
        out += "\nspans:\n";
    }
    for (sort, stand) in &spans {
        let shape = evidence.shapes.as_ref().and_then(|shapes| shapes.get(sort));
        out += &span(sort, stand, shape, services.len() > 1);
    }
    if left_out > 0 {
        out += &format!("  # {left_out} more names of spans were seen.\n");
    }
    if !spans.is_empty() && evidence.shapes.is_none() {
        out += &format!("# Attributes: {}.\n", evidence.how.whole_spans);
    }
    out += &metrics;
    if evidence.metrics.is_none() {
        out += &format!("\n# Metrics and log fields: {}.\n", evidence.how.signals);
    }
    if !fields.is_empty() {
        out += "\nlogs:\n  fields:\n";
        out.extend(fields.iter().map(|field| format!("    - {}\n", word(field))));
    }
    Some(out)
}

/// All services of which something was seen.
fn services(evidence: &ContractEvidence) -> BTreeSet<String> {
    let spans = evidence.stands().into_keys().map(|sort| sort.service);
    let metrics = evidence.metrics.iter().flatten().map(|((service, _), _)| service.clone());
    let logs = evidence.logs.iter().flatten().map(|(service, _)| service.clone());
    spans.chain(metrics).chain(logs).collect()
}

fn loss(evidence: &ContractEvidence) -> String {
    let Some(counted) = &evidence.counted else { return String::new() };
    let lost: u64 = counted.values().map(|stand| stand.lost + stand.unaccounted).sum();
    let created: u64 = counted.values().map(|stand| stand.created).sum();
    if created == 0 {
        return String::new();
    }
    // What was lost is kept by the next hundredth of a percent.
    let hundredths = (lost * 10_000).div_ceil(created);
    let budget = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    format!("# Of {created} spans {lost} were lost.\nloss: \"{budget} %\"\n")
}

fn span(sort: &SpanSort, stand: &SpanStand, shape: Option<&SpanShape>, with_service: bool) -> String {
    let mut out = format!("  - name: {}  # {} arrived\n", word(&sort.name), stand.arrived);
    if with_service && !sort.service.trim().is_empty() {
        out += &format!("    service: {}\n", word(&sort.service));
    }
    if sort.kind != "unspecified" {
        out += &format!("    kind: {}\n", sort.kind);
    }
    let Some(shape) = shape else { return out };
    let (mut always, mut sometimes) = (String::new(), String::new());
    for (name, seen) in shape.attributes.iter().filter(|(name, _)| !name.trim().is_empty() && *name != "<<") {
        let types: Vec<&str> = seen.types.keys().copied().collect();
        let of = match types[..] {
            [of] if VALUE_TYPES.contains(&of) => of,
            _ => "any",
        };
        if seen.present < shape.spans {
            sometimes += &format!("      # {}: {of}  # in {} of {}\n", word(name), seen.present, shape.spans);
            continue;
        }
        let few = seen.others == 0
            && seen.values.len() <= MOST_VALUES
            && matches!(of, "string" | "int" | "boolean");
        let values: Vec<String> = seen.values.keys().map(|(_, text)| one_line(text)).collect();
        let remark = if few { format!("  # seen: {}", values.join(", ")) } else { String::new() };
        always += &format!("      {}: {of}{remark}\n", word(name));
    }
    if !always.is_empty() {
        out += &format!("    attributes:\n{always}{sometimes}");
    }
    out
}

fn of_metrics(evidence: &ContractEvidence) -> String {
    // The same of two services is one rule.
    let mut all: BTreeMap<&str, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for ((_, name), seen) in
        evidence.metrics.iter().flatten().filter(|((_, name), _)| !name.trim().is_empty())
    {
        let (units, instruments) = all.entry(name).or_default();
        units.extend(seen.units.iter().map(String::as_str));
        instruments.extend(&seen.instruments);
    }
    let mut out = String::from(if all.is_empty() { "" } else { "\nmetrics:\n" });
    for (name, (units, instruments)) in all {
        out += &format!("  - name: {}\n", word(name));
        if let [unit] = Vec::from_iter(units)[..]
            && !unit.trim().is_empty()
        {
            out += &format!("    unit: {}\n", word(unit));
        }
        if let [instrument] = Vec::from_iter(instruments)[..]
            && instrument != "summary"
        {
            out += &format!("    instrument: {instrument}\n");
        }
    }
    out
}

/// The fields that every record has.
fn log_fields(evidence: &ContractEvidence) -> Vec<String> {
    let Some(logs) = &evidence.logs else { return Vec::new() };
    let records: u64 = logs.values().map(|logs| logs.records).sum();
    let mut all: BTreeMap<&str, u64> = BTreeMap::new();
    for (field, count) in logs.values().flat_map(|logs| &logs.fields) {
        *all.entry(field).or_default() += count;
    }
    let every = all.into_iter().filter(|(field, count)| *count == records && !field.trim().is_empty());
    every.map(|(field, _)| field.to_owned()).collect()
}

/// A text as YAML has it: in quotes where it could be read as something else.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let is_other = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    if begins && text.chars().all(plain) && !is_other.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_owned();
    }
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ if c.is_alphanumeric() => out.push(c),
            _ if u32::from(c) <= 0xffff => out += &format!("\\u{:04x}", u32::from(c)),
            _ => out += &format!("\\U{:08x}", u32::from(c)),
        }
    }
    out
}

/// For a remark: short, and of one line.
fn one_line(text: &str) -> String {
    escaped(&text.chars().take(60).collect::<String>())
}
