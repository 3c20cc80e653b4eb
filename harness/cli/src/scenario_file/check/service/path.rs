//! Export paths of a fixture beside its main one, and span processors that hide spans.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use spanfate_model::format::slots::MOST_PATHS;
use spanfate_model::scenario::{ExportPath, Fixture, ProcessorKind, Scenario, Service, WitnessMode};

use super::{Problems, exporter};

/// Most tracer providers of a fixture.
const MOST_PROVIDERS: u8 = 3;
/// Longest name of a path.
const MOST_NAME: usize = 32;
/// What the main path is called beside others.
const MAIN: &str = "main";

pub(super) fn paths(out: &mut Problems, scenario: &Scenario) {
    for (index, service) in scenario.services.iter().enumerate() {
        let index = index.to_string();
        if service.keep.is_none() && service.paths.is_empty() {
            continue;
        }
        let key = if service.paths.is_empty() { "keep" } else { "path" };
        if service.is_own() {
            let help = "take it out: paths of your own program are set up in its code";
            out.add(&["service", &index, key], format!("`{key}` is for fixtures"), help);
            continue;
        }
        if service.fixture == Fixture::Store {
            out.add(&["service", &index, key], "a store exports nothing", "take it out");
            continue;
        }
        let off = |mode: Option<WitnessMode>| mode == Some(WitnessMode::Off);
        if off(Some(service.witness)) || scenario.variant.iter().any(|variant| off(variant.witness)) {
            let message =
                format!("`{key}` needs the process witness, which `witness = \"off\"` switches off");
            out.add(&["service", &index, key], message, "set witness = \"full\"");
        }
        keep(out, &["service", &index, "keep"], service.keep);
        further(out, &index, service);
    }
}

fn further(out: &mut Problems, index: &str, service: &Service) {
    let count = service.paths.len();
    if count > MOST_PATHS as usize {
        let message = format!("{count} further paths are too many");
        out.add(&["service", index, "path"], message, &format!("use at most {MOST_PATHS}"));
    }
    let mut seen = BTreeSet::from([MAIN]);
    for (number, path) in service.paths.iter().enumerate() {
        let number = number.to_string();
        let at = ["service", index, "path", &number];
        name(out, &at, path);
        if !seen.insert(&path.name) {
            let message = format!("there is another path `{}` in this service", path.name);
            out.add(&[&at[..], &["name"]].concat(), message, "give each a name of its own");
        }
        keep(out, &[&at[..], &["keep"]].concat(), path.keep);
        provider(out, &at, path, service);
        knobs(out, &at, path);
    }
    children(out, index, service);
}

fn name(out: &mut Problems, at: &[&str], path: &ExportPath) {
    let good = (1..=MOST_NAME).contains(&path.name.len())
        && path.name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if !good {
        let message = format!("name `{}` cannot be used for a path", path.name.escape_debug());
        let help = format!("use 1 to {MOST_NAME} letters, digits, `-`, `_`");
        out.add(&[at, &["name"]].concat(), message, &help);
    }
}

fn keep(out: &mut Problems, at: &[&str], keep: Option<NonZeroU32>) {
    if keep == Some(NonZeroU32::MIN) {
        out.add(at, "one of one span hides nothing", "use `keep = 2` or more, or leave it out");
    }
}

fn provider(out: &mut Problems, at: &[&str], path: &ExportPath, service: &Service) {
    let key = |key| [at, &[key]].concat();
    if !(1..=MOST_PROVIDERS).contains(&path.provider) {
        let help = format!("use 1 for the main path's, 2 to {MOST_PROVIDERS} for one of its own");
        out.add(&key("provider"), format!("there is no provider {}", path.provider), &help);
        return;
    }
    if path.provider == 1 && path.spans.is_some() {
        let help = "take it out, or give the path a provider of its own";
        out.add(&key("spans"), "the first provider makes the spans that no other makes", help);
    }
    // Without the one before, its number would say something that is not so.
    if path.provider > 2 && !service.paths.iter().any(|other| other.provider == path.provider - 1) {
        let help = format!("use provider = {}", path.provider - 1);
        out.add(&key("provider"), format!("there is no path of provider {}", path.provider - 1), &help);
    }
}

/// Child spans of a request are made by one tracer each.
fn children(out: &mut Problems, index: &str, service: &Service) {
    let mut taken = 0;
    for provider in 2..=MOST_PROVIDERS {
        let mut of_it = (0_usize..).zip(&service.paths).filter(|(_, path)| path.provider == provider);
        let Some((_, first)) = of_it.next() else { continue };
        taken += u64::from(first.children());
        for (number, path) in of_it.filter(|(_, path)| path.children() != first.children()) {
            let message = format!(
                "the tracer of provider {provider} cannot make {} child spans here and {} for path `{}`",
                path.children(),
                first.children(),
                first.name
            );
            let number = number.to_string();
            out.add(&["service", index, "path", &number], message, "give both the same `spans`");
        }
    }
    let there = u64::from(service.spans_per_request.get()) - 1;
    if taken > there {
        let message = format!("other providers make {taken} child spans, and a request has {there}");
        out.add(&["service", index, "path"], message, "use more `spans_per_request`, or fewer `spans`");
    }
}

fn knobs(out: &mut Problems, at: &[&str], path: &ExportPath) {
    let at = [at, &["exporter"]].concat();
    let knobs = &path.exporter;
    exporter(out, &at, knobs);
    let of_main = [
        ("sampler", knobs.sampler.is_some(), "spans are sampled once, before any path: set it in [exporter]"),
        ("ratio", knobs.ratio.is_some(), "spans are sampled once, before any path: set it in [exporter]"),
        ("via", knobs.via.is_some(), "a further path is always set by option"),
    ];
    for (key, _, help) in of_main.iter().filter(|(_, given, _)| *given) {
        out.add(&[&at[..], &[key]].concat(), format!("`{key}` is not for a further path"), help);
    }
    if path.processor == ProcessorKind::Simple {
        let of_queue = [
            ("queue", knobs.queue.is_some()),
            ("batch", knobs.batch.is_some()),
            ("delay", knobs.delay.is_some()),
            ("export_timeout", knobs.export_timeout.is_some()),
            ("on_full", knobs.on_full.is_some()),
        ];
        for (key, _) in of_queue.iter().filter(|(_, given)| *given) {
            let message = format!("`{key}` is for a queue, which a simple processor has not");
            out.add(&[&at[..], &[key]].concat(), message, "take it out, or use processor = \"batch\"");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::scenario_file::parse::parse;

    /// Message and place of every mistake of a scenario with these services.
    fn mistakes(services: &str) -> Vec<(String, String)> {
        let text = format!("name = 'x'\n[load]\nrate = '5/s'\nlasting = '1s'\n{services}");
        let found = parse(&text, Path::new(".")).err().unwrap_or_default();
        found
            .into_iter()
            .map(|d| (d.message, d.span.map(|span| text[span].to_owned()).unwrap_or_default()))
            .collect()
    }

    fn path(more: &str) -> String {
        format!("[service]\n[[service.path]]\nname = 'audit'\n{more}\n")
    }

    #[test]
    fn paths_of_a_fixture_are_taken() {
        let two = "[[service.path]]\nname = 'second'\nprovider = 2\nspans = 2\nprocessor = 'simple'\n\
                   exporter = { protocol = 'http/protobuf', timeout = '1s' }\n\
                   [[service.path]]\nname = 'third'\nprovider = 3\n";
        let one = path("keep = 2\nexporter = { queue = 64, on_full = 'block', retry = { enabled = false } }");
        for services in [one.clone(), format!("{one}{two}"), "[service]\nkeep = 3\n".to_owned()] {
            assert_eq!(mistakes(&services), [], "{services}");
        }
        let several =
            "[[service]]\ncalls = ['b']\n[[service]]\nname = 'b'\n[[service.path]]\nname = 'audit'\n";
        assert_eq!(mistakes(several), []);
    }

    #[test]
    fn what_a_path_cannot_be_is_shown_where_it_stands() {
        let other = "[[service.path]]\nname = 'other'\nprovider = 2\n";
        let cases = [
            (path("name2 = 1"), "unknown key `name2`", "name2"),
            (path("processor = 'simpel'"), "unknown value `simpel`", "'simpel'"),
            (path("provider = 4"), "no provider 4", "4"),
            (path("provider = 3"), "no path of provider 2", "3"),
            (path("spans = 2"), "makes the spans that no other", "2"),
            (path("keep = 1"), "hides nothing", "1"),
            (path("exporter = { sampler = 'always_on' }"), "`sampler` is not for", "'always_on'"),
            (path("exporter = { via = 'env' }"), "`via` is not for", "'env'"),
            (path("exporter = { queue = 0 }"), "at least 1", "0"),
            (path("processor = 'simple'\nexporter = { queue = 9 }"), "a simple processor has not", "9"),
            (path("").replace("'audit'", "'a.b'"), "cannot be used for a path", "'a.b'"),
            (path("").replace("'audit'", "'main'"), "another path `main`", "'main'"),
            (path("provider = 2\nspans = 2") + other, "cannot make 1 child spans", other),
            ("[service]\nkeep = 1\n".to_owned(), "hides nothing", "1"),
        ];
        for (services, message, place) in cases {
            let found = mistakes(&services);
            assert_eq!(found.len(), 1, "{services}: {found:?}");
            let (said, at) = &found[0];
            assert!(
                said.contains(message) && place.trim_end().starts_with(at.trim_end()),
                "{services}: {found:?}"
            );
        }
    }

    #[test]
    fn a_service_without_the_witness_or_the_spans_for_it_has_no_further_path() {
        let cases = [
            (path("").replace("[service]", "[service]\nwitness = 'off'"), "needs the process witness"),
            (path("") + "[[variant]]\nname = 'v'\nwitness = 'off'\n", "needs the process witness"),
            (path("provider = 2\nspans = 5"), "make 5 child spans, and a request has 4"),
            (
                "[[service]]\ncache = { store = 's' }\n[[service]]\nname = 's'\nfixture = 'store'\nkeep = 2\n".to_owned(),
                "a store exports nothing",
            ),
            (
                path("").replace("[service]", "[service]\ncommand = ['./x']\nurl = 'http://127.0.0.1:{port}/'"),
                "`path` is for fixtures",
            ),
        ];
        for (services, message) in cases {
            let found = mistakes(&services);
            assert!(found.len() == 1 && found[0].0.contains(message), "{services}: {found:?}");
        }
        let names = (0..16).map(|n| format!("[[service.path]]\nname = 'p{n}'\n"));
        let found = mistakes(&names.fold("[service]\n".to_owned(), |all, one| all + &one));
        assert!(found.len() == 1 && found[0].0.contains("16 further paths"), "{found:?}");
    }
}
