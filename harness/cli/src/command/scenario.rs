//! `spanfate scenario`: run, then exactly what `analyze` and `report` do.

use spanfate_model::verdict::ExitCode;
use spanfate_run::process::interrupt::Interrupt;

use crate::args::ScenarioArguments;
use crate::error::Error;
use crate::session::carry_out::carry_out;
use crate::session::selected::changed;
use crate::session::{failed, fit};
use crate::show::{self, Shown};
use crate::{outcome, scenario_file};

/// Runs a scenario.
pub(super) fn run(arguments: &ScenarioArguments, color: bool) -> Result<ExitCode, Error> {
    let ScenarioArguments { selection, failed, fit, out, limits, output } = arguments;
    let mut changes = selection.changes();
    let loaded = scenario_file::load_with(&selection.file, &changes.overrides, color)?;
    loaded.warnings.iter().for_each(|text| show::note(text));
    if let Some(run) = failed {
        let names = failed::failed(run.as_deref(), &loaded.plan.title(), out.as_deref())?;
        let known = scenario_file::variant_names(&loaded.scenario);
        changes.variants = names.into_iter().filter(|name| known.contains(&name.as_str())).collect();
        if changes.variants.is_empty() {
            let what = "what did not pass in that run is no variant of this scenario";
            return Err(Error::NothingSelected(what.to_owned()));
        }
        show::note(&format!("again: {}", changes.variants.join(", ")));
    }
    let selected = changed(loaded, &changes)?;
    let interrupt = Interrupt::listen(show::note)?;
    let mut shown = Shown::new(output.quiet);
    let selected = match fit {
        Some(percent) => fit::fit(selected, percent.get(), out.as_deref(), &interrupt, &mut shown)?,
        None => selected,
    };
    let done =
        carry_out(&selected, out.as_deref(), limits.limits(false, &output.ci), &interrupt, &mut shown)?;
    outcome::say(done, output, color)
}
