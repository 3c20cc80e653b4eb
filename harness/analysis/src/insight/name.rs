//! What configurations are called that stand for several variants.

use spanfate_model::plan::PlannedVariant;
use spanfate_model::result::VariantResult;
use spanfate_model::scenario::Axis;

/// Whether the cells of a configuration have one point on an axis.
pub(super) fn shared(group: &[&PlannedVariant], axis: usize) -> bool {
    let mut points = group.iter().map(|plan| plan.cell.get(axis));
    let first = points.next();
    points.all(|point| Some(point) == first)
}

/// What cells of a sweep have in common: their points on the axes on which they do not differ. One alone has its own name.
pub(super) fn of_cells(group: &[&PlannedVariant], axes: &[Axis]) -> String {
    let Some(plan) = group.first() else { return String::new() };
    let part = |(at, axis): (usize, &Axis)| {
        let point = axis.points.get(*plan.cell.get(at)?)?;
        let named = axis.keys.len() > 1 || axis.keys.iter().any(|key| key == "variant");
        shared(group, at).then(|| if named { point.clone() } else { format!("{} {point}", axis.title()) })
    };
    let parts: Vec<String> = axes.iter().enumerate().filter_map(part).collect();
    if parts.is_empty() || group.len() < 2 { plan.name.clone() } else { parts.join(", ") }
}

/// What is set besides the load.
pub(super) fn of_settings(variant: Option<&VariantResult>) -> String {
    let settings = variant.map_or(&[][..], |variant| &variant.settings);
    let parts: Vec<String> = settings
        .iter()
        .filter(|(name, _)| name != "load")
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    if parts.is_empty() { "as the scenario sets it".to_owned() } else { parts.join(", ") }
}
