//! `spanfate compare`: two runs, or one scenario with two SDKs or two collectors.

use std::collections::BTreeMap;
use std::path::Path;

use spanfate_analysis::compare::comparison::{Apart, compare_runs};
use spanfate_model::result::RunResult;
use spanfate_model::scenario::Gates;
use spanfate_model::verdict::{ExitCode, Verdict};
use spanfate_report::{TableStyle, comparisons};
use spanfate_run::process::interrupt::Interrupt;

use crate::args::CompareArguments;
use crate::error::Error;
use crate::session::arms::Arm;
use crate::session::carry_out::carry_out;
use crate::session::runs::result_of;
use crate::session::selected::{Selected, with_arms};
use crate::show::{self, Shown};
use crate::{outcome, scenario_file};

/// Compares.
pub(super) fn run(arguments: &CompareArguments, color: bool) -> Result<ExitCode, Error> {
    match (arguments.what.as_slice(), arguments.sdks.as_slice(), arguments.collectors.as_slice()) {
        ([baseline, candidate], [], []) => runs(baseline, candidate, arguments, color),
        ([file], [baseline, candidate], []) => arms(file, &[Arm::sdk(baseline), Arm::sdk(candidate)], arguments, color),
        ([file], [], [baseline, candidate]) => {
            arms(file, &[Arm::collector(baseline), Arm::collector(candidate)], arguments, color)
        }
        _ => Err(Error::Refused(
            "compare takes two runs (`spanfate compare BASE CAND`), or one scenario and two SDKs (`spanfate compare --sdk 1.44 \
             --sdk path:../opentelemetry-go SCENARIO`) or two collectors (`--collector 0.160 --collector ./otelcol`)"
                .to_owned(),
        )),
    }
}

/// Two runs that were made before.
fn runs(
    baseline: &Path,
    candidate: &Path,
    arguments: &CompareArguments,
    color: bool,
) -> Result<ExitCode, Error> {
    if arguments.output.ci.folder.is_some() {
        let what = "--ci writes the files of a run, and comparing two makes none; give it to the runs themselves, or compare two \
                    SDKs in one (`spanfate compare --sdk … --sdk … SCENARIO`)";
        return Err(Error::Refused(what.to_owned()));
    }
    if !arguments.overrides.all().is_empty() {
        let what = "--rate, --for and --set change a scenario, and two runs are over; give them to the runs themselves";
        return Err(Error::Refused(what.to_owned()));
    }
    let (base, other) = (result_of(baseline)?, result_of(candidate)?);
    if base.plan.changed != other.plan.changed {
        let of = |run: &RunResult| format!("{} is of {}", run.run_id, run.plan.title());
        show::note(&format!("the runs are not of the same scenario: {}, {}", of(&base), of(&other)));
    }
    let how = Apart { gates: gates(arguments)?, any_machine: arguments.allow_env_mismatch };
    let all = compare_runs(&base, &other, &how);
    if all.is_empty() {
        let names =
            |run: &RunResult| run.variants.iter().map(|v| v.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Error::NothingSelected(format!(
            "the runs share no variant; one has {}, the other {}",
            names(&base),
            names(&other)
        )));
    }
    if arguments.output.json {
        show::data(&show::pretty(&all)?)?;
    } else if !arguments.output.quiet {
        show::data(&comparisons(&all, TableStyle { color, width: None }))?;
    }
    let worst = all.iter().fold(Verdict::Pass, |worst, one| worst.worst(one.verdict));
    Ok(worst.exit())
}

fn gates(arguments: &CompareArguments) -> Result<Option<Gates>, Error> {
    if arguments.gates.is_empty() {
        return Ok(None);
    }
    let pair = |text: &String| {
        let (figure, percent) = text.split_once('=').ok_or_else(|| {
            Error::Refused(format!("`{text}` names no smallest change; write for example response.p50=5%"))
        })?;
        Ok((figure.trim().to_owned(), percent.to_owned()))
    };
    let written = arguments.gates.iter().map(pair).collect::<Result<BTreeMap<_, _>, Error>>()?;
    Gates::try_from(written).map(Some).map_err(Error::Refused)
}

/// One scenario in two arms, interleaved.
fn arms(file: &Path, arms: &[Arm; 2], arguments: &CompareArguments, color: bool) -> Result<ExitCode, Error> {
    let loaded = scenario_file::load_with(file, &arguments.overrides.all(), color)?;
    let gates = gates(arguments)?;
    let scenario = with_arms(loaded.scenario, arms, arguments.variant.as_deref(), |compare| {
        compare.pairs = arguments.pairs.unwrap_or(compare.pairs);
        compare.gate = gates.clone().unwrap_or_else(|| compare.gate.clone());
    })?;
    let selected = Selected::of(&scenario, loaded.text, loaded.folder)?;
    let interrupt = Interrupt::listen(show::note)?;
    let mut shown = Shown::new(arguments.output.quiet);
    let limits = arguments.limits.limits(false, &arguments.output.ci);
    let done = carry_out(&selected, arguments.out.as_deref(), limits, &interrupt, &mut shown)?;
    outcome::say(done, &arguments.output, color)
}
