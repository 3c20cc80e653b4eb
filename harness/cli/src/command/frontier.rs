//! `spanfate frontier`: how much each configuration carries without a loss, by search; beside it what the law predicts.

use spanfate_model::finding::frontier::{Along, SearchEnd};
use spanfate_model::verdict::ExitCode;
use spanfate_run::process::interrupt::Interrupt;

use crate::args::{AlongArgument, FrontierArguments};
use crate::error::{Error, of_signal};
use crate::scenario_file;
use crate::session::frontier::{Found, Quest, SearchEnded, search};
use crate::show::{self, Shown};

/// Searches.
pub(super) fn run(arguments: &FrontierArguments, color: bool) -> Result<ExitCode, Error> {
    let quest = Quest {
        along: match arguments.along {
            AlongArgument::Rate => Along::Rate,
            AlongArgument::Outage => Along::Outage,
        },
        variants: arguments.variants.clone(),
        repeats: arguments.repeats,
        resolution: arguments.resolution,
        most: arguments.most,
        max_duration: arguments.max_duration,
        advice: !arguments.no_advice,
    };
    let loaded = scenario_file::load_with(&arguments.scenario, &arguments.overrides.all(), color)?;
    let interrupt = Interrupt::listen(show::note)?;
    let found = search(loaded, &quest, arguments.out.as_deref(), &interrupt, &mut Shown::new(false))?;
    if arguments.json {
        show::data(&show::pretty(&found.frontier)?)?;
    } else {
        show::data(&spanfate_report::frontier(&found.frontier, found.advice.as_ref(), &found.hops))?;
        show::note(&format!("results: {}", found.dir.display()));
    }
    Ok(exit(&found))
}

fn exit(found: &Found) -> ExitCode {
    match found.ended {
        SearchEnded::Interrupted(signal) => of_signal(signal),
        SearchEnded::OutOfTime => ExitCode::DeadlinePassed,
        SearchEnded::Broken(_) => ExitCode::AccountingBroken,
        SearchEnded::Done
            if found.frontier.variants.iter().all(|one| one.found.end != SearchEnd::Machine) =>
        {
            ExitCode::Pass
        }
        SearchEnded::Done => ExitCode::Inconclusive,
    }
}
