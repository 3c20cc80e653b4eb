//! What probes could not see because the program lacks functions, or has copies of them inside others.

use spanfate_model::format::probe::{LackingSite, ProbeKind};
use spanfate_model::result::ProbeResult;

use super::fit::clean;

/// One sentence per function that is missing.
pub(crate) fn lacking(probes: &ProbeResult) -> Vec<String> {
    if probes.lacking.is_empty() && !probes.missing.is_empty() {
        let missing: Vec<String> = probes.missing.iter().map(|name| clean(name)).collect();
        return vec![format!("spans may have passed unseen: the program lacks {}", missing.join(", "))];
    }
    let mut out: Vec<String> =
        probes.lacking.iter().map(|site| format!("{}, {}", cost(site), why(site))).collect();
    out.dedup();
    out
}

/// What is not known.
const fn cost(site: &LackingSite) -> &'static str {
    match site.tells {
        ProbeKind::Started => "spans cannot be counted where they start",
        ProbeKind::Ended => "it cannot be said which spans ended",
        ProbeKind::Queued | ProbeKind::Dropped => {
            "the queue's answer to each span is not seen: which spans it dropped can be said only where its processor's own \
             counter proves it"
        }
        ProbeKind::Offered => {
            "spans that end after the shutdown cannot be told from those that their processor ignored"
        }
        ProbeKind::Created => "spans that do not record are not counted",
        ProbeKind::Simple | ProbeKind::Blocked | ProbeKind::GivenUp => {
            "some spans pass their processor unseen"
        }
        ProbeKind::Export | ProbeKind::Handover | ProbeKind::Handed | ProbeKind::Exported => {
            "batches are not seen where they are exported"
        }
        ProbeKind::Shutdown
        | ProbeKind::Shut
        | ProbeKind::Drained
        | ProbeKind::Closing
        | ProbeKind::Closed => "it cannot be said whether the shutdown came to its end",
        _ => "some moments of the runtime are not seen",
    }
}

fn why(site: &LackingSite) -> String {
    let function = clean(short(&site.function));
    if site.inlined_into.is_empty() {
        return format!("for the program has no `{function}`");
    }
    let hosts: Vec<String> =
        site.inlined_into.iter().map(|host| format!("`{}`", clean(short(host)))).collect();
    format!("for the compiler inlined `{function}` into {}", hosts.join(" and "))
}

/// A function's name without the path of its package.
fn short(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_is_said_with_its_cost_and_its_reason() {
        let site = |tells, hosts: &[&str]| LackingSite {
            tells,
            function: "example.test/otel/sdk/trace.(*tracer).f".to_owned(),
            inlined_into: hosts.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(why(&site(ProbeKind::Ended, &[])), "for the program has no `trace.(*tracer).f`");
        assert_eq!(
            why(&site(ProbeKind::Ended, &["a/b.c", "d.e"])),
            "for the compiler inlined `trace.(*tracer).f` into `b.c` and `d.e`"
        );
        let costs: Vec<&str> = ProbeKind::ALL.iter().map(|tells| cost(&site(*tells, &[]))).collect();
        assert!(costs[3..5].iter().all(|cost| *cost != costs[0]), "{costs:?}");
    }
}
