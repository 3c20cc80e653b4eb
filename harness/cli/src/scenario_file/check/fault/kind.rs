//! Ranges and references inside a fault's kind.

use spanfate_model::exporter::{Exporter, Protocol};
use spanfate_model::fault::{Family, FaultKind, HowLost, LONGEST};
use spanfate_model::scenario::{Scenario, Service};

use super::bounds::share;
use super::{Checked, code, link, sampling};
use crate::scenario_file::check::Problems;

pub(super) fn ranges(out: &mut Problems, scenario: &Scenario, checked: &Checked<'_>) {
    let service = checked.on.service().and_then(|name| scenario.services.iter().find(|s| s.name == name));
    match &checked.fault.kind {
        kind if kind.family() == Family::Network => link::link(out, checked),
        FaultKind::Kill(down) if down.grace.is_some() => {
            let help = "take `grace` out, or use `terminate`";
            checked.add_in_kind(out, "grace", "what is killed has no time to stop", help);
        }
        FaultKind::Terminate(down) if down.grace.is_some_and(|grace| grace > LONGEST) => {
            checked.add_in_kind(
                out,
                "grace",
                format!("`grace` is longer than {LONGEST}"),
                "use a shorter time",
            );
        }
        FaultKind::Cpu(cpu) => share(out, checked, "quota", cpu.quota, 0.01, 64.0),
        FaultKind::Neighbour(neighbour) => share(out, checked, "share", neighbour.share, 0.01, 1.0),
        FaultKind::Panic(_) | FaultKind::Exit(_) => code::code(out, checked, service),
        FaultKind::SpanError(error) => code::span_error(out, scenario, checked, service, error.what),
        FaultKind::ContextLost(lost)
            if lost.how != HowLost::Background && service.is_some_and(|service| service.calls.is_empty()) =>
        {
            let help = "put it on a service with `calls`, or use how = \"background\"";
            checked.add_in_kind(out, "how", "this service calls nobody, so no header can be lost", help);
        }
        FaultKind::PoolExhausted(_) | FaultKind::LruLocked(_) => code::cache(out, checked, service),
        FaultKind::SamplingRule(rule) => sampling::rule(out, scenario, checked, service, rule),
        FaultKind::Answer(answer) => answered(out, scenario, checked, answer),
        _ => {}
    }
    code::excesses(out, checked);
    code::needs_child(out, checked, service);
    if checked.fault.kind.ends_process().flatten().is_some_and(|restart| restart > LONGEST) {
        let message = format!("`restart_after` is longer than {LONGEST}");
        checked.add_in_kind(out, "restart_after", message, "use a shorter time");
    }
}

fn answered(
    out: &mut Problems,
    scenario: &Scenario,
    checked: &Checked<'_>,
    answer: &spanfate_model::fault::answer::ScriptedAnswer,
) {
    if let Some(problem) = answer.problem() {
        checked.add(out, "kind", problem, "");
    }
    if answer.name() == "down" && checked.fault.requests.is_some() {
        let help = "use `at` and `for`";
        checked.add(out, "requests", "a receiver that is down gets no requests that could be counted", help);
    }
    if answer.name() == "goaway" && all_http(scenario, checked) {
        let help = "HTTP/1.1 connections are then closed after the answer; use `fin` or `reset` for more";
        // Not a mistake in itself: the receiver has an equivalent, so it is allowed where any exporter speaks gRPC.
        checked.add(out, "kind", "`goaway` is of HTTP/2, and no exporter here speaks gRPC", help);
    }
}

/// Whether every exporter of the fault's variants speaks HTTP.
fn all_http(scenario: &Scenario, checked: &Checked<'_>) -> bool {
    let base = [Exporter::default()];
    let variants: Vec<Exporter> = super::having(scenario, checked.fault)
        .into_iter()
        .map(|index| scenario.variant.get(index).map_or(base[0], |variant| variant.exporter))
        .collect();
    let http = |service: &Service, variant: Exporter| {
        let exporter = service.exporter.over(variant.over(scenario.exporter));
        exporter.protocol == Some(Protocol::HttpProtobuf)
    };
    let with_spans = || scenario.services.iter().filter(|service| service.makes_spans());
    !variants.is_empty() && variants.iter().all(|variant| with_spans().all(|service| http(service, *variant)))
}
