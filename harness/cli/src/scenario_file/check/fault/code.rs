//! Ranges and references of faults inside a fixture.

use spanfate_model::fault::{Gc, HowLost, Kind, Place, WhatError};
use spanfate_model::scenario::{Fixture, Scenario, Service};
use spanfate_model::unit::{ByteSize, Period};

use super::Checked;
use super::kind::millis;
use crate::scenario_file::check::Problems;

/// Most bytes that a fault may hold or make per second, and of one object.
const MOST_BYTES: u64 = 8 << 30;
const MOST_OBJECT: u64 = 64 << 20;
/// Least memory limit.
const LEAST_LIMIT: u64 = 1 << 20;

/// The server span is the instrumentation's own: what needs a span to do wrong takes a child's place.
pub(super) fn needs_child(out: &mut Problems, checked: &Checked<'_>, service: Option<&Service>) {
    let wants = match &checked.fault.kind {
        Kind::ClockStep(_) => true,
        Kind::ContextLost(lost) => lost.how == HowLost::Background,
        Kind::SpanError(error) => error.what != WhatError::BodyUnread,
        _ => false,
    };
    if wants && service.is_some_and(|service| service.spans_per_request.get() < 2) {
        let help = "set spans_per_request to 2 or more";
        checked.add(out, "kind", "this service makes no child span that it could be done to", help);
    }
}

fn collector(out: &mut Problems, checked: &Checked<'_>, gc: &Gc) {
    let sizes = [
        ("allocate", gc.allocate),
        ("object", gc.object),
        ("live", gc.live),
        ("memory_limit", gc.memory_limit),
    ];
    let nothing =
        sizes.iter().all(|(_, size)| size.is_none()) && gc.gogc.is_none() && gc.force_every.is_none();
    if nothing || (gc.object.is_some() && gc.allocate.is_none()) {
        let help =
            "set one of allocate, live, gogc, memory_limit, force_every; `object` goes with `allocate`";
        checked.add(out, "kind", "this puts no pressure on the collector", help);
    }
    for (key, size) in sizes {
        let (least, most) = match key {
            "object" => (1, MOST_OBJECT),
            "memory_limit" => (LEAST_LIMIT, MOST_BYTES),
            _ => (1, MOST_BYTES),
        };
        if size.is_some_and(|size| !(least..=most).contains(&size.0)) {
            let (least, most) = (ByteSize(least), ByteSize(most));
            checked.add_in_kind(out, key, format!("`{key}` must be {least} to {most}"), "");
        }
    }
    if let Some(every) = gc.force_every {
        millis(out, checked, &[("force_every", every)]);
        if every < Period::millis(1) {
            checked.add_in_kind(
                out,
                "force_every",
                "collections cannot be forced so often",
                "use at least 1ms",
            );
        }
    }
    if gc.gogc.is_some_and(|gogc| gogc < -1) {
        checked.add_in_kind(out, "gogc", "GOGC is a percentage, or -1 for off", "");
    }
}

pub(super) fn code(out: &mut Problems, checked: &Checked<'_>, service: Option<&Service>) {
    match &checked.fault.kind {
        Kind::Gc(gc) => collector(out, checked, gc),
        Kind::Panic(panic) => {
            let spans = service.map_or(1, |service| service.spans_per_request.get());
            if panic.place == Place::Nested && spans < 3 {
                let help = "set spans_per_request to 3 or more";
                checked.add_in_kind(out, "place", "nested panics need two child spans", help);
            }
            if !panic.outcome.is_fatal() && panic.restart_after.is_some() {
                let help = "take it out, or use outcome = \"fatal\"";
                checked.add_in_kind(out, "restart_after", "a recovered panic ends no process", help);
            }
        }
        Kind::Exit(exit) if !exit.how.ends_process() && exit.restart_after.is_some() => {
            checked.add_in_kind(out, "restart_after", "goexit ends no process", "take it out");
        }
        Kind::Deep(deep) if !(10..=1_000_000).contains(&deep.depth) => {
            let message = format!("a depth of {} is not between 10 and 1000000", deep.depth);
            checked.add_in_kind(out, "depth", message, "Go ends a process whose stack exceeds 1 GB");
        }
        Kind::ClockStep(step) => {
            millis(out, checked, &[("by", step.by)]);
            if step.by < Period::millis(1) {
                checked.add_in_kind(out, "by", "a step of 0 is none", "use at least 1ms");
            }
        }
        Kind::Hang(hang) => {
            millis(out, checked, &[("lasting", hang.lasting)]);
            if hang.lasting < Period::millis(1) {
                checked.add_in_kind(out, "lasting", "this hangs no time at all", "use at least 1ms");
            }
        }
        _ => {}
    }
}

pub(super) fn span_error(
    out: &mut Problems,
    scenario: &Scenario,
    checked: &Checked<'_>,
    service: Option<&Service>,
    what: WhatError,
) {
    let Kind::SpanError(error) = &checked.fault.kind else { return };
    if let Some(after) = error.after {
        millis(out, checked, &[("after", after)]);
    }
    if (what == WhatError::HandedOver) != error.after.is_some() {
        let help = "`handed_over` needs `after`, the others do not have it";
        checked.add_in_kind(out, "after", "`after` says how long another goroutine keeps the span", help);
    }
    let Some(service) = service else { return };
    if what == WhatError::BodyUnread {
        let by_http = |name: &String| {
            scenario.services.iter().any(|other| other.name == *name && other.fixture == Fixture::Http)
        };
        if !service.calls.iter().any(by_http) {
            let help = "put it on a service that calls one with `fixture = \"http\"`";
            checked.add_in_kind(
                out,
                "what",
                "this service calls nobody over HTTP, so there is no body",
                help,
            );
        }
    }
}

pub(super) fn cache(out: &mut Problems, checked: &Checked<'_>, service: Option<&Service>) {
    let kind = checked.fault.kind.name();
    let Some(cache) = service.and_then(|service| service.cache.as_ref()) else {
        if service.is_some() {
            let help = "put it on a service with `cache = { store = … }`";
            checked.add(
                out,
                "on",
                format!("`{kind}` is a fault of a cache, and this service has none"),
                help,
            );
        }
        return;
    };
    match &checked.fault.kind {
        Kind::PoolExhausted(pool) if pool.hold > cache.pool.get() => {
            let message = format!("the pool has {} connections", cache.pool);
            checked.add_in_kind(out, "hold", message, "hold fewer; 0 or nothing holds all");
        }
        Kind::LruLocked(lru) => {
            millis(out, checked, &[("hold", lru.hold), ("every", lru.every)]);
            if lru.hold < Period::millis(1) || lru.every <= lru.hold {
                let help = "hold it at least 1ms, and leave it free between";
                checked.add_in_kind(out, "hold", "the lock would never be held, or never be free", help);
            }
        }
        _ => {}
    }
}
