//! Designs under test, and span processors of variants.

use spanfate_model::scenario::{Design, Scenario, Service};

use super::{Problems, whole};

/// Only fixtures have them built in; a flush takes time.
pub(super) fn designs(out: &mut Problems, scenario: &Scenario) {
    let own = scenario.services.iter().any(Service::is_own);
    for (index, variant) in scenario.variant.iter().enumerate() {
        let index = index.to_string();
        for (key, is_set) in
            [("design", variant.design.is_some()), ("processor", variant.processor.is_some())]
        {
            if own && is_set {
                let message = format!("`{key}` is for fixtures; a program of your own has what it has");
                out.add(&["variant", &index, key], message, &format!("take `{key}` out"));
            }
        }
        let Some(Design::Guard(guard)) = variant.design else { continue };
        let Some(flush) = guard.flush else { continue };
        let path = ["variant", &index, "design", "guard", "flush"];
        whole(out, &path, flush, 1_000_000, "ms");
        if flush.nanos() == 0 {
            out.add(&path, "a flush of 0 flushes nothing", "leave `flush` out for that");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::super::parse::parse;

    fn mistakes(variant: &str, more: &str) -> Vec<(String, String)> {
        let text = format!(
            "name = 'x'\n[load]\nrate = '5/s'\nlasting = '1s'\n[[variant]]\nname = 'v'\n{variant}\n{more}"
        );
        let found = parse(&text, Path::new(".")).err().unwrap_or_default();
        found.into_iter().map(|one| (one.message, one.help.unwrap_or_default())).collect()
    }

    #[test]
    fn designs_of_fixtures_are_taken() {
        for variant in [
            "design = { guard = {} }",
            "design = { guard = { flush = '500ms' } }\nprocessor = 'batch'",
            "processor = 'simple'",
        ] {
            assert_eq!(mistakes(variant, ""), [], "{variant}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_could_be_written() {
        let own = "[service]\ncommand = ['./mine']\nready = 'http://127.0.0.1:1/'\n";
        for (variant, more, message, help) in [
            ("design = { guard = {} }", own, "`design` is for fixtures", "take `design` out"),
            ("processor = 'simple'", own, "`processor` is for fixtures", "take `processor` out"),
            ("design = { guard = { flush = '0ms' } }", "", "flushes nothing", "leave `flush` out"),
            ("design = { guard = { flush = '1us' } }", "", "takes whole ms", "write it in `ms`"),
            ("design = { gard = {} }", "", "gard", "guard"),
            ("processor = 'complex'", "", "complex", "simple"),
        ] {
            let found = mistakes(variant, more);
            let said = |(text, advice): &(String, String)| {
                text.contains(message) && (advice.contains(help) || text.contains(help))
            };
            assert!(found.iter().any(said), "{variant}: {found:?}");
        }
    }
}
