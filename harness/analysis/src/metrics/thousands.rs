//! Whole numbers in notes.

use spanfate_model::quantity::digits::grouped;

/// A count with commas between thousands; what is no count is 0.
pub(super) fn whole(value: f64) -> String {
    grouped(&format!("{:.0}", value.max(0.0)))
}
