//! A place to run the program in: a folder of its own, and a turn on the machine.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use spanfate_model::result::RunResult;
use tempfile::TempDir;

use crate::turn::Turn;

static SKIPPED: AtomicU32 = AtomicU32::new(0);

/// A folder for one test.
pub(crate) struct Lab {
    pub(crate) folder: TempDir,
    _turn: Turn,
}

/// A lab beside a few others, or `None` with a counted notice where the Go toolchain is missing: for what only counts, and counts the
/// same on a busy machine.
pub(crate) fn lab() -> Option<Lab> {
    equipped(Turn::beside())
}

/// The same, with the machine for itself: for what is judged by times, causes or noise. A test with such a lab is listed in `alone`.
pub(crate) fn lab_alone() -> Option<Lab> {
    equipped(Turn::alone())
}

fn equipped(turn: Turn) -> Option<Lab> {
    if Command::new("go").arg("version").output().is_err() {
        skipped("no Go toolchain on PATH");
        return None;
    }
    Some(Lab { folder: TempDir::new().unwrap(), _turn: turn })
}

/// Says that a test is skipped, and the how many-th. Straight to stderr: what a test prints is shown only where it fails.
pub(crate) fn skipped(why: &str) {
    let count = SKIPPED.fetch_add(1, Ordering::SeqCst) + 1;
    drop(writeln!(std::io::stderr(), "SKIPPED ({count}): {why}"));
}

/// The root of the project.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// What a finished run left.
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// Its directory.
    pub(crate) run: PathBuf,
    pub(crate) result: RunResult,
}

impl Lab {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a scenario file.
    pub(crate) fn scenario(&self, text: &str) -> PathBuf {
        let path = self.path("scenario.toml");
        fs::write(&path, format!("name = \"lab\"\n{text}")).unwrap();
        path
    }

    /// Builds a package of the fixtures' module, or a file, and gives a copy of the lab's own. What Go made is kept outside of the lab, so
    /// that it has nothing to link the next time.
    pub(crate) fn build(&self, name: &str, package: &str, flags: &[&str]) -> PathBuf {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}{}", flags.concat()));
        let mut go = Command::new("go");
        go.args(["build", "-trimpath"]).args(flags).arg("-o").arg(&kept).arg(package);
        go.current_dir(root().join("go-fixtures")).env("CGO_ENABLED", "0");
        let output = go.env("GOFLAGS", "-mod=readonly -buildvcs=false").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let program = self.path(name);
        fs::copy(&kept, &program).unwrap();
        drop(turn);
        program
    }

    /// The same of a file beside the tests.
    pub(crate) fn build_file(&self, name: &str, file: &str) -> PathBuf {
        let source = root().join("harness/cli/tests/e2e").join(file);
        self.build(name, source.to_str().unwrap(), &[])
    }

    /// The program, ready to get arguments.
    pub(crate) fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spanfate"));
        command.current_dir(root()).env("NO_COLOR", "1");
        command
    }

    pub(crate) fn call(&self, arguments: &[&str]) -> Output {
        self.program().args(arguments).output().unwrap()
    }

    /// Whether the doctor calls something anything but ok.
    pub(crate) fn lacks(&self, what: &str) -> bool {
        // The machine is the same for all tests.
        static SAID: OnceLock<String> = OnceLock::new();
        let text = SAID.get_or_init(|| {
            let doctor = self.call(&["doctor"]);
            String::from_utf8_lossy(&doctor.stdout).into_owned()
        });
        let line = text.lines().find(|line| line.contains(what));
        let line = line.unwrap_or_else(|| panic!("the doctor says nothing of {what}: {text}"));
        !line.starts_with("ok")
    }

    /// Whether a test must be skipped because the machine lacks something; says so.
    pub(crate) fn skips_without(&self, what: &str) -> bool {
        let lacks = self.lacks(what);
        if lacks {
            skipped(&format!("{what} is absent here (cargo run -- doctor says why)"));
        }
        lacks
    }

    /// Whether a test must be skipped because the Go module proxy cannot be reached; says so.
    pub(crate) fn skips_without_module_proxy(&self) -> bool {
        let listed = spanfate_run::fixture::sdk_versions(&spanfate_run::host::project::Project(root()));
        if let Err(error) = &listed {
            skipped(&error.to_string());
        }
        listed.is_err()
    }

    /// Starts a scenario; results go to the lab.
    pub(crate) fn start(&self, text: &str) -> Child {
        let scenario = self.scenario(text);
        let mut command = self.program();
        command.arg("scenario").arg(scenario).arg("--out").arg(self.path("results"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs a scenario to its end.
    pub(crate) fn run(&self, text: &str) -> Finished {
        let child = self.start(text);
        self.finish(child)
    }

    /// Resumes a run to its end.
    pub(crate) fn resume(&self, run: &str, more: &[&str]) -> Finished {
        let mut command = self.program();
        command.args(["resume", run]).args(more).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.finish(command.spawn().unwrap())
    }

    /// Waits for a run and reads its result.
    pub(crate) fn finish(&self, child: Child) -> Finished {
        let output = child.wait_with_output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let run = self.run_dir().unwrap_or_else(|| panic!("no run: {stderr}"));
        let result = fs::read(run.join("result.json")).unwrap_or_else(|e| panic!("{e}: {stdout}{stderr}"));
        let result = serde_json::from_slice(&result).unwrap();
        Finished { code: output.status.code(), stdout, stderr, run, result }
    }

    /// The directory of the lab's only run, once it is there.
    pub(crate) fn run_dir(&self) -> Option<PathBuf> {
        let mut entries = fs::read_dir(self.path("results")).ok()?;
        entries.find_map(|entry| Some(entry.ok()?.path()).filter(|path| path.join("plan.json").is_file()))
    }

    /// Waits until something is there; panics when it takes too long.
    pub(crate) fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        for _ in 0..6000 {
            if let Some(found) = look() {
                return found;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{what} did not happen within a minute");
    }
}

impl Finished {
    /// Every book closes and nothing is unexplained or unexpected, whatever the machine did to the figures.
    pub(crate) fn assert_exact(&self) {
        assert!(matches!(self.code, Some(0 | 3)), "{:?}\n{}\n{}", self.code, self.stdout, self.stderr);
        for trial in self.result.variants.iter().flat_map(|variant| &variant.trials) {
            assert!(trial.ledger.closes());
            assert_eq!(trial.ledger.unexplained.count, 0, "{:?}", self.result.reasons);
            assert_eq!(trial.ledger.unexpected.count, 0, "{:?}", self.result.reasons);
            assert_eq!(trial.ledger.unaccounted.count, 0, "{:?}", self.result.reasons);
            for row in &trial.agreement {
                assert!(row.difference == 0 || row.explained.is_some(), "{row:?}");
            }
        }
    }
}
