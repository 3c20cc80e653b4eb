//! Latency by percentile: x is `1 / (1 - p)` on a log scale, so that the tail has room.

use std::convert::Infallible;

use plotters::chart::ChartBuilder;
use plotters::coord::combinators::IntoLogRange;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::series::LineSeries;
use plotters::style::text_anchor::{HPos, VPos};
use spanfate_model::result::{Quantiles, VariantResult};

use super::figure::{Area, FONT, Figure, font, px, stroke};
use super::reading::{Axis, Reading};
use super::svg::Ink;
use crate::markup::Html;
use crate::number::PAGE;
use crate::words::maybe;

const HEIGHT: u32 = 230;
/// Most trials whose own curves are drawn.
const TRIALS: usize = 10;

/// The common axes of all variants' plots.
pub(crate) struct Percentiles {
    x: f64,
    y: (f64, f64),
}

impl Percentiles {
    /// Axes that hold all curves; `None` if there is none.
    pub(crate) fn over(variants: &[VariantResult]) -> Option<Self> {
        let mut x: f64 = 10.0;
        let mut y = (f64::INFINITY, 0.0f64);
        for (_, quantiles) in variants.iter().flat_map(curves) {
            for (at, ms) in points(quantiles) {
                x = x.max(at);
                y = (y.0.min(ms), y.1.max(ms));
            }
        }
        let decade = |ms: f64, round: fn(f64) -> f64| 10f64.powf(round(ms.log10()));
        (y.1 > 0.0 && y.0 > 0.0).then(|| {
            let (low, high) = (decade(y.0, f64::floor), decade(y.1, f64::ceil));
            Self { x: x * 1.05, y: (low, high.max(low * 10.0)) }
        })
    }

    /// The plot of a variant.
    pub(crate) fn draw(&self, variant: &VariantResult, at: usize) -> Html {
        let say = |quantiles: Option<&Quantiles>| {
            maybe(quantiles, |q| {
                format!("p50 {}, p99 {}, p99.9 {}", PAGE.ms(q.p50), PAGE.ms(q.p99), PAGE.ms(q.p999))
            })
        };
        let summary = &variant.summary;
        let figure = Figure {
            key: format!("slow-{at}"),
            title: &format!("Latency by percentile of {}", variant.name),
            description: format!(
                "Response: {}. Creation to receipt: {}.",
                say(summary.response.as_ref()),
                say(summary.delay.as_ref())
            ),
            height: HEIGHT,
        };
        figure.read(|area, readings| {
            readings.push(self.chart(area, variant)?);
            Ok(())
        })
    }

    fn chart(
        &self,
        area: &Area<'_>,
        variant: &VariantResult,
    ) -> Result<Reading, DrawingAreaErrorKind<Infallible>> {
        let mut chart = ChartBuilder::on(area)
            .margin_top(px(8.0))
            .margin_right(px(22.0))
            .x_label_area_size(px(24.0))
            .y_label_area_size(px(52.0))
            .build_cartesian_2d((1.0..self.x).log_scale(), (self.y.0..self.y.1).log_scale())?;
        chart
            .configure_mesh()
            .x_labels(5)
            .y_labels(6)
            .max_light_lines(0)
            .axis_style(stroke(Ink::Grid, 1.0))
            .bold_line_style(stroke(Ink::Grid, 1.0))
            .set_all_tick_mark_size(px(5.0))
            .x_label_style(font(Ink::Soft, FONT, HPos::Center, VPos::Top))
            .y_label_style(font(Ink::Soft, FONT, HPos::Right, VPos::Center))
            .x_label_formatter(&|x| percentile(*x))
            .y_label_formatter(&|ms| milliseconds(*ms))
            .draw()?;
        for ((ink, width), quantiles) in curves(variant) {
            chart.draw_series(LineSeries::new(points(quantiles), stroke(ink, width)))?;
        }
        let shares = Axis { ends: (1.0, self.x), log: true, unit: "percentile" };
        let times = Axis { ends: self.y, log: true, unit: "ms" };
        let names = [(Ink::Response, "response"), (Ink::Delay, "creation to receipt")];
        Ok(Reading::of(chart.plotting_area(), shares, times, &names))
    }
}

/// The curves of a variant, the faint ones of its trials first.
fn curves(variant: &VariantResult) -> Vec<((Ink, f64), &Quantiles)> {
    let mut out = Vec::new();
    if variant.trials.len() > 1 {
        for trial in variant.trials.iter().take(TRIALS) {
            out.extend(trial.load.response.as_ref().map(|q| ((Ink::ResponseTrial, 1.0), q)));
            out.extend(trial.delay.as_ref().map(|q| ((Ink::DelayTrial, 1.0), q)));
        }
    }
    out.extend(variant.summary.response.as_ref().map(|q| ((Ink::Response, 2.0), q)));
    out.extend(variant.summary.delay.as_ref().map(|q| ((Ink::Delay, 2.0), q)));
    out
}

/// The points of a curve; the largest value stands where its rank is.
fn points(quantiles: &Quantiles) -> Vec<(f64, f64)> {
    let end = (quantiles.count as f64).max(1.0);
    let mut out: Vec<(f64, f64)> = Vec::new();
    for (q, ms) in quantiles.curve.iter().filter(|(q, ms)| *ms > 0.0 && ms.is_finite() && *q >= 0.0) {
        let x = if *q < 1.0 { (1.0 / (1.0 - q)).min(end) } else { end };
        out.push((x, *ms));
    }
    out
}

fn percentile(x: f64) -> String {
    let p = 100.0 * (1.0 - 1.0 / x);
    let decimals = (x.log10().round() as usize).saturating_sub(2);
    format!("{p:.decimals$}\u{202f}%")
}

fn milliseconds(ms: f64) -> String {
    if ms >= 999.0 {
        format!("{}\u{202f}s", PAGE.fixed(ms / 1000.0, 0))
    } else if ms < 0.009 {
        format!("{}\u{202f}µs", PAGE.fixed(ms * 1000.0, 0))
    } else {
        let decimals = if ms < 0.09 { 2 } else { usize::from(ms < 0.9) };
        format!("{}\u{202f}ms", PAGE.fixed(ms, decimals))
    }
}
