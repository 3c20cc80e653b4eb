//! Two stores of spans, held against each other.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use spanfate_diff::{DiffError, DiffTask, SideError, SideFile, SideInput, SideSource, diff};
use spanfate_model::finding::diff::{DiffFormat, DiffResult};
use spanfate_model::format::layout::{TrialDir, WIRE_LOG, WIRE_SPANS, WIRE_SPANS_JSON};
use spanfate_model::format::manifest::TrialManifest;
use spanfate_run::store;

use super::runs;
use crate::error::Error;

/// A side as it is asked for.
pub(crate) struct SideAsked {
    /// A run, a file, or `-`.
    pub(crate) name: String,
    pub(crate) format: Option<DiffFormat>,
}

/// What is asked of a comparison.
pub(crate) struct DiffAsked {
    pub(crate) left: SideAsked,
    pub(crate) right: SideAsked,
    pub(crate) trial: Option<u16>,
    pub(crate) task: DiffTask,
}

/// What is written of a comparison for readers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DiffOutput {
    Junit,
    Markdown,
    Html,
}

/// A side, and the runs that no other process may write to while it is read.
struct SideOpened {
    input: SideInput<'static>,
    run: Option<runs::Held>,
}

/// Reads both sides and compares them.
pub(crate) fn compared(asked: &DiffAsked) -> Result<DiffResult, Error> {
    if asked.left.name == "-" && asked.right.name == "-" {
        return Err(Error::Refused("only one side can be standard input".to_owned()));
    }
    // A run that is both sides is taken once.
    let left = opened(&asked.left, asked.trial)?;
    let same = asked.left.name == asked.right.name && left.run.is_some();
    if same {
        return Err(Error::Refused(
            "both sides are the same run; give a file of it for one of them".to_owned(),
        ));
    }
    let right = opened(&asked.right, asked.trial)?;
    diff(left.input, right.input, &asked.task).map_err(of_side)
}

/// Writes it to a file.
pub(crate) fn publish(found: &DiffResult, output: DiffOutput, path: &Path) -> Result<(), Error> {
    let text = match output {
        DiffOutput::Junit => spanfate_report::diff_junit(found),
        DiffOutput::Markdown => spanfate_report::diff_markdown(found),
        DiffOutput::Html => spanfate_report::diff_page(found),
    };
    Ok(store::write_bytes(path, text.as_bytes())?)
}

fn opened(asked: &SideAsked, trial: Option<u16>) -> Result<SideOpened, Error> {
    let path = Path::new(&asked.name);
    if asked.name == "-" {
        let mut input = SideInput::of("standard input", Box::new(io::stdin()));
        for source in &mut input.sources {
            source.format = asked.format;
        }
        return Ok(SideOpened { input, run: None });
    }
    // A file of that name comes before a run in results/.
    if path.is_file() || store::is_stream(path) {
        let mut source = file(path)?;
        source.format = asked.format;
        let input = SideInput { name: asked.name.clone(), sources: vec![source], incomplete: lacks(path) };
        return Ok(SideOpened { input, run: None });
    }
    let run = runs::open(path).map_err(|error| match error {
        Error::Missing { name, .. } if !path.is_dir() => Error::Missing {
            what: "side",
            name,
            hint: "; give a file, a results directory, the id of a run in results/, or - for standard input"
                .to_owned(),
        },
        other => other,
    })?;
    let input = of_run(&run, asked, trial)?;
    Ok(SideOpened { input, run: Some(run) })
}

/// What the receiver of a run got, trial by trial: whole spans where it kept them, else what its log says of each.
fn of_run(run: &runs::Held, asked: &SideAsked, trial: Option<u16>) -> Result<SideInput<'static>, Error> {
    let plan = run.plan()?;
    let (mut sources, mut incomplete) = (Vec::new(), Vec::new());
    for planned in run.begun(&plan, trial)? {
        let place = run.dir.trial(planned.index);
        store::settle(&place)?;
        let kept = if asked.format == Some(DiffFormat::WireLog) { None } else { kept(&place)? };
        let Some((files, missed)) = kept else {
            sources.push(file(&place.raw(WIRE_LOG))?);
            continue;
        };
        // Both files of a trial may say the same of it.
        let mut whys = BTreeSet::new();
        for path in files.iter().map(|name| place.raw(name)) {
            sources.push(file(&path)?);
            whys.extend(lacks(&path));
        }
        if missed > 0 {
            whys.insert(could_not_keep(planned.index, missed));
        }
        incomplete.extend(whys);
    }
    if sources.is_empty() {
        incomplete.push("no trial of it was begun, or none kept a span".to_owned());
    }
    for source in &mut sources {
        source.format = asked.format;
    }
    Ok(SideInput { name: asked.name.clone(), sources, incomplete })
}

/// The files in which a trial kept whole spans, and how many it could not keep; nothing where it was not to keep them.
fn kept(place: &TrialDir) -> Result<Option<(Vec<String>, u64)>, Error> {
    let about: serde_json::Value = store::read_json(&place.manifest())?;
    let kept = &about["kept"];
    if !kept.is_object() {
        return Ok(None);
    }
    let files = ["protobuf", "json"].iter().filter_map(|name| Some(kept[*name].as_str()?.to_owned()));
    Ok(Some((files.collect(), kept["missed"].as_u64().unwrap_or_default())))
}

/// Why a file in the directory of a trial is known not to be what the trial wrote: its content alone does not tell that it was cut
/// between two messages. Nothing for a file of anybody else.
fn lacks(path: &Path) -> Vec<String> {
    let place = TrialDir(path.parent().unwrap_or(Path::new("")).to_owned());
    let (Some(name), Ok(about)) = (path.file_name().and_then(|name| name.to_str()), path.metadata()) else {
        return Vec::new();
    };
    let Ok(trial) = store::read_json::<TrialManifest>(&place.manifest()) else { return Vec::new() };
    let back =
        trial.engine.and_then(|engine| engine.back).filter(|back| back.bodies.as_deref() == Some(name));
    let mut out = Vec::new();
    let wrote = match (&trial.kept, &back) {
        (Some(kept), None) => kept.bytes.get(name).copied(),
        (_, Some(back)) => back.bodies_bytes,
        (None, None) => {
            if [WIRE_SPANS, WIRE_SPANS_JSON].contains(&name) {
                out.push(format!(
                    "trial {} did not end, so nobody knows how many spans it kept",
                    trial.trial
                ));
            }
            None
        }
    };
    if let Some(wrote) = wrote.filter(|wrote| *wrote != about.len()) {
        out.push(format!("{name} has {} bytes, and trial {} wrote {wrote}", about.len(), trial.trial));
    }
    let missed = trial.kept.filter(|kept| kept.bytes.contains_key(name)).map_or(0, |kept| kept.missed);
    if missed > 0 {
        out.push(could_not_keep(trial.trial, missed));
    }
    if let Some(why) = back.and_then(|back| back.failed) {
        out.push(format!("trial {} could not read the engine to its end: {why}", trial.trial));
    }
    out
}

fn could_not_keep(trial: u16, missed: u64) -> String {
    format!("trial {trial} could not keep {missed} spans")
}

/// A file. One that is no stream can be read again.
fn file(path: &Path) -> Result<SideSource<'static>, Error> {
    let failed = |source: io::Error| match source.kind() {
        ErrorKind::NotFound => {
            Error::Missing { what: "file", name: path.display().to_string(), hint: String::new() }
        }
        _ => Error::Run(spanfate_run::RunError::File { action: "read", path: path.to_owned(), source }),
    };
    let from = File::open(path).map_err(failed)?;
    let again = if store::is_stream(path) {
        None
    } else {
        let bytes = from.metadata().map_err(failed)?.len();
        Some((Box::new(File::open(path).map_err(failed)?) as Box<dyn SideFile>, bytes))
    };
    Ok(SideSource { name: path.display().to_string(), from: Box::new(from), again, format: None })
}

/// What is wrong with a side, as an error of this program.
fn of_side(wrong: SideError) -> Error {
    let SideError { side, error } = wrong;
    let name = side.unwrap_or_else(|| "the comparison".to_owned());
    match error {
        DiffError::Malformed { .. } | DiffError::TooLong { .. } => {
            Error::Scenario(format!("error: {name}: {error}"))
        }
        DiffError::Unknown(_) | DiffError::Read(_) => Error::Unsuited(told(&name, &error)),
        DiffError::Memory(_) => Error::Refused(format!("{name}: {error}")),
        DiffError::Spill(_) => Error::Diff(error),
    }
}

/// An error with its cause.
fn told(name: &str, error: &DiffError) -> String {
    use std::error::Error as _;
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{name}: {error}{cause}")
}
