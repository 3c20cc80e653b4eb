//! The collectors in the path, and where it ends.

use std::collections::BTreeSet;

use spanfate_model::exporter::Protocol;
use spanfate_model::fault::Target;
use spanfate_model::scenario::pipeline::{HopKnobs, OwnCollector, stages};
use spanfate_model::scenario::{Scenario, Service, Variant, WitnessMode};

use super::{Problems, meant, name};

/// Most collectors in a path.
const MOST_HOPS: usize = 8;

/// Checks the pipeline, and what variants set of it.
pub(super) fn pipeline(out: &mut Problems, scenario: &Scenario) {
    let hops = &scenario.pipeline.hop;
    let known: Vec<&str> = hops.iter().map(|hop| hop.name.as_str()).collect();
    let services: BTreeSet<&str> = scenario.services.iter().map(|service| service.name.as_str()).collect();
    let mut seen = BTreeSet::new();
    for (index, hop) in hops.iter().enumerate() {
        let index = index.to_string();
        let at = ["pipeline", "hop", &index, "name"];
        name(out, &at, &hop.name);
        if services.contains(hop.name.as_str()) || Target::RESERVED.contains(&hop.name.as_str()) {
            let message = format!("a hop cannot be called `{}`: something else has that name", hop.name);
            out.add(&at, message, "give it another name");
        }
        if !seen.insert(hop.name.as_str()) {
            out.add(&at, format!("hop `{}` stands here twice", hop.name), "give each a name of its own");
        }
        knobs(out, &["pipeline", "hop", &index, "knobs"], &hop.knobs);
        if let Some(collector) = &hop.collector {
            own(out, &["pipeline", "hop", &index, "collector"], collector);
        }
        if hop.own_config().is_some() && !hop.knobs.is_empty() {
            let message = "`knobs` write a configuration, and this collector has one of yours";
            let help = "set it in that file, or leave `config` out";
            out.add(&["pipeline", "hop", &index, "knobs"], message, help);
        }
    }
    beside(out, scenario);
    if hops.len() > MOST_HOPS {
        out.add(&["pipeline"], format!("{} hops are more than {MOST_HOPS}", hops.len()), "use fewer");
    }
    for (index, variant) in scenario.variant.iter().enumerate() {
        let index = index.to_string();
        for (hop, set) in &variant.hops {
            let at = ["variant", &index, "hops", hop.as_str()];
            match hops.iter().find(|one| one.name == *hop) {
                None => out.add(&at, format!("there is no hop `{hop}`"), &meant(hop, &known)),
                Some(own) => knobs(out, &at, &set.over(own.knobs)),
            }
        }
        of_variant(out, scenario, variant, &index);
    }
    ends(out, scenario);
    let several = |service: &Service| !service.paths.is_empty();
    if let Some(index) = scenario.services.iter().position(several).filter(|_| !hops.is_empty()) {
        let message = "a service with several export paths cannot send to a collector yet";
        out.add(&["service", &index.to_string(), "path"], message, "take the pipeline out, or the paths");
    }
}

/// Hops that stand beside each other: one before them balances between them, and that only a configuration of its own says.
fn beside(out: &mut Problems, scenario: &Scenario) {
    let hops = &scenario.pipeline.hop;
    let stages = stages(hops);
    for (index, (hop, stage)) in hops.iter().zip(&stages).enumerate() {
        let Some(other) = &hop.beside else { continue };
        let number = index.to_string();
        let at = ["pipeline", "hop", &number, "beside"];
        let mut near = hops.iter().zip(&stages).take(index).filter(|(_, of)| *of == stage);
        if !near.any(|(known, _)| known.name == *other) {
            let before = index.checked_sub(1).and_then(|before| hops.get(before));
            let help = match before {
                Some(before) => format!("`beside = \"{}\"` names the one before it", before.name),
                None => "the first hop stands beside none".to_owned(),
            };
            out.add(&at, format!("`{other}` is no hop just before this one"), &help);
        } else if *stage == 0 {
            let message = "services send to one collector, so none can stand beside the first";
            out.add(
                &at,
                message,
                "put a hop before them whose configuration has the exporter `load_balancing`",
            );
        }
        let senders = hops.iter().zip(&stages).filter(|(_, of)| **of + 1 == *stage);
        for (sender, _) in senders.filter(|(sender, _)| sender.own_config().is_none()) {
            let message =
                format!("`{}` has no configuration that balances between several collectors", sender.name);
            out.add(
                &at,
                message,
                "give it `collector = { config = \"…\" }` with the exporter `load_balancing`",
            );
        }
    }
}

/// Where the path ends.
fn ends(out: &mut Problems, scenario: &Scenario) {
    let pipeline = &scenario.pipeline;
    let once: BTreeSet<_> = pipeline.ends.iter().collect();
    if once.len() < pipeline.ends.len() {
        out.add(&["pipeline", "ends"], "an end stands here twice", "name each once");
    }
    let Some(engine) = pipeline.engine() else { return };
    let services = scenario.services.iter().map(|service| service.name.as_str());
    if services.chain(pipeline.hop.iter().map(|hop| hop.name.as_str())).any(|name| name == engine.name) {
        let message = format!("`{}` is the storage engine's name, and something else has it", engine.name);
        out.add(&["pipeline", "ends"], message, "give the other one another name");
    }
    if engine.alone {
        return;
    }
    let stages = stages(&pipeline.hop);
    if let Some(last) = stages.last() {
        let mut lasts = pipeline.hop.iter().zip(&stages).filter(|(_, stage)| *stage == last);
        if let Some((last, _)) = lasts.find(|(hop, _)| has_own_config(scenario, &hop.name)) {
            let message =
                format!("`{}` has a configuration of yours, which says itself where it sends to", last.name);
            out.add(&["pipeline", "ends"], message, "name one end, or set the collector up by `knobs`");
        }
        return;
    }
    let makes = |service: &&Service| service.makes_spans();
    if scenario.services.iter().filter(makes).any(Service::is_own) {
        let message = "a program of your own has no second export path that could be set up here";
        out.add(&["pipeline", "ends"], message, "name one end, or use fixtures");
    }
    let off = |mode: Option<WitnessMode>| mode == Some(WitnessMode::Off);
    if scenario.services.iter().filter(makes).any(|service| off(Some(service.witness)))
        || scenario.variant.iter().any(|variant| off(variant.witness))
    {
        let message = "two ends need the process witness, which `witness = \"off\"` switches off";
        out.add(&["pipeline", "ends"], message, "set witness = \"full\", or name one end");
    }
    let named = |service: &Service| service.paths.iter().any(|path| path.name == engine.name);
    if scenario.services.iter().any(named) {
        let message =
            format!("a path of a service is called `{}`, as that to the storage engine is", engine.name);
        out.add(&["pipeline", "ends"], message, "give it another name");
    }
}

/// What a variant has of collectors of the user's own.
fn of_variant(out: &mut Problems, scenario: &Scenario, variant: &Variant, index: &str) {
    let hops = &scenario.pipeline.hop;
    let known: Vec<&str> = hops.iter().map(|hop| hop.name.as_str()).collect();
    for (hop, collector) in &variant.collectors {
        let at = ["variant", index, "collectors", hop.as_str()];
        own(out, &at, collector);
        if !known.contains(&hop.as_str()) {
            out.add(&at, format!("there is no hop `{hop}`"), &meant(hop, &known));
        }
    }
    let alone = scenario.pipeline.with(&variant.hops, &variant.collectors);
    for hop in alone.iter().filter(|hop| hop.own_config().is_some()) {
        if variant.hops.contains_key(&hop.name) {
            let message = format!("`{}` has a configuration of yours, which no knob changes", hop.name);
            let help = "give the variant another file: `collectors.NAME = { config = \"…\" }`";
            out.add(&["variant", index, "hops", &hop.name], message, help);
        }
    }
}

/// Whether a hop has a configuration of the user's own, in any variant.
pub(super) fn has_own_config(scenario: &Scenario, name: &str) -> bool {
    let base = scenario.pipeline.hop.iter().find(|hop| hop.name == name);
    let of_variant = |variant: &Variant| variant.collectors.get(name).is_some_and(|own| own.config.is_some());
    base.is_some_and(|hop| hop.own_config().is_some()) || scenario.variant.iter().any(of_variant)
}

/// A collector of the user's own.
fn own(out: &mut Problems, at: &[&str], collector: &OwnCollector) {
    let OwnCollector { binary, version, config } = collector;
    if *collector == OwnCollector::default() {
        let help = "name one of them, or leave `collector` out";
        out.add(at, "this collector has neither a `binary` nor a `version` nor a `config`", help);
    }
    if binary.is_some() && version.is_some() {
        let path: Vec<&str> = at.iter().copied().chain(["version"]).collect();
        out.add(&path, "a `binary` has a version of its own", "take one of them out");
    }
    for (key, value) in [("binary", binary), ("config", config)] {
        if value.as_deref().is_some_and(str::is_empty) {
            let path: Vec<&str> = at.iter().copied().chain([key]).collect();
            out.add(&path, format!("`{key}` is empty"), "give the path of a file, or leave it out");
        }
    }
}

/// Settings that mean nothing together.
fn knobs(out: &mut Problems, at: &[&str], knobs: &HopKnobs) {
    let mut wrong = |key: &str, message: &str, help: &str| {
        let path: Vec<&str> = at.iter().copied().chain([key]).collect();
        out.add(&path, message, help);
    };
    if !knobs.has_batch_processor() && (knobs.batch_size.is_some() || knobs.batch_timeout.is_some()) {
        let help = "leave it out, or set `batch_processor = true`";
        wrong("batch_processor", "there is no batch processor whose size or timeout could be set", help);
    }
    let of_batch = knobs.exporter_batch_min.is_some()
        || knobs.exporter_batch_max.is_some()
        || knobs.flush_timeout.is_some();
    if of_batch && knobs.exporter_batch != Some(true) {
        let help = "set `exporter_batch = true`";
        wrong("exporter_batch", "the exporter makes no batches whose size or time could be set", help);
    }
    if knobs.is_persistent() && knobs.wait_for_result == Some(true) {
        let help = "use one of them";
        wrong("wait_for_result", "a queue on disk does not support `wait_for_result`", help);
    }
    if knobs.disk_size.is_some() && !knobs.is_persistent() {
        wrong("disk_size", "the queue does not lie on disk", "set `storage = \"disk\"`");
    }
    if knobs.max_recv.is_some_and(|size| size.0 == 0 || !size.0.is_multiple_of(1 << 20)) {
        wrong("max_recv", "a collector takes whole MiB", "use at least 1MiB, in whole MiB");
    }
    if knobs.keepalive.is_some() && knobs.protocol == Some(Protocol::HttpProtobuf) {
        wrong("keepalive", "only an exporter over gRPC asks so", "take it out, or set `protocol = \"grpc\"`");
    }
    let of_retry =
        knobs.retry_initial.is_some() || knobs.retry_max.is_some() || knobs.retry_give_up.is_some();
    if knobs.retry == Some(false) && of_retry {
        wrong("retry", "nothing is tried again, so there is no time between attempts", "set `retry = true`");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::scenario_file::parse::parse;

    const GOOD: &str = "name = 'x'\n[load]\nrate = '500/s'\nlasting = '5s'\nwarmup = '1s'\n";

    fn found(text: &str) -> Vec<String> {
        let text = format!("{GOOD}{text}");
        let all = parse(&text, Path::new(".")).err().unwrap_or_default();
        all.into_iter().map(|one| one.message).collect()
    }

    #[test]
    fn a_path_that_can_be_is_taken() {
        for text in [
            "[[pipeline.hop]]\nname = 'agent'\n",
            "[[pipeline.hop]]\nname = 'a'\nknobs = { queue_size = 5, storage = 'disk' }\n[[pipeline.hop]]\nname = 'b'\n\
             [[variant]]\nname = 'x'\nhops.b.retry = false\n",
            "[[pipeline.hop]]\nname = 'a'\n[sweep]\nhops.a.queue_size = [5, 50]\n",
            "[[pipeline.hop]]\nname = 'a'\n[[fault]]\nat = '1s'\non = 'a'\nkind = { kill = { restart_after = '1s' } }\n",
            "[[pipeline.hop]]\nname = 'a'\n[[fault]]\nat = '1s'\nfor = '1s'\non = 'a -> receiver'\nkind = 'down'\n",
            "[[pipeline.hop]]\nname = 'a'\ncollector = { binary = './otelcol', config = 'a.yaml' }\n[[variant]]\nname = 'x'\n\
             collectors.a = { config = 'b.yaml' }\n",
            "[[pipeline.hop]]\nname = 'a'\ncollector = { binary = 'otelcol' }\nknobs = { queue_size = 5 }\n",
            "[[pipeline.hop]]\nname = 'a'\ncollector = { config = 'a.yaml' }\n[[pipeline.hop]]\nname = 'b'\n[[pipeline.hop]]\n\
             name = 'c'\nbeside = 'b'\n[[fault]]\nat = '1s'\nfor = '1s'\non = 'a -> c'\nkind = 'down'\n",
            "[[pipeline.hop]]\nname = 'a'\n[[fault]]\nwhen = { hop = 'a', queue_at_least = 5 }\non = 'a'\n\
             kind = { kill = { restart_after = '1s' } }\n",
            "[[pipeline.hop]]\nname = 'a'\n[[fault]]\nat = '1s'\non = 'a'\nkind = 'reload'\n[[fault]]\nat = '3s'\non = 'a'\n\
             kind = { terminate = { restart_after = '1s', grace = '2s' } }\n",
            "[[pipeline.hop]]\nname = 'a'\ncollector = { version = '0.160' }\nknobs = { queue_size = 5 }\n",
            // A further exporter is a link of its own; which there are the file says that nobody has read yet.
            "[[pipeline.hop]]\nname = 'a'\ncollector = { config = 'a.yaml' }\n[[fault]]\nat = '1s'\nfor = '1s'\n\
             on = 'a -> otlp/backup'\nkind = 'down'\n",
            "[pipeline]\nends = ['receiver', 'jaeger']\n[[pipeline.hop]]\nname = 'a'\n[[fault]]\nat = '1s'\nfor = '1s'\n\
             on = 'a -> jaeger'\nkind = 'down'\n",
            "[pipeline]\nends = ['receiver', 'jaeger']\n[[fault]]\nat = '1s'\nfor = '1s'\non = 'http -> jaeger'\nkind = 'down'\n",
            "[pipeline]\nends = ['jaeger']\n[[pipeline.hop]]\nname = 'a'\n[[fault]]\nat = '1s'\non = 'jaeger'\n\
             kind = { kill = { restart_after = '1s' } }\n[[fault]]\nat = '1s'\nfor = '1s'\non = 'a -> jaeger'\nkind = 'down'\n",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn what_cannot_be_is_said() {
        for (text, message) in [
            ("[[pipeline.hop]]\nname = 'http'\n", "something else has that name"),
            ("[[pipeline.hop]]\nname = 'a'\n[[pipeline.hop]]\nname = 'a'\n", "stands here twice"),
            (
                "[[pipeline.hop]]\nname = 'agent'\n[[variant]]\nname = 'x'\nhops.agnet.retry = false\n",
                "no hop `agnet`",
            ),
            (
                "[[pipeline.hop]]\nname = 'a'\nknobs = { batch_processor = false, batch_size = 5 }\n",
                "no batch processor",
            ),
            ("[[pipeline.hop]]\nname = 'a'\nknobs = { flush_timeout = '5s' }\n", "makes no batches"),
            ("[[pipeline.hop]]\nname = 'a'\nknobs = { disk_size = '1MiB' }\n", "does not lie on disk"),
            ("[[pipeline.hop]]\nname = 'a'\nknobs = { max_recv = '1MB' }\n", "whole MiB"),
            (
                "[[pipeline.hop]]\nname = 'a'\nknobs = { storage = 'disk', wait_for_result = true }\n",
                "does not support",
            ),
            (
                "[[pipeline.hop]]\nname = 'a'\n[[pipeline.hop]]\nname = 'b'\n[[pipeline.hop]]\nname = 'c'\nbeside = 'b'\n",
                "no configuration that balances",
            ),
            (
                "[[pipeline.hop]]\nname = 'a'\n[[pipeline.hop]]\nname = 'b'\nbeside = 'a'\n",
                "none can stand beside the first",
            ),
            (
                "[[pipeline.hop]]\nname = 'a'\ncollector = { binary = 'x', version = '0.165' }\n",
                "has a version of its own",
            ),
            ("[[pipeline.hop]]\nname = 'a'\nbeside = 'x'\n", "`x` is no hop just before"),
            (
                "[[pipeline.hop]]\nname = 'a'\ncollector = {}\n",
                "neither a `binary` nor a `version` nor a `config`",
            ),
            (
                "[[pipeline.hop]]\nname = 'a'\ncollector = { config = 'a.yaml' }\nknobs = { retry = false }\n",
                "has one of yours",
            ),
            (
                "[[pipeline.hop]]\nname = 'a'\ncollector = { config = 'a.yaml' }\n[[variant]]\nname = 'x'\n\
                 hops.a = { retry = false }\n",
                "which no knob changes",
            ),
            (
                "[[pipeline.hop]]\nname = 'a'\n[[variant]]\nname = 'x'\ncollectors.b = { config = 'a.yaml' }\n",
                "no hop `b`",
            ),
            (
                "[[pipeline.hop]]\nname = 'a'\n[[fault]]\nat = '1s'\nfor = '1s'\non = 'a -> otlp'\nkind = 'down'\n",
                "no service `otlp`",
            ),
            (
                "[[pipeline.hop]]\nname = 'a'\n[[fault]]\nat = '1s'\non = 'b'\nkind = { kill = {} }\n",
                "no service `b`",
            ),
        ] {
            is_said(text, message);
        }
    }

    #[test]
    fn what_a_fault_cannot_do_to_a_hop_is_said() {
        for (text, message) in [
            (
                "[[pipeline.hop]]\nname = 'a'\n[[fault]]\nwhen = { hop = 'b', queue_at_least = 5 }\nkind = { kill = {} }\n",
                "no hop `b`",
            ),
            (
                "[[pipeline.hop]]\nname = 'a'\n[[fault]]\nwhen = { hop = 'a', queue_at_least = 5, spans_created = 5 }\n\
                 kind = { kill = {} }\n",
                "is a state of a service",
            ),
            (
                "[[pipeline.hop]]\nname = 'a'\n[[fault]]\nat = '1s'\non = 'http'\nkind = 'reload'\n",
                "`reload` is of a collector",
            ),
            (
                "[[pipeline.hop]]\nname = 'a'\n[[fault]]\nat = '1s'\non = 'a'\nkind = { kill = { grace = '1s' } }\n",
                "no time to stop",
            ),
        ] {
            is_said(text, message);
        }
    }

    #[test]
    fn where_a_path_cannot_end_is_said() {
        for (text, message) in [
            ("[pipeline]\nends = ['jaeger', 'jaeger']\n", "stands here twice"),
            (
                "[pipeline]\nends = ['receiver', 'jaeger']\n[[pipeline.hop]]\nname = 'a'\ncollector = { config = 'a.yaml' }\n",
                "says itself where it sends to",
            ),
            ("[pipeline]\nends = ['jaeger']\n[[pipeline.hop]]\nname = 'jaeger'\n", "something else has it"),
            (
                "[pipeline]\nends = ['receiver', 'jaeger']\n[service]\nwitness = 'off'\n",
                "need the process witness",
            ),
            (
                "[pipeline]\nends = ['receiver', 'jaeger']\n[[service.path]]\nname = 'jaeger'\n",
                "a path of a service is called `jaeger`",
            ),
            ("[[fault]]\nat = '1s'\non = 'jaeger'\nkind = { kill = {} }\n", "no service `jaeger`"),
        ] {
            is_said(text, message);
        }
    }

    fn is_said(text: &str, message: &str) {
        let all = found(text);
        assert!(all.len() == 1 && all[0].contains(message), "{text}: {all:?}");
    }
}
