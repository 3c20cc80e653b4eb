//! A look into a Go process that runs: probes on what happens once per batch, and the batch processors' own counters in its
//! memory. It only reads; the probes are gone when this program is, however it ends. It judges nothing.

mod learn;
mod process;
mod watch;

use std::io;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;
use spanfate_model::finding::peek::Observation;
use spanfate_model::quantity::unit::{ByteSize, MonoNs};
use spanfate_model::scenario::ebpf::{Ebpf, EbpfMode};
use spanfate_probes::ProbeError;
use spanfate_probes::attach::Attached;
use spanfate_probes::gobin::{GoBinary, GobinError, OffsetSource};
use spanfate_probes::lookup::{FoundSites, look_up};
use spanfate_probes::memory::Memory;

use crate::host::clock;
use learn::Learn;
use watch::PeekWatch;

/// Records per second above which the probes cost the process more than they may: a fiftieth of a core, at 10 µs each.
const MOST_PER_S: u64 = 2_000;
/// Bytes of the buffer; one look's records take a hundredth of it.
const BUFFER: ByteSize = ByteSize(1 << 20);

/// Why a process cannot be looked into.
#[derive(Debug, thiserror::Error)]
pub enum PeekError {
    /// There is none, or it has no program.
    #[error(
        "there is no process {0} that runs a program; in a container it has another number than outside: \
         take the one that `ps` shows where you call this"
    )]
    NoProcess(u32),
    /// Its program is none that can be watched.
    #[error("process {pid} ({name}) cannot be watched: {cause}")]
    Unsuited {
        /// Which process.
        pid: u32,
        /// Its name.
        name: String,
        /// Why not.
        cause: ProbeError,
    },
    /// Probes might harm the machine.
    #[error("process {pid} ({name}): {cause}")]
    Harmful {
        /// Which process.
        pid: u32,
        /// Its name.
        name: String,
        /// Why.
        cause: ProbeError,
    },
    /// The system refuses.
    #[error("process {pid} ({name}): {cause}; {}", remedy(*.root))]
    Refused {
        /// Which process.
        pid: u32,
        /// Its name.
        name: String,
        /// What it says.
        cause: String,
        /// Whether this was asked as root already.
        root: bool,
    },
}

/// What helps where the system refuses.
const fn remedy(root: bool) -> &'static str {
    if root {
        "root is not enough here: a container or a security module keeps this process apart; call this where the process was \
         started, outside of containers, and see what `spanfate doctor` says is missing"
    } else {
        "run this as root, `spanfate doctor` says what is missing"
    }
}

/// Probes on a process.
#[derive(Debug)]
pub struct Peeker {
    attached: Attached,
    watch: PeekWatch,
    learn: Learn,
    program: PathBuf,
    seen: Observation,
    /// When the last look was, and how many records there had been.
    paced: (MonoNs, u64),
}

impl Peeker {
    /// Puts probes on a process; it is to be watched about so long, in nanoseconds.
    pub fn open(pid: u32, lasting: u64) -> Result<Self, PeekError> {
        let program = PathBuf::from(format!("/proc/{pid}/exe"));
        if std::fs::symlink_metadata(&program).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
            || std::fs::read_link(&program).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        {
            return Err(PeekError::NoProcess(pid));
        }
        let name = process::name(pid);
        let refuse = |cause: ProbeError| of_probe(pid, name.clone(), cause);
        let (attached, memory, mut found) = put(pid, &program).map_err(refuse)?;
        let seen = Observation {
            pid,
            name: name.clone(),
            go: found.go.clone(),
            sdk: found.sdk.trim_start_matches('v').to_owned(),
            nearest: nearest(&found),
            age_ms: process::age_ms(pid).unwrap_or_default(),
            ..Observation::default()
        };
        found.sites.retain(|site| site.program == learn::PROGRAM);
        let began = clock::now();
        let learn = Learn::new(found, began, lasting);
        let mut out =
            Self { attached, watch: PeekWatch::new(memory, began), learn, program, seen, paced: (began, 0) };
        (out.seen.began, out.seen.ended) = (began, began);
        Ok(out)
    }

    /// Takes what has come, and looks at the batch processors. False once there is nothing more to see.
    pub fn look(&mut self) -> bool {
        let records = self.watch.look(&mut self.attached);
        let now = clock::now();
        if !process::lives(&self.program) {
            self.seen.gone = true;
            return false;
        }
        self.seen.ended = now;
        for processor in self.learn.look(self.seen.pid, &self.program, self.watch.is_empty(), now) {
            self.watch.learn(processor);
        }
        let (before, sum) = self.paced;
        let time = now.saturating_sub(before);
        self.paced = (now, sum + records);
        // A burst in a short look is no pace.
        self.seen.dear = time > 100_000_000 && records * 1_000_000_000 / time > MOST_PER_S;
        !self.seen.dear
    }

    /// What has been seen so far.
    pub fn observation(&mut self) -> Observation {
        let counters = self.attached.counters().unwrap_or_default();
        let mut seen = self.seen.clone();
        seen.lost = counters.iter().map(|(_, counter)| counter.lost).sum();
        self.watch.tell(&mut seen);
        seen
    }
}

/// Puts the probes of one look per batch on a process.
fn put(pid: u32, program: &Path) -> Result<(Attached, Memory, FoundSites), ProbeError> {
    let binary = GoBinary::open(program)?;
    let wish = Ebpf { size: Some(BUFFER), ..Ebpf::plain(EbpfMode::Batch) };
    // All sites at once, for that takes time; only few of them are used. A program may lack one of the others.
    let all = look_up(&binary, &Ebpf::plain(EbpfMode::Events));
    let found = all.or_else(|_| look_up(&binary, &wish))?;
    let mut batch = found.clone();
    batch.sites.retain(|site| site.since <= EbpfMode::Batch);
    let mut memory = Memory::new(pid, &binary, &found.offsets);
    memory.open().map_err(|source| ProbeError::Process { pid, source })?;
    let attached = Attached::attach(pid, program, &batch, &wish)?;
    Ok((attached, memory, found))
}

fn nearest(found: &FoundSites) -> Option<String> {
    match &found.source {
        OffsetSource::Nearest { sdk, go } => Some(format!("SDK {sdk} on Go {go}")),
        OffsetSource::Dwarf | OffsetSource::Table => None,
    }
}

fn of_probe(pid: u32, name: String, cause: ProbeError) -> PeekError {
    match cause {
        ProbeError::Binary(GobinError::Io(error)) | ProbeError::Process { source: error, .. }
            if error.kind() == io::ErrorKind::PermissionDenied =>
        {
            PeekError::Refused {
                pid,
                name,
                cause: format!("its program and memory cannot be read ({error})"),
                root: Uid::effective().is_root(),
            }
        }
        ProbeError::Hazard { .. } => PeekError::Harmful { pid, name, cause },
        ProbeError::Kernel { .. } => {
            PeekError::Refused { pid, name, cause: cause.to_string(), root: Uid::effective().is_root() }
        }
        cause => PeekError::Unsuited { pid, name, cause },
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use spanfate_probes::preemption::{KernelPreemption, PreemptionModel};

    use super::*;
    use crate::RunError;

    #[test]
    fn probes_that_might_do_harm_are_refused_as_a_capability_that_is_absent() {
        let harm = || ProbeError::Hazard {
            kernel: KernelPreemption { model: PreemptionModel::Lazy, is_dynamic: true },
            what: "hand has 80 bytes on the stack".to_owned(),
        };
        let peek = of_probe(7, "shop".to_owned(), harm());
        assert!(matches!(peek, PeekError::Harmful { pid: 7, .. }), "{peek:?}");
        let attach = RunError::unfit(Path::new("shop"), &harm());
        assert!(matches!(attach, RunError::Absent { .. }), "{attach:?}");
        for said in [peek.to_string(), attach.to_string()] {
            assert!(said.contains("hand has 80 bytes on the stack"), "{said}");
            assert!(said.contains("(lazy, which may change while it runs)"), "{said}");
        }
    }
}
