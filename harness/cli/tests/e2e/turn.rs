//! Who has the machine when: what is judged by times has it for itself, what only counts has it beside a few others.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How many run beside each other at most, whatever the number of test threads: all services run on the machine's first core.
const BESIDE: u32 = 3;

static TURNS: Mutex<HeldTurns> = Mutex::new(HeldTurns { alone: false, beside: 0, waiting: 0 });
static OVER: Condvar = Condvar::new();

/// Who has it, and how many wait to have it for themselves.
struct HeldTurns {
    alone: bool,
    beside: u32,
    waiting: u32,
}

fn turns() -> MutexGuard<'static, HeldTurns> {
    TURNS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits as long as this holds.
fn wait_while(
    turns: MutexGuard<'static, HeldTurns>,
    held: fn(&mut HeldTurns) -> bool,
) -> MutexGuard<'static, HeldTurns> {
    OVER.wait_while(turns, held).unwrap_or_else(PoisonError::into_inner)
}

/// A turn, which is over with this value.
pub(crate) struct Turn {
    alone: bool,
}

impl Turn {
    pub(crate) fn alone() -> Self {
        let mut turns = turns();
        turns.waiting += 1;
        turns = wait_while(turns, |turns| turns.alone || turns.beside > 0);
        turns.waiting -= 1;
        turns.alone = true;
        Self { alone: true }
    }

    pub(crate) fn beside() -> Self {
        let mut turns =
            wait_while(turns(), |turns| turns.alone || turns.waiting > 0 || turns.beside == BESIDE);
        turns.beside += 1;
        Self { alone: false }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut turns = turns();
        if self.alone {
            turns.alone = false;
        } else {
            turns.beside -= 1;
        }
        drop(turns);
        OVER.notify_all();
    }
}
