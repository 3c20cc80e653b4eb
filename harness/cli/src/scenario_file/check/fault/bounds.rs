//! Bounds of times and shares inside a fault's kind.

use spanfate_model::fault::LONGEST;
use spanfate_model::quantity::unit::Period;

use super::Checked;
use crate::scenario_file::check::{Problems, whole};

pub(super) fn millis(out: &mut Problems, checked: &Checked<'_>, times: &[(&str, Period)]) {
    for (key, time) in times {
        let path = ["fault", &checked.index, "kind", checked.fault.kind.name(), key];
        whole(out, &path, *time, 1_000_000, "ms");
        if *time > LONGEST {
            out.add(&path, format!("`{key}` is longer than {LONGEST}"), "use a shorter time");
        }
    }
}

pub(super) fn share(out: &mut Problems, checked: &Checked<'_>, key: &str, value: f64, least: f64, most: f64) {
    if !(least..=most).contains(&value) {
        let message = format!("`{key}` is {value}; it must be {least} to {most}");
        checked.add_in_kind(out, key, message, "");
    }
}
