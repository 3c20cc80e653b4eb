//! Programs that other people wrote and publish, unchanged, under `spanfate attach`: `go-fixtures/public` pins them.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use spanfate_model::fate::Fate;
use spanfate_model::fate::witness::WitnessState;
use spanfate_model::result::{RunResult, TrialResult};

use crate::lab::{Lab, root};
use crate::watching::probes::probed_alone;

/// The module of two of them.
const JAEGER: &str = "github.com/jaegertracing/jaeger";

/// Builds a package of one of the modules, outside of the lab, so that Go finds it done the next time.
fn build(module: &str, package: &str) -> PathBuf {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("public-{}", package.rsplit('/').next().unwrap()));
    let mut go = Command::new("go");
    go.args(["build", "-trimpath", "-o"]).arg(&program).arg(package);
    go.current_dir(root().join("go-fixtures/public").join(module)).env("CGO_ENABLED", "0");
    let output = go.env("GOFLAGS", "-mod=readonly -buildvcs=false").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

/// Runs it and holds what must hold of every program against its books.
fn run(
    lab: &Lab,
    name: &str,
    settings: &[(&str, &str)],
    load: &[&str],
    program: &Path,
    arguments: &[&str],
) -> TrialResult {
    let mut command = lab.program();
    command.args(["attach", "--out"]).arg(lab.path(name)).args(load).arg("--").arg(program).args(arguments);
    let output = command.envs(settings.iter().copied()).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let mut entries = std::fs::read_dir(lab.path(name)).unwrap_or_else(|error| panic!("{error}: {said}"));
    let result = entries.find_map(|entry| std::fs::read(entry.ok()?.path().join("result.json")).ok());
    let result: RunResult = serde_json::from_slice(&result.unwrap_or_else(|| panic!("{said}"))).unwrap();
    assert_eq!(output.status.code(), Some(0), "{name}: {said}");
    let trial = result.variants[0].trials[0].clone();
    let ledger = &trial.ledger;
    assert_eq!(trial.probes[0].state, WitnessState::Complete, "{name}");
    assert!(ledger.closes(), "{name}");
    let open = (ledger.unexplained.count, ledger.unaccounted.count, ledger.unexpected.count);
    assert_eq!(open, (0, 0, 0), "{name}: {:?}", result.reasons);
    assert_eq!(ledger.created, trial.probes[0].hits["started"], "{name}");
    for row in &trial.agreement {
        assert!(row.difference == 0 || row.explained.is_some(), "{name}: {row:?}");
    }
    trial
}

fn free_ports<const N: usize>() -> [String; N] {
    let held: [TcpListener; N] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().port().to_string())
}

/// `cargo test -p spanfate --test e2e public -- --ignored`
#[test]
#[ignore = "a nightly test: it downloads and builds what others publish"]
fn public_programs_have_exact_books() {
    let Some(lab) = probed_alone() else { return };
    if lab.skips_without_module_proxy() {
        return;
    }
    // Four workers make 50 traces each, of a span with three children.
    let tracegen = build("jaeger", &format!("{JAEGER}/cmd/tracegen"));
    for (exporter, services) in [("otlp-http", "1"), ("otlp-grpc", "3")] {
        let made = ["-workers", "4", "-traces", "50", "-spans", "3"];
        let arguments = [&made[..], &["-trace-exporter", exporter, "-services", services]].concat();
        let trial = run(&lab, &format!("tracegen-{exporter}"), &[], &[], &tracegen, &arguments);
        assert_eq!((trial.ledger.created, trial.ledger.total(Fate::Received)), (800, 800), "{exporter}");
    }
    // A web server: a span for each request, and for the one that asks whether it is there. It is stopped in order.
    let caddy = build("caddy", "github.com/caddyserver/caddy/v2/cmd/caddy");
    let [port] = free_ports();
    let file = lab.path("Caddyfile");
    let site = format!("http://127.0.0.1:{port} {{\n\ttracing {{\n\t\tspan public\n\t}}\n\trespond ok\n}}\n");
    std::fs::write(&file, format!("{{\n\tadmin off\n}}\n{site}")).unwrap();
    let arguments = ["run", "--adapter", "caddyfile", "--config", file.to_str().unwrap()];
    let (url, home) = (format!("http://127.0.0.1:{port}/"), lab.path("home"));
    let load = ["--load", url.as_str(), "--rate", "100/s", "--for", "2s"];
    let trial = run(&lab, "caddy", &[("HOME", home.to_str().unwrap())], &load, &caddy, &arguments);
    assert_eq!((trial.ledger.created, trial.ledger.total(Fate::Received)), (301, 301));
    // Six services in one process, each with a provider of its own. It does not stop in order: what is queued is lost.
    let hotrod = build("jaeger", &format!("{JAEGER}/examples/hotrod"));
    let [frontend, customer, driver, route] = free_ports();
    let arguments = ["all", "-f", &frontend, "-c", &customer, "-d", &driver, "-r", &route];
    let url = format!("http://127.0.0.1:{frontend}/dispatch?customer=123");
    let load = ["--load", url.as_str(), "--rate", "5/s", "--for", "3s"];
    let trial = run(&lab, "hotrod", &[], &load, &hotrod, &arguments);
    let paths = &trial.services[0].paths;
    let mut providers: Vec<u32> = paths.iter().map(|path| path.provider).collect();
    providers.dedup();
    assert_eq!((paths.len(), providers.len()), (6, 6), "{paths:#?}");
    let kept: u64 = trial.ledger.total(Fate::Received);
    assert!(kept > 0 && kept < trial.ledger.created, "{:?}", trial.ledger.fates);
}
