//! `spanfate bisect`: which SDK release or collector changed what a scenario's expectations say.

use spanfate_model::verdict::{ExitCode, Verdict};
use spanfate_run::process::interrupt::Interrupt;

use crate::args::BisectArguments;
use crate::error::{Error, of_signal};
use crate::scenario_file;
use crate::session::bisect::{BisectEnded, SearchedArms, bisect};
use crate::show::{self, Shown};

/// Bisects.
pub(super) fn run(arguments: &BisectArguments, color: bool) -> Result<ExitCode, Error> {
    let BisectArguments { scenario, good, bad, collectors, variants, overrides, out } = arguments;
    let loaded = scenario_file::load_with(scenario, &overrides.all(), color)?;
    let interrupt = Interrupt::listen(show::note)?;
    let mut shown = Shown::new(false);
    let among = match (good, bad) {
        (Some(good), Some(bad)) => SearchedArms::Releases { good, bad },
        _ => SearchedArms::Collectors(collectors),
    };
    match bisect(loaded, variants, among, out.as_deref(), &interrupt, &mut shown)? {
        BisectEnded::Found { bad, good } => {
            show::data(&format!("{bad} is the first that fails; {good} passes\n"))?;
            Ok(ExitCode::Pass)
        }
        BisectEnded::Contradicted { release, found } => {
            let (verdict, which) = if found == Verdict::Pass { ("passes", "bad") } else { ("fails", "good") };
            show::note(&format!("the scenario {verdict} with {release}, which should be the {which} one"));
            Ok(ExitCode::Inconclusive)
        }
        BisectEnded::Unjudged(verdict) => {
            show::note("the search stops here: what cannot be judged is neither good nor bad");
            Ok(verdict.exit())
        }
        BisectEnded::Interrupted(signal) => Ok(of_signal(signal)),
    }
}
