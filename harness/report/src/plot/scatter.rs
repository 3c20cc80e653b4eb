//! Loss against something else, a mark per configuration. No loss has a place of its own beside the logarithmic axis.

use plotters::element::{Circle, PathElement, Polygon};
use plotters::style::Color;
use plotters::style::text_anchor::HPos;

use super::figure::{Area, Drawing, Drawn, WIDTH, px, stroke, write};
use super::label::Labels;
use super::scale::{Scale, digits};
use super::svg::Ink;
use crate::markup::Html;
use crate::text::number::PAGE;

const HEIGHT: u32 = 230;
/// The part of the figure in which marks lie.
const LEFT: f64 = 52.0;
const RIGHT: f64 = 384.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 190.0;
/// Where no loss lies, where the axis is broken, and where its logarithmic part begins.
const NOTHING: f64 = 70.0;
const BREAK: f64 = 94.0;
const BEGIN: f64 = 124.0;
/// Half the size of a mark.
const MARK: f64 = 5.0;

/// A configuration.
pub(crate) struct Point {
    /// Loss rate.
    pub(crate) loss: f64,
    /// The other figure.
    pub(crate) other: f64,
    /// Its number, if nothing beats it.
    pub(crate) number: Option<usize>,
}

/// The plot.
pub(crate) struct Scatter<'a> {
    /// Unique within the page.
    pub(crate) key: &'static str,
    /// What the other figure is, with its unit.
    pub(crate) other: &'static str,
    pub(crate) description: String,
    pub(crate) points: &'a [Point],
}

impl Scatter<'_> {
    /// Draws it.
    pub(crate) fn draw(&self) -> Html {
        let figure = Drawing {
            key: self.key.to_owned(),
            title: &format!("Loss and {}", self.other),
            description: self.description.clone(),
            height: HEIGHT,
        };
        figure.draw(|area| self.chart(area))
    }

    fn chart(&self, area: &Area<'_>) -> Drawn {
        let y = Scale::over(self.points.iter().map(|point| point.other));
        let name = format!("{}{}", self.other, if y.is_log() { ", logarithmic" } else { "" });
        write(area, &name, Ink::Soft, (0.0, 8.0), HPos::Left)?;
        let down = |value: f64| BOTTOM - y.place(value) * (BOTTOM - TOP);
        for tick in y.ticks() {
            let line = [(px(LEFT), px(down(tick))), (px(RIGHT), px(down(tick)))];
            area.draw(&PathElement::new(line, stroke(Ink::Grid, 1.0)))?;
            write(area, &PAGE.fixed(tick, digits(tick)), Ink::Soft, (LEFT - 6.0, down(tick)), HPos::Right)?;
        }
        let x = self.lost();
        axis(area, x)?;
        let place = |point: &Point| (across(x, point.loss), down(point.other));
        for point in self.points.iter().filter(|point| point.number.is_none()) {
            let at = place(point);
            area.draw(&Circle::new((px(at.0), px(at.1)), px(3.0), stroke(Ink::Beaten, 1.25)))?;
        }
        let best: Vec<&Point> = self.points.iter().filter(|point| point.number.is_some()).collect();
        let mut labels = Labels::new((LEFT, f64::from(WIDTH)), (TOP - 10.0, BOTTOM + 4.0));
        for point in &best {
            let (x, y) = place(point);
            let corners = [(x - MARK, y), (x, y - MARK), (x + MARK, y), (x, y + MARK)];
            let corners = corners.map(|(x, y)| (px(x), px(y)));
            area.draw(&Polygon::new(corners, Ink::Best.color().filled()))?;
            labels.keep_off((x, y), MARK);
        }
        for point in best {
            let text = point.number.unwrap_or_default().to_string();
            let at = labels.place(place(point), MARK, text.len());
            write(area, &text, Ink::Text, at, HPos::Center)?;
        }
        Ok(())
    }

    /// The logarithmic part of the axis of loss, if anything is lost.
    fn lost(&self) -> Option<Scale> {
        let lost = self.points.iter().map(|point| point.loss).filter(|loss| *loss > 0.0 && loss.is_finite());
        let low = lost.fold(f64::INFINITY, f64::min);
        low.is_finite().then(|| Scale::decades(low.max(1e-7), 1.0))
    }
}

/// The axis of loss.
fn axis(area: &Area<'_>, scale: Option<Scale>) -> Drawn {
    let foot = |from: f64, to: f64| {
        PathElement::new([(px(from), px(BOTTOM)), (px(to), px(BOTTOM))], stroke(Ink::Soft, 1.0))
    };
    let Some(scale) = scale else {
        area.draw(&foot(LEFT, RIGHT))?;
        let middle = (across(None, 0.0), BOTTOM + 12.0);
        return write(area, "no loss", Ink::Soft, middle, HPos::Center);
    };
    write(area, "none", Ink::Soft, (NOTHING, BOTTOM + 12.0), HPos::Center)?;
    area.draw(&foot(LEFT, BREAK - 3.0))?;
    for at in [BREAK - 3.0, BREAK + 3.0] {
        let line = [(px(at - 2.0), px(BOTTOM + 5.0)), (px(at + 2.0), px(BOTTOM - 5.0))];
        area.draw(&PathElement::new(line, stroke(Ink::Soft, 1.0)))?;
    }
    area.draw(&foot(BREAK + 3.0, RIGHT))?;
    let ticks = scale.ticks();
    // At most five labels fit.
    let every = ticks.len().div_ceil(5);
    for (at, tick) in ticks.iter().rev().enumerate() {
        let x = across(Some(scale), *tick);
        let line = [(px(x), px(TOP)), (px(x), px(BOTTOM))];
        area.draw(&PathElement::new(line, stroke(Ink::Grid, 1.0)))?;
        if at.is_multiple_of(every) {
            let percent = tick * 100.0;
            let text = format!("{}\u{202f}%", PAGE.fixed(percent, digits(percent)));
            let anchor = if at == 0 { HPos::Right } else { HPos::Center };
            write(area, &text, Ink::Soft, (if at == 0 { RIGHT + 14.0 } else { x }, BOTTOM + 12.0), anchor)?;
        }
    }
    write(area, "loss, logarithmic", Ink::Soft, (RIGHT + 14.0, BOTTOM + 29.0), HPos::Right)
}

fn across(scale: Option<Scale>, loss: f64) -> f64 {
    match scale {
        Some(scale) if loss > 0.0 => BEGIN + scale.place(loss) * (RIGHT - BEGIN),
        Some(_) => NOTHING,
        // There is no other place.
        None => f64::midpoint(LEFT, RIGHT),
    }
}
