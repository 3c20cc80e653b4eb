//! `spanfate list`.

use spanfate_model::plan::Plan;
use spanfate_model::verdict::ExitCode;
use spanfate_run::project::Project;

use crate::error::Error;
use crate::{scenario_file, show};

/// Prints name, length and description of every scenario; a broken one is named as broken.
pub(super) fn run() -> Result<ExitCode, Error> {
    let folder = Project::find()?.scenarios();
    let mut out = String::new();
    for name in scenario_file::all(&folder) {
        let line = match scenario_file::load(&folder.join(format!("{name}.toml")), false) {
            Ok(loaded) => {
                let plan = Plan::resolve(&loaded.scenario);
                let seconds = plan.estimated_seconds(&plan.trials);
                format!(
                    "{name:<20} {:>2} variants, about {seconds:>4.0} s   {}\n",
                    plan.variants.len(),
                    plan.description
                )
            }
            Err(_) => format!("{name:<20} is not valid; see `spanfate validate {name}`\n"),
        };
        out.push_str(&line);
    }
    show::data(&out)?;
    Ok(ExitCode::Pass)
}
