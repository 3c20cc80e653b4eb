//! The load: what may stand beside what, and what a ledger can hold.

use spanfate_model::plan::Plan;
use spanfate_model::quantity::unit::Period;
use spanfate_model::scenario::{Load, LoadOverride, Scenario, Shape};

use super::{Problems, Resolved};

/// Most spans of one trial: its ledger takes 128 bytes each.
const MAX_SPANS: u64 = 100_000_000;
/// Most connections of a closed load.
const MAX_CONNECTIONS: u32 = 10_000;
/// Longest load, warm-up included: a year is more than anybody waits for, and far from where nanoseconds end.
const LONGEST: Period = Period::millis(366 * 86_400_000);
/// Most bursts: each is a piece of the schedule's curve.
const MOST_BURSTS: u64 = 1_000_000;
/// Shortest measured part.
const SHORTEST: Period = Period::millis(100);

/// Checks the load of the scenario and those of the variants, then what they come to.
pub(super) fn loads(out: &mut Problems, scenario: &Scenario, resolved: &Resolved<'_>) {
    let before = out.len();
    one(out, &["load"], &scenario.load, None);
    for (index, variant) in scenario.variant.iter().enumerate() {
        if let Some(own) = &variant.load {
            let index = index.to_string();
            one(out, &["variant", &index, "load"], &own.over(&scenario.load), Some(own));
        }
    }
    if out.len() == before {
        sizes(out, scenario, resolved.plan());
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
    let steps = match &load.shape {
        Some(Shape::Steps(steps)) => sum(steps.iter().map(|step| step.lasting)),
        _ => Period::default(),
    };
    let parts = [load.warmup.unwrap_or_default(), load.lasting.unwrap_or_default(), steps];
    if sum(parts.into_iter()) > LONGEST && (own.is_none() || by_steps) {
        let message = "warm-up and load together take more than a year";
        out.add(&path(if by_steps { "shape" } else { "lasting" }), message, "use a shorter one");
    }
    shape(out, &path("shape"), load);
}

fn sum(periods: impl Iterator<Item = Period>) -> Period {
    periods.fold(Period::default(), |sum, period| Period(sum.0.saturating_add(period.0)))
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
            } else if sum(steps.iter().map(|step| step.lasting)) < SHORTEST {
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
            } else if load.lasting.unwrap_or_default().nanos() / bursts.every.nanos() > MOST_BURSTS {
                let message = format!("a burst every {} comes more than {MOST_BURSTS} times", bursts.every);
                out.add(&path("every"), message, "use fewer bursts or a shorter load");
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
fn sizes(out: &mut Problems, scenario: &Scenario, plan: &Plan) {
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
        } else if load.lasting > LONGEST {
            out.add(&path, "this load takes more than a year", "use a shorter one, or a higher `speed`");
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::super::parse::parse;

    /// Message and place of every mistake of a load.
    fn mistakes(load: &str) -> Vec<(String, String)> {
        mistakes_in(load, Path::new("."))
    }

    fn mistakes_in(load: &str, folder: &Path) -> Vec<(String, String)> {
        let text = format!("name = 'x'\n[load]\n{load}\n");
        let found = parse(&text, folder).err().unwrap_or_default();
        found
            .into_iter()
            .map(|d| (d.message, d.span.map(|s| text[s].to_owned()).unwrap_or_default()))
            .collect()
    }

    #[test]
    fn good_loads_have_no_mistakes() {
        let good = [
            "rate = '5/s'\nlasting = '1s'\nshape = 'constant'",
            "rate = '5/s'\nlasting = '1s'\nshape = { ramp = { to = '50/s' } }\narrival = 'poisson'",
            "shape = { steps = [{ rate = '5/s', lasting = '1s' }, { rate = '9/s', lasting = '50ms' }] }",
            "rate = '5/s'\nlasting = '1s'\nshape = { bursts = { rate = '50/s', every = '2s', lasting = '200ms' } }",
            "model = 'closed'\nconnections = 5\nrequests = 5",
            "rate = '5/s'\nlasting = '1s'\n[[variant]]\nname = 'c'\nload = { model = 'closed', connections = 2, requests = 9 }",
            "rate = '5/s'\nlasting = '1s'\n[[variant]]\nname = 's'\nload = { shape = { steps = [{ rate = '9/s', lasting = '2s' }] } }",
        ];
        for load in good {
            assert_eq!(mistakes(load), [], "{load}");
        }
    }

    #[test]
    fn every_mistake_is_shown_where_it_stands() {
        let steps = "shape = { steps = [{ rate = '5/s', lasting = '1s' }] }";
        let cases = [
            ("lasting = '1s'", "missing key `rate`", "[load]"),
            ("rate = '5/s'", "missing key `lasting`", "[load]"),
            ("rate = '5/s'\nlasting = '1s'\nconnections = 5", "belongs to a closed load", "5"),
            ("rate = '5/s'\nlasting = '1s'\nmodel = 'opne'", "unknown value `opne`", "'opne'"),
            (&format!("rate = '7/s'\n{steps}"), "the steps say the rate", "'7/s'"),
            (&format!("lasting = '1s'\n{steps}"), "the steps say the length", "'1s'"),
            ("shape = { steps = [] }", "too short", "{ steps = [] }"),
            ("shape = { steps = [{ rate = '5/s', lasting = '1us' }] }", "takes no time", "'1us'"),
            ("rate = '5/s'\nlasting = '1s'\nshape = { ramp = { to = '0/s' } }", "above zero", "'0/s'"),
            ("rate = '5/s'\nlasting = '1s'\nshape = { ramp = { too = '9/s' } }", "unknown key `too`", "too"),
            ("rate = '5/s'\nlasting = '1s'\nshape = { rmp = { to = '9/s' } }", "unknown value `rmp`", "rmp"),
            (
                "rate = '5/s'\nlasting = '1s'\nshape = { bursts = { rate = '50/s', every = '1s', lasting = '1s' } }",
                "does not end before the next",
                "'1s'",
            ),
            ("model = 'closed'\nrequests = 5", "missing key `connections`", "[load]"),
            ("model = 'closed'\nconnections = 5\nrequests = 4", "4 requests leave connections", "4"),
            ("model = 'closed'\nconnections = 5\nrequests = 9\nwarmup = '1s'", "no `warmup`", "'1s'"),
            ("model = 'closed'\nconnections = 5\nrequests = 9\nrate = '1/s'", "no `rate`", "'1/s'"),
            ("model = 'closed'\nconnections = 20000\nrequests = 20000", "more than 10000", "20000"),
            ("rate = '0.1/s'\nlasting = '1s'\nwarmup = '0s'", "no request to measure", "'0.1/s'"),
            ("rate = '0.1/s'\nlasting = '9000h'", "more than a year", "'9000h'"),
            (
                "shape = { steps = [{ rate = '1/s', lasting = '2400000h' }, { rate = '1/s', lasting = '2400000h' }, { rate = '1/s', lasting = '2400000h' }] }",
                "more than a year",
                "{ steps = [{ rate = '1/s', lasting = '2400000h' }, { rate = '1/s', lasting = '2400000h' }, { rate = '1/s', lasting = '2400000h' }] }",
            ),
            (
                "rate = '0.1/s'\nlasting = '8000h'\nshape = { bursts = { rate = '0.1/s', every = '2ms', lasting = '1ms' } }",
                "more than 1000000 times",
                "'2ms'",
            ),
            ("replay = { file = 'none.txt' }", "could not read", "'none.txt'"),
            ("replay = { file = 'none.txt', speed = 0.0 }", "speed of 0", "0.0"),
            ("replay = { file = 'none.txt' }\nrate = '5/s'", "a replay has no `rate`", "'5/s'"),
            (
                "rate = '5/s'\nlasting = '1s'\n[[variant]]\nname = 'c'\nload = { connections = 5 }",
                "belongs to a closed load",
                "5",
            ),
            (
                "rate = '5/s'\nlasting = '1s'\n[[variant]]\nname = 'c'\nload = { warmup = '1s' }",
                "unknown key `warmup`",
                "warmup",
            ),
        ];
        for (load, message, place) in cases {
            let found = mistakes(load);
            assert!(
                found.iter().any(|(said, at)| said.contains(message) && at == place),
                "{load}: {message} at {place}: {found:?}"
            );
            // The missing file of a replay is a mistake beside the one that is meant; so is the key that a wrong one stands for.
            let two = (load.contains("none.txt") && !message.contains("read")) || load.contains("too");
            let most = 1 + usize::from(two);
            assert!(found.len() <= most, "{load}: {found:?}");
        }
    }

    #[test]
    fn a_replay_is_read_with_its_scenario() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("good.txt"), "10\n11.5\n13\n").unwrap();
        fs::write(folder.path().join("bad.txt"), "10\n\n9\n").unwrap();
        fs::write(folder.path().join("short.txt"), "10\n10.2\n").unwrap();
        let found = |load: &str| mistakes_in(load, folder.path());
        assert_eq!(found("replay = { file = 'good.txt' }"), []);
        let bad = found("replay = { file = 'bad.txt' }");
        assert!(bad[0].0.starts_with("bad.txt, line 3: it is earlier"), "{bad:?}");
        assert_eq!(bad[0].1, "'bad.txt'");
        fs::write(folder.path().join("year.txt"), "0\n31000000\n").unwrap();
        let year = found("replay = { file = 'year.txt', speed = 0.001 }");
        assert!(year[0].0.contains("more than a year"), "{year:?}");
        let short = found("replay = { file = 'short.txt' }\nwarmup = '150ms'");
        assert!(short[0].0.contains("has only"), "{short:?}");
        assert_eq!(short[0].1, "'150ms'");
        let scenario =
            parse("name = 'x'\n[load]\nreplay = { file = 'good.txt', speed = 2 }\n", folder.path());
        let trace = scenario.unwrap().0.load.replay.unwrap().trace.unwrap();
        assert_eq!(trace.at, [0, 1_500_000_000, 3_000_000_000]);
    }
}
