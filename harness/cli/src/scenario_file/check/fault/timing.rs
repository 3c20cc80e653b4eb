//! When a fault begins: said once, within the load, and by a state that can come.

use spanfate_model::fault::{Family, Trigger};
use spanfate_model::plan::Plan;
use spanfate_model::quantity::unit::Period;
use spanfate_model::scenario::{Scenario, WitnessMode};

use super::{Checked, having};
use crate::scenario_file::check::{Problems, Resolved, meant};

pub(super) fn check(out: &mut Problems, scenario: &Scenario, resolved: &Resolved<'_>, checked: &Checked<'_>) {
    let fault = checked.fault;
    beginning(out, checked);
    length(out, checked);
    repetition(out, checked);
    within(out, scenario, resolved.plan(), checked);
    if let Some(when) = &fault.when {
        trigger(out, (scenario, resolved.plan()), checked, when);
    }
    if fault.at_least == Some(0) {
        checked.add(out, "at_least", "a dose of 0 proves nothing", "leave it out for 1, or use more");
    }
}

fn beginning(out: &mut Problems, checked: &Checked<'_>) {
    let fault = checked.fault;
    match (&fault.at, &fault.when, &fault.requests) {
        (None, None, None) => {
            let help = "write at = \"2s\" (from the start of the load), when = { queue_at_least = 2000 }, or, for the \
                        receiver, requests = { from = 3, to = 5 }";
            checked.add(out, "", "this fault does not say when it begins", help);
        }
        (_, _, Some(_)) if fault.at.is_some() || fault.when.is_some() => {
            checked.add(out, "requests", "`requests` stands beside `at` or `when`", "use one of them");
        }
        (_, _, Some(_)) if fault.kind.family() != Family::Receiver => {
            let help = "use `at` or `when`";
            checked.add(out, "requests", "only the receiver counts its requests", help);
        }
        (_, _, Some(requests)) if requests.to.is_some_and(|to| to < requests.from) => {
            checked.add(out, "requests", "`to` is before `from`", "requests are numbered from 0");
        }
        _ => {}
    }
}

fn length(out: &mut Problems, checked: &Checked<'_>) {
    let fault = checked.fault;
    if fault.lasting == Some(Period::default()) {
        checked.add(out, "for", "a fault of no length does nothing", "use a longer time");
    }
    if fault.lasting.is_some() && fault.kind.is_moment() {
        let help = "take `for` out; `restart_after` in the kind says when it comes back";
        checked.add(out, "for", format!("`{}` happens at one moment", fault.kind.name()), help);
    }
    if fault.lasting.is_some() && fault.requests.is_some() {
        checked.add(out, "for", "a fault that counts requests has no length", "use `to` in `requests`");
    }
}

fn repetition(out: &mut Problems, checked: &Checked<'_>) {
    let fault = checked.fault;
    if fault.until.is_some() && fault.every.is_none() {
        checked.add(out, "until", "`until` says how long a fault is repeated", "set `every` beside it");
    }
    let Some(every) = fault.every else { return };
    if fault.at.is_none() || fault.when.is_some() {
        checked.add(out, "every", "only a fault that begins by a time is repeated", "use `at`");
    }
    if every < Period::millis(1) {
        checked.add(out, "every", "a fault cannot be repeated so often", "use at least 1ms");
    }
    let lasts = fault.lasting.unwrap_or_default();
    if lasts >= every || (fault.lasting.is_none() && !fault.kind.is_moment()) {
        let help = "use a `for` that is shorter than `every`";
        checked.add(out, "every", "it would begin again before it has ended", help);
    }
    if fault.kind.ends_process() == Some(None) {
        let help = "set restart_after in the kind";
        checked.add(out, "every", "the process does not come back, so this cannot happen again", help);
    }
}

/// What lies beyond the end of the load never happens. The length of a closed load is not known before.
fn within(out: &mut Problems, scenario: &Scenario, plan: &Plan, checked: &Checked<'_>) {
    let loads = having(scenario, checked.fault).into_iter().filter_map(|index| plan.variants.get(index));
    let open = loads.map(|variant| plan.load_of(variant)).filter(|load| load.closed.is_none());
    let Some(shortest) = open.map(|load| load.warmup.nanos() + load.lasting.nanos()).min() else { return };
    if let Some(at) = checked.fault.at.filter(|at| at.to.nanos() >= shortest) {
        let end = Period(std::time::Duration::from_nanos(shortest));
        let message = format!("the load ends after {end}, so a fault at {at} may never happen");
        checked.add(
            out,
            "at",
            message,
            "use an earlier time; it counts from the start of the load, warm-up included",
        );
    }
}

fn trigger(out: &mut Problems, (scenario, plan): (&Scenario, &Plan), checked: &Checked<'_>, when: &Trigger) {
    if (when.queue_at_least, when.export_in_flight, when.spans_created) == (None, None, None) {
        let help = "set queue_at_least, export_in_flight or spans_created";
        checked.add(out, "when", "`when` names no state", help);
        return;
    }
    if let Some(hop) = &when.hop {
        return of_hop(out, scenario, checked, (when, hop));
    }
    let known: Vec<&str> = scenario.services.iter().map(|service| service.name.as_str()).collect();
    // A collector keeps no ledger: what is put on one waits for the first service.
    let own = checked.on.service().filter(|name| !scenario.pipeline.hop.iter().any(|hop| hop.name == **name));
    let name = when.service.as_deref().or(own).or(known.first().copied());
    let Some((at, service)) =
        scenario.services.iter().enumerate().find(|(_, service)| Some(service.name.as_str()) == name)
    else {
        let help = format!("known: {}", known.join(", "));
        let message = format!("there is no service `{}`", name.unwrap_or_default());
        out.add(&["fault", &checked.index, "when", "service"], message, &help);
        return;
    };
    let variants = having(scenario, checked.fault);
    let off = |index: &usize| {
        let of_variant = scenario.variant.get(*index).and_then(|variant| variant.witness);
        of_variant.unwrap_or(service.witness) == WitnessMode::Off
    };
    if service.is_own() || !service.makes_spans() || variants.iter().any(off) {
        let message = format!(
            "`{}` keeps no span ledger, so its state is not seen and this never begins",
            service.name
        );
        checked.add(out, "when", message, "use `at`, or a service with its process witness");
        return;
    }
    let planned = |index: &usize| plan.variants.get(*index).zip(plan.services.get(at));
    let queues = variants
        .iter()
        .filter_map(planned)
        .map(|(variant, service)| plan.exporter_of(variant, service).queue_or_default());
    if let (Some(wanted), Some(queue)) = (when.queue_at_least, queues.min())
        && (wanted > queue || wanted == 0)
    {
        let message = format!("the queue holds {queue} spans: it never holds {wanted}, or always");
        out.add(&["fault", &checked.index, "when", "queue_at_least"], message, "use 1 up to its length");
    }
    let made = variants.iter().filter_map(|index| plan.variants.get(*index)).map(|variant| {
        let each = plan.shares().get(at).map_or(0, |share| u64::from(*share.spans.end()));
        plan.requests_per_trial(variant).saturating_mul(each)
    });
    if let (Some(wanted), Some(made)) = (when.spans_created, made.min())
        && (wanted > made || wanted == 0)
    {
        let message = format!(
            "`{}` makes {made} spans in a trial, so {wanted} is never reached, or always",
            service.name
        );
        out.add(&["fault", &checked.index, "when", "spans_created"], message, "use 1 up to that number");
    }
}

/// The state of a collector: its metrics say how full its queues are, and nothing else of this.
fn of_hop(out: &mut Problems, scenario: &Scenario, checked: &Checked<'_>, (when, hop): (&Trigger, &str)) {
    let known: Vec<&str> = scenario.pipeline.hop.iter().map(|hop| hop.name.as_str()).collect();
    if !known.contains(&hop) {
        let help = meant(hop, &known);
        out.add(&["fault", &checked.index, "when", "hop"], format!("there is no hop `{hop}`"), &help);
    }
    let others = [
        ("service", when.service.is_some()),
        ("export_in_flight", when.export_in_flight.is_some()),
        ("spans_created", when.spans_created.is_some()),
    ];
    for (key, _) in others.into_iter().filter(|(_, given)| *given) {
        let message = format!("`{key}` is a state of a service, and `hop` asks a collector");
        out.add(&["fault", &checked.index, "when", key], message, "use `queue_at_least` alone beside `hop`");
    }
    if when.queue_at_least == Some(0) {
        let message = "a queue always holds 0";
        out.add(&["fault", &checked.index, "when", "queue_at_least"], message, "use 1 or more");
    }
}
