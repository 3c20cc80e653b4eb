//! Processes that the kernel killed because memory had run out, as its counters tell.

use std::fs;
use std::path::PathBuf;

use spanfate_model::format::manifest::OomKills;

use super::quota;

/// The counter of the whole machine.
const MACHINE: &str = "/proc/vmstat";

/// A counter of such kills, and what it said at the beginning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct OomCounter {
    file: PathBuf,
    in_group: bool,
    before: u64,
}

impl OomCounter {
    /// The counter of this process's control group, which its children are born into; else that of the machine. `None` where the
    /// kernel counts nothing.
    pub(crate) fn begin() -> Option<Self> {
        let group = quota::memory_events().and_then(|file| Self::of(file, true));
        group.or_else(|| Self::of(PathBuf::from(MACHINE), false))
    }

    fn of(file: PathBuf, in_group: bool) -> Option<Self> {
        let before = kills(&fs::read_to_string(&file).ok()?)?;
        Some(Self { file, in_group, before })
    }

    /// Kills since then. The kernel counts before it kills.
    pub(crate) fn since(&self) -> Option<OomKills> {
        let now = kills(&fs::read_to_string(&self.file).ok()?)?;
        Some(OomKills { count: now.saturating_sub(self.before), in_group: self.in_group })
    }
}

/// The number in a line `oom_kill NUMBER`.
fn kills(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_are_read_as_the_kernel_writes_them_and_counted_from_the_beginning() {
        for (text, count) in [
            ("low 0\nhigh 0\nmax 7\noom 2\noom_kill 2\noom_group_kill 0\n", Some(2)),
            ("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n", Some(1)),
            ("oom_kill_disable 0\nunder_oom 0\n", None),
            ("pgfault 9\noom_kill 7\n", Some(7)),
            ("", None),
        ] {
            assert_eq!(kills(text), count, "{text}");
        }
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("memory.events");
        fs::write(&file, "oom 1\noom_kill 3\n").unwrap();
        let counter = OomCounter::of(file.clone(), true).unwrap();
        assert_eq!(counter.since(), Some(OomKills { count: 0, in_group: true }));
        fs::write(&file, "oom 2\noom_kill 4\n").unwrap();
        assert_eq!(counter.since(), Some(OomKills { count: 1, in_group: true }));
        // The group is gone: nobody can say.
        fs::remove_file(&file).unwrap();
        assert_eq!(counter.since(), None);
        assert!(OomCounter::begin().is_some_and(|counter| counter.since().is_some()));
    }
}
