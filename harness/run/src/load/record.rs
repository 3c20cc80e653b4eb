//! The load log's writer. Records are gathered and appended about ten times a second.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use spanfate_model::limits::LimitedPart;
use spanfate_model::load::{LoadRecord, RequestOutcome};
use spanfate_model::quantity::unit::MonoNs;

use super::pace::LoadPace;
use super::{LoadConfig, Starts};
use crate::host::clock;
use crate::host::limits::LimitsMet;

/// What became of a started request.
#[derive(Clone, Copy, Debug)]
pub(super) struct EndedRequest {
    pub(super) outcome: RequestOutcome,
    pub(super) status: u16,
    pub(super) started: MonoNs,
    pub(super) connection: u32,
}

/// What an open load meant to do.
#[derive(Debug)]
struct Intentions {
    schedule: Arc<[u64]>,
    start_at: MonoNs,
    measured_from: u64,
}

/// The log of one load.
#[derive(Debug)]
pub(super) struct Recorder {
    pace: Arc<LoadPace>,
    intentions: Option<Intentions>,
    file: File,
    pending: RefCell<Vec<u8>>,
    limits: Arc<LimitsMet>,
}

impl Recorder {
    pub(super) fn new(pace: &Arc<LoadPace>, config: &LoadConfig, file: File) -> Self {
        let intentions = match &config.starts {
            Starts::Open { schedule, measured_from, .. } => Some(Intentions {
                schedule: Arc::clone(schedule),
                start_at: config.start_at,
                measured_from: *measured_from,
            }),
            Starts::Closed { .. } => None,
        };
        let (pace, limits) = (Arc::clone(pace), Arc::clone(&config.limits));
        Self { pace, intentions, file, pending: RefCell::new(Vec::new()), limits }
    }

    /// Notes that a request is about to be written; gives the time.
    pub(super) fn start(&self) -> MonoNs {
        self.pace.count_started();
        clock::now()
    }

    /// Records a started request, now.
    pub(super) fn ended(&self, request: u32, ended: EndedRequest) {
        self.pace.count_done();
        self.push(request, ended, clock::now());
    }

    /// Records a request that is not started.
    pub(super) fn not_started(&self, request: u32, outcome: RequestOutcome) {
        self.pace.count_not_started();
        self.push(request, EndedRequest { outcome, status: 0, started: 0, connection: 0 }, clock::now());
    }

    fn push(&self, request: u32, ended: EndedRequest, done: MonoNs) {
        let (intended, measured) = match &self.intentions {
            Some(Intentions { schedule, start_at, measured_from }) => {
                let offset = schedule.get(request as usize).copied().unwrap_or_default();
                (start_at + offset, offset >= *measured_from)
            }
            // A closed load means to start when it starts, and has no warm-up.
            None => (if ended.started == 0 { done } else { ended.started }, true),
        };
        let record = LoadRecord {
            request,
            outcome: ended.outcome,
            measured,
            status: ended.status,
            intended,
            started: ended.started,
            done,
            connection: ended.connection,
        };
        self.pending.borrow_mut().extend_from_slice(&record.write());
    }

    /// Appends what was gathered. Where there is no space for it, the log has a gap, which is noted.
    pub(super) fn flush(&self) -> io::Result<()> {
        let mut pending = self.pending.borrow_mut();
        // A part of a record would shift all that follow, so what no longer fits as a whole is not begun.
        let kept = self.file.metadata()?.len();
        let written = (&self.file).write_all(&pending);
        pending.clear();
        match written {
            Err(error) if self.limits.note(LimitedPart::LoadLog, &error) => self.file.set_len(kept),
            written => written,
        }
    }
}
