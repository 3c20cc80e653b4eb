//! The wire log's writer: one `write` per message, made before the message is answered.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use spanfate_model::format::wire::{
    AnswerRecord, Disposition, RECORD_BYTES, RequestRecord, SpanRecord, WireProtocol, header, relay_header,
    write_end, write_gap,
};
use spanfate_model::limits::LimitedPart;
use spanfate_model::quantity::id::SpanKey;
use spanfate_model::quantity::unit::MonoNs;

use super::{DiscardPlan, ReceiverConfig};
use crate::error::RunError;
use crate::host::limits::LimitsMet;
use crate::receiver::decode::message;
use crate::receiver::decode::names::Names;
use crate::receiver::decode::span::Invalid;

/// Most span records written for one refused request; the spans beyond are a gap. A refusal must not cost more than the
/// limit that caused it.
const REFUSED_KEPT: u32 = 65_536;

/// What is pending is written at the latest when it is so much.
const MOST_PENDING: usize = 64 * RECORD_BYTES;

/// A complete message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArrivedMessage<'a> {
    /// The uncompressed message; empty if it was too large to read.
    pub(crate) message: &'a [u8],
    /// Spans in it, already counted.
    pub(crate) spans: u32,
    pub(crate) wire_bytes: u32,
    pub(crate) at: MonoNs,
    pub(crate) connection: u32,
    pub(crate) protocol: WireProtocol,
    /// Its export path, where the client said one.
    pub(crate) path: Option<u8>,
    pub(crate) judgement: Judgement,
}

/// What becomes of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Judgement {
    pub(crate) disposition: Disposition,
    /// How many of its spans, from the first, are rejected in a partial success.
    pub(crate) rejected: u32,
    /// The fault that made it so, as the log says it.
    pub(crate) fault: u8,
}

impl Judgement {
    /// What becomes of its span with this number.
    const fn of_span(self, number: u32) -> Disposition {
        match self.disposition {
            Disposition::RejectedPartial if number >= self.rejected => Disposition::Accepted,
            disposition => disposition,
        }
    }
}

/// What the log did with a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LoggedMessage {
    /// Its number, if it is in the log.
    pub(crate) request: Option<u32>,
    /// Spans that are not in the log although they were answered.
    pub(crate) gap: u64,
    /// Spans that were lost on purpose.
    pub(crate) discarded: Vec<SpanKey>,
}

/// The log of one receiver.
#[derive(Debug)]
pub(crate) struct WireLog {
    file: File,
    path: PathBuf,
    hop: u8,
    export_path: u8,
    limit: u64,
    /// Bytes in the file.
    written: u64,
    /// Bytes that records still to come may need: one answer per logged request, the gap and the end.
    reserved: u64,
    /// No message is logged any more: the limit is reached or a write failed.
    full: bool,
    failure: Option<io::Error>,
    limits: Arc<LimitsMet>,
    requests: u32,
    gap: u64,
    names: Names,
    planted: Option<LossPlanter>,
    /// Answers and names that go out with the next write.
    pending: Vec<u8>,
    spans: Vec<u8>,
    out: Vec<u8>,
}

impl WireLog {
    /// Creates the log and writes its head, which says whether answers decide what is accepted.
    pub(crate) fn create(config: &ReceiverConfig, relayed: bool) -> Result<Self, RunError> {
        let create = |path: &Path| {
            OpenOptions::new()
                .create_new(true)
                .append(true)
                .open(path)
                .map_err(RunError::file("create", path))
        };
        let file = create(&config.log)?;
        let planted = match config.discard_acknowledged {
            DiscardPlan { count: 0, .. } => None,
            plan => {
                let file = create(&config.log.with_file_name("planted.ndjson"))?;
                Some(LossPlanter { plan: Planned { plan, seen: 0 }, file })
            }
        };
        let (names, first) = Names::begin();
        let header = if relayed { relay_header() } else { header() };
        let mut log = Self {
            file,
            path: config.log.clone(),
            hop: config.hop,
            export_path: config.path,
            limit: config.log_limit,
            written: 0,
            reserved: 2 * RECORD_BYTES as u64,
            full: false,
            failure: None,
            limits: Arc::clone(&config.limits),
            requests: 0,
            gap: 0,
            names,
            planted,
            pending: Vec::new(),
            spans: Vec::new(),
            out: [&header[..], &first].concat(),
        };
        log.flush_out().map_err(RunError::unwritten(&config.log))?;
        Ok(log)
    }

    /// Appends a message, if it is valid. What does not fit is counted as a gap, and the caller answers all the same.
    pub(crate) fn append(&mut self, arrival: &ArrivedMessage<'_>) -> Result<LoggedMessage, Invalid> {
        let refused = arrival.judgement.disposition == Disposition::Refused;
        let kept = if refused { arrival.spans.min(REFUSED_KEPT) } else { arrival.spans };
        if !self.fits(u64::from(kept) * RECORD_BYTES as u64) {
            message::walk(arrival.protocol, arrival.message, |_| ())?;
            return Ok(self.miss(arrival.spans));
        }
        let discarded = self.write_spans(arrival, kept)?;
        let beyond = u64::from(arrival.spans - kept);
        let record = RequestRecord {
            request: self.requests,
            connection: arrival.connection,
            at: arrival.at,
            raw_bytes: arrival.message.len() as u32,
            wire_bytes: arrival.wire_bytes,
            // A planted loss leaves no trace: the record counts the spans that follow it.
            spans: arrival.spans - discarded.len() as u32,
            protocol: arrival.protocol,
            disposition: arrival.judgement.disposition,
            hop: self.hop,
            path: arrival.path.unwrap_or(self.export_path),
            fault: arrival.judgement.fault,
        };
        if !self.fits(self.spans.len() as u64) {
            return Ok(self.miss(arrival.spans));
        }
        self.out.clear();
        self.out.extend_from_slice(&self.pending);
        self.out.extend_from_slice(&record.write());
        self.out.extend_from_slice(&self.spans);
        if let Err(failure) = self.flush_out() {
            self.fail(failure);
            return Ok(self.miss(arrival.spans));
        }
        self.pending.clear();
        self.reserved += RECORD_BYTES as u64;
        if let Some(Err(failure)) = self.planted.as_mut().map(|planted| planted.write(&discarded)) {
            self.fail(failure);
        }
        self.requests += 1;
        self.gap += beyond;
        Ok(LoggedMessage { request: Some(record.request), gap: beyond, discarded })
    }

    /// Fills `spans` with the records of the message's spans, and puts new names with what is pending. Returns the
    /// planted losses.
    fn write_spans(&mut self, arrival: &ArrivedMessage<'_>, kept: u32) -> Result<Vec<SpanKey>, Invalid> {
        let Self { names, planted, spans, pending, requests, .. } = self;
        let mut plan = planted.as_ref().map(|planted| planted.plan);
        let mut discarded = Vec::new();
        let mut number = 0;
        spans.clear();
        message::walk(arrival.protocol, arrival.message, |span| {
            if number == kept {
                return;
            }
            let disposition = arrival.judgement.of_span(number);
            number += 1;
            if disposition == Disposition::Accepted && plan.as_mut().is_some_and(Planned::takes) {
                discarded.push(span.key);
                return;
            }
            let record = SpanRecord {
                request: *requests,
                key: span.key,
                parent: span.parent,
                name: names.id(span.name, pending),
                service: names.id(span.service, pending),
                kind: span.kind,
                disposition,
                start_wall: span.start_wall,
                end_wall: span.end_wall,
            };
            spans.extend_from_slice(&record.write());
        })?;
        if let (Some(planted), Some(plan)) = (planted, plan) {
            planted.plan = plan;
        }
        Ok(discarded)
    }

    /// Notes what became of the answer to a logged request.
    pub(crate) fn answered(&mut self, answer: &AnswerRecord) {
        self.pending.extend_from_slice(&answer.write());
        self.reserved = self.reserved.saturating_sub(RECORD_BYTES as u64);
        if self.pending.len() >= MOST_PENDING {
            self.out.clear();
            self.out.append(&mut self.pending);
            if let Err(failure) = self.flush_out() {
                self.fail(failure);
                self.full = true;
            }
        }
    }

    /// Writes what is pending and the end.
    pub(crate) fn finish(&mut self) -> Result<(), RunError> {
        self.out.clear();
        self.out.append(&mut self.pending);
        if self.gap > 0 {
            self.out.extend_from_slice(&write_gap(self.gap));
        }
        self.out.extend_from_slice(&write_end(u64::from(self.requests)));
        let flushed = self.flush_out();
        match self.failure.take() {
            Some(failure) => Err(RunError::unwritten(&self.path)(failure)),
            // Without its end the log says by itself that something is missing.
            None => match flushed {
                Err(failure) if self.limits.note(LimitedPart::WireLog, &failure) => Ok(()),
                flushed => flushed.map_err(RunError::unwritten(&self.path)),
            },
        }
    }

    /// Keeps the first reason why the log could not be written. That its space ran out is a gap and no failure.
    fn fail(&mut self, failure: io::Error) {
        if !self.limits.note(LimitedPart::WireLog, &failure) {
            self.failure.get_or_insert(failure);
        }
    }

    /// Whether a request with so many bytes of span records fits, with what is pending and its answer.
    fn fits(&self, spans: u64) -> bool {
        let request = self.pending.len() as u64 + 2 * RECORD_BYTES as u64 + spans;
        !self.full && self.written + self.reserved + request <= self.limit
    }

    /// Once a message did not fit none is logged any more: names may be missing, and a log with holes in the middle
    /// would be harder to judge than one that ends.
    fn miss(&mut self, spans: u32) -> LoggedMessage {
        self.full = true;
        self.requests += 1;
        self.gap += u64::from(spans);
        LoggedMessage { request: None, gap: u64::from(spans), discarded: Vec::new() }
    }

    fn flush_out(&mut self) -> io::Result<()> {
        if let Err(failure) = self.file.write_all(&self.out) {
            // Half a record would shift all that follow.
            return Err(self.file.set_len(self.written).err().unwrap_or(failure));
        }
        self.written += self.out.len() as u64;
        Ok(())
    }
}

/// Losses made on purpose.
#[derive(Debug)]
struct LossPlanter {
    plan: Planned,
    file: File,
}

/// What is left of the plan; copied, so that a message which turns out malformed uses nothing up.
#[derive(Clone, Copy, Debug)]
struct Planned {
    plan: DiscardPlan,
    seen: u32,
}

impl Planned {
    /// Whether the next accepted span is to be lost.
    fn takes(&mut self) -> bool {
        self.seen = self.seen.wrapping_add(1);
        let due = self.plan.count > 0 && self.seen.is_multiple_of(self.plan.every.max(1));
        self.plan.count -= u32::from(due);
        due
    }
}

impl LossPlanter {
    fn write(&mut self, keys: &[SpanKey]) -> io::Result<()> {
        let mut lines = Vec::new();
        for key in keys {
            writeln!(lines, "{{\"trace_id\":\"{}\",\"span_id\":\"{}\"}}", key.trace, key.span)?;
        }
        if lines.is_empty() { Ok(()) } else { self.file.write_all(&lines) }
    }
}
