//! What is advised for a case runs beside it, with the same hidden fault.

use spanfate_analysis::{remedies, verified};
use spanfate_model::finding::verify::{RemedyPlan, Verification};
use spanfate_model::result::RunResult;
use spanfate_run::store;

use crate::error::Error;
use crate::session::Audience;
use crate::session::selected::Selected;
use crate::session::series::Series;

/// Runs the case as it was and with what is advised, so many trials of each; nothing where no setting is advised. The logs are removed.
pub(super) fn tried(
    series: &Series,
    result: &RunResult,
    (selected, trials): (&Selected, u16),
    audience: &mut dyn Audience,
) -> Result<Verification, Error> {
    let RemedyPlan { arms, left_out } = remedies(result);
    if arms.is_empty() {
        return Ok(Verification { left_out, ..Verification::default() });
    }
    let plan = result.plan.of_variants(format!("{}-verify", result.plan.name), arms, trials);
    let beside = Selected { plan, text: selected.text.clone(), folder: selected.folder.clone() };
    let (run, after) = series.run(&beside, audience)?;
    let found = verified(result, &after, left_out);
    store::remove(&run)?;
    Ok(found)
}
