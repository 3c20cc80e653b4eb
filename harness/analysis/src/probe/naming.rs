//! Names of export paths, made of what a program calls its parts.

use spanfate_model::result::PathKind;

use crate::path::Path;

/// An exporter, from the function that was called and, of the SDK's own, the type of its client.
pub(super) fn exporter_name(text: &str) -> String {
    let (function, client) = text.split_once('|').unwrap_or((text, ""));
    let known = [("*otlptracegrpc.", "otlp grpc"), ("*otlptracehttp.", "otlp http")];
    if let Some((_, name)) = known.into_iter().find(|(package, _)| client.starts_with(package)) {
        return name.to_owned();
    }
    let method = function.strip_suffix(".ExportSpans").unwrap_or(function);
    type_name(method.rsplit('/').next().unwrap_or(method))
}

/// A Go type without its pointer: `*main.filter` and `main.(*filter)` are `main.filter`.
pub(super) fn type_name(name: &str) -> String {
    name.replace("(*", "").replace([')', '*'], "")
}

/// Gives each path its name: `provider 1 · batch (queue 64) → otlp grpc`. Of paths that look alike, the later ones are numbered.
pub(super) fn unique_names(paths: &mut [Path]) {
    let mut names: Vec<String> = paths.iter().map(name_of).collect();
    for at in 0..names.len() {
        let before = paths[..at].iter().filter(|path| name_of(path) == names[at]).count();
        if before > 0 {
            names[at] = format!("{} #{}", names[at], before + 1);
        }
    }
    for (path, name) in paths.iter_mut().zip(names) {
        path.name = name;
    }
}

fn name_of(path: &Path) -> String {
    let mut parts = vec![format!("provider {}", path.provider + 1)];
    parts.extend(path.behind.iter().cloned());
    parts.push(match (path.kind, &path.effective) {
        (PathKind::Batch, Some(set)) => format!("batch (queue {})", set.queue),
        (PathKind::Batch, None) => "batch".to_owned(),
        (PathKind::Simple, _) => "simple".to_owned(),
        (PathKind::Other, _) => "own processor".to_owned(),
    });
    let exporter = match &*path.exporter {
        "" if path.no_exporter => "no exporter",
        "" => "exporter not seen",
        known => known,
    };
    format!("{} → {exporter}", parts.join(" · "))
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
        }
    }

    #[test]
    fn paths_that_look_alike_are_numbered() {
        let mut paths = vec![Path::default(), Path { provider: 1, ..Path::default() }, Path::default()];
        unique_names(&mut paths);
        let names: Vec<&str> = paths.iter().map(|path| path.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "provider 1 · batch → exporter not seen",
                "provider 2 · batch → exporter not seen",
                "provider 1 · batch → exporter not seen #2"
            ]
        );
    }
}
