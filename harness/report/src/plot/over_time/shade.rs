//! Where faults acted, behind the lines of a time plot: a shade for a time, a thin line for a moment, numbers above.

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::{PathElement, Rectangle};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};
use spanfate_model::plan::Plan;
use spanfate_model::result::{TrialResult, VariantResult};

use crate::figures::faults::counts_requests;
use crate::plot::figure::{Chart, Drawn, FONT, SIDES, WIDTH, font, px, stroke};
use crate::plot::svg::{Ink, Svg};

/// Widths in SVG units: of a moment, of the thinnest shade, of a character of a number.
const MOMENT: f64 = 1.25;
const THIN: f64 = 2.0;
const CHARACTER: f64 = 6.8;
/// Most numbers that are written beside each other where shades begin together.
const BESIDE: usize = 3;

/// A time in which a fault acted, seconds, inside the axis.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Shade {
    number: usize,
    from: f64,
    to: f64,
}

/// All of a trial, by their beginning.
pub(in crate::plot) struct Shades {
    end: f64,
    all: Vec<Shade>,
}

impl Shades {
    /// Those of a trial, clipped to an axis of that many seconds. What counts requests has no known time.
    pub(in crate::plot) fn of(plan: &Plan, variant: &VariantResult, trial: &TrialResult, end: f64) -> Self {
        let mut all = Vec::new();
        for fault in trial.faults.iter().filter(|fault| !counts_requests(plan, variant, fault.number)) {
            for window in &fault.windows {
                let from = window.from_ms / 1000.0;
                let to = window.to_ms.map_or(end, |ms| ms / 1000.0).max(from);
                if from <= end && to >= 0.0 {
                    all.push(Shade { number: fault.number + 1, from: from.max(0.0), to: to.min(end) });
                }
            }
        }
        all.sort_by(|a, b| a.from.total_cmp(&b.from).then(a.number.cmp(&b.number)));
        Self { end, all }
    }

    /// Seconds per SVG unit.
    fn scale(&self) -> f64 {
        self.end / (f64::from(WIDTH) - SIDES.0 - SIDES.1)
    }

    /// Draws them over the whole height of a chart.
    pub(in crate::plot) fn draw(&self, chart: &mut Chart<'_, '_>, top: f64) -> Drawn {
        let thin = THIN * self.scale();
        let (times, moments): (Vec<Shade>, Vec<Shade>) =
            self.all.iter().partition(|shade| shade.to - shade.from >= thin);
        chart.draw_series(times.iter().map(|shade| {
            Rectangle::new([(shade.from, 0.0), (shade.to, top)], Ink::Fault.color().filled())
        }))?;
        chart.draw_series(moments.iter().map(|shade| {
            PathElement::new([(shade.from, 0.0), (shade.from, top)], stroke(Ink::Fault, MOMENT))
        }))?;
        Ok(())
    }

    /// Writes their numbers above the chart of an area; numbers that would overlap are put together.
    pub(in crate::plot) fn number(&self, area: &DrawingArea<Svg<'_>, Shift>) -> Drawn {
        let style = font(Ink::Fault, FONT, HPos::Left, VPos::Center);
        labels(&self.all, self.scale())
            .iter()
            .try_for_each(|(at, text)| area.draw_text(text, &style, (px(SIDES.0 + at), px(10.0))))
    }
}

/// Where numbers stand, in SVG units from the axis, and what is written there.
fn labels(shades: &[Shade], scale: f64) -> Vec<(f64, String)> {
    let mut groups: Vec<(f64, Vec<usize>)> = Vec::new();
    for shade in shades {
        let at = shade.from / scale;
        match groups.last_mut() {
            Some((from, numbers)) if at < *from + room(numbers) => {
                if !numbers.contains(&shade.number) {
                    numbers.push(shade.number);
                }
            }
            _ => groups.push((at, vec![shade.number])),
        }
    }
    groups.into_iter().map(|(at, numbers)| (at, join(&numbers))).collect()
}

/// What a label takes, with a gap behind it.
fn room(numbers: &[usize]) -> f64 {
    (join(numbers).chars().count() as f64 + 0.6) * CHARACTER
}

fn join(numbers: &[usize]) -> String {
    let shown: Vec<String> = numbers.iter().take(BESIDE).map(ToString::to_string).collect();
    format!("{}{}", shown.join(","), if numbers.len() > BESIDE { "…" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shade(number: usize, from: f64) -> Shade {
        Shade { number, from, to: from }
    }

    #[test]
    fn numbers_do_not_overlap() {
        let shades =
            [shade(1, 0.0), shade(2, 0.1), shade(1, 5.0), shade(3, 20.0), shade(4, 20.1), shade(3, 20.2)];
        // One second takes ten units.
        let made = labels(&shades, 0.1);
        let expected = [(0.0, "1,2"), (50.0, "1"), (200.0, "3,4")];
        assert_eq!(made, expected.map(|(at, text)| (at, text.to_owned())));
        for pair in made.windows(2) {
            assert!(pair[0].0 + pair[0].1.len() as f64 * CHARACTER <= pair[1].0, "{pair:?}");
        }
    }

    #[test]
    fn many_at_once_are_cut() {
        let shades: Vec<Shade> = (1..10).map(|number| shade(number, 1.0)).collect();
        assert_eq!(labels(&shades, 0.1), [(10.0, "1,2,3…".to_owned())]);
    }
}
