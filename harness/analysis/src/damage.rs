//! What the missing spans do to traces: each request's trace gets exactly one state.

use spanfate_model::damage::{Damage, ServiceDamage};
use spanfate_model::slots::{FLAG_PARENT_REMOTE, FLAG_SAMPLED, Slot};
use spanfate_model::topology::Share;

/// What is known of the traces while the spans are walked.
pub(crate) struct Traces {
    services: usize,
    /// Per request and service: sampled spans, and those of them that did not arrive.
    cells: Vec<Cell>,
    /// Per request, the flags below.
    flags: Vec<u8>,
}

#[derive(Clone, Copy, Default)]
struct Cell {
    due: u32,
    missing: u32,
}

/// The root did not arrive.
const ROOT_MISSING: u8 = 1;
/// A span arrived whose parent did not.
const ORPHAN: u8 = 2;
/// Some of the spans are in another trace.
const PART: u8 = 4;

/// One span as the traces see it.
pub(crate) struct Sighting<'a> {
    pub(crate) slot: &'a Slot,
    /// Index of its service.
    pub(crate) service: usize,
    pub(crate) request: u32,
    /// Part of the request's trace: 0 unless the context was lost.
    pub(crate) part: u16,
    pub(crate) received: bool,
    /// Whether its parent arrived; `None` for a parent that is nobody's span.
    pub(crate) parent_received: Option<bool>,
}

impl Traces {
    pub(crate) fn new(requests: usize, services: usize) -> Self {
        Self { services, cells: vec![Cell::default(); requests * services], flags: vec![0; requests] }
    }

    pub(crate) fn see(&mut self, seen: &Sighting<'_>) {
        let request = seen.request as usize;
        let place = request * self.services + seen.service;
        if !seen.slot.has(FLAG_SAMPLED) || seen.service >= self.services {
            return;
        }
        let (Some(cell), Some(flags)) = (self.cells.get_mut(place), self.flags.get_mut(request)) else {
            return;
        };
        cell.due += 1;
        cell.missing += u32::from(!seen.received);
        let own_root = seen.slot.parent.is_zero() || (seen.service == 0 && seen.slot.has(FLAG_PARENT_REMOTE));
        if own_root && seen.part == 0 && !seen.received {
            *flags |= ROOT_MISSING;
        }
        if seen.received && seen.parent_received == Some(false) {
            *flags |= ORPHAN;
        }
        if seen.part != 0 {
            *flags |= PART;
        }
    }

    /// The states of the traces of the requests that are measured.
    pub(crate) fn finish(&self, names: &[&str], shares: &[Share], measured: impl Fn(u32) -> bool) -> Damage {
        let service = |(name, share): (&&str, &Share)| ServiceDamage {
            service: (*name).to_owned(),
            depth: share.depth,
            ..ServiceDamage::default()
        };
        let mut out =
            Damage { services: names.iter().zip(shares).map(service).collect(), ..Damage::default() };
        for (request, flags) in self.flags.iter().enumerate().filter(|(request, _)| measured(*request as u32))
        {
            let cells = &self.cells[request * self.services..(request + 1) * self.services];
            count(&mut out, cells, *flags);
        }
        if out.missing_spans > 0 {
            let each = out.damaged() as f64 / out.missing_spans as f64;
            out.amplification = (each * 1e4).round() / 1e4;
        }
        assert!(out.closes(), "a trace has not exactly one state: {out:?}");
        out
    }
}

fn count(out: &mut Damage, cells: &[Cell], flags: u8) {
    let (due, missing) = cells.iter().fold((0, 0), |(d, m), cell| (d + cell.due, m + cell.missing));
    if due == 0 {
        return;
    }
    out.traces += 1;
    out.missing_spans += u64::from(missing);
    for (service, cell) in out.services.iter_mut().zip(cells).filter(|(_, cell)| cell.due > 0) {
        service.traces += 1;
        service.broken += u64::from(cell.missing > 0);
        service.invisible += u64::from(cell.missing == cell.due);
        service.missing_spans += u64::from(cell.missing);
    }
    if missing == due {
        out.absent += 1;
    } else if flags & ROOT_MISSING != 0 {
        out.headless += 1;
    } else if missing > 0 {
        out.torn += 1;
        out.torn_unseen += u64::from(flags & ORPHAN == 0);
    } else if flags & PART != 0 {
        out.split += 1;
    } else {
        out.complete += 1;
    }
}
