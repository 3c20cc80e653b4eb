//! The configuration of the project's own collector, from the knobs of its hop.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use spanfate_model::exporter::Protocol;
use spanfate_model::quantity::unit::Period;
use spanfate_model::scenario::pipeline::HopKnobs;

use crate::collector::HopPorts;

/// Lines of YAML, each with its depth.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn put(&mut self, depth: usize, line: &str) {
        // Writing to a string cannot fail.
        _ = writeln!(self.0, "{:indent$}{line}", "", indent = depth * 2);
    }

    fn key(&mut self, depth: usize, key: &str, value: Option<String>) {
        if let Some(value) = value {
            self.put(depth, &format!("{key}: {value}"));
        }
    }
}

/// A time as Go writes it.
fn time(period: Period) -> String {
    format!("{}ns", period.nanos())
}

/// Where a collector sends to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HopNext<'a> {
    /// The next place on the path.
    pub(crate) to: SocketAddr,
    /// A storage engine that gets all of it as well, by its name.
    pub(crate) beside: Option<(&'a str, SocketAddr)>,
}

/// The names of its exporters: to the next place, and to an engine beside it.
pub(crate) fn exporter_names(knobs: &HopKnobs, beside: Option<&str>) -> (&'static str, Option<String>) {
    let name = if knobs.protocol == Some(Protocol::HttpProtobuf) { "otlp_http" } else { "otlp_grpc" };
    (name, beside.map(|engine| format!("{name}/{engine}")))
}

/// The whole configuration of a collector that listens there and sends to the next one.
pub(crate) fn yaml(knobs: &HopKnobs, ports: HopPorts, next: HopNext<'_>, storage: &Path) -> String {
    let mut out = Lines::default();
    out.put(0, "receivers:");
    out.put(1, "otlp:");
    out.put(2, "protocols:");
    for (protocol, port) in [("grpc", ports.grpc), ("http", ports.http)] {
        out.put(3, &format!("{protocol}:"));
        out.put(4, &format!("endpoint: 127.0.0.1:{port}"));
        if protocol == "grpc" {
            of_grpc(&mut out, knobs);
        }
    }
    let processors = processors(&mut out, knobs);
    let (name, further) = exporter_names(knobs, next.beside.map(|(engine, _)| engine));
    out.put(0, "exporters:");
    exporter(&mut out, knobs, name, next.to);
    let mut exporters = name.to_owned();
    if let Some((further, (_, to))) = further.zip(next.beside) {
        exporter(&mut out, knobs, &further, to);
        exporters += &format!(", {further}");
    }
    if knobs.is_persistent() {
        out.put(0, "extensions:");
        out.put(1, "file_storage:");
        out.put(2, &format!("directory: '{}'", storage.display()));
        out.put(2, "create_directory: true");
        out.key(2, "max_size", knobs.disk_size.map(|size| size.0.to_string()));
    }
    out.put(0, "service:");
    out.key(1, "extensions", knobs.is_persistent().then(|| "[file_storage]".to_owned()));
    out.put(1, "telemetry:");
    out.put(2, "metrics:");
    out.put(3, "level: normal");
    out.put(3, "readers:");
    out.put(4, "- pull:");
    out.put(6, "exporter:");
    out.put(7, "prometheus:");
    out.put(8, "host: 127.0.0.1");
    out.put(8, &format!("port: {}", ports.metrics));
    out.put(1, "pipelines:");
    out.put(2, "traces:");
    out.put(3, "receivers: [otlp]");
    out.put(3, &format!("processors: [{}]", processors.join(", ")));
    out.put(3, &format!("exporters: [{exporters}]"));
    out.0
}

/// What is set of the receiver's gRPC server.
fn of_grpc(out: &mut Lines, knobs: &HopKnobs) {
    out.key(4, "max_recv_msg_size_mib", knobs.max_recv.map(|size| (size.0 >> 20).to_string()));
    if let Some(age) = knobs.max_connection_age {
        out.put(4, "keepalive:");
        out.put(5, "server_parameters:");
        out.key(6, "max_connection_age", Some(time(age)));
    }
}

fn processors(out: &mut Lines, knobs: &HopKnobs) -> Vec<&'static str> {
    let mut names = Vec::new();
    if knobs.memory_limit.is_none() && !knobs.has_batch_processor() {
        return names;
    }
    out.put(0, "processors:");
    if let Some(limit) = knobs.memory_limit {
        let mib = (limit.0 >> 20).max(1);
        out.put(1, "memory_limiter:");
        out.put(2, "check_interval: 100ms");
        out.put(2, &format!("limit_mib: {mib}"));
        out.put(2, &format!("spike_limit_mib: {}", mib / 5));
        names.push("memory_limiter");
    }
    if knobs.has_batch_processor() {
        let set = knobs.batch_size.is_some() || knobs.batch_timeout.is_some();
        out.put(1, if set { "batch:" } else { "batch: {}" });
        out.key(2, "send_batch_size", knobs.batch_size.map(|size| size.to_string()));
        out.key(2, "timeout", knobs.batch_timeout.map(time));
        names.push("batch");
    }
    names
}

/// An exporter.
fn exporter(out: &mut Lines, knobs: &HopKnobs, name: &str, next: SocketAddr) {
    let http = knobs.protocol == Some(Protocol::HttpProtobuf);
    out.put(1, &format!("{name}:"));
    out.put(2, &format!("endpoint: {}{next}", if http { "http://" } else { "" }));
    out.put(2, "tls:");
    out.put(3, "insecure: true");
    out.key(2, "compression", knobs.compression.map(|compression| compression.as_str().to_owned()));
    out.key(2, "timeout", knobs.timeout.map(time));
    if let Some(keepalive) = knobs.keepalive {
        out.put(2, "keepalive:");
        out.key(3, "time", Some(time(keepalive)));
        out.put(3, "permit_without_stream: true");
    }
    let text = |value: Option<bool>| value.map(|value| value.to_string());
    let queue = [
        ("enabled", text(knobs.queue)),
        ("queue_size", knobs.queue_size.map(|size| size.to_string())),
        ("sizer", knobs.queue_sizer.map(|sizer| sizer.as_str().to_owned())),
        ("num_consumers", knobs.consumers.map(|consumers| consumers.to_string())),
        ("block_on_overflow", text(knobs.block_on_overflow)),
        ("wait_for_result", text(knobs.wait_for_result)),
        ("storage", knobs.is_persistent().then(|| "file_storage".to_owned())),
    ];
    let batches = knobs.exporter_batch == Some(true);
    if batches || queue.iter().any(|(_, value)| value.is_some()) {
        out.put(2, "sending_queue:");
        for (key, value) in queue {
            out.key(3, key, value);
        }
        if batches {
            let sizes = [
                ("min_size", knobs.exporter_batch_min.map(|size| size.to_string())),
                ("max_size", knobs.exporter_batch_max.map(|size| size.to_string())),
                ("flush_timeout", knobs.flush_timeout.map(time)),
            ];
            let plain = sizes.iter().all(|(_, value)| value.is_none());
            out.put(3, if plain { "batch: {}" } else { "batch:" });
            for (key, value) in sizes {
                out.key(4, key, value);
            }
        }
    }
    let retry = [
        ("enabled", text(knobs.retry)),
        ("initial_interval", knobs.retry_initial.map(time)),
        ("max_interval", knobs.retry_max.map(time)),
        ("max_elapsed_time", knobs.retry_give_up.map(time)),
    ];
    if retry.iter().any(|(_, value)| value.is_some()) {
        out.put(2, "retry_on_failure:");
        for (key, value) in retry {
            out.key(3, key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTS: HopPorts = HopPorts { grpc: 1, http: 2, metrics: 3 };

    fn of(knobs: &str) -> String {
        let knobs: HopKnobs = serde_json::from_str(knobs).unwrap();
        let next = HopNext { to: SocketAddr::from(([127, 0, 0, 1], 9)), beside: None };
        yaml(&knobs, PORTS, next, Path::new("/tmp/x y"))
    }

    #[test]
    fn an_engine_beside_has_an_exporter_of_the_same_knobs() {
        let beside = Some(("jaeger", SocketAddr::from(([127, 0, 0, 1], 8))));
        let next = HopNext { to: SocketAddr::from(([127, 0, 0, 1], 9)), beside };
        let knobs: HopKnobs = serde_json::from_str(r#"{"queue_size": 5}"#).unwrap();
        let text = yaml(&knobs, PORTS, next, Path::new("/tmp"));
        for once in
            ["  otlp_grpc:\n", "  otlp_grpc/jaeger:\n", "endpoint: 127.0.0.1:8\n", "endpoint: 127.0.0.1:9\n"]
        {
            assert_eq!(text.matches(once).count(), 1, "{once} in\n{text}");
        }
        assert_eq!(text.matches("queue_size: 5").count(), 2);
        assert!(text.contains("exporters: [otlp_grpc, otlp_grpc/jaeger]"), "{text}");
    }

    #[test]
    fn what_is_not_set_is_left_to_the_collector() {
        let text = of("{}");
        for absent in ["sending_queue", "retry_on_failure", "memory_limiter", "file_storage", "compression"] {
            assert!(!text.contains(absent), "{absent} in\n{text}");
        }
        for there in [
            "  batch: {}\n",
            "processors: [batch]",
            "exporters: [otlp_grpc]",
            "port: 3",
            "endpoint: 127.0.0.1:9",
        ] {
            assert!(text.contains(there), "no {there} in\n{text}");
        }
    }

    #[test]
    fn every_knob_has_its_line() {
        let text = of(
            r#"{"batch_size": 11, "batch_timeout": "2s", "exporter_batch": true, "exporter_batch_min": 5,
                "exporter_batch_max": 6, "flush_timeout": "3ms", "queue": true, "queue_size": 12, "queue_sizer": "items",
                "consumers": 2, "block_on_overflow": true, "wait_for_result": false, "storage": "disk", "retry": true,
                "retry_initial": "1s", "retry_max": "4s", "retry_give_up": "0s", "timeout": "5s", "memory_limit": "100MiB",
                "protocol": "http/protobuf", "compression": "gzip", "disk_size": "1MiB", "max_recv": "8MiB",
                "max_connection_age": "9s", "keepalive": "10s"}"#,
        );
        for line in [
            "send_batch_size: 11",
            "timeout: 2000000000ns",
            "min_size: 5",
            "max_size: 6",
            "flush_timeout: 3000000ns",
            "enabled: true",
            "queue_size: 12",
            "sizer: items",
            "num_consumers: 2",
            "block_on_overflow: true",
            "wait_for_result: false",
            "storage: file_storage",
            "initial_interval: 1000000000ns",
            "max_interval: 4000000000ns",
            "max_elapsed_time: 0ns",
            "timeout: 5000000000ns",
            "limit_mib: 100",
            "max_size: 1048576",
            "max_recv_msg_size_mib: 8",
            "max_connection_age: 9000000000ns",
            "time: 10000000000ns",
            "endpoint: http://127.0.0.1:9",
            "compression: gzip",
            "directory: '/tmp/x y'",
            "extensions: [file_storage]",
            "processors: [memory_limiter, batch]",
            "exporters: [otlp_http]",
        ] {
            assert!(text.lines().any(|one| one.trim() == line), "no `{line}` in\n{text}");
        }
        assert!(of(r#"{"batch_processor": false}"#).contains("processors: []"));
    }
}
