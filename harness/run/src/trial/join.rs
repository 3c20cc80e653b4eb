//! A process that runs already, joined: its environment cannot be changed any more, so probes are the only witness.

use std::path::PathBuf;
use std::sync::Arc;

use spanfate_model::format::manifest::ProcessManifest;
use spanfate_model::limits::LimitMet;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::scenario::ebpf::Ebpf;

use crate::RunError;
use crate::host::clock;
use crate::host::limits::LimitsMet;
use crate::host::machine;
use crate::probe;
use crate::process::interrupt::Interrupt;
use crate::trial::progress::Life;

/// How often the process is looked at.
const LOOK_NS: u64 = 50_000_000;

/// What was seen of a process that was joined.
#[derive(Debug)]
pub struct Joined {
    /// The process and its probes.
    pub manifest: ProcessManifest,
    /// The log.
    pub log: Vec<u8>,
    /// When the probes were put on it.
    pub began: MonoNs,
    /// When they were taken off.
    pub ended: MonoNs,
    /// The process ended meanwhile.
    pub gone: bool,
    /// Where the log lay meanwhile.
    pub folder: PathBuf,
    /// Limits of ours that were met.
    pub limits_met: Vec<LimitMet>,
}

/// Puts probes on a process until the time is over, the user asks for the end, or the process ends.
pub fn join(
    pid: u32,
    ebpf: &Ebpf,
    lasting_ns: Option<u64>,
    interrupt: &Interrupt,
    show: &mut dyn FnMut(Life),
) -> Result<Joined, RunError> {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    let program = folder.join("exe");
    if !folder.is_dir() {
        return Err(RunError::file("find a process in", &folder)(std::io::ErrorKind::NotFound.into()));
    }
    let room = machine::scratch_root(1 << 30, &std::env::temp_dir());
    let path = room.join(format!("spanfate-attach-{}.probe", std::process::id()));
    let name = "attach.probe";
    let limits = Arc::<LimitsMet>::default();
    let wanted = probe::WantedProbes { pid, program: &program, ebpf, log: &path, name, limits: &limits };
    let (probing, mut about) = probe::put(&wanted)?.map_err(|error| RunError::unfit(&program, &error))?;
    let began = clock::now();
    let until = lasting_ns.map(|lasting| began + lasting);
    let mut gone = false;
    while !gone && !interrupt.requested() && until.is_none_or(|until| clock::now() < until) {
        gone = !folder.is_dir();
        show(Life::of(probing.seen()));
        clock::sleep_until(clock::now() + LOOK_NS);
    }
    let ended = clock::now();
    probing.finish()?.enter(&mut about);
    let log = std::fs::read(&path).map_err(RunError::file("read", &path))?;
    std::fs::remove_file(&path).map_err(RunError::file("remove", &path))?;
    let service = std::fs::read_to_string(folder.join("comm"))
        .map_or_else(|_| format!("process {pid}"), |comm| comm.trim().to_owned());
    let manifest = ProcessManifest { service, probe: Some(about), ..ProcessManifest::default() };
    Ok(Joined { manifest, log, began, ended, gone, folder: room, limits_met: limits.all() })
}
