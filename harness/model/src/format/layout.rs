//! Paths inside a results directory, in one place.

use std::path::{Path, PathBuf};

/// A run's directory.
#[derive(Clone, Debug)]
pub struct RunDir(pub PathBuf);

impl RunDir {
    /// The resolved plan.
    pub fn plan(&self) -> PathBuf {
        self.0.join("plan.json")
    }

    /// The scenario file, as it was read.
    pub fn scenario(&self) -> PathBuf {
        self.0.join("scenario.toml")
    }

    /// The arrivals of a replay, as they were read.
    pub fn arrivals(&self) -> PathBuf {
        self.0.join("arrivals.txt")
    }

    /// State of the run.
    pub fn manifest(&self) -> PathBuf {
        self.0.join("run.json")
    }

    /// Fingerprint of the environment.
    pub fn environment(&self) -> PathBuf {
        self.0.join("environment.json")
    }

    /// Everything that was concluded.
    pub fn result(&self) -> PathBuf {
        self.0.join("result.json")
    }

    /// A trial's directory.
    pub fn trial(&self, index: u16) -> TrialDir {
        TrialDir(self.0.join(format!("trial-{index:03}")))
    }

    /// The directory of an attempt at a trial that was spoilt and made again; attempts count from 1.
    pub fn attempt(&self, index: u16, attempt: u16) -> TrialDir {
        TrialDir(self.0.join(format!("trial-{index:03}.attempt-{attempt}")))
    }

    /// The run's id: the directory's own name.
    pub fn id(&self) -> String {
        self.0.file_name().map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned())
    }
}

/// A trial's directory.
#[derive(Clone, Debug)]
pub struct TrialDir(pub PathBuf);

impl TrialDir {
    /// State of the trial and where its logs are.
    pub fn manifest(&self) -> PathBuf {
        self.0.join("trial.json")
    }

    /// What spoilt it, where it was made again.
    pub fn spoilt(&self) -> PathBuf {
        self.0.join("spoilt.json")
    }

    /// Configuration file of a service's fixture.
    pub fn fixture_config(&self, service: &str) -> PathBuf {
        self.0.join(fixture_config(service))
    }

    /// Standard output of a service that is no fixture.
    pub fn stdout_of(&self, service: &str) -> PathBuf {
        self.0.join(format!("{service}.stdout.log"))
    }

    /// Standard error of a service.
    pub fn stderr_of(&self, service: &str) -> PathBuf {
        self.0.join(format!("{service}.stderr.log"))
    }

    /// Event log.
    pub fn events(&self) -> PathBuf {
        self.0.join("events.ndjson")
    }

    /// Samples of resource usage.
    pub fn usage(&self) -> PathBuf {
        self.0.join("usage.ndjson")
    }

    /// The ledger: totals and exemplars.
    pub fn ledger(&self) -> PathBuf {
        self.0.join("ledger.json")
    }

    /// One of the raw logs.
    pub fn raw(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// File name of the configuration of a service's fixture.
pub fn fixture_config(service: &str) -> String {
    format!("{service}.fixture.json")
}

/// File name of a process's span ledger.
pub fn slots_name(service: &str, incarnation: u32) -> String {
    format!("{service}.{incarnation}.slots")
}

/// File name of the log of the probes on a process.
pub fn probe_name(service: &str, incarnation: u32) -> String {
    format!("{service}.{incarnation}.probe")
}

/// File name of the runtime/trace of a process.
pub fn trace_name(service: &str, incarnation: u32) -> String {
    format!("{service}.{incarnation}.trace")
}

/// File name of the events of a runtime/trace.
pub fn trace_events_name(service: &str, incarnation: u32) -> String {
    format!("{service}.{incarnation}.trace.ndjson")
}

/// File name of the log lines of a process.
pub fn lines_name(service: &str, incarnation: u32) -> String {
    format!("{service}.{incarnation}.log.ndjson")
}

/// File name of the log of the tap before a hop.
pub fn tap_name(hop: &str) -> String {
    format!("{hop}.tap.log")
}

/// File name of the log of the receiver of a further exporter of a hop's collector, by the exporter's place.
pub fn hop_end_name(hop: &str, place: usize) -> String {
    format!("{hop}.end-{place}.log")
}

/// File name of the log of what an engine showed when it was read back.
pub fn back_name(engine: &str) -> String {
    format!("{engine}.back.log")
}

/// File name of what an engine answered when it was read back, one body a line.
pub fn back_bodies_name(engine: &str) -> String {
    format!("{engine}.back.jsonl")
}

/// File name of what is set for a trial over the configuration of a collector's user.
pub fn hop_overlay_name(hop: &str) -> String {
    format!("{hop}.collector.over.yaml")
}

/// File name of the configuration of a hop's collector.
pub fn hop_config_name(hop: &str) -> String {
    format!("{hop}.collector.yaml")
}

/// File name of a page of metrics of a start of a hop's collector.
pub fn hop_page_name(hop: &str, incarnation: u32, number: usize) -> String {
    format!("{hop}.{incarnation}.{number}.prom")
}

/// File name of the wire witness's log.
pub const WIRE_LOG: &str = "wire.log";
/// File name of whole spans beside it, as messages of protobuf.
pub const WIRE_SPANS: &str = "wire.spans.otlp";
/// File name of whole spans beside it, as lines of JSON.
pub const WIRE_SPANS_JSON: &str = "wire.spans.jsonl";
/// File names of metrics beside it, as messages of protobuf and as lines of JSON.
pub const WIRE_METRICS: [&str; 2] = ["wire.metrics.otlp", "wire.metrics.jsonl"];
/// The same of log records.
pub const WIRE_LOGS: [&str; 2] = ["wire.logs.otlp", "wire.logs.jsonl"];
/// File name of the load's log.
pub const LOAD_LOG: &str = "load.log";

/// Where a run's report goes.
pub fn report_path(reports: &Path, run_id: &str) -> PathBuf {
    reports.join(format!("{run_id}.html"))
}
