//! `spanfate plan`: what would run, without running it.

use spanfate_model::plan::Plan;
use spanfate_model::verdict::ExitCode;

use crate::args::Selection;
use crate::error::Error;
use crate::select::select;
use crate::show;

/// Prints the expanded plan.
pub(super) fn run(selection: &Selection, json: bool, color: bool) -> Result<ExitCode, Error> {
    let plan = select(selection, color)?.plan;
    let text = if json {
        let text =
            serde_json::to_string_pretty(&plan).map_err(|e| Error::Output(std::io::Error::other(e)))?;
        text + "\n"
    } else {
        describe(&plan)
    };
    show::data(&text)?;
    Ok(ExitCode::Pass)
}

fn describe(plan: &Plan) -> String {
    let each = plan.estimated_trial().seconds();
    let mut out = format!(
        "{}: {}\nseed {}, {} per trial: {} warm-up + {} measured at {} ({} requests, {} spans)\n",
        plan.name,
        plan.description,
        plan.seed,
        format_seconds(each),
        plan.load.warmup,
        plan.load.lasting,
        plan.load.rate,
        plan.requests_per_trial(),
        plan.spans_per_trial(),
    );
    for trial in &plan.trials {
        let Some(variant) = plan.variant_of(trial) else { continue };
        let mut settings: Vec<String> =
            variant.exporter.settings().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        settings.extend(variant.receiver.answer_after.map(|after| format!("answer_after={after}")));
        let settings = if settings.is_empty() { "SDK defaults".to_owned() } else { settings.join(" ") };
        out += &format!("  trial {:>3}  {:<24} {settings}\n", trial.index, variant.name);
    }
    let total = each * plan.trials.len() as f64;
    out += &format!("{} trials, about {} after the build\n", plan.trials.len(), format_seconds(total));
    out
}

fn format_seconds(seconds: f64) -> String {
    if seconds < 120.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}
