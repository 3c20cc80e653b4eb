//! What the machine is and has: CPUs, memory, toolchains, scratch space.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sched::sched_getaffinity;
use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use nix::sys::utsname::uname;
use nix::unistd::{AccessFlags, Pid, User, access, getuid};
use spanfate_model::result::environment::Environment;

use crate::host::quota;

/// Where tmpfs is on Linux.
pub const SHARED_MEMORY: &str = "/dev/shm";

/// Which CPUs belong to whom during a trial.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cpus {
    /// All this process may use.
    pub allowed: Vec<u32>,
    /// The fixture's own.
    pub fixture: Vec<u32>,
    /// The harness's.
    pub harness: Vec<u32>,
}

/// Divides the CPUs: one for the fixture, the rest for the harness; with a single one both share it.
pub fn divide_cpus() -> Cpus {
    let allowed: Vec<u32> = sched_getaffinity(Pid::from_raw(0)).map_or_else(
        |_| vec![0],
        |set| {
            (0..nix::sched::CpuSet::count())
                .filter(|cpu| set.is_set(*cpu).unwrap_or(false))
                .map(|c| c as u32)
                .collect()
        },
    );
    match allowed.split_first() {
        Some((first, rest)) if !rest.is_empty() => {
            Cpus { fixture: vec![*first], harness: rest.to_vec(), allowed: allowed.clone() }
        }
        _ => Cpus { fixture: allowed.clone(), harness: allowed.clone(), allowed },
    }
}

/// A directory for raw logs while a trial runs. It should be tmpfs: a file on disk stalls its writer for tens of
/// milliseconds now and then, which would look like a slow receiver.
///
/// Where there is none with `needed` bytes free, it is `otherwise`, on disk; the environment's fingerprint then says so.
pub fn scratch_root(needed: u64, otherwise: &Path) -> PathBuf {
    let shared = Path::new(SHARED_MEMORY);
    let usable = is_tmpfs(shared) && access(shared, AccessFlags::W_OK).is_ok();
    let roomy = free_bytes(shared).is_some_and(|free| free > needed);
    if usable && roomy { shared.to_owned() } else { otherwise.to_owned() }
}

/// Capabilities that starting a service as another user takes, and looking after it: CHOWN, `DAC_OVERRIDE`, KILL, SETGID, SETUID. A
/// container may leave some of them out although its user is called root.
const FOR_OTHERS: u64 = 1 << 0 | 1 << 1 | 1 << 5 | 1 << 6 | 1 << 7;

/// Whether this program may start services as a user without rights.
pub fn may_become_others() -> bool {
    let held = proc_value("/proc/self/status", "CapEff").and_then(|mask| u64::from_str_radix(&mask, 16).ok());
    held.is_some_and(|held| held & FOR_OTHERS == FOR_OTHERS)
}

/// Whether services of ours should run as a user without rights: where this program may start them so, and every folder above the
/// scratch directory lets others pass.
pub fn can_lay_down_privileges(scratch: &Path) -> bool {
    let passable = |path: &Path| fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 1 != 0);
    may_become_others() && scratch.ancestors().skip(1).all(passable)
}

/// Whether a directory lies on tmpfs.
pub fn is_tmpfs(path: &Path) -> bool {
    statfs(path).is_ok_and(|fs| fs.filesystem_type() == TMPFS_MAGIC)
}

/// Free bytes of the file system that holds a path.
pub fn free_bytes(path: &Path) -> Option<u64> {
    Some(size_and_free(path)?.1)
}

/// All bytes of the file system that holds a path, and those that are free.
pub fn size_and_free(path: &Path) -> Option<(u64, u64)> {
    let fs = statfs(path).ok()?;
    let block = fs.block_size().cast_unsigned();
    Some((fs.blocks() * block, fs.blocks_available() * block))
}

/// The home directory of this program's user, as the system has it, where there is one.
pub(crate) fn home() -> Option<PathBuf> {
    let home = User::from_uid(getuid()).ok().flatten()?.dir;
    (home.is_dir() && access(&home, AccessFlags::W_OK).is_ok()).then_some(home)
}

/// What `go version` says of the toolchain on PATH, whichever one the current directory's module would ask for.
pub fn go_version() -> Option<String> {
    let mut go = Command::new("go");
    let output = go.arg("version").env("GOTOOLCHAIN", "local").output();
    let output = output.ok().filter(|output| output.status.success())?;
    String::from_utf8_lossy(&output.stdout).lines().next().map(|line| line.trim().to_owned())
}

/// A value of a `name : value` or `name: value` file such as `/proc/cpuinfo`.
pub fn proc_value(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

/// The fingerprint of this machine. No host name, no user, no path.
pub fn environment(cpus: &Cpus, scratch: &Path) -> Environment {
    let kernel = uname().map_or_else(
        |_| "unknown".to_owned(),
        |name| format!("{} {}", name.sysname().to_string_lossy(), name.release().to_string_lossy()),
    );
    let memory_kib = proc_value("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()));
    let clock = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    Environment {
        spanfate: env!("CARGO_PKG_VERSION").to_owned(),
        profile: if cfg!(debug_assertions) { "dev" } else { "release" }.to_owned(),
        kernel,
        arch: std::env::consts::ARCH.to_owned(),
        cpu: proc_value("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
        cpus: cpus.allowed.clone(),
        fixture_cpus: cpus.fixture.clone(),
        harness_cpus: cpus.harness.clone(),
        cpu_quota: quota::count(&quota::own()).milli_cores,
        memory: memory_kib.unwrap_or_default() * 1024,
        clock_source: fs::read_to_string(clock)
            .map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned()),
        go: go_version().unwrap_or_else(|| "absent".to_owned()),
        scratch: if is_tmpfs(scratch) { "tmpfs" } else { "disk" }.to_owned(),
        sdks: Vec::new(),
    }
}
