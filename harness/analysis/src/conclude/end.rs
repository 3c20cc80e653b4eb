//! How services ended, at whose bidding, and what became of their providers' shutdowns.

use spanfate_model::format::manifest::{ProcessEnd, ProcessManifest};
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::{EndedBy, ProviderEnd, ServiceEnd};

use crate::evidence::process::Process;
use crate::evidence::shutdown::ProviderShutdown;
use crate::statistics::quantile::millis;

const SIGKILL: i32 = 9;

/// Signals that say that a program did something it may not: the kernel sends them for that, or the Go runtime does to itself.
/// ILL, TRAP, ABRT, BUS, FPE, SEGV, PIPE, SYS.
const OWN_FAULTS: [i32; 8] = [4, 5, 6, 7, 8, 11, 13, 31];

/// How the starts of a service ended, in their order.
pub(crate) fn ends<'a>(
    starts: impl Iterator<Item = &'a ProcessManifest>,
    processes: &[&Process<'a>],
    began: MonoNs,
) -> Vec<ServiceEnd> {
    let one = |start: &ProcessManifest| {
        let end = start.end.as_ref()?;
        let books = processes.iter().find(|books| books.header.incarnation == start.incarnation);
        let shutdowns = books.map_or(&[][..], |books| &books.shutdowns);
        Some(ServiceEnd {
            incarnation: start.incarnation,
            at_ms: since(end.at, began),
            code: end.code,
            signal: end.signal,
            by: ended_by(end).into(),
            fault: end.fault,
            left_running: end.left,
            providers: (1..).zip(shutdowns).map(|(number, seen)| provider(number, seen, began)).collect(),
        })
    };
    starts.filter_map(one).collect()
}

fn provider(provider: u32, seen: &ProviderShutdown, began: MonoNs) -> ProviderEnd {
    ProviderEnd {
        provider,
        shutdown: seen.course.into(),
        called_ms: (seen.called != 0).then(|| since(seen.called, began)),
        took_ms: (seen.returned != 0).then(|| millis(seen.returned.saturating_sub(seen.called))),
    }
}

/// Milliseconds from one moment to another, which may be earlier.
fn since(at: MonoNs, began: MonoNs) -> f64 {
    if at >= began { millis(at - began) } else { -millis(began - at) }
}

/// Who made a process end. What the harness itself did is known; of a signal that it did not send the kernel's counters and the
/// signal's own meaning tell.
fn ended_by(end: &ProcessEnd) -> EndedBy {
    if end.fault.is_some() {
        return EndedBy::Fault;
    }
    let asked = || if end.asked_by_user { EndedBy::User } else { EndedBy::Harness };
    let Some(signal) = end.signal else {
        return if end.asked_to_stop.is_some() { asked() } else { EndedBy::Itself };
    };
    match signal {
        SIGKILL if end.killed.is_some() => EndedBy::Impatience,
        SIGKILL if end.oom.is_some_and(|oom| oom.count > 0) => EndedBy::OutOfMemory,
        _ if end.asked_with == Some(signal) => asked(),
        _ if OWN_FAULTS.contains(&signal) => EndedBy::Itself,
        _ => EndedBy::SomebodyElse,
    }
}

#[cfg(test)]
mod tests {
    use spanfate_model::format::manifest::OomKills;

    use super::*;

    fn signal(number: i32) -> ProcessEnd {
        ProcessEnd { at: 9, signal: Some(number), ..ProcessEnd::default() }
    }

    fn exit(code: i32) -> ProcessEnd {
        ProcessEnd { at: 9, code: Some(code), ..ProcessEnd::default() }
    }

    fn asked(end: ProcessEnd, by_user: bool, with: i32) -> ProcessEnd {
        ProcessEnd { asked_to_stop: Some(5), asked_with: Some(with), asked_by_user: by_user, ..end }
    }

    #[test]
    fn who_ended_a_process_is_known_by_what_the_harness_did_and_what_the_kernel_counted() {
        let oom = |count| Some(OomKills { count, in_group: true });
        for (end, by) in [
            (exit(0), EndedBy::Itself),
            (exit(2), EndedBy::Itself),
            (asked(exit(0), false, 15), EndedBy::Harness),
            (asked(exit(0), true, 2), EndedBy::User),
            (asked(signal(2), true, 2), EndedBy::User),
            (asked(signal(15), false, 15), EndedBy::Harness),
            // Who was asked to stop may still crash, or be ended by others.
            (asked(signal(11), false, 15), EndedBy::Itself),
            (asked(signal(9), false, 15), EndedBy::SomebodyElse),
            (ProcessEnd { killed: Some(8), ..asked(signal(9), false, 15) }, EndedBy::Impatience),
            (ProcessEnd { killed: Some(8), oom: oom(1), ..asked(signal(9), true, 2) }, EndedBy::Impatience),
            (signal(9), EndedBy::SomebodyElse),
            (signal(15), EndedBy::SomebodyElse),
            (signal(1), EndedBy::SomebodyElse),
            (ProcessEnd { oom: oom(0), ..signal(9) }, EndedBy::SomebodyElse),
            (ProcessEnd { oom: oom(1), ..signal(9) }, EndedBy::OutOfMemory),
            (signal(6), EndedBy::Itself),
            (ProcessEnd { fault: Some(0), ..signal(9) }, EndedBy::Fault),
            (ProcessEnd { fault: Some(0), ..asked(exit(0), false, 15) }, EndedBy::Fault),
        ] {
            assert_eq!(ended_by(&end), by, "{end:?}");
        }
    }
}
