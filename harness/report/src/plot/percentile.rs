//! Latency by percentile: x is `1 / (1 - p)` on a log scale, so that the tail has room.

use plotters::element::{PathElement, Polygon};
use plotters::style::Color;
use plotters::style::text_anchor::HPos;
use spanfate_model::result::{Basis, Quantiles, TrialResult, VariantResult};

use super::figure::{Area, Drawing, Drawn, px, stroke, write};
use super::reading::{Reading, ReadingAxis};
use super::scale::{Scale, digits};
use super::svg::Ink;
use crate::markup::Html;
use crate::text::number::PAGE;
use crate::text::words::maybe;

const HEIGHT: u32 = 236;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 386.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 192.0;
/// Fewest trials that make a band; of fewer each has its own faint curve.
const BAND: usize = 3;
/// Percentiles with a label, by `1 / (1 - p)`.
const LABELS: [(f64, &str); 6] =
    [(2.0, "p50"), (10.0, "p90"), (100.0, "p99"), (1e3, "p99.9"), (1e4, "p99.99"), (1e5, "p99.999")];

/// A distribution of a trial.
type Pick = fn(&TrialResult) -> Option<&Quantiles>;

/// The curves of a variant.
const RESPONSE: Pick = |trial| trial.load.response.as_ref();
const DELAY: Pick = |trial| trial.delay.as_ref();
const SERVICE: Pick = |trial| trial.load.service.as_ref();

/// The common axes of all variants' plots.
pub(crate) struct Percentiles {
    x: f64,
    y: Scale,
}

/// What the lines are called where their values are read.
const NAMES: [(Ink, &str); 3] =
    [(Ink::Response, "response"), (Ink::Service, "service"), (Ink::Delay, "creation to receipt")];

impl Percentiles {
    /// Axes that hold all curves; `None` if there is none.
    pub(crate) fn over(variants: &[VariantResult]) -> Option<Self> {
        let mut x: f64 = 10.0;
        let mut y = (f64::INFINITY, 0.0f64);
        for (_, curve) in variants.iter().flat_map(curves) {
            for (at, ms) in curve {
                x = x.max(at);
                y = (y.0.min(ms), y.1.max(ms));
            }
        }
        for (_, low, high) in variants.iter().flat_map(bands).flat_map(|(_, band)| band) {
            y = (y.0.min(low), y.1.max(high));
        }
        (y.1 > 0.0 && y.0 > 0.0).then(|| Self { x: x * 1.05, y: Scale::decades(y.0, y.1) })
    }

    /// The plot of a variant.
    pub(crate) fn draw(&self, variant: &VariantResult, at: usize) -> Html {
        let say = |quantiles: Option<&Quantiles>| {
            maybe(quantiles, |q| {
                format!("p50 {}, p99 {}, p99.9 {}", PAGE.ms(q.p50), PAGE.ms(q.p99), PAGE.ms(q.p999))
            })
        };
        let summary = &variant.summary;
        let figure = Drawing {
            key: format!("slow-{at}"),
            title: &format!("Latency by percentile of {}", variant.name),
            description: format!(
                "Response: {}. Creation to receipt: {}. Service: {}. Both axes are logarithmic.",
                say(summary.response.as_ref()),
                say(summary.delay.as_ref()),
                say(median(variant, SERVICE))
            ),
            height: HEIGHT,
        };
        figure.read(|area, readings| {
            let shares = ReadingAxis { ends: (1.0, self.x), log: true, unit: "percentile" };
            let times = ReadingAxis { ends: self.y.ends(), log: true, unit: "ms" };
            readings.push(Reading::at(((LEFT, RIGHT), (TOP, BOTTOM)), shares, times, &NAMES));
            self.chart(area, variant)
        })
    }

    fn chart(&self, area: &Area<'_>, variant: &VariantResult) -> Drawn {
        self.axes(area)?;
        let place = |x: f64, ms: f64| (px(self.across(x)), px(self.down(ms)));
        for (ink, band) in bands(variant) {
            let upper = band.iter().map(|(x, _, high)| place(*x, *high));
            let lower = band.iter().rev().map(|(x, low, _)| place(*x, *low));
            area.draw(&Polygon::new(upper.chain(lower).collect::<Vec<_>>(), ink.color().filled()))?;
        }
        for ((ink, width), curve) in curves(variant) {
            let points: Vec<(i32, i32)> = curve.into_iter().map(|(x, ms)| place(x, ms)).collect();
            area.draw(&PathElement::new(points, stroke(ink, width)))?;
        }
        Ok(())
    }

    fn across(&self, x: f64) -> f64 {
        LEFT + (x.max(1.0).ln() / self.x.ln()).clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    fn down(&self, ms: f64) -> f64 {
        BOTTOM - self.y.place(ms) * (BOTTOM - TOP)
    }

    fn axes(&self, area: &Area<'_>) -> Drawn {
        write(area, "ms, logarithmic", Ink::Soft, (0.0, 8.0), HPos::Left)?;
        for tick in self.y.ticks() {
            let y = self.down(tick);
            area.draw(&PathElement::new([(px(LEFT), px(y)), (px(RIGHT), px(y))], stroke(Ink::Grid, 1.0)))?;
            write(area, &PAGE.fixed(tick, digits(tick)), Ink::Soft, (LEFT - 6.0, y), HPos::Right)?;
        }
        let shown = LABELS.iter().filter(|(x, _)| *x <= self.x);
        for (at, name) in shown {
            let x = self.across(*at);
            area.draw(&PathElement::new([(px(x), px(TOP)), (px(x), px(BOTTOM))], stroke(Ink::Grid, 1.0)))?;
            write(area, name, Ink::Soft, (x, BOTTOM + 13.0), HPos::Center)?;
        }
        write(area, "percentile, the tail stretched", Ink::Soft, (RIGHT, BOTTOM + 32.0), HPos::Right)
    }
}

/// The distribution of the trial whose p99 is the median.
pub(crate) fn median(
    variant: &VariantResult,
    pick: impl Fn(&TrialResult) -> Option<&Quantiles>,
) -> Option<&Quantiles> {
    let mut all: Vec<&Quantiles> = variant.trials.iter().filter_map(pick).collect();
    all.sort_by(|a, b| a.p99.total_cmp(&b.p99));
    all.get(all.len().saturating_sub(1) / 2).copied()
}

/// Points of a curve: place and milliseconds.
type PercentileCurve = Vec<(f64, f64)>;
/// A band: place, lowest and highest milliseconds.
type Band = Vec<(f64, f64, f64)>;

/// The curves of a variant, the faint ones of its trials first.
fn curves(variant: &VariantResult) -> Vec<((Ink, f64), PercentileCurve)> {
    let mut out = Vec::new();
    if (2..BAND).contains(&variant.trials.len()) {
        for trial in &variant.trials {
            out.extend(RESPONSE(trial).map(|q| ((Ink::ResponseTrial, 1.0), points(q))));
            out.extend(DELAY(trial).map(|q| ((Ink::DelayTrial, 1.0), points(q))));
        }
    }
    out.extend(variant.summary.response.as_ref().map(|q| ((Ink::Response, 2.0), points(q))));
    out.extend(median(variant, SERVICE).map(|q| ((Ink::Service, 1.5), points(q))));
    out.extend(variant.summary.delay.as_ref().map(|q| ((Ink::Delay, 2.0), points(q))));
    out
}

/// The points of a curve; the largest value stands where its rank is.
fn points(quantiles: &Quantiles) -> PercentileCurve {
    let end = (quantiles.count as f64).max(1.0);
    let mut out: PercentileCurve = Vec::new();
    for (q, ms) in quantiles.curve.iter().filter(|(q, ms)| *ms > 0.0 && ms.is_finite() && *q >= 0.0) {
        let x = if *q < 1.0 { (1.0 / (1.0 - q)).min(end) } else { end };
        out.push((x, *ms));
    }
    out
}

/// From the lowest to the highest of the trials, by place: of response and of delay, where there are trials enough.
fn bands(variant: &VariantResult) -> Vec<(Ink, Band)> {
    [(Ink::ResponseBand, Basis::Latency, RESPONSE), (Ink::DelayBand, Basis::Loss, DELAY)]
        .into_iter()
        .filter_map(|(ink, figure, pick)| Some((ink, band(variant, figure, pick)?)))
        .collect()
}

/// The band over the trials that are valid for a figure.
fn band(variant: &VariantResult, figure: Basis, pick: Pick) -> Option<Band> {
    let valid = variant.trials.iter().filter(|trial| trial.is_valid(figure));
    let all: Vec<&Quantiles> = valid.filter_map(pick).collect();
    let (first, _) = all.split_first().filter(|_| all.len() >= BAND)?;
    // Beyond the smallest trial's own size there is nothing to compare.
    let end = all.iter().map(|q| q.count).min().unwrap_or_default() as f64;
    let places = first.curve.iter().map(|(q, _)| *q).filter(|q| *q < 1.0 && 1.0 / (1.0 - q) <= end);
    let band: Band = places
        .filter_map(|q| {
            let values = all.iter().filter_map(|one| at(one, q)).filter(|ms| *ms > 0.0 && ms.is_finite());
            let (low, high) =
                values.fold((f64::INFINITY, 0.0f64), |(low, high), ms| (low.min(ms), high.max(ms)));
            (low <= high).then_some((1.0 / (1.0 - q), low, high))
        })
        .collect();
    (band.len() > 1).then_some(band)
}

/// The value at a quantile, between the points of a curve in proportion.
fn at(quantiles: &Quantiles, q: f64) -> Option<f64> {
    let after = quantiles.curve.iter().position(|(at, _)| *at >= q)?;
    let (to, high) = *quantiles.curve.get(after)?;
    match after.checked_sub(1).and_then(|before| quantiles.curve.get(before)) {
        Some((from, low)) if to > q => Some(low + (high - low) * (q - from) / (to - from)),
        _ => Some(high),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_between_two_points_lies_between_theirs() {
        let q = Quantiles { curve: vec![(0.0, 1.0), (0.5, 3.0), (1.0, 7.0)], ..Quantiles::default() };
        let found = [0.0, 0.25, 0.5, 0.75, 1.0].map(|at_q| at(&q, at_q));
        assert_eq!(found, [1.0, 2.0, 3.0, 5.0, 7.0].map(Some));
        assert_eq!(at(&Quantiles::default(), 0.5), None);
    }
}
