//! `spanfate claims`: what somebody claims, judged by runs and inspections.

use spanfate_model::finding::claims::ClaimVerdict;
use spanfate_model::verdict::ExitCode;
use spanfate_report::TableStyle;
use spanfate_run::process::interrupt::Interrupt;

use crate::args::ClaimsArguments;
use crate::error::{Error, first_of, of_signal};
use crate::session::claims::{claims, claims_by_sdk, page, publish, selected, write_page};
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
    let found = if arguments.sdks.is_empty() {
        claims(&order, color, &interrupt, &mut shown)?
    } else {
        claims_by_sdk(&order, &arguments.sdks, color, &interrupt, &mut shown)?
    };
    if arguments.json {
        show::data(&show::pretty(&found.record)?)?;
    } else {
        show::data(&spanfate_report::claims(
            &found.claims,
            &found.record,
            TableStyle { color, width: None },
        ))?;
    }
    let written = write_page(&order, &found, color)?;
    show::note(&format!("results: {}\nreport: {}", found.dir.display(), written.display()));
    if arguments.publish && found.broken {
        show::note("nothing is published: the books of a run do not close; see what its report says of it");
    } else if arguments.publish && !interrupt.requested() {
        publish(&found, color)?;
    }
    let open = found.record.claims.iter().any(|claim| claim.verdict == ClaimVerdict::Inconclusive);
    let mut codes = vec![if open { ExitCode::Inconclusive } else { ExitCode::Pass }];
    codes.extend(found.broken.then_some(ExitCode::AccountingBroken));
    codes.extend(interrupt.signal().map(of_signal));
    Ok(first_of(&codes))
}
