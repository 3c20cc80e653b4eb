//! A span ledger, written as `docs/fixture-protocol.md` lays it out.

use spanfate_model::plan::Plan;
use spanfate_model::slots::{FLAG_SAMPLED, HEADER_BYTES, MAGIC, RuntimeSample, SLOT_BYTES, Slot};

use super::{Batch, World};

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// The ledger of a world's one process, with the SDK's counts as an undisturbed SDK would give them.
pub(crate) fn encode(world: &World, plan: &Plan) -> Vec<u8> {
    let log = log_of(world);
    let mut out = vec![0; HEADER_BYTES];
    put(&mut out, 0, MAGIC);
    put(&mut out, 8, &1_u32.to_le_bytes());
    put(&mut out, 12, &(SLOT_BYTES as u32).to_le_bytes());
    put(&mut out, 32, &(world.spans.len() as u64).to_le_bytes());
    put(&mut out, 40, &(log.len() as u64).to_le_bytes());
    put(&mut out, 48, &plan.trials[0].salt.to_le_bytes());
    put(&mut out, 80, &u32::from(world.blocking).to_le_bytes());
    for (word, value) in live_words(world, log.len()) {
        put(&mut out, 512 + 64 * word, &value.to_le_bytes());
    }
    for (index, span) in world.spans.iter().enumerate() {
        let mut slot = span.slot;
        slot.key = world.key(plan, index);
        out.extend(encode_slot(&slot));
    }
    out.extend(log);
    out
}

fn live_words(world: &World, log: usize) -> Vec<(usize, u64)> {
    let count =
        |wanted: &dyn Fn(&Slot) -> bool| world.spans.iter().filter(|span| wanted(&span.slot)).count() as u64;
    let accepted = |slot: &Slot| slot.batch > 0 && world.batches[slot.batch as usize - 1] == Batch::Ok;
    vec![
        (0, world.spans.len() as u64),
        (1, world.overflow),
        (2, log as u64),
        (4, 5),
        (7, count(&|slot| slot.started != 0 && slot.has(FLAG_SAMPLED))),
        (8, count(&|slot| slot.started != 0 && !slot.has(FLAG_SAMPLED))),
        (10, count(&|slot| slot.exported != 0 || slot.filtered != 0)),
        (11, count(&|slot| slot.dropped != 0)),
        (12, count(&accepted)),
    ]
}

fn encode_slot(slot: &Slot) -> [u8; SLOT_BYTES] {
    let mut out = [0; SLOT_BYTES];
    put(&mut out, 0, &slot.key.trace.0);
    put(&mut out, 16, &slot.key.span.0);
    put(&mut out, 24, &slot.parent.0);
    put(&mut out, 40, &slot.name.to_le_bytes());
    out[44] = slot.kind;
    out[45] = slot.flags;
    out[46] = slot.fault;
    put(&mut out, 88, &slot.batch.to_le_bytes());
    let times = [
        (32, slot.created),
        (48, slot.started),
        (56, slot.ending),
        (64, slot.dropped),
        (72, slot.ended),
        (80, slot.exported),
        (96, slot.filtered),
        (104, slot.closed),
    ];
    for (at, time) in times {
        put(&mut out, at, &time.to_le_bytes());
    }
    out
}

fn log_of(world: &World) -> Vec<u8> {
    let mut out = Vec::new();
    for (batch, result) in world.batches.iter().enumerate() {
        let (began, ended) =
            world.calls.get(batch).copied().unwrap_or((super::BEGAN + 60, super::BEGAN + 90));
        let batch = batch as u32;
        let spans = world.spans.iter().filter(|span| span.slot.batch == batch + 1).count() as u32;
        out.extend(record(2, began, &[&batch.to_le_bytes(), &spans.to_le_bytes()]));
        let (failed, text) = match result {
            Batch::Unfinished => continue,
            Batch::Ok => (0, ""),
            Batch::Failed(text) => (1, text.as_str()),
        };
        let length = text.len() as u32;
        let head = [batch, failed, length, 0].map(u32::to_le_bytes).concat();
        out.extend(record(3, ended, &[&head, text.as_bytes()]));
    }
    for (at, sample) in &world.runtime {
        let RuntimeSample { heap, gc_cycles, stopped_ns, goroutines, queue, in_flight, .. } = *sample;
        let words = [heap, gc_cycles, stopped_ns, goroutines, queue, in_flight].map(u64::to_le_bytes);
        out.extend(record(8, *at, &[&words.concat()]));
    }
    if world.shutdown_began != 0 {
        out.extend(record(6, world.shutdown_began, &[&4_u32.to_le_bytes(), &[0; 4]]));
    }
    out
}

fn record(kind: u16, at: u64, body: &[&[u8]]) -> Vec<u8> {
    let mut body = body.concat();
    body.resize(body.len().next_multiple_of(8), 0);
    let length = body.len() as u32 + 16;
    let mut out = length.to_le_bytes().to_vec();
    out.extend(kind.to_le_bytes());
    out.extend([0; 2]);
    out.extend(at.to_le_bytes());
    out.extend(body);
    out
}
