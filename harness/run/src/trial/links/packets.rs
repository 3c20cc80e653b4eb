//! Faults that the kernel makes happen to packets. The trial runs in a network namespace of its own, whose only device is `lo`:
//! nothing outside can be reached or disturbed, and it is gone with the trial's last process.

use std::fs::File;
use std::process::Command;

use nix::sched::{CloneFlags, setns, unshare};
use serde_json::Value;
use spanfate_model::fault::measure::Measured;
use spanfate_model::fault::{Direction, FaultKind};
use spanfate_model::format::event::Amounts;
use spanfate_model::quantity::unit::Period;

use crate::RunError;

/// Largest packet, as on an Ethernet: that of `lo` is 64 KiB.
const MTU: &str = "1500";
/// Bucket of a shaper, bytes: some packets may come at once.
const BURST: u64 = 16 << 10;

/// The namespace. The thread that entered it, and what that thread starts, is in it until it is dropped.
#[derive(Debug)]
pub(super) struct Namespace {
    before: File,
}

impl Namespace {
    /// Enters a new namespace with a device in which packets can be told apart.
    pub(super) fn enter() -> Result<Self, RunError> {
        let own = "/proc/thread-self/ns/net";
        let before = File::open(own).map_err(RunError::system("find this thread's network namespace"))?;
        unshare(CloneFlags::CLONE_NEWNET).map_err(|errno| RunError::Absent {
            what: "permission to make a network namespace".to_owned(),
            remedy: format!("run as root, or use faults of links that need a proxy only ({errno})"),
        })?;
        let namespace = Self { before };
        ip(&["link", "set", "lo", "mtu", MTU])?;
        ip(&["link", "set", "lo", "up"])?;
        tc(&["qdisc", "add", "dev", "lo", "root", "handle", "1:", "htb", "default", "1"])?;
        class("1:1")?;
        Ok(namespace)
    }

    /// Puts a fault on the packets of a port.
    #[expect(clippy::unused_self, reason = "it acts on the namespace that this value keeps")]
    pub(super) fn apply(&self, number: usize, kind: &FaultKind, port: u16) -> Result<(), RunError> {
        let (id, handle, preference) = names(number);
        class(&id)?;
        let (direction, discipline) = discipline(kind);
        let mut arguments = vec!["qdisc", "add", "dev", "lo", "parent", &id, "handle", &handle];
        arguments.extend(discipline.iter().map(String::as_str));
        tc(&arguments)?;
        let ways: &[&str] = match direction {
            Direction::Upstream => &["dport"],
            Direction::Downstream => &["sport"],
            Direction::Both => &["dport", "sport"],
        };
        for way in ways {
            let of_all =
                ["filter", "add", "dev", "lo", "parent", "1:", "protocol", "ip", "pref", &preference];
            let port = port.to_string();
            tc(&[&of_all[..], &["u32", "match", "ip", way, &port, "0xffff", "flowid", &id]].concat())?;
        }
        Ok(())
    }

    /// Takes it off; gives what the kernel counted.
    #[expect(clippy::unused_self, reason = "it acts on the namespace that this value keeps")]
    pub(super) fn clear(&self, number: usize) -> Result<Amounts, RunError> {
        let (id, handle, preference) = names(number);
        let counted = tc(&["-s", "-j", "qdisc", "show", "dev", "lo"])?;
        tc(&["filter", "del", "dev", "lo", "parent", "1:", "pref", &preference])?;
        // With its discipline; packets that still wait in it are lost, as in a device that is unplugged.
        tc(&["class", "del", "dev", "lo", "classid", &id])?;
        Ok(counters(&counted, &handle))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The thread stays where it is only if the namespace it came from is gone, and then there is nowhere to go.
        setns(&self.before, CloneFlags::CLONE_NEWNET).ok();
    }
}

/// Class, handle and filter preference of a fault.
fn names(number: usize) -> (String, String, String) {
    (format!("1:{:x}", number + 2), format!("{:x}:", number + 0x10), (number + 10).to_string())
}

/// A class that limits nothing.
fn class(id: &str) -> Result<(), RunError> {
    let rest = ["htb", "rate", "10gbit", "quantum", "60000"];
    tc(&[&["class", "add", "dev", "lo", "parent", "1:", "classid", id][..], &rest].concat()).map(drop)
}

/// The queueing discipline of a fault, as `tc` takes it.
fn discipline(kind: &FaultKind) -> (Direction, Vec<String>) {
    let us = |period: Period| format!("{}us", period.nanos() / 1000);
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
    match kind {
        FaultKind::Packets(packets) => {
            let mut out = words(&["netem", "limit", "100000"]);
            if packets.delay.nanos() > 0 {
                out.extend(words(&["delay", &us(packets.delay), &us(packets.jitter)]));
            }
            for (name, share) in [("loss", packets.loss), ("duplicate", packets.duplicate)] {
                if share > 0.0 {
                    out.extend(words(&[name, &format!("{}%", share * 100.0)]));
                }
            }
            (packets.direction, out)
        }
        FaultKind::Shaper(shaper) => {
            let rate = format!("{}bit", shaper.rate.0.saturating_mul(8));
            let queue = us(shaper.queue.unwrap_or(Period::millis(200)));
            (shaper.direction, words(&["tbf", "rate", &rate, "burst", &BURST.to_string(), "latency", &queue]))
        }
        _ => (Direction::Both, words(&["pfifo"])),
    }
}

/// Counters of a discipline in what `tc -s -j qdisc show` says.
fn counters(json: &str, handle: &str) -> Amounts {
    let all: Vec<Value> = serde_json::from_str(json).unwrap_or_default();
    let of_it = all.iter().find(|one| one["handle"] == handle);
    let names = [
        (Measured::Packets, "packets"),
        (Measured::PacketsDropped, "drops"),
        (Measured::PacketsHeld, "overlimits"),
    ];
    let count = |name: &str| of_it.and_then(|one| one[name].as_u64()).unwrap_or_default();
    names.iter().map(|(ours, theirs)| ((*ours).into(), count(theirs))).collect()
}

fn ip(arguments: &[&str]) -> Result<String, RunError> {
    call("ip", arguments)
}

fn tc(arguments: &[&str]) -> Result<String, RunError> {
    call("tc", arguments)
}

/// Runs a program of iproute2; gives what it says.
pub(super) fn call(program: &'static str, arguments: &[&str]) -> Result<String, RunError> {
    let output = Command::new(program).args(arguments).output().map_err(|source| RunError::Absent {
        what: format!("`{program}` ({source})"),
        remedy: "install iproute2, or use faults of links that need a proxy only".to_owned(),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let why = format!("{program} {}: {}", arguments.join(" "), said.trim());
    Err(RunError::system("change the trial's network")(std::io::Error::other(why)))
}

/// Whether this kernel can delay and lose packets; tried in a namespace that is gone afterwards.
pub(crate) fn has_netem() -> Result<bool, RunError> {
    let _namespace = Namespace::enter()?;
    class("1:2")?;
    Ok(tc(&["qdisc", "add", "dev", "lo", "parent", "1:2", "handle", "10:", "netem", "delay", "1ms"]).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_those_of_the_handle() {
        let json = r#"[{"kind":"htb","handle":"1:","drops":9,"packets":9},{"kind":"tbf","handle":"10:","drops":2,"packets":7,"overlimits":3}]"#;
        let found = counters(json, "10:");
        let of = |found: &Amounts, what: Measured| found[&what.into()];
        let measured = [Measured::Packets, Measured::PacketsDropped, Measured::PacketsHeld];
        assert_eq!(measured.map(|what| of(&found, what)), [7, 2, 3]);
        assert_eq!(of(&counters("", "10:"), Measured::Packets), 0);
    }

    #[test]
    fn disciplines_are_written_as_tc_reads_them() {
        let packets: FaultKind =
            serde_json::from_str(r#"{"packets": {"delay": "5ms", "loss": 0.01}}"#).unwrap();
        assert_eq!(discipline(&packets).1.join(" "), "netem limit 100000 delay 5000us 0us loss 1%");
        let shaper: FaultKind = serde_json::from_str(r#"{"shaper": {"rate": "100kB"}}"#).unwrap();
        assert_eq!(discipline(&shaper).1.join(" "), "tbf rate 800000bit burst 16384 latency 200000us");
    }
}
