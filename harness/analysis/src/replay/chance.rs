//! What the SDK leaves to chance. Where an export took longer than the schedule delay, timer and queue are both ready when the worker is free, and
//! its `select` takes either, turn by turn: it exports the spans it had taken when the timer's turn came, or, if it had none, sets
//! the timer anew and gathers a whole batch. What came out in a trial is seen in its calls (`fit`).

/// How many spans a worker takes before the timer's turn comes, where no trial tells: a toss for each turn.
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
