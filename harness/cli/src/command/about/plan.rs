//! `spanfate plan`: what would run, without running it.

use spanfate_model::plan::{Plan, PlannedTrial, PlannedVariant};
use spanfate_model::verdict::ExitCode;

use crate::args::PlanArguments;
use crate::error::Error;
use crate::session::selected::select;
use crate::show;

/// Prints the expanded plan.
pub(in crate::command) fn run(arguments: &PlanArguments, color: bool) -> Result<ExitCode, Error> {
    let PlanArguments { selection, json } = arguments;
    let plan = select(&selection.file, &selection.changes(), color)?.plan;
    let text = if *json { show::pretty(&plan)? } else { describe(&plan) };
    show::data(&text)?;
    Ok(ExitCode::Pass)
}

fn describe(plan: &Plan) -> String {
    let mut out = format!(
        "{}: {}\nseed {}, at most {} requests and {} spans per trial\nload: {}, after {} of warm-up\n",
        plan.title(),
        plan.description,
        plan.seed,
        plan.most_requests(),
        plan.most_spans(),
        plan.load,
        plan.load.warmup,
    );
    for trial in &plan.trials {
        let Some(variant) = plan.variant_of(trial) else { continue };
        let mut settings: Vec<String> =
            variant.exporter.settings().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        settings.extend(variant.receiver.answer_after.map(|after| format!("answer_after={after}")));
        settings.extend(variant.sdk.as_ref().map(|sdk| format!("sdk={sdk}")));
        settings.extend(variant.design.map(|design| format!("design=({})", design.text())));
        settings.extend(variant.processor.map(|kind| format!("processor={}", kind.as_str())));
        settings.extend((!variant.api.is_otel()).then(|| format!("api={}", variant.api.as_str())));
        settings.extend(variant.load.as_ref().map(|load| format!("load=({load})")));
        let settings = if settings.is_empty() { "SDK defaults".to_owned() } else { settings.join(" ") };
        out += &format!("  trial {:>3}  {:<24} {settings}\n", trial.index, variant.name);
        for line in faults(plan, trial, variant) {
            out += &format!("             {line}\n");
        }
    }
    let total = plan.estimated_seconds(&plan.trials);
    out += &format!("{} trials, about {} after the build\n", plan.trials.len(), show::about(total));
    out
}

/// The faults of a trial, with the times that its seed has drawn.
fn faults(plan: &Plan, trial: &PlannedTrial, variant: &PlannedVariant) -> Vec<String> {
    let load = plan.load_of(variant);
    let length =
        if load.closed.is_some() { u64::MAX / 4 } else { load.warmup.nanos() + load.lasting.nanos() };
    let seconds = |ns: u64| format!("{:.2} s", ns as f64 / 1e9);
    let mut out = Vec::new();
    for (number, fault) in variant.faults.iter().enumerate() {
        let on = fault.on.as_ref().map(|on| format!(" on {on}")).unwrap_or_default();
        let head = format!("fault {}: {}{on}", number + 1, fault.title());
        let windows = fault.windows(number, trial.seed, length);
        let when = match (windows.first(), windows.last(), &fault.requests) {
            (Some(first), _, _) if first.to == u64::MAX => format!("from {} to the end", seconds(first.from)),
            (Some(first), _, _) if fault.kind.is_moment() && windows.len() == 1 => {
                format!("at {}", seconds(first.from))
            }
            (Some(first), Some(_), _) if windows.len() == 1 => {
                format!("{} to {}", seconds(first.from), seconds(first.to))
            }
            (Some(first), Some(last), _) => {
                format!("{} times, from {} to {}", windows.len(), seconds(first.from), seconds(last.to))
            }
            (_, _, Some(requests)) => match requests.to {
                Some(to) => format!("at requests {} to {to} of the receiver", requests.from),
                None => format!("from request {} of the receiver on", requests.from),
            },
            _ => "when a service is in the state it waits for".to_owned(),
        };
        out.push(format!("{head}, {when}"));
    }
    out
}
