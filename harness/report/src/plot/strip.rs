//! Every trial of a baseline and a candidate as a dot, pairs joined, and beside them the effect with its interval.

use plotters::element::{Circle, PathElement, Rectangle};
use plotters::style::Color;
use plotters::style::text_anchor::HPos;
use spanfate_model::result::{Compared, ComparedBy};
use spanfate_model::scenario::figure::Figure as Figured;

use super::figure::{Area, Drawing, Drawn, WIDTH, px, stroke, write};
use super::scale::{Scale, digits};
use super::svg::Ink;
use crate::figures::compared;
use crate::markup::Html;
use crate::text::number::PAGE;

const HEIGHT: u32 = 214;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 186.0;
/// Characters of a label beside the strip.
const ROOM: usize = 9;
/// The strip: its edges, and where baseline and candidate stand.
const STRIP: (f64, f64) = (62.0, 224.0);
const ARMS: (f64, f64) = (100.0, 186.0);
/// The effect: its edges; labels stand on its right.
const EFFECT: (f64, f64) = (262.0, 336.0);

/// The plot of a figure of a comparison.
pub(crate) fn strip(row: &Compared, at: usize) -> Html {
    let [figure, baseline, candidate, effect, interval, ..] = compared::cells(row, PAGE);
    let n = PAGE.counted(row.baseline.len().min(row.candidate.len()) as u64, "pair", "pairs");
    let what = if row.way == ComparedBy::Paired { n } else { format!("{n} of trials at different times") };
    let plot = Drawing {
        key: format!("change-{at}"),
        title: &format!("{figure} of baseline and candidate"),
        description: format!(
            "{what}. Mean of the baseline {baseline}, of the candidate {candidate}; change {effect}, 95 % interval {interval}, \
             smallest change that matters {}.",
            compared::size(row, row.smallest, PAGE)
        ),
        height: HEIGHT,
    };
    plot.draw(|area| {
        trials(area, row)?;
        change(area, row)
    })
}

/// Values as they are drawn, and how many of the figure's units one of them is: memory in MiB, so that ticks are round.
fn unit(row: &Compared) -> f64 {
    if row.figure.is(&Figured::MemoryPeak) { 1_048_576.0 } else { 1.0 }
}

/// A tick's label.
fn label(row: &Compared, tick: f64) -> String {
    if unit(row) > 1.0 {
        format!("{}\u{202f}MiB", PAGE.fixed(tick, digits(tick)))
    } else {
        let text = compared::value(row, tick, PAGE);
        // There is room for seven digits.
        if text.chars().count() > ROOM { PAGE.scaled(tick) } else { text }
    }
}

fn down(scale: Scale, value: f64) -> f64 {
    BOTTOM - scale.place(value) * (BOTTOM - TOP)
}

fn trials(area: &Area<'_>, row: &Compared) -> Drawn {
    let arm = |values: &[f64]| values.iter().map(|value| value / unit(row)).collect::<Vec<f64>>();
    let (baseline, candidate) = (arm(&row.baseline), arm(&row.candidate));
    let all = || baseline.iter().chain(&candidate).copied().filter(|value| value.is_finite());
    let (low, high) =
        all().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    write(area, "each trial", Ink::Soft, (0.0, 9.0), HPos::Left)?;
    for (x, name) in [(ARMS.0, "baseline"), (ARMS.1, "candidate")] {
        write(area, name, Ink::Soft, (x, BOTTOM + 16.0), HPos::Center)?;
    }
    if low > high {
        let middle = (f64::midpoint(STRIP.0, STRIP.1), f64::midpoint(TOP, BOTTOM));
        return write(area, "no valid trial", Ink::Soft, middle, HPos::Center);
    }
    let scale = Scale::between(low, high);
    for tick in scale.ticks() {
        let y = down(scale, tick);
        let line = [(px(STRIP.0), px(y)), (px(STRIP.1), px(y))];
        area.draw(&PathElement::new(line, stroke(Ink::Grid, 1.0)))?;
        write(area, &label(row, tick), Ink::Soft, (STRIP.0 - 5.0, y), HPos::Right)?;
    }
    if row.way == ComparedBy::Paired {
        for (one, other) in baseline.iter().zip(&candidate) {
            let line = [(px(ARMS.0), px(down(scale, *one))), (px(ARMS.1), px(down(scale, *other)))];
            area.draw(&PathElement::new(line, stroke(Ink::Trial, 1.0)))?;
        }
    }
    for (x, values) in [(ARMS.0, &baseline), (ARMS.1, &candidate)] {
        for value in values {
            area.draw(&Circle::new((px(x), px(down(scale, *value))), px(3.0), Ink::Text.color().filled()))?;
        }
    }
    Ok(())
}

fn change(area: &Area<'_>, row: &Compared) -> Drawn {
    let known = [row.effect, row.interval.map(|ends| ends.0), row.interval.map(|ends| ends.1)];
    let bounds = [-row.smallest, row.smallest].into_iter().chain(known.into_iter().flatten());
    let (low, high) = bounds
        .filter(|value| value.is_finite())
        .fold((0.0f64, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
    let scale = Scale::between(low, high);
    write(area, "change, 95 % interval", Ink::Soft, (EFFECT.0 - 12.0, 9.0), HPos::Left)?;
    let corners =
        [(px(EFFECT.0), px(down(scale, row.smallest))), (px(EFFECT.1), px(down(scale, -row.smallest)))];
    area.draw(&Rectangle::new(corners, Ink::Band.color().filled()))?;
    for tick in scale.ticks() {
        let (y, ink) = (down(scale, tick), if tick == 0.0 { Ink::Soft } else { Ink::Grid });
        let line = [(px(EFFECT.0), px(y)), (px(EFFECT.1), px(y))];
        area.draw(&PathElement::new(line, stroke(ink, 1.0)))?;
        let text = if tick == 0.0 { "none".to_owned() } else { compared::effect(row, tick, PAGE) };
        write(area, &text, Ink::Soft, (f64::from(WIDTH), y), HPos::Right)?;
    }
    let middle = f64::midpoint(EFFECT.0, EFFECT.1);
    if let Some((from, to)) = row.interval {
        let (from, to) = (down(scale, from), down(scale, to));
        area.draw(&PathElement::new(
            [(px(middle), px(from)), (px(middle), px(to))],
            stroke(Ink::Interval, 2.0),
        ))?;
        for y in [from, to] {
            let end = [(px(middle - 5.0), px(y)), (px(middle + 5.0), px(y))];
            area.draw(&PathElement::new(end, stroke(Ink::Interval, 2.0)))?;
        }
    }
    match row.effect.filter(|effect| effect.is_finite()) {
        Some(effect) => area.draw(&Circle::new(
            (px(middle), px(down(scale, effect))),
            px(4.0),
            Ink::Interval.color().filled(),
        )),
        None => write(area, "not known", Ink::Text, (middle, BOTTOM + 16.0), HPos::Center),
    }
}
