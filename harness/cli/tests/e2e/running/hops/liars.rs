//! Collectors that say of themselves what is not so, and configurations that a real one does not take.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use spanfate_model::fate::Fate;
use spanfate_model::result::{CountedThing, HopTotal, TrialResult};
use spanfate_model::verdict::Verdict;

use super::own::{LOAD, planted, refused};
use super::{built, is_built};
use crate::lab::{Lab, lab};

/// A configuration with processors, each as it is written in YAML.
fn config(processors: &str, names: &str) -> String {
    format!(
        "receivers: {{otlp: {{protocols: {{grpc: }}}}}}\nprocessors: {{{processors}}}\nexporters: {{otlp: {{endpoint: 'x:1'}}}}\n\
         service: {{pipelines: {{traces: {{receivers: [otlp], processors: [{names}], exporters: [otlp]}}}}}}\n"
    )
}

/// Runs one in the path that loses nothing; its trial, and the verdict.
fn run(lab: &Lab, binary: &str) -> (TrialResult, Verdict) {
    let text = format!(
        "{LOAD}[[pipeline.hop]]\nname = \"agent\"\ncollector = {{ binary = \"./{binary}\", config = \"agent.yaml\" }}\n"
    );
    let mut done = lab.run(&text);
    let trial = done.result.variants.remove(0).trials.remove(0);
    assert!(trial.ledger.closes() && trial.ledger.total(Fate::Received) == 250, "{:?}", trial.ledger);
    (trial, done.result.verdict)
}

#[test]
fn a_collector_that_counts_more_than_it_sent_gives_no_pass() {
    if !is_built() {
        return;
    }
    let Some(lab) = lab() else { return };
    planted(&lab);
    let boasts = config("plant: {boast: 5, exporter: otlp}, batch: ", "plant, batch");
    fs::write(lab.path("agent.yaml"), boasts).unwrap();
    let (trial, verdict) = run(&lab, "otelcol");
    let sent = CountedThing::AtHop(HopTotal::Sent, "agent".to_owned());
    let row = trial.agreement.iter().find(|row| row.what.is(&sent)).unwrap();
    assert!(row.difference == 5 && row.explained.is_none(), "{row:?}");
    assert_eq!((trial.hops[0].own.map(|own| own.sent), verdict), (Some(255), Verdict::Inconclusive));
}

#[test]
fn a_collector_that_shows_no_metrics_gives_no_pass() {
    if !is_built() {
        return;
    }
    let collector = built().unwrap();
    let Some(lab) = lab() else { return };
    fs::write(lab.path("agent.yaml"), config("batch: ", "batch")).unwrap();
    // Told by its own starter to keep them to itself.
    let program = format!(
        "#!/bin/sh\ncase \"$1\" in components | validate) exec '{0}' \"$@\" ;; esac\n\
         exec '{0}' \"$@\" --config 'yaml:service::telemetry::metrics::level: none'\n",
        collector.display()
    );
    fs::write(lab.path("silent"), program).unwrap();
    fs::set_permissions(lab.path("silent"), fs::Permissions::from_mode(0o755)).unwrap();
    let (trial, verdict) = run(&lab, "silent");
    assert_eq!((trial.hops[0].own, verdict), (None, Verdict::Inconclusive));
}

#[test]
fn what_a_real_collector_does_not_take_is_said_in_its_own_words() {
    if !is_built() {
        return;
    }
    let Some(lab) = lab() else { return };
    let cases = [
        ("receivers: [\n", "yaml"),
        (&*config("boom: ", "boom"), "unknown type: \"boom\""),
        (&*config("batch: {send_batch_size: many}", "batch"), "send_batch_size"),
        (&*config("", "batch"), "processor \"batch\" which is not configured"),
    ];
    for (text, words) in cases {
        fs::write(lab.path("agent.yaml"), text).unwrap();
        let (code, said) = refused(&lab, "config = \"agent.yaml\"");
        assert_eq!(code, Some(65), "{text}: {said}");
        for part in ["agent.yaml", words] {
            assert!(said.contains(part), "{text}: no {part} in {said}");
        }
    }
}
