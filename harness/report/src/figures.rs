//! What page, terminal and Markdown share: figures of a result, laid out before they are drawn.

pub(crate) mod compared;
pub(crate) mod diffed;
pub(crate) mod ends;
pub(crate) mod engines;
pub(crate) mod export_paths;
pub(crate) mod faults;
pub(crate) mod funnel;
pub(crate) mod heatmap;
pub(crate) mod hops;
pub(crate) mod knee;
pub(crate) mod lossy_spans;
pub(crate) mod settings_table;
pub(crate) mod sums;
pub(crate) mod undisturbed;
pub(crate) mod variant_names;
