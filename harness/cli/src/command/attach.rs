//! `spanfate attach`: a program of the user's own, every span of which gets its fate, without a scenario file.

use std::path::{Path, PathBuf};

use spanfate_analysis::describe_probes;
use spanfate_model::books::logs::TrialLines;
use spanfate_model::limits::LimitMet;
use spanfate_model::plan::Plan;
use spanfate_model::quantity::unit::Period;
use spanfate_model::scenario::Scenario;
use spanfate_model::scenario::ebpf::{Ebpf, EbpfMode};
use spanfate_model::scenario::pipeline::{CollectorHop, OwnCollector, Pipeline};
use spanfate_model::verdict::ExitCode;
use spanfate_report::TableStyle;
use spanfate_run::host::project::Project;
use spanfate_run::process::interrupt::Interrupt;
use spanfate_run::receiver::Upstream;
use spanfate_run::runner::{Limits, RunOrder};
use spanfate_run::trial::join::join;

use crate::args::AttachArguments;
use crate::error::Error;
use crate::outcome;
use crate::session::carry_out::attached::{AttachedProgram, here};
use crate::session::carry_out::{Outcome, attend, begin, tell_changes};
use crate::session::runs::logs::{self, LinesFile};
use crate::show::{self, Shown};

/// Attaches to a program, started here or running already.
pub(super) fn run(arguments: &AttachArguments, color: bool) -> Result<ExitCode, Error> {
    match arguments.pid {
        Some(pid) => joined(pid, arguments),
        None if arguments.load.is_some() => loaded(arguments, color),
        None => alone(arguments, color),
    }
}

/// The program, as the command line has it.
fn program_of(arguments: &AttachArguments) -> AttachedProgram<'_> {
    AttachedProgram {
        command: &arguments.command,
        load: arguments.load.as_deref(),
        rate: arguments.rate,
        lasting: arguments.lasting,
        keep: None,
    }
}

/// The scenario that stands for the command line.
fn scenario_of(arguments: &AttachArguments) -> Result<Scenario, Error> {
    let scenario = program_of(arguments).scenario()?;
    let ebpf = Some(Ebpf { required: true, ..probes(arguments) });
    Ok(Scenario { pipeline: pipeline_of(arguments)?, ebpf, ..scenario })
}

/// The collector that stands between the program and the receiver, where there is one. Both files begin where the user stands.
fn pipeline_of(arguments: &AttachArguments) -> Result<Pipeline, Error> {
    let Some(config) = &arguments.collector else { return Ok(Pipeline::default()) };
    let collector = OwnCollector {
        binary: arguments.collector_binary.clone(),
        config: Some(here()?.join(config).to_string_lossy().into_owned()),
        version: None,
    };
    let hop = CollectorHop { collector: Some(collector), ..CollectorHop::new("collector") };
    Ok(Pipeline { hop: vec![hop], ..Pipeline::default() })
}

/// Where programs of the project's own are found and built: a collector may be one.
fn project_of(arguments: &AttachArguments, here: &Path) -> Result<Project, Error> {
    if arguments.collector.is_some() {
        return Project::find().map_err(Error::Run);
    }
    Ok(Project(here.to_owned()))
}

fn probes(arguments: &AttachArguments) -> Ebpf {
    Ebpf { max_overhead_percent: arguments.max_overhead, ..Ebpf::plain(EbpfMode::Events) }
}

fn results(arguments: &AttachArguments) -> PathBuf {
    arguments.out.clone().unwrap_or_else(Project::usual_results)
}

/// With a load of ours it is a scenario like any other.
fn loaded(arguments: &AttachArguments, color: bool) -> Result<ExitCode, Error> {
    let here = here()?;
    let project = project_of(arguments, &here)?;
    let plan = Plan::resolve(&scenario_of(arguments)?);
    let interrupt = Interrupt::listen(show::note)?;
    let run = RunOrder {
        project: &project,
        base: &here,
        results: results(arguments),
        plan: &plan,
        scenario: &program_of(arguments).text(),
        interrupt: &interrupt,
        limits: Limits::default(),
        relay: None,
        disturbance: None,
    };
    let mut shown = Shown::new(arguments.output.quiet);
    tell_changes(&run, &mut shown)?;
    let files = watched(arguments);
    let done = begin(&run, &mut shown)?;
    let lines = lines_of(&done, &files);
    let code = outcome::say(done, &arguments.output, color)?;
    tell_lines(lines, arguments, color)?;
    Ok(code)
}

/// The log files that the program writes to, as they stand before it starts.
fn watched(arguments: &AttachArguments) -> Vec<LinesFile> {
    arguments.logs.iter().map(|path| LinesFile::from_now_on(path)).collect()
}

/// What was added to them, held against the spans of the run.
fn lines_of(done: &Outcome, files: &[LinesFile]) -> Option<Result<TrialLines, Error>> {
    (!files.is_empty()).then(|| logs::joined(&done.run, None, files))
}

/// What came of the log lines stands behind the result.
fn tell_lines(
    lines: Option<Result<TrialLines, Error>>,
    arguments: &AttachArguments,
    color: bool,
) -> Result<(), Error> {
    match lines.transpose()?.filter(|_| !arguments.output.quiet) {
        Some(lines) => {
            let text = spanfate_report::logs(&[lines], TableStyle { color, width: None });
            show::data(&format!("\n{text}"))
        }
        None => Ok(()),
    }
}

/// Without one it runs as it always does, until it ends or the user ends it.
fn alone(arguments: &AttachArguments, color: bool) -> Result<ExitCode, Error> {
    let here = here()?;
    let relay = arguments.relay.as_deref().map(upstream).transpose()?;
    let project = project_of(arguments, &here)?;
    let mut scenario = scenario_of(arguments)?;
    // What it gets to stop in order, once it was asked to.
    scenario.services.iter_mut().for_each(|service| service.shutdown = arguments.grace);
    let plan = Plan { attached: true, ..Plan::resolve(&scenario) };
    // The program hears of it; its end is what was asked for.
    let interrupt = Interrupt::listen(|_| ())?;
    let run = RunOrder {
        project: &project,
        base: &here,
        results: results(arguments),
        plan: &plan,
        scenario: &program_of(arguments).text(),
        interrupt: &interrupt,
        limits: Limits::default(),
        relay: relay.as_ref(),
        disturbance: None,
    };
    let files = watched(arguments);
    let done = attend(&run, &mut Shown::new(arguments.output.quiet))?;
    outcome::concluded(&done.run.dir, &done.result, &arguments.output, color)?;
    tell_lines(lines_of(&done, &files), arguments, color)?;
    warn(&done.result);
    Ok(done.exit())
}

/// Where to hand on to: what the user says, else what the environment says, which the program would have gone by.
fn upstream(url: &str) -> Result<Upstream, Error> {
    let variable = |name: &str| std::env::var(name).ok();
    let found = match url {
        "" => Upstream::of_environment(variable),
        url => Upstream::base(url, variable).map(Some),
    };
    found.map_err(|why| Error::Refused(format!("--relay: {why}")))?.ok_or_else(|| {
        Error::Refused(
            "--relay without a URL goes where OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT points, and neither \
             is set; say where to, for example --relay https://collector.example:4317"
                .to_owned(),
        )
    })
}

/// What a user should know of how the program was read.
fn warn(result: &spanfate_model::result::RunResult) {
    let probes = result.variants.iter().flat_map(|variant| &variant.trials).flat_map(|trial| &trial.probes);
    for (nearest, verified) in probes.filter_map(|probes| Some((probes.nearest.as_ref()?, probes.verified))) {
        let proof = match verified {
            Some(1) => "1 span verified that they fit".to_owned(),
            Some(spans) => format!("{spans} spans verified that they fit"),
            None => "nothing that came verifies that they fit".to_owned(),
        };
        show::note(&format!(
            "note: this program's SDK is of a version that is not known here; struct offsets are those of the nearest one \
             ({nearest}). {proof}."
        ));
    }
}

/// A process that runs already: probes only.
fn joined(pid: u32, arguments: &AttachArguments) -> Result<ExitCode, Error> {
    let interrupt = Interrupt::listen(|_| ())?;
    let mut shown = Shown::new(arguments.output.quiet);
    show::note(&format!(
        "joining process {pid}: its environment cannot be changed any more, so what arrives is not seen; until Ctrl-C"
    ));
    let ebpf = probes(arguments);
    let lasting = arguments.lasting.map(Period::nanos);
    let joined =
        join(pid, &ebpf, lasting, &interrupt, &mut |life| shown.status(|| show::of_life(&life, false)))?;
    shown.end();
    for met in &joined.limits_met {
        show::note(&cut_short(met, &joined.folder));
    }
    let Some(seen) = describe_probes(&joined.manifest, &joined.log, joined.began) else {
        return Ok(ExitCode::Inconclusive);
    };
    if arguments.output.json {
        show::data(&show::pretty(&seen)?)?;
    } else {
        let seconds = (joined.ended - joined.began) as f64 / 1e9;
        show::data(&spanfate_report::joined(&seen, seconds, joined.gone))?;
    }
    Ok(if seen.state.is_complete() { ExitCode::Pass } else { ExitCode::Inconclusive })
}

/// What a limit of ours did to what the probes saw.
fn cut_short(met: &LimitMet, folder: &Path) -> String {
    format!(
        "the {} ran out of {}, so what follows is not all; free some in {}, or set TMPDIR to a folder with more",
        met.part,
        met.what,
        folder.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanfate_model::limits::{LimitedPart, OwnLimit};

    #[test]
    fn space_that_ran_out_is_named_with_what_to_do() {
        let met = LimitMet {
            what: OwnLimit::Space.into(),
            part: LimitedPart::ProbeLog.into(),
            times: 1,
            limit: None,
        };
        assert_eq!(
            cut_short(&met, Path::new("/dev/shm")),
            "the probe log ran out of space for raw logs, so what follows is not all; free some in /dev/shm, or set TMPDIR to a folder \
             with more"
        );
    }
}
