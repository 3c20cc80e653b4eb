//! Files of a results directory: written so that a crash leaves the old file or the new one, never half of either.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use serde::Serialize;
use serde::de::DeserializeOwned;
use spanfate_model::event::UsageSample;
use spanfate_model::layout::{LOAD_LOG, RunDir, TrialDir, WIRE_LOG};
use spanfate_model::manifest::TrialManifest;
use spanfate_model::raw::TrialLogs;
use spanfate_model::slots::{HEADER_BYTES, SLOT_BYTES, read_header, read_live};

use crate::Error;

/// Writes bytes through a temporary file in the same directory: write, fsync, rename, fsync the directory.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = parent.join(format!(".{name}.{}.tmp", std::process::id()));
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(parent)?;
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(parent)?.sync_all()
    };
    write().map_err(|source| {
        // The temporary may not exist; the failure that counts is the one above.
        drop(fs::remove_file(&temporary));
        Error::unwritten(path)(source)
    })
}

/// Writes a value as indented JSON.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), Error> {
    let mut text =
        serde_json::to_vec_pretty(value).map_err(|e| Error::unwritten(path)(std::io::Error::other(e)))?;
    text.push(b'\n');
    write_bytes(path, &text)
}

/// Reads a JSON file.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let bytes = fs::read(path).map_err(Error::file("read", path))?;
    serde_json::from_slice(&bytes).map_err(|source| Error::Malformed { path: path.to_owned(), source })
}

/// Reads everything a trial left: from its directory, or from its scratch directory when the trial was torn.
pub fn read_trial(dir: &TrialDir) -> Result<TrialLogs, Error> {
    let manifest: TrialManifest = read_json(&dir.manifest())?;
    let places = places(dir, &manifest);
    let ledgers = manifest
        .processes
        .iter()
        .map(|process| process.ledger.as_deref().and_then(|name| read_first(&places, name)))
        .collect();
    Ok(TrialLogs {
        wire: read_first(&places, WIRE_LOG),
        load: read_first(&places, LOAD_LOG),
        usage: read_usage(&dir.usage()),
        ledgers,
        manifest,
    })
}

fn places(dir: &TrialDir, manifest: &TrialManifest) -> Vec<PathBuf> {
    std::iter::once(dir.0.clone()).chain(manifest.scratch.as_ref().map(PathBuf::from)).collect()
}

fn read_first(places: &[PathBuf], name: &str) -> Option<Vec<u8>> {
    places.iter().find_map(|place| fs::read(place.join(name)).ok())
}

/// A torn last line is left out.
fn read_usage(path: &Path) -> Vec<UsageSample> {
    let Ok(file) = File::open(path) else { return Vec::new() };
    BufReader::new(file)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str(&line).ok())
        .collect()
}

/// Moves a trial's raw logs from its scratch directory into its own, and removes the scratch directory. Repeatable: a
/// torn run is completed by calling it again.
pub fn adopt(dir: &TrialDir, manifest: &TrialManifest) -> Result<(), Error> {
    let Some(scratch) = manifest.scratch.as_ref().map(PathBuf::from) else { return Ok(()) };
    if !scratch.is_dir() {
        return Ok(());
    }
    for name in manifest.processes.iter().filter_map(|process| process.ledger.as_deref()) {
        copy_ledger(&scratch.join(name), &dir.raw(name))?;
    }
    for name in [WIRE_LOG, LOAD_LOG, "planted.ndjson"] {
        let from = scratch.join(name);
        if from.exists() {
            fs::copy(&from, dir.raw(name)).map_err(Error::unwritten(&dir.raw(name)))?;
        }
    }
    fs::remove_dir_all(&scratch).map_err(Error::file("remove", &scratch))
}

/// Copies a span ledger without the slots and log bytes that were never used.
fn copy_ledger(from: &Path, to: &Path) -> Result<(), Error> {
    let Ok(mut file) = File::open(from) else { return Ok(()) };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(Error::file("read", from))?;
    if let Ok(header) = read_header(&bytes) {
        let live = read_live(&bytes);
        let slots_end = HEADER_BYTES + header.slots as usize * SLOT_BYTES;
        let used_end = HEADER_BYTES + live.next_slot.min(header.slots) as usize * SLOT_BYTES;
        let log_end = (slots_end + live.log_used as usize).min(bytes.len());
        if slots_end <= log_end {
            bytes.copy_within(slots_end..log_end, used_end);
            bytes.truncate(used_end + log_end - slots_end);
        }
    }
    fs::write(to, &bytes).map_err(Error::unwritten(to))
}

/// Brings a torn trial's raw logs into its directory, once.
pub fn settle(dir: &TrialDir) -> Result<(), Error> {
    let mut manifest: TrialManifest = read_json(&dir.manifest())?;
    if manifest.scratch.is_none() {
        return Ok(());
    }
    adopt(dir, &manifest)?;
    manifest.scratch = None;
    write_json(&dir.manifest(), &manifest)
}

/// Claims a run's directory for this process; `None` when another process has it. The claim ends with the value, and with
/// the process however it ends.
pub fn lock(dir: &RunDir) -> Result<Option<Flock<File>>, Error> {
    let path = dir.0.join(".lock");
    let file = File::create(&path).map_err(Error::unwritten(&path))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(lock)),
        Err((_, Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, errno)) => Err(Error::system("lock the results directory")(errno.into())),
    }
}
