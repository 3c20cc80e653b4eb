//! The two sides, found and held: what is read of each, also more than once.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use spanfate_diff::{DiffError, SideFile, SideInput, SideSource};
use spanfate_model::finding::diff::DiffFormat;
use spanfate_model::format::layout::{TrialDir, WIRE_LOG};
use spanfate_run::store;

use super::lacks::{could_not_keep, lacks};
use super::served::{self, TracesServed};
use super::{DiffAsked, SideAsked, SidePlace};
use crate::error::Error;
use crate::session::runs;

/// A side that was found.
pub(super) enum SideHeld {
    /// Standard input.
    Input,
    /// A file.
    File(PathBuf),
    /// A run, to which no other process may write while it is read.
    Run { name: String, run: runs::Held },
    /// What a back end answered.
    Served(TracesServed),
}

/// Finds both sides. What a back end is asked for may follow from the other side.
pub(super) fn held(asked: &DiffAsked, tell: &mut dyn FnMut(&str)) -> Result<[SideHeld; 2], Error> {
    let sides = [&asked.left, &asked.right];
    let name = |side: &SideAsked| match &side.place {
        SidePlace::Named(name) => name.clone(),
        SidePlace::BackEnd(access) => access.shown(),
    };
    let names = sides.map(name);
    if names[0] == names[1] && names[0] == "-" {
        return Err(Error::Refused("only one side can be standard input".to_owned()));
    }
    let mut found = [None, None];
    for (place, side) in found.iter_mut().zip(sides) {
        if let SidePlace::Named(name) = &side.place {
            *place = Some(named(name)?);
        }
        let is_run = matches!(place, Some(SideHeld::Run { .. }));
        let is_served = matches!(side.place, SidePlace::BackEnd(_));
        // A run that is both sides is taken once.
        if names[0] == names[1] && (is_run || is_served) {
            let what = if is_run { "run; give a file of it" } else { "store; give something else" };
            return Err(Error::Refused(format!("both sides are the same {what} for one of them")));
        }
    }
    // First what can be asked for by itself: a store that is asked for ids may need those.
    for by_itself in [true, false] {
        for at in 0..2 {
            let (mine, other) = (sides[at], 1 - at);
            let SidePlace::BackEnd(access) = &mine.place else { continue };
            if found[at].is_some() || served::by_itself(asked, access) != by_itself {
                continue;
            }
            let keys = || {
                let side = found[other].as_ref().ok_or_else(|| served::undecided(&names[at]))?;
                side.keys(sides[other], asked, &names[at])
            };
            let read = served::read(asked, access, mine.format, keys, tell)?;
            found[at] = Some(SideHeld::Served(read));
        }
    }
    match found {
        [Some(left), Some(right)] => Ok([left, right]),
        _ => Err(served::undecided(&names[0])),
    }
}

/// A run, a file, or standard input.
fn named(name: &str) -> Result<SideHeld, Error> {
    if name == "-" {
        return Ok(SideHeld::Input);
    }
    let path = Path::new(name);
    // A file of that name comes before a run in results/.
    if path.is_file() || store::is_stream(path) {
        return Ok(SideHeld::File(path.to_owned()));
    }
    let run = runs::open(path).map_err(|error| match error {
        Error::Missing { name, .. } if !path.is_dir() => Error::Missing {
            what: "side",
            name,
            hint: "; give a file, a results directory, the id of a run in results/, jaeger:URL, tempo:URL, or - for standard \
                   input"
                .to_owned(),
        },
        other => other,
    })?;
    Ok(SideHeld::Run { name: name.to_owned(), run })
}

impl SideHeld {
    /// What is read of it.
    pub(super) fn input(&self, asked: &SideAsked, trial: Option<u16>) -> Result<SideInput<'static>, Error> {
        let of_one = |name: &str, source: SideSource<'static>| SideInput {
            name: name.to_owned(),
            sources: vec![SideSource { format: asked.format, ..source }],
            incomplete: Vec::new(),
        };
        match self {
            Self::Input => {
                let name = "standard input";
                Ok(of_one(name, plain(name, Box::new(io::stdin()))))
            }
            Self::File(path) => {
                let whole = of_one(&path.display().to_string(), file(path)?);
                Ok(SideInput { incomplete: lacks(path), ..whole })
            }
            Self::Run { name, run } => of_run(name, run, asked.format, trial),
            Self::Served(served) => Ok(SideInput {
                name: served.name.clone(),
                sources: vec![plain(&served.name, Box::new(served.answers.read()))],
                incomplete: served.incomplete.clone(),
            }),
        }
    }

    /// The traces that a store is to be asked for, which has that name.
    fn keys(
        &self,
        side: &SideAsked,
        asked: &DiffAsked,
        store: &str,
    ) -> Result<spanfate_diff::SideKeys, Error> {
        let is_stream = match self {
            Self::Input => true,
            Self::File(path) => store::is_stream(path),
            Self::Run { .. } | Self::Served(_) => false,
        };
        if is_stream {
            return Err(Error::Refused(format!(
                "which traces {store} is asked for follows from the other side, and that can be read only once; give a file, \
                 or --search=1h"
            )));
        }
        let input = self.input(side, asked.trial)?;
        spanfate_diff::side_keys(input, asked.task.memory)
            .map_err(|wrong| super::of_side(wrong, std::slice::from_ref(self)))
    }

    /// What a back end was asked where an error stands; nothing for another side.
    pub(super) fn asked_at(&self, name: &str, error: &DiffError) -> Option<String> {
        match (self, error) {
            (Self::Served(served), DiffError::Malformed { at, .. } | DiffError::TooLong { at, .. })
                if served.name == name =>
            {
                served.answers.asked_at(at.byte)
            }
            _ => None,
        }
    }
}

/// A source that can be read once.
fn plain(name: &str, from: Box<dyn io::Read>) -> SideSource<'static> {
    SideSource { name: name.to_owned(), from, again: None, format: None }
}

/// What the receiver of a run got, trial by trial: whole spans where it kept them, else what its log says of each.
fn of_run(
    name: &str,
    run: &runs::Held,
    format: Option<DiffFormat>,
    trial: Option<u16>,
) -> Result<SideInput<'static>, Error> {
    let plan = run.plan()?;
    let (mut sources, mut incomplete) = (Vec::new(), Vec::new());
    for planned in run.begun(&plan, trial)? {
        let place = run.dir.trial(planned.index);
        store::settle(&place)?;
        let kept = if format == Some(DiffFormat::WireLog) { None } else { kept(&place)? };
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
        source.format = format;
    }
    Ok(SideInput { name: name.to_owned(), sources, incomplete })
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
