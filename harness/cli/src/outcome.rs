//! What commands say of a run that was carried out, or concluded again.

use spanfate_model::format::layout::RunDir;
use spanfate_model::result::{RunResult, TrialResult};
use spanfate_model::verdict::ExitCode;
use spanfate_report::{TableStyle, table};

use crate::args::{Output, again};
use crate::error::Error;
use crate::session::carry_out::Outcome;
use crate::session::publish;
use crate::show;

/// Publishes and prints what a run came to, and what stopped it where something did.
pub(crate) fn say(mut outcome: Outcome, output: &Output, color: bool) -> Result<ExitCode, Error> {
    let mut trials = outcome.result.variants.iter().flat_map(|variant| &variant.trials);
    // Of a program of the user's own that never came to its load nothing is counted, either.
    let unloaded = |trial: &TrialResult| trial.error.is_some() && trial.ledger.created == 0;
    if (outcome.result.variants.is_empty()
        || (outcome.result.plan.subject().is_own() && trials.all(unloaded)))
        && let Some(error) = outcome.stopped.take()
    {
        // Nothing was measured: an empty table would only hide the reason.
        return Err(Error::Run(error));
    }
    concluded(&outcome.run.dir, &outcome.result, output, color)?;
    let code = outcome.exit();
    if let Some(error) = outcome.stopped {
        show::error(&Error::Run(error), color);
    }
    Ok(code)
}

/// Writes the report, and what build servers read, and prints the summary.
pub(crate) fn concluded(dir: &RunDir, result: &RunResult, output: &Output, color: bool) -> Result<(), Error> {
    let again = again(result);
    let report = publish::report(dir, result, again.as_deref(), None)?;
    let folder = output.ci.folder.as_deref();
    if let Some(lines) = publish::for_build_servers(dir, result, again.as_deref(), folder)? {
        // The runner reads both streams; stdout may be somebody's data.
        lines.lines().for_each(show::note);
    }
    if output.json {
        return show::data(&String::from_utf8_lossy(&publish::stored(dir)?));
    }
    if output.quiet {
        for reason in &result.reasons {
            show::note(reason);
        }
        return Ok(());
    }
    show::data(&table(result, TableStyle { color, width: None }))?;
    show::note(&format!("results: {}\nreport:  {}", dir.0.display(), report.display()));
    Ok(())
}
