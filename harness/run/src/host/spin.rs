//! A neighbour that spins for a share of the time: what a noisy tenant does to a core.

use crate::host::clock;

/// Length of a turn.
const TURN_NS: u64 = 10_000_000;

/// Spins for ever, for that share of every turn. The harness ends it.
pub fn spin(share: f64) -> ! {
    let busy = (TURN_NS as f64 * share.clamp(0.0, 1.0)) as u64;
    let mut turn = clock::now();
    loop {
        while clock::now() < turn + busy {
            std::hint::spin_loop();
        }
        turn += TURN_NS;
        clock::sleep_until(turn);
        // After a long wait for the core it does not make up for what it has missed.
        turn = turn.max(clock::now().saturating_sub(TURN_NS));
    }
}
