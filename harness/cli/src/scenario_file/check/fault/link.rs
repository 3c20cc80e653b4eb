//! Ranges of faults of links.

use spanfate_model::fault::FaultKind;
use spanfate_model::quantity::unit::Period;

use super::Checked;
use super::bounds::{millis, share};
use crate::scenario_file::check::{Problems, whole};

pub(super) fn link(out: &mut Problems, checked: &Checked<'_>) {
    match &checked.fault.kind {
        FaultKind::Latency(latency) => {
            millis(out, checked, &[("delay", latency.delay), ("jitter", latency.jitter)]);
            if latency.delay.nanos() + latency.jitter.nanos() == 0 {
                checked.add_in_kind(out, "delay", "a latency of 0 delays nothing", "use at least 1ms");
            } else if latency.jitter > latency.delay {
                let help = "use a jitter of at most the delay: bytes cannot arrive before they were sent";
                checked.add_in_kind(out, "jitter", "`jitter` is larger than `delay`", help);
            }
        }
        FaultKind::Bandwidth(bandwidth)
            if bandwidth.rate.0 == 0 || !bandwidth.rate.0.is_multiple_of(1000) =>
        {
            let help = "use at least 1kB, in whole kB (a kB is 1000 bytes)";
            checked.add_in_kind(out, "rate", "the proxy takes whole kB per second", help);
        }
        FaultKind::Slicer(slicer) => {
            whole(out, &["fault", &checked.index, "kind", "slicer", "delay"], slicer.delay, 1_000, "us");
            if slicer.size.0 == 0 || slicer.variation >= slicer.size {
                let help = "use a size above its variation";
                checked.add_in_kind(out, "size", "a piece would have no bytes", help);
            }
        }
        FaultKind::Timeout(timeout) => millis(out, checked, &[("after", timeout.after.unwrap_or_default())]),
        FaultKind::SlowClose(slow) => millis(out, checked, &[("delay", slow.delay)]),
        FaultKind::ResetPeer(reset) => millis(out, checked, &[("after", reset.after)]),
        FaultKind::Packets(packets) => {
            millis(out, checked, &[("delay", packets.delay), ("jitter", packets.jitter)]);
            share(out, checked, "loss", packets.loss, 0.0, 1.0);
            share(out, checked, "duplicate", packets.duplicate, 0.0, 1.0);
            if packets.delay.nanos() == 0 && packets.loss + packets.duplicate <= 0.0 {
                checked.add(out, "kind", "this does nothing to packets", "set delay, loss or duplicate");
            }
        }
        FaultKind::Shaper(shaper) => {
            millis(out, checked, &[("queue", shaper.queue.unwrap_or(Period::millis(200)))]);
            if shaper.rate.0 < 1000 {
                checked.add_in_kind(
                    out,
                    "rate",
                    "a shaper lets pass at least 1kB per second",
                    "use a higher rate",
                );
            }
        }
        _ => {}
    }
}
