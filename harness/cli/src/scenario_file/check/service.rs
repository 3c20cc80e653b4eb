//! Services: names, calls, and what a program of the user's own needs and cannot take.

mod path;

use std::collections::BTreeSet;

use spanfate_model::fault::MOST_HELD;
use spanfate_model::plan::topology::{TopologyError, called_by, shares};
use spanfate_model::quantity::unit::Period;
use spanfate_model::scenario::{Fixture, Root, Scenario, Service, WitnessMode};
use spanfate_run::fixture::target_of;

use super::{Problems, exporter, name, ratio, whole};

/// Most services of a chain: each is a process of its own.
const MOST_SERVICES: usize = 32;
/// Longest time that a call or a shutdown may take.
const LONGEST: Period = Period::millis(3_600_000);

pub(super) fn services(out: &mut Problems, scenario: &Scenario) {
    let services = &scenario.services;
    if services.is_empty() || services.len() > MOST_SERVICES {
        let message = format!("{} services cannot be run", services.len());
        out.add(&["service"], message, &format!("use 1 to {MOST_SERVICES}"));
    }
    // `[service]` has no index in its paths.
    let mut seen = BTreeSet::new();
    for (index, service) in services.iter().enumerate() {
        let index = index.to_string();
        one(out, &index, service);
        if !seen.insert(service.name.as_str()) {
            let message = format!("service `{}` stands here twice", service.name);
            out.add(&["service", &index, "name"], message, "give each a name of its own");
        }
        if index != "0" {
            called(out, &index, service);
        }
    }
    path::paths(out, scenario);
    witness(out, services);
    chain(out, services);
    own(out, scenario);
}

fn one(out: &mut Problems, index: &str, service: &Service) {
    if !service.name.is_empty() {
        name(out, &["service", index, "name"], &service.name);
    }
    whole(out, &["service", index, "shutdown"], service.shutdown, 1_000_000, "ms");
    whole(out, &["service", index, "cpu"], service.cpu, 1_000, "us");
    whole(out, &["service", index, "sleep"], service.sleep, 1_000, "us");
    for (key, period) in [("shutdown", service.shutdown), ("cpu", service.cpu), ("sleep", service.sleep)] {
        if period > LONGEST {
            out.add(
                &["service", index, key],
                format!("`{key}` is longer than {LONGEST}"),
                "use a shorter time",
            );
        }
    }
    let at = ["service", index, "exporter"];
    exporter(out, &at, &service.exporter);
    ratio(out, &at, &service.exporter, &service.exporter);
    if service.allocate > MOST_HELD {
        let message = format!("`allocate` must be at most {MOST_HELD}");
        out.add(&["service", index, "allocate"], message, "it is for every request");
    }
    if service.span_names.iter().any(String::is_empty) {
        out.add(&["service", index, "span_names"], "a span without a name", "name it, or take it out");
    }
    if let Some(name) = service.key_spans.iter().find(|name| !service.span_names.contains(name)) {
        let message = format!("no child span is called `{name}`");
        out.add(&["service", index, "key_spans"], message, "name one of `span_names`");
    }
    if service.fixture == Fixture::Store && !service.is_own() {
        store(out, index, service);
    }
}

/// What a store would have no use for.
fn store(out: &mut Problems, index: &str, service: &Service) {
    if !service.calls.is_empty() || service.cache.is_some() {
        out.add(&["service", index], "a store calls nobody", "take out `calls` and `cache`");
    }
    if !service.span_names.is_empty() {
        out.add(&["service", index, "span_names"], "a store makes no spans", "take it out");
    }
}

/// A service that others call: only the load sends a context of its own making.
fn called(out: &mut Problems, index: &str, service: &Service) {
    if matches!(service.root, Some(Root::RemoteSampled | Root::RemoteUnsampled)) {
        let message = "only the first service gets its context from the load";
        let help = "leave `root` out: the caller's context is taken up; `root = \"local\"` loses it";
        out.add(&["service", index, "root"], message, help);
    }
}

/// Without one service's ledger nobody could say which of its spans are missing.
fn witness(out: &mut Problems, services: &[Service]) {
    let mut modes = services.iter().filter(|service| service.makes_spans()).map(|service| service.witness);
    let first = modes.next().unwrap_or(WitnessMode::Full);
    if modes.any(|mode| mode != first) {
        let help = "use the same `witness` everywhere; `[[variant]] witness = \"off\"` switches all of them";
        out.add(&["service"], "some services have their process witness and some have not", help);
    }
}

fn chain(out: &mut Problems, services: &[Service]) {
    if let Some(first) = services.first().filter(|first| first.fixture != Fixture::Http && !first.is_own()) {
        let message = format!("the load speaks HTTP, the first service {}", first.fixture.as_str());
        out.add(&["service", "0", "fixture"], message, "put a service with `fixture = \"http\"` before it");
    }
    for (index, caller) in services.iter().enumerate() {
        let at = index.to_string();
        for called in caller.calls.iter().filter_map(|name| services.iter().find(|other| other.name == *name))
        {
            if called.fixture == Fixture::Store && !called.is_own() {
                let message = format!("`{}` is a store, which is reached by a cache", called.name);
                let help = format!("write cache = {{ store = \"{}\" }}", called.name);
                out.add(&["service", &at, "calls"], message, &help);
            }
        }
        let store =
            caller.cache.as_ref().and_then(|cache| services.iter().find(|other| other.name == cache.store));
        if store.is_some_and(|store| store.fixture != Fixture::Store) {
            let message = "a cache stands before a store";
            out.add(&["service", &at, "cache"], message, "name a service with `fixture = \"store\"`");
        }
        if let Err(error @ TopologyError::Unknown { .. }) = called_by(services, index) {
            let known: Vec<&str> = services.iter().map(|service| service.name.as_str()).collect();
            let help = format!("known: {}", known.join(", "));
            out.add(&["service", &at, "calls"], error.to_string(), &help);
            return;
        }
    }
    match shares(services) {
        Err(error) => out.add(&["service"], error.to_string(), "calls must end somewhere"),
        Ok(shares) => {
            for (service, _) in services.iter().zip(&shares).filter(|(_, share)| share.visits == 0) {
                let message = format!("nobody calls `{}`", service.name);
                out.add(&["service"], message, "name it in another service's `calls`, or take it out");
            }
        }
    }
}

/// A program of the user's own: what it must say, and what only a fixture can do.
fn own(out: &mut Problems, scenario: &Scenario) {
    let services = &scenario.services;
    for (index, service) in services.iter().enumerate() {
        let index = index.to_string();
        let for_own = [
            ("build", !service.build.is_empty()),
            ("directory", service.directory.is_some()),
            ("env", !service.env.is_empty()),
            ("ready", service.ready.is_some()),
            ("url", service.url.is_some()),
        ];
        if !service.is_own() {
            for (key, _) in for_own.iter().filter(|(_, given)| *given) {
                let help = "give `command` as well, or take it out";
                out.add(&["service", &index, key], format!("`{key}` is for a program of your own"), help);
            }
            continue;
        }
        if service.url.is_none() {
            let help = "say what to load, for example url = \"http://127.0.0.1:{port}/work\"";
            out.add(&["service", &index], "`command` needs a `url`", help);
        }
        for (key, url) in [("url", &service.url), ("ready", &service.ready)] {
            if let Some(url) = url.as_ref().filter(|url| target_of(url).is_none()) {
                let help = "use one of this machine, like http://127.0.0.1:{port}/work";
                out.add(&["service", &index, key], format!("`{url}` cannot be loaded"), help);
            }
        }
        if services.len() > 1 {
            let help = "put it in a scenario of its own, as the only service";
            out.add(
                &["service", &index, "command"],
                "a program of your own cannot be part of a chain yet",
                help,
            );
        }
        if service.root == Some(Root::Local) {
            let help = "leave `root` out: the load sends traceparent, so that its traces can be told apart";
            out.add(&["service", &index, "root"], "a program of your own cannot make our trace ids", help);
        }
        knobs(out, scenario, &index, service);
    }
}

/// What reaches the SDK by code only does not reach a program we did not write.
fn knobs(out: &mut Problems, scenario: &Scenario, index: &str, service: &Service) {
    let places = std::iter::once((vec!["exporter"], scenario.exporter))
        .chain(std::iter::once((vec!["service", index, "exporter"], service.exporter)));
    let variants: Vec<String> = (0..scenario.variant.len()).map(|index| index.to_string()).collect();
    let of_variants = scenario
        .variant
        .iter()
        .zip(&variants)
        .map(|(variant, index)| (vec!["variant", index.as_str(), "exporter"], variant.exporter));
    for (at, exporter) in places.chain(of_variants) {
        let by_code = [
            ("on_full", exporter.on_full.is_some()),
            ("retry", exporter.retry.is_some()),
            ("via", exporter.via.is_some()),
        ];
        for (key, _) in by_code.iter().filter(|(_, given)| *given) {
            let path: Vec<&str> = at.iter().copied().chain([*key]).collect();
            let message = format!("`{key}` has no variable, so it cannot reach a program of your own");
            out.add(&path, message, "take it out, or set it in your code");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::scenario_file::parse::parse;

    #[test]
    fn what_a_fixture_could_not_do_is_shown_where_it_stands() {
        let store =
            "[[service]]\nfixture = 'http'\ncache = { store = 'store' }\n[[service]]\nfixture = 'store'\n";
        let cases = [
            ("[service]\nspan_names = ['a', '']\n", "without a name", "['a', '']"),
            ("[service]\nspan_names = ['a']\nkey_spans = ['b']\n", "no child span is called `b`", "['b']"),
            ("[service]\nallocate = '9GiB'\n", "at most 8GiB", "'9GiB'"),
            (&format!("{store}span_names = ['a']\n"), "makes no spans", "['a']"),
            (&format!("{store}[plant]\nservice = 'store'\nfilter = 1\n"), "exports no spans", "'store'"),
        ];
        for (services, message, place) in cases {
            let text = format!("name = 'x'\n[load]\nrate = '5/s'\nlasting = '1s'\n{services}");
            let found = parse(&text, Path::new(".")).err().unwrap_or_default();
            let said: Vec<_> = found
                .iter()
                .map(|d| (d.message.clone(), d.span.clone().map_or("", |span| &text[span])))
                .collect();
            assert_eq!(said.len(), 1, "{services}: {said:?}");
            assert!(said[0].0.contains(message) && said[0].1 == place, "{services}: {said:?}");
        }
    }
}
