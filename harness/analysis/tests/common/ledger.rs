//! A span ledger, written as `docs/fixture-protocol.md` lays it out.

use spanfate_model::plan::Plan;
use spanfate_model::slots::{FLAG_SAMPLED, Header, Live, LogEntry, LogRecord, Slot};

use super::{BEGAN, Batch, World};

/// The ledger of a world's one process, with the SDK's counts as an undisturbed SDK would give them.
pub(crate) fn encode(world: &World, plan: &Plan) -> Vec<u8> {
    let log: Vec<u8> = log_of(world).iter().flat_map(LogRecord::write).collect();
    let header = Header {
        slots: world.spans.len() as u64,
        log_bytes: log.len() as u64,
        salt: plan.trials[0].salt,
        blocking: world.blocking,
        ..Header::default()
    };
    let mut page = header.write();
    live(world, log.len()).write(&mut page);
    let mut out = Vec::from(page);
    for (index, span) in world.spans.iter().enumerate() {
        out.extend(Slot { key: world.key(plan, index), ..span.slot }.write());
    }
    out.extend(log);
    out
}

fn live(world: &World, log: usize) -> Live {
    let count =
        |wanted: &dyn Fn(&Slot) -> bool| world.spans.iter().filter(|span| wanted(&span.slot)).count() as u64;
    let accepted = |slot: &Slot| slot.batch > 0 && world.batches[slot.batch as usize - 1] == Batch::Ok;
    Live {
        next_slot: world.spans.len() as u64,
        overflow: world.overflow,
        log_used: log as u64,
        phase: 5,
        sdk_started_sampled: count(&|slot| slot.started != 0 && slot.has(FLAG_SAMPLED)),
        sdk_started_unsampled: count(&|slot| slot.started != 0 && !slot.has(FLAG_SAMPLED)),
        sdk_processed: count(&|slot| slot.exported != 0 || slot.filtered != 0),
        sdk_queue_full: count(&|slot| slot.dropped != 0),
        sdk_exported: count(&accepted),
        ..Live::default()
    }
}

fn log_of(world: &World) -> Vec<LogRecord> {
    let mut out = Vec::new();
    for (batch, result) in world.batches.iter().enumerate() {
        let (began, ended) = world.calls.get(batch).copied().unwrap_or((BEGAN + 60, BEGAN + 90));
        let batch = batch as u32;
        let spans = world.spans.iter().filter(|span| span.slot.batch == batch + 1).count() as u32;
        out.push(LogRecord { at: began, entry: LogEntry::ExportBegin { batch, spans } });
        let error = match result {
            Batch::Unfinished => continue,
            Batch::Ok => None,
            Batch::Failed(text) => Some(text.clone()),
        };
        out.push(LogRecord { at: ended, entry: LogEntry::ExportEnd { batch, error } });
    }
    out.extend(
        world.runtime.iter().map(|(at, sample)| LogRecord { at: *at, entry: LogEntry::Runtime(*sample) }),
    );
    if world.shutdown_began != 0 {
        out.push(LogRecord { at: world.shutdown_began, entry: LogEntry::Phase(4) });
    }
    out
}
