//! Wakes the load when a request is due, and every now and then for its housekeeping.

use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::task::{Context, Poll};

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use spanfate_model::quantity::unit::MonoNs;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::host::clock;

/// How often housekeeping is due, nanoseconds.
const HOUSEKEEPING: u64 = 20_000_000;

/// Two timers in turn. While one is waited for, the other is set to the start after it, so that the timer that is set is
/// never the machine's next one: setting the next one means programming the hardware, which is dear in a virtual machine.
#[derive(Debug)]
pub(super) struct Alarm {
    timers: [Timer; 2],
    housekeeping: Timer,
}

/// Why the alarm rang.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ring {
    /// A time that was set has come.
    Due,
    /// Housekeeping.
    Housekeeping,
}

#[derive(Debug)]
struct Timer {
    fd: AsyncFd<Descriptor>,
    at: MonoNs,
}

/// A timer whose descriptor can be waited for.
#[derive(Debug)]
struct Descriptor(TimerFd);

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl Timer {
    #[expect(deprecated, reason = "for types whose descriptor may change; a timer owns the one it has")]
    fn new() -> io::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = Descriptor(TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?);
        Ok(Self { fd: AsyncFd::with_interest(timer, Interest::READABLE)?, at: 0 })
    }

    fn set(&mut self, at: MonoNs) -> io::Result<()> {
        let time = TimeSpec::new((at / 1_000_000_000) as i64, (at % 1_000_000_000) as i64);
        self.at = at;
        Ok(self.fd.get_ref().0.set(Expiration::OneShot(time), TimerSetTimeFlags::TFD_TIMER_ABSTIME)?)
    }

    /// The runtime hears of each expiry once, so there is no need to read the timer.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.fd.poll_read_ready(cx).map_ok(|mut ready| ready.clear_ready())
    }
}

impl Alarm {
    pub(super) fn new() -> io::Result<Self> {
        let mut alarm = Self { timers: [Timer::new()?, Timer::new()?], housekeeping: Timer::new()? };
        alarm.housekeeping.set(clock::now() + HOUSEKEEPING)?;
        Ok(alarm)
    }

    /// Sets it to a time, and to the one after it. A time that has passed rings at once.
    pub(super) fn set(&mut self, next: MonoNs, after: Option<MonoNs>) -> io::Result<()> {
        for wanted in [Some(next), after].into_iter().flatten() {
            if self.timers.iter().any(|timer| timer.at == wanted) {
                continue;
            }
            let free = self.timers.iter_mut().find(|timer| timer.at != next && Some(timer.at) != after);
            if let Some(timer) = free {
                timer.set(wanted)?;
            }
        }
        Ok(())
    }

    /// Waits until it rings. It may ring without a reason; callers look at the clock.
    pub(super) async fn ring(&mut self) -> io::Result<Ring> {
        poll_fn(|cx| {
            for timer in &self.timers {
                if let Poll::Ready(rang) = timer.poll(cx) {
                    return Poll::Ready(rang.map(|()| Ring::Due));
                }
            }
            // Not an interval: that would go on only when it is read.
            self.housekeeping.poll(cx).map(|rang| {
                rang?;
                self.housekeeping.set(clock::now() + HOUSEKEEPING)?;
                Ok(Ring::Housekeeping)
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn it_rings_at_every_time_and_never_early() {
        let runtime = Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let mut alarm = Alarm::new().unwrap();
            let began = clock::now();
            // Equal times, a time that has passed, and distances from very small to longer than housekeeping.
            let offsets = [0, 0, 1, 300_000, 300_000, 310_000, 5_000_000, 50_000_000];
            let mut kept_house = false;
            for (place, offset) in offsets.iter().enumerate() {
                while clock::now() < began + offset {
                    let after = offsets.get(place + 1).map(|offset| began + offset);
                    alarm.set(began + offset, after).unwrap();
                    kept_house |= alarm.ring().await.unwrap() == Ring::Housekeeping;
                }
            }
            assert!(kept_house);
        });
    }
}
