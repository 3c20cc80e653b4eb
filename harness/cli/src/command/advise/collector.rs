//! `spanfate advise --collector`: what the exporters of collectors need, by the law alone.

use serde::Serialize;
use spanfate_analysis::lint::configured;
use spanfate_model::advice::hop::lines::{HopLine, leaves_processor, lines, shortfalls};
use spanfate_model::advice::hop::{NamedHopPlan, plan};
use spanfate_model::finding::lint::LintDemand;
use spanfate_model::verdict::ExitCode;

use crate::args::AdviseArguments;
use crate::error::Error;
use crate::session::outside::configurations;
use crate::show;

/// Works it out for each file in the order of the path, and prints it.
pub(super) fn run(arguments: &AdviseArguments) -> Result<ExitCode, Error> {
    let demand = super::demand(arguments);
    let mut asked = LintDemand {
        spans_per_s: demand.spans_per_s,
        round_trip_s: demand.round_trip_s,
        outage_s: demand.outage_s,
        span_bytes: arguments.span_bytes.0 as f64,
        request_spans: f64::from(demand.round_trip_of),
        trace_spans: 1.0,
    };
    let mut plans: Vec<NamedHopPlan> = Vec::new();
    for path in &arguments.collectors {
        let (file, text) = configurations::read(path)?;
        let (exporters, unknown) =
            configured(&text, &asked).map_err(|broken| configurations::broken(&file, &broken))?;
        for what in unknown {
            show::note(&format!("{file}: the default is taken: {what}"));
        }
        let to_exporter = asked.of_exporter();
        let mut own = Vec::new();
        for exporter in exporters {
            let plan = plan(&to_exporter, &exporter.settings).ok_or_else(unsound)?;
            own.push(NamedHopPlan { hop: file.clone(), exporter: exporter.name, plan });
        }
        // The next collector gets what the first exporter of this one sends.
        match own.first() {
            Some(first) => asked.request_spans = first.plan.advised.outlook.sent,
            None => {
                return Err(Error::Scenario(format!(
                    "{file}: no pipeline of traces has an exporter with a queue"
                )));
            }
        }
        plans.extend(own);
    }
    let text = if arguments.json {
        show::pretty(&HopAnswer { format: "1.0", exporters: plans.iter().map(ExporterAnswer::of).collect() })?
    } else {
        spanfate_report::hop_plans(&plans)
    };
    show::data(&text)?;
    Ok(ExitCode::Pass)
}

fn unsound() -> Error {
    Error::Refused(super::UNSOUND.to_owned())
}

/// What `--json` prints.
#[derive(Serialize)]
struct HopAnswer<'a> {
    format: &'static str,
    exporters: Vec<ExporterAnswer<'a>>,
}

#[derive(Serialize)]
struct ExporterAnswer<'a> {
    #[serde(flatten)]
    named: &'a NamedHopPlan,
    suffices: bool,
    set: Vec<HopLine>,
    without_batch_processor: bool,
    shortfalls: Vec<String>,
}

impl<'a> ExporterAnswer<'a> {
    fn of(named: &'a NamedHopPlan) -> Self {
        Self {
            suffices: named.plan.lacks.is_empty(),
            set: lines(&named.plan),
            without_batch_processor: leaves_processor(&named.plan),
            shortfalls: shortfalls(&named.plan),
            named,
        }
    }
}
