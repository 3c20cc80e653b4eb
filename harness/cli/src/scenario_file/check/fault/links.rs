//! The links between load, services, collectors and ends, which faults can be put on.

use spanfate_model::fault::Target;
use spanfate_model::scenario::Scenario;
use spanfate_model::scenario::pipeline::stages;

/// Whether there is a link from one to the other; no beginning is the load, no end the receiver.
pub(super) fn is_one(scenario: &Scenario, from: Option<&str>, to: Option<&str>) -> bool {
    of(scenario).iter().any(|(a, b)| a.as_deref() == from && b.as_deref() == to)
}

/// All links, as a file writes them.
pub(super) fn all(scenario: &Scenario) -> Vec<String> {
    let link = |(from, to): (Option<String>, Option<String>)| format!("`{}`", Target::Link { from, to });
    of(scenario).into_iter().map(link).collect()
}

/// Each link, from who opens connections to whom.
fn of(scenario: &Scenario) -> Vec<(Option<String>, Option<String>)> {
    let mut out = Vec::new();
    let engine = scenario.pipeline.engine();
    // An engine in the place of the receiver is where the last one sends to; one beside it is where it sends to as well.
    let end = engine.as_ref().filter(|engine| engine.alone).map(|engine| engine.name.clone());
    let beside = engine.filter(|engine| !engine.alone).map(|engine| engine.name);
    let first = if scenario.pipeline.hop.is_empty() { end.clone() } else { None };
    out.extend(scenario.services.first().map(|first| (None, Some(first.name.clone()))));
    for service in &scenario.services {
        let called = service.calls.iter().chain(service.cache.as_ref().map(|cache| &cache.store));
        out.extend(called.map(|called| (Some(service.name.clone()), Some(called.clone()))));
        if service.makes_spans() {
            out.push((Some(service.name.clone()), first.clone()));
            if scenario.pipeline.hop.is_empty() {
                out.extend(beside.iter().map(|engine| (Some(service.name.clone()), Some(engine.clone()))));
            }
        }
    }
    let hops = &scenario.pipeline.hop;
    let stages = stages(hops);
    for (hop, stage) in hops.iter().zip(&stages) {
        let behind = hops.iter().zip(&stages).filter(|(_, other)| **other == stage + 1);
        let mut behind: Vec<_> = behind.map(|(next, _)| Some(next.name.clone())).collect();
        if behind.is_empty() {
            behind.push(end.clone());
            behind.extend(beside.clone().map(Some));
        }
        out.extend(behind.into_iter().map(|next| (Some(hop.name.clone()), next)));
    }
    out
}
