//! `spanfate peek --metrics`: collectors that run, by their pages.

use serde::Serialize;
use spanfate_analysis::metrics::CollectorWatch;
use spanfate_model::finding::collector::CollectorPeek;
use spanfate_model::quantity::unit::Period;
use spanfate_model::verdict::ExitCode;
use spanfate_run::process::interrupt::Interrupt;

use crate::args::PeekArguments;
use crate::error::Error;
use crate::session::outside::collectors::watch;
use crate::show;

/// Looks at them for so long, and prints what there is to say.
pub(super) fn run(arguments: &PeekArguments, lasting: u64, interrupt: &Interrupt) -> Result<ExitCode, Error> {
    let outage_s = arguments.outage.map(Period::seconds);
    let concluded = |all: &[CollectorWatch]| -> Vec<CollectorPeek> {
        all.iter().flat_map(|one| one.conclude(outage_s)).collect()
    };
    let (all, away) = watch(&arguments.metrics, lasting, interrupt, |all| {
        if arguments.watch {
            show::data(&spanfate_report::collectors_line(&concluded(all)))?;
        }
        Ok(())
    })?;
    for what in away {
        show::note(&format!("not there at times: {what}"));
    }
    let found = concluded(&all);
    if found.is_empty() {
        return Err(Error::Unsuited(format!(
            "{} has no metrics of a collector's exporter or receiver; a collector writes otelcol_exporter_* and otelcol_receiver_*. For a Go \
             SDK ask `spanfate advise --metrics`, or `spanfate peek --pid`",
            arguments.metrics.join(", ")
        )));
    }
    let text = if arguments.json {
        show::pretty(&CollectorsAnswer { format: "1.0", exporters: &found })?
    } else {
        let gap = if arguments.watch { "\n" } else { "" };
        format!("{gap}{}", spanfate_report::collectors(&found))
    };
    show::data(&text)?;
    Ok(ExitCode::Pass)
}

/// What `--json` prints.
#[derive(Serialize)]
struct CollectorsAnswer<'a> {
    format: &'static str,
    exporters: &'a [CollectorPeek],
}
