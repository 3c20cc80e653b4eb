//! Advised settings are run beside the original, and held against what was predicted of them.

use std::path::{Path, PathBuf};

use spanfate_analysis::{remedies, verified};
use spanfate_model::finding::verify::{RemedyPlan, Verification};
use spanfate_model::format::layout::RunDir;
use spanfate_model::format::manifest::RunManifest;
use spanfate_model::plan::MAX_TRIALS;
use spanfate_model::result::RunResult;
use spanfate_model::verdict::{ExitCode, Verdict};
use spanfate_run::host::project::Project;
use spanfate_run::process::interrupt::Interrupt;
use spanfate_run::runner::Limits;
use spanfate_run::store;

use super::Audience;
use super::carry_out::carry_out;
use super::selected::Selected;
use crate::error::{Error, first_of};

/// Runs what is advised, so many trials of each arm, and gives the exit code that follows. Where nothing is advised nothing runs.
pub(crate) fn verify(
    dir: &RunDir,
    result: &RunResult,
    (trials, out): (u16, Option<&Path>),
    interrupt: &Interrupt,
    audience: &mut dyn Audience,
) -> Result<(Verification, ExitCode), Error> {
    if !result.plan.subject().is_repeatable() {
        let what = "a program that was attached to cannot be run again from here; set what is advised, and attach again";
        return Err(Error::Refused(what.to_owned()));
    }
    let RemedyPlan { arms, left_out } = remedies(result);
    if arms.is_empty() {
        return Ok((Verification { left_out, ..Verification::default() }, ExitCode::NothingSelected));
    }
    if usize::from(trials) * arms.len() > MAX_TRIALS {
        return Err(Error::Refused(format!(
            "{trials} trials of each arm are more than the {MAX_TRIALS} that a run can have"
        )));
    }
    let plan = result.plan.of_variants(format!("{}-verify", result.plan.name), arms, trials);
    let manifest: RunManifest = store::read_json(&dir.manifest())?;
    let folder = match manifest.base {
        Some(base) => PathBuf::from(base),
        None => Project::find()?.scenarios(),
    };
    let text = std::fs::read_to_string(dir.scenario()).unwrap_or_default();
    let done = carry_out(&Selected { plan, text, folder }, out, Limits::default(), interrupt, audience)?;
    let exit = done.exit();
    let found = verified(result, &done.result, left_out);
    if let Some(error) = done.stopped {
        return Err(Error::Run(error));
    }
    let own = found.verdict().map_or(ExitCode::NothingSelected, Verdict::exit);
    Ok((found, first_of(&[exit, own])))
}
