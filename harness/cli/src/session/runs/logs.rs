//! The log lines of a run: those that its trials kept, or a user's own files held against the spans of one trial.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use spanfate_analysis::{LogJoin, UnreadableLog, join_logs};
use spanfate_model::books::logs::TrialLines;
use spanfate_model::plan::{Plan, PlannedTrial};
use spanfate_model::result::{TrialResult, VariantResult};

use super::{Held, result_of};
use crate::error::Error;

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// What the trials of a run kept, as its result has it; of one trial where that is wanted.
pub(crate) fn kept(run: &Path, wanted: Option<u16>) -> Result<Vec<TrialLines>, Error> {
    let result = result_of(run)?;
    let is_wanted = |trial: u16| wanted.is_none_or(|wanted| wanted == trial);
    let of_variant = |variant: &VariantResult| {
        let lines = |trial: &TrialResult| {
            let logs = trial.logs.clone()?;
            Some(TrialLines { trial: trial.index, variant: variant.name.clone(), logs })
        };
        let trials = variant.trials.iter().filter(|trial| is_wanted(trial.index));
        trials.filter_map(lines).collect::<Vec<_>>()
    };
    let mut trials: Vec<TrialLines> = result.variants.iter().flat_map(of_variant).collect();
    trials.sort_by_key(|lines| lines.trial);
    if trials.is_empty() {
        return Err(Error::Missing {
            what: "log lines of the run",
            name: run.display().to_string(),
            hint: "; its trials kept none: give the service's own with --logs FILE".to_owned(),
        });
    }
    Ok(trials)
}

/// A log file, and how many bytes at its beginning are older than the run.
#[derive(Clone, Debug)]
pub(crate) struct LinesFile {
    path: PathBuf,
    older: u64,
}

impl LinesFile {
    /// All of a file.
    pub(crate) fn whole(path: &Path) -> Self {
        Self { path: path.to_owned(), older: 0 }
    }

    /// What will stand behind what a file holds now; it may be none yet.
    pub(crate) fn from_now_on(path: &Path) -> Self {
        let older = std::fs::metadata(path).map_or(0, |about| about.len());
        Self { path: path.to_owned(), older }
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn unread(&self, source: std::io::Error) -> Error {
        let missing =
            |hint: &str| Error::Missing { what: "log file", name: self.name(), hint: hint.to_owned() };
        match source.kind() {
            ErrorKind::NotFound => missing(""),
            ErrorKind::IsADirectory => missing("; it is a folder: give its files"),
            _ => Error::Run(spanfate_run::RunError::File { action: "read", path: self.path.clone(), source }),
        }
    }

    /// Reads the file into a join, piece by piece.
    fn read(&self, join: &mut LogJoin<'_>) -> Result<(), Error> {
        let mut file = File::open(&self.path).map_err(|source| self.unread(source))?;
        let mut piece = vec![0; PIECE];
        // A file that is shorter than it was is another one, as after a rotation.
        let shrunk = file.metadata().is_ok_and(|about| about.is_file() && about.len() < self.older);
        let mut older = if shrunk { 0 } else { self.older };
        let mut lines = 0;
        while older > 0 {
            let most = PIECE.min(usize::try_from(older).unwrap_or(PIECE));
            let read = file.read(&mut piece[..most]).map_err(|source| self.unread(source))?;
            if read == 0 {
                break;
            }
            older -= read as u64;
            lines += piece[..read].split(|byte| *byte == b'\n').count() as u64 - 1;
        }
        join.begin_behind(&self.name(), None, lines);
        loop {
            let read = file.read(&mut piece).map_err(|source| self.unread(source))?;
            if read == 0 {
                return join.end().map_err(|broken: UnreadableLog| Error::Scenario(broken.to_string()));
            }
            join.feed(&piece[..read]);
        }
    }
}

/// Holds log files against the spans of a trial: the one that is wanted, or the only one.
pub(crate) fn joined(run: &Held, wanted: Option<u16>, files: &[LinesFile]) -> Result<TrialLines, Error> {
    let plan = run.plan()?;
    let trials = run.begun(&plan, wanted)?;
    let [planned] = trials.as_slice() else {
        let message = format!(
            "{} has {} trials; say with --trial N of which one the lines are",
            run.dir.0.display(),
            trials.len()
        );
        return Err(Error::Refused(message));
    };
    of_one(run, &plan, planned, files)
}

fn of_one(run: &Held, plan: &Plan, planned: &PlannedTrial, files: &[LinesFile]) -> Result<TrialLines, Error> {
    let raw = run.logs(planned)?;
    let (done, logs) =
        join_logs(plan, planned, &raw, |join| files.iter().try_for_each(|file| file.read(join)));
    done?;
    let variant = plan.variant_of(planned).map_or_else(String::new, |variant| variant.name.clone());
    Ok(TrialLines { trial: planned.index, variant, logs })
}
