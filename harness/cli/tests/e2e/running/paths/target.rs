//! The target of these tests: built once per SDK, run under `spanfate attach`, and what it says of itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use serde::Deserialize;
use serde_json::Value;
use spanfate_model::result::{RunResult, TrialResult};

use crate::lab::{Lab, root};

/// With which SDK it is built, and whether its symbols are left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Build {
    /// `None` is the fixtures' own.
    pub(super) sdk: Option<&'static str>,
    pub(super) stripped: bool,
}

impl Build {
    pub(super) const PINNED: Self = Self { sdk: None, stripped: false };
    /// Stripped and with the oldest SDK.
    pub(super) const OTHERS: [Self; 2] =
        [Self { sdk: None, stripped: true }, Self { sdk: Some("1.38.0"), stripped: false }];

    pub(super) fn name(self) -> String {
        format!("paths-{}{}", self.sdk.unwrap_or("own"), if self.stripped { "-stripped" } else { "" })
    }
}

/// Builds the target, outside of the lab, so that Go finds it done the next time.
pub(super) fn build(build: Build) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(build.name());
    let source = root().join("harness/cli/tests/e2e/running/paths");
    let mut go = Command::new("go");
    go.args(["build", "-trimpath"]);
    if let Some(sdk) = build.sdk {
        go.arg(format!("-modfile=sdk/{sdk}.mod"));
    }
    if build.stripped {
        go.arg("-ldflags=-s -w");
    }
    go.arg("-o").arg(&program);
    go.args(["target.go", "processors.go", "exporters.go", "truth.go"].map(|file| source.join(file)));
    go.current_dir(root().join("go-fixtures")).env("CGO_ENABLED", "0");
    let output = go.env("GOFLAGS", "-mod=readonly -buildvcs=false").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

/// What the program says of its spans.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Truth {
    pub(super) providers: Vec<ProviderTruth>,
    pub(super) processors: Vec<ProcessorTruth>,
}

/// What it says of one tracer provider.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderTruth {
    pub(super) made: u64,
    pub(super) ended: u64,
    pub(super) not_sampled: u64,
    pub(super) record_only: u64,
}

/// What it says of one span processor.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProcessorTruth {
    /// From 1.
    pub(super) provider: u32,
    pub(super) kind: String,
    pub(super) exporter: String,
    /// Kinds of the processors that hand spans on to it, from outside.
    pub(super) behind: Vec<String>,
    pub(super) queue: u32,
    /// The SDK's own counter.
    pub(super) dropped: u64,
    /// What one of the program's own was called with, and what it handed on.
    pub(super) seen: u64,
    pub(super) handed: u64,
}

impl Truth {
    pub(super) fn made(&self) -> u64 {
        self.providers.iter().map(|provider| provider.made).sum()
    }

    pub(super) fn ended(&self) -> u64 {
        self.providers.iter().map(|provider| provider.ended).sum()
    }
}

/// A program that ran under `spanfate attach`.
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    pub(super) stderr: String,
    /// Standard output: the program's own, and the summary.
    pub(super) said: String,
    /// Absent where it was killed before its end.
    pub(super) truth: Option<Truth>,
    pub(super) result: RunResult,
}

/// `spanfate attach` with the target, ready to be started. Each has a copy of its own: runs are named after their program and
/// the second of their start.
pub(super) fn attach(lab: &Lab, program: &Path, folder: &str, argument: &Value) -> Command {
    let copy = lab.path(&format!("target-{folder}"));
    fs::copy(program, &copy).unwrap();
    let mut command = lab.program();
    command.args(["attach", "--quiet", "--out"]).arg(lab.path(folder)).arg("--").arg(copy);
    command.arg(argument.to_string()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Ran {
    /// Runs it to its end.
    pub(super) fn of(lab: &Lab, program: &Path, folder: &str, argument: &Value) -> Result<Self, String> {
        let output = attach(lab, program, folder, argument).output().unwrap();
        Self::read(lab, folder, &output)
    }

    /// What an ended one left.
    pub(super) fn read(lab: &Lab, folder: &str, output: &std::process::Output) -> Result<Self, String> {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let truth = said.lines().find_map(|line| serde_json::from_str(line).ok());
        let mut entries = fs::read_dir(lab.path(folder)).map_err(|_| format!("no results: {stderr}"))?;
        let result = entries.find_map(|entry| fs::read(entry.ok()?.path().join("result.json")).ok());
        let result = result.ok_or_else(|| format!("no result.json: {stderr}"))?;
        let result = serde_json::from_slice(&result).map_err(|error| format!("result.json: {error}"))?;
        Ok(Self { code: output.status.code(), stderr, said, truth, result })
    }

    pub(super) fn trial(&self) -> &TrialResult {
        &self.result.variants[0].trials[0]
    }
}
