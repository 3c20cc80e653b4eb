//! Writes what build servers read of a run.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use spanfate_model::layout::RunDir;
use spanfate_model::result::RunResult;
use spanfate_report::{annotations, bmf, gobench, junit, markdown};
use spanfate_run::store;

use crate::args::CiArguments;
use crate::error::Error;
use crate::show;

/// Writes the files that were asked for. Where a GitHub workflow runs it, its summary and annotations are theirs as well.
pub(super) fn write(dir: &RunDir, result: &RunResult, arguments: &CiArguments) -> Result<(), Error> {
    let Some(folder) = &arguments.folder else { return Ok(()) };
    let summary = markdown(result);
    store::write_bytes(&folder.join("junit.xml"), junit(result).as_bytes())?;
    store::write_bytes(&folder.join("summary.md"), summary.as_bytes())?;
    store::write_bytes(&folder.join("benchmark.txt"), gobench(result).as_bytes())?;
    store::write_bytes(&folder.join("bmf.json"), bmf(result).as_bytes())?;
    store::write_bytes(&folder.join("result.json"), &stored(dir)?)?;
    if let Some(file) = set("GITHUB_STEP_SUMMARY") {
        append(&PathBuf::from(file), &summary)?;
    }
    if set("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        // The runner reads both streams; stdout may be somebody's data.
        let lines = annotations(result);
        lines.lines().for_each(show::note);
    }
    Ok(())
}

/// The bytes of a run's `result.json`.
pub(super) fn stored(dir: &RunDir) -> Result<Vec<u8>, Error> {
    let path = dir.result();
    let read = std::fs::read(&path);
    read.map_err(|source| spanfate_run::Error::File { action: "read", path, source }.into())
}

fn append(path: &Path, text: &str) -> Result<(), Error> {
    let written: io::Result<()> = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(format!("{text}\n").as_bytes()));
    written.map_err(|source| spanfate_run::Error::ResultNotWritten { path: path.to_owned(), source }.into())
}

fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
