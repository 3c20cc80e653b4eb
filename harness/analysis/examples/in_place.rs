//! What looking at the slots of a span ledger costs, mapped and by `pread`, in the order of arrival:
//!
//!     cargo run --release -p spanfate-analysis --example in_place -- DIR
//!
//! DIR is a results directory that the example `synthetic` wrote.

#![expect(clippy::print_stdout, reason = "an example speaks to its user")]

use std::error::Error;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use spanfate_model::format::layout::{RunDir, WIRE_LOG, slots_name};
use spanfate_model::format::slots::{HEADER_BYTES, SLOT_BYTES, Slot};
use spanfate_model::format::wire::{self, WireRecord};
use spanfate_model::plan::Plan;
use spanfate_probes::mapped::Mapped;
use spanfate_run::host::clock;
use spanfate_run::store;

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args().nth(1).ok_or("usage: in_place DIR")?;
    let run = RunDir(Path::new(&dir).to_owned());
    let plan: Plan = store::read_json(&run.plan())?;
    let place = run.trial(0);
    let salt = plan.trials[0].salt;
    let ledger = place.raw(&slots_name("synthetic", 0));
    let wire = Mapped::open(&place.raw(WIRE_LOG))?;
    let (mapped, file) = (Mapped::open(&ledger)?, File::open(&ledger)?);
    let slots = mapped.as_ref();

    let in_map = |at: usize| Ok(Slot::read(slots.get(at..at + SLOT_BYTES).unwrap_or_default()));
    let by_call = |at: usize| {
        let mut slot = [0; SLOT_BYTES];
        file.read_exact_at(&mut slot, at as u64)?;
        Ok(Slot::read(&slot))
    };
    measure("mapped", wire.as_ref(), salt, in_map)?;
    measure("pread", wire.as_ref(), salt, by_call)?;
    measure("mapped", wire.as_ref(), salt, in_map)?;
    measure("pread", wire.as_ref(), salt, by_call)
}

fn measure(
    way: &str,
    log: &[u8],
    salt: u64,
    slot_at: impl Fn(usize) -> std::io::Result<Slot>,
) -> Result<(), Box<dyn Error>> {
    let began = clock::now();
    let (mut spans, mut found) = (0_u64, 0_u64);
    for record in wire::read(log).ok_or("no wire log")? {
        let WireRecord::Span(span) = record else { continue };
        spans += 1;
        let Some(at) = span.key.span.slot(salt) else { continue };
        let slot = slot_at(HEADER_BYTES + at.slot as usize * SLOT_BYTES)?;
        found += u64::from(slot.key == span.key);
    }
    let ns = (clock::now() - began) as f64;
    println!(
        "{way:<7} {:6.2} s, {:4.0} ns per appearance ({found} of {spans} found)",
        ns / 1e9,
        ns / spans as f64
    );
    Ok(())
}
