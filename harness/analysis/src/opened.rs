//! A trial's raw logs, opened and joined: what its ledger and its rows are made from.

use spanfate_model::manifest::Status;
use spanfate_model::plan::{Plan, PlannedTrial};
use spanfate_model::raw::TrialLogs;
use spanfate_model::scenario::WitnessMode;
use spanfate_model::unit::MonoNs;

use crate::loadbook::LoadBook;
use crate::process::Process;
use crate::receipts::{self, Receipts};
use crate::reconcile::Sources;

/// The logs of a trial.
pub(crate) struct Opened<'a> {
    pub(crate) processes: Vec<Process<'a>>,
    pub(crate) receipts: Receipts<'a>,
    pub(crate) book: LoadBook,
    /// Start of the load.
    pub(crate) began: MonoNs,
    /// Whether there is a ledger of every process.
    witnessed: bool,
}

impl<'a> Opened<'a> {
    /// Opens the logs and joins the wire to the ledgers.
    pub(crate) fn open(plan: &Plan, planned: &PlannedTrial, logs: &'a TrialLogs) -> Self {
        let manifest = &logs.manifest;
        let processes: Vec<Process<'_>> = manifest
            .processes
            .iter()
            .zip(&logs.ledgers)
            .filter_map(|(process, bytes)| Process::open(process, bytes.as_deref()?, manifest.status))
            .collect();
        let receipts = receipts::collect(logs.wire.as_deref(), &processes);
        let book = LoadBook::open(plan, planned, logs.load.as_deref());
        let began = load_began(manifest.phases.load_began, &book);
        let whole = !processes.is_empty() && processes.len() == manifest.processes.len();
        let witnessed = plan.service.witness == WitnessMode::Full && whole;
        Self { processes, receipts, book, began, witnessed }
    }

    /// What the books are built from.
    pub(crate) fn sources(&self, plan: &Plan, planned: &PlannedTrial, status: Status) -> Sources<'_> {
        Sources {
            trial: planned.index,
            status,
            tag: planned.tag,
            spans_per_request: plan.service.spans_per_request.get(),
            load_began: self.began,
            processes: &self.processes,
            receipts: &self.receipts,
            book: &self.book,
            witnessed: self.witnessed,
        }
    }
}

/// The start of the load; a torn manifest does not know it, the load's log does.
fn load_began(manifest: MonoNs, book: &LoadBook) -> MonoNs {
    if manifest != 0 {
        return manifest;
    }
    let known = book
        .records
        .iter()
        .zip(&book.schedule)
        .find_map(|(record, offset)| record.map(|r| r.intended.saturating_sub(*offset)));
    known.unwrap_or_default()
}
