//! What has to be otherwise than in a user's configuration for a collector to stand in the path of a trial: where it listens, where
//! its exporters of traces send to, and where it keeps files. It is written as a second configuration, which the collector merges
//! over the first: what is not named here reaches it as it stands in the file.

mod overlay;
mod parts;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use spanfate_model::format::manifest::HopRewrite;

use super::HopPorts;
use crate::RunError;
use overlay::{Overlay, shown};
use parts::{TracePipelines, holding, map_at, type_of, used_in};

/// Exporters of OTLP over gRPC, by their type.
const GRPC: [&str; 2] = ["otlp", "otlp_grpc"];
/// The same over HTTP.
const HTTP: [&str; 2] = ["otlphttp", "otlp_http"];
/// Exporters that balance between several ends, over gRPC.
const BALANCING: [&str; 2] = ["loadbalancing", "load_balancing"];
/// Ways in which these find their ends, but for a list.
const RESOLVERS: [&str; 3] = ["dns", "k8s", "aws_cloud_map"];
/// Exporters that send nothing to anybody.
const AT_HOME: [&str; 4] = ["debug", "logging", "file", "nop"];
/// Receivers that listen, with a table of protocols.
const LISTENING: [&str; 2] = ["otlp", "jaeger"];
/// Extensions that listen at `endpoint`.
const EXTENSIONS: [&str; 3] = ["health_check", "pprof", "zpages"];
/// Files and texts by which an exporter speaks TLS.
const OF_TLS: [&str; 6] = ["ca_file", "ca_pem", "cert_file", "cert_pem", "key_file", "key_pem"];

/// Where a collector stands in a trial.
pub(crate) struct HopSite<'a> {
    pub(crate) ports: HopPorts,
    /// Where its exporter sends to: one place, or several between which it balances.
    pub(crate) next: &'a [SocketAddr],
    /// Gives a port for whatever else it listens on.
    pub(crate) free: &'a mut dyn FnMut() -> Result<u16, RunError>,
    /// Gives the receiver of a further exporter.
    pub(crate) end: &'a mut dyn FnMut(&str) -> Result<SocketAddr, RunError>,
    /// Folder of what it stores on disk.
    pub(crate) storage: &'a Path,
}

/// A configuration, made ready for a trial.
pub(crate) struct Rewritten {
    /// What is merged over the user's file.
    pub(crate) overlay: Value,
    pub(crate) changes: Vec<HopRewrite>,
    /// The exporter that leads on the path.
    pub(crate) exporter: String,
    /// Exporters of traces that are left as they are, and send spans elsewhere.
    pub(crate) elsewhere: Vec<String>,
    /// Whether the receiver that services send to takes gRPC, and HTTP.
    pub(crate) takes: (bool, bool),
    /// Folders that it expects.
    pub(crate) folders: Vec<PathBuf>,
    /// How long its processors and batches may hold a span.
    pub(crate) holds: Duration,
}

/// Why a configuration cannot stand in a path.
pub(crate) enum Unplaced {
    /// In words.
    Because(String),
    /// The harness could not do its work.
    Failed(RunError),
}

impl From<RunError> for Unplaced {
    fn from(error: RunError) -> Self {
        Self::Failed(error)
    }
}

/// Makes a configuration ready.
pub(crate) fn rewrite(config: &Value, site: &mut HopSite<'_>) -> Result<Rewritten, Unplaced> {
    let pipelines = TracePipelines::of(config).map_err(Unplaced::Because)?;
    let because = |text: &str| Unplaced::Because(text.to_owned());
    let entry = pipelines.receivers.iter().find(|id| type_of(id) == "otlp");
    let entry = entry.ok_or_else(|| {
        because("no pipeline of traces has an `otlp` receiver: services could not send to it")
    })?;
    let mut over = Overlay::new(config);
    receivers(&mut over, entry, site)?;
    let is_otlp = |id: &&String| {
        let of_type = type_of(id);
        GRPC.contains(&of_type) || HTTP.contains(&of_type) || BALANCING.contains(&of_type)
    };
    let mut leading: Vec<&String> = pipelines.exporters.iter().filter(is_otlp).collect();
    // Several places behind it need one that balances, wherever it stands among the others.
    if site.next.len() > 1 {
        leading.sort_by_key(|id| !BALANCING.contains(&type_of(id)));
    }
    let Some((exporter, further)) = leading.split_first() else {
        return Err(because(
            "no pipeline of traces has an exporter `otlp_grpc` (`otlp`), `otlp_http` (`otlphttp`) or `load_balancing`: nothing would \
             come out of it",
        ));
    };
    if site.next.len() > 1 && !BALANCING.contains(&type_of(exporter)) {
        return Err(because(
            "several collectors stand beside each other behind it, and it has no exporter `load_balancing` that could send to all of them",
        ));
    }
    send_to(&mut over, exporter, site.next);
    for id in further {
        let end = (site.end)(id)?;
        send_to(&mut over, id, &[end]);
    }
    telemetry(&mut over, site.ports.metrics);
    let folders = extensions(&mut over, site)?;
    let elsewhere = |id: &&String| !is_otlp(id) && !AT_HOME.contains(&type_of(id));
    let takes = |protocol: &str| {
        map_at(config, &["receivers", entry, "protocols"]).is_some_and(|all| all.contains_key(protocol))
    };
    Ok(Rewritten {
        exporter: (*exporter).clone(),
        elsewhere: pipelines.exporters.iter().filter(elsewhere).cloned().collect(),
        takes: (takes("grpc"), takes("http")),
        folders,
        holds: holding(config),
        overlay: over.tree,
        changes: over.changes,
    })
}

/// Ports on which receivers listen. Services speak no TLS, so a receiver does not either.
fn receivers(over: &mut Overlay<'_>, entry: &str, site: &mut HopSite<'_>) -> Result<(), RunError> {
    let config = over.config;
    for id in used_in(config, "receivers") {
        if type_of(&id) == "zipkin" {
            over.put(&["receivers", &id, "endpoint"], json!(local((site.free)()?)));
        }
        if !LISTENING.contains(&type_of(&id)) {
            continue;
        }
        for (protocol, of_it) in map_at(config, &["receivers", &id, "protocols"]).into_iter().flatten() {
            let port = match (id == entry, protocol.as_str()) {
                (true, "grpc") => site.ports.grpc,
                (true, "http") => site.ports.http,
                _ => (site.free)()?,
            };
            let at = |key| ["receivers", &id, "protocols", protocol.as_str(), key];
            over.put(&at("endpoint"), json!(local(port)));
            if of_it.get("tls").is_some_and(|tls| !tls.is_null()) {
                over.put(&at("tls"), Value::Null);
            }
        }
    }
    Ok(())
}

fn local(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// Leads an exporter that balances to addresses of this machine, as a list.
fn balance(over: &mut Overlay<'_>, id: &str, addresses: &[SocketAddr]) {
    let ends: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    over.put(&["exporters", id, "resolver", "static", "hostnames"], json!(ends));
    let resolver = map_at(over.config, &["exporters", id, "resolver"]);
    for way in RESOLVERS.into_iter().filter(|way| resolver.is_some_and(|own| own.contains_key(*way))) {
        over.put(&["exporters", id, "resolver", way], Value::Null);
    }
    let tls = map_at(over.config, &["exporters", id, "protocol", "otlp", "tls"]);
    let at = |key| ["exporters", id, "protocol", "otlp", "tls", key];
    if !tls.is_some_and(|tls| tls.get("insecure") == Some(&Value::Bool(true))) {
        over.put(&at("insecure"), json!(true));
    }
    for key in OF_TLS.into_iter().filter(|key| tls.is_some_and(|tls| tls.contains_key(*key))) {
        over.put(&at(key), json!(""));
    }
}

/// Leads an exporter to addresses of this machine, where nobody speaks TLS: to one, unless it balances between several.
fn send_to(over: &mut Overlay<'_>, id: &str, addresses: &[SocketAddr]) {
    let Some(address) = addresses.first() else { return };
    if BALANCING.contains(&type_of(id)) {
        return balance(over, id, addresses);
    }
    let own = map_at(over.config, &["exporters", id]);
    let is_set = |key: &str| own.is_some_and(|own| own.get(key).is_some_and(|value| !value.is_null()));
    let tls = map_at(over.config, &["exporters", id, "tls"]);
    if HTTP.contains(&type_of(id)) {
        let url = format!("http://{address}");
        if is_set("traces_endpoint") {
            over.put(&["exporters", id, "traces_endpoint"], json!(format!("{url}/v1/traces")));
        }
        if is_set("endpoint") || !is_set("traces_endpoint") {
            over.put(&["exporters", id, "endpoint"], json!(url));
        }
    } else {
        over.put(&["exporters", id, "endpoint"], json!(address.to_string()));
        if !tls.is_some_and(|tls| tls.get("insecure") == Some(&Value::Bool(true))) {
            over.put(&["exporters", id, "tls", "insecure"], json!(true));
        }
    }
    for key in OF_TLS {
        if tls.is_some_and(|tls| tls.get(key).is_some_and(|value| !value.is_null())) {
            over.put(&["exporters", id, "tls", key], json!(""));
        }
    }
}

/// Where its own metrics are read.
fn telemetry(over: &mut Overlay<'_>, port: u16) {
    const METRICS: [&str; 3] = ["service", "telemetry", "metrics"];
    let at = |key| ["service", "telemetry", "metrics", key];
    let own = map_at(over.config, &METRICS);
    let of = |key: &str| own.and_then(|own| own.get(key)).filter(|value| !value.is_null());
    if of("level").is_some_and(|level| level == "none") {
        over.put(&at("level"), json!("normal"));
    }
    // Collectors before 0.123 have one address.
    if of("address").is_some() {
        over.put(&at("address"), json!(local(port)));
        return;
    }
    let mut readers = of("readers").and_then(Value::as_array).cloned().unwrap_or_default();
    let page = |reader: &Value| reader.pointer("/pull/exporter/prometheus").is_some();
    let index = readers.iter().position(page).unwrap_or(readers.len());
    if index == readers.len() {
        readers.push(json!({"pull": {"exporter": {"prometheus": {}}}}));
    }
    let own = readers[index].pointer_mut("/pull/exporter/prometheus");
    let Some(reader) = own else { return };
    let was = reader.get("port").map(|port| {
        format!("{}:{}", reader.get("host").map_or_else(|| "localhost".to_owned(), shown), shown(port))
    });
    if !reader.is_object() {
        *reader = json!({});
    }
    reader["host"] = json!("127.0.0.1");
    reader["port"] = json!(port);
    over.put_silently(&at("readers"), Value::Array(readers));
    let key = format!("{}::readers[{index}]::pull::exporter::prometheus", METRICS.join("::"));
    over.changes.push(HopRewrite { key, was, now: local(port) });
}

/// Ports of extensions, and folders in which they keep files: those are a trial's own. The folders that have to be there.
fn extensions(over: &mut Overlay<'_>, site: &mut HopSite<'_>) -> Result<Vec<PathBuf>, RunError> {
    let config = over.config;
    let mut folders = Vec::new();
    let used = config.pointer("/service/extensions").and_then(Value::as_array).into_iter().flatten();
    for id in used.filter_map(Value::as_str) {
        if EXTENSIONS.contains(&type_of(id)) {
            over.put(&["extensions", id, "endpoint"], json!(local((site.free)()?)));
        }
        if type_of(id) != "file_storage" {
            continue;
        }
        let folder = site.storage.join(id.replace('/', "-"));
        over.put(&["extensions", id, "directory"], path(&folder));
        let compaction = map_at(config, &["extensions", id, "compaction"]);
        if compaction.is_some_and(|own| own.get("directory").is_some_and(|folder| !folder.is_null())) {
            over.put(&["extensions", id, "compaction", "directory"], path(&folder));
        }
        folders.push(folder);
    }
    Ok(folders)
}

/// A path, in which the collector shall expand nothing.
fn path(path: &Path) -> Value {
    json!(path.to_string_lossy().replace('$', "$$"))
}

#[cfg(test)]
mod tests;
