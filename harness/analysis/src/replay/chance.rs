//! What the SDK leaves to chance. Where an export took longer than the schedule delay, timer and queue are both ready when the worker is free, and
//! its `select` takes either, turn by turn: it exports the spans it had taken when the timer's turn came, or, if it had none, sets
//! the timer anew and gathers a whole batch. What came out is seen in the calls of a trial.

use spanfate_model::quantity::unit::MonoNs;

use super::processor::{ReplaySettings, ReplayedCall};

/// How many spans the worker took before the timer's turn came, for each time it had the choice, in the order of time.
pub(crate) fn turns(
    calls: &[ReplayedCall],
    settings: ReplaySettings,
    (began, stop): (MonoNs, MonoNs),
) -> Vec<u64> {
    let (mut deadline, mut free) = (began.saturating_add(settings.delay), began);
    let mut out = Vec::new();
    for call in calls {
        if deadline <= free && free < stop {
            // A timer that was set anew has its word a whole delay later.
            let at_once = call.ready <= free && call.began < free.saturating_add(settings.delay);
            let by_timer = at_once && call.spans < settings.batch;
            out.push(if by_timer { call.spans } else { 0 });
        }
        (deadline, free) = (call.began.saturating_add(settings.delay), call.ended);
    }
    out
}

/// The same for a choice that no trial made: a toss for each turn.
pub(crate) fn drawn(number: u64) -> u64 {
    u64::from(mixed(number).trailing_ones())
}

/// A number from which bits are drawn (`SplitMix64`).
const fn mixed(number: u64) -> u64 {
    let one = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let two = (one ^ (one >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let three = (two ^ (two >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    three ^ (three >> 31)
}
