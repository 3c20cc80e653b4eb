//! Designs under test, and span processors of variants.

use spanfate_model::quantity::unit::Period;
use spanfate_model::scenario::{Design, EndpointDesign, LogArm, Scenario, Service, Variant};

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
        match variant.design {
            Some(Design::Guard(guard)) => {
                time(out, &index, ("guard", "flush", guard.flush), "flushes nothing");
            }
            Some(Design::Hybrid(hybrid)) => {
                time(out, &index, ("hybrid", "every", Some(hybrid.every)), "leaves no time to read anything");
            }
            Some(Design::Retrokeep(retro)) => {
                time(out, &index, ("retrokeep", "slow", retro.slow), "calls every span slow");
                time(out, &index, ("retrokeep", "wait", retro.wait), "lets nothing wait");
            }
            Some(Design::JaegerRemote(remote)) if !(0.0..=1.0).contains(&remote.ratio) => {
                let path = ["variant", &index, "design", "jaeger_remote", "ratio"];
                out.add(&path, "`ratio` must be 0 to 1", "it is the share of the traces that is kept");
            }
            Some(Design::Endpoint(EndpointDesign { switch: Some(switch) })) => {
                for (key, value) in [("filled", switch.filled), ("rate", switch.rate)] {
                    if !(0.0..=1.0).contains(&value) {
                        let path = ["variant", &index, "design", "endpoint", "switch", key];
                        out.add(&path, format!("`{key}` must be 0 to 1"), "it is a share");
                    }
                }
                time(out, &index, ("endpoint", "switch", Some(switch.lasting)), "lets no rule hold");
            }
            Some(Design::JaegerRemote(_) | Design::Endpoint(_) | Design::Logs(_)) | None => {}
        }
        one_sampler(out, scenario, variant, &index);
    }
}

/// A time of a design, in whole milliseconds and above 0.
fn time(out: &mut Problems, index: &str, (design, key, set): (&str, &str, Option<Period>), zero: &str) {
    let Some(set) = set else { return };
    let path = ["variant", index, "design", design, key];
    whole(out, &path, set, 1_000_000, "ms");
    if set.nanos() == 0 {
        out.add(&path, format!("a time of 0 {zero}"), &format!("leave `{key}` out, or give it a time"));
    }
}

/// A design that samples takes the place of the sampler.
fn one_sampler(out: &mut Problems, scenario: &Scenario, variant: &Variant, index: &str) {
    let set = [variant.exporter.sampler, scenario.exporter.sampler];
    if variant.design.is_some_and(|design| design.samples()) && set.iter().any(Option::is_some) {
        let message = "this design decides itself which spans are sampled; `sampler` would do nothing";
        out.add(&["variant", index, "design"], message, "take `sampler` out of `exporter`, or the design");
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
            "design = { hybrid = { busy = '200/s' } }",
            "design = { retrokeep = { slow = '80ms', wait = '2s', spans = 100 } }",
            "design = { jaeger_remote = { ratio = 0.1 } }",
            "design = { endpoint = {} }",
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
            ("design = { hybrid = {} }", "", "busy", "busy"),
            (
                "design = { hybrid = { busy = '9/s', every = '0ms' } }",
                "",
                "no time to read",
                "leave `every` out",
            ),
            ("design = { retrokeep = { wait = '0s' } }", "", "lets nothing wait", "leave `wait` out"),
            (
                "design = { endpoint = { switch = { filled = 2.0, rate = 0.1, lasting = '1s' } } }",
                "",
                "`filled` must be 0 to 1",
                "it is a share",
            ),
            ("design = { jaeger_remote = { ratio = 2.0 } }", "", "must be 0 to 1", "share of the traces"),
            (
                "design = { hybrid = { busy = '9/s' } }\nexporter = { sampler = 'always_off' }",
                "",
                "decides itself",
                "take `sampler` out",
            ),
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
