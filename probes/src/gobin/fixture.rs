//! Builds Go programs for tests: the project's fixture in the ways people build, and a small one. Without Go a notice is
//! printed, and those tests check nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use super::GoBinary;

/// How the fixture is built: a name, and the options.
const VARIANTS: [(&str, &[&str]); 4] = [
    ("plain", &[]),
    ("stripped", &["-trimpath", "-ldflags=-s -w"]),
    ("noinline", &["-gcflags=all=-l"]),
    ("pie", &["-buildmode=pie"]),
];

/// The fixture's variants by name, and where the plain one is; kept until the tests end.
pub(super) struct Built {
    pub(super) binaries: BTreeMap<&'static str, GoBinary>,
    pub(super) folder: tempfile::TempDir,
}

/// The fixture, built once for all tests; `None` without Go.
pub(super) fn fixture() -> Option<&'static Built> {
    static BUILT: OnceLock<Option<Built>> = OnceLock::new();
    BUILT.get_or_init(build).as_ref()
}

fn build() -> Option<Built> {
    let folder = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../go-fixtures");
    let mut binaries = BTreeMap::new();
    for (name, options) in VARIANTS {
        let path = folder.path().join(name);
        go(&source, options, &path, "./cmd/fixture")?;
        binaries.insert(name, GoBinary::open(&path).unwrap());
    }
    Some(Built { binaries, folder })
}

/// The bytes of a small program that does not use the SDK; `None` without Go.
pub(super) fn small(source: &str) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.go"), source).unwrap();
    std::fs::write(folder.path().join("go.mod"), "module small\n").unwrap();
    let path = folder.path().join("small");
    go(folder.path(), &[], &path, ".")?;
    Some(std::fs::read(path).unwrap())
}

/// A program with the modules of the fixture, of these files; `None` without Go.
pub(super) fn of_files(files: &[(&str, &str)]) -> Option<GoBinary> {
    let folder = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../go-fixtures");
    for name in ["go.mod", "go.sum"] {
        std::fs::copy(source.join(name), folder.path().join(name)).unwrap();
    }
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let path = folder.path().join("program");
    go(folder.path(), &[], &path, ".")?;
    Some(GoBinary::open(&path).unwrap())
}

fn go(folder: &Path, options: &[&str], out: &Path, package: &str) -> Option<()> {
    let mut command = Command::new("go");
    command.arg("build").args(options).arg("-o").arg(out).arg(package).current_dir(folder);
    command.envs([("CGO_ENABLED", "0"), ("GOOS", "linux"), ("GOARCH", "amd64")]);
    let Ok(status) = command.status() else {
        println!("skipped: there is no `go` to build {package} with");
        return None;
    };
    assert!(status.success(), "go build {options:?} {package}: {status}");
    Some(())
}
