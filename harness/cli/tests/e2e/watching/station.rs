//! `spanfate receive` under test: a process of its own, in an empty folder, without any tool on its path.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// The program, ready to get arguments.
pub(crate) fn program(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanfate"));
    command.arg("receive").current_dir(folder.path()).env("PATH", folder.path()).env("NO_COLOR", "1");
    command
}

/// A receiver that runs.
pub(crate) struct Station {
    pub(crate) folder: TempDir,
    pub(crate) address: SocketAddr,
    child: Child,
    stderr: BufReader<ChildStderr>,
}

/// What a receiver said at its end.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) folder: TempDir,
}

impl Ended {
    /// The totals of `--json`.
    pub(crate) fn totals(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

impl Station {
    /// Starts one on a free port and waits for its ready line.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let mut command = program(&folder);
        command.args(["--listen", "127.0.0.1:0"]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut ready = String::new();
        stderr.read_line(&mut ready).unwrap();
        let endpoint = ready.trim_end().rsplit("OTEL_EXPORTER_OTLP_ENDPOINT=http://").next().unwrap();
        let address = endpoint.parse().unwrap_or_else(|error| panic!("{error}: {ready}"));
        assert!(ready.starts_with(&format!("receiving on {address} ")), "{ready}");
        Self { folder, address, child, stderr }
    }

    /// The most memory it has had resident, in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Sends a signal and waits for the end. Totals so far are said every ten seconds; nothing else may be.
    pub(crate) fn stop(self, signal: Signal) -> Ended {
        let (ended, said) = self.stop_with_notes(signal);
        let else_said: Vec<&str> =
            said.lines().filter(|line| !line.is_empty() && !line.contains(" requests, ")).collect();
        assert!(else_said.is_empty(), "{said}");
        ended
    }

    /// The first line on stderr that is about this.
    pub(crate) fn note_with(&mut self, text: &str) -> String {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            assert!(self.stderr.read_line(&mut line).unwrap() > 0, "it ended without a word of `{text}`");
        }
        line
    }

    /// The same for one that has more to say; with what it said.
    pub(crate) fn stop_with_notes(mut self, signal: Signal) -> (Ended, String) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let mut stderr = String::new();
        self.stderr.read_to_string(&mut stderr).unwrap();
        let code = self.child.wait().unwrap().code();
        (Ended { code, stdout, folder: self.folder }, stderr)
    }
}

/// Runs one that is expected to end by itself.
pub(crate) fn call(folder: &TempDir, arguments: &[&str]) -> Output {
    program(folder).args(arguments).output().unwrap()
}
