//! The path of a disturbance: what moved, one below the other in the order of time.

use plotters::element::{Circle, PathElement};
use plotters::style::Color;
use plotters::style::text_anchor::HPos;
use spanfate_model::result::MovedSeries;

use super::figure::{Area, Drawing, Drawn, WIDTH, bar, px, stroke, write};
use super::svg::Ink;
use crate::markup::Html;
use crate::text::fit::clip;
use crate::text::onsets::MovedStep;

const ROW: f64 = 36.0;
/// Where the line with its marks is, and where text begins.
const LINE: f64 = 7.0;
const LEFT: f64 = 20.0;
const MARK: f64 = 4.5;
/// Characters that fit beside each other in a row.
const FITS: usize = 50;
/// Least characters of a service's name.
const NAME: usize = 8;

/// The plot of these steps. `key` is unique within the page.
pub(crate) fn path(key: &str, whose: &str, steps: &[MovedStep]) -> Html {
    let said = |step: &MovedStep| format!("at {} {}: {} ({})", step.at, step.service, step.did, step.values);
    let figure = Drawing {
        key: key.to_owned(),
        title: &format!("What moved on the way to the drops of {whose}"),
        description: format!("{}.", steps.iter().map(said).collect::<Vec<_>>().join("; then ")),
        height: (ROW * steps.len() as f64) as u32,
    };
    figure.draw(|area| {
        let ends = [(px(LINE), px(9.0)), (px(LINE), px(ROW * steps.len() as f64 - ROW + 9.0))];
        if steps.len() > 1 {
            area.draw(&PathElement::new(ends, stroke(Ink::Soft, 1.5)))?;
        }
        steps.iter().enumerate().try_for_each(|(at, step)| draw(area, step, ROW * at as f64))
    })
}

fn draw(area: &Area<'_>, step: &MovedStep, top: f64) -> Drawn {
    let middle = top + 9.0;
    match step.series {
        MovedSeries::Queue => {
            bar(area, Ink::Queue, (LINE - MARK, LINE + MARK), (middle - MARK, middle + MARK))?;
        }
        MovedSeries::Drops => bar(area, Ink::Lost, (LINE - 7.0, LINE + 7.0), (middle - 3.0, middle + 3.0))?,
        _ => area.draw(&Circle::new((px(LINE), px(middle)), px(MARK), Ink::Delay.color().filled()))?,
    }
    let room = FITS.saturating_sub(step.at.chars().count()).max(10);
    // A long name leaves room for what it did.
    let name = clip(&step.service, room.saturating_sub(step.did.chars().count() + 2).max(NAME));
    write(area, &clip(&format!("{name}: {}", step.did), room), Ink::Text, (LEFT, middle), HPos::Left)?;
    write(area, &step.at, Ink::Text, (f64::from(WIDTH), middle), HPos::Right)?;
    let later = step.later.as_ref().map(|later| format!("{later} later")).unwrap_or_default();
    let room = FITS.saturating_sub(later.chars().count()).max(10);
    write(area, &clip(&step.values, room), Ink::Soft, (LEFT, middle + 15.0), HPos::Left)?;
    write(area, &later, Ink::Soft, (f64::from(WIDTH), middle + 15.0), HPos::Right)
}
