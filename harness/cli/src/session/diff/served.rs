//! Sides that a back end shows over HTTP: Jaeger by both of its interfaces, and Tempo.

use std::ops::ControlFlow;
use std::time::Duration;

use spanfate_diff::{DiffError, SideKeys};
use spanfate_model::finding::diff::DiffFormat;
use spanfate_run::backend::{
    BackEnd, BackEndAccess, BackEndBounds, BackEndError, BackEndRead, BackEndReader, PageShape,
};
use spanfate_run::host::clock;

use super::spool::AnswerSpool;
use super::{DiffAsked, TracesAsked};
use crate::error::Error;

/// Nanoseconds that the clocks of services may be ahead.
const AHEAD: u64 = 60_000_000_000;

/// What a back end showed.
pub(super) struct TracesServed {
    pub(super) name: String,
    /// Its answers.
    pub(super) answers: AnswerSpool,
    /// Why more may be there.
    pub(super) incomplete: Vec<String>,
}

/// Whether it is known what to ask a back end for, without the other side.
pub(super) fn by_itself(asked: &DiffAsked, access: &BackEndAccess) -> bool {
    let last = matches!(&asked.traces, TracesAsked::Search { last: Some(_), .. });
    last && access.kind() == BackEnd::Jaeger
}

/// Neither side says which traces are meant.
pub(super) fn undecided(name: &str) -> Error {
    Error::Refused(format!(
        "{name} must be told which traces are meant: give a file or a run as the other side, or, of a Jaeger, --search=1h"
    ))
}

/// What is asked for.
enum Wanted {
    Ids(SideKeys),
    Times((u64, u64), Vec<String>),
}

/// Asks a back end, and keeps its answers. `keys` are the traces of the other side.
pub(super) fn read(
    asked: &DiffAsked,
    access: &BackEndAccess,
    format: Option<DiffFormat>,
    keys: impl FnOnce() -> Result<SideKeys, Error>,
    tell: &mut dyn FnMut(&str),
) -> Result<TracesServed, Error> {
    let name = access.shown();
    let wanted = match &asked.traces {
        TracesAsked::Search { last, services } if access.kind() == BackEnd::Jaeger => {
            let times = match last {
                Some(last) => {
                    let now = clock::wall();
                    (now.saturating_sub(last.nanos()), now.saturating_add(AHEAD))
                }
                None => keys()?.starts.ok_or_else(|| {
                    Error::Refused(
                        "the other side has no span that says when it began; give a time, for example --search=1h"
                            .to_owned(),
                    )
                })?,
            };
            Wanted::Times(times, services.clone())
        }
        _ => Wanted::Ids(keys()?),
    };
    let (usual, within) = (BackEndBounds::default(), Duration::from_nanos(asked.within.nanos()));
    let bounds = BackEndBounds {
        all_time: within,
        page_time: usual.page_time.min(within),
        only: format.map(|format| shape(format, &name)).transpose()?,
        // A trace is a page where they are asked for one by one; the time bounds them all the same.
        pages: if matches!(wanted, Wanted::Ids(_)) { u32::MAX } else { usual.pages },
        ..usual
    };
    let reader = BackEndReader::open(access.clone(), bounds)?;
    let mut answers = AnswerSpool::create().map_err(unspooled)?;
    tell(&match &wanted {
        Wanted::Ids(keys) => format!("asking {name} for {} traces by their ids", keys.traces.len()),
        Wanted::Times(..) => format!("searching {name} for traces"),
    });
    let mut kept = Ok(());
    let mut each = |page: spanfate_run::backend::BackEndPage| {
        // A page without spans is the answer that there are none, but for protobuf, which is not looked into before.
        if page.spans.is_empty() && page.shape != PageShape::OtlpProtobuf {
            return ControlFlow::Continue(());
        }
        kept = answers.keep(&page);
        if kept.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let read = match &wanted {
        Wanted::Ids(keys) => reader.traces(&mut keys.traces.iter().copied(), &mut each),
        Wanted::Times(times, services) => reader.search(&[*times], services, &mut each),
    };
    kept.map_err(unspooled)?;
    let read = read.and_then(|read| if nothing_is_there(read) { reader.answers() } else { Ok(()) });
    let incomplete = read.map_or_else(|error| failed(&name, &error, answers.pages()), |()| Ok(Vec::new()))?;
    answers.finish().map_err(unspooled)?;
    Ok(TracesServed { name, answers, incomplete })
}

/// Each trace was said not to be there; so says also a server that is none.
const fn nothing_is_there(read: BackEndRead) -> bool {
    read.absent > 0 && read.traces == 0
}

/// Of a reading that broke off after some pages these are a side that is not whole; what is wrong in itself is an error in any case.
fn failed(name: &str, error: &BackEndError, pages: u64) -> Result<Vec<String>, Error> {
    match error {
        BackEndError::Odd { .. } => Err(Error::Scenario(format!("error: {name}: {error}"))),
        BackEndError::NoSearch | BackEndError::NoInterface { .. } => Err(Error::Refused(error.to_string())),
        _ if pages == 0 => Err(Error::Unsuited(format!("{name}: {error}"))),
        _ => Ok(vec![error.to_string()]),
    }
}

/// The interface that answers in a format.
fn shape(format: DiffFormat, name: &str) -> Result<PageShape, Error> {
    match format {
        DiffFormat::JaegerJson => Ok(PageShape::JaegerJson),
        DiffFormat::JaegerOtlp | DiffFormat::TempoJson => Ok(PageShape::OtlpJson),
        DiffFormat::TempoProtobuf => Ok(PageShape::OtlpProtobuf),
        other => Err(Error::Refused(format!(
            "{name} does not answer in {other}; give jaeger-otlp or jaeger-json, tempo-json or tempo-protobuf"
        ))),
    }
}

fn unspooled(source: std::io::Error) -> Error {
    Error::Diff(DiffError::Spill(source))
}
