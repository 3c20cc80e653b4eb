//! A trial in time: lanes under each other on one time axis, faults shaded through all of them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use spanfate_model::fate::Fate;
use spanfate_model::plan::Plan;
use spanfate_model::result::{Slice, TrialResult, VariantResult};

use super::buckets::Buckets;
use super::lane::{Frame, Lane, Mark, Points};
use super::shade::Shades;
use crate::figures::faults::rows_of;
use crate::markup::Html;
use crate::plot::figure::{Drawing, px};
use crate::plot::svg::Ink;
use crate::text::number::PAGE;

/// Points of a line: at most that many in all plots together, and in one plot.
const POINTS: (usize, usize) = (2400, 200);
/// Fewest points of a line, however many plots there are.
const FEWEST: usize = 40;
/// Heights of charts.
const TALL: f64 = 120.0;
const MIDDLE: f64 = 62.0;
const LOW: f64 = 36.0;
/// Heights of charts where there is little room: of rates, and of others.
const BRIEF: (f64, f64) = (54.0, 36.0);
/// Names of lanes that are always of interest.
const RATES: &str = "spans/s";
const QUEUE: &str = "queue, spans";
const EXPORT: &str = "longest export, ms";
/// Inks of lost fates, in the order of their totals; what is left over shares one.
const FATES: [Ink; 5] = [Ink::Fate1, Ink::Fate2, Ink::Fate3, Ink::Fate4, Ink::Fate5];

/// The common axes of all timelines.
pub(crate) struct Timelines<'a> {
    end: f64,
    rate: f64,
    plan: &'a Plan,
    /// Lost fates that have an ink of their own, most spans first: the same in all plots.
    fates: Vec<Fate>,
    /// Points of a line.
    points: usize,
}

impl<'a> Timelines<'a> {
    /// Axes that hold the shown trials.
    pub(crate) fn over(trials: &[(&VariantResult, &TrialResult)], plan: &'a Plan) -> Self {
        let points = (POINTS.0 / trials.len().max(1)).clamp(FEWEST, POINTS.1);
        let mut axes = Self { end: 0.0, rate: 1.0, plan, fates: most_lost(trials), points };
        for (_, trial) in trials {
            axes.end = axes.end.max(axes.measured(trial).1);
            let buckets = Buckets::of(trial, points);
            for slice in &buckets.slices {
                axes.end = axes.end.max(slice.at_ms / 1000.0 + buckets.seconds);
                let most = slice.created.max(slice.received).max(slice.lost);
                axes.rate = axes.rate.max(most as f64 / buckets.seconds);
            }
        }
        axes
    }

    /// Begin and end of a trial's measured part, seconds. A closed load is measured from its beginning to its end.
    fn measured(&self, trial: &TrialResult) -> (f64, f64) {
        let planned = self.plan.trials.iter().find(|planned| planned.index == trial.index);
        let load = planned.map_or(&self.plan.load, |planned| self.plan.load_of_trial(planned));
        let begin = load.warmup.seconds();
        match load.closed {
            Some(_) => (begin, trial.load.started as f64 / trial.load.achieved.max(1e-9)),
            None => (begin, begin + load.lasting.seconds()),
        }
    }

    /// The timeline of one trial of a variant.
    pub(crate) fn draw(&self, variant: &VariantResult, trial: &TrialResult, at: usize) -> Html {
        let lanes = self.lanes(trial, &Buckets::of(trial, self.points));
        self.drawn(format!("time-{at}"), variant, trial, &lanes)
    }

    /// The same in short: spans created, received and lost, the queue, and the longest export.
    pub(crate) fn brief(&self, variant: &VariantResult, trial: &TrialResult) -> Html {
        let mut lanes = self.lanes(trial, &Buckets::of(trial, self.points));
        lanes.retain(|lane| [RATES, QUEUE, EXPORT].contains(&lane.name));
        for lane in &mut lanes {
            lane.height = if lane.name == RATES { BRIEF.0 } else { BRIEF.1 };
            if lane.name == RATES {
                lane.marks.retain(|mark| !matches!(mark, Mark::Band(..)));
                lane.keys = vec![(Ink::Created, "created"), (Ink::Received, "received"), (Ink::Lost, "lost")];
            }
        }
        self.drawn("overview-time".to_owned(), variant, trial, &lanes)
    }

    fn drawn(&self, key: String, variant: &VariantResult, trial: &TrialResult, lanes: &[Lane]) -> Html {
        let shades = Shades::of(self.plan, variant, trial, self.end);
        let last = lanes.len().saturating_sub(1);
        let height: f64 = lanes.iter().enumerate().map(|(at, lane)| lane.room(at == last)).sum();
        let figure = Drawing {
            key,
            title: &format!("Timeline of {}", variant.name),
            description: self.described(variant, trial, lanes),
            height: height as u32,
        };
        let frame = Frame { end: self.end, shades: &shades };
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

    fn described(&self, variant: &VariantResult, trial: &TrialResult, lanes: &[Lane]) -> String {
        let queue = trial.timeline.iter().map(|slice| slice.queue).max().unwrap_or_default();
        let lost: u64 = trial.timeline.iter().map(|slice| slice.lost).sum();
        let names: Vec<&str> = lanes.iter().map(|lane| lane.name).collect();
        format!(
            "Spans created, received and lost per second over {} s; lanes from above: {}. Lost: {}; longest queue: {} spans.{}",
            PAGE.fixed(self.end, 1),
            names.join("; "),
            PAGE.count(lost),
            PAGE.count(queue),
            shaded(&self.acting(variant, trial))
        )
    }

    /// The faults of a trial in words, each with the number it has in the plot.
    pub(crate) fn acting(&self, variant: &VariantResult, trial: &TrialResult) -> Vec<String> {
        let mut rows = rows_of(self.plan, variant, &[trial]);
        rows.sort_by_key(|row| row.number);
        let words = rows.iter().filter(|row| row.happened().is_some());
        words.map(|row| format!("{}: {} {}", row.number + 1, row.what(), row.when(PAGE))).collect()
    }

    /// The lanes of a trial, without those in which nothing is.
    fn lanes(&self, trial: &TrialResult, buckets: &Buckets) -> Vec<Lane> {
        let rate = |pick: fn(&Slice) -> u64| buckets.line(|slice| pick(slice) as f64 / buckets.seconds);
        let rates = Lane {
            name: RATES,
            top: self.rate * 1.08,
            height: TALL,
            whole: false,
            marks: vec![
                Mark::Band(Ink::Band, self.measured(trial)),
                Mark::Line(Ink::Created, 4.0, rate(|slice| slice.created)),
                Mark::Line(Ink::Received, 1.75, rate(|slice| slice.received)),
                Mark::Line(Ink::Lost, 2.0, rate(|slice| slice.lost)),
            ],
            keys: Vec::new(),
        };
        let capacity = trial.effective.as_ref().map_or(0.0, |effective| f64::from(effective.queue));
        let width = buckets.seconds * 0.7;
        let one = |name, height, points: Points, mark: fn(f64, Points) -> Mark| {
            let most = highest(&points);
            let whole = points.iter().all(|(_, value)| value.fract().abs() < f64::EPSILON);
            let (top, marks, keys) = (most * 1.15, vec![mark(width, points)], Vec::new());
            (most > 0.0).then_some(Lane { name, top, height, whole, marks, keys })
        };
        let area: fn(f64, Points) -> Mark = |_, points| Mark::Area(Ink::Queue, points);
        let posts: fn(f64, Points) -> Mark = |width, points| Mark::Posts(Ink::Lane, width, points);
        let line: fn(f64, Points) -> Mark = |_, mut points| {
            // Nobody looked in a slice without a value; the line goes on to the next look.
            points.retain(|(_, value)| *value > 0.0);
            Mark::Line(Ink::Lane, 1.75, points)
        };
        let mut queue = one(QUEUE, MIDDLE, buckets.line(|slice| slice.queue as f64), area);
        if let Some(lane) = &mut queue {
            lane.top = lane.top.max(4.0);
            lane.marks.extend((capacity > 0.0).then_some(Mark::Level(Ink::Capacity, capacity)));
        }
        let others = [
            queue,
            one(EXPORT, LOW, buckets.line(|slice| slice.export_ms), area),
            one("exports in flight", LOW, buckets.line(|slice| slice.in_flight as f64), area),
            one("stopped by the GC, ms", LOW, buckets.line(|slice| slice.stopped_ms), posts),
            one("heap in use, MiB", LOW, buckets.line(|slice| slice.heap as f64 / 1_048_576.0), line),
            one("CPU, cores", LOW, buckets.line(|slice| slice.fixture_cpu), line),
        ];
        [Some(rates), self.losses(buckets)].into_iter().chain(others).flatten().collect()
    }

    /// Losses by fate, above each other.
    fn losses(&self, buckets: &Buckets) -> Option<Lane> {
        let own = |slice: &Slice, fate: &Fate| slice.lost_by.get(fate).copied().unwrap_or_default();
        let rest = |slice: &Slice| {
            let known: u64 = self.fates.iter().map(|fate| own(slice, fate)).sum();
            slice.lost_by.values().sum::<u64>().saturating_sub(known)
        };
        let mut ground: Points = buckets.line(|_| 0.0);
        let (mut marks, mut keys) = (Vec::new(), Vec::new());
        let named = self.fates.iter().zip(FATES).map(|(fate, ink)| (Some(fate), ink, fate.facts().short));
        for (fate, ink, name) in named.chain([(None, Ink::Fate6, "others")]) {
            let lost = |slice: &Slice| fate.map_or_else(|| rest(slice), |fate| own(slice, fate));
            if buckets.slices.iter().all(|slice| lost(slice) == 0) {
                continue;
            }
            let heights = buckets.slices.iter().map(|slice| lost(slice) as f64 / buckets.seconds);
            let upper: Points = ground.iter().zip(heights).map(|((x, y), more)| (*x, y + more)).collect();
            marks.push(Mark::Between(ink, upper.clone(), ground));
            keys.push((ink, name));
            ground = upper;
        }
        let top = highest(&ground) * 1.15;
        let name = "lost by fate, spans/s; from below:";
        (!marks.is_empty()).then_some(Lane { name, top, height: MIDDLE, whole: false, marks, keys })
    }
}

/// The fates with most lost spans over all shown trials, as many as have inks of their own.
fn most_lost(trials: &[(&VariantResult, &TrialResult)]) -> Vec<Fate> {
    let mut sums: BTreeMap<Fate, u64> = BTreeMap::new();
    let slices = trials.iter().flat_map(|(_, trial)| &trial.timeline);
    for (fate, lost) in slices.flat_map(|slice| &slice.lost_by) {
        *sums.entry(*fate).or_insert(0) += lost;
    }
    let mut out: Vec<(u64, Fate)> = sums.into_iter().map(|(fate, lost)| (lost, fate)).collect();
    out.sort_by_key(|(lost, fate)| (Reverse(*lost), *fate));
    out.into_iter().map(|(_, fate)| fate).take(FATES.len()).collect()
}

fn highest(points: &[(f64, f64)]) -> f64 {
    points.iter().map(|(_, y)| *y).fold(0.0, f64::max)
}

/// What is shaded, for people who do not see it.
fn shaded(acting: &[String]) -> String {
    /// Most faults that are read out; the table has all.
    const SAID: usize = 8;
    let (said, more) = acting.split_at(acting.len().min(SAID));
    let more = if more.is_empty() { String::new() } else { format!("; and {} more", more.len()) };
    if said.is_empty() { String::new() } else { format!(" Faults, shaded: {}{more}.", said.join("; ")) }
}
