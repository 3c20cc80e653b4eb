//! Designs under test, span processors and APIs of variants.

use spanfate_model::fault::{FaultKind, HowLost};
use spanfate_model::quantity::unit::Period;
use spanfate_model::scenario::ebpf::EbpfMode;
use spanfate_model::scenario::{
    Design, EndpointDesign, LogArm, Scenario, Service, SpanApi, SwitchDrive, Variant,
};

use super::{Problems, whole};

/// Only fixtures have them built in; a flush takes time.
pub(super) fn designs(out: &mut Problems, scenario: &Scenario) {
    let own = scenario.services.iter().any(Service::is_own);
    for (index, variant) in scenario.variant.iter().enumerate() {
        let index = index.to_string();
        for (key, is_set) in [
            ("design", variant.design.is_some()),
            ("processor", variant.processor.is_some()),
            ("api", !variant.api.is_otel()),
        ] {
            if own && is_set {
                let message = format!("`{key}` is for fixtures; a program of your own has what it has");
                out.add(&["variant", &index, key], message, &format!("take `{key}` out"));
            }
        }
        let sent = variant.design.as_ref().and_then(Design::log_arm).is_some_and(LogArm::is_sent);
        if sent {
            sent_lines(out, scenario, &index);
        }
        if sent || !variant.api.is_otel() {
            one_way(out, (index.as_str(), variant));
        }
        if !variant.api.is_otel() && !own {
            other_api(out, scenario, (index.as_str(), variant));
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
                let ebpf = variant.ebpf.or(scenario.ebpf).unwrap_or_default();
                if switch.by == SwitchDrive::Probes && (ebpf.mode == EbpfMode::Off || !ebpf.required) {
                    let path = ["variant", &index, "design", "endpoint", "switch", "by"];
                    let message = "a switch that probes drive needs probes on the service";
                    out.add(
                        &path,
                        message,
                        "give the variant `ebpf = { mode = \"batch\", required = true }`",
                    );
                }
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

/// The fixture with bridges in it is one program.
fn one_way(out: &mut Problems, (index, variant): (&str, &Variant)) {
    for (key, is_set) in [("sdk", variant.sdk.is_some()), ("build", !variant.build.is_plain())] {
        if is_set {
            let message =
                format!("`{key}` is for fixtures without bridges; the one with them is built in one way");
            let help = format!("take `{key}` out, or the `api` or `arm` that is a bridge");
            out.add(&["variant", index, key], message, &help);
        }
    }
}

/// What is not there when the service makes its spans by another API than OpenTelemetry's.
fn other_api(out: &mut Problems, scenario: &Scenario, (index, variant): (&str, &Variant)) {
    let path = ["variant", index, "api"];
    let word = variant.api.as_str();
    let makes = |service: &Service| {
        service.makes_spans() && (service.spans_per_request.get() > 1 || service.cache.is_some())
    };
    if !scenario.services.iter().any(makes) {
        let message = format!("`{word}` changes nothing: no service makes a span of its own");
        out.add(
            &path,
            message,
            "set `spans_per_request` to 2 or more; the first span is that of the instrumentation",
        );
    }
    if matches!(variant.design, Some(Design::Guard(_))) {
        let message =
            format!("the guard holds spans of OpenTelemetry, and with `{word}` the service has none");
        out.add(&path, message, "take `api` or `design` out");
    }
    let begins =
        |kind: &FaultKind| matches!(kind, FaultKind::ContextLost(lost) if lost.how == HowLost::Background);
    let has = |kind: &dyn Fn(&FaultKind) -> bool| {
        scenario.fault.iter().any(|fault| kind(&fault.kind) && fault.is_of(variant))
    };
    if variant.api == SpanApi::OpentracingBridge && has(&begins) {
        let message = format!(
            "with `{word}` the SDK gets no context of the service, so a trace that `background` begins belongs to no request"
        );
        out.add(&path, message, "take `api` out, or lose the context by `strip`, `rewrite` or `b3`");
    }
    if variant.api == SpanApi::OpencensusBridge && has(&|kind| matches!(kind, FaultKind::ClockStep(_))) {
        let message = format!("with `{word}` a span begins and ends now: nobody can say another time");
        out.add(&path, message, "take `api` or the fault out");
    }
}

/// Log records go where the spans go.
fn sent_lines(out: &mut Problems, scenario: &Scenario, index: &str) {
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
            "api = 'otel'\nsdk = '1.44.0'",
            "api = 'opencensus-bridge'",
            "api = 'opentracing-bridge'\ndesign = { logs = { arm = 'otelslog' } }",
            "design = { hybrid = { busy = '200/s' } }",
            "design = { retrokeep = { slow = '80ms', wait = '2s', spans = 100 } }",
            "design = { jaeger_remote = { ratio = 0.1 } }",
            "design = { endpoint = {} }",
            "design = { endpoint = { switch = { filled = 0.5, rate = 0.1, lasting = '1s' } } }",
            "design = { endpoint = { switch = { filled = 0.5, rate = 0.1, lasting = '1s', by = 'probes' } } }\n\
             ebpf = { mode = 'batch', required = true }",
        ] {
            assert_eq!(mistakes(variant, ""), [], "{variant}");
        }
    }

    /// A service of the user's own.
    const OWN: &str = "[service]\ncommand = ['./mine']\nready = 'http://127.0.0.1:1/'\n";

    fn assert_refused(variant: &str, more: &str, message: &str, help: &str) {
        let found = mistakes(variant, more);
        let said = |(text, advice): &(String, String)| {
            text.contains(message) && (advice.contains(help) || text.contains(help))
        };
        assert!(found.iter().any(said), "{variant}: {found:?}");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_could_be_written() {
        for (variant, more, message, help) in [
            ("design = { guard = {} }", OWN, "`design` is for fixtures", "take `design` out"),
            ("processor = 'simple'", OWN, "`processor` is for fixtures", "take `processor` out"),
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
            (
                "design = { endpoint = { switch = { filled = 0.5, rate = 0.1, lasting = '1s', by = 'probes' } } }",
                "ebpf = 'batch'",
                "needs probes on the service",
                "required = true",
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
            assert_refused(variant, more, message, help);
        }
    }

    #[test]
    fn a_bridge_goes_with_what_it_can_carry_alone() {
        let bridge = "api = 'opentracing-bridge'";
        let with = |more: &str| format!("{bridge}\n{more}");
        for (variant, more, message, help) in [
            (with(""), OWN, "`api` is for fixtures", "take `api` out"),
            (with("sdk = '1.44.0'"), "", "built in one way", "take `sdk` out"),
            (with("build = 'stripped'"), "", "built in one way", "take `build` out"),
            (
                with("design = { guard = {} }"),
                "",
                "holds spans of OpenTelemetry",
                "take `api` or `design` out",
            ),
            (with(""), "[service]\nspans_per_request = 1\n", "changes nothing", "set `spans_per_request`"),
            (
                with(""),
                "[[fault]]\nat = '0s'\nkind = { context_lost = { how = 'background', one_in = 2 } }\n",
                "belongs to no request",
                "`strip`",
            ),
            ("api = 'opencensus'".to_owned(), "", "opencensus", "opencensus-bridge"),
            (
                "api = 'opencensus-bridge'\ndesign = { guard = {} }".to_owned(),
                "",
                "holds spans of OpenTelemetry",
                "take `api` or `design` out",
            ),
            (
                "api = 'opencensus-bridge'".to_owned(),
                "[[fault]]\nat = '0s'\nfor = '1s'\nkind = { clock_step = { by = '1s' } }\n",
                "nobody can say another time",
                "take `api` or the fault out",
            ),
        ] {
            assert_refused(&variant, more, message, help);
        }
    }
}
