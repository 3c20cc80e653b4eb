//! Names of exporters and processors, made of what a program calls its types.

use crate::evidence::path::ExporterWord;

/// The SDK's clients, by the beginning of their types' names, and what their exporters are called.
const CLIENTS: [(&str, &str); 2] = [("*otlptracegrpc.", "otlp grpc"), ("*otlptracehttp.", "otlp http")];
/// The SDK's OTLP exporter with a client of another type.
const SENDER: &str = "otlptrace.Exporter";

/// Exporters that send nothing by OTLP, by the beginning of their functions' names, and where they put spans.
const OTHERS: [(&str, &str); 5] = [
    ("go.opentelemetry.io/otel/exporters/stdout/stdouttrace.", "the output of stdouttrace"),
    ("go.opentelemetry.io/otel/exporters/zipkin.", "a Zipkin server"),
    ("go.opentelemetry.io/otel/exporters/jaeger.", "a Jaeger agent or collector"),
    ("go.opentelemetry.io/otel/sdk/trace/tracetest.", "the memory of tracetest"),
    ("github.com/GoogleCloudPlatform/opentelemetry-operations-go/exporter/trace.", "Google Cloud Trace"),
];

/// Where an exporter puts spans that never sends them by OTLP; `None` of any other.
pub(super) fn puts_elsewhere(text: &str) -> Option<&'static str> {
    OTHERS.into_iter().find_map(|(package, place)| text.starts_with(package).then_some(place))
}

/// What the word of an exporter is worth that spans are exported: nothing where it is no OTLP exporter of the SDK's, or one whose client
/// the program made. What is not known counts as the SDK's.
pub(super) fn word_of(text: &str) -> ExporterWord {
    let is_own = match text.split_once('|') {
        None => !text.is_empty(),
        Some((_, client)) => is_own_client(client),
    };
    match puts_elsewhere(text) {
        Some(_) => ExporterWord::NeverHere,
        None if is_own => ExporterWord::Own,
        None => ExporterWord::Proof,
    }
}

/// Whether a client of the SDK's OTLP exporter is none of the SDK's.
pub(super) fn is_own_client(client: &str) -> bool {
    !client.is_empty() && !CLIENTS.iter().any(|(package, _)| client.starts_with(package))
}

/// What an exporter inside another one is called, by the type of its client.
pub(super) fn client_name(client: &str) -> String {
    let known = CLIENTS.into_iter().find(|(package, _)| client.starts_with(package));
    known.map_or_else(|| type_name(client), |(_, name)| name.to_owned())
}

/// Whether a name is one of the SDK's OTLP exporter.
pub(super) fn is_senders(name: &str) -> bool {
    name == SENDER || CLIENTS.iter().any(|(_, known)| *known == name)
}

/// An exporter, from the function that was called and, of the SDK's own, the type of its client.
pub(super) fn exporter_name(text: &str) -> String {
    let (function, client) = text.split_once('|').unwrap_or((text, ""));
    if let Some((_, name)) = CLIENTS.into_iter().find(|(package, _)| client.starts_with(package)) {
        return name.to_owned();
    }
    let method = function.strip_suffix(".ExportSpans").unwrap_or(function);
    type_name(method.rsplit('/').next().unwrap_or(method))
}

/// A Go type without its pointer: `*main.filter` and `main.(*filter)` are `main.filter`.
pub(super) fn type_name(name: &str) -> String {
    name.replace("(*", "").replace([')', '*'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exporters_are_named_as_people_call_them() {
        let otlp = "go.opentelemetry.io/otel/exporters/otlp/otlptrace.(*Exporter).ExportSpans";
        for (text, name) in [
            (format!("{otlp}|*otlptracegrpc.client"), "otlp grpc"),
            (format!("{otlp}|*otlptracehttp.client"), "otlp http"),
            (format!("{otlp}|*mine.client"), "otlptrace.Exporter"),
            (
                "go.opentelemetry.io/otel/exporters/stdout/stdouttrace.(*Exporter).ExportSpans".to_owned(),
                "stdouttrace.Exporter",
            ),
            ("main.(*printer).ExportSpans".to_owned(), "main.printer"),
            ("main.printer.ExportSpans".to_owned(), "main.printer"),
        ] {
            assert_eq!(exporter_name(&text), name, "{text}");
            assert_eq!(is_senders(name), text.contains("/otlptrace."), "{name}");
        }
    }

    #[test]
    fn whose_word_proves_nothing_is_told_by_function_and_client() {
        let otlp = "go.opentelemetry.io/otel/exporters/otlp/otlptrace.(*Exporter).ExportSpans";
        let stdout = "go.opentelemetry.io/otel/exporters/stdout/stdouttrace.(*Exporter).ExportSpans";
        for (text, word) in [
            (format!("{otlp}|*otlptracegrpc.client"), ExporterWord::Proof),
            (format!("{otlp}|*otlptracehttp.client"), ExporterWord::Proof),
            // Its client was not read.
            (format!("{otlp}|"), ExporterWord::Proof),
            (String::new(), ExporterWord::Proof),
            (format!("{otlp}|*kafka.client"), ExporterWord::Own),
            ("main.(*poster).ExportSpans".to_owned(), ExporterWord::Own),
            (stdout.to_owned(), ExporterWord::NeverHere),
        ] {
            assert_eq!(word_of(&text), word, "{text}");
        }
        assert_eq!(puts_elsewhere(stdout), Some("the output of stdouttrace"));
        assert_eq!(client_name("*otlptracegrpc.client"), "otlp grpc");
        assert_eq!(client_name("*kafka.client"), "kafka.client");
    }
}
