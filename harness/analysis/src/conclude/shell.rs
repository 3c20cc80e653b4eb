//! What the user's environment told a program about its telemetry, where it explains that nothing came.

use std::collections::BTreeMap;

use spanfate_model::fate::Fate;
use spanfate_model::plan::PlannedVariant;
use spanfate_model::result::TrialResult;

/// What a variable decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Decides {
    /// Whether spans are recorded at all.
    Sampling,
    /// Whether they are exported, and whether that is to us.
    Export,
}

/// Why there is no span, as far as it is known: how the program ended, and what its environment told it.
pub(super) fn no_span(trial: &TrialResult) -> String {
    let codes = || trial.services.iter().filter_map(|service| service.exit_code);
    let ended = match codes().find(|code| *code != 0).or_else(|| codes().next()) {
        Some(code) => format!("; the program exited with code {code} before any span"),
        None => String::new(),
    };
    let told = all(trial, None).map(|told| format!("; {told}")).unwrap_or_default();
    ended + &told
}

/// What kept exported spans from our receiver, if a variable did.
pub(super) fn not_sent(trial: &TrialResult) -> Option<String> {
    all(trial, Some(Decides::Export))
}

/// That a program of the user's own recorded nothing; nothing is proven by that. Where the scenario says so it is what is looked at.
pub(super) fn nothing_recorded(trial: &TrialResult, variant: Option<&PlannedVariant>) -> Option<String> {
    let created = trial.ledger.created;
    let not_sampled = trial.ledger.fates.iter().filter(|(fate, _)| matches!(fate, Fate::NotSampled(_)));
    let not_sampled: u64 = not_sampled.map(|(_, count)| count.total).sum();
    let wanted = variant.is_some_and(|variant| variant.exporter.sampler.is_some());
    if created == 0 || not_sampled < created || wanted {
        return None;
    }
    let why = all(trial, Some(Decides::Sampling))
        .unwrap_or_else(|| "the program's own sampler takes none (sdktrace.WithSampler)".to_owned());
    Some(format!("none of {created} spans was sampled, so nothing is proven of their way: {why}"))
}

/// The variables that explain it, with what each does.
fn all(trial: &TrialResult, only: Option<Decides>) -> Option<String> {
    let all = trial.services.iter().flat_map(|service| explained(&service.telemetry));
    let mut said: Vec<String> = Vec::new();
    for (decides, text) in all {
        if only.is_none_or(|only| only == decides) && !said.contains(&text) {
            said.push(text);
        }
    }
    (!said.is_empty()).then(|| format!("{}; unset it, or set what is meant", said.join(", and ")))
}

/// The variables that explain an empty result.
fn explained(telemetry: &BTreeMap<String, String>) -> Vec<(Decides, String)> {
    let variables = telemetry.iter().filter(|(_, value)| !value.trim().is_empty());
    let one = |(name, value): (&String, &String)| {
        let (decides, what) = meaning(name, value.trim(), telemetry)?;
        Some((decides, format!("{name}={} {what}", value.trim())))
    };
    variables.filter_map(one).collect()
}

fn meaning(name: &str, value: &str, telemetry: &BTreeMap<String, String>) -> Option<(Decides, &'static str)> {
    match name {
        "OTEL_SDK_DISABLED" => value
            .eq_ignore_ascii_case("true")
            .then_some((Decides::Export, "switches the SDK off, where the program heeds it")),
        "OTEL_TRACES_EXPORTER" => exporter(value).map(|what| (Decides::Export, what)),
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL" => protocol(value),
        "OTEL_EXPORTER_OTLP_PROTOCOL" => {
            // The variable for traces alone wins.
            let other = telemetry.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL");
            if other.is_some_and(|other| !other.trim().is_empty()) { None } else { protocol(value) }
        }
        "OTEL_TRACES_SAMPLER" => {
            let ratio = telemetry.get("OTEL_TRACES_SAMPLER_ARG").and_then(|ratio| ratio.trim().parse().ok());
            let takes_none = match value {
                "always_off" | "parentbased_always_off" => true,
                "traceidratio" | "parentbased_traceidratio" => ratio.is_some_and(|ratio: f64| ratio <= 0.0),
                _ => false,
            };
            takes_none.then_some((Decides::Sampling, "samples no span"))
        }
        "OTEL_CONFIG_FILE" | "OTEL_EXPERIMENTAL_CONFIG_FILE" => {
            Some((Decides::Export, "may set all of it in a file, and the other variables do not count then"))
        }
        _ => None,
    }
}

fn exporter(value: &str) -> Option<&'static str> {
    let mut names = value.split(',').map(str::trim);
    if names.clone().any(|name| name == "otlp") {
        return None;
    }
    Some(match names.next() {
        Some("none") => "has the program export no span",
        Some("console") => "has the program print its spans instead of sending them",
        _ => "names an exporter that sends nothing by OTLP, or that the program does not know",
    })
}

fn protocol(value: &str) -> Option<(Decides, &'static str)> {
    let known = ["grpc", "http/protobuf", "http/json"].contains(&value);
    (!known).then_some((Decides::Export, "names no protocol of OTLP"))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case = (&'static [(&'static str, &'static str)], &'static [Decides]);

    const EXPORTER: &str = "OTEL_TRACES_EXPORTER";
    const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
    const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
    const BOTH: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
    const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL";

    fn said(variables: &[(&str, &str)]) -> Vec<Decides> {
        let telemetry = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        explained(&telemetry.collect()).into_iter().map(|(decides, _)| decides).collect()
    }

    #[test]
    fn a_variable_is_named_only_where_its_value_explains_something() {
        use Decides::{Export, Sampling};
        let cases: [Case; 22] = [
            (&[], &[]),
            (&[(EXPORTER, "none")], &[Export]),
            (&[(EXPORTER, " console ")], &[Export]),
            (&[(EXPORTER, "zipkin")], &[Export]),
            (&[(EXPORTER, "otlp")], &[]),
            (&[(EXPORTER, "console,otlp")], &[]),
            (&[(EXPORTER, "")], &[]),
            (&[(SAMPLER, "always_off")], &[Sampling]),
            (&[(SAMPLER, "parentbased_always_off")], &[Sampling]),
            (&[(SAMPLER, "always_on")], &[]),
            (&[(SAMPLER, "traceidratio"), (ARGUMENT, "0")], &[Sampling]),
            (&[(SAMPLER, "traceidratio"), (ARGUMENT, "0.5")], &[]),
            (&[(SAMPLER, "traceidratio")], &[]),
            (&[("OTEL_SDK_DISABLED", "TRUE")], &[Export]),
            (&[("OTEL_SDK_DISABLED", "false")], &[]),
            (&[(BOTH, "nonsense")], &[Export]),
            (&[(BOTH, "grpc")], &[]),
            (&[(BOTH, "nonsense"), (TRACES, "http/protobuf")], &[]),
            (&[(BOTH, "grpc"), (TRACES, "x")], &[Export]),
            (&[(EXPORTER, "none"), (SAMPLER, "always_off")], &[Export, Sampling]),
            (&[("OTEL_CONFIG_FILE", "/etc/otel.yaml")], &[Export]),
            (&[("OTEL_SERVICE_NAME", "none")], &[]),
        ];
        for (variables, expected) in cases {
            assert_eq!(said(variables), expected, "{variables:?}");
        }
    }
}
