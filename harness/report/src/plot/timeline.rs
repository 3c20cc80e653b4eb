//! A trial in time: rates above, the queue below, one time axis.

use plotters::chart::ChartBuilder;
use plotters::element::{PathElement, Rectangle};
use plotters::series::{AreaSeries, LineSeries};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};
use spanfate_model::plan::Plan;
use spanfate_model::result::{Slice, TrialResult, VariantResult};

use super::buckets::Buckets;
use super::figure::{Area, Drawn, FONT, Figure, font, px, stroke};
use super::shade::Shades;
use super::svg::Ink;
use crate::faults::rows_of;
use crate::markup::Html;
use crate::number::PAGE;

const HEIGHT: u32 = 290;
/// Height of the upper chart.
const UPPER: f64 = 165.0;
/// Width of the value axis, and of what is free right of the charts.
pub(super) const SIDES: (f64, f64) = (52.0, 14.0);
/// Most points of a line.
const POINTS: usize = 300;

/// A count of a slice.
type Pick = fn(&Slice) -> u64;

/// The common axes of all timelines.
pub(crate) struct Timelines<'a> {
    end: f64,
    rate: f64,
    plan: &'a Plan,
}

impl<'a> Timelines<'a> {
    /// Axes that hold the shown trials.
    pub(crate) fn over(trials: &[(&VariantResult, &TrialResult)], plan: &'a Plan) -> Self {
        let mut axes = Self { end: 0.0, rate: 1.0, plan };
        for (_, trial) in trials {
            axes.end = axes.end.max(axes.measured(trial).1);
            let buckets = Buckets::of(trial, POINTS);
            for slice in &buckets.slices {
                axes.end = axes.end.max(slice.at_ms / 1000.0 + buckets.seconds);
                let most = slice.created.max(slice.received).max(slice.lost);
                axes.rate = axes.rate.max(most as f64 / buckets.seconds);
            }
        }
        axes
    }

    /// Begin and end of a trial's measured part, seconds. A closed load is measured from its beginning to its end.
    fn measured(&self, trial: &TrialResult) -> (f64, f64) {
        let planned = self.plan.trials.iter().find(|planned| planned.index == trial.index);
        let load = planned.map_or(&self.plan.load, |planned| self.plan.load_of_trial(planned));
        let begin = load.warmup.seconds();
        match load.closed {
            Some(_) => (begin, trial.load.started as f64 / trial.load.achieved.max(1e-9)),
            None => (begin, begin + load.lasting.seconds()),
        }
    }

    /// The timeline of one trial of a variant.
    pub(crate) fn draw(&self, variant: &VariantResult, trial: &TrialResult, at: usize) -> Html {
        let queue = trial.timeline.iter().map(|slice| slice.queue).max().unwrap_or_default();
        let lost: u64 = trial.timeline.iter().map(|slice| slice.lost).sum();
        let shades = Shades::of(self.plan, variant, trial, self.end);
        let acting = self.acting(variant, trial);
        let figure = Figure {
            key: format!("time-{at}"),
            title: &format!("Timeline of {}", variant.name),
            description: format!(
                "Spans created, received and lost per second over {} s, and the queue below. Lost: {}; longest queue: {} spans.{}",
                PAGE.fixed(self.end, 1),
                PAGE.count(lost),
                PAGE.count(queue),
                shaded(&acting)
            ),
            height: HEIGHT,
        };
        let buckets = Buckets::of(trial, POINTS);
        figure.draw(|area| {
            let (upper, lower) = area.split_vertically(px(UPPER));
            self.rates(&upper, &buckets, self.measured(trial), &shades)?;
            let queue = trial.effective.as_ref().map_or(0, |effective| effective.queue);
            self.queue(&lower, &buckets, queue, &shades)
        })
    }

    /// The faults of a trial in words, each with the number it has in the plot.
    pub(crate) fn acting(&self, variant: &VariantResult, trial: &TrialResult) -> Vec<String> {
        let mut rows = rows_of(self.plan, variant, &[trial]);
        rows.sort_by_key(|row| row.number);
        let words = rows.iter().filter(|row| row.happened().is_some());
        words.map(|row| format!("{}: {} {}", row.number + 1, row.what(), row.when(PAGE))).collect()
    }

    fn rates(&self, area: &Area<'_>, buckets: &Buckets, measured: (f64, f64), shades: &Shades) -> Drawn {
        let top = self.rate * 1.08;
        let mut chart = ChartBuilder::on(area)
            .margin_top(px(20.0))
            .margin_right(px(SIDES.1))
            .margin_bottom(px(8.0))
            .y_label_area_size(px(SIDES.0))
            .build_cartesian_2d(0.0..self.end, 0.0..top)?;
        chart.draw_series([Rectangle::new(
            [(measured.0, 0.0), (measured.1.min(self.end), top)],
            Ink::Band.color().filled(),
        )])?;
        shades.draw(&mut chart, top)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(0)
            .y_labels(4)
            .max_light_lines(0)
            .axis_style(stroke(Ink::Grid, 1.0))
            .bold_line_style(stroke(Ink::Grid, 1.0))
            .set_all_tick_mark_size(px(5.0))
            .y_label_style(font(Ink::Soft, FONT, HPos::Right, VPos::Center))
            .y_label_formatter(&|rate| PAGE.fixed(*rate, 0))
            .draw()?;
        let series: [(Ink, f64, Pick); 3] = [
            (Ink::Created, 4.0, |slice| slice.created),
            (Ink::Received, 1.75, |slice| slice.received),
            (Ink::Lost, 2.0, |slice| slice.lost),
        ];
        for (ink, width, pick) in series {
            chart.draw_series(LineSeries::new(
                buckets.line(|slice| pick(slice) as f64 / buckets.seconds),
                stroke(ink, width),
            ))?;
        }
        shades.number(area)?;
        area.draw_text("spans/s", &font(Ink::Soft, FONT, HPos::Left, VPos::Center), (0, px(8.0)))
    }

    fn queue(&self, area: &Area<'_>, buckets: &Buckets, capacity: u32, shades: &Shades) -> Drawn {
        let longest = buckets.slices.iter().map(|slice| slice.queue).max().unwrap_or_default();
        let top = (longest as f64 * 1.15).max(4.0);
        let mut chart = ChartBuilder::on(area)
            .margin_top(px(20.0))
            .margin_right(px(SIDES.1))
            .x_label_area_size(px(22.0))
            .y_label_area_size(px(SIDES.0))
            .build_cartesian_2d(0.0..self.end, 0.0..top)?;
        shades.draw(&mut chart, top)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(8)
            .y_labels(3)
            .max_light_lines(0)
            .axis_style(stroke(Ink::Grid, 1.0))
            .bold_line_style(stroke(Ink::Grid, 1.0))
            .set_all_tick_mark_size(px(5.0))
            .x_label_style(font(Ink::Soft, FONT, HPos::Center, VPos::Top))
            .y_label_style(font(Ink::Soft, FONT, HPos::Right, VPos::Center))
            .x_label_formatter(&|s| format!("{}\u{202f}s", PAGE.fixed(*s, usize::from(s.fract() > 0.01))))
            .y_label_formatter(&|n| PAGE.fixed(*n, 0))
            .draw()?;
        let line = buckets.line(|slice| slice.queue as f64);
        chart.draw_series(AreaSeries::new(line, 0.0, Ink::Queue.color().filled()))?;
        let capacity = f64::from(capacity);
        if capacity > 0.0 && capacity <= top {
            let across = [(0.0, capacity), (self.end, capacity)];
            chart.draw_series([PathElement::new(across, stroke(Ink::Capacity, 1.5))])?;
        }
        area.draw_text("queue, spans", &font(Ink::Soft, FONT, HPos::Left, VPos::Center), (0, px(8.0)))
    }
}

/// What is shaded, for people who do not see it.
fn shaded(acting: &[String]) -> String {
    /// Most faults that are read out; the table has all.
    const SAID: usize = 8;
    let (said, more) = acting.split_at(acting.len().min(SAID));
    let more = if more.is_empty() { String::new() } else { format!("; and {} more", more.len()) };
    if said.is_empty() { String::new() } else { format!(" Faults, shaded: {}{more}.", said.join("; ")) }
}
