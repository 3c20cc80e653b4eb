//! Names of exporters and processors, made of what a program calls its types.

/// The SDK's clients, by the beginning of their types' names, and what their exporters are called.
const CLIENTS: [(&str, &str); 2] = [("*otlptracegrpc.", "otlp grpc"), ("*otlptracehttp.", "otlp http")];
/// The SDK's OTLP exporter with a client of another type.
const SENDER: &str = "otlptrace.Exporter";

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
}
