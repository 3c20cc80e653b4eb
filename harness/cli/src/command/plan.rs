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
    let mut out = format!(
        "{}: {}\nseed {}, at most {} requests and {} spans per trial\nload: {}, after {} of warm-up\n",
        plan.name,
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
        settings.extend(variant.load.as_ref().map(|load| format!("load=({load})")));
        let settings = if settings.is_empty() { "SDK defaults".to_owned() } else { settings.join(" ") };
        out += &format!("  trial {:>3}  {:<24} {settings}\n", trial.index, variant.name);
    }
    let total = plan.estimated_seconds(&plan.trials);
    out += &format!("{} trials, about {} after the build\n", plan.trials.len(), format_seconds(total));
    out
}

fn format_seconds(seconds: f64) -> String {
    if seconds < 120.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}
