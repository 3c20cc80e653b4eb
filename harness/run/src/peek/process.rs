//! What /proc says of a process.

use std::fs;
use std::path::Path;

use nix::unistd::{SysconfVar, sysconf};

/// Its name.
pub(super) fn name(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim_end().to_owned()
}

/// Whether it still runs its program: one that has ended, and was not waited for, runs none.
pub(super) fn lives(program: &Path) -> bool {
    fs::read_link(program).is_ok()
}

/// Milliseconds since its start.
pub(super) fn age_ms(pid: u32) -> Option<u64> {
    let hz = sysconf(SysconfVar::CLK_TCK).ok().flatten()?;
    age(
        &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?,
        &fs::read_to_string("/proc/uptime").ok()?,
        hz as u64,
    )
}

/// From field 22 of `stat`, the ticks between the system's start and its own. Both files use the clock that runs on while the
/// system sleeps.
fn age(stat: &str, uptime: &str, hz: u64) -> Option<u64> {
    // The name in parentheses may hold anything.
    let (_, rest) = stat.rsplit_once(") ")?;
    let born: u64 = rest.split_whitespace().nth(19)?.parse().ok()?;
    let up: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    Some(((up * 1e3) as u64).saturating_sub(born * 1000 / hz.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 2500 9 9";
        assert_eq!(age(stat, "100.50 3.0\n", 100), Some(75_500));
        assert_eq!(age(stat, "1.0 3.0\n", 100), Some(0));
        assert_eq!(age("7 (a", "1.0", 100), None);
        assert!(age_ms(std::process::id()).is_some_and(|age| age < 600_000));
    }
}
