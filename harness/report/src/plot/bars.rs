//! Rows with a name, a figure and two bars, one inside the other.

use plotters::style::text_anchor::HPos;

use super::figure::{Area, Drawing, Drawn, WIDTH, bar, write};
use super::svg::Ink;
use crate::markup::Html;
use crate::text::fit::clip;

const ROW: f64 = 34.0;
/// Characters that fit beside each other in a row, also where they are wide ones.
const FITS: usize = 52;

/// A row.
pub(crate) struct BarRow {
    pub(crate) name: String,
    /// What stands on the right.
    pub(crate) figure: String,
    /// Lengths of the outer and the inner bar as shares of the width.
    pub(crate) bars: (f64, f64),
}

/// The plot.
pub(crate) struct Bars<'a> {
    /// Unique within the page.
    pub(crate) key: String,
    pub(crate) title: &'a str,
    pub(crate) inks: (Ink, Ink),
    pub(crate) rows: &'a [BarRow],
}

impl Bars<'_> {
    /// Draws it.
    pub(crate) fn draw(&self) -> Html {
        let parts: Vec<String> =
            self.rows.iter().map(|row| format!("{}: {}", row.name, row.figure)).collect();
        let figure = Drawing {
            key: self.key.clone(),
            title: self.title,
            description: format!("{}.", parts.join("; ")),
            height: (ROW * self.rows.len() as f64) as u32,
        };
        figure.draw(|area| {
            self.rows.iter().enumerate().try_for_each(|(at, row)| self.row(area, row, ROW * at as f64))
        })
    }

    fn row(&self, area: &Area<'_>, row: &BarRow, top: f64) -> Drawn {
        let width = f64::from(WIDTH);
        let end = |share: f64| share.clamp(0.0, 1.0) * width;
        let room = FITS.saturating_sub(row.figure.chars().count()).max(10);
        write(area, &clip(&row.name, room), Ink::Text, (0.0, top + 8.0), HPos::Left)?;
        write(area, &row.figure, Ink::Text, (width, top + 8.0), HPos::Right)?;
        bar(area, Ink::Track, (0.0, width), (top + 17.0, top + 27.0))?;
        bar(area, self.inks.0, (0.0, end(row.bars.0)), (top + 17.0, top + 27.0))?;
        // Thinner, so that the two can be told apart without their colours.
        bar(area, self.inks.1, (0.0, end(row.bars.1)), (top + 20.0, top + 24.0))
    }
}
