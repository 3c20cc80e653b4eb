//! What losses say of the risk of a row.

use spanfate_model::advice::observed::{FleetRow, Risk};

/// From this share on spans that were lost at any time since the start count as lost now, where only one page is there.
const LOSING_SHARE: f64 = 0.01;

/// The risk by what was lost; `None` where nothing was, or nobody counts it. `all`: spans since the start, the lost ones among them.
pub(super) fn by_losses(row: &FleetRow, all: f64) -> Option<Risk> {
    let lost = row.lost().unwrap_or(0.0);
    by_share(row.lost_lately(), lost, all)
}

/// The same of any count: in the time between two pages, since the start, and that of which it is a part.
pub(super) fn by_share(lately: Option<f64>, ever: f64, all: f64) -> Option<Risk> {
    match lately {
        Some(lately) if lately > 0.0 => Some(Risk::Losing),
        None if ever > 0.0 && ever >= LOSING_SHARE * all => Some(Risk::Losing),
        _ => (ever > 0.0).then_some(Risk::High),
    }
}
