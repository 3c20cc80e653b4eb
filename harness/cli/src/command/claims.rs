//! `spanfate claims`: what somebody claims, judged by runs and inspections.

use spanfate_model::finding::claims::ClaimVerdict;
use spanfate_model::verdict::ExitCode;
use spanfate_report::TableStyle;
use spanfate_run::process::interrupt::Interrupt;

use crate::args::ClaimsArguments;
use crate::error::{Error, first_of, of_signal};
use crate::session::claims::{claims, page, publish, selected};
use crate::show::{self, Shown};

/// Judges claims and prints their verdicts; or only says how they are judged, or what was published of them.
pub(super) fn run(arguments: &ClaimsArguments, color: bool) -> Result<ExitCode, Error> {
    if arguments.page {
        show::data(&page(color)?)?;
        return Ok(ExitCode::Pass);
    }
    let order = arguments.order();
    if arguments.list {
        let (_, claims) = selected(&order, color)?;
        show::data(&spanfate_report::claims_listed(&claims))?;
        return Ok(ExitCode::Pass);
    }
    let interrupt = Interrupt::listen(show::note)?;
    // Many runs: one line for each is enough.
    let mut shown = Shown::new(true);
    let found = claims(&order, color, &interrupt, &mut shown)?;
    if arguments.json {
        show::data(&show::pretty(&found.record)?)?;
    } else {
        show::data(&spanfate_report::claims(
            &found.claims,
            &found.record.claims,
            TableStyle { color, width: None },
        ))?;
    }
    show::note(&format!("results: {}", found.dir.display()));
    if arguments.publish && !interrupt.requested() {
        publish(&found, color)?;
    }
    let open = found.record.claims.iter().any(|claim| claim.verdict == ClaimVerdict::Inconclusive);
    let mut codes = vec![if open { ExitCode::Inconclusive } else { ExitCode::Pass }];
    codes.extend(found.broken.then_some(ExitCode::AccountingBroken));
    codes.extend(interrupt.signal().map(of_signal));
    Ok(first_of(&codes))
}
