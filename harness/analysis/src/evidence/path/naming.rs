//! Names of export paths.

use spanfate_model::result::PathKind;

use super::Path;

/// Gives each path its name: `provider 1 · batch (queue 64) → otlp grpc`. Of paths that look alike, the later ones are numbered.
pub(crate) fn unique_names(paths: &mut [Path]) {
    let mut names: Vec<String> = paths.iter().map(name_of).collect();
    for at in 0..names.len() {
        let before = paths[..at].iter().filter(|path| name_of(path) == names[at]).count();
        if before > 0 {
            names[at] = format!("{} #{}", names[at], before + 1);
        }
    }
    for (number, (path, name)) in (0..).zip(paths.iter_mut().zip(names)) {
        (path.number, path.name) = (number, name);
    }
}

fn name_of(path: &Path) -> String {
    let mut parts: Vec<String> = (!path.label.is_empty()).then(|| path.label.clone()).into_iter().collect();
    parts.push(format!("provider {}", path.provider + 1));
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
    let to = path.endpoint.as_ref().map(|endpoint| format!(" to {endpoint}")).unwrap_or_default();
    format!("{} → {exporter}{to}", parts.join(" · "))
}

#[cfg(test)]
mod tests {
    use super::*;

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
