//! What is set in which configuration, and what is left.

use serde_json::json;

use super::super::yaml;
use super::parts::go_time;
use super::*;

const PORTS: HopPorts = HopPorts { grpc: 1, http: 2, metrics: 3 };

/// Rewrites a configuration; ports come as 11, 12 and so on, ends as 21, 22.
fn of(text: &str) -> Result<Rewritten, String> {
    before(text, &[9])
}

/// The same, before several others.
fn before(text: &str, next: &[u16]) -> Result<Rewritten, String> {
    let next: Vec<SocketAddr> = next.iter().map(|port| SocketAddr::from(([127, 0, 0, 1], *port))).collect();
    let config = yaml::read(text).unwrap();
    let (mut port, mut end) = (10, 20);
    let mut free = || {
        port += 1;
        Ok(port)
    };
    let mut next_end = |_: &str| {
        end += 1;
        Ok(SocketAddr::from(([127, 0, 0, 1], end)))
    };
    let mut site = HopSite {
        ports: PORTS,
        next: &next,
        free: &mut free,
        end: &mut next_end,
        storage: Path::new("/tmp/a$b"),
    };
    rewrite(&config, &mut site).map_err(|why| match why {
        Unplaced::Because(text) => text,
        Unplaced::Failed(error) => error.to_string(),
    })
}

const PLAIN: &str = "receivers:\n  otlp:\n    protocols:\n      grpc:\nexporters:\n  otlp:\n    endpoint: gateway:4317\n\
                     service:\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [otlp]\n";

#[test]
fn only_what_leads_on_and_what_listens_is_set() {
    let done = of(PLAIN).unwrap();
    assert_eq!(
        done.overlay,
        json!({
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:1"}}}},
            "exporters": {"otlp": {"endpoint": "127.0.0.1:9", "tls": {"insecure": true}}},
            "service": {"telemetry": {"metrics": {"readers": [
                {"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": 3}}}},
            ]}}},
        })
    );
    let of_endpoint = done.changes.iter().find(|change| change.key == "exporters::otlp::endpoint").unwrap();
    assert_eq!((of_endpoint.was.as_deref(), of_endpoint.now.as_str()), (Some("gateway:4317"), "127.0.0.1:9"));
    assert_eq!((done.exporter.as_str(), done.takes, done.holds), ("otlp", (true, false), Duration::ZERO));
}

#[test]
fn every_name_of_an_exporter_is_known_and_each_further_one_has_an_end() {
    let text = "
receivers:
  otlp: {protocols: {grpc: {endpoint: '0.0.0.0:4317', tls: {cert_file: a, key_file: b}}, http: }}
  otlp/logs: {protocols: {grpc: }}
  jaeger: {protocols: {thrift_http: }}
  zipkin:
processors: {tail_sampling: {policies: []}, batch: {timeout: 1s}, 'custom/x': {endpoint: 'keep:1'}}
exporters:
  otlp_http/first: {endpoint: 'https://me:secret@a.example/otlp', headers: {x-key: '${env:KEY}'}, tls: {ca_file: c}}
  otlphttp/second: {traces_endpoint: 'https://b.example/v1/traces', sending_queue: {batch: {flush_timeout: 2s}}}
  otlp_grpc/third: {endpoint: 'c.example:443', tls: {insecure: true}}
  otlp/metrics: {endpoint: 'd.example:443'}
  debug:
  datadog: {api: {key: '${env:DD}'}}
connectors: {spanmetrics: }
service:
  pipelines:
    traces: {receivers: [otlp, jaeger, zipkin], processors: [tail_sampling, batch], exporters: [debug, otlp_http/first, otlphttp/second, spanmetrics]}
    traces/more: {receivers: [otlp], exporters: [otlp_grpc/third, datadog, otlp_http/first]}
    metrics: {receivers: [otlp, spanmetrics], exporters: [otlp/metrics]}
    logs: {receivers: [otlp/logs], exporters: [debug]}
";
    let done = of(text).unwrap();
    let over = |path: &str| done.overlay.pointer(path).cloned();
    for (path, value) in [
        ("/exporters/otlp_http~1first/endpoint", "http://127.0.0.1:9"),
        ("/exporters/otlp_http~1first/tls/ca_file", ""),
        ("/exporters/otlphttp~1second/traces_endpoint", "http://127.0.0.1:21/v1/traces"),
        ("/exporters/otlp_grpc~1third/endpoint", "127.0.0.1:22"),
        ("/receivers/otlp/protocols/grpc/endpoint", "127.0.0.1:1"),
        ("/receivers/otlp/protocols/http/endpoint", "127.0.0.1:2"),
    ] {
        assert_eq!(over(path), Some(json!(value)), "{path}");
    }
    for (path, there) in [
        ("/exporters/otlp~1metrics", false),
        ("/exporters/otlphttp~1second/endpoint", false),
        ("/exporters/otlp_grpc~1third/tls", false),
        ("/exporters/otlp_http~1first/headers", false),
        ("/exporters/datadog", false),
        ("/processors", false),
        ("/receivers/otlp/protocols/grpc/tls", true),
        ("/receivers/otlp~1logs/protocols/grpc/endpoint", true),
        ("/receivers/jaeger/protocols/thrift_http/endpoint", true),
        ("/receivers/zipkin/endpoint", true),
    ] {
        assert_eq!(over(path).is_some(), there, "{path}");
    }
    assert_eq!((done.exporter.as_str(), done.takes), ("otlp_http/first", (true, true)));
    assert_eq!(done.elsewhere, ["datadog"]);
    // The default of the decision, the batch, and the batch of an exporter.
    assert_eq!(done.holds, Duration::from_secs(33));
    let first =
        done.changes.iter().find(|change| change.key == "exporters::otlp_http/first::endpoint").unwrap();
    assert_eq!(first.was.as_deref(), Some("https://…@a.example/otlp"));
}

#[test]
fn pages_and_folders_are_a_trial_s_own_and_other_readers_stay() {
    let more = "  extensions: [health_check, file_storage/q]\n  telemetry:\n    metrics:\n      level: none\n      readers:\n      - periodic: {interval: 5000, exporter: {otlp: {endpoint: '${env:M}'}}}\n      - pull: {exporter: {prometheus: {host: '0.0.0.0', port: 8888, without_type_suffix: true}}}\nextensions:\n  health_check:\n  file_storage/q: {directory: /var/q, compaction: {directory: /tmp}}\n";
    let done = of(&format!("{PLAIN}{more}")).unwrap();
    let metrics = done.overlay.pointer("/service/telemetry/metrics").unwrap();
    assert_eq!(
        *metrics,
        json!({"level": "normal", "readers": [
            {"periodic": {"interval": 5000, "exporter": {"otlp": {"endpoint": "${env:M}"}}}},
            {"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": 3, "without_type_suffix": true}}}},
        ]})
    );
    let page = done.changes.iter().find(|change| change.key.contains("readers[1]")).unwrap();
    assert_eq!((page.was.as_deref(), page.now.as_str()), (Some("0.0.0.0:8888"), "127.0.0.1:3"));
    let extensions = done.overlay.get("extensions").unwrap();
    assert_eq!(
        *extensions,
        json!({
            "health_check": {"endpoint": "127.0.0.1:11"},
            "file_storage/q": {"directory": "/tmp/a$$b/file_storage-q", "compaction": {"directory": "/tmp/a$$b/file_storage-q"}},
        })
    );
    assert_eq!(done.folders, [Path::new("/tmp/a$b/file_storage-q")]);
    // Older collectors have an address.
    let old = of(&format!("{PLAIN}  telemetry: {{metrics: {{address: ':8888'}}}}\n")).unwrap();
    assert_eq!(old.overlay.pointer("/service/telemetry/metrics"), Some(&json!({"address": "127.0.0.1:3"})));
}

#[test]
fn what_cannot_stand_in_a_path_is_said() {
    for (from, to, message) in [
        ("receivers: [otlp]", "receivers: [kafka]", "no pipeline of traces has an `otlp` receiver"),
        ("exporters: [otlp]", "exporters: [kafka]", "no pipeline of traces has an exporter"),
        (
            "exporters: [otlp]",
            "exporters: '${env:E}'",
            "`service::pipelines::traces::exporters` is not written out",
        ),
    ] {
        let why = of(&PLAIN.replace(from, to)).err().unwrap();
        assert!(why.contains(message), "{why}");
    }
    assert!(of("service: ${file:service.yaml}").err().unwrap().contains("`service` is not written out"));
}

#[test]
fn times_are_those_of_go() {
    for (text, ms) in [("1m30s", 90_000), ("200ms", 200), ("1.5s", 1_500), ("1h", 3_600_000)] {
        assert_eq!(go_time(text), Some(Duration::from_millis(ms)), "{text}");
    }
    for text in ["", "5", "s", "${env:T}", "5 s"] {
        assert_eq!(go_time(text), None, "{text}");
    }
}

#[test]
fn several_places_need_an_exporter_that_balances() {
    let text = "
receivers: {otlp: {protocols: {grpc: }}}
exporters:
  otlp: {endpoint: 'backup:4317'}
  loadbalancing: {protocol: {otlp: {tls: {ca_file: c}}}, resolver: {dns: {hostname: gateways}}}
service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp, loadbalancing]}}}
";
    let done = before(text, &[7, 8]).unwrap();
    assert_eq!(done.exporter, "loadbalancing");
    assert_eq!(
        done.overlay["exporters"],
        json!({
            "otlp": {"endpoint": "127.0.0.1:21", "tls": {"insecure": true}},
            "loadbalancing": {
                "protocol": {"otlp": {"tls": {"insecure": true, "ca_file": ""}}},
                "resolver": {"static": {"hostnames": ["127.0.0.1:7", "127.0.0.1:8"]}, "dns": null},
            },
        })
    );
    // Before one place it leads to that alone.
    let alone = text.replace("[otlp, loadbalancing]", "[loadbalancing]");
    let done = of(&alone).unwrap();
    assert_eq!(
        done.overlay["exporters"]["loadbalancing"]["resolver"]["static"]["hostnames"],
        json!(["127.0.0.1:9"])
    );
    assert!(before(PLAIN, &[7, 8]).err().unwrap().contains("no exporter `load_balancing`"));
}
