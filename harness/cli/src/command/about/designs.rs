//! `spanfate designs`: the page of the designs under test, from what their scenarios and commands measured.

mod commands;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use spanfate_analysis::statistics::estimate;
use spanfate_analysis::{validity_of, value_of};
use spanfate_model::finding::designs::command::DesignCommand;
use spanfate_model::finding::designs::{DESIGNS_FORMAT, DesignContender, DesignRun, DesignTable};
use spanfate_model::plan::Plan;
use spanfate_model::result::{Estimate, RunResult, TrialResult, VariantResult};
use spanfate_model::scenario::figure::Figure;
use spanfate_model::scenario::{DesignPage, PageFigures};
use spanfate_model::verdict::ExitCode;
use spanfate_report::{DesignColumns, DesignSection};
use spanfate_run::host::project::Project;
use spanfate_run::store;

use crate::error::Error;
use crate::scenario_file;
use crate::session::runs;
use crate::show;

/// The folder of their scenarios, in `scenarios/`.
const FOLDER: &str = "designs";

/// A scenario of a design as it stands.
struct DesignScenario {
    name: String,
    plan: Plan,
    page: DesignPage,
}

/// Takes up runs, if there are any, and prints the page.
pub(in crate::command) fn run(file: &Path, wanted: &[PathBuf], color: bool) -> Result<ExitCode, Error> {
    let scenarios = standing(color)?;
    let commands = commands::standing(color)?;
    let mut table = kept(file)?;
    for name in wanted {
        if let Some(text) = commands::written(name)? {
            let (command, measured) = commands::measured(name, &text, &commands)?;
            table.commands.insert(command, measured);
            continue;
        }
        let result = runs::result_of(name)?;
        let (scenario, measured) = measured(name, &scenarios, &result)?;
        table.scenarios.insert(scenario, measured);
    }
    if !wanted.is_empty() {
        store::write_json(file, &table)?;
    }
    show::data(&spanfate_report::designs(&sections(&scenarios, &commands, &table)))?;
    Ok(ExitCode::Pass)
}

/// Every scenario of a design.
fn standing(color: bool) -> Result<Vec<DesignScenario>, Error> {
    let folder = Project::find()?.scenarios().join(FOLDER);
    let mut out = Vec::new();
    for name in scenario_file::all(&folder) {
        let loaded = scenario_file::load(&folder.join(format!("{name}.toml")), color)?;
        let page = loaded.scenario.designs.ok_or_else(|| {
            Error::Scenario(format!(
                "scenarios/{FOLDER}/{name}.toml has no [designs]; say how the page shows it"
            ))
        })?;
        out.push(DesignScenario { name, plan: loaded.plan, page });
    }
    Ok(out)
}

/// What the file holds; one that is not there holds nothing.
fn kept(file: &Path) -> Result<DesignTable, Error> {
    if !file.exists() {
        return Ok(DesignTable::default());
    }
    let table: DesignTable = store::read_json(file)?;
    if table.format != DESIGNS_FORMAT {
        return Err(Error::Unsuited(format!(
            "{} has format {}, and this program reads {DESIGNS_FORMAT}; measure again into a new file",
            file.display(),
            table.format
        )));
    }
    Ok(table)
}

/// What a run measured, with the name of its scenario, which must still be as it was run.
fn measured(
    name: &Path,
    scenarios: &[DesignScenario],
    result: &RunResult,
) -> Result<(String, DesignRun), Error> {
    let name = name.display();
    let Some(scenario) = scenarios.iter().find(|scenario| scenario.name == result.plan.name) else {
        let message =
            format!("{name} is a run of `{}`, which is not in scenarios/{FOLDER}/", result.plan.name);
        return Err(Error::Unsuited(message));
    };
    let plan = digest(&scenario.plan);
    if digest(&result.plan) != plan {
        let called = &scenario.name;
        return Err(Error::Unsuited(format!(
            "{name} did not run what scenarios/{FOLDER}/{called}.toml says today; run it again: spanfate scenario \
             {FOLDER}/{called}"
        )));
    }
    let sdk = result.variants.iter().flat_map(|variant| &variant.trials);
    let sdk = sdk.flat_map(|trial| &trial.services).map(|service| service.sdk.clone()).next();
    let contender = |variant: &VariantResult| contender(variant, &scenario.page.figures);
    let contenders = result.variants.iter().map(contender).collect();
    let sdk = sdk.unwrap_or_default();
    let run = DesignRun { plan, sdk, machine: None, figures: Vec::new(), contenders };
    Ok((scenario.name.clone(), run))
}

fn contender(variant: &VariantResult, figures: &PageFigures) -> DesignContender {
    let one = |figure: &Figure| {
        let basis = validity_of(*figure);
        let of = |trial: &TrialResult| Some((value_of(*figure, trial)?, trial.is_valid(basis)));
        Some((figure.to_string(), known(&variant.trials.iter().filter_map(of).collect::<Vec<_>>())?))
    };
    let figures: BTreeMap<_, _> = figures.0.iter().filter_map(one).collect();
    DesignContender { name: variant.name.clone(), figures }
}

/// What values come to, each with whether it is valid: those that are, or all of them where none is.
fn known(values: &[(f64, bool)]) -> Option<Estimate> {
    let any = values.iter().any(|(_, valid)| *valid);
    let taken: Vec<f64> = values.iter().filter(|(_, valid)| *valid == any).map(|(value, _)| *value).collect();
    (!taken.is_empty()).then(|| estimate(&taken, any))
}

/// What stands, by design, then by name, with what was measured of it as it stands.
fn sections<'a>(
    scenarios: &'a [DesignScenario],
    commands: &'a [DesignCommand],
    table: &'a DesignTable,
) -> Vec<DesignSection<'a>> {
    let scenario = |scenario: &'a DesignScenario| DesignSection {
        design: &scenario.page.design,
        name: &scenario.name,
        question: &scenario.plan.description,
        figures: DesignColumns::Scenario(&scenario.page.figures.0),
        sentence: &scenario.page.sentence,
        run: as_it_stands(&table.scenarios, &scenario.name, &digest(&scenario.plan)),
    };
    let command = |command: &'a DesignCommand| DesignSection {
        design: &command.design,
        name: &command.name,
        question: &command.asks,
        figures: DesignColumns::Command(&command.run),
        sentence: &command.sentence,
        run: as_it_stands(&table.commands, &command.name, &mixed(command.run.as_bytes())),
    };
    let mut out: Vec<_> = scenarios.iter().map(scenario).chain(commands.iter().map(command)).collect();
    out.sort_by_key(|section| (section.design, section.name));
    out
}

fn as_it_stands<'a>(runs: &'a BTreeMap<String, DesignRun>, name: &str, plan: &str) -> Option<&'a DesignRun> {
    runs.get(name).filter(|run| run.plan == plan)
}

/// A number for what a plan runs, whatever is said and expected of it (FNV-1a).
fn digest(plan: &Plan) -> String {
    let run = Plan { description: String::new(), expect: Vec::new(), claims: Vec::new(), ..plan.clone() };
    mixed(&serde_json::to_vec(&run).unwrap_or_default())
}

fn mixed(bytes: &[u8]) -> String {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix))
}

#[cfg(test)]
mod tests {
    use spanfate_analysis::conclude_run;
    use spanfate_model::format::manifest::RunManifest;
    use spanfate_model::result::environment::Environment;

    use super::*;
    use crate::scenario_file::parse::parse;

    const TEXT: &str = "name = 'guard-x'\n[load]\nrate = '5/s'\nlasting = '1s'\n[[variant]]\nname = 'guard'\n\
        design = { guard = {} }\n[designs]\ndesign = '4.2'\nsentence = 'Worth it.'\nfigures = ['loss.rate']\n";

    fn scenario(text: &str) -> DesignScenario {
        let (scenario, plan) = parse(text, Path::new(".")).unwrap();
        DesignScenario { name: "guard-x".to_owned(), plan, page: scenario.designs.unwrap() }
    }

    /// What becomes of a run of one text where the other stands in the folder.
    fn taken(ran: &str, stands: &str) -> Result<(String, DesignRun), String> {
        let result =
            conclude_run(scenario(ran).plan, Environment::default(), &RunManifest::default(), Vec::new());
        measured(Path::new("some-run"), &[scenario(stands)], &result).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_said_and_expected_of_a_scenario_may_change_and_what_it_runs_may_not() {
        let (name, run) = taken(TEXT, TEXT).unwrap();
        assert_eq!((name.as_str(), run.plan.len()), ("guard-x", 16));
        let said = format!("description = 'more'\n{TEXT}[[expect]]\nthat = 'loss.rate == 0 %'\n");
        assert_eq!(taken(TEXT, &said.replace("Worth", "Hardly worth")).unwrap().1.plan, run.plan);
        for (old, new) in [("5/s", "6/s"), ("guard = {}", "guard = { flush = '1s' }"), ("'1s'", "'2s'")] {
            let refused = taken(TEXT, &TEXT.replace(old, new)).unwrap_err();
            assert!(refused.contains("run it again: spanfate scenario designs/guard-x"), "{refused}");
        }
        let refused = taken(&TEXT.replace("guard-x", "guard-y"), TEXT).unwrap_err();
        assert!(refused.contains("is a run of `guard-y`, which is not in scenarios/designs/"), "{refused}");
    }

    #[test]
    fn a_scenario_that_has_changed_since_shows_no_figures() {
        let stands = [scenario(TEXT)];
        let (name, run) = taken(TEXT, TEXT).unwrap();
        let table = |run: DesignRun| DesignTable {
            scenarios: BTreeMap::from([(name.clone(), run)]),
            ..DesignTable::default()
        };
        assert!(sections(&stands, &[], &table(run.clone()))[0].run.is_some());
        let other = DesignRun { plan: "0".repeat(16), ..run };
        assert!(sections(&stands, &[], &table(other))[0].run.is_none());
    }
}
