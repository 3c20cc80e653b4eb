//! Which variants are set alike, and which ran under the same conditions: what a user chooses, and what befalls them.

use spanfate_model::plan::{Plan, PlannedVariant};
use spanfate_model::scenario::{Axis, Fault};

/// The plan of a variant, by its name.
pub(crate) fn planned<'a>(plan: &'a Plan, name: &str) -> Option<&'a PlannedVariant> {
    plan.variants.iter().find(|planned| planned.name == name)
}

/// Whether two variants have the same SDK with the same settings.
pub(crate) fn set_alike(one: &PlannedVariant, other: &PlannedVariant) -> bool {
    one.exporter == other.exporter && one.sdk == other.sdk && one.build == other.build
}

/// Whether two variants have the same receiver and the same witnesses.
fn same_surroundings(one: &PlannedVariant, other: &PlannedVariant) -> bool {
    one.receiver == other.receiver && one.witness == other.witness && one.ebpf == other.ebpf
}

/// Whether the same befell two variants: receiver, witnesses, load and faults.
pub(crate) fn same_conditions(one: &PlannedVariant, other: &PlannedVariant) -> bool {
    same_surroundings(one, other) && one.load == other.load && one.faults == other.faults
}

/// Whether two variants differ in nothing but their faults.
pub(crate) fn same_but_faults(one: &PlannedVariant, other: &PlannedVariant) -> bool {
    set_alike(one, other) && same_surroundings(one, other) && one.load == other.load
}

/// Whether two variants differ in nothing but their load.
pub(crate) fn same_but_load(one: &PlannedVariant, other: &PlannedVariant) -> bool {
    set_alike(one, other) && same_surroundings(one, other) && one.faults == other.faults
}

/// Whether an axis of a sweep varies the faults.
pub(crate) fn is_of_faults(axis: &Axis) -> bool {
    axis.keys.iter().any(|key| key == "faults")
}

/// What an axis is called: its keys without the table they stand in.
pub(crate) fn axis_name(axis: &Axis) -> String {
    let short = |key: &String| key.rsplit('.').next().unwrap_or_default().to_owned();
    axis.keys.iter().map(short).collect::<Vec<_>>().join(", ")
}

/// Whether the cells of a configuration have one point on an axis.
pub(crate) fn shared(group: &[&PlannedVariant], axis: usize) -> bool {
    let mut points = group.iter().map(|plan| plan.cell.get(axis));
    let first = points.next();
    points.all(|point| Some(point) == first)
}

/// What cells of a sweep have in common: their points on the axes on which they do not differ. One alone has its own name.
pub(crate) fn name_of(group: &[&PlannedVariant], axes: &[Axis]) -> String {
    let Some(plan) = group.first() else { return String::new() };
    let part = |(at, axis): (usize, &Axis)| {
        let point = axis.points.get(*plan.cell.get(at)?)?;
        let named = axis.keys.len() > 1 || axis.keys.iter().any(|key| key == "variant");
        shared(group, at).then(|| if named { point.clone() } else { format!("{} {point}", axis_name(axis)) })
    };
    let parts: Vec<String> = axes.iter().enumerate().filter_map(part).collect();
    if parts.is_empty() || group.len() < 2 { plan.name.clone() } else { parts.join(", ") }
}

/// Sets of faults as they are called in tables: by their names; where these do not tell them apart, by what they set as well.
pub(crate) fn names_of_sets(sets: &[&[Fault]]) -> Vec<String> {
    let plain: Vec<String> = sets.iter().map(|set| named(set, |fault| fault.title().to_owned())).collect();
    let full: Vec<String> = sets.iter().map(|set| named(set, with_settings)).collect();
    let mut out: Vec<String> = Vec::new();
    for (at, name) in plain.iter().enumerate() {
        let unique = plain.iter().filter(|other| *other == name).count() == 1;
        let name = if unique { name } else { full.get(at).unwrap_or(name) };
        let before = out.iter().filter(|other| *other == name).count();
        out.push(if before == 0 { name.clone() } else { format!("{name} ({})", at + 1) });
    }
    out
}

fn named(set: &[Fault], name: impl Fn(&Fault) -> String) -> String {
    let names: Vec<String> = set.iter().map(name).collect();
    if names.is_empty() { "no fault".to_owned() } else { names.join(" + ") }
}

/// A fault's name with the settings of its kind.
fn with_settings(fault: &Fault) -> String {
    let kind = serde_json::to_value(&fault.kind).unwrap_or_default();
    let inner = kind.as_object().and_then(|kind| kind.values().next()).and_then(|inner| inner.as_object());
    let settings: Vec<String> = inner
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| {
            format!("{key} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        })
        .collect();
    let title = fault.title();
    if settings.is_empty() { title.to_owned() } else { format!("{title} ({})", settings.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> Fault {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn sets_of_faults_have_names_that_tell_them_apart() {
        let down = fault(r#"{"name": "outage", "kind": "down", "at": "1s"}"#);
        let late = |ms: u32| {
            fault(&format!(r#"{{"kind": {{"latency": {{"delay": "{ms}ms", "jitter": "0s"}}}}, "at": "1s"}}"#))
        };
        let sets = [vec![], vec![down.clone()], vec![down.clone(), late(5)], vec![late(5)], vec![late(50)]];
        let sets: Vec<&[Fault]> = sets.iter().map(Vec::as_slice).collect();
        let names = names_of_sets(&sets);
        assert_eq!(&names[..3], ["no fault", "outage", "outage + latency"]);
        assert!(names[3].contains("delay 5ms") && names[4].contains("delay 50ms"), "{names:?}");
        let twice = [std::slice::from_ref(&down), std::slice::from_ref(&down)];
        assert_eq!(names_of_sets(&twice), ["outage", "outage (2)"]);
    }
}
