//! Designs under test, and span processors of variants.

use spanfate_model::scenario::{Design, LogArm, Scenario, Service, Variant};

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
        if variant.design.as_ref().and_then(Design::log_arm).is_some_and(LogArm::is_sent) {
            sent_lines(out, scenario, (index.as_str(), variant));
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

/// The fixture with the bridge in it is one program, and its log records go where its spans go.
fn sent_lines(out: &mut Problems, scenario: &Scenario, (index, variant): (&str, &Variant)) {
    let pinned = variant.sdk.is_none() && variant.build.is_plain();
    if !pinned {
        let key = if variant.sdk.is_some() { "sdk" } else { "build" };
        let message =
            format!("`{key}` is for fixtures without the bridge for logs, which is built in one way");
        out.add(&["variant", index, key], message, &format!("take `{key}` out, or choose another `arm`"));
    }
    if !scenario.pipeline.hop.is_empty() || !scenario.pipeline.ends.is_empty() {
        let message = "log records would go to what stands in `[pipeline]`, which takes spans alone";
        out.add(&["variant", index, "design"], message, "take `[pipeline]` out, or choose another `arm`");
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
            "design = { logs = { arm = 'handler' } }\nsdk = '1.44.0'",
            "design = { logs = { arm = 'otelslog' } }",
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
            ("design = { logs = { arm = 'zap' } }", "", "zap", "otelslog"),
            (
                "design = { logs = { arm = 'otelslog' } }\nsdk = '1.44.0'",
                "",
                "built in one way",
                "take `sdk` out",
            ),
            (
                "design = { logs = { arm = 'otelslog' } }\nbuild = 'pie'",
                "",
                "built in one way",
                "take `build` out",
            ),
            (
                "design = { logs = { arm = 'otelslog' } }",
                "[[pipeline.hop]]\nname = 'agent'\n",
                "takes spans alone",
                "another `arm`",
            ),
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
