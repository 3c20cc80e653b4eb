//! Where a process listens, as the kernel's tables in /proc say.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// The state of a socket that listens.
const LISTEN: &str = "0A";
/// Most processes that are looked at: one may start others that serve for it.
const PROCESSES: usize = 64;

/// The addresses that a process and those that it started listen on, over TCP; none where that cannot be read.
pub(crate) fn of(pid: u32) -> Vec<SocketAddr> {
    let mut processes = vec![pid];
    let mut at = 0;
    while let Some(pid) = processes.get(at).copied().filter(|_| processes.len() < PROCESSES) {
        processes.extend(children(pid));
        at += 1;
    }
    let sockets: BTreeSet<PathBuf> = processes.iter().flat_map(|pid| open_files(*pid)).collect();
    let table = |name: &str| fs::read_to_string(format!("/proc/{pid}/net/{name}")).unwrap_or_default();
    let mut out: BTreeSet<SocketAddr> = BTreeSet::new();
    for table in [table("tcp"), table("tcp6")] {
        let listeners = table.lines().filter_map(listener);
        out.extend(
            listeners.filter(|(_, socket)| sockets.contains(socket.as_path())).map(|(address, _)| address),
        );
    }
    out.into_iter().collect()
}

fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let texts = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    texts
        .flat_map(|text| text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// What a process has open.
fn open_files(pid: u32) -> Vec<PathBuf> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    files.filter_map(|file| fs::read_link(file.path()).ok()).collect()
}

/// Address of a socket that listens, and how it is called among the files of its process, from a line of the kernel's table.
fn listener(line: &str) -> Option<(SocketAddr, PathBuf)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (address, port) = fields.get(1)?.split_once(':')?;
    let listens = fields.get(3) == Some(&LISTEN);
    let address = SocketAddr::new(address_of(address)?, u16::from_str_radix(port, 16).ok()?);
    let socket = format!("socket:[{}]", fields.get(9)?);
    listens.then(|| (address, PathBuf::from(socket)))
}

/// An address as words of 32 bits, each in the machine's own order of bytes.
fn address_of(text: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let digits = text.get(8 * at..8 * at + 8)?;
        u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
    };
    match text.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut bytes = [0; 16];
            for (at, place) in bytes.chunks_exact_mut(4).enumerate() {
                place.copy_from_slice(&word(at)?);
            }
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn lines_of_the_kernel_say_who_listens_where() {
        let four = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0";
        assert_eq!(listener(four), Some(("127.0.0.1:8080".parse().unwrap(), "socket:[4711]".into())));
        let six = "   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0     0        0 12 1 0";
        assert_eq!(listener(six), Some(("[::1]:80".parse().unwrap(), "socket:[12]".into())));
        assert_eq!(listener(&four.replace(" 0A ", " 01 ")), None);
        assert_eq!(listener("  sl  local_address rem_address   st tx_queue"), None);
    }

    #[test]
    fn this_process_listens_where_it_does() {
        let held = ["127.0.0.1:0", "[::1]:0"].map(|address| TcpListener::bind(address).ok());
        let found = of(std::process::id());
        for listener in held.iter().flatten() {
            let address = listener.local_addr().unwrap();
            assert!(found.contains(&address), "{address} {found:?}");
        }
    }
}
