//! Settings of an exporter as lines to paste: variables where there is one, else an option in the code.

use super::{BATCH_VARIABLE, EXPORT_TIMEOUT_VARIABLE, EXPORTER_TIMEOUT_VARIABLE, QUEUE_VARIABLE};
use crate::exporter::{Compression, Exporter, OnFull};
use crate::quantity::unit::Period;

/// What of an exporter differs from another one, as lines: what it sets, and what is to be taken away.
pub fn lines(of: &Exporter, from: &Exporter) -> Vec<String> {
    let mut out = Vec::new();
    let mut variable = |name: &str, of: Option<String>, from: Option<String>| match of {
        Some(value) if Some(&value) != from.as_ref() => out.push(format!("{name}={value}")),
        None if from.is_some() => out.push(format!("unset {name}")),
        Some(_) | None => {}
    };
    for (name, value) in VARIABLES {
        variable(name, value(of), value(from));
    }
    let blocks = |exporter: &Exporter| exporter.on_full == Some(OnFull::Block);
    match (blocks(of), blocks(from)) {
        (true, false) => out.push("sdktrace.WithBlocking()".to_owned()),
        (false, true) => out.push("without sdktrace.WithBlocking()".to_owned()),
        _ => {}
    }
    if of.retry != from.retry {
        out.push("WithRetry(…) of the exporter, in code".to_owned());
    }
    out
}

/// A line that sets a variable.
pub fn assignment(name: &str, value: u64) -> String {
    format!("{name}={value}")
}

/// The variable that sets a knob, by the knob's name in scenarios.
pub fn variable(knob: &str) -> Option<&'static str> {
    let names = ["protocol", "batch", "queue", "delay", "export_timeout", "timeout", "compression"];
    match knob {
        "sampler" => Some("OTEL_TRACES_SAMPLER"),
        "ratio" => Some("OTEL_TRACES_SAMPLER_ARG"),
        _ => names.iter().zip(VARIABLES).find(|(name, _)| **name == knob).map(|(_, (variable, _))| variable),
    }
}

/// A variable, and its value in an exporter's settings.
type VariableOf = (&'static str, fn(&Exporter) -> Option<String>);

const VARIABLES: [VariableOf; 7] = [
    ("OTEL_EXPORTER_OTLP_PROTOCOL", |e| e.protocol.map(|protocol| protocol.as_str().to_owned())),
    (BATCH_VARIABLE, |e| e.batch.map(|n| n.to_string())),
    (QUEUE_VARIABLE, |e| e.queue.map(|n| n.to_string())),
    ("OTEL_BSP_SCHEDULE_DELAY", |e| e.delay.map(ms)),
    (EXPORT_TIMEOUT_VARIABLE, |e| e.export_timeout.map(ms)),
    (EXPORTER_TIMEOUT_VARIABLE, |e| e.timeout.map(ms)),
    ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", |e| e.compression.map(|c| compression(c).to_owned())),
];

fn ms(period: Period) -> String {
    (period.nanos() / 1_000_000).to_string()
}

const fn compression(compression: Compression) -> &'static str {
    match compression {
        Compression::Gzip => "gzip",
        Compression::None => "none",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_a_line() {
        let from = Exporter { queue: Some(2048), ..Exporter::default() };
        let of = Exporter {
            queue: Some(8192),
            batch: Some(2048),
            delay: Some(Period::millis(1500)),
            on_full: Some(OnFull::Block),
            ..from
        };
        let expected = [
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=2048",
            "OTEL_BSP_MAX_QUEUE_SIZE=8192",
            "OTEL_BSP_SCHEDULE_DELAY=1500",
            "sdktrace.WithBlocking()",
        ];
        assert_eq!(lines(&of, &from), expected);
        assert!(lines(&from, &from).is_empty());
        let back = [
            "unset OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
            "OTEL_BSP_MAX_QUEUE_SIZE=2048",
            "unset OTEL_BSP_SCHEDULE_DELAY",
        ];
        assert_eq!(lines(&from, &of)[..3], back);
        assert_eq!(lines(&from, &of)[3], "without sdktrace.WithBlocking()");
        assert_eq!(
            ["queue", "timeout", "on_full"].map(variable),
            [Some(QUEUE_VARIABLE), Some(EXPORTER_TIMEOUT_VARIABLE), None]
        );
    }
}
