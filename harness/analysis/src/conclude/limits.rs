//! What the surroundings of the harness took away. A span that was lost to them is lost, and says nothing of the service.

use spanfate_model::fate::FateClass;
use spanfate_model::limits::{LimitMet, LimitedPart, OwnLimit, QuotaFigures};
use spanfate_model::plan::Plan;
use spanfate_model::result::TrialResult;

use crate::conclude::validity::THROTTLED_MAX_LOSS;

/// Why a trial says nothing of the service as far as limits of ours were met, and what to do.
pub(crate) fn doubts(trial: &TrialResult, plan: &Plan) -> Vec<String> {
    let quota = quotas(trial, plan.subject().has_load());
    quota.into_iter().chain(trial.limits_met.iter().map(met)).collect()
}

/// Quotas that were used up too often.
fn quotas(trial: &TrialResult, has_load: bool) -> Vec<String> {
    let usage = &trial.usage;
    let lost = trial.ledger.class(FateClass::Lost).0 > 0;
    let held = |quota: &Option<QuotaFigures>| quota.filter(|quota| quota.share() > THROTTLED_MAX_LOSS);
    let mut out = Vec::new();
    // Without a load of ours nobody asks for rates, and books are exact under any quota; where spans are lost, it may have been we
    // who were too slow.
    if let Some(quota) = held(&usage.harness_quota).filter(|_| has_load || lost) {
        out.push(throttled(&quota, "this program and what it started"));
    }
    // The quota of a program's own group is part of what is looked at, unless a load of ours is measured.
    if let Some(quota) = held(&usage.fixture_quota).filter(|_| has_load) {
        out.push(throttled(&quota, "the service"));
    }
    out
}

fn throttled(quota: &QuotaFigures, whom: &str) -> String {
    let QuotaFigures { cores, periods, throttled, throttled_ms } = quota;
    let unit = if cores.total_cmp(&1.0).is_eq() { "core" } else { "cores" };
    format!(
        "a CPU quota of {cores} {unit} held {whom} back in {throttled} of {periods} periods ({:.1} s in all), so loss and times are \
         not the service's own: lift it (cpu.max of the control group, the CPU limit of the container), or take a load that fits \
         into it",
        throttled_ms / 1e3
    )
}

/// A limit that was met.
fn met(limit: &LimitMet) -> String {
    let times = match limit.times {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    let allowed = limit.limit.map(|limit| format!(" ({limit} allowed)")).unwrap_or_default();
    match (limit.what.known(), limit.part.known()) {
        (Some(OwnLimit::Descriptors), part) => format!(
            "our own descriptors ran out{allowed}: {} {times}; allow more with `ulimit -n 65536`",
            missed(part)
        ),
        (Some(OwnLimit::OpenFiles), part) => {
            format!("the machine's open files ran out: {} {times}; raise fs.file-max", missed(part))
        }
        (Some(OwnLimit::Ports), part) => format!(
            "our own local ports ran out: {} {times}; widen net.ipv4.ip_local_port_range, or lower the rate",
            missed(part)
        ),
        (Some(OwnLimit::Space), part) => format!(
            "the space for raw logs ran out: {} {times}; free some in /dev/shm, or give it more (`--shm-size` of a container)",
            missed(part)
        ),
        (None, _) => format!("the harness met a limit: {}, for its {}, {times}", limit.what, limit.part),
    }
}

/// What was missed then.
const fn missed(part: Option<&LimitedPart>) -> &'static str {
    match part {
        Some(LimitedPart::Load) => "the load generator could not open a connection",
        Some(LimitedPart::Receiver) => "the receiver could not take a connection",
        Some(LimitedPart::Relay) => "the relay could not connect to the endpoint",
        Some(LimitedPart::WireLog) => "the receiver could not write down what it received",
        Some(LimitedPart::LoadLog) => "the load could not write down its requests",
        Some(LimitedPart::ProbeLog) => "the probes could not write down what they saw",
        Some(LimitedPart::Sampler) => "the sampler of resource usage could not read",
        None => "a part of the harness went without",
    }
}
