//! Faults: what they are put on, when they begin, and what cannot act at the same time.

mod bounds;
mod code;
mod kind;
mod link;
mod links;
mod overlap;
mod sampling;
mod timing;

use std::collections::BTreeMap;

use spanfate_model::fault::{Family, MOST, Target};
use spanfate_model::scenario::{Fault, Fixture, Scenario, Service, Variant};

use super::{Problems, Resolved, for_variants, meant, pipeline, variant_names};

/// A fault as it is checked: resolved, with the place where it stands.
struct Checked<'a> {
    fault: &'a Fault,
    on: Target,
    /// Its index in the file, as text.
    index: String,
}

impl Checked<'_> {
    fn add(&self, out: &mut Problems, key: &str, message: impl Into<String>, help: &str) {
        let path = ["fault", &self.index, key];
        out.add(if key.is_empty() { &path[..2] } else { &path }, message, help);
    }

    /// A problem inside the value of its kind.
    fn add_in_kind(&self, out: &mut Problems, key: &str, message: impl Into<String>, help: &str) {
        out.add(&["fault", &self.index, "kind", self.fault.kind.name(), key], message, help);
    }
}

/// Checks all faults.
pub(super) fn faults(out: &mut Problems, scenario: &Scenario, resolved: &Resolved<'_>) {
    if scenario.fault.is_empty() {
        return;
    }
    let first = scenario.services.first().map_or("", |service| service.name.as_str());
    let all: Vec<Checked<'_>> = scenario
        .fault
        .iter()
        .enumerate()
        .map(|(index, fault)| Checked { fault, on: fault.target(first), index: index.to_string() })
        .collect();
    names(out, scenario);
    for checked in &all {
        let before = out.len();
        variants(out, scenario, checked);
        place(out, scenario, checked);
        kind::ranges(out, scenario, checked);
        if out.len() == before {
            timing::check(out, scenario, resolved, checked);
        }
    }
    counts(out, scenario, &all);
    overlap::check(out, scenario, resolved.plan(), &all);
}

/// `load -> x` and `x -> receiver` must mean what they say.
fn names(out: &mut Problems, scenario: &Scenario) {
    for (index, service) in scenario.services.iter().enumerate() {
        if Target::RESERVED.contains(&service.name.as_str()) {
            let index = index.to_string();
            let message = format!("beside faults no service can be called `{}`", service.name);
            out.add(&["service", &index, "name"], message, "give it another name");
        }
    }
}

fn variants(out: &mut Problems, scenario: &Scenario, checked: &Checked<'_>) {
    if let Some(name) = &checked.fault.name {
        super::name(out, &["fault", &checked.index, "name"], name);
    }
    let path = ["fault", &checked.index, "variants"];
    for_variants(out, &path, "fault", checked.fault.variants.as_deref(), &variant_names(scenario));
}

/// The variants that have a fault, by index; 0 where the file names none.
fn having(scenario: &Scenario, fault: &Fault) -> Vec<usize> {
    let plain = [Variant::default()];
    let variants = if scenario.variant.is_empty() { &plain[..] } else { &scenario.variant };
    variants.iter().enumerate().filter(|(_, variant)| fault.is_of(variant)).map(|(index, _)| index).collect()
}

fn counts(out: &mut Problems, scenario: &Scenario, all: &[Checked<'_>]) {
    let mut of_variant: BTreeMap<usize, usize> = BTreeMap::new();
    for checked in all {
        for variant in having(scenario, checked.fault) {
            let count = of_variant.entry(variant).or_insert(0);
            *count += 1;
            if *count == MOST + 1 {
                let message = format!("a variant can have at most {MOST} faults");
                checked.add(out, "", message, "use `every` for what repeats, or fewer faults");
            }
        }
    }
}

fn place(out: &mut Problems, scenario: &Scenario, checked: &Checked<'_>) {
    let engine = scenario.pipeline.engine();
    let engine = engine.as_ref().map(|engine| engine.name.as_str());
    let hops = || scenario.pipeline.hop.iter().map(|hop| hop.name.as_str()).chain(engine);
    let hop = |name: &str| hops().any(|known| known == name);
    let known: Vec<&str> =
        scenario.services.iter().map(|service| service.name.as_str()).chain(hops()).collect();
    let find = |name: &str| scenario.services.iter().find(|service| service.name == name);
    let unknown = |out: &mut Problems, name: &str| {
        checked.add(out, "on", format!("there is no service `{name}`"), &meant(name, &known));
    };
    let kind = checked.fault.kind.name();
    match (checked.fault.kind.family(), &checked.on) {
        // Which exporters a configuration of the user's has is seen when it is read.
        (Family::Network, Target::Link { from: Some(from), to: Some(to) })
            if pipeline::has_own_config(scenario, from) && find(to).is_none() && !hop(to) => {}
        (Family::Network, Target::Link { from, to }) => {
            let strangers: Vec<&String> =
                [from, to].into_iter().flatten().filter(|n| find(n).is_none() && !hop(n)).collect();
            for name in &strangers {
                unknown(out, name);
            }
            if strangers.is_empty() && !links::is_one(scenario, from.as_deref(), to.as_deref()) {
                let help = format!("links: {}", links::all(scenario).join(", "));
                checked.add(out, "on", format!("there is no link `{}`", checked.on), &help);
            }
        }
        (Family::Network, _) => {
            let help = format!("write on = \"a -> b\"; links: {}", links::all(scenario).join(", "));
            checked.add(out, "on", format!("`{kind}` is a fault of a link, not of `{}`", checked.on), &help);
        }
        (Family::Process, Target::Service(name)) if hop(name) && kind != "oom" => {}
        (Family::Process | Family::Code, Target::Service(name)) if hop(name) => {
            let help = "use another fault of a process, or put it on a service";
            let what = if engine == Some(name) { "storage engine" } else { "collector" };
            let message = format!("`{kind}` happens inside a fixture, and `{name}` is a {what}");
            checked.add(out, "on", message, help);
        }
        (Family::Process | Family::Code, Target::Service(name)) => match find(name) {
            None => unknown(out, name),
            Some(service) => inside(out, checked, service),
        },
        (Family::Process | Family::Code, _) => {
            let help = format!("name one of: {}", known.join(", "));
            checked.add(
                out,
                "on",
                format!("`{kind}` is a fault of a service, not of `{}`", checked.on),
                &help,
            );
        }
        (Family::Receiver, Target::Receiver)
            if scenario.pipeline.engine().is_some_and(|engine| engine.alone) =>
        {
            let help = "put `receiver` among the ends, or take the fault out";
            checked.add(out, "kind", "there is no receiver that could answer: the path ends elsewhere", help);
        }
        (Family::Receiver, Target::Receiver) => {}
        (Family::Receiver, _) => {
            checked.add(out, "on", "`answer` is a fault of the receiver", "leave `on` out");
        }
    }
}

/// What only a fixture can do.
fn inside(out: &mut Problems, checked: &Checked<'_>, service: &Service) {
    let kind = checked.fault.kind.name();
    if kind == "reload" {
        let message = format!("`reload` is of a collector, and `{}` is a service", service.name);
        checked.add(out, "on", message, "put it on a hop of the pipeline: `on = \"agent\"`");
        return;
    }
    let needs_code = checked.fault.kind.family() == Family::Code || kind == "oom";
    if service.is_own() && needs_code {
        let help = "use a fault of its process or of a link, or a fixture in its place";
        checked.add(
            out,
            "on",
            format!("`{kind}` happens inside a fixture, and `{}` is your own program", service.name),
            help,
        );
    } else if service.fixture == Fixture::Store && !service.is_own() && needs_code {
        let help = "put it on the service with the `cache`";
        checked.add(
            out,
            "on",
            format!("`{kind}` happens inside a service that makes spans, and `{}` is a store", service.name),
            help,
        );
    }
    let restarts = checked.fault.kind.ends_process().flatten().is_some();
    if service.is_own() && restarts {
        let help = "take `restart_after` out";
        checked.add(out, "kind", "a program of your own cannot be started again in a trial yet", help);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::scenario_file::parse::parse;

    const GOOD: &str = "name = 'x'\n[load]\nrate = '500/s'\nlasting = '5s'\nwarmup = '1s'\n";

    /// Messages with the text they point at.
    fn found(text: &str) -> Vec<(String, String)> {
        let text = format!("{GOOD}{text}");
        let all = parse(&text, Path::new(".")).err().unwrap_or_default();
        all.into_iter().map(|d| (d.message, d.span.map(|s| text[s].to_owned()).unwrap_or_default())).collect()
    }

    /// One fault after another: what is said of it, and where it points.
    fn cases(base: &str, cases: &[(&str, &str, &str)]) {
        for (fault, message, place) in cases {
            let text = format!("{base}[[fault]]\n{fault}\n");
            let found = found(&text);
            assert_eq!(found.len(), 1, "{fault}: {found:?}");
            assert!(found[0].0.contains(message), "{fault}: {found:?}");
            assert!(found[0].1.contains(place), "{fault}: points at `{}`", found[0].1);
        }
    }

    #[test]
    fn faults_that_can_happen_are_taken() {
        for fault in [
            "at = '1s'\nkind = 'pause'\nfor = '1s'",
            "at = '1s..3s'\nkind = { kill = {} }",
            "when = { queue_at_least = 2000, export_in_flight = true }\nkind = { kill = { restart_after = '1s' } }",
            "requests = { from = 3, to = 5 }\nkind = { answer = { status = { grpc = 'UNAVAILABLE', retry_after = '1s' } } }",
            "at = '1s'\nfor = '1s'\nevery = '2s'\non = 'load -> http'\nkind = { latency = { delay = '5ms', jitter = '5ms' } }",
            "at = '1s'\nkind = { context_lost = { how = 'background', one_in = 10 } }",
            "at = '1s'\nkind = { gc = { allocate = '64GiB', memory_limit = '64GiB', gogc = 100000 } }",
            "at = '1s'\nkind = { clock_step = { by = '24h', back = true } }",
        ] {
            let found = found(&format!("[[fault]]\n{fault}\n"));
            assert!(found.is_empty(), "{fault}: {found:?}");
        }
    }

    #[test]
    fn what_a_fault_is_put_on_must_be_there_and_fit() {
        cases(
            "",
            &[
                (
                    "at = '1s'\non = 'htpp'\nkind = 'pause'\nfor = '1s'",
                    "there is no service `htpp`",
                    "'htpp'",
                ),
                ("at = '1s'\non = 'http'\nkind = 'down'", "`down` is a fault of a link", "'http'"),
                (
                    "at = '1s'\non = 'http -> http'\nkind = 'down'",
                    "there is no link `http -> http`",
                    "'http -> http'",
                ),
                (
                    "at = '1s'\non = 'load -> http'\nkind = 'pause'\nfor = '1s'",
                    "fault of a service",
                    "'load -> http'",
                ),
                ("at = '1s'\non = 'http'\nkind = { answer = 'goaway' }", "fault of the receiver", "'http'"),
                ("at = '1s'\nkind = { pool_exhausted = {} }", "a fault of a cache", ""),
                (
                    "at = '1s'\nkind = { context_lost = { how = 'strip', one_in = 2 } }",
                    "calls nobody",
                    "'strip'",
                ),
                (
                    "at = '1s'\nkind = { span_error = { what = 'body_unread', one_in = 2 } }",
                    "nobody over HTTP",
                    "'body_unread'",
                ),
                ("at = '1s'\nvariants = ['x']\nkind = 'down'", "there is no variant `x`", "['x']"),
            ],
        );
        let own = "[service]\ncommand = ['x']\nurl = 'http://127.0.0.1:{port}/'\n";
        cases(
            own,
            &[
                ("at = '1s'\nkind = { deep = { depth = 100, one_in = 1 } }", "your own program", ""),
                ("at = '1s'\nkind = { kill = { restart_after = '1s' } }", "cannot be started again", ""),
            ],
        );
    }

    #[test]
    fn a_fault_that_never_begins_or_never_ends_is_refused() {
        cases(
            "",
            &[
                ("kind = 'down'", "does not say when it begins", ""),
                ("at = '6s'\nkind = 'down'", "may never happen", "'6s'"),
                ("at = '5s..7s'\nkind = 'down'", "may never happen", "'5s..7s'"),
                ("at = '1s'\nfor = '0s'\nkind = 'down'", "no length", "'0s'"),
                ("at = '1s'\nfor = '1s'\nkind = { kill = {} }", "happens at one moment", "'1s'"),
                ("at = '1s'\nevery = '2s'\nkind = { kill = {} }", "does not come back", "'2s'"),
                ("at = '1s'\nfor = '2s'\nevery = '2s'\nkind = 'down'", "before it has ended", "'2s'"),
                ("at = '1s'\nuntil = '2s'\nkind = 'down'", "says how long a fault is repeated", "'2s'"),
                ("when = {}\nkind = 'down'", "names no state", "{}"),
                ("when = { queue_at_least = 2049 }\nkind = 'down'", "the queue holds 2048 spans", "2049"),
                ("when = { spans_created = 15001 }\nkind = 'down'", "makes 15000 spans in a trial", "15001"),
                ("when = { service = 'x', queue_at_least = 1 }\nkind = 'down'", "no service `x`", "'x'"),
                ("requests = { from = 1 }\nkind = 'down'", "only the receiver counts", "{ from = 1 }"),
                (
                    "requests = { from = 5, to = 1 }\nkind = { answer = 'goaway' }",
                    "`to` is before `from`",
                    "",
                ),
                ("requests = { from = 5 }\nkind = { answer = 'down' }", "gets no requests", ""),
                ("at = '1s'\nat_least = 0\nkind = 'down'", "a dose of 0", "0"),
            ],
        );
        let off = "[service]\nwitness = 'off'\n";
        cases(off, &[("when = { queue_at_least = 1 }\nkind = 'down'", "keeps no span ledger", "")]);
    }

    #[test]
    fn codes_and_ranges_that_do_not_exist_are_refused() {
        cases(
            "",
            &[
                (
                    "at = '1s'\nkind = { answer = { status = { grpc = 'UNAVAILBLE' } } }",
                    "UNAVAILBLE",
                    "'UNAVAILBLE'",
                ),
                ("at = '1s'\nkind = { answer = { status = { http = 200 } } }", "200", ""),
                ("at = '1s'\nkind = { answer = { status = {} } }", "", ""),
                (
                    "at = '1s'\nkind = { context_lost = { how = 'nope', one_in = 1 } }",
                    "unknown value `nope`",
                    "'nope'",
                ),
                ("at = '1s'\nkind = 'dawn'", "unknown value `dawn`", "'dawn'"),
                ("at = '1s'\nkind = { deep = { depth = 5, one_in = 1 } }", "not between 10 and 1000000", "5"),
                ("at = '1s'\nkind = { cpu = { quota = 0.0 } }", "must be 0.01 to 64", "0.0"),
                (
                    "at = '1s'\nkind = { latency = { delay = '1ms', jitter = '2ms' } }",
                    "larger than `delay`",
                    "'2ms'",
                ),
                ("at = '1s'\nkind = { gc = {} }", "no pressure", ""),
                ("at = '1s'\nkind = { gc = { gogc = 200000 } }", "not between -1 and 100000", "200000"),
                ("at = '1s'\nkind = { gc = { allocate = '65GiB' } }", "must be 1B to 64GiB", "'65GiB'"),
                ("at = '1s'\nkind = { clock_step = { by = '8785h' } }", "must be 1ms to", "'8785h'"),
                ("at = '1s'\nkind = { hang = { lasting = '1500us', one_in = 1 } }", "whole ms", "'1500us'"),
                (
                    "at = '1s'\nkind = { oom = { limit = '4GiB', grow = '9GiB' } }",
                    "must be at most 8GiB",
                    "'9GiB'",
                ),
                (
                    "at = '1s'\nkind = { oom = { limit = '64MiB', grow = '65MiB' } }",
                    "less than twice",
                    "'65MiB'",
                ),
            ],
        );
    }

    #[test]
    fn faults_that_undo_each_other_are_refused_where_they_overlap() {
        let second = |first: &str, second: &str| found(&format!("[[fault]]\n{first}\n[[fault]]\n{second}\n"));
        let down = "at = '1s'\nfor = '2s'\nkind = 'down'";
        let late = |at: &str| format!("at = '{at}'\nfor = '1s'\nkind = {{ latency = {{ delay = '5ms' }} }}");
        let message = &second(down, &late("2s"))[0].0;
        assert!(message.contains("overlaps fault 1 (`down`)"), "{message}");
        assert!(second(down, &late("3s")).is_empty());
        let killed = "at = '1s'\nkind = { kill = {} }";
        let paused = "at = '2s'\nfor = '1s'\nkind = 'pause'";
        assert!(second(killed, paused)[0].0.contains("does nothing more"));
        let back = "at = '1s'\nkind = { kill = { restart_after = '100ms' } }";
        assert!(second(back, paused).is_empty());
        // Faults of different families may meet.
        assert!(second(down, "at = '1s'\nfor = '2s'\nkind = { gc = { gogc = 5 } }").is_empty());
    }
}
