//! A queue as it was replayed, over the queue as its process saw it; and what was dropped.

use spanfate_model::plan::Plan;
use spanfate_model::result::{QueueCourse, TrialResult, VariantResult};

use super::lane::{Frame, Lane, Mark, Points};
use super::shade::Shades;
use crate::markup::Html;
use crate::plot::figure::{Drawing, px};
use crate::plot::svg::Ink;
use crate::text::number::PAGE;

/// Heights of the charts.
const QUEUE: f64 = 96.0;
const DROPS: f64 = 54.0;

/// The plot. `key` is unique within the page.
pub(crate) fn queue(
    key: String,
    plan: &Plan,
    (variant, trial): (&VariantResult, &TrialResult),
    course: &QueueCourse,
) -> Html {
    let end = seconds(course, course.replayed.len() as f64).max(1e-3);
    let lanes = [waiting(course), dropped(course)];
    let last = lanes.len() - 1;
    let height: f64 = lanes.iter().enumerate().map(|(at, lane)| lane.room(at == last)).sum();
    let figure = Drawing {
        key,
        title: &format!("The queue of {}, replayed and as it was seen", variant.name),
        description: described(course, end),
        height: height as u32,
    };
    let shades = Shades::of(plan, variant, trial, end);
    let frame = Frame { end, shades: &shades };
    figure.read(|area, readings| {
        shades.number(area)?;
        let mut rest = area.clone();
        for (at, lane) in lanes.iter().enumerate() {
            let (own, below) = rest.split_vertically(px(lane.room(at == last)));
            readings.push(lane.draw(&own, &frame, at == last)?);
            rest = below;
        }
        Ok(())
    })
}

fn described(course: &QueueCourse, end: f64) -> String {
    let most = |values: &[u64]| PAGE.count(values.iter().copied().max().unwrap_or_default());
    let seen: Vec<u64> = course.seen.iter().flatten().copied().collect();
    let seen = if seen.is_empty() { "nobody looked".to_owned() } else { most(&seen) };
    format!(
        "Over {} s: longest queue by the replay {} of {} spans, as the process saw it {seen}; dropped by the ledger {}, by the replay {}.",
        PAGE.fixed(end, 1),
        most(&course.replayed),
        PAGE.count(course.room),
        PAGE.count(course.dropped.iter().sum()),
        PAGE.count(course.dropped_replayed.iter().sum())
    )
}

/// So many steps in seconds.
fn seconds(course: &QueueCourse, steps: f64) -> f64 {
    (course.from_ms + steps * course.step_ms) / 1000.0
}

fn points(course: &QueueCourse, values: impl Iterator<Item = Option<f64>>) -> Points {
    let at = |step: usize| seconds(course, step as f64 + 0.5);
    values.enumerate().filter_map(|(step, value)| Some((at(step), value?))).collect()
}

/// What waited.
fn waiting(course: &QueueCourse) -> Lane {
    let seen = points(course, course.seen.iter().map(|seen| seen.map(|spans| spans as f64)));
    let replayed = points(course, course.replayed.iter().map(|spans| Some(*spans as f64)));
    let most = seen.iter().chain(&replayed).map(|(_, y)| *y).fold(0.0, f64::max);
    Lane {
        name: "spans",
        top: most.max(course.room as f64).max(4.0) * 1.1,
        height: QUEUE,
        whole: true,
        marks: vec![
            Mark::Area(Ink::Queue, seen),
            Mark::Level(Ink::Capacity, course.room as f64),
            Mark::Line(Ink::Delay, 2.0, replayed),
        ],
        keys: vec![(Ink::Queue, "seen in the process"), (Ink::Delay, "replayed")],
    }
}

/// What was dropped per second.
fn dropped(course: &QueueCourse) -> Lane {
    let rate = |values: &[u64]| {
        let per_s = 1000.0 / course.step_ms.max(1e-9);
        points(course, values.iter().map(|spans| Some(*spans as f64 * per_s)))
    };
    let (ledger, replay) = (rate(&course.dropped), rate(&course.dropped_replayed));
    let most = ledger.iter().chain(&replay).map(|(_, y)| *y).fold(0.0, f64::max);
    Lane {
        name: "dropped, spans/s",
        top: most.max(1.0) * 1.1,
        height: DROPS,
        whole: false,
        marks: vec![Mark::Area(Ink::Fate1, ledger), Mark::Line(Ink::Delay, 2.0, replay)],
        keys: vec![(Ink::Fate1, "by the ledger"), (Ink::Delay, "by the replay")],
    }
}
