//! What a call of each exporter was made of: a bar per variant, its parts beside each other, all on one scale.

use plotters::style::text_anchor::HPos;
use spanfate_model::result::WorkerCycle;

use super::figure::{Area, Drawing, Drawn, WIDTH, bar, write};
use super::svg::Ink;
use crate::markup::Html;
use crate::text::causes::cycle_parts;
use crate::text::fit::clip;
use crate::text::number::PAGE;

const ROW: f64 = 34.0;
/// Characters that fit beside each other in a row.
const FITS: usize = 52;

/// The inks of the parts, in their order.
pub(crate) const CYCLE_INKS: [Ink; 8] =
    [Ink::Fate6, Ink::Fate5, Ink::Fate4, Ink::Fate1, Ink::Deliberate, Ink::Received, Ink::Fate3, Ink::Fate2];

/// The plot. `key` is unique within the page; a row has a name.
pub(crate) fn cycles(key: &str, rows: &[(&str, &WorkerCycle)]) -> Html {
    let most = rows.iter().map(|(_, cycle)| whole(cycle)).fold(0.0, f64::max).max(1e-9);
    let row = |(name, cycle): &(&str, &WorkerCycle)| {
        let named = cycle_parts(cycle).into_iter().filter(|(_, ms)| *ms >= 0.0005);
        let parts: Vec<String> = named.map(|(what, ms)| format!("{what} {}", PAGE.ms(ms))).collect();
        format!("{name}: {}", parts.join(", "))
    };
    let figure = Drawing {
        key: key.to_owned(),
        title: "What the calls of the exporters were made of",
        description: format!("{}.", rows.iter().map(row).collect::<Vec<_>>().join("; ")),
        height: (ROW * rows.len() as f64) as u32,
    };
    figure.draw(|area| {
        rows.iter()
            .enumerate()
            .try_for_each(|(at, (name, cycle))| draw(area, name, cycle, (ROW * at as f64, most)))
    })
}

/// All the time from one call to the next, milliseconds.
fn whole(cycle: &WorkerCycle) -> f64 {
    cycle_parts(cycle).iter().map(|(_, ms)| ms.max(0.0)).sum()
}

fn draw(area: &Area<'_>, name: &str, cycle: &WorkerCycle, (top, most): (f64, f64)) -> Drawn {
    let width = f64::from(WIDTH);
    let figure = format!("{} per call", PAGE.ms(whole(cycle)));
    let room = FITS.saturating_sub(figure.chars().count()).max(10);
    write(area, &clip(name, room), Ink::Text, (0.0, top + 8.0), HPos::Left)?;
    write(area, &figure, Ink::Text, (width, top + 8.0), HPos::Right)?;
    bar(area, Ink::Track, (0.0, width), (top + 17.0, top + 27.0))?;
    let mut from = 0.0;
    for ((_, ms), ink) in cycle_parts(cycle).into_iter().zip(CYCLE_INKS) {
        let to = from + ms.max(0.0) / most * width;
        // What is thinner than a hair is in the table.
        if to - from >= 0.5 {
            bar(area, ink, (from, to), (top + 17.0, top + 27.0))?;
        }
        from = to;
    }
    Ok(())
}
