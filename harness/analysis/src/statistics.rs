//! How far figures are known, and whether two sets of trials differ.
//!
//! The trial is the unit everywhere: losses come in bursts, so the spans of one trial are not independent.
//! `tests/simulation` holds every rule here against data of the shape that trials have.

mod apart;
mod detectable;
mod effect;
mod holm;
mod interval;
mod inverse;
mod judge;
pub(crate) mod quantile;
mod sign_flip;
mod spending;

pub use apart::{DRIFT, apart};
pub use detectable::detectable;
pub use effect::{BetterSide, EffectMeasure, EffectScale, JudgedEffect, exact};
pub use holm::holm;
pub use interval::{clean_bound, counting_bound, counting_interval, estimate, t_interval};
pub use judge::{Gate, judge};
pub use sign_flip::{MOST_PAIRS, least_p, least_pairs, sign_flip};
pub use spending::{SPENDING, alpha_at};
