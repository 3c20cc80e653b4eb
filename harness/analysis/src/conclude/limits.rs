//! What the surroundings of the harness took away. A span that was lost to them is lost, and says nothing of the service.

use spanfate_model::fate::FateClass;
use spanfate_model::limits::{LimitMet, LimitedPart, OwnLimit, QuotaFigures};
use spanfate_model::plan::Plan;
use spanfate_model::result::{TrialResult, UsageFigures};

use crate::conclude::validity::THROTTLED_MAX_LOSS;

/// Why a trial says nothing of the service as far as limits of ours were met, and what to do.
pub(crate) fn doubts(trial: &TrialResult, plan: &Plan) -> Vec<String> {
    let lost = trial.ledger.class(FateClass::Lost).0 > 0;
    // Where nothing is lost and something is expected, each expectation says for itself what it needs.
    let asked = !plan.expect.is_empty();
    let quota = quotas(&trial.usage, plan.subject().has_load(), lost, asked);
    quota.into_iter().chain(trial.limits_met.iter().map(met)).collect()
}

/// Quotas that were used up too often. `asked`: something is expected of the run.
fn quotas(usage: &UsageFigures, has_load: bool, lost: bool, asked: bool) -> Vec<String> {
    let held = |quota: &Option<QuotaFigures>| quota.filter(|quota| quota.share() > THROTTLED_MAX_LOSS);
    let mut out = Vec::new();
    // Without a load of ours nobody asks for rates, and books are exact under any quota, which mends no loss; where spans are lost, it
    // may have been we who were too slow.
    if let Some(quota) = held(&usage.harness_quota).filter(|_| lost || (has_load && !asked)) {
        out.push(throttled(&quota, "this program and what it started"));
    }
    // The quota of a program's own group is part of what is looked at, unless a load of ours is measured.
    if let Some(quota) = held(&usage.fixture_quota).filter(|_| has_load && (lost || !asked)) {
        out.push(throttled(&quota, "the service"));
    }
    out
}

fn throttled(quota: &QuotaFigures, whom: &str) -> String {
    let cores = quota.cores;
    let unit = if cores.total_cmp(&1.0).is_eq() { "core" } else { "cores" };
    // In how many periods is a figure of each trial; here they would keep the trials apart.
    format!(
        "a CPU quota of {cores} {unit} held {whom} back, so loss and times are not the service's own: lift it (cpu.max of the control \
         group, the CPU limit of the container), or take a load that fits into it"
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

#[cfg(test)]
mod tests {
    use super::*;

    const fn used_up(throttled: u64) -> QuotaFigures {
        QuotaFigures { cores: 1.0, periods: 121, throttled, throttled_ms: 6200.0 }
    }

    #[test]
    fn a_quota_is_a_doubt_where_it_may_have_made_the_loss() {
        // Used up by the harness's group and by the services' own; a load of ours, a loss, an expectation; and how many doubts
        // follow.
        let cases = [
            (None, None, true, true, false, 0),
            (Some(used_up(0)), None, true, true, false, 0),
            (Some(used_up(2)), None, true, true, false, 0),
            (Some(used_up(84)), None, true, false, false, 1),
            (Some(used_up(84)), None, true, false, true, 0),
            (Some(used_up(84)), None, true, true, true, 1),
            (Some(used_up(84)), Some(used_up(84)), true, true, false, 2),
            (None, Some(used_up(84)), true, false, false, 1),
            (None, Some(used_up(84)), true, false, true, 0),
            (None, Some(used_up(84)), true, true, true, 1),
            (Some(used_up(84)), None, false, false, false, 0),
            (Some(used_up(84)), None, false, true, true, 1),
            (None, Some(used_up(84)), false, true, false, 0),
        ];
        for (harness_quota, fixture_quota, has_load, lost, asked, doubts) in cases {
            let usage = UsageFigures { harness_quota, fixture_quota, ..UsageFigures::default() };
            let found = quotas(&usage, has_load, lost, asked);
            assert_eq!(found.len(), doubts, "{usage:?} {has_load} {lost} {asked}");
            let named = "a CPU quota of 1 core held";
            assert!(found.iter().all(|text| text.starts_with(named)));
        }
    }

    #[test]
    fn every_limit_of_every_part_is_said_with_what_to_do() {
        for what in OwnLimit::ALL {
            for part in LimitedPart::ALL {
                let limit =
                    |times, limit| LimitMet { what: (*what).into(), part: (*part).into(), times, limit };
                let (once, often) = (met(&limit(1, None)), met(&limit(3, Some(256))));
                assert!(once.contains(" once; ") && often.contains(" 3 times; "), "{once} {often}");
                assert_eq!(often.contains("(256 allowed)"), *what == OwnLimit::Descriptors, "{often}");
            }
        }
    }
}
