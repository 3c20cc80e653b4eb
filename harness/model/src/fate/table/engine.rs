//! What is known of fates in a storage engine at the end of a path.

use crate::fate::facts::{FateFacts, FateStage, Remedy};
use crate::fate::signal::{self, AlertRule};
use crate::fate::{EngineLoss, FateClass};

/// What is known of a loss in an engine.
pub(super) const fn of(loss: EngineLoss) -> &'static FateFacts {
    match loss {
        EngineLoss::Memory => &MEMORY,
        EngineLoss::Unknown => &LOST,
    }
}

/// What all losses in an engine share: its client was told that the span was taken.
const LOST: FateFacts = FateFacts {
    name: "lost_in_engine.unknown",
    class: FateClass::Lost,
    stage: Some(FateStage::Received),
    silent: true,
    at_exit: false,
    full_queue: false,
    short: "lost in engine",
    explain: "the storage engine took it and did not show it when it was read back; it still ran, and nobody knows why",
    signal: Some(signal::unsaid(AlertRule::None(
        "no counter of a client knows it: send traces of known content and ask for them (`spanfate canary`)",
    ))),
    remedy: Remedy::Other(
        "Look for errors of the engine's storage in its log, and for a limit on what it keeps (`memory.max-traces`).",
    ),
};

const MEMORY: FateFacts = FateFacts {
    name: "lost_in_engine.memory",
    at_exit: true,
    short: "engine ended",
    explain: "the storage engine took it and held it in its memory when its process ended",
    signal: Some(signal::unsaid(signal::RESTARTED)),
    remedy: Remedy::Other(
        "Give the engine a storage that outlives its process: what it keeps in memory ends with it, whatever it answered.",
    ),
    ..LOST
};

/// The engine said no to its client.
pub(super) const REFUSED: FateFacts = FateFacts {
    name: "refused_by_engine",
    silent: false,
    short: "engine refused",
    explain: "the storage engine answered that it does not take it, until its client gave up",
    signal: Some(signal::said("a line of the error handler with the engine's status")),
    remedy: Remedy::Other(
        "Give the engine room (its queue), send smaller requests, or let the client try for longer.",
    ),
    ..LOST
};
