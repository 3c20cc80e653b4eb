//! Files of a results directory: written so that a crash leaves the old file or the new one, never half of either.

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::unistd::{Gid, chown};
use serde::Serialize;
use serde::de::DeserializeOwned;
use spanfate_model::format::event::TraceEvent;
use spanfate_model::format::layout::{
    LOAD_LOG, RunDir, TrialDir, WIRE_LOG, WIRE_LOGS, WIRE_METRICS, WIRE_SPANS, WIRE_SPANS_JSON,
    fixture_config, tap_name,
};
use spanfate_model::format::manifest::{HopManifest, KeptLogs, ProcessManifest, TrialManifest};
use spanfate_model::format::raw::{Log, TrialLogs};
use spanfate_model::format::slots::{HEADER_BYTES, Parts, read_header, read_live};
use spanfate_model::plan::Plan;
use spanfate_model::scenario::arrivals::RecordedArrivals;
use spanfate_probes::mapped::Mapped;

use crate::RunError;
use crate::process::shim::NOBODY;

/// Whether a path leads to a device or a pipe: there is nothing to be replaced then, only somebody to be told.
pub fn is_stream(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir())
}

/// Writes bytes through a temporary file in the same directory: write, fsync, rename, fsync the directory.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    if is_stream(path) {
        let told = File::options().write(true).open(path).and_then(|mut stream| stream.write_all(bytes));
        return told.map_err(RunError::unwritten(path));
    }
    // A bare name has a parent without a name.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
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
        RunError::unwritten(path)(source)
    })
}

/// Writes a value as indented JSON.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), RunError> {
    let mut text =
        serde_json::to_vec_pretty(value).map_err(|e| RunError::unwritten(path)(std::io::Error::other(e)))?;
    text.push(b'\n');
    write_bytes(path, &text)
}

/// Copies a small file.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), RunError> {
    write_bytes(to, &fs::read(from).map_err(RunError::file("read", from))?)
}

/// Reads a JSON file.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, RunError> {
    let bytes = fs::read(path).map_err(RunError::file("read", path))?;
    serde_json::from_slice(&bytes).map_err(|source| RunError::Malformed { path: path.to_owned(), source })
}

/// Writes a run's plan; the arrivals of a replay go beside it, in the words of their file.
pub fn write_plan(dir: &RunDir, plan: &Plan) -> Result<(), RunError> {
    if let Some(trace) = plan.load.replay.as_ref().and_then(|replay| replay.trace.as_ref()) {
        write_bytes(&dir.arrivals(), trace.text.as_bytes())?;
    }
    write_json(&dir.plan(), plan)
}

/// Reads a run's plan, with the arrivals of its replay. Arrivals that are gone make the run inconclusive; others than the
/// plan's own would make it wrong.
pub fn read_plan(dir: &RunDir) -> Result<Plan, RunError> {
    let mut plan: Plan = read_json(&dir.plan())?;
    let path = dir.arrivals();
    if let Some(replay) = plan.load.replay.as_mut()
        && path.is_file()
    {
        let text = fs::read_to_string(&path).map_err(RunError::file("read", &path))?;
        let trace = RecordedArrivals::parse(&text).ok().filter(|trace| trace.digest() == replay.digest);
        let trace = trace.ok_or(RunError::OtherArrivals { path })?;
        replay.trace = Some(Arc::new(trace));
    }
    Ok(plan)
}

/// Reads everything a trial left: from its directory, or from its scratch directory when the trial was torn.
pub fn read_trial(dir: &TrialDir) -> Result<TrialLogs, RunError> {
    let manifest: TrialManifest = read_json(&dir.manifest())?;
    let places = places(dir, &manifest);
    let ledgers = manifest
        .processes
        .iter()
        .map(|process| process.ledger.as_deref().and_then(|name| read_first(&places, name)))
        .collect();
    let probe = |process: &ProcessManifest| read_first(&places, process.probe.as_ref()?.log.as_deref()?);
    let back = back_files(&manifest).next().and_then(|file| read_first(&places, file));
    Ok(TrialLogs {
        probes: manifest.processes.iter().map(probe).collect(),
        traces: manifest.processes.iter().map(|process| trace(&places, process)).collect(),
        lines: manifest
            .processes
            .iter()
            .map(|process| read_first(&places, process.logs.as_deref()?))
            .collect(),
        records: manifest
            .kept_logs
            .iter()
            .flat_map(KeptLogs::files)
            .filter_map(|file| Some((file.clone(), read_first(&places, file)?)))
            .collect(),
        wire: read_first(&places, WIRE_LOG),
        load: read_first(&places, LOAD_LOG),
        taps: hop_names(&manifest)
            .into_iter()
            .filter(|hop| !is_engine(&manifest, hop))
            .map(|hop| read_first(&places, &tap_name(hop)))
            .collect(),
        engine_tap: manifest.engine.as_ref().and_then(|engine| read_first(&places, &tap_name(&engine.name))),
        back,
        ends: end_files(&manifest)
            .filter_map(|file| Some((file.clone(), read_first(&places, file)?)))
            .collect(),
        pages: manifest.hops.iter().map(|hop| pages(dir, hop)).collect(),
        usage: read_lines(&dir.usage()),
        events: read_lines(&dir.events()),
        ledgers,
        manifest,
    })
}

/// The hops of a trial, in the order of the path.
fn hop_names(manifest: &TrialManifest) -> Vec<&str> {
    let mut places: Vec<(u8, &str)> = manifest.hops.iter().map(|hop| (hop.place, hop.hop.as_str())).collect();
    places.sort_unstable();
    places.dedup();
    places.into_iter().map(|(_, name)| name).collect()
}

/// Whether a place in the path is that of an engine at its end, and not a collector's.
fn is_engine(manifest: &TrialManifest, hop: &str) -> bool {
    manifest.engine.as_ref().is_some_and(|engine| engine.name == hop)
}

/// What was read back of an engine: its log, and what it answered where that is kept.
fn back_files(manifest: &TrialManifest) -> impl Iterator<Item = &String> {
    let back = manifest.engine.as_ref().and_then(|engine| engine.back.as_ref());
    back.into_iter().flat_map(|back| std::iter::once(&back.file).chain(&back.bodies))
}

/// The logs of the receivers of further exporters of collectors.
fn end_files(manifest: &TrialManifest) -> impl Iterator<Item = &String> {
    let first = manifest.hops.iter().filter(|hop| hop.incarnation == 0);
    first.flat_map(|hop| &hop.ends).map(|end| &end.file)
}

/// The pages of metrics of a start of a collector. They are never in the scratch directory.
fn pages(dir: &TrialDir, hop: &HopManifest) -> Vec<Option<String>> {
    hop.pages.iter().map(|page| fs::read_to_string(dir.raw(&page.file)).ok()).collect()
}

fn trace(places: &[PathBuf], process: &ProcessManifest) -> Vec<TraceEvent> {
    let Some(name) = &process.trace else { return Vec::new() };
    let found = places.iter().map(|place| place.join(name)).find(|path| path.is_file());
    found.map(|path| read_lines(&path)).unwrap_or_default()
}

fn places(dir: &TrialDir, manifest: &TrialManifest) -> Vec<PathBuf> {
    std::iter::once(dir.0.clone()).chain(manifest.scratch.as_ref().map(PathBuf::from)).collect()
}

/// Logs are read in place: a trial may have more of them than there is memory.
fn read_first(places: &[PathBuf], name: &str) -> Option<Log> {
    places.iter().find_map(|place| Some(Log::Place(Arc::new(Mapped::open(&place.join(name)).ok()?))))
}

/// A torn last line is left out.
fn read_lines<T: DeserializeOwned>(path: &Path) -> Vec<T> {
    let Ok(file) = File::open(path) else { return Vec::new() };
    BufReader::new(file)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str(&line).ok())
        .collect()
}

/// First part of the name of every scratch directory.
pub const SCRATCH_PREFIX: &str = "spanfate-";
/// Held by the harness whose trial uses a scratch directory.
const SCRATCH_LOCK: &str = ".lock";
const PLANTED: &str = "planted.ndjson";

/// Makes a scratch directory of this user alone, and claims it. Where fixtures run as a user without rights, that user may
/// make files in it, and may not touch those of others.
pub fn make_scratch(scratch: &Path, unprivileged: bool) -> Result<DirectoryClaim, RunError> {
    let make = || {
        fs::DirBuilder::new().mode(0o700).create(scratch)?;
        if unprivileged {
            chown(scratch, None, Some(Gid::from_raw(NOBODY)))?;
            fs::set_permissions(scratch, Permissions::from_mode(0o1730))?;
        }
        Ok(())
    };
    make().map_err(RunError::file("create the scratch directory", scratch))?;
    claim(&scratch.join(SCRATCH_LOCK))?.ok_or_else(|| RunError::Busy { path: scratch.to_owned() })
}

/// Moves a trial's raw logs from its scratch directory into its own, and removes the scratch directory; whether there was
/// one. Repeatable: a torn run is completed by calling it again.
pub fn adopt(dir: &TrialDir, manifest: &TrialManifest) -> Result<bool, RunError> {
    let Some(scratch) = manifest.scratch.as_ref().map(PathBuf::from) else { return Ok(false) };
    let named_so = scratch.file_name().is_some_and(|name| name.to_string_lossy().starts_with(SCRATCH_PREFIX));
    if !named_so || !scratch.is_dir() {
        return Ok(false);
    }
    let plain = |name: &&str| Path::new(name).file_name().is_some_and(|file| file == *name);
    let ledgers: Vec<&str> =
        manifest.processes.iter().filter_map(|process| process.ledger.as_deref()).filter(plain).collect();
    let probe = |process: &'_ ProcessManifest| process.probe.as_ref()?.log.clone();
    let probes: Vec<String> = manifest.processes.iter().filter_map(probe).collect();
    let probes = probes.iter().map(String::as_str).filter(plain);
    let traces: Vec<&str> =
        manifest.processes.iter().filter_map(|process| process.trace.as_deref()).filter(plain).collect();
    // The trace itself is not kept: its events are.
    let raw: Vec<&str> = traces.iter().filter_map(|name| name.strip_suffix(".ndjson")).collect();
    let taps: Vec<String> = hop_names(manifest).into_iter().map(tap_name).collect();
    let taps = taps.iter().map(String::as_str).filter(plain);
    let ends = end_files(manifest).map(String::as_str).filter(plain);
    let lines = manifest.processes.iter().filter_map(|process| process.logs.as_deref()).filter(plain);
    let whole: Vec<&str> = [WIRE_LOG, WIRE_SPANS, WIRE_SPANS_JSON, LOAD_LOG, PLANTED]
        .into_iter()
        .chain(WIRE_METRICS)
        .chain(WIRE_LOGS)
        .chain(back_files(manifest).map(String::as_str).filter(plain))
        .chain(probes)
        .chain(traces)
        .chain(taps)
        .chain(ends)
        .chain(lines)
        .collect();
    let configs: Vec<String> =
        manifest.processes.iter().map(|process| fixture_config(&process.service)).collect();
    let configs = configs.iter().map(String::as_str).filter(plain);
    let copy = || -> std::io::Result<()> {
        for name in &ledgers {
            copy_ledger(&scratch.join(name), &dir.raw(name))?;
        }
        for name in &whole {
            copy_whole(&scratch.join(name), &dir.raw(name))?;
        }
        Ok(())
    };
    copy().map_err(|source| RunError::LogsKept { scratch: scratch.clone(), source })?;
    // Only what is ours is removed: the manifest is a file like any other, and may name any directory.
    for name in ledgers.into_iter().chain(whole).chain(configs).chain(raw).chain([SCRATCH_LOCK]) {
        drop(fs::remove_file(scratch.join(name)));
    }
    fs::remove_dir(&scratch).map_err(RunError::file("remove", &scratch))?;
    Ok(true)
}

/// Copies pieces of a file, one after the other, through a temporary name: a file of the right name is a whole one. The
/// kernel copies; no file passes through memory as a whole.
fn copy_pieces(
    from: &Path,
    to: &Path,
    pieces: impl FnOnce(&File) -> std::io::Result<Vec<Range<u64>>>,
) -> std::io::Result<()> {
    let mut from = match File::open(from) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        file => file?,
    };
    let temporary = to.with_extension("partial");
    let copy = || -> std::io::Result<()> {
        let mut out = File::create(&temporary)?;
        for piece in pieces(&from)? {
            from.seek(SeekFrom::Start(piece.start))?;
            std::io::copy(&mut (&from).take(piece.end - piece.start), &mut out)?;
        }
        fs::rename(&temporary, to)
    };
    copy().inspect_err(|_| drop(fs::remove_file(&temporary)))
}

fn copy_whole(from: &Path, to: &Path) -> std::io::Result<()> {
    copy_pieces(from, to, |file| Ok(std::iter::once(0..file.metadata()?.len()).collect()))
}

/// Copies a span ledger without the slots and log bytes that were never used.
fn copy_ledger(from: &Path, to: &Path) -> std::io::Result<()> {
    copy_pieces(from, to, |file| {
        let length = file.metadata()?.len();
        let mut head = Vec::with_capacity(HEADER_BYTES);
        file.take(HEADER_BYTES as u64).read_to_end(&mut head)?;
        let everything = 0..length;
        let Ok(header) = read_header(&head) else { return Ok(Vec::from([everything])) };
        let parts = Parts::as_written(&header, &read_live(&head));
        let bytes = |part: &Range<usize>| part.start as u64..(part.end as u64).min(length);
        let log = bytes(&parts.log);
        if log.end < log.start {
            // It is cut off before its log: what is there is kept as it is.
            return Ok(Vec::from([everything]));
        }
        let paths = parts.paths.iter().map(bytes);
        Ok(std::iter::once(0..parts.slots.end as u64).chain(paths).chain([log]).collect())
    })
}

/// Brings a torn trial's raw logs into its directory, once. A scratch directory in use belongs to a run that goes on.
pub fn settle(dir: &TrialDir) -> Result<(), RunError> {
    let mut manifest: TrialManifest = read_json(&dir.manifest())?;
    let Some(scratch) = manifest.scratch.as_ref().map(PathBuf::from) else { return Ok(()) };
    if scratch.join(SCRATCH_LOCK).is_file() && claim(&scratch.join(SCRATCH_LOCK))?.is_none() {
        return Err(RunError::Busy { path: scratch });
    }
    adopt(dir, &manifest)?;
    manifest.scratch = None;
    write_json(&dir.manifest(), &manifest)
}

/// Removes a run's directory.
pub fn remove(dir: &RunDir) -> Result<(), RunError> {
    fs::remove_dir_all(&dir.0).map_err(RunError::file("remove", &dir.0))
}

/// Moves a run's directory to another place of the same file system, which is not there yet.
pub fn relocate(dir: &RunDir, to: &Path) -> Result<RunDir, RunError> {
    fs::rename(&dir.0, to).map_err(RunError::file("move", &dir.0))?;
    Ok(RunDir(to.to_owned()))
}

/// A directory that belongs to this process. The claim ends with the value, and with the process however it ends.
pub type DirectoryClaim = Flock<File>;

/// Claims a run's directory for this process; `None` when another process has it.
pub fn lock(dir: &RunDir) -> Result<Option<DirectoryClaim>, RunError> {
    claim(&dir.0.join(".lock"))
}

/// Claims a lock file.
fn claim(path: &Path) -> Result<Option<DirectoryClaim>, RunError> {
    let file = File::create(path).map_err(RunError::unwritten(path))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(lock)),
        Err((_, Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, errno)) => Err(RunError::system("lock a directory")(errno.into())),
    }
}

/// Scratch directories that no process uses any more: what a killed harness left for `analyze`.
pub fn abandoned_scratch(root: &Path) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(SCRATCH_PREFIX))
        })
        .filter(|path| path.join(SCRATCH_LOCK).is_file())
        .filter(|path| claim(&path.join(SCRATCH_LOCK)).is_ok_and(|claim| claim.is_some()))
        .collect();
    out.sort();
    out
}
