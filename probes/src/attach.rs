//! Puts the programs on the sites of one process and takes their records out.
#![expect(unsafe_code, reason = "plain structs cross to the kernel; why that is sound is beside it")]

use std::num::NonZeroU32;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use aya::maps::perf::{PerfEvent, PerfEventArrayBuffer};
use aya::maps::{MapData, PerCpuArray, PerfEventArray, RingBuf};
use aya::programs::uprobe::{UProbeAttachLocation, UProbeLinkId, UProbeScope};
use aya::programs::{FEntry, UProbe};
use aya::util::online_cpus;
use aya::{Btf, Ebpf as Object, EbpfLoader, Pod};
use spanfate_model::format::probe::{ProbeCounter, ProbeKind, RECORD_BYTES, TRAP_TAKEN};
use spanfate_model::scenario::ebpf::{Buffer, Ebpf, EbpfMode};

use crate::error::{ProbeError, chain};
use crate::lookup::{FoundSites, Site};
use crate::object::OBJECT;
use crate::preemption;
use multi::MultiPrograms;

mod multi;

/// Bytes of the buffer where the scenario does not say.
const BUFFER: u32 = 16 << 20;
/// The ring buffer's flag that wakes nobody.
const NO_WAKEUP: u32 = 1;
/// Threads of a program at most: more than Go's own limit of 10,000.
const THREADS: u32 = 1 << 14;
/// Bytes that wait before the reader of a batched ring is woken.
const WAKE_BYTES: u32 = 64 << 10;

/// `struct config` of the programs.
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
struct ProgramConfig {
    goid: u32,
    qcount: u32,
    trace_id: u32,
    span_id: u32,
    flags: u32,
    span_parent: u32,
    span_kind: u32,
    span_context: u32,
    snap_name: u32,
    snap_context: u32,
    bsp_queue: u32,
    bsp_dropped: u32,
    drop_bsp: u32,
    drop_span: u32,
    span_tracer: u32,
    tracer_provider: u32,
    provider_list: u32,
    ssp_exporter: u32,
    spans: u32,
    sample: u32,
    perf: u32,
    wake: u32,
    wake_bytes: u32,
    bsp_e: u32,
    span_name: u32,
    drop_table: u32,
    snapshot: u32,
    bsp_o: u32,
    opt_max_queue: u32,
    opt_max_batch: u32,
    opt_batch_timeout: u32,
    opt_export_timeout: u32,
    opt_block: u32,
}

// SAFETY: thirty-three words of 32 bits, without padding and without a value that is invalid.
unsafe impl Pod for ProgramConfig {}

/// `struct counter` of the programs.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct RawCounter([u64; 8]);

// SAFETY: eight words of 64 bits, without padding and without a value that is invalid.
unsafe impl Pod for RawCounter {}

/// How records come in.
enum RecordSource {
    Ring(RingBuf<MapData>),
    Perf(Vec<PerfEventArrayBuffer<MapData>>),
}

/// Probes that sit on a process.
enum SiteLink {
    /// On all sites of a program.
    Multi(OwnedFd),
    /// On one site of the program that is named.
    Event(&'static str, UProbeLinkId),
}

/// Probes of which all are wanted from the same mode on.
struct PlacedLink {
    since: EbpfMode,
    sites: usize,
    link: SiteLink,
}

/// Probes on a process. They are gone when the value is dropped, or when this program ends.
pub struct Attached {
    object: Object,
    links: Vec<PlacedLink>,
    source: RecordSource,
    counters: PerCpuArray<MapData, RawCounter>,
    /// What the perf buffers say of their own losses.
    reported_lost: u64,
}

impl std::fmt::Debug for Attached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attached({} sites)", self.sites())
    }
}

impl Attached {
    /// Puts them on a process, which may not have become its program yet. `program` is a path by which this program reaches
    /// the binary, for example `/proc/PID/exe`.
    pub fn attach(pid: u32, program: &Path, found: &FoundSites, wish: &Ebpf) -> Result<Self, ProbeError> {
        if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
            return Err(ProbeError::Machine);
        }
        let config = config(found, wish);
        let perf = wish.buffer == Buffer::Perf;
        preemption::admit(OBJECT, perf)?;
        let size = wish.size.map_or(BUFFER, |size| size.0 as u32);
        let mut loader = EbpfLoader::new();
        loader.btf(None).override_global("config", &config, true);
        loader.map_max_entries("events", if perf { page() } else { size });
        // Threads of the program; only a perf buffer needs it.
        loader.map_max_entries("scratch", if perf { THREADS } else { 1 });
        let mut object = loader.load(OBJECT).map_err(ProbeError::kernel("loading the programs"))?;
        let multi = MultiPrograms::prepare(&object);
        let counters = take(&mut object, "counters")?;
        let source = if perf {
            perf_source(&mut object, size)?
        } else {
            RecordSource::Ring(take(&mut object, "events")?)
        };
        let mut out = Self { object, links: Vec::new(), source, counters, reported_lost: 0 };
        let pid = NonZeroU32::new(pid)
            .ok_or(ProbeError::Kernel { what: "a process", cause: "there is no process 0".to_owned() })?;
        let together =
            multi.is_some_and(|multi| out.put_together(&multi, &found.sites, program, pid).is_ok());
        if !together {
            out.take_off(|_| true)?;
            for site in &found.sites {
                let link = out.put(site, program, pid)?;
                out.links.push(PlacedLink { since: site.since, sites: 1, link });
            }
        }
        Ok(out)
    }

    /// One link for each program.
    fn put_together(
        &mut self,
        multi: &MultiPrograms,
        sites: &[Site],
        path: &Path,
        pid: NonZeroU32,
    ) -> std::io::Result<()> {
        let mut loaded: Vec<(&Site, OwnedFd, Vec<u64>)> = Vec::new();
        for site in sites {
            let same = |(other, ..): &&mut (&Site, OwnedFd, Vec<u64>)| {
                (other.program, other.since) == (site.program, site.since)
            };
            match loaded.iter_mut().find(same) {
                Some((.., offsets)) => offsets.push(site.offset),
                None => loaded.push((site, multi.load(site.program)?, vec![site.offset])),
            }
        }
        // All are loaded by now: in a process that runs already, little comes to pass between the first and the last.
        for (site, program, offsets) in loaded {
            let link = multi::link(site.program, &program, path, &offsets, pid.get())?;
            self.links.push(PlacedLink {
                since: site.since,
                sites: offsets.len(),
                link: SiteLink::Multi(link),
            });
        }
        Ok(())
    }

    fn put(&mut self, site: &Site, path: &Path, pid: NonZeroU32) -> Result<SiteLink, ProbeError> {
        let of_it =
            |placed: &PlacedLink| matches!(placed.link, SiteLink::Event(name, _) if name == site.program);
        let loaded = self.links.iter().any(of_it);
        let probe = uprobe(&mut self.object, site.program)?;
        if !loaded {
            probe.load().map_err(|error| refused("a program", &error))?;
        }
        let location = UProbeAttachLocation::AbsoluteOffset(site.offset);
        let link = probe
            .attach(location, path, UProbeScope::OneProcess(pid))
            .map_err(|error| refused("a uprobe", &error))?;
        Ok(SiteLink::Event(site.program, link))
    }

    /// Takes probes away.
    fn take_off(&mut self, goes: impl Fn(&PlacedLink) -> bool) -> Result<(), ProbeError> {
        let mut multi = Vec::new();
        for placed in self.links.extract_if(.., |placed| goes(placed)) {
            match placed.link {
                SiteLink::Multi(link) => multi.push(link),
                SiteLink::Event(name, link) => {
                    uprobe(&mut self.object, name)?
                        .detach(link)
                        .map_err(|error| refused("a uprobe", &error))?;
                }
            }
        }
        multi::close_together(multi);
        Ok(())
    }

    /// What the kernel says of an fentry program on a function of the program: that it takes it, or why not.
    pub fn try_fentry(&mut self, function: &str) -> String {
        let refused = |error: &dyn std::error::Error| chain(error);
        let known = match Btf::from_sys_fs() {
            Ok(known) => known,
            Err(error) => return refused(&error),
        };
        let Some(Ok(program)) = self.object.program_mut("on_entry").map(<&mut FEntry>::try_from) else {
            return "the object lacks the program".to_owned();
        };
        let done = program.load(function, &known).and_then(|()| program.attach().map(drop));
        done.map_or_else(|error| refused(&error), |()| TRAP_TAKEN.to_owned())
    }

    /// Sites that probes sit on.
    pub fn sites(&self) -> usize {
        self.links.iter().map(|placed| placed.sites).sum()
    }

    /// Takes away all probes that a lesser mode has no use for.
    pub fn shed(&mut self, mode: EbpfMode) -> Result<(), ProbeError> {
        self.take_off(|placed| placed.since > mode)
    }

    /// Takes out what has come; how many records.
    pub fn drain(&mut self, take: &mut dyn FnMut(&[u8; RECORD_BYTES])) -> u64 {
        let mut records = 0;
        let mut one = |bytes: &[u8]| {
            // A perf buffer pads its samples.
            if let Some(record) = bytes.first_chunk() {
                records += 1;
                take(record);
            }
        };
        match &mut self.source {
            RecordSource::Ring(ring) => {
                while let Some(item) = ring.next() {
                    one(&item);
                }
            }
            RecordSource::Perf(buffers) => {
                for buffer in buffers {
                    buffer.for_each(|event| match event {
                        PerfEvent::Sample { head, tail: [] } => one(head),
                        PerfEvent::Sample { head, tail } => one(&[head, tail].concat()),
                        PerfEvent::Lost { count } => self.reported_lost += count,
                    });
                }
            }
        }
        records
    }

    /// Waits until the kernel says that something has come, or the time is over.
    pub fn wait(&self, milliseconds: u64) {
        let fds: Vec<i32> = match &self.source {
            RecordSource::Ring(ring) => vec![ring.as_raw_fd()],
            RecordSource::Perf(buffers) => buffers.iter().map(AsRawFd::as_raw_fd).collect(),
        };
        let one = |fd: i32| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        let mut fds: Vec<libc::pollfd> = fds.into_iter().map(one).collect();
        // SAFETY: the call writes to the elements of `fds` only, as many as it is told; the descriptors are open, for
        // `self` holds their owners.
        let woken = unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, milliseconds as i32) };
        // Whatever ended the wait, the caller looks now.
        let _ = woken;
    }

    /// Records that the perf buffers themselves say they lost: less than the counters where nothing was written afterwards.
    pub const fn reported_lost(&self) -> u64 {
        self.reported_lost
    }

    /// What the programs counted, by kind.
    pub fn counters(&self) -> Result<Vec<(ProbeKind, ProbeCounter)>, ProbeError> {
        let one = |kind: ProbeKind| {
            let values =
                self.counters.get(&(kind as u32), 0).map_err(|error| refused("a counter", &error))?;
            let sum = values.iter().map(counter).fold(ProbeCounter::default(), ProbeCounter::plus);
            Ok((kind, sum))
        };
        ProbeKind::ALL.into_iter().map(one).collect()
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        // What cannot be taken off here goes with the descriptors.
        drop(self.take_off(|_| true));
    }
}

fn counter(raw: &RawCounter) -> ProbeCounter {
    let [hit, lost, fault, skipped, ids, ids_lost, first_lost_at, first_lost_hit] = raw.0;
    ProbeCounter { hit, lost, fault, skipped, ids, ids_lost, first_lost_at, first_lost_hit }
}

fn config(found: &FoundSites, wish: &Ebpf) -> ProgramConfig {
    let offsets = &found.offsets;
    ProgramConfig {
        goid: offsets.goid,
        qcount: offsets.hchan_qcount,
        trace_id: offsets.sc_trace_id,
        span_id: offsets.sc_span_id,
        flags: offsets.sc_flags,
        span_parent: offsets.span_parent,
        span_kind: offsets.span_kind,
        span_context: offsets.span_context,
        snap_name: offsets.snap_name,
        snap_context: offsets.snap_context,
        bsp_queue: offsets.bsp_queue,
        bsp_dropped: offsets.bsp_dropped,
        drop_bsp: found.spills.processor,
        drop_span: found.spills.span,
        span_tracer: offsets.span_tracer,
        tracer_provider: offsets.tracer_provider,
        provider_list: offsets.provider_list,
        ssp_exporter: offsets.ssp_exporter.unwrap_or_default(),
        spans: u32::from(wish.mode.names_spans()),
        sample: wish.sample.map_or(1, NonZeroU32::get),
        perf: u32::from(wish.buffer == Buffer::Perf),
        wake: if wish.buffer == Buffer::Ring { NO_WAKEUP } else { 0 },
        wake_bytes: if wish.buffer == Buffer::RingBatched { WAKE_BYTES } else { 0 },
        bsp_e: offsets.bsp_e,
        span_name: offsets.span_name,
        drop_table: found.spills.table,
        snapshot: found.snapshot,
        bsp_o: offsets.bsp_o,
        opt_max_queue: offsets.opt_max_queue,
        opt_max_batch: offsets.opt_max_batch,
        opt_batch_timeout: offsets.opt_batch_timeout,
        opt_export_timeout: offsets.opt_export_timeout,
        opt_block: offsets.opt_block,
    }
}

fn page() -> u32 {
    4096
}

fn perf_source(object: &mut Object, size: u32) -> Result<RecordSource, ProbeError> {
    let mut array: PerfEventArray<MapData> = take(object, "samples")?;
    let cpus = online_cpus().map_err(|(what, error)| refused(what, &error))?;
    let pages = (size / page()).max(1) as usize;
    let buffers = cpus.into_iter().map(|cpu| array.open(cpu, Some(pages)));
    buffers
        .collect::<Result<_, _>>()
        .map(RecordSource::Perf)
        .map_err(|error| refused("a perf buffer", &error))
}

fn take<M: TryFrom<aya::maps::Map, Error = aya::maps::MapError>>(
    object: &mut Object,
    name: &'static str,
) -> Result<M, ProbeError> {
    let map = object.take_map(name).ok_or_else(|| absent(name))?;
    M::try_from(map).map_err(|error| refused(name, &error))
}

fn uprobe<'a>(object: &'a mut Object, name: &'static str) -> Result<&'a mut UProbe, ProbeError> {
    let program = object.program_mut(name).ok_or_else(|| absent(name))?;
    program.try_into().map_err(|error: aya::programs::ProgramError| refused(name, &error))
}

fn absent(what: &'static str) -> ProbeError {
    ProbeError::Kernel { what, cause: "the object does not hold it".to_owned() }
}

fn refused(what: &'static str, error: &dyn std::error::Error) -> ProbeError {
    ProbeError::Kernel { what, cause: chain(error) }
}

#[cfg(test)]
mod header;
