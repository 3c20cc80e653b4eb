//! The plan of a variant, and what sets of faults are called.

use spanfate_model::plan::{Plan, PlannedVariant};
use spanfate_model::scenario::{Axis, Fault};

/// The plan of a variant, by its name.
pub(crate) fn planned<'a>(plan: &'a Plan, name: &str) -> Option<&'a PlannedVariant> {
    plan.variants.iter().find(|planned| planned.name == name)
}

/// Whether an axis of a sweep varies the faults.
pub(crate) fn is_of_faults(axis: &Axis) -> bool {
    axis.keys.iter().any(|key| key == "faults")
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
