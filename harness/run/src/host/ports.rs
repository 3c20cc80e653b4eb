//! Ports for programs that are told theirs. What the kernel gives to whoever asks for any port it also gives to each connection that is
//! opened: between the look and the program's start, or while a killed program is to come back, one of those may take it. So these lie below.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::RunError;

/// The lowest port that is given: below lie those of well-known services.
const LOWEST: u32 = 15_000;
/// Fewest ports between that and those of connections that are enough to choose from.
const ENOUGH: u32 = 1000;
/// Where the kernel says from which port on connections get theirs.
const RANGE: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// How many were looked at.
static LOOKED: AtomicU32 = AtomicU32::new(0);

/// A port of the loopback device that is free now, and that no connection gets. Another program could still take it before the one that is
/// told it does; then that one says so and ends.
pub(crate) fn free_port() -> Result<u16, RunError> {
    let text = std::fs::read_to_string(RANGE).unwrap_or_default();
    let below = text.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or(0);
    let of = |port: u16| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    for _ in 0..ENOUGH {
        let turn = LOOKED.fetch_add(1, Ordering::Relaxed);
        let Some(port) = candidate(below, std::process::id(), turn) else { break };
        if of(port).is_ok() {
            return Ok(port);
        }
    }
    let listener = of(0).map_err(RunError::system("find a free port"))?;
    Ok(listener.local_addr().map_err(RunError::system("find a free port"))?.port())
}

/// The port to look at in a turn: processes that run side by side begin at places of their own.
fn candidate(below: u32, process: u32, turn: u32) -> Option<u16> {
    let room = below.checked_sub(LOWEST).filter(|room| *room >= ENOUGH)?;
    let place = (process.wrapping_mul(0x9e37_79b9) >> 8).wrapping_add(turn) % room;
    u16::try_from(LOWEST + place).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ports_lie_below_those_of_connections_and_none_comes_twice_in_a_row() {
        let given: BTreeSet<u16> = (0..ENOUGH).filter_map(|turn| candidate(32_768, 4711, turn)).collect();
        assert_eq!(given.len() as u32, ENOUGH);
        assert!(given.iter().all(|port| (LOWEST..32_768).contains(&u32::from(*port))), "{given:?}");
        // Where connections get nearly all ports, or nobody knows which, there is no choice.
        assert_eq!((candidate(1024, 1, 0), candidate(0, 1, 0)), (None, None));
        let (one, other) = (free_port().unwrap(), free_port().unwrap());
        assert_ne!(one, other);
    }
}
