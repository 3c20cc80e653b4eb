//! `spanfate contract`: what a service must show, held against what it shows.

use std::path::Path;

use spanfate_analysis::contract::{ContractEvidence, begun};
use spanfate_model::finding::contract::{Contract, ContractResult};
use spanfate_model::scenario::KeptContent;
use spanfate_model::verdict::ExitCode;
use spanfate_report::TableStyle;
use spanfate_run::host::project::Project;
use spanfate_run::process::interrupt::Interrupt;

use crate::args::{ContractAction, ContractArguments, ContractFormat};
use crate::error::{Error, first_of, of_signal};
use crate::session::carry_out::attached::AttachedProgram;
use crate::session::outside::contract::{
    ContractStation, GivenContract, ReceivedNews, given, judged, of_file, of_run, publish, receive,
};
use crate::session::runs;
use crate::show::{self, Shown};

/// Checks a contract, or begins one.
pub(in crate::command) fn run(arguments: &ContractArguments, color: bool) -> Result<ExitCode, Error> {
    match arguments.action {
        ContractAction::Check => check(arguments, color),
        ContractAction::Init => init(arguments),
    }
}

fn check(arguments: &ContractArguments, color: bool) -> Result<ExitCode, Error> {
    // What is wrong with the contract is said before anything is started.
    let given = given(&arguments.contract)?;
    if arguments.attach {
        return attached(&given, arguments, color);
    }
    if let Some(name) = &arguments.run {
        let evidence = seen(name, arguments.trial, Some(&given.contract))?;
        let found = judged(&given, &evidence, &name.display().to_string());
        tell(&found, arguments, color)?;
        return Ok(found.verdict.exit());
    }
    received(&given, arguments, color)
}

/// What a run or a file shows.
fn seen(name: &Path, trial: Option<u16>, contract: Option<&Contract>) -> Result<ContractEvidence, Error> {
    if name.is_file() {
        return of_file(name, contract);
    }
    of_run(&runs::open(name)?, trial, contract)
}

/// Starts the program, and judges what it showed.
fn attached(given: &GivenContract, arguments: &ContractArguments, color: bool) -> Result<ExitCode, Error> {
    let program = AttachedProgram {
        command: &arguments.command,
        load: arguments.load.as_deref(),
        rate: arguments.rate,
        lasting: arguments.lasting,
        keep: Some(KeptContent::All),
    };
    let results = arguments.out.clone().unwrap_or_else(Project::usual_results);
    let mut outcome = program.run(results, &mut Shown::new(false))?;
    if let Some(error) = outcome.stopped.take() {
        return Err(Error::Run(error));
    }
    let evidence = of_run(&outcome.run, None, Some(&given.contract))?;
    let dir = outcome.run.dir.0.display().to_string();
    let found = judged(given, &evidence, &dir);
    tell(&found, arguments, color)?;
    show::note(&format!("results: {dir}"));
    // What the run itself leaves open is open in the rules that it touches.
    let of_run = Some(outcome.exit()).filter(|code| *code != ExitCode::Inconclusive);
    Ok(first_of(&[Some(found.verdict.exit()), of_run].into_iter().flatten().collect::<Vec<_>>()))
}

/// Receives for a time, and judges what came.
fn received(given: &GivenContract, arguments: &ContractArguments, color: bool) -> Result<ExitCode, Error> {
    // The findings are the answer to a signal, unless it was to end by itself.
    let interrupt = Interrupt::listen(|_| ())?;
    let station = ContractStation { listen: arguments.listen, lasting: arguments.lasting };
    let mut shown = Shown::new(false);
    let mut endpoint = String::new();
    let evidence = receive(&station, &given.contract, &interrupt, &mut |news| match news {
        ReceivedNews::Begins(at) => {
            endpoint.clone_from(at);
            show::note(&format!("receiving (gRPC and HTTP): OTEL_EXPORTER_OTLP_ENDPOINT={at}"));
        }
        ReceivedNews::Stands(counts) => shown.status(|| {
            let (spans, metrics, logs) = (counts.accepted, counts.metrics.requests, counts.logs.requests);
            format!("{spans} spans, {metrics} requests with metrics, {logs} with log records")
        }),
    })?;
    shown.end();
    let found = judged(given, &evidence, &format!("what came to {endpoint}"));
    tell(&found, arguments, color)?;
    let early = interrupt.signal().filter(|_| arguments.lasting.is_some()).map(of_signal);
    Ok(first_of(&[Some(found.verdict.exit()), early].into_iter().flatten().collect::<Vec<_>>()))
}

/// Writes what is to be written, and prints.
fn tell(found: &ContractResult, arguments: &ContractArguments, color: bool) -> Result<(), Error> {
    if let Some(path) = &arguments.junit {
        publish(found, path)?;
    }
    let text = match arguments.format {
        _ if arguments.json => show::pretty(found)?,
        ContractFormat::Json => show::pretty(found)?,
        ContractFormat::Weaver => show::pretty(&spanfate_report::contract_weaver(found))?,
        ContractFormat::Text => spanfate_report::contract(found, TableStyle { color, width: None }),
    };
    show::data(&text)
}

/// Prints a contract that the run keeps.
fn init(arguments: &ContractArguments) -> Result<ExitCode, Error> {
    let (None, Some(run)) = (arguments.of_check(), &arguments.run) else {
        let option = arguments.of_check().unwrap_or("--attach");
        return Err(Error::Refused(format!(
            "`contract init` takes a run, and no {option}; that is for `check`"
        )));
    };
    let evidence = seen(run, arguments.trial, None)?;
    let name = run.file_name().map(|name| name.to_string_lossy().into_owned());
    let from = name.unwrap_or_else(|| run.display().to_string());
    let text = begun(&evidence, &from).ok_or_else(|| {
        Error::Unsuited(format!(
            "{from} shows no span that arrived, no metric and no log record; run it again"
        ))
    })?;
    show::data(&text)?;
    Ok(ExitCode::Pass)
}
