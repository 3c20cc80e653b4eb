//! Collectors of the user's own: configurations as people publish them, and programs that are none.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use spanfate_model::fate::{CollectorDecision, CollectorLoss, Fate};
use spanfate_model::result::HopResult;
use spanfate_model::verdict::Verdict;

use super::{hop, is_built, is_larger_built};
use crate::lab::{Finished, Lab, lab, root};

pub(super) const LOAD: &str =
    "[load]\nrate = \"50/s\"\nwarmup = \"100ms\"\nlasting = \"900ms\"\n[exporter]\ndelay = \"50ms\"\n";

/// Writes a program of a few lines of shell.
fn program(lab: &Lab, text: &str) {
    let path = lab.path("otelcol");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs a scenario that fails before it begins; its exit code, and what it said.
pub(super) fn refused(lab: &Lab, collector: &str) -> (Option<i32>, String) {
    let text = format!("{LOAD}[[pipeline.hop]]\nname = \"agent\"\ncollector = {{ {collector} }}\n");
    let output = lab.start(&text).wait_with_output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn what_a_user_brings_is_looked_at_before_anything_runs() {
    let Some(lab) = lab() else { return };
    fs::write(lab.path("agent.yaml"), fs::read(configurations().join("agent.yaml")).unwrap()).unwrap();
    // No collector at all, and none that is there.
    program(&lab, "echo otelcol: unknown command");
    let (code, said) = refused(&lab, "binary = \"./otelcol\"");
    assert!(code == Some(66) && said.contains("is no OpenTelemetry Collector"), "{code:?} {said}");
    let (code, said) = refused(&lab, "binary = \"./nobody\"");
    assert!(code == Some(66) && said.contains("there is no such file"), "{code:?} {said}");
    let (code, said) = refused(&lab, "config = \"nothing.yaml\"");
    assert!(code == Some(66) && said.contains("nothing.yaml"), "{code:?} {said}");
    // One that says itself what is wrong with the file.
    program(
        &lab,
        "[ \"$1\" = components ] && echo buildinfo: && exit 0\necho \"unknown type: boom\" >&2\nexit 1",
    );
    let (code, said) = refused(&lab, "binary = \"./otelcol\", config = \"agent.yaml\"");
    assert_eq!(code, Some(65), "{said}");
    for words in ["does not take", "agent.yaml", "unknown type: boom"] {
        assert!(said.contains(words), "no {words} in {said}");
    }
    // What will be otherwise is shown before.
    for words in [
        "- exporters::otlp::endpoint: otel-collector.default:4317",
        "+ exporters::otlp::endpoint: 127.0.0.1:PORT",
        "+ extensions::health_check::endpoint: 127.0.0.1:PORT",
    ] {
        assert!(said.contains(words), "no {words} in {said}");
    }
    assert!(!lab.path("results").join("run.json").exists());
}

/// Where the configurations are.
fn configurations() -> std::path::PathBuf {
    root().join("harness/cli/tests/collectors")
}

/// A run of configurations of one's own; the file's folder is the lab's.
fn run(lab: &Lab, files: &[&str], text: &str) -> Finished {
    for file in files {
        fs::copy(configurations().join(file), lab.path(file)).unwrap();
    }
    let done = lab.run(&format!("{LOAD}{text}"));
    done.assert_exact();
    done
}

/// What a key was and is.
fn rewritten(hop: &HopResult, key: &str) -> (Option<String>, String) {
    let change = hop.rewritten.iter().find(|change| change.key == key);
    let change = change.unwrap_or_else(|| panic!("no {key} in {:?}", hop.rewritten));
    (change.was.clone(), change.now.clone())
}

#[test]
fn configurations_of_others_run_as_they_are_but_for_their_ends() {
    if !is_built() {
        return;
    }
    let Some(lab) = lab() else { return };
    let text = "[[pipeline.hop]]\nname = \"agent\"\ncollector = { config = \"agent.yaml\" }\n\
                [[pipeline.hop]]\nname = \"gateway\"\ncollector = { config = \"gateway.yaml\" }\n\
                [[variant]]\nname = \"one\"\n\
                [[variant]]\nname = \"two\"\ncollectors.agent = { config = \"two-exporters.yaml\" }\n";
    let done = run(&lab, &["agent.yaml", "gateway.yaml", "two-exporters.yaml"], text);
    for name in ["one", "two"] {
        let agent = hop(&done, name);
        assert_eq!((agent.accepted, agent.passed, agent.lost_in_all()), (250, 250, 0), "{agent:?}");
        assert_eq!(agent.own.map(|own| (own.accepted, own.sent)), Some((250, 250)), "{agent:?}");
    }
    let agent = hop(&done, "one");
    let (was, now) = rewritten(&agent, "exporters::otlp::endpoint");
    assert_eq!(was.as_deref(), Some("otel-collector.default:4317"));
    assert!(now.parse::<std::net::SocketAddr>().unwrap().ip().is_loopback());
    let two = hop(&done, "two");
    assert_eq!(two.exporter.as_deref(), Some("otlp"));
    assert_eq!(two.further.len(), 1, "{two:?}");
    assert_eq!((two.further[0].exporter.as_str(), two.further[0].arrived), ("otlp_http/vendor", 250));
    assert_eq!(two.further[0].own.map(|own| own.sent), Some(250));
    let (was, _) = rewritten(&two, "exporters::otlp_http/vendor::endpoint");
    assert_eq!(was.as_deref(), Some("https://…@otlp.vendor.example"));
    assert!(done.stdout.contains("agent → otlp_http/vendor 250"), "{}", done.stdout);
    // The user's file is as it was.
    let same =
        |file: &str| fs::read(lab.path(file)).unwrap() == fs::read(configurations().join(file)).unwrap();
    assert!(same("agent.yaml") && same("two-exporters.yaml"));
    assert!(Path::new(&done.run).join("trial-000/agent.collector.over.yaml").is_file());
}

#[test]
fn the_example_of_tail_sampling_runs_as_it_is_but_for_its_ends() {
    if !is_larger_built() {
        return;
    }
    let Some(lab) = lab() else { return };
    let text = "[[pipeline.hop]]\nname = \"gateway\"\ncollector = { config = \"tail-sampling.yaml\" }\n";
    let done = run(&lab, &["tail-sampling.yaml"], text);
    let gateway = hop(&done, "default");
    // Every span has its place: it came out, or the policies were against its trace.
    let decided: u64 = gateway.decided.values().sum();
    let by_policy = Fate::SampledByCollector(CollectorDecision::Policy);
    assert_eq!(
        (gateway.accepted, gateway.passed + decided, gateway.lost_in_all()),
        (250, 250, 0),
        "{gateway:?}"
    );
    assert!(decided > 0 && gateway.decided.get(&by_policy) == Some(&decided), "{gateway:?}");
    assert_eq!(
        rewritten(&gateway, "exporters::otlp::tls::ca_file"),
        (Some("ca.pem".to_owned()), String::new())
    );
    let same = fs::read(lab.path("tail-sampling.yaml")).unwrap();
    assert_eq!(same, fs::read(configurations().join("tail-sampling.yaml")).unwrap());
}

#[test]
fn traces_are_divided_between_collectors_beside_each_other() {
    if !is_larger_built() {
        return;
    }
    let Some(lab) = lab() else { return };
    fs::copy(root().join("scenarios/collectors/balance.yaml"), lab.path("balance.yaml")).unwrap();
    let done = lab.run(&format!(
        "{LOAD}[[pipeline.hop]]\nname = \"agent\"\ncollector = {{ config = \"balance.yaml\" }}\n\
         [[pipeline.hop]]\nname = \"one\"\n[[pipeline.hop]]\nname = \"two\"\nbeside = \"one\"\n"
    ));
    done.assert_exact();
    let [agent, one, two] = &done.result.variants[0].trials[0].hops[..] else { panic!("{}", done.stdout) };
    assert_eq!((agent.accepted, agent.passed), (250, 250), "{agent:?}");
    assert_eq!((one.accepted + two.accepted, one.passed + two.passed), (250, 250), "{one:?} {two:?}");
    assert!(one.accepted > 0 && two.accepted > 0 && two.beside, "{one:?} {two:?}");
    let (was, now) = rewritten(agent, "exporters::load_balancing::resolver::dns");
    assert_eq!((was.as_deref(), now.as_str()), (Some("{\"hostname\":\"gateways.example\"}"), "null"));
    assert!(
        done.stdout.contains(&format!("→ one {} | two {}", one.accepted, two.accepted)),
        "{}",
        done.stdout
    );
}

/// Builds the project's collector with a processor that loses spans and counts nothing.
pub(super) fn planted(lab: &Lab) -> std::path::PathBuf {
    let target = lab.path("otelcol");
    let mut go = std::process::Command::new("go");
    go.args(["build", "-trimpath", "-tags", "plant", "-o"]).arg(&target).arg(".");
    go.env("CGO_ENABLED", "0").env("GOFLAGS", "-mod=readonly -buildvcs=false").env("GOWORK", "off");
    let output = go.current_dir(root().join("go-fixtures/hop")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    target
}

const PLANT: &str = "receivers: {otlp: {protocols: {grpc: }}}\nprocessors: {plant: {seed: 7, every: 20, count: 9, file: lost.txt}, batch: }\n\
                     exporters: {otlp: {endpoint: 'x:1'}}\nservice: {pipelines: {traces: {receivers: [otlp], processors: [plant, batch], \
                     exporters: [otlp]}}}\n";

#[test]
fn a_loss_that_a_collector_counts_nowhere_is_named_by_id_and_hop() {
    if !is_built() {
        return;
    }
    let Some(lab) = lab() else { return };
    planted(&lab);
    fs::write(lab.path("plant.yaml"), PLANT).unwrap();
    let done = lab.run(&format!(
        "{LOAD}[[pipeline.hop]]\nname = \"agent\"\n[[pipeline.hop]]\nname = \"gateway\"\n\
         collector = {{ binary = \"./otelcol\", config = \"plant.yaml\" }}\n"
    ));
    let unknown = Fate::LostInCollector(CollectorLoss::Unknown);
    let trial = &done.result.variants[0].trials[0];
    assert!(trial.ledger.closes(), "{:?}", trial.ledger);
    assert_eq!(
        trial.ledger.unexplained.count + trial.ledger.unaccounted.count + trial.ledger.unexpected.count,
        0
    );
    // Each of them, and no other.
    let lost = fs::read_to_string(lab.path("lost.txt")).unwrap();
    let planted: BTreeSet<&str> = lost.lines().collect();
    assert_eq!(planted.len(), 9);
    let named: BTreeSet<String> =
        trial.ledger.fates[&unknown].exemplars.iter().map(|one| one.span_id.to_string()).collect();
    assert!(named.iter().map(String::as_str).eq(planted.iter().copied()), "{named:?} {planted:?}");
    let [agent, gateway] = &trial.hops[..] else { panic!("{:?}", trial.hops) };
    assert_eq!((agent.passed, agent.lost_in_all()), (250, 0), "{agent:?}");
    assert_eq!((gateway.passed, gateway.lost.get(&unknown)), (241, Some(&9)), "{gateway:?}");
    // A collector that loses without counting gives no pass.
    assert_eq!(done.result.verdict, Verdict::Inconclusive);
    let told = lab.call(&["explain", lost.lines().next().unwrap(), done.run.to_str().unwrap()]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("the collector `gateway` took it"), "{told}");
}
