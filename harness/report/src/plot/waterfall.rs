//! From what was created down to what was received, one step per fate.

use plotters::style::text_anchor::HPos;
use spanfate_model::fate::FateClass;
use spanfate_model::result::VariantResult;

use super::figure::{Area, Drawing, Drawn, WIDTH, bar, write};
use super::svg::Ink;
use crate::figures::sums::{self, Books};
use crate::markup::Html;
use crate::text::fit::clip;
use crate::text::number::PAGE;

const ROW: f64 = 34.0;

struct Step {
    name: String,
    ink: Ink,
    count: u64,
    from: u64,
}

fn steps(variant: &VariantResult) -> Vec<Step> {
    let books = Books::of_variant(variant);
    let fates = sums::fates(std::slice::from_ref(variant));
    let mut left = books.created;
    let mut out = vec![Step { name: "created".to_owned(), ink: Ink::Created, count: books.created, from: 0 }];
    let mut step = |name: String, ink: Ink, count: u64| {
        left = left.saturating_sub(count);
        out.push(Step { name, ink, count, from: left });
    };
    for (fate, (total, _)) in fates.iter().filter(|(fate, _)| fate.class() != FateClass::Received) {
        let ink = if fate.class() == FateClass::Lost { Ink::Lost } else { Ink::Deliberate };
        step(fate.to_string(), ink, *total);
    }
    for (name, count) in [("unexplained", books.unexplained), ("unaccounted", books.unaccounted)] {
        if count > 0 {
            step(name.to_owned(), Ink::Unplaced, count);
        }
    }
    out.push(Step { name: "received".to_owned(), ink: Ink::Received, count: books.received, from: 0 });
    out
}

/// The waterfall of a variant over its whole trials.
pub(crate) fn waterfall(variant: &VariantResult, at: usize) -> Html {
    let steps = steps(variant);
    let created = steps.first().map_or(0, |step| step.count);
    let parts: Vec<String> =
        steps.iter().map(|step| format!("{} {}", step.name, PAGE.count(step.count))).collect();
    let figure = Drawing {
        key: format!("fates-{at}"),
        title: &format!("Fates of the spans of {}", variant.name),
        description: format!("A bar per step from created to received: {}.", parts.join(", ")),
        height: (ROW * steps.len() as f64) as u32,
    };
    figure.draw(|area| {
        steps.iter().enumerate().try_for_each(|(row, step)| draw(area, step, created, ROW * row as f64))
    })
}

fn draw(area: &Area<'_>, step: &Step, created: u64, top: f64) -> Drawn {
    let width = f64::from(WIDTH);
    let scale = |spans: u64| spans as f64 / created.max(1) as f64 * width;
    let share = if created > 0 && step.count < created && step.count > 0 {
        format!("{} · {}", PAGE.count(step.count), PAGE.percent(step.count as f64 / created as f64))
    } else {
        PAGE.count(step.count)
    };
    let room = 58usize.saturating_sub(share.chars().count());
    write(area, &clip(&step.name, room), Ink::Text, (0.0, top + 8.0), HPos::Left)?;
    write(area, &share, Ink::Text, (width, top + 8.0), HPos::Right)?;
    bar(area, Ink::Track, (0.0, width), (top + 17.0, top + 27.0))?;
    bar(area, step.ink, (scale(step.from), scale(step.from + step.count)), (top + 17.0, top + 27.0))
}
