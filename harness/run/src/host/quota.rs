//! Quotas on CPU time: which control groups hold a process back, and what the kernel counts of it. Version 1 and version 2.

use std::fs;
use std::path::{Path, PathBuf};

use spanfate_model::format::event::QuotaCount;

/// A control group that can have a quota.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuotaGroup {
    directory: PathBuf,
    version: CgroupVersion,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum CgroupVersion {
    One,
    Two,
}

/// The groups that this process is in, its own first, then those above.
pub fn own() -> Vec<QuotaGroup> {
    of("self")
}

/// The groups of another process. Those that faults of this process have made are not among them: what they take is the fault's dose.
pub(crate) fn of_process(pid: u32) -> Vec<QuotaGroup> {
    let made = format!("spanfate-{}-", std::process::id());
    let is_made = |group: &QuotaGroup| {
        group.directory.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&made))
    };
    of(&pid.to_string()).into_iter().filter(|group| !is_made(group)).collect()
}

fn of(process: &str) -> Vec<QuotaGroup> {
    let read = |path: String| fs::read_to_string(path).unwrap_or_default();
    let (member, mounts) = (read(format!("/proc/{process}/cgroup")), read("/proc/self/mountinfo".to_owned()));
    groups("cpu", &member, &mounts).into_iter().filter(|group| group.directory.is_dir()).collect()
}

/// The file that says what the kernel did to processes of this one's own group for want of memory.
pub(super) fn memory_events() -> Option<PathBuf> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let groups = groups("memory", &read("/proc/self/cgroup"), &read("/proc/self/mountinfo"));
    let file = groups.first().map(|group| match group.version {
        CgroupVersion::One => group.directory.join("memory.oom_control"),
        CgroupVersion::Two => group.directory.join("memory.events"),
    });
    file.filter(|file| file.is_file())
}

/// The quota of some groups: the tightest, with the counters of the group that was held back most. Nothing without one.
pub fn count(groups: &[QuotaGroup]) -> QuotaCount {
    let counts = || groups.iter().filter_map(QuotaGroup::count);
    let tightest = counts().map(|count| count.milli_cores).min();
    let most = counts().max_by_key(|count| (count.throttled, count.periods));
    most.map_or_else(QuotaCount::default, |most| QuotaCount {
        milli_cores: tightest.unwrap_or(most.milli_cores),
        ..most
    })
}

impl QuotaGroup {
    /// Its quota and its counters; `None` where it has no quota.
    pub(crate) fn count(&self) -> Option<QuotaCount> {
        let read = |file: &str| fs::read_to_string(self.directory.join(file)).ok();
        let milli_cores = match self.version {
            CgroupVersion::One => milli_of_two(&read("cpu.cfs_quota_us")?, &read("cpu.cfs_period_us")?),
            CgroupVersion::Two => milli_of_one(&read("cpu.max")?),
        }?;
        Some(QuotaCount { milli_cores, ..counters(&read("cpu.stat").unwrap_or_default()) })
    }

    /// Which control groups these are, for people.
    pub const fn kind(&self) -> &'static str {
        match self.version {
            CgroupVersion::One => "control group of version 1",
            CgroupVersion::Two => "control group of version 2",
        }
    }
}

/// Thousandths of a core of `cpu.max`: `QUOTA PERIOD` in microseconds, or `max PERIOD`.
fn milli_of_one(text: &str) -> Option<u64> {
    let (quota, period) = text.trim().split_once(' ')?;
    milli_of_two(quota, period)
}

/// The same of two files; a quota below 0 is none.
fn milli_of_two(quota: &str, period: &str) -> Option<u64> {
    let (quota, period): (u64, u64) = (quota.trim().parse().ok()?, period.trim().parse().ok()?);
    (quota > 0 && period > 0).then(|| (quota.saturating_mul(1000) / period).max(1))
}

/// The counters of `cpu.stat`: version 1 says nanoseconds, version 2 microseconds.
fn counters(stat: &str) -> QuotaCount {
    let number = |name: &str| {
        let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse::<u64>().ok();
        stat.lines().find_map(value)
    };
    QuotaCount {
        milli_cores: 0,
        periods: number("nr_periods").unwrap_or_default(),
        throttled: number("nr_throttled").unwrap_or_default(),
        throttled_ns: number("throttled_time")
            .or_else(|| number("throttled_usec").map(|us| us.saturating_mul(1000)))
            .unwrap_or_default(),
    }
}

/// The groups of a process, from `/proc/PID/cgroup` and `/proc/self/mountinfo`: where version 1 has the controller it decides.
fn groups(controller: &str, memberships: &str, mounts: &str) -> Vec<QuotaGroup> {
    let find = |version| chain((version, controller), memberships, mounts);
    let one = find(CgroupVersion::One);
    if one.is_empty() { find(CgroupVersion::Two) } else { one }
}

fn chain(wanted: (CgroupVersion, &str), memberships: &str, mounts: &str) -> Vec<QuotaGroup> {
    let Some((root, mount)) = mounts.lines().find_map(|line| mount_of(wanted, line)) else {
        return Vec::new();
    };
    let Some(member) = memberships.lines().find_map(|line| member_of(wanted, line)) else {
        return Vec::new();
    };
    // A container sees the mount begin at its own group; what lies above is out of its sight.
    let below = if root == "/" { Some(member) } else { member.strip_prefix(root) };
    let below = below.unwrap_or_default().trim_matches('/');
    let below = if below.split('/').any(|part| part == "..") { "" } else { below };
    let mount = Path::new(mount);
    let own = if below.is_empty() { mount.to_owned() } else { mount.join(below) };
    let chain = own.ancestors().take_while(|directory| directory.starts_with(mount));
    chain.map(|directory| QuotaGroup { directory: directory.to_owned(), version: wanted.0 }).collect()
}

/// Root and place of a mount of the wanted kind: `… ROOT PLACE OPTIONS [TAGS] - TYPE SOURCE OPTIONS`.
fn mount_of<'a>((version, controller): (CgroupVersion, &str), line: &'a str) -> Option<(&'a str, &'a str)> {
    let (before, after) = line.split_once(" - ")?;
    let mut after = after.split(' ');
    let (kind, options) = (after.next()?, after.nth(1)?);
    let wanted = match version {
        CgroupVersion::One => kind == "cgroup" && options.split(',').any(|option| option == controller),
        CgroupVersion::Two => kind == "cgroup2",
    };
    let mut before = before.split(' ').skip(3);
    wanted.then_some((before.next()?, before.next()?))
}

/// The group of a line `NUMBER:CONTROLLERS:PATH`.
fn member_of<'a>((version, controller): (CgroupVersion, &str), line: &'a str) -> Option<&'a str> {
    let mut parts = line.splitn(3, ':');
    let (number, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
    let wanted = match version {
        CgroupVersion::One => controllers.split(',').any(|name| name == controller),
        CgroupVersion::Two => number == "0" && controllers.is_empty(),
    };
    wanted.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n\
        33 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n\
        41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
    const TWO: &str = "30 23 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

    #[test]
    fn groups_are_found_wherever_they_are_mounted() {
        let container = "700 699 0:29 /docker/ab /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n";
        let cases: [(&str, &str, &[&str]); 9] = [
            ("1:cpu:/\n", ONE, &["/sys/fs/cgroup/cpu,cpuacct"]),
            (
                "3:cpuset:/x\n1:cpu,cpuacct:/a/b\n0::/\n",
                ONE,
                &[
                    "/sys/fs/cgroup/cpu,cpuacct/a/b",
                    "/sys/fs/cgroup/cpu,cpuacct/a",
                    "/sys/fs/cgroup/cpu,cpuacct",
                ],
            ),
            (
                "0::/user.slice/s.scope\n",
                TWO,
                &["/sys/fs/cgroup/user.slice/s.scope", "/sys/fs/cgroup/user.slice", "/sys/fs/cgroup"],
            ),
            ("0::/\n", TWO, &["/sys/fs/cgroup"]),
            ("0::/../other\n", TWO, &["/sys/fs/cgroup"]),
            ("4:cpu:/docker/ab\n", container, &["/sys/fs/cgroup/cpu"]),
            ("4:cpu:/docker/ab/in\n", container, &["/sys/fs/cgroup/cpu/in", "/sys/fs/cgroup/cpu"]),
            ("0::/a:b\n", TWO, &["/sys/fs/cgroup/a:b", "/sys/fs/cgroup"]),
            ("nonsense\n", "nonsense\n", &[]),
        ];
        for (member, mounts, expected) in cases {
            let found = groups("cpu", member, mounts);
            let found: Vec<&str> = found.iter().filter_map(|group| group.directory.to_str()).collect();
            assert_eq!(found, expected, "{member}");
        }
        // Another controller has a place of its own.
        assert_eq!(
            groups("cpuset", "3:cpuset:/x\n1:cpu:/\n", ONE)[0].directory,
            Path::new("/sys/fs/cgroup/cpuset/x")
        );
        // The hybrid layout has the controller in version 1.
        assert_eq!(groups("cpu", "1:cpu:/\n0::/\n", ONE)[0].version, CgroupVersion::One);
        assert_eq!(groups("cpu", "0::/\n", TWO)[0].version, CgroupVersion::Two);
    }

    #[test]
    fn quotas_and_counters_are_read_as_the_kernel_writes_them() {
        let quotas = [
            ("100000 100000\n", Some(1000)),
            ("50000 100000", Some(500)),
            ("max 100000\n", None),
            ("1000 1000000\n", Some(1)),
            ("0 100000", None),
            ("", None),
        ];
        for (text, milli) in quotas {
            assert_eq!(milli_of_one(text), milli, "{text}");
        }
        assert_eq!(milli_of_two("-1\n", "100000\n"), None);
        assert_eq!(milli_of_two("150000\n", "100000\n"), Some(1500));
        let one = counters(
            "nr_periods 121\nnr_throttled 84\nthrottled_time 6200000000\nnr_bursts 0\nburst_time 0\n",
        );
        let two = counters("usage_usec 9\nnr_periods 121\nnr_throttled 84\nthrottled_usec 6200000\n");
        assert_eq!(one, two);
        assert_eq!((one.periods, one.throttled, one.throttled_ns), (121, 84, 6_200_000_000));
    }

    #[test]
    fn the_tightest_quota_counts_and_the_group_that_was_held_back_most() {
        let folder = tempfile::TempDir::new().unwrap();
        let group = |name: &str, max: &str, stat: &str| {
            let directory = folder.path().join(name);
            fs::create_dir(&directory).unwrap();
            fs::write(directory.join("cpu.max"), max).unwrap();
            fs::write(directory.join("cpu.stat"), stat).unwrap();
            QuotaGroup { directory, version: CgroupVersion::Two }
        };
        let groups = [
            group("own", "max 100000\n", "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n"),
            group("wide", "300000 100000\n", "nr_periods 9\nnr_throttled 7\nthrottled_usec 5\n"),
            group("tight", "100000 100000\n", "nr_periods 9\nnr_throttled 2\nthrottled_usec 3\n"),
        ];
        let found = count(&groups);
        assert_eq!(found, QuotaCount { milli_cores: 1000, periods: 9, throttled: 7, throttled_ns: 5000 });
        assert!(count(&groups[..1]).is_none() && count(&[]).is_none());
    }
}
