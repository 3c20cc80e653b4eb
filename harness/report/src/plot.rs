//! Plots: plotters draws, our backend writes them as SVG whose colours are decided by the page's style sheet.

mod bars;
mod cycle;
mod figure;
mod knee;
mod label;
mod loss;
mod losses;
mod onsets;
mod over_time;
mod percentile;
mod reading;
mod sankey;
mod scale;
mod scatter;
mod spark;
mod strip;
mod svg;
mod trace;
mod waterfall;

pub(crate) use bars::{BarRow, Bars};
pub(crate) use cycle::{CYCLE_INKS, cycles};
pub(crate) use knee::Knee;
pub(crate) use loss::loss;
pub(crate) use losses::{LossRow, Losses};
pub(crate) use onsets::path;
pub(crate) use over_time::buckets::Buckets;
pub(crate) use over_time::queue::queue;
pub(crate) use over_time::timeline::Timelines;
pub(crate) use percentile::{Percentiles, median};
pub(crate) use sankey::sankey;
pub(crate) use scatter::{Point, Scatter};
pub(crate) use spark::spark;
pub(crate) use strip::strip;
pub(crate) use svg::Ink;
pub(crate) use trace::{STATES, state};
pub(crate) use waterfall::waterfall;
