//! `spanfate try`: settings beside each other without a file. It is a scenario like any other once it is made.

use std::num::NonZeroU32;

use spanfate_model::quantity::unit::{Period, Rate};
use spanfate_model::verdict::ExitCode;
use spanfate_run::process::interrupt::Interrupt;

use crate::args::TryArguments;
use crate::error::Error;
use crate::outcome;
use crate::session::carry_out::carry_out;
use crate::session::fit;
use crate::session::quick::{Quick, scenario};
use crate::session::selected::{Changes, changed};
use crate::show::{self, Shown};

/// What is put on the service where nothing is said.
const RATE: Rate = Rate(1000.0);
const LASTING: Period = Period::millis(8000);

/// Makes the scenario and runs it.
pub(super) fn run(arguments: &TryArguments, color: bool) -> Result<ExitCode, Error> {
    let TryArguments { settings, rate, lasting, answer_after, trials, pairs, fit, out, limits, output } =
        arguments;
    let quick = Quick {
        variants: settings.clone(),
        rate: rate.unwrap_or(RATE),
        lasting: lasting.unwrap_or(LASTING),
        answer_after: *answer_after,
        trials: trials.map_or(1, NonZeroU32::get),
        pairs: pairs.map(NonZeroU32::get),
    };
    let here = std::env::current_dir().unwrap_or_default();
    let loaded = scenario(&quick, here, color)?;
    loaded.warnings.iter().for_each(|text| show::note(text));
    let selected = changed(loaded, &Changes::default())?;
    let interrupt = Interrupt::listen(show::note)?;
    let mut shown = Shown::new(output.quiet);
    let selected = match fit {
        Some(percent) => fit::fit(selected, percent.get(), out.as_deref(), &interrupt, &mut shown)?,
        None => selected,
    };
    let done =
        carry_out(&selected, out.as_deref(), limits.limits(false, &output.ci), &interrupt, &mut shown)?;
    let kept = done.run.dir.scenario();
    let code = outcome::say(done, output, color)?;
    if !output.quiet && !output.json {
        show::note(&format!("scenario: {}; copy it to keep it and to add to it", kept.display()));
    }
    Ok(code)
}
