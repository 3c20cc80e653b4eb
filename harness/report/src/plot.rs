//! Plots: plotters draws, our backend writes them as SVG whose colours are decided by the page's style sheet.

mod bars;
mod buckets;
mod figure;
mod knee;
mod label;
mod lane;
mod loss;
mod losses;
mod percentile;
mod reading;
mod sankey;
mod scale;
mod scatter;
mod shade;
mod spark;
mod strip;
mod svg;
mod timeline;
mod trace;
mod waterfall;

pub(crate) use bars::{Bars, Row};
pub(crate) use buckets::Buckets;
pub(crate) use knee::Knee;
pub(crate) use loss::loss;
pub(crate) use losses::{LossRow, Losses};
pub(crate) use percentile::{Percentiles, median};
pub(crate) use sankey::sankey;
pub(crate) use scatter::{Point, Scatter};
pub(crate) use spark::spark;
pub(crate) use strip::strip;
pub(crate) use svg::Ink;
pub(crate) use timeline::Timelines;
pub(crate) use trace::{STATES, state};
pub(crate) use waterfall::waterfall;
