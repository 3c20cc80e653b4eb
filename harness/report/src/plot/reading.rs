//! How values are read off a chart: which pixels stand for which values. The page's script shows them under the pointer.

use plotters::coord::CoordTranslate;
use plotters::drawing::DrawingArea;

use super::svg::{Ink, SCALE, Svg};
use crate::markup::Html;

/// An axis: the values at its ends, and how it is divided.
#[derive(Clone, Copy)]
pub(crate) struct ReadingAxis {
    pub(crate) ends: (f64, f64),
    pub(crate) log: bool,
    /// What stands behind a value. `percentile`: the value is `1 / (1 - p)`.
    pub(crate) unit: &'static str,
}

/// A chart that can be read.
pub(crate) struct Reading(Html);

impl Reading {
    /// The chart that was drawn on this area; its lines by ink, each with its name.
    pub(crate) fn of<C: CoordTranslate>(
        area: &DrawingArea<Svg<'_>, C>,
        x: ReadingAxis,
        y: ReadingAxis,
        names: &[(Ink, &'static str)],
    ) -> Self {
        let (across, down) = area.get_pixel_range();
        let ends =
            |range: &std::ops::Range<i32>| (f64::from(range.start) / SCALE, f64::from(range.end) / SCALE);
        Self::at((ends(&across), ends(&down)), x, y, names)
    }

    /// The chart between these ends in SVG units: left and right, top and bottom.
    pub(crate) fn at(
        ((left, right), (top, bottom)): ((f64, f64), (f64, f64)),
        x: ReadingAxis,
        y: ReadingAxis,
        names: &[(Ink, &'static str)],
    ) -> Self {
        let names: Vec<String> = names.iter().map(|(ink, name)| format!("{}={name}", ink.class())).collect();
        let number = |value: f64| format!("{value:.1}");
        Self(Html::void(
            "rect",
            &[
                ("class", "chart"),
                ("x", &number(left)),
                ("y", &number(top)),
                ("width", &number(right - left)),
                ("height", &number(bottom - top)),
                ("data-x", &x.text((left, right))),
                // Values grow upwards, pixels downwards.
                ("data-y", &y.text((bottom, top))),
                ("data-names", &names.join("|")),
            ],
        ))
    }

    /// What lies over the chart.
    pub(crate) const fn markup(&self) -> &Html {
        &self.0
    }
}

impl ReadingAxis {
    fn text(self, (from, to): (f64, f64)) -> String {
        let kind = if self.log { "log" } else { "linear" };
        format!("{from:.1} {to:.1} {} {} {kind} {}", self.ends.0, self.ends.1, self.unit)
    }
}
