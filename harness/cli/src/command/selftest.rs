//! `spanfate selftest`: the instrument held against known truths, on this machine; and its verdicts, on a disturbed one.

use std::path::Path;

use spanfate_model::verdict::ExitCode;
use spanfate_run::process::interrupt::Interrupt;

use crate::args::SelftestArguments;
use crate::error::{Error, of_signal};
use crate::scenario_file;
use crate::session::noise::{LIBRARY, NoiseOrder, noise};
use crate::session::selftest::selftest;
use crate::show::{self, Shown};

/// Runs rounds until the time is over.
pub(super) fn run(arguments: &SelftestArguments, color: bool) -> Result<ExitCode, Error> {
    if arguments.noise {
        return disturbed(arguments, color);
    }
    let loaded = scenario_file::load(Path::new("selftest"), color)?;
    let interrupt = Interrupt::listen(show::note)?;
    // Hundreds of rounds: one line for each is enough.
    let mut shown = Shown::new(true);
    let (dir, found) = selftest(loaded, arguments.lasting, arguments.out.as_deref(), &interrupt, &mut shown)?;
    if arguments.json {
        show::data(&show::pretty(&found)?)?;
    } else {
        show::data(&spanfate_report::selftest(&found))?;
        show::note(&format!("results: {}", dir.display()));
    }
    Ok(interrupt.signal().map_or_else(|| found.verdict.exit(), of_signal))
}

/// Runs scenarios beside disturbances.
fn disturbed(arguments: &SelftestArguments, color: bool) -> Result<ExitCode, Error> {
    let of_noise = &arguments.of_noise;
    let order = NoiseOrder {
        only: of_noise.only.clone(),
        profiles: of_noise.profiles.clone(),
        repeats: of_noise.repeat_spoilt,
        whole: of_noise.whole,
        resume: of_noise.resume.clone(),
        out: arguments.out.clone(),
    };
    let interrupt = Interrupt::listen(show::note)?;
    let mut shown = Shown::new(true);
    let (dir, table) = noise(&order, color, &interrupt, &mut shown)?;
    if arguments.json {
        show::data(&show::pretty(&table)?)?;
    } else if of_noise.markdown {
        show::data(&spanfate_report::noise_page(&table, &LIBRARY))?;
    } else {
        show::data(&spanfate_report::noise(&table, &LIBRARY))?;
        show::note(&format!("results: {}", dir.display()));
    }
    Ok(interrupt.signal().map_or_else(|| table.verdict().exit(), of_signal))
}
