//! A span ledger, written as `docs/fixture-protocol.md` lays it out.

use spanfate_model::format::slots::{
    FLAG_SAMPLED, Header, Live, LogEntry, LogRecord, PathInfo, PathRecord, Slot,
};
use spanfate_model::plan::Plan;

use super::{BEGAN, Batch, World};

/// The ledger of a world's one process, with the SDK's counts as an undisturbed SDK would give them.
pub(crate) fn encode(world: &World, plan: &Plan) -> Vec<u8> {
    let log: Vec<u8> = log_of(world).iter().flat_map(LogRecord::write).collect();
    let header = Header {
        slots: world.spans.len() as u64,
        log_bytes: log.len() as u64,
        salt: plan.trials[0].salt,
        blocking: world.blocking,
        paths: u32::from(!world.further.is_empty()),
        ..Header::default()
    };
    let mut page = header.write();
    live(world, log.len()).write(&mut page);
    let mut out = Vec::from(page);
    for (index, span) in world.spans.iter().enumerate() {
        out.extend(Slot { key: world.key(plan, index), ..span.slot }.write());
    }
    for further in &world.further {
        out.extend(further.record.write());
    }
    out.extend(log);
    out
}

/// A second path: to the engine beside the receiver, or in a provider of its own.
fn second(world: &World) -> PathInfo {
    if world.engine.is_some() {
        return PathInfo {
            path: 1,
            queue: 2048,
            batch: 512,
            name: "jaeger".to_owned(),
            exporter: "otlp grpc".to_owned(),
            ..PathInfo::default()
        };
    }
    PathInfo {
        path: 1,
        provider: 1,
        filtered: true,
        queue: 64,
        batch: 8,
        name: "audit".to_owned(),
        exporter: "otlp http".to_owned(),
        ..PathInfo::default()
    }
}

fn live(world: &World, log: usize) -> Live {
    let count =
        |wanted: &dyn Fn(&Slot) -> bool| world.spans.iter().filter(|span| wanted(&span.slot)).count() as u64;
    let further = |wanted: &dyn Fn(&PathRecord) -> bool| {
        world.further.iter().filter(|further| wanted(&further.record)).count() as u64
    };
    let accepted = |slot: &Slot| slot.batch > 0 && world.batches[slot.batch as usize - 1] == Batch::Ok;
    Live {
        next_slot: world.spans.len() as u64,
        overflow: world.overflow,
        log_used: log as u64,
        phase: 5,
        sdk_started_sampled: count(&|slot| slot.started != 0 && slot.has(FLAG_SAMPLED)),
        sdk_started_unsampled: count(&|slot| slot.started != 0 && !slot.has(FLAG_SAMPLED)),
        sdk_processed: count(&|slot| slot.exported != 0 || slot.filtered != 0)
            + further(&|on| on.exported != 0),
        sdk_queue_full: count(&|slot| slot.dropped != 0) + further(&|on| on.dropped != 0),
        sdk_exported: count(&accepted)
            + further(&|on| on.batch > 0 && world.batches[on.batch as usize - 1] == Batch::Ok),
        ..Live::default()
    }
}

fn log_of(world: &World) -> Vec<LogRecord> {
    let mut out = Vec::new();
    let paths = if world.further.is_empty() { 0..1 } else { 0..2 };
    if paths.len() > 1 {
        let main =
            PathInfo { queue: 2048, batch: 512, exporter: "otlp grpc".to_owned(), ..PathInfo::default() };
        out.extend(
            [main, second(world)].map(|info| LogRecord { at: BEGAN, entry: LogEntry::PathInfo(info) }),
        );
    }
    for (path, (batch, result)) in
        paths.flat_map(|path| world.batches.iter().enumerate().map(move |batch| (path, batch)))
    {
        let (began, ended) = world.calls.get(batch).copied().unwrap_or((BEGAN + 60, BEGAN + 90));
        let batch = batch as u32;
        let of_path = |index: usize, span: &super::Span| match path {
            0 => span.slot.batch,
            _ => world.further[index].record.batch,
        };
        let in_it = world.spans.iter().enumerate().filter(|(index, span)| of_path(*index, span) == batch + 1);
        let spans = in_it.count() as u32;
        out.push(LogRecord { at: began, entry: LogEntry::ExportBegin { batch, spans, path } });
        let error = match result {
            Batch::Unfinished => continue,
            Batch::Ok => None,
            Batch::Failed(text) => Some(text.clone()),
        };
        out.push(LogRecord { at: ended, entry: LogEntry::ExportEnd { batch, error, path } });
    }
    out.extend(
        world.runtime.iter().map(|(at, sample)| LogRecord { at: *at, entry: LogEntry::Runtime(*sample) }),
    );
    if world.shutdown_began != 0 {
        out.push(LogRecord { at: world.shutdown_began, entry: LogEntry::Phase(4) });
    }
    out
}
