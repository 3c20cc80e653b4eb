//! Designs that keep and leave out: every span has its fate, and what matters is counted.

use spanfate_model::books::damage::Kept;
use spanfate_model::fate::{ExitWay, Fate, Filter};
use spanfate_model::format::event::{AskedEvent, Event, EventKind};
use spanfate_model::result::{TrialResult, VariantResult};

use crate::lab::{Finished, lab, lab_alone};
use crate::watching::probes::probed;

fn trials<'a>(done: &'a Finished, name: &str) -> &'a [TrialResult] {
    let named = |variant: &&VariantResult| variant.name == name;
    &done.result.variants.iter().find(named).unwrap().trials
}

fn kept(trial: &TrialResult) -> Kept {
    trial.damage.as_ref().unwrap().kept.unwrap()
}

#[test]
fn what_waits_in_a_service_that_is_killed_dies_with_it() {
    let Some(lab) = lab() else { return };
    let done = lab.run(
        r#"
        [load]
        rate = "200/s"
        warmup = "200ms"
        lasting = "2s"
        timeout = "1s"
        [exporter]
        delay = "100ms"
        [[variant]]
        name = "retrokeep"
        design = { retrokeep = { wait = "400ms" } }
        [[fault]]
        at = "0s"
        kind = { span_error = { what = "failed", one_in = 10 } }
        [[fault]]
        at = "1s"
        kind = { kill = { restart_after = "100ms" } }
        [[expect]]
        that = "fate.lost_in_queue_at_exit.kill > 0"
        "#,
    );
    done.assert_exact();
    let ledger = &trials(&done, "retrokeep")[0].ledger;
    let spans = |fate| ledger.total(fate);
    // Of each second's 1,000 spans 400 ms wait.
    assert!(spans(Fate::LostInQueueAtExit(ExitWay::Kill)) > 100, "{:?}", ledger.fates);
    assert!(spans(Fate::Filtered(Filter::Processor)) > 500, "{:?}", ledger.fates);
    assert!(spans(Fate::Received) > 50, "{:?}", ledger.fates);
}

#[test]
fn samplers_keep_key_spans_and_only_what_waits_keeps_errors() {
    let Some(lab) = lab() else { return };
    let done = lab.run(
        r#"
        [load]
        rate = "200/s"
        warmup = "200ms"
        lasting = "2s"
        [service]
        span_names = ["cart.Load", "payment.Charge"]
        key_spans = ["payment.Charge"]
        [exporter]
        delay = "100ms"
        [[variant]]
        name = "ratio"
        exporter = { sampler = "parentbased_traceidratio", ratio = 0.1 }
        [[variant]]
        name = "hybrid"
        design = { hybrid = { busy = "100/s", every = "100ms" } }
        [[variant]]
        name = "jaegerremote"
        design = { jaeger_remote = { ratio = 0.1 } }
        [[variant]]
        name = "retrokeep"
        design = { retrokeep = {} }
        [[fault]]
        at = "0s"
        kind = { span_error = { what = "failed", one_in = 5 } }
        "#,
    );
    done.assert_exact();
    let of = |name: &str| kept(&trials(&done, name)[0]);
    for name in ["hybrid", "jaegerremote"] {
        assert_eq!(of(name).key_spans.share(), Some(1.0), "{name}: {:?}", of(name));
        assert!(of(name).whole.share().is_some_and(|share| share < 1.0), "{name}: {:?}", of(name));
    }
    for ratio in [of("ratio").errors, of("ratio").key_spans] {
        assert!(ratio.share().is_some_and(|share| share < 0.5), "{ratio:?}");
    }
    assert_eq!(of("ratio").whole.share(), Some(1.0));
    let waited = of("retrokeep");
    assert_eq!((waited.errors.share(), waited.errors_whole), (Some(1.0), waited.errors.all));
    assert!(waited.errors.all > 20, "{waited:?}");
    let control = trials(&done, "hybrid")[0].services[0].control.as_ref().unwrap();
    // It begins idle, and 200 requests per second make it busy.
    assert!((control.rates[0].rate - 0.5).abs() < 1e-9, "{control:?}");
    assert!(control.rates.iter().any(|step| step.rate < 0.2 && step.requests >= 100.0), "{control:?}");
}

#[test]
fn a_controller_outside_is_told_by_probes_of_full_queues_and_failed_exports() {
    let Some(lab) = probed() else { return };
    let done = lab.run(
        r#"
        [load]
        rate = "200/s"
        warmup = "200ms"
        lasting = "3s"
        [exporter]
        delay = "100ms"
        protocol = "http/protobuf"
        [[variant]]
        name = "full"
        design = { endpoint = { switch = { filled = 0.5, rate = 0.0, lasting = "1s", by = "probes" } } }
        ebpf = { mode = "batch", required = true }
        exporter = { queue = 512, batch = 64 }
        receiver = { answer_after = "100ms" }
        [[variant]]
        name = "failing"
        design = { endpoint = { switch = { filled = 1.0, rate = 0.0, lasting = "1s", by = "probes" } } }
        ebpf = { mode = "batch", required = true }
        exporter = { queue = 16384 }
        [[variant]]
        name = "sound"
        design = { endpoint = { switch = { filled = 1.0, rate = 0.0, lasting = "1s", by = "probes" } } }
        ebpf = { mode = "batch", required = true }
        exporter = { queue = 16384 }
        [[fault]]
        requests = { from = 5, to = 5 }
        kind = { answer = { status = { http = 400 } } }
        variants = ["failing"]
        "#,
    );
    done.assert_exact();
    let asked = |trial: &TrialResult| -> Vec<AskedEvent> {
        let file = done.run.join(format!("trial-{:03}/events.ndjson", trial.index));
        let text = std::fs::read_to_string(file).unwrap();
        let events = text.lines().map(|line| serde_json::from_str::<Event>(line).unwrap());
        let asked = events.filter(|event| event.kind == EventKind::SamplingAsked);
        asked.map(|event| serde_json::from_value(event.data).unwrap()).collect()
    };
    let filtered = |trial: &TrialResult| trial.ledger.total(Fate::Filtered(Filter::Processor));
    let [full, failing, sound] = ["full", "failing", "sound"].map(|name| &trials(&done, name)[0]);
    for (trial, why) in [
        (full, &(|event: &AskedEvent| event.filled >= 0.5) as &dyn Fn(&AskedEvent) -> bool),
        (failing, &|event| event.failed == 1 && event.filled < 0.5),
    ] {
        let asked = asked(trial);
        assert!(asked.iter().any(why) && asked.iter().all(|event| event.problem.is_none()), "{asked:?}");
        assert!(filtered(trial) > 100, "{:?}", trial.ledger.fates);
    }
    assert_eq!((asked(sound), filtered(sound)), (Vec::new(), 0));
}

pub(crate) fn a_rule_is_sent_to_the_endpoint_and_its_spans_are_filtered() {
    let Some(lab) = lab_alone() else { return };
    let done = lab.run(
        r#"
        [load]
        rate = "100/s"
        warmup = "200ms"
        lasting = "2s"
        [service]
        span_names = ["cart.Load"]
        [exporter]
        delay = "100ms"
        [[variant]]
        name = "endpoint"
        design = { endpoint = {} }
        [[fault]]
        at = "0s"
        kind = { span_error = { what = "failed", one_in = 10 } }
        [[fault]]
        at = "500ms"
        kind = { sampling_rule = { span = "cart.Load", rate = 0.0, condition = "error", lasting = "1s" } }
        "#,
    );
    done.assert_exact();
    let trial = &trials(&done, "endpoint")[0];
    let filtered = trial.ledger.total(Fate::Filtered(Filter::Processor));
    // 390 such spans in the second of the rule, of which a tenth at most is an error's; all of them again when it has ended.
    assert!((100..=400).contains(&filtered), "{:?}", trial.ledger.fates);
    assert_eq!(kept(trial).errors.share(), Some(1.0));
    let rule = &trial.faults[1];
    assert!(rule.bit && rule.doses[0].amount > 100.0, "{rule:?}");
}
