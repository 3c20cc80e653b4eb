//! The frame around a drawing: size, title, description; and short ways to draw text and bars.

use std::convert::Infallible;

use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::Rectangle;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, ShapeStyle, TextStyle};

use super::reading::Reading;
use super::svg::{Ink, SCALE, Svg};
use crate::markup::Html;

/// Where plots are drawn.
pub(crate) type Area<'a> = DrawingArea<Svg<'a>, Shift>;
/// A chart over seconds.
pub(super) type Chart<'a, 'b> = ChartContext<'a, Svg<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
/// What drawing gives.
pub(crate) type Drawn = Result<(), DrawingAreaErrorKind<Infallible>>;

/// Width of plots in SVG units: about that of a phone, so that text is as large there as anywhere.
pub(crate) const WIDTH: u32 = 400;
/// Width of the value axis of a chart over seconds, and of what is free right of it.
pub(super) const SIDES: (f64, f64) = (52.0, 17.0);
/// Least width of a bar that stands for something.
const THIN: f64 = 1.5;
/// About the width of a character of text.
const CHARACTER: f64 = 6.6;
/// Size of text.
pub(crate) const FONT: f64 = 12.0;

/// A plot with what it is called and what it shows, for people who do not see it.
pub(crate) struct Drawing<'a> {
    /// Unique within the page; also the base of element ids.
    pub(crate) key: String,
    pub(crate) title: &'a str,
    pub(crate) description: String,
    pub(crate) height: u32,
}

impl Drawing<'_> {
    /// Draws it.
    pub(crate) fn draw(&self, draw: impl FnOnce(&Area<'_>) -> Drawn) -> Html {
        self.read(|area, _| draw(area))
    }

    /// Draws it with charts that can be read.
    pub(crate) fn read(&self, draw: impl FnOnce(&Area<'_>, &mut Vec<Reading>) -> Drawn) -> Html {
        self.sized(WIDTH, draw)
    }

    /// Draws it in a width of its own. What is wider than a phone belongs into something that scrolls.
    pub(crate) fn sized(&self, width: u32, draw: impl FnOnce(&Area<'_>, &mut Vec<Reading>) -> Drawn) -> Html {
        let size = (width, self.height);
        let (mut inner, mut charts) = (Html::new(), Vec::new());
        let drawn = draw(&Svg::new(&mut inner, size).into_drawing_area(), &mut charts);
        // Over all that is drawn, where the pointer meets them first.
        for chart in &charts {
            inner.push(chart.markup());
        }
        if drawn.is_err() {
            return Html::leaf("p", "note", "This plot could not be drawn; the table holds its numbers.");
        }
        let (title, about) = (format!("{}-t", self.key), format!("{}-d", self.key));
        let heads = Html::element("title", &[("id", &title)], Html::text(self.title)).with(&Html::element(
            "desc",
            &[("id", &about)],
            Html::text(&self.description),
        ));
        let attributes = [
            ("viewBox", &*format!("0 0 {} {}", size.0, size.1)),
            ("role", "img"),
            ("aria-labelledby", &*format!("{title} {about}")),
        ];
        Html::element("svg", &attributes, heads.with(&inner))
    }
}

/// SVG units as drawing units.
pub(crate) fn px(units: f64) -> i32 {
    (units * SCALE).round() as i32
}

/// A style for lines.
pub(crate) fn stroke(ink: Ink, width: f64) -> ShapeStyle {
    ink.color().stroke_width(px(width) as u32)
}

/// A style for text.
pub(crate) fn font(ink: Ink, size: f64, h: HPos, v: VPos) -> TextStyle<'static> {
    ("sans-serif", size * SCALE).into_font().color(&ink.color()).pos(Pos::new(h, v))
}

/// Writes text. What is centred near an edge is moved inside.
pub(crate) fn write(area: &Area<'_>, text: &str, ink: Ink, at: (f64, f64), h: HPos) -> Drawn {
    let half = text.chars().count() as f64 * CHARACTER / 2.0;
    let middle = f64::from(WIDTH) / 2.0;
    let at = match h {
        HPos::Center if half < middle => (at.0.clamp(half, f64::from(WIDTH) - half), at.1),
        _ => at,
    };
    area.draw_text(text, &font(ink, FONT, h, VPos::Center), (px(at.0), px(at.1)))
}

/// Draws a horizontal bar; what is not nothing stays visible.
pub(crate) fn bar(area: &Area<'_>, ink: Ink, (from, to): (f64, f64), (top, bottom): (f64, f64)) -> Drawn {
    let (from, to) = if to > from {
        let from = from.min(f64::from(WIDTH) - THIN);
        (from, to.max(from + THIN))
    } else {
        (from, to)
    };
    area.draw(&Rectangle::new([(px(from), px(top)), (px(to), px(bottom))], ink.color().filled()))
}
