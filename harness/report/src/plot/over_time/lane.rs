//! One lane of a time plot: one quantity over the common time axis, under its own name and unit.

use std::convert::Infallible;

use plotters::chart::ChartBuilder;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::element::{PathElement, Polygon, Rectangle};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};

use super::shade::Shades;
use crate::plot::figure::{Area, Chart, Drawn, FONT, SIDES, WIDTH, font, px, stroke};
use crate::plot::reading::{Reading, ReadingAxis};
use crate::plot::svg::Ink;
use crate::text::number::PAGE;

/// Heights: of a lane's name, of a row of its keys, of the time axis, and of what is free below a lane.
const NAME: f64 = 19.0;
const KEYS: f64 = 15.0;
const AXIS: f64 = 22.0;
const BELOW: f64 = 7.0;
/// Least height of a lane's chart per label of its axis, so that labels stand apart.
const PER_LABEL: f64 = 12.0;
/// Width of a character of a key, and of the square before it with its gaps.
const CHARACTER: f64 = 6.4;
const SQUARE: (f64, f64) = (9.0, 26.0);

/// Seconds and values.
pub(in crate::plot) type Points = Vec<(f64, f64)>;

/// What is drawn in a lane.
pub(in crate::plot) enum Mark {
    /// A line of that width.
    Line(Ink, f64, Points),
    /// What lies below a line.
    Area(Ink, Points),
    /// What lies between two lines that have the same seconds.
    Between(Ink, Points, Points),
    /// Posts of that width in seconds, from the ground to each value above 0.
    Posts(Ink, f64, Points),
    /// A level over the whole time.
    Level(Ink, f64),
    /// A time, over the whole height.
    Band(Ink, (f64, f64)),
}

/// A lane.
pub(in crate::plot) struct Lane {
    /// What it shows and in which unit.
    pub(in crate::plot) name: &'static str,
    /// The value at its upper end.
    pub(in crate::plot) top: f64,
    /// Height of its chart.
    pub(in crate::plot) height: f64,
    /// It counts: there is nothing between two whole numbers.
    pub(in crate::plot) whole: bool,
    /// From the back to the front.
    pub(in crate::plot) marks: Vec<Mark>,
    /// What its inks stand for, where there are several, in the order in which they lie above each other.
    pub(in crate::plot) keys: Vec<(Ink, &'static str)>,
}

/// What all lanes of a plot have in common.
pub(in crate::plot) struct Frame<'a> {
    /// Length of the time axis, seconds.
    pub(in crate::plot) end: f64,
    pub(in crate::plot) shades: &'a Shades,
}

impl Lane {
    /// What it needs in all; the last one carries the time axis.
    pub(in crate::plot) fn room(&self, last: bool) -> f64 {
        self.head() + self.height + if last { AXIS } else { BELOW }
    }

    fn head(&self) -> f64 {
        NAME + KEYS * rows(&self.keys).len() as f64
    }

    /// Draws it into its area; gives how values are read off it.
    pub(in crate::plot) fn draw(
        &self,
        area: &Area<'_>,
        frame: &Frame<'_>,
        last: bool,
    ) -> Result<Reading, DrawingAreaErrorKind<Infallible>> {
        let mut chart = ChartBuilder::on(area)
            .margin_top(px(self.head()))
            .margin_right(px(SIDES.1))
            .margin_bottom(px(if last { 0.0 } else { BELOW }))
            .x_label_area_size(px(if last { AXIS } else { 0.0 }))
            .y_label_area_size(px(SIDES.0))
            .build_cartesian_2d(0.0..frame.end, 0.0..self.top)?;
        for mark in self.marks.iter().filter(|mark| matches!(mark, Mark::Band(..))) {
            self.mark(&mut chart, mark, frame)?;
        }
        frame.shades.draw(&mut chart, self.top)?;
        self.mesh(&mut chart, last)?;
        for mark in self.marks.iter().filter(|mark| !matches!(mark, Mark::Band(..))) {
            self.mark(&mut chart, mark, frame)?;
        }
        let seconds = ReadingAxis { ends: (0.0, frame.end), log: false, unit: "s" };
        let values = ReadingAxis { ends: (0.0, self.top), log: false, unit: "" };
        let reading = Reading::of(chart.plotting_area(), seconds, values, &self.names());
        area.draw_text(self.name, &font(Ink::Soft, FONT, HPos::Left, VPos::Center), (0, px(8.0)))?;
        self.write_keys(area)?;
        Ok(reading)
    }

    /// What its marks are called where their values are read.
    fn names(&self) -> Vec<(Ink, &'static str)> {
        if !self.keys.is_empty() {
            return self.keys.clone();
        }
        let name = |ink: Ink| match ink {
            Ink::Created => "created",
            Ink::Received => "received",
            Ink::Lost => "lost",
            _ => self.name,
        };
        let inks = self.marks.iter().filter_map(|mark| match mark {
            Mark::Line(ink, ..) | Mark::Area(ink, _) | Mark::Between(ink, ..) | Mark::Posts(ink, ..) => {
                Some(*ink)
            }
            Mark::Level(..) | Mark::Band(..) => None,
        });
        inks.map(|ink| (ink, name(ink))).collect()
    }

    fn mesh(&self, chart: &mut Chart<'_, '_>, last: bool) -> Drawn {
        let labels = (self.height / PER_LABEL) as usize;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(if last { 8 } else { 0 })
            .y_labels(labels.clamp(3, 4))
            .max_light_lines(0)
            .axis_style(stroke(Ink::Grid, 1.0))
            .bold_line_style(stroke(Ink::Grid, 1.0))
            .set_all_tick_mark_size(px(5.0))
            .x_label_style(font(Ink::Soft, FONT, HPos::Center, VPos::Top))
            .y_label_style(font(Ink::Soft, FONT, HPos::Right, VPos::Center))
            .x_label_formatter(&|s| format!("{}\u{202f}s", PAGE.fixed(*s, usize::from(s.fract() > 0.01))))
            .y_label_formatter(&|value| self.label(*value))
            .draw()
    }

    fn label(&self, value: f64) -> String {
        match decimals(value) {
            1.. if self.whole => String::new(),
            // There is room for six characters.
            0 if value.abs() >= 1e5 => PAGE.scaled(value),
            decimals => PAGE.fixed(value, decimals),
        }
    }

    fn mark(&self, chart: &mut Chart<'_, '_>, mark: &Mark, frame: &Frame<'_>) -> Drawn {
        match mark {
            Mark::Line(ink, width, points) => {
                chart.draw_series([PathElement::new(thinned(points), stroke(*ink, *width))])?;
            }
            Mark::Area(ink, points) => {
                let ground: Points = points.iter().map(|(x, _)| (*x, 0.0)).collect();
                chart.draw_series(runs(points, &ground).into_iter().map(|run| filled(run, *ink)))?;
            }
            Mark::Between(ink, upper, lower) => {
                chart.draw_series(runs(upper, lower).into_iter().map(|run| filled(run, *ink)))?;
            }
            Mark::Posts(ink, width, points) => {
                let half = width / 2.0;
                let post =
                    |(x, y): &(f64, f64)| [(x - half, 0.0), (x - half, *y), (x + half, *y), (x + half, 0.0)];
                // One shape for all of them: a page may hold tens of thousands.
                let outline: Points = points.iter().filter(|(_, y)| *y > 0.0).flat_map(post).collect();
                chart.draw_series((!outline.is_empty()).then(|| filled(outline, *ink)))?;
            }
            Mark::Level(ink, value) if *value <= self.top => {
                chart.draw_series([PathElement::new(
                    [(0.0, *value), (frame.end, *value)],
                    stroke(*ink, 1.5),
                )])?;
            }
            Mark::Level(..) => {}
            Mark::Band(ink, (from, to)) => {
                let corners = [(*from, 0.0), (to.min(frame.end), self.top)];
                chart.draw_series([Rectangle::new(corners, ink.color().filled())])?;
            }
        }
        Ok(())
    }

    fn write_keys(&self, area: &Area<'_>) -> Drawn {
        let style = font(Ink::Text, FONT - 1.0, HPos::Left, VPos::Center);
        for (row, keys) in rows(&self.keys).iter().enumerate() {
            let y = NAME + KEYS * row as f64 + 4.0;
            for (x, (ink, name)) in keys {
                let corners = [(px(*x), px(y - 4.0)), (px(x + SQUARE.0), px(y + 5.0))];
                area.draw(&Rectangle::new(corners, ink.color().filled()))?;
                area.draw_text(name, &style, (px(x + SQUARE.0 + 4.0), px(y)))?;
            }
        }
        Ok(())
    }
}

/// As many decimals as a label needs; plotters chooses round values.
fn decimals(value: f64) -> usize {
    let is_whole = |value: f64| (value - value.round()).abs() < 1e-6;
    (0..3).find(|digits| is_whole(value * 10f64.powi(*digits))).unwrap_or(3) as usize
}

fn filled(outline: Points, ink: Ink) -> Polygon<(f64, f64)> {
    Polygon::new(outline, ink.color().filled())
}

/// Where keys stand, row by row: none runs out of the plot or into the next.
fn rows(keys: &[(Ink, &'static str)]) -> Vec<Vec<(f64, (Ink, &'static str))>> {
    let mut out: Vec<Vec<(f64, (Ink, &'static str))>> = Vec::new();
    let mut x = f64::INFINITY;
    for key in keys {
        let takes = SQUARE.1 + CHARACTER * key.1.chars().count() as f64;
        if x + takes > f64::from(WIDTH) {
            x = SIDES.0;
            out.push(Vec::new());
        }
        if let Some(row) = out.last_mut() {
            row.push((x, *key));
        }
        x += takes;
    }
    out
}

/// The outlines of what lies between two lines, one for each time in which they are apart.
fn runs(upper: &[(f64, f64)], lower: &[(f64, f64)]) -> Vec<Points> {
    let apart = |at: usize| match (upper.get(at), lower.get(at)) {
        (Some(upper), Some(lower)) => upper.1 > lower.1,
        _ => false,
    };
    let mut out = Vec::new();
    let mut from: Option<usize> = None;
    for at in 0..=upper.len() {
        // The ends of a run are the points where the lines still meet.
        if apart(at) {
            from = from.or(Some(at.saturating_sub(1)));
        } else if let Some(first) = from.take() {
            let last = at.min(upper.len().saturating_sub(1));
            let along = |line: &[(f64, f64)]| thinned(line.get(first..=last).unwrap_or_default());
            let mut outline = along(upper);
            outline.extend(along(lower).into_iter().rev());
            out.push(outline);
        }
    }
    out
}

/// The same line without points between two of the same height.
fn thinned(points: &[(f64, f64)]) -> Points {
    let flat = |at: usize| {
        let around = [at.checked_sub(1), Some(at), at.checked_add(1)]
            .map(|at| points.get(at?).map(|(_, y)| y.to_bits()));
        around.iter().all(|height| height.is_some() && *height == around[1])
    };
    points.iter().enumerate().filter(|(at, _)| !flat(*at)).map(|(_, point)| *point).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_stand_apart_and_inside_the_plot() {
        let names =
            ["queue full", "export refused", "at deadline", "in OnEnd at exit", "body not closed", "others"];
        let keys: Vec<(Ink, &'static str)> = names.map(|name| (Ink::Lost, name)).to_vec();
        let rows = rows(&keys);
        assert_eq!(rows.iter().flatten().map(|(_, (_, name))| *name).collect::<Vec<_>>(), names);
        for row in &rows {
            let end =
                |(x, (_, name)): &(f64, (Ink, &str))| x + SQUARE.0 + 4.0 + CHARACTER * name.len() as f64;
            assert!(row.windows(2).all(|pair| end(&pair[0]) < pair[1].0), "{row:?}", row = row.len());
            assert!(row.iter().all(|key| end(key) <= f64::from(WIDTH)));
        }
        assert!(rows.len() > 1);
    }

    /// The height of a line at a time.
    fn height(line: &[(f64, f64)], x: f64) -> f64 {
        let at = line.partition_point(|(other, _)| *other < x);
        let (after, before) = (line[at.min(line.len() - 1)], line[at.saturating_sub(1)]);
        if after.0 <= before.0 {
            after.1
        } else {
            before.1 + (after.1 - before.1) * (x - before.0) / (after.0 - before.0)
        }
    }

    proptest! {
        #[test]
        fn a_thinned_line_is_the_same_line(heights in prop::collection::vec(0_u8..3, 1..60)) {
            let line: Points = (0_u32..).zip(&heights).map(|(x, y)| (f64::from(x), f64::from(*y))).collect();
            let thin = thinned(&line);
            prop_assert!(thin.len() <= line.len());
            for (x, y) in &line {
                prop_assert!((height(&thin, *x) - y).abs() < 1e-9);
            }
        }

        #[test]
        fn runs_hold_every_time_at_which_lines_are_apart(heights in prop::collection::vec(0_u8..3, 1..60)) {
            let line = |of: fn(u8) -> f64| -> Points { (0_u32..).zip(&heights).map(|(x, y)| (f64::from(x), of(*y))).collect() };
            let (upper, lower) = (line(|y| f64::from(y) + 1.0), line(|y| if y == 0 { 1.0 } else { 0.0 }));
            let made = runs(&upper, &lower);
            for ((x, high), (_, low)) in upper.iter().zip(&lower) {
                let inside = made.iter().any(|run| run.contains(&(*x, *high)) || run.iter().any(|(a, _)| a < x) && run.iter().any(|(b, _)| b > x));
                prop_assert!(high <= low || inside, "{x}: {made:?}");
            }
            // None reaches further than to where the lines meet.
            prop_assert!(made.iter().all(|run| run.iter().filter(|(x, _)| heights[*x as usize] == 0).count() <= 4));
        }
    }
}
