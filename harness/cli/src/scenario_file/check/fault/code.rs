//! Ranges and references of faults inside a fixture.

use spanfate_model::fault::{FaultKind, HowLost, PanicPlace, WhatError};
use spanfate_model::scenario::{Fixture, Scenario, Service};

use super::Checked;
use crate::scenario_file::check::Problems;

/// The server span is the instrumentation's own: what needs a span to do wrong takes a child's place.
pub(super) fn needs_child(out: &mut Problems, checked: &Checked<'_>, service: Option<&Service>) {
    let wants = match &checked.fault.kind {
        FaultKind::ClockStep(_) => true,
        FaultKind::ContextLost(lost) => lost.how == HowLost::Background,
        FaultKind::SpanError(error) => error.what != WhatError::BodyUnread,
        _ => false,
    };
    if wants && service.is_some_and(|service| service.spans_per_request.get() < 2) {
        let help = "set spans_per_request to 2 or more";
        checked.add(out, "kind", "this service makes no child span that it could be done to", help);
    }
}

/// What it asks for beyond what a fixture can do; the model says it.
pub(super) fn excesses(out: &mut Problems, checked: &Checked<'_>) {
    for excess in checked.fault.kind.excesses() {
        match excess.key {
            Some(key) => checked.add_in_kind(out, key, excess.message, excess.help),
            None => checked.add(out, "kind", excess.message, excess.help),
        }
    }
}

pub(super) fn code(out: &mut Problems, checked: &Checked<'_>, service: Option<&Service>) {
    match &checked.fault.kind {
        FaultKind::Panic(panic) => {
            let spans = service.map_or(1, |service| service.spans_per_request.get());
            if panic.place == PanicPlace::Nested && spans < 3 {
                let help = "set spans_per_request to 3 or more";
                checked.add_in_kind(out, "place", "nested panics need two child spans", help);
            }
            if !panic.outcome.is_fatal() && panic.restart_after.is_some() {
                let help = "take it out, or use outcome = \"fatal\"";
                checked.add_in_kind(out, "restart_after", "a recovered panic ends no process", help);
            }
        }
        FaultKind::Exit(exit) if !exit.how.ends_process() && exit.restart_after.is_some() => {
            checked.add_in_kind(out, "restart_after", "goexit ends no process", "take it out");
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
    let FaultKind::SpanError(error) = &checked.fault.kind else { return };
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
    if let FaultKind::PoolExhausted(pool) = &checked.fault.kind
        && pool.hold > cache.pool.get()
    {
        let message = format!("the pool has {} connections", cache.pool);
        checked.add_in_kind(out, "hold", message, "hold fewer; 0 or nothing holds all");
    }
}
