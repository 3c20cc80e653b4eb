//! Loss over the offered rate: every trial, the means, the law, and between which rates loss begins.

use plotters::element::{Circle, PathElement, Rectangle};
use plotters::style::Color;
use plotters::style::text_anchor::HPos;
use spanfate_model::result::Begin;

use super::figure::{Area, Drawing, Drawn, px, stroke, write};
use super::label::Labels;
use super::scale::{Scale, digits};
use super::svg::Ink;
use crate::figures::knee::KneeLine;
use crate::markup::Html;
use crate::text::number::PAGE;
use crate::text::words;

const HEIGHT: u32 = 236;
const LEFT: f64 = 50.0;
const RIGHT: f64 = 386.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 192.0;
/// Most places that are numbered.
const NUMBERED: usize = 16;

/// The plot of a configuration.
pub(crate) struct Knee<'a> {
    pub(crate) key: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) line: &'a KneeLine<'a>,
    /// Whether the axis is a share of the ceiling; then the places are variants, which get numbers.
    pub(crate) by_share: bool,
}

impl Knee<'_> {
    /// Draws it.
    pub(crate) fn draw(&self) -> Html {
        let figure = Drawing {
            key: self.key.clone(),
            title: &self.title,
            description: self.description.clone(),
            height: HEIGHT,
        };
        figure.draw(|area| self.chart(area))
    }

    fn chart(&self, area: &Area<'_>) -> Drawn {
        let line = self.line;
        let ceiling = line.ceiling.map(|(x, _)| x);
        let last = line.places.last().map_or(1.0, |place| place.x);
        // A ceiling far beyond what was asked for would leave the points no room.
        let ceiling = ceiling.filter(|x| self.by_share || *x <= last * 1.5);
        let x = Scale::between(0.0, last.max(ceiling.unwrap_or_default()));
        let losses = line.places.iter().flat_map(|place| place.trials().map(|(loss, _)| loss));
        let highest = losses.chain(line.law.iter().map(|(_, loss)| *loss)).filter(|loss| loss.is_finite());
        let y = Scale::between(0.0, highest.fold(0.0, f64::max).max(0.01) * 100.0);
        let across = |value: f64| LEFT + x.place(value) * (RIGHT - LEFT);
        let down = |loss: f64| BOTTOM - y.place(loss * 100.0) * (BOTTOM - TOP);
        if let Begin::Between(from, to) = line.begin {
            let corners = [(px(across(from)), px(TOP)), (px(across(to)), px(BOTTOM))];
            area.draw(&Rectangle::new(corners, Ink::Band.color().filled()))?;
        }
        self.axes(area, x, y)?;
        let law: Vec<(i32, i32)> =
            line.law.iter().map(|(x, loss)| (px(across(*x)), px(down(*loss)))).collect();
        area.draw(&PathElement::new(law, stroke(Ink::Law, 1.25)))?;
        if let Some(ceiling) = ceiling {
            let at = px(across(ceiling));
            area.draw(&PathElement::new(
                [(at, px(TOP - 4.0)), (at, px(BOTTOM))],
                stroke(Ink::Capacity, 1.5),
            ))?;
        }
        self.marks(area, &across, &down)
    }

    fn axes(&self, area: &Area<'_>, x: Scale, y: Scale) -> Drawn {
        write(area, "loss", Ink::Soft, (0.0, 8.0), HPos::Left)?;
        for tick in y.ticks() {
            let at = BOTTOM - y.place(tick) * (BOTTOM - TOP);
            let line = [(px(LEFT), px(at)), (px(RIGHT), px(at))];
            area.draw(&PathElement::new(line, stroke(Ink::Grid, 1.0)))?;
            let text = format!("{}\u{202f}%", PAGE.fixed(tick, digits(tick)));
            write(area, &text, Ink::Soft, (LEFT - 6.0, at), HPos::Right)?;
        }
        for tick in x.ticks() {
            let at = LEFT + x.place(tick) * (RIGHT - LEFT);
            let (value, unit) = if self.by_share { (tick * 100.0, "\u{202f}%") } else { (tick, "") };
            let text = format!("{}{unit}", PAGE.fixed(value, digits(value)));
            write(area, &text, Ink::Soft, (at, BOTTOM + 13.0), HPos::Center)?;
        }
        let name = if self.by_share { "rate, as a share of the ceiling" } else { "offered rate, requests/s" };
        write(area, name, Ink::Soft, (RIGHT, BOTTOM + 32.0), HPos::Right)
    }

    fn marks(&self, area: &Area<'_>, across: &dyn Fn(f64) -> f64, down: &dyn Fn(f64) -> f64) -> Drawn {
        let places = &self.line.places;
        if !self.by_share {
            let means =
                places.iter().map(|place| (px(across(place.x)), px(down(place.variant.summary.loss.mean))));
            area.draw(&PathElement::new(means.collect::<Vec<_>>(), stroke(Ink::Lost, 1.5)))?;
        }
        let mut labels = Labels::new((LEFT, RIGHT + 12.0), (TOP - 12.0, BOTTOM + 2.0));
        for place in places {
            let at = across(place.x);
            if words::interval(&place.variant.summary.loss, PAGE).is_some()
                && let Some((low, high)) = place.variant.summary.loss.interval
            {
                let (low, high) = (down(low.max(0.0)), down(high.min(1.0)));
                area.draw(&PathElement::new(
                    [(px(at), px(low)), (px(at), px(high))],
                    stroke(Ink::Interval, 1.5),
                ))?;
                for y in [low, high] {
                    let end = [(px(at - 4.0), px(y)), (px(at + 4.0), px(y))];
                    area.draw(&PathElement::new(end, stroke(Ink::Interval, 1.5)))?;
                }
            }
            for (loss, counts) in place.trials() {
                let style = if counts { Ink::Text.color().filled() } else { stroke(Ink::Text, 1.0) };
                area.draw(&Circle::new((px(at), px(down(loss))), px(3.0), style))?;
            }
            labels.keep_off((at, down(place.variant.summary.loss.mean)), 3.0);
        }
        if !self.by_share || places.len() > NUMBERED {
            return Ok(());
        }
        for (number, place) in places.iter().enumerate() {
            let text = (number + 1).to_string();
            let at = labels.place((across(place.x), down(place.variant.summary.loss.mean)), 3.0, text.len());
            write(area, &text, Ink::Soft, at, HPos::Center)?;
        }
        Ok(())
    }
}
