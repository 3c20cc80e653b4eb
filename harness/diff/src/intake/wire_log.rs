//! The wire witness's log of a run: of each span its key and what else the log keeps.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{ErrorKind, Read};

use spanfate_model::format::wire::{
    Disposition, Endings, MAGIC, NAME_LIMIT, RECORD_BYTES, WireRecord, record,
};

use super::sink::Intake;
use super::window::{PieceStop, Window};
use crate::error::{DiffError, InputPosition, ReadStop};

/// Names that are believed; the receiver writes a few thousand at most.
const MOST_NAMES: usize = 1 << 20;

/// Names by their ids, which the receiver gives out one after the other: a table up to there, and a map of those beyond.
const DENSE: u32 = 1 << 16;

#[derive(Default)]
struct NameTable {
    dense: Vec<Vec<u8>>,
    others: BTreeMap<u32, Vec<u8>>,
}

impl NameTable {
    /// The name of an id; empty where there is none.
    #[inline]
    fn get(&self, id: u32) -> &[u8] {
        match self.dense.get(id as usize) {
            Some(name) => name,
            None => self.others.get(&id).map_or(&[], Vec::as_slice),
        }
    }

    /// Where the name of an id goes; nothing where there are too many.
    fn place(&mut self, id: u32) -> Option<&mut Vec<u8>> {
        if id < DENSE {
            let at = id as usize;
            if self.dense.len() <= at {
                self.dense.resize(at + 1, Vec::new());
            }
            return self.dense.get_mut(at);
        }
        if self.others.len() >= MOST_NAMES && !self.others.contains_key(&id) {
            return None;
        }
        Some(self.others.entry(id).or_default())
    }
}

/// How the requests of a log ended, read beforehand; nothing for a log that says it at once.
pub(super) fn endings(mut from: impl Read, bytes: u64) -> Result<Option<Endings>, DiffError> {
    let mut from = std::io::BufReader::with_capacity(256 << 10, &mut from);
    let mut one = [0; RECORD_BYTES];
    if !whole(&mut from, &mut one)? {
        return Ok(None);
    }
    let mut endings = Endings::new(&one, bytes);
    if !endings.is_relayed() {
        return Ok(None);
    }
    while whole(&mut from, &mut one)? {
        endings.note(&record(&one));
    }
    Ok(Some(endings))
}

/// Fills a record; false where there is no whole one.
fn whole(from: &mut impl Read, one: &mut [u8; RECORD_BYTES]) -> Result<bool, DiffError> {
    match from.read_exact(one) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(DiffError::Read(error)),
    }
}

/// Reads a log whose header is next.
pub(super) fn read(
    window: &mut Window<'_>,
    intake: &mut Intake<'_>,
    mut endings: Option<Endings>,
) -> Result<(), ReadStop> {
    let header = next(window)?;
    if header.is_some_and(|header| Endings::new(&header, 0).is_relayed()) && endings.is_none() {
        let what = "the log of a relay must be read twice, and this is no file";
        return Err(ReadStop::malformed(window.position(), what));
    }
    if header.is_some_and(|header| !header.starts_with(MAGIC)) {
        return Err(ReadStop::malformed(InputPosition::default(), "this is no log of a receiver"));
    }
    let mut names = NameTable::default();
    let mut services: BTreeMap<u32, u32> = BTreeMap::new();
    let scope = intake.scopes.begin();
    intake.scope.clear();
    intake.settle_scope(scope)?;
    let (mut gap, mut ended) = (0_u64, false);
    loop {
        let at = window.offset();
        if !window.ensure(RECORD_BYTES)? {
            // The last one may be torn.
            break;
        }
        let Some(read) = window.rest().first_chunk().map(record) else { break };
        window.pass(RECORD_BYTES);
        let read = match &mut endings {
            Some(endings) => endings.settle(read),
            None => read,
        };
        match read {
            WireRecord::Span(span) if span.disposition != Disposition::Accepted => intake.refused += 1,
            WireRecord::Span(span) => {
                let resource = match services.entry(span.service) {
                    Entry::Occupied(known) => *known.get(),
                    Entry::Vacant(place) => *place.insert(begin(names.get(span.service), intake)?),
                };
                let draft = &mut intake.draft;
                draft.clear();
                draft.at = at;
                (draft.resource, draft.scope) = (resource, scope);
                (draft.trace, draft.span) = (span.key.trace.0, span.key.span.0);
                draft.parent = span.parent.0;
                draft.name.extend_from_slice(names.get(span.name));
                draft.kind = span.kind;
                (draft.start, draft.end) = (span.start_wall, span.end_wall);
                intake.put()?;
            }
            WireRecord::Name { id, piece } => {
                let Some(name) = names.place(id) else {
                    return Err(ReadStop::malformed(
                        window.position(),
                        "the log has more than a million names",
                    ));
                };
                if name.len() < NAME_LIMIT {
                    name.extend_from_slice(&piece);
                }
            }
            WireRecord::Gap { spans } => gap = gap.saturating_add(spans),
            WireRecord::End { .. } => ended = true,
            WireRecord::Request(_) | WireRecord::Answer(_) | WireRecord::Unknown(_) => {}
        }
    }
    intake.end_group()?;
    if gap > 0 {
        intake.incomplete.push(format!("the receiver could not keep {gap} spans"));
    }
    if !ended {
        intake.incomplete.push("the log has no end: the receiver was cut off".to_owned());
    }
    Ok(())
}

/// The place of the resource of a service.
fn begin(service: &[u8], intake: &mut Intake<'_>) -> Result<u32, DiffError> {
    let place = intake.resources.begin();
    intake.resource.clear();
    intake.resource.name.extend_from_slice(service);
    intake.settle_resource(place)?;
    Ok(place)
}

/// A record; nothing at the end, or where the last one is torn.
fn next(window: &mut Window<'_>) -> Result<Option<[u8; RECORD_BYTES]>, ReadStop> {
    if !window.ensure(RECORD_BYTES)? {
        return Ok(None);
    }
    window.piece(|bytes| {
        let record = bytes.first_chunk::<RECORD_BYTES>().ok_or(PieceStop::More)?;
        Ok((Some(*record), RECORD_BYTES))
    })
}
