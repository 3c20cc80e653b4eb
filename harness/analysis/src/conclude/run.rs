//! A run, concluded: trials in, result with its verdict out.

mod alike;

use std::collections::BTreeSet;

use spanfate_model::books::ledger::Gap;
use spanfate_model::books::row::Standing;
use spanfate_model::fate::Fate;
use spanfate_model::fate::witness::{Witness, WitnessState};
use spanfate_model::format::manifest::{FORMAT, RunManifest, Status};
use spanfate_model::plan::{Plan, PlannedVariant};
use spanfate_model::result::environment::Environment;
use spanfate_model::result::{Expectation, FaultResult, Insights, RunResult, TrialResult, VariantResult};
use spanfate_model::scenario::ebpf::Trap;
use spanfate_model::scenario::pipeline::{CollectorHop, CollectorVersion};
use spanfate_model::verdict::Verdict;

use crate::books::unseen;
use crate::compare::comparison;
use crate::compare::sweep;
use crate::conclude::fit;
use crate::conclude::limits;
use crate::conclude::overall::price_witnesses;
use crate::conclude::run::alike::TrialReason;
use crate::conclude::shell;
use crate::conclude::summary::summarise;
use crate::conclude::trial::ConcludedTrial;
use crate::conclude::unread;
use crate::expect;
use crate::expect::because;
use crate::insight::with_insights;

/// Concludes a run from its concluded trials.
pub fn conclude_run(
    plan: Plan,
    environment: Environment,
    manifest: &RunManifest,
    trials: Vec<ConcludedTrial>,
) -> RunResult {
    let planned = plan.trials.len();
    let mut reasons = Vec::new();
    let mut verdict = Verdict::Pass;
    let mut say = |worse: Verdict, reason: String| {
        verdict = verdict.worst(worse);
        reasons.push((worse, reason));
    };
    let of_trial = |trial: &TrialResult| {
        let say = |(worse, reason)| TrialReason { trial: trial.index, worse, reason };
        judge_trial(trial, &plan).into_iter().map(say).collect::<Vec<_>>()
    };
    for (worse, reason) in alike::together(trials.iter().flat_map(|trial| of_trial(&trial.result)).collect())
    {
        say(worse, reason);
    }
    if planned == 0 {
        say(Verdict::Inconclusive, "the plan has no trial".to_owned());
    }
    if trials.len() < planned && manifest.enough.is_none() {
        say(Verdict::Inconclusive, format!("{} of {planned} trials ran", trials.len()));
    }
    if manifest.status != Status::Complete {
        let why = manifest.stopped_by.clone().unwrap_or_else(|| "the harness was stopped".to_owned());
        say(Verdict::Inconclusive, format!("the run is not complete: {why}"));
    }
    if !manifest.mixed.is_empty() {
        let differs = manifest.mixed.join("; ");
        say(Verdict::Inconclusive, format!("the run was resumed on another machine: {differs}"));
    }
    let mut variants = variants(&plan, trials);
    price_witnesses(&plan, &mut variants);
    let sweep = sweep::conclude(&plan, &variants);
    let comparison = comparison::inside(&plan, &variants);
    if let Some(comparison) = &comparison {
        let who = format!("{} compared with {}", comparison.candidate, comparison.baseline);
        for reason in &comparison.reasons {
            // The reasons are sorted, worst first; the verdict is that of the first.
            say(comparison.verdict, format!("{who}: {reason}"));
        }
    }
    let mut expectations = expect::judge_all(&plan.expect, &plan, &variants);
    fit::doubt(plan.fitted.as_ref(), &mut expectations);
    let mut claims = expect::claims(&plan.claims, &plan, &variants);
    because::settle(&mut claims, &plan.claims, &variants);
    for expectation in expectations.iter().filter(|e| e.verdict != Verdict::Pass) {
        say(expectation.verdict, sentence(expectation));
    }
    reasons.sort_by_key(|(worse, _)| std::cmp::Reverse(*worse));
    let reasons = reasons.into_iter().map(|(_, reason)| reason).collect();
    with_insights(RunResult {
        format: FORMAT.to_owned(),
        run_id: manifest.run_id.clone(),
        status: manifest.status,
        verdict,
        reasons,
        plan,
        environment,
        variants,
        claims,
        expectations,
        sweep,
        comparison,
        insights: Insights::default(),
    })
}

fn sentence(expectation: &Expectation) -> String {
    let reason = expectation.reason.as_deref().unwrap_or("no reason");
    format!("{}: expected `{}`: {reason}", expectation.variant, expectation.that)
}

/// What the books of one trial say about the verdict, whatever was expected of it.
pub fn verdict_of(trial: &TrialResult, plan: &Plan) -> Verdict {
    judge_trial(trial, plan).into_iter().fold(Verdict::Pass, |worst, (one, _)| worst.worst(one))
}

/// What a trial's books say about the verdict. Spoilt figures are marked where they are shown; they make a run
/// inconclusive only through an expectation that needs them.
fn judge_trial(trial: &TrialResult, plan: &Plan) -> Vec<(Verdict, String)> {
    let planned = plan.trials.iter().find(|planned| planned.index == trial.index);
    let variant = planned.and_then(|planned| plan.variant_of(planned));
    let books = variant.is_none_or(|variant| plan.has_books(variant));
    // That this one ends the program is what is looked at.
    let deadly = variant.and_then(|variant| variant.ebpf).is_some_and(|e| e.trap == Some(Trap::Uretprobe));
    let mut out = Vec::new();
    let ledger = &trial.ledger;
    assert!(ledger.closes(), "the sum over the fates of trial {} does not close", trial.index);
    for (count, what) in ledger.contradictions() {
        out.push((Verdict::AccountingBroken, format!("{count} spans {what}")));
    }
    let mut doubt = |reason: String| out.push((Verdict::Inconclusive, reason));
    if let Some(surplus) = ledger.surplus {
        doubt(format!(
            "requests made up to {} spans, {} more in all than the scenario says: set `spans_per_request = {}`",
            surplus.most, surplus.spans, surplus.most
        ));
    }
    if let Some(reason) = unaccounted(trial, books) {
        doubt(reason);
    }
    if let Some(reason) = nothing_here(trial) {
        doubt(reason);
    }
    if let Some(reason) = strangers(trial) {
        doubt(reason);
    }
    if ledger.created == 0 {
        doubt(counted_only(trial).unwrap_or_else(|| {
            format!("no span was created, so nothing is proven{}", shell::no_span(trial))
        }));
    }
    if let Some(reason) = shell::nothing_recorded(trial, variant).filter(|_| plan.subject().is_own()) {
        doubt(reason);
    }
    if trial.status == Status::Partial {
        doubt("its logs are cut off".to_owned());
    }
    if let Some(error) = &trial.error {
        doubt(format!("the harness could not finish it: {error}"));
    }
    if let Some(end) =
        trial.ended_by_itself.as_ref().filter(|_| plan.subject().must_outlive_its_run() && !deadly)
    {
        doubt(format!("the fixture ended by itself, before it was asked to ({end})"));
    }
    for fault in trial.faults.iter().filter(|fault| !fault.bit) {
        doubt(unbitten(fault));
    }
    for reason in limits::doubts(trial, plan)
        .into_iter()
        .chain(unread::doubts(trial, variant))
        .chain(gaps(trial, plan, variant))
    {
        doubt(reason);
    }
    for row in trial.agreement.iter().filter(|row| row.difference > 0 && row.explained.is_none()) {
        let counts: Vec<String> = row.counts.iter().map(|(w, n)| format!("{} {n}", w.as_str())).collect();
        doubt(format!("the witnesses disagree about \"{}\": {}", row.what, counts.join(", ")));
    }
    out
}

/// That a program sent all its spans past our receiver: what became of them there nobody here saw.
fn nothing_here(trial: &TrialResult) -> Option<String> {
    let sent = trial.ledger.total(Fate::SentElsewhere);
    if sent == 0 || trial.ledger.total(Fate::Received) > 0 {
        return None;
    }
    let ends: BTreeSet<&str> =
        trial.services.iter().flat_map(|service| &service.endpoints).map(String::as_str).collect();
    let why = shell::not_sent(trial).unwrap_or_else(|| {
        "the program's own code sets its endpoint; let it export by OTLP to OTEL_EXPORTER_OTLP_ENDPOINT (leave out WithEndpoint), or \
         look at it as it is with `spanfate attach --pid`"
            .to_owned()
    });
    let ends = ends.into_iter().collect::<Vec<_>>().join(", ");
    Some(format!("{sent} spans were sent to {ends}, which took them, and none came to our receiver: {why}"))
}

/// That probes counted spans of which they could keep no books.
fn counted_only(trial: &TrialResult) -> Option<String> {
    let counted = trial.spans_counted();
    let lacking: BTreeSet<&str> =
        trial.probes.iter().flat_map(|probes| &probes.missing).map(String::as_str).collect();
    (counted > 0).then(|| {
        let lacking = lacking.into_iter().collect::<Vec<_>>().join(", ");
        let why = if lacking.is_empty() { lacking } else { format!(": the program lacks {lacking}") };
        let came = trial.ledger.outside;
        format!(
            "the probes counted {counted} spans, {came} came, and what became of each cannot be said, so nothing is proven{why}"
        )
    })
}

/// That spans came which the watched processes did not make.
fn strangers(trial: &TrialResult) -> Option<String> {
    let count = trial.ledger.strangers;
    (count > 0).then(|| {
        format!(
            "{count} spans came to our receiver that the watched program did not make: a process that it starts, a program that it turns into, or another copy of the SDK \
             in it, sends there, too; they are in no other number"
        )
    })
}

/// Why spans cannot be placed.
fn unaccounted(trial: &TrialResult, books: bool) -> Option<String> {
    let ledger = &trial.ledger;
    let (count, outside) = (ledger.unaccounted.count, ledger.outside);
    let unseen = trial.exports.requests == 0 && !ledger.gaps.contains_key(&Gap::Unread);
    let elsewhere = books && unseen && trial.exports.calls > 0;
    match count {
        0 => None,
        _ if elsewhere && let Some(why) = shell::not_sent(trial) => {
            Some(format!("{count} spans were ended and none came to our receiver: {why}"))
        }
        _ if elsewhere && ledger.gaps.keys().all(|gap| *gap == Gap::Elsewhere) => Some(format!(
            "{count} spans were exported without an error and nothing came to our receiver: the program's own code sets its \
             endpoint; let it take OTEL_EXPORTER_OTLP_ENDPOINT (leave out WithEndpoint), or look at it as it is with \
             `spanfate attach --pid`"
        )),
        // The commonest reason: Go's default propagator takes up nothing.
        _ if outside > 0 => Some(format!(
            "{count} spans of answered requests are missing and {outside} came in traces that the load did not begin: the \
             service does not take up `traceparent`; call otel.SetTextMapPropagator(propagation.TraceContext{{}}) in it"
        )),
        _ if !books => Some(format!(
            "{count} spans are unaccounted: without a process witness nobody can say whether they were sampled, lay in a \
             request that was refused unread, or arrived where the wire has a gap"
        )),
        _ => Some(format!("{count} spans are unaccounted: {}", why_unaccounted(trial))),
    }
}

/// What nobody saw of them.
fn why_unaccounted(trial: &TrialResult) -> String {
    let unread = unread::all(trial);
    let one = |(gap, count): (&Gap, &u64)| format!("{count}: {}", unseen::why(*gap, &takers(trial), &unread));
    let all: Vec<String> = trial.ledger.gaps.iter().map(one).collect();
    match &trial.ledger.gaps.iter().collect::<Vec<_>>()[..] {
        [] | [(Gap::Wire | Gap::Records, _)] => "a witness that would tell has a gap".to_owned(),
        _ => all.join("; "),
    }
}

/// Exporters that said so of spans of which none arrived.
fn takers(trial: &TrialResult) -> String {
    let paths = trial.services.iter().flat_map(|service| &service.paths);
    let silent = paths.filter(|path| path.loss.received == 0 && path.exports.calls > path.exports.failed);
    let names: BTreeSet<&str> = silent.map(|path| &*path.exporter).filter(|name| !name.is_empty()).collect();
    if names.is_empty() { "an exporter".to_owned() } else { names.into_iter().collect::<Vec<_>>().join(", ") }
}

/// What witnesses that are needed did not see.
fn gaps(trial: &TrialResult, plan: &Plan, variant: Option<&PlannedVariant>) -> Vec<String> {
    let process = variant.is_none_or(|variant| plan.is_fully_witnessed(variant));
    // Where probes are set up to lose records, that they do is what is looked at.
    let may_lose = variant.and_then(|variant| variant.ebpf).is_some_and(|ebpf| ebpf.may_lose());
    let mut out = Vec::new();
    for report in &trial.witnesses {
        let name = report.witness.as_str();
        let needed = match report.witness {
            Witness::Process | Witness::Sdk => process,
            Witness::Wire => true,
            Witness::Load => plan.subject().has_load(),
            Witness::Collector => variant.is_some_and(|variant| !variant.hops.is_empty()),
            Witness::Probe => false,
        };
        match &report.state {
            WitnessState::Complete => {}
            WitnessState::Lossy(_) if report.witness == Witness::Probe && may_lose => {}
            WitnessState::Lossy(0) => {
                out.push(format!("the {name} witness lost an unknown number of statements"));
            }
            WitnessState::Lossy(lost) => out.push(format!("the {name} witness lost {lost} statements")),
            WitnessState::Absent(why) if needed => out.push(format!("the {name} witness is absent: {why}")),
            WitnessState::Absent(_) => {}
        }
    }
    out
}

/// Why a fault is not proven to have happened.
fn unbitten(fault: &FaultResult) -> String {
    let reached = fault.main().map_or_else(
        || "it has no dose".to_owned(),
        |dose| format!("{} of at least {} {}", dose.amount, fault.needed, dose.what),
    );
    let why = fault.missed.first().map(|why| format!("; {why}")).unwrap_or_default();
    format!("fault {} (`{}` on {}) did not bite: {reached}{why}", fault.number + 1, fault.name, fault.on)
}

fn variants(plan: &Plan, trials: Vec<ConcludedTrial>) -> Vec<VariantResult> {
    let mut by_variant: Vec<Vec<ConcludedTrial>> = plan.variants.iter().map(|_| Vec::new()).collect();
    for trial in trials {
        let variant =
            plan.trials.iter().find(|planned| planned.index == trial.result.index).map_or(0, |p| p.variant);
        if let Some(place) = by_variant.get_mut(usize::from(variant)) {
            place.push(trial);
        }
    }
    plan.variants
        .iter()
        .zip(by_variant)
        .filter(|(_, trials)| !trials.is_empty())
        .map(|(variant, trials)| VariantResult {
            name: variant.name.clone(),
            settings: settings(variant),
            summary: summarise(&trials),
            trials: first_examples(trials.into_iter().map(|trial| trial.result).collect()),
        })
        .collect()
}

/// Keeps the example of a fate only in the first trial that has it: those of the others would say the same again.
fn first_examples(mut trials: Vec<TrialResult>) -> Vec<TrialResult> {
    let mut told: BTreeSet<Standing> = BTreeSet::new();
    for trial in &mut trials {
        trial.examples.retain(|example| told.insert(example.standing));
    }
    trials
}

/// What is set of a collector in the path, by the names that the scenario has for it.
fn hop_settings(hop: &CollectorHop) -> Vec<(String, String)> {
    let set = serde_json::to_value(hop.knobs).unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let keys = set.as_object().into_iter().flatten();
    let keys = keys.map(|(key, value)| (format!("{}.{key}", hop.name), text(value)));
    let version = hop.version().map(CollectorVersion::as_str);
    let own = [("binary", hop.own_binary()), ("version", version), ("config", hop.own_config())];
    let own = own.into_iter().filter_map(|(key, of)| Some((format!("{}.{key}", hop.name), of?.to_owned())));
    keys.chain(own).collect()
}

fn settings(variant: &PlannedVariant) -> Vec<(String, String)> {
    let mut out = variant.exporter.settings();
    out.extend(variant.receiver.answer_after.map(|after| ("answer_after".to_owned(), after.to_string())));
    out.extend(variant.hops.iter().flat_map(hop_settings));
    out.extend(variant.sdk.as_ref().map(|sdk| ("sdk".to_owned(), sdk.clone())));
    out.extend((!variant.build.is_plain()).then(|| ("build".to_owned(), variant.build.as_str().to_owned())));
    out.extend(variant.design.map(|design| ("design".to_owned(), design.text())));
    out.extend(variant.processor.map(|kind| ("processor".to_owned(), kind.as_str().to_owned())));
    out.extend((!variant.api.is_otel()).then(|| ("api".to_owned(), variant.api.as_str().to_owned())));
    out.extend(variant.ebpf.map(|ebpf| ("ebpf".to_owned(), ebpf.mode.as_str().to_owned())));
    out.extend(variant.load.as_ref().map(|load| ("load".to_owned(), load.to_string())));
    out
}
