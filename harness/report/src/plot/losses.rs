//! Loss in short: a name, a figure and a bar per row.

use plotters::style::text_anchor::HPos;

use super::figure::{Area, Drawing, Drawn, WIDTH, bar, write};
use super::loss::round_end;
use super::svg::Ink;
use crate::markup::Html;
use crate::text::fit::clip;

/// Height of a row, and where its bar lies in it.
const ROW: f64 = 27.0;
const BAR: (f64, f64) = (15.5, 22.5);
/// Characters that fit beside each other in a row, also where they are wide ones.
const FITS: usize = 52;

/// What lost spans.
pub(crate) struct LossRow {
    pub(crate) name: String,
    /// The share of its spans, from 0 to 1.
    pub(crate) share: f64,
    /// The same as it is read.
    pub(crate) figure: String,
}

/// The plot.
pub(crate) struct Losses {
    pub(crate) rows: Vec<LossRow>,
}

impl Losses {
    /// The share that a full bar stands for.
    pub(crate) fn end(&self) -> f64 {
        round_end(self.rows.iter().map(|row| row.share))
    }

    /// Draws it.
    pub(crate) fn draw(&self) -> Html {
        let parts: Vec<String> =
            self.rows.iter().map(|row| format!("{}: {}", row.name, row.figure)).collect();
        let figure = Drawing {
            key: "overview-loss".to_owned(),
            title: "Loss in short",
            description: format!("{}.", parts.join("; ")),
            height: (ROW * self.rows.len() as f64) as u32,
        };
        let end = self.end();
        let each = |area: &Area<'_>| {
            self.rows.iter().enumerate().try_for_each(|(at, row)| draw(area, row, end, ROW * at as f64))
        };
        figure.draw(each)
    }
}

fn draw(area: &Area<'_>, row: &LossRow, end: f64, top: f64) -> Drawn {
    let width = f64::from(WIDTH);
    let room = FITS.saturating_sub(row.figure.chars().count()).max(10);
    write(area, &clip(&row.name, room), Ink::Text, (0.0, top + 8.0), HPos::Left)?;
    write(area, &row.figure, Ink::Text, (width, top + 8.0), HPos::Right)?;
    let down = (top + BAR.0, top + BAR.1);
    bar(area, Ink::Track, (0.0, width), down)?;
    bar(area, Ink::Lost, (0.0, (row.share / end).clamp(0.0, 1.0) * width), down)
}
