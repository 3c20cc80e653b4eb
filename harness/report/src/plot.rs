//! Plots: plotters draws, our backend writes them as SVG whose colours are decided by the page's style sheet.

mod figure;
mod loss;
mod percentile;
mod svg;
mod timeline;
mod waterfall;

pub(crate) use loss::loss;
pub(crate) use percentile::Percentiles;
pub(crate) use timeline::{Buckets, Timelines};
pub(crate) use waterfall::waterfall;
