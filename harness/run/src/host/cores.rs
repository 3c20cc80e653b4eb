//! What the kernel counts of each core.

/// Idle time (idle and waiting for a disk) of some cores, and their steal, nanoseconds, from the text of `/proc/stat`. The kernel
/// measures idle time where the timer tick stops in it; busy time it only samples at the tick, which marches in step with a constant
/// load and then errs wildly.
pub(crate) fn core_times(stat: &str, cpus: &[u32], tick_ns: u64) -> (u64, u64) {
    let mut out = (0, 0);
    for line in stat.lines() {
        let mut fields = line.split_whitespace();
        let number =
            fields.next().and_then(|name| name.strip_prefix("cpu")).and_then(|n| n.parse::<u32>().ok());
        if number.is_some_and(|number| cpus.contains(&number)) {
            let ticks: Vec<u64> = fields.map(|field| field.parse().unwrap_or_default()).collect();
            out.0 += ticks.iter().skip(3).take(2).sum::<u64>() * tick_ns;
            out.1 += ticks.get(7).copied().unwrap_or_default() * tick_ns;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_and_steal_are_read_as_the_kernel_writes_them() {
        let cpus = "cpu  9 9 9 9 9 9 9 9\ncpu0 10 1 5 100 0 3 4 2 0 0\ncpu1 1 1 1 1 1 1 1 1\n";
        assert_eq!(core_times(cpus, &[0], 10), (1000, 20));
    }
}
