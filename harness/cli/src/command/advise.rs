//! `spanfate advise`: what to set, by the law alone; of a run, by the replay of its queues.

mod collector;
mod metrics;
#[cfg(test)]
mod tests;

use std::path::Path;

use serde::Serialize;
use spanfate_model::advice::demand::{Burst, Demand};
use spanfate_model::advice::plan::{AdvicePlan, Choice, Now, plan};
use spanfate_model::advice::settings::BatchSettings;
use spanfate_model::advice::why::{Variable, go_lines, shortfalls, variables};
use spanfate_model::exporter::batch_by_variables;
use spanfate_model::quantity::unit::{Period, Rate};
use spanfate_model::result::Advised;
use spanfate_model::verdict::ExitCode;
use spanfate_report::TableStyle;

use crate::args::AdviseArguments;
use crate::error::Error;
use crate::session::conclude::reconcluded;
use crate::session::runs;
use crate::show;

/// What is said of numbers that cannot be.
const UNSOUND: &str = "these numbers give no advice: rates are above 0 and at most 1000000000/s, times at most a week, a round trip above 0";

/// Works it out and prints it.
pub(super) fn run(arguments: &AdviseArguments, color: bool) -> Result<ExitCode, Error> {
    if let Some(run) = &arguments.run {
        return of_run(arguments, run, color);
    }
    if !arguments.metrics.is_empty() {
        return metrics::run(arguments);
    }
    if !arguments.collectors.is_empty() {
        return collector::run(arguments);
    }
    let plan = advised(arguments).ok_or_else(|| Error::Refused(UNSOUND.to_owned()))?;
    let text = if arguments.json { show::pretty(&answer(&plan))? } else { spanfate_report::plan(&plan) };
    show::data(&text)?;
    Ok(ExitCode::Pass)
}

/// What `--json` prints of a run.
#[derive(Serialize)]
struct RunAdvice<'a> {
    run_id: &'a str,
    advice: &'a [Advised],
}

/// Prints what a run advises.
fn of_run(arguments: &AdviseArguments, run: &Path, color: bool) -> Result<ExitCode, Error> {
    let result = reconcluded(runs::find(run)?)?;
    let text = if arguments.json {
        show::pretty(&RunAdvice { run_id: &result.run_id, advice: &result.insights.advice })?
    } else {
        spanfate_report::advice_of_run(&result, TableStyle { color, width: None })
    };
    show::data(&text)?;
    Ok(ExitCode::Pass)
}

fn demand(arguments: &AdviseArguments) -> Demand {
    let each = arguments.rate.map_or(1.0, |_| f64::from(arguments.spans_per_request.get()));
    let rate = arguments.rate.or(arguments.spans).map_or(0.0, |rate| rate.0 * each);
    let seconds = |period: Option<Period>| period.map_or(0.0, Period::seconds);
    let burst = |Rate(burst)| Burst { spans_per_s: burst * each, lasting_s: seconds(arguments.burst_for) };
    Demand {
        spans_per_s: rate,
        round_trip_s: seconds(arguments.rtt),
        round_trip_of: arguments.batch.map_or(BatchSettings::DEFAULT.batch, std::num::NonZero::get),
        per_span_s: arguments.per_span.map(Period::seconds),
        outage_s: seconds(arguments.outage),
        protocol: arguments.protocol.into(),
        burst: arguments.burst.map(burst),
        stall_s: 0.0,
    }
}

/// What is advised; `None` where the numbers make no sense.
fn advised(arguments: &AdviseArguments) -> Option<AdvicePlan> {
    let or =
        |given: Option<std::num::NonZeroU32>, default: u32| given.map_or(default, std::num::NonZero::get);
    let queue = or(arguments.queue, BatchSettings::DEFAULT.queue);
    let settings = BatchSettings {
        batch: batch_by_variables(or(arguments.batch, BatchSettings::DEFAULT.batch), queue),
        queue,
        ..BatchSettings::DEFAULT
    };
    plan(&demand(arguments), &Now { settings, overran: false })
}

/// What `--json` prints.
#[derive(Serialize)]
struct AdviceAnswer<'a> {
    #[serde(flatten)]
    plan: &'a AdvicePlan,
    suffices: bool,
    set: Vec<Variable>,
    code_set: Vec<Variable>,
    go: Vec<String>,
    shortfalls: Vec<String>,
}

fn answer(plan: &AdvicePlan) -> AdviceAnswer<'_> {
    let set = |choice: &Choice| variables(&choice.settings, &plan.now.settings, &plan.demand);
    let (_, lacks) = plan.advised();
    let go = |code: &Choice| go_lines(&code.settings, plan.demand.protocol);
    AdviceAnswer {
        plan,
        suffices: lacks.is_empty(),
        set: set(&plan.variables),
        code_set: plan.code.as_ref().map(set).unwrap_or_default(),
        go: plan.code.as_ref().map(go).unwrap_or_default(),
        shortfalls: shortfalls(plan),
    }
}
