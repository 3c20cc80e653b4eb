//! The load: what may stand beside what, and what a ledger can hold.

use spanfate_model::plan::Plan;
use spanfate_model::scenario::{Load, LoadOverride, Scenario, Shape};
use spanfate_model::unit::Period;

use super::Problems;

/// Most spans of one trial: its ledger takes 128 bytes each.
const MAX_SPANS: u64 = 100_000_000;
/// Most connections of a closed load.
const MAX_CONNECTIONS: u32 = 10_000;
/// Shortest measured part.
const SHORTEST: Period = Period::millis(100);

/// Checks the load of the scenario and those of the variants, then what they come to.
pub(super) fn loads(out: &mut Problems, scenario: &Scenario) {
    let before = out.len();
    one(out, &["load"], &scenario.load, None);
    for (index, variant) in scenario.variant.iter().enumerate() {
        if let Some(own) = &variant.load {
            let index = index.to_string();
            one(out, &["variant", &index, "load"], &own.over(&scenario.load), Some(own));
        }
    }
    if out.len() == before {
        sizes(out, scenario);
    }
}

/// One load; `own` is what a variant writes of it, and its problems are shown there.
fn one(out: &mut Problems, at: &[&str], load: &Load, own: Option<&LoadOverride>) {
    let path = |key: &'static str| -> Vec<&str> { at.iter().copied().chain([key]).collect() };
    if load.timeout.is_some_and(|timeout| timeout < Period::millis(1)) && own.is_none() {
        out.add(&path("timeout"), "a request needs time to be answered", "use at least 1ms");
    }
    if load.is_closed() {
        closed(out, at, load);
        return;
    }
    for (key, written) in [("connections", load.connections.is_some()), ("requests", load.requests.is_some())]
    {
        if written {
            let help = "set model = \"closed\" beside it, or take it out";
            out.add(&path(key), format!("`{key}` belongs to a closed load"), help);
        }
    }
    if load.replay.is_some() {
        replay(out, at, load, own);
        return;
    }
    let by_steps = matches!(load.shape, Some(Shape::Steps(_)));
    for (key, written) in [("rate", load.rate.is_some()), ("lasting", load.lasting.is_some())] {
        if by_steps && written {
            out.add(&path(key), format!("the steps say the {}", meaning(key)), &format!("take `{key}` out"));
        } else if !by_steps && !written {
            let help = match own {
                Some(_) => "the scenario's [load] must be one that this variant can change",
                None => "for example rate = \"500/s\", lasting = \"8s\"",
            };
            out.add(at, format!("missing key `{key}`"), help);
        }
    }
    if let Some(lasting) = load.lasting.filter(|lasting| *lasting < SHORTEST && own.is_none()) {
        out.add(&path("lasting"), format!("a load of {lasting} is too short"), "use at least 100ms");
    }
    shape(out, &path("shape"), load);
}

fn meaning(key: &str) -> &'static str {
    if key == "rate" { "rate" } else { "length" }
}

fn shape(out: &mut Problems, at: &[&str], load: &Load) {
    match &load.shape {
        Some(Shape::Steps(steps)) => {
            if let Some(short) = steps.iter().position(|step| step.lasting < Period::millis(1)) {
                let index = short.to_string();
                let path: Vec<&str> = at.iter().copied().chain(["steps", &index, "lasting"]).collect();
                out.add(&path, "this step takes no time", "use at least 1ms");
            } else if steps.iter().map(|step| step.lasting.nanos()).sum::<u64>() < SHORTEST.nanos() {
                out.add(at, "these steps are too short", "use at least 100ms in all");
            }
        }
        Some(Shape::Bursts(bursts)) => {
            let path =
                |key: &'static str| -> Vec<&str> { at.iter().copied().chain(["bursts", key]).collect() };
            if bursts.lasting < Period::millis(1) {
                out.add(&path("lasting"), "this burst takes no time", "use at least 1ms");
            }
            if bursts.every <= bursts.lasting {
                let message = format!("a burst of {} does not end before the next", bursts.lasting);
                out.add(&path("every"), message, "make `every` longer than `lasting`");
            }
        }
        Some(Shape::Constant | Shape::Ramp(_)) | None => {}
    }
}

fn closed(out: &mut Problems, at: &[&str], load: &Load) {
    let path = |key: &'static str| -> Vec<&str> { at.iter().copied().chain([key]).collect() };
    let foreign = [
        ("rate", load.rate.is_some()),
        ("shape", load.shape.is_some()),
        ("arrival", load.arrival.is_some()),
        ("replay", load.replay.is_some()),
        ("warmup", load.warmup.is_some()),
        ("lasting", load.lasting.is_some()),
        ("max_in_flight", load.max_in_flight.is_some()),
    ];
    for (key, _) in foreign.into_iter().filter(|(_, written)| *written) {
        let help = "take it out: `connections` and `requests` say all of a closed load";
        out.add(&path(key), format!("a closed load has no `{key}`"), help);
    }
    let needed = [("connections", load.connections.is_none()), ("requests", load.requests.is_none())];
    for (key, _) in needed.into_iter().filter(|(_, missing)| *missing) {
        out.add(at, format!("missing key `{key}`"), "for example connections = 50, requests = 20000");
    }
    let (Some(connections), Some(requests)) = (load.connections, load.requests) else { return };
    if connections.get() > MAX_CONNECTIONS {
        let message = format!("{connections} connections are more than {MAX_CONNECTIONS}");
        out.add(&path("connections"), message, "use fewer");
    } else if requests < connections {
        let message = format!("{requests} requests leave connections without one");
        out.add(&path("requests"), message, "use at least one per connection");
    }
}

fn replay(out: &mut Problems, at: &[&str], load: &Load, own: Option<&LoadOverride>) {
    let path = |key: &'static str| -> Vec<&str> { at.iter().copied().chain([key]).collect() };
    let foreign = [
        ("rate", load.rate.is_some()),
        ("shape", load.shape.is_some()),
        ("arrival", load.arrival.is_some()),
        ("lasting", load.lasting.is_some()),
    ];
    for (key, _) in foreign.into_iter().filter(|(_, written)| *written) {
        out.add(&path(key), format!("a replay has no `{key}`"), "take it out: the file says all of it");
    }
    let Some(replay) = load.replay.as_ref().filter(|_| own.is_none()) else { return };
    if !(replay.speed.is_finite() && (1e-3..=1e3).contains(&replay.speed)) {
        let message = format!("a speed of {} cannot be used", replay.speed);
        let path: Vec<&str> = at.iter().copied().chain(["replay", "speed"]).collect();
        out.add(&path, message, "use a number from 0.001 to 1000; 2 means twice as fast");
    }
}

/// What only the resolved plan knows.
fn sizes(out: &mut Problems, scenario: &Scenario) {
    let plan = Plan::resolve(&Scenario { trials: std::num::NonZeroU32::MIN, ..scenario.clone() });
    let unread = scenario.load.replay.as_ref().is_some_and(|replay| replay.trace.is_none());
    for (index, variant) in plan.variants.iter().enumerate() {
        let index = index.to_string();
        let own = ["variant", &index, "load"];
        let at = if variant.load.is_some() { &own[..] } else { &["load"] };
        let load = plan.load_of(variant);
        let key = ["rate", "requests", "replay"]
            [usize::from(load.closed.is_some()) + 2 * usize::from(load.replay.is_some())];
        let path: Vec<&str> = at.iter().copied().chain([key]).collect();
        let (spans, requests) = (plan.spans_per_trial(variant), plan.requests_per_trial(variant));
        if spans > MAX_SPANS {
            let message = format!("{spans} spans per trial are more than the {MAX_SPANS} a ledger can hold");
            out.add(&path, message, "lower the rate, the length or the spans per request");
        } else if requests < 2 && !unread {
            out.add(&path, "this load has no request to measure", "raise the rate or the length");
        } else if load.replay.is_some() && load.lasting < SHORTEST && !unread {
            let message =
                format!("after {} of warm-up the replay has only {} left", load.warmup, load.lasting);
            out.add(
                &[at, &["warmup"]].concat(),
                message,
                "use a shorter warm-up: at least 100ms must be left",
            );
        } else {
            continue;
        }
        // The base once, not for every variant that has it.
        if variant.load.is_none() {
            return;
        }
    }
}
