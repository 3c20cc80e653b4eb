//! What a run, or a file of spans, shows.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::ops::ControlFlow;
use std::path::Path;

use spanfate_analysis::contract::{ContractEvidence, ExportedSignal};
use spanfate_analysis::each_span;
use spanfate_diff::{SideInput, SideSource, whole_spans};
use spanfate_model::finding::contract::Contract;
use spanfate_model::format::layout::{TrialDir, WIRE_LOGS, WIRE_METRICS};
use spanfate_model::format::manifest::{KeptLogs, KeptSpans, TrialManifest};
use spanfate_run::store;

use super::{OF_ARRIVALS, OF_RUN};
use crate::error::Error;
use crate::session::runs::Held;

/// Most bytes of a message; a receiver takes less.
const MOST_MESSAGE: u64 = 64 << 20;

/// What a run shows, or one trial of it.
pub(crate) fn of_run(
    run: &Held,
    trial: Option<u16>,
    contract: Option<&Contract>,
) -> Result<ContractEvidence, Error> {
    let plan = run.plan()?;
    let mut evidence = ContractEvidence::new(contract, OF_RUN);
    evidence.has_books();
    let trials = run.begun(&plan, trial)?;
    let mut keeping = Vec::new();
    for planned in &trials {
        let logs = run.logs(planned)?;
        let done = each_span(&plan, planned, &logs, &mut |row| {
            evidence.row(row);
            ControlFlow::Continue(())
        });
        if !done.witnessed {
            evidence.books_lack(format!("trial {}: {}", planned.index, OF_RUN.created));
        }
        let place = run.dir.trial(planned.index);
        let manifest: TrialManifest = store::read_json(&place.manifest())?;
        keeping.push((planned.index, place, manifest.kept, manifest.kept_logs));
    }
    if trials.is_empty() {
        evidence.books_lack("no trial of the run was begun".to_owned());
    }
    if keeping.iter().any(|(_, _, kept, _)| kept.is_some()) {
        for (index, place, kept, logs) in &keeping {
            match kept {
                Some(kept) => {
                    of_kept(&mut evidence, place, (kept, logs.as_ref()), &format!("trial {index}"))?;
                }
                None => {
                    evidence.whole_spans_lack(format!("trial {index} kept no whole spans, or did not end"));
                }
            }
        }
    }
    Ok(evidence)
}

/// What a receiver kept in a folder, which is called so.
pub(super) fn of_kept(
    evidence: &mut ContractEvidence,
    place: &TrialDir,
    (kept, logs): (&KeptSpans, Option<&KeptLogs>),
    called: &str,
) -> Result<(), Error> {
    evidence.has_whole_spans();
    if kept.missed > 0 {
        evidence.whole_spans_lack(format!("{called} could not keep {} spans", kept.missed));
    }
    for name in [&kept.protobuf, &kept.json].into_iter().flatten() {
        let path = place.raw(name);
        if let Some(lack) = other_size(&path, name, &kept.bytes)? {
            evidence.whole_spans_lack(lack);
        }
        for lack in of_spans(evidence, &path)?.1 {
            evidence.whole_spans_lack(lack);
        }
    }
    let Some((metrics_missed, logs)) = kept.metrics_missed.zip(logs) else { return Ok(()) };
    evidence.has_signals();
    let missed = metrics_missed + logs.missed;
    if missed > 0 {
        evidence
            .signals_lack(format!("{called} could not keep {missed} requests with metrics or log records"));
    }
    for (signal, names, bytes) in
        [(ExportedSignal::Metrics, WIRE_METRICS, &kept.bytes), (ExportedSignal::Logs, WIRE_LOGS, &logs.bytes)]
    {
        for (json, name) in names.into_iter().enumerate().filter(|(_, name)| bytes.contains_key(*name)) {
            let path = place.raw(name);
            if let Some(lack) = other_size(&path, name, bytes)? {
                evidence.signals_lack(lack);
            }
            let read = of_signals(evidence, signal, json == 1, &path);
            read.map_err(|source| unread(&path, source))?;
        }
    }
    Ok(())
}

fn unread(path: &Path, source: io::Error) -> Error {
    match source.kind() {
        ErrorKind::NotFound => {
            Error::Missing { what: "file", name: path.display().to_string(), hint: String::new() }
        }
        _ => Error::Run(spanfate_run::RunError::File { action: "read", path: path.to_owned(), source }),
    }
}

/// That a file is not what was written.
fn other_size(path: &Path, name: &str, written: &BTreeMap<String, u64>) -> Result<Option<String>, Error> {
    let bytes = path.metadata().map_err(|source| unread(path, source))?.len();
    let wrote = written.get(name).copied();
    Ok(wrote
        .filter(|wrote| *wrote != bytes)
        .map(|wrote| format!("{name} has {bytes} bytes, and {wrote} were written")))
}

/// The whole spans of a file; whether its format has attributes, and why they may not be all.
fn of_spans(evidence: &mut ContractEvidence, path: &Path) -> Result<(bool, Vec<String>), Error> {
    let name = path.display().to_string();
    let open = || File::open(path).map_err(|source| unread(path, source));
    let from = open()?;
    let again = if store::is_stream(path) {
        None
    } else {
        let bytes = from.metadata().map_err(|source| unread(path, source))?.len();
        Some((Box::new(open()?) as Box<dyn spanfate_diff::SideFile>, bytes))
    };
    let source = SideSource { name: name.clone(), from: Box::new(from), again, format: None };
    let input = SideInput { name: name.clone(), sources: vec![source], incomplete: Vec::new() };
    let read = whole_spans(input, &mut |span| evidence.span(span)).map_err(|wrong| {
        use spanfate_diff::DiffError as Wrong;
        match wrong.error {
            error @ (Wrong::Malformed { .. } | Wrong::TooLong { .. }) => {
                Error::Scenario(format!("error: {name}: {error}"))
            }
            error @ (Wrong::Unknown(_) | Wrong::Read(_)) => Error::Unsuited(format!("{name}: {error}")),
            error => Error::Diff(error),
        }
    })?;
    Ok((read.has_attributes, read.incomplete))
}

/// What a file of spans shows, in any format that `diff` reads and that carries attributes.
pub(crate) fn of_file(path: &Path, contract: Option<&Contract>) -> Result<ContractEvidence, Error> {
    let mut evidence = ContractEvidence::new(contract, OF_ARRIVALS);
    evidence.has_whole_spans();
    let (has_attributes, lacks) = of_spans(&mut evidence, path)?;
    if !has_attributes {
        let what = format!("{} is in a format without attributes; give OTLP, or a run", path.display());
        return Err(Error::Unsuited(what));
    }
    for lack in lacks {
        evidence.whole_spans_lack(lack);
    }
    Ok(evidence)
}

/// The requests of a file of metrics or log records. What is broken in one is a lack, as is an end too early.
fn of_signals(
    evidence: &mut ContractEvidence,
    signal: ExportedSignal,
    json: bool,
    path: &Path,
) -> io::Result<()> {
    let mut file = BufReader::new(File::open(path)?);
    let mut message = Vec::new();
    loop {
        message.clear();
        if json {
            let read = file.by_ref().take(MOST_MESSAGE).read_until(b'\n', &mut message)?;
            if read == 0 {
                return Ok(());
            }
        } else {
            let mut length = [0; 4];
            if file.by_ref().take(4).read(&mut length[..1])? == 0 {
                return Ok(());
            }
            let whole = file.read_exact(&mut length[1..]).is_ok();
            let length = u64::from(u32::from_be_bytes(length));
            let got = if whole {
                file.by_ref().take(length.min(MOST_MESSAGE)).read_to_end(&mut message)?
            } else {
                0
            };
            if !whole || got as u64 != length {
                evidence.signals_lack(format!("{} ends too early", path.display()));
                return Ok(());
            }
        }
        if let Err(why) = evidence.request(signal, json, &message) {
            evidence.signals_lack(format!("{}: {why}", path.display()));
        }
    }
}
