//! Measured loss by variant beside what the capacity model predicts.

use plotters::element::{Circle, PathElement, Polygon};
use plotters::style::Color;
use plotters::style::text_anchor::HPos;
use spanfate_model::result::VariantResult;

use super::figure::{Area, Drawing, Drawn, WIDTH, bar, px, stroke, write};
use super::svg::Ink;
use crate::markup::Html;
use crate::text::fit::clip;
use crate::text::number::PAGE;
use crate::text::words;

const ROW: f64 = 46.0;
/// Room for the axis.
const FOOT: f64 = 30.0;
/// The axis ends before the edge, so that its last label fits.
const RIGHT: f64 = 16.0;
/// The axis begins a little inside, so that a mark at nothing is whole.
const LEFT: f64 = 5.0;
/// Where a bar lies in its row.
const BAR: (f64, f64) = (23.0, 33.0);
/// Where the dots of the trials lie in their row.
const DOTS: f64 = 39.0;

/// The plot over all variants.
pub(crate) fn loss(variants: &[VariantResult]) -> Html {
    let parts: Vec<String> = variants
        .iter()
        .map(|v| {
            let law = words::law(v.summary.predicted, PAGE);
            format!("{}: measured {}, capacity model {law}", v.name, words::loss(v, PAGE))
        })
        .collect();
    let figure = Drawing {
        key: "loss".to_owned(),
        title: "Measured and predicted loss by variant",
        description: format!("{}.", parts.join("; ")),
        height: (ROW * variants.len() as f64 + FOOT) as u32,
    };
    let end = axis_end(variants);
    figure.draw(|area| {
        axis(area, end, variants.len())?;
        variants.iter().enumerate().try_for_each(|(at, variant)| row(area, variant, end, ROW * at as f64))
    })
}

/// The end of the axis: the highest share that is drawn, rounded up to 1, 2 or 5.
fn axis_end(variants: &[VariantResult]) -> f64 {
    let drawn = variants.iter().flat_map(|variant| {
        let summary = &variant.summary;
        let trials = variant.trials.iter().map(|trial| trial.loss.rate);
        [Some(summary.loss.mean), summary.predicted, summary.loss.interval.map(|(_, high)| high)]
            .into_iter()
            .flatten()
            .chain(trials)
    });
    round_end(drawn)
}

/// The highest of some shares, rounded up to 1, 2, 4, 6, 8 or 10 of its decade.
pub(super) fn round_end(shares: impl Iterator<Item = f64>) -> f64 {
    let highest = shares.filter(|share| share.is_finite()).fold(0.0, f64::max).min(1.0);
    if highest <= 1e-6 {
        return 0.01;
    }
    let decade = 10f64.powf(highest.log10().floor());
    [1.0, 2.0, 4.0, 6.0, 8.0, 10.0]
        .map(|n| n * decade)
        .into_iter()
        .find(|end| *end >= highest)
        .unwrap_or(1.0)
        .min(1.0)
}

fn place(share: f64, end: f64) -> f64 {
    LEFT + (share / end).clamp(0.0, 1.0) * (f64::from(WIDTH) - LEFT - RIGHT)
}

fn axis(area: &Area<'_>, end: f64, rows: usize) -> Drawn {
    for tick in 0..=4 {
        let share = end * f64::from(tick) / 4.0;
        let x = place(share, end);
        // Only behind the bars: a line through the names would be hard to read.
        for top in (0..rows).map(|row| ROW * row as f64) {
            let line = [(px(x), px(top + BAR.0 - 2.0)), (px(x), px(top + BAR.1 + 2.0))];
            area.draw(&PathElement::new(line, stroke(Ink::Grid, 1.0)))?;
        }
        let anchor = match tick {
            0 => HPos::Left,
            4 => HPos::Right,
            _ => HPos::Center,
        };
        // The last one ends at the edge, wherever its tick is.
        let x = if tick == 4 { f64::from(WIDTH) } else { x };
        let percent = share * 100.0;
        let digits = [0, 1, 2, 3, 4].into_iter().find(|d| {
            let scaled = percent * 10f64.powi(*d);
            (scaled - scaled.round()).abs() < 1e-6
        });
        let label = format!("{}\u{202f}%", PAGE.fixed(percent, digits.unwrap_or(5) as usize));
        write(area, &label, Ink::Soft, (x, ROW * rows as f64 + 10.0), anchor)?;
    }
    Ok(())
}

fn row(area: &Area<'_>, variant: &VariantResult, end: f64, top: f64) -> Drawn {
    let summary = &variant.summary;
    let law = words::law(summary.predicted, PAGE);
    let doubt = if summary.loss.valid { "" } else { " (not valid)" };
    let figures = format!("{}{doubt} · model {law}", words::loss(variant, PAGE));
    let room = 55usize.saturating_sub(figures.chars().count()).clamp(10, 40);
    write(area, &clip(&variant.name, room), Ink::Text, (0.0, top + 9.0), HPos::Left)?;
    write(area, &figures, Ink::Text, (f64::from(WIDTH), top + 9.0), HPos::Right)?;
    let (high, low) = (top + BAR.0, top + BAR.1);
    let middle = f64::midpoint(high, low);
    bar(area, Ink::Lost, (LEFT, place(summary.loss.mean, end)), (high, low))?;
    if words::interval(&summary.loss, PAGE).is_some()
        && let Some((from, to)) = summary.loss.interval
    {
        beam(area, (place(from, end), place(to, end)), middle)?;
    }
    if variant.trials.len() > 1 {
        for trial in &variant.trials {
            let at = (px(place(trial.loss.rate, end)), px(top + DOTS));
            area.draw(&Circle::new(at, px(2.5), Ink::Trial.color().filled()))?;
        }
    }
    let Some(rate) = summary.predicted.filter(|rate| *rate > 0.0) else { return Ok(()) };
    let x = place(rate, end);
    area.draw(&PathElement::new([(px(x), px(high - 2.0)), (px(x), px(low + 2.0))], stroke(Ink::Law, 2.0)))?;
    let triangle = [(px(x - 4.0), px(high - 6.0)), (px(x + 4.0), px(high - 6.0)), (px(x), px(high))];
    area.draw(&Polygon::new(triangle, Ink::Law.color().filled()))
}

/// A line with ends.
fn beam(area: &Area<'_>, (from, to): (f64, f64), y: f64) -> Drawn {
    let ends = [from, to].map(|x| [(px(x), px(y - 4.0)), (px(x), px(y + 4.0))]);
    for line in [[(px(from), px(y)), (px(to), px(y))], ends[0], ends[1]] {
        area.draw(&PathElement::new(line, stroke(Ink::Interval, 1.5)))?;
    }
    Ok(())
}
