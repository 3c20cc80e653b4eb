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
pub(in crate::running) struct Build {
    /// `None` is the fixtures' own.
    pub(in crate::running) sdk: Option<&'static str>,
    pub(in crate::running) stripped: bool,
    /// With a profile in which the SDK's functions are hot, so that the compiler inlines them.
    pub(in crate::running) profiled: bool,
    /// The SDK is built as for a debugger: nothing is inlined, and every value has its place on the stack.
    pub(in crate::running) unoptimised: bool,
}

impl Build {
    pub(in crate::running) const PINNED: Self =
        Self { sdk: None, stripped: false, profiled: false, unoptimised: false };
    /// Stripped and with the oldest SDK.
    pub(super) const OTHERS: [Self; 2] =
        [Self { stripped: true, ..Self::PINNED }, Self { sdk: Some("1.38.0"), ..Self::PINNED }];

    pub(in crate::running) fn name(self) -> String {
        let stripped = if self.stripped { "-stripped" } else { "" };
        let profiled = if self.profiled { "-profiled" } else { "" };
        let unoptimised = if self.unoptimised { "-unoptimised" } else { "" };
        format!("paths-{}{stripped}{profiled}{unoptimised}", self.sdk.unwrap_or("own"))
    }

    /// The module file, where it is not the fixtures' own: theirs for an SDK of which they have one, else this target's.
    fn modules(self) -> Option<PathBuf> {
        let file = format!("sdk/{}.mod", self.sdk?);
        let fixtures = root().join("go-fixtures").join(&file);
        Some(if fixtures.is_file() { fixtures } else { source().join(file) })
    }
}

/// Where the target's source is.
fn source() -> PathBuf {
    root().join("harness/cli/tests/e2e/running/paths")
}

/// Builds the target, outside of the lab, so that Go finds it done the next time.
pub(in crate::running) fn build(build: Build) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(build.name());
    let mut go = Command::new("go");
    go.args(["build", "-trimpath"]);
    if let Some(modules) = build.modules() {
        go.arg(format!("-modfile={}", modules.display()));
    }
    if build.stripped {
        go.arg("-ldflags=-s -w");
    }
    if build.unoptimised {
        go.arg("-gcflags=go.opentelemetry.io/otel/sdk/...=-N -l");
    }
    if build.profiled {
        go.arg(format!("-pgo={}", source().with_file_name("matrix").join("hot.pgo").display()));
    }
    go.arg("-o").arg(&program);
    go.args(
        ["target.go", "processors.go", "exporters.go", "truth.go", "wire.go"].map(|file| source().join(file)),
    );
    go.current_dir(root().join("go-fixtures")).env("CGO_ENABLED", "0");
    let output = go.env("GOFLAGS", "-mod=readonly -buildvcs=false").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

/// What the program says of its spans.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::running) struct Truth {
    pub(in crate::running) providers: Vec<ProviderTruth>,
    pub(in crate::running) processors: Vec<ProcessorTruth>,
}

/// What it says of one tracer provider.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::running) struct ProviderTruth {
    pub(in crate::running) made: u64,
    pub(in crate::running) ended: u64,
    pub(in crate::running) not_sampled: u64,
    pub(in crate::running) record_only: u64,
}

/// What it says of one span processor.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::running) struct ProcessorTruth {
    /// From 1.
    pub(in crate::running) provider: u32,
    pub(in crate::running) kind: String,
    pub(in crate::running) exporter: String,
    /// Kinds of the processors that hand spans on to it, from outside.
    pub(in crate::running) behind: Vec<String>,
    pub(in crate::running) queue: u32,
    /// The SDK's own counter.
    pub(in crate::running) dropped: u64,
    /// What one of the program's own was called with, and what it handed on.
    pub(in crate::running) seen: u64,
    pub(in crate::running) handed: u64,
}

impl Truth {
    pub(in crate::running) fn made(&self) -> u64 {
        self.providers.iter().map(|provider| provider.made).sum()
    }

    pub(in crate::running) fn ended(&self) -> u64 {
        self.providers.iter().map(|provider| provider.ended).sum()
    }
}

/// A program that ran under `spanfate attach`.
pub(in crate::running) struct Ran {
    pub(in crate::running) code: Option<i32>,
    pub(in crate::running) stderr: String,
    /// Absent where it was killed before its end.
    pub(in crate::running) truth: Option<Truth>,
    pub(in crate::running) result: RunResult,
}

/// `spanfate attach` with the target, ready to be started. Each has a copy of its own: runs are named after their program and
/// the second of their start.
pub(in crate::running) fn attach(lab: &Lab, program: &Path, folder: &str, argument: &Value) -> Command {
    let copy = lab.path(&format!("target-{folder}"));
    fs::copy(program, &copy).unwrap();
    let mut command = lab.program();
    command.args(["attach", "--quiet", "--out"]).arg(lab.path(folder)).arg("--").arg(copy);
    command.arg(argument.to_string()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Ran {
    /// Runs it to its end.
    pub(in crate::running) fn of(
        lab: &Lab,
        program: &Path,
        folder: &str,
        argument: &Value,
    ) -> Result<Self, String> {
        let output = attach(lab, program, folder, argument).output().unwrap();
        Self::read(lab, folder, &output)
    }

    /// What an ended one left.
    pub(in crate::running) fn read(
        lab: &Lab,
        folder: &str,
        output: &std::process::Output,
    ) -> Result<Self, String> {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let stdout = String::from_utf8_lossy(&output.stdout);
        let truth = stdout.lines().find_map(|line| serde_json::from_str(line).ok());
        let mut entries = fs::read_dir(lab.path(folder)).map_err(|_| format!("no results: {stderr}"))?;
        let result = entries.find_map(|entry| fs::read(entry.ok()?.path().join("result.json")).ok());
        let result = result.ok_or_else(|| format!("no result.json: {stderr}"))?;
        let result = serde_json::from_slice(&result).map_err(|error| format!("result.json: {error}"))?;
        Ok(Self { code: output.status.code(), stderr, truth, result })
    }

    pub(in crate::running) fn trial(&self) -> &TrialResult {
        &self.result.variants[0].trials[0]
    }
}
