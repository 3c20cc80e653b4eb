//! One link for all sites of a program. A probe with an event of its own costs the kernel a tenth of a second when it is taken
//! off, and the kernel takes one after the other; links are taken off at the same time.
//!
//! The library that loads the programs knows no such link, so they are loaded once more here, with its maps.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use aya::maps::Map;
use aya::util::KernelVersion;
use aya_obj::Object as ParsedObject;

use crate::object::OBJECT;

/// The first kernel whose links mean a process by a number of one: those before it mean a thread.
const SINCE: (u8, u8, u16) = (6, 11, 0);
/// `bpf(2)`: load a program, load types, make a link.
const PROG_LOAD: libc::c_long = 5;
const BTF_LOAD: libc::c_long = 18;
const LINK_CREATE: libc::c_long = 28;
/// `BPF_PROG_TYPE_KPROBE`, which uprobes are.
const TYPE_KPROBE: u32 = 2;
/// `BPF_TRACE_UPROBE_MULTI`.
const UPROBE_MULTI: u32 = 48;
/// `BPF_F_UPROBE_MULTI_RETURN`: on the return address, as a uretprobe.
const ON_RETURN: u32 = 1;
/// Longest name of a program, with its end.
const NAME: usize = 16;

/// The begin of `union bpf_attr` for `PROG_LOAD`.
#[repr(C)]
struct LoadAttr {
    kind: u32,
    count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel: u32,
    flags: u32,
    name: [u8; NAME],
    device: u32,
    attach_type: u32,
    types: u32,
    function_bytes: u32,
    functions: u64,
    function_count: u32,
    line_bytes: u32,
    lines: u64,
    line_count: u32,
    target_type: u32,
}

/// The same for `BTF_LOAD`.
#[repr(C)]
struct TypesAttr {
    types: u64,
    log: u64,
    size: u32,
    log_size: u32,
    log_level: u32,
    padding: u32,
}

/// The same for `LINK_CREATE` with `UPROBE_MULTI`.
#[repr(C)]
struct LinkAttr {
    program: u32,
    target: u32,
    attach_type: u32,
    flags: u32,
    path: u64,
    offsets: u64,
    reference_counters: u64,
    cookies: u64,
    count: u32,
    multi_flags: u32,
    pid: u32,
    padding: u32,
}

/// The programs of the object, ready to be loaded for such links.
pub(super) struct MultiPrograms {
    parsed: ParsedObject,
    /// Types of the programs, which the verifier asks for where one calls another back.
    types: OwnedFd,
}

impl MultiPrograms {
    /// The programs, with the maps that were made for the same object; `None` where this kernel has no such links, or none that
    /// can be relied on.
    pub(super) fn prepare(object: &aya::Ebpf) -> Option<Self> {
        let (major, minor, patch) = SINCE;
        if KernelVersion::current().ok()? < KernelVersion::new(major, minor, patch) {
            return None;
        }
        let mut parsed = ParsedObject::parse(OBJECT).ok()?;
        let maps = parsed.maps.clone();
        let made = object.maps().filter_map(|(name, map)| {
            let fd = data(map)?.fd().as_fd().as_raw_fd();
            Some((name, fd, maps.get(name)?))
        });
        let text = parsed.functions.keys().map(|(section, _)| *section).collect();
        parsed.relocate_maps(made, &text).ok()?;
        parsed.relocate_calls(&text).ok()?;
        let types = parsed.fixup_and_sanitize_btf(aya::features().btf()?).ok()??.to_bytes();
        let attr = TypesAttr {
            types: types.as_ptr() as u64,
            log: 0,
            size: types.len() as u32,
            log_size: 0,
            log_level: 0,
            padding: 0,
        };
        let types = bpf(BTF_LOAD, &attr).ok()?;
        Some(Self { parsed, types })
    }

    /// Loads a program, which takes the kernel some time.
    pub(super) fn load(&self, program: &str) -> io::Result<OwnedFd> {
        let absent = || io::Error::from(io::ErrorKind::NotFound);
        let of = self.parsed.programs.get(program).ok_or_else(absent)?;
        let function = self.parsed.functions.get(&of.function_key()).ok_or_else(absent)?;
        let functions = function.func_info.func_info_bytes();
        let mut name = [0; NAME];
        for (to, from) in name.iter_mut().zip(program.bytes().take(NAME - 1)) {
            *to = from;
        }
        let attr = LoadAttr {
            kind: TYPE_KPROBE,
            count: function.instructions.len() as u32,
            instructions: function.instructions.as_ptr() as u64,
            license: of.license.as_ptr() as u64,
            log_level: 0,
            log_size: 0,
            log: 0,
            kernel: 0,
            flags: 0,
            name,
            device: 0,
            attach_type: UPROBE_MULTI,
            types: self.types.as_raw_fd() as u32,
            function_bytes: function.func_info_rec_size as u32,
            functions: functions.as_ptr() as u64,
            function_count: function.func_info.len() as u32,
            line_bytes: 0,
            lines: 0,
            line_count: 0,
            target_type: 0,
        };
        bpf(PROG_LOAD, &attr)
    }
}

/// Puts a loaded program on bytes of a file, in one process. The probes are gone when the link is closed.
pub(super) fn link(
    program: &str,
    loaded: &OwnedFd,
    path: &Path,
    offsets: &[u64],
    pid: u32,
) -> io::Result<OwnedFd> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let attr = LinkAttr {
        program: loaded.as_raw_fd() as u32,
        target: 0,
        attach_type: UPROBE_MULTI,
        flags: 0,
        path: path.as_ptr() as u64,
        offsets: offsets.as_ptr() as u64,
        reference_counters: 0,
        cookies: 0,
        count: offsets.len() as u32,
        multi_flags: if program == "returned" { ON_RETURN } else { 0 },
        pid,
        padding: 0,
    };
    // The link keeps the program.
    bpf(LINK_CREATE, &attr)
}

/// Closes links at the same time, and waits until all are.
pub(super) fn close_together(links: Vec<OwnedFd>) {
    std::thread::scope(|scope| {
        for link in links {
            // Without a thread it is closed here: what was to run there is dropped.
            drop(
                std::thread::Builder::new().name("detach".to_owned()).spawn_scoped(scope, move || drop(link)),
            );
        }
    });
}

fn bpf<T>(command: libc::c_long, attr: &T) -> io::Result<OwnedFd> {
    // SAFETY: the kernel reads `size_of::<T>()` bytes at `attr` and what the words in it point to, all of which lives until the
    // call returns; it writes nothing there.
    let fd = unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_ref(attr), size_of::<T>()) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel made this descriptor just now, for us, and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// A map of a kind that the object has.
fn data(map: &Map) -> Option<&aya::maps::MapData> {
    match map {
        Map::Array(data)
        | Map::HashMap(data)
        | Map::LruHashMap(data)
        | Map::PerCpuArray(data)
        | Map::PerfEventArray(data)
        | Map::RingBuf(data) => Some(data),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_can_be_put_on_by_a_link() {
        let mut loader = aya::EbpfLoader::new();
        loader.btf(None).map_max_entries("events", 4096).map_max_entries("scratch", 1);
        let Ok(object) = loader.load(OBJECT) else {
            println!("skipped: no eBPF for who runs this test");
            return;
        };
        let Some(multi) = MultiPrograms::prepare(&object) else {
            println!("skipped: this kernel has no links for many uprobes");
            return;
        };
        let put = |name: &str, path: &str| {
            multi.load(name).and_then(|loaded| link(name, &loaded, Path::new(path), &[0], std::process::id()))
        };
        let mut links = Vec::new();
        for (name, program) in object.programs() {
            if matches!(program, aya::programs::Program::UProbe(_)) {
                // The first byte of the file is its header, and no code.
                let link = put(name, "/proc/self/exe");
                links.push(link.unwrap_or_else(|error| panic!("{name}: {error}")));
            }
        }
        assert!(links.len() > 20, "{}", links.len());
        close_together(links);
        assert_eq!(put("created", "/nonexistent").unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
