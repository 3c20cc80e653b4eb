//! The only clock: `CLOCK_MONOTONIC`, which is also Go's nanotime and BPF's ktime.

use nix::sys::time::TimeSpec;
use nix::time::{ClockId, ClockNanosleepFlags, clock_gettime, clock_nanosleep};
use spanfate_model::quantity::unit::MonoNs;

fn nanos(time: TimeSpec) -> u64 {
    time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64
}

/// Monotonic time now. The call cannot fail for this clock; 0 would mean that it did.
pub fn now() -> MonoNs {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, nanos)
}

/// Wall-clock time now, unix nanoseconds. Only for names of runs and for the offset series.
pub fn wall() -> u64 {
    clock_gettime(ClockId::CLOCK_REALTIME).map_or(0, nanos)
}

/// CPU time of the calling thread so far, nanoseconds.
pub fn thread_cpu() -> u64 {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(0, nanos)
}

/// Sleeps until a monotonic time; returns at once when it has passed.
pub fn sleep_until(at: MonoNs) {
    let until = TimeSpec::new((at / 1_000_000_000) as i64, (at % 1_000_000_000) as i64);
    // A signal ends the sleep early; callers loop on the clock.
    while clock_nanosleep(ClockId::CLOCK_MONOTONIC, ClockNanosleepFlags::TIMER_ABSTIME, &until).is_err() {
        if now() >= at {
            return;
        }
    }
}
