//! What probes could not see because the program lacks functions, or has copies of them inside others.

use spanfate_model::format::probe::{LackingSite, ProbeKind};
use spanfate_model::result::ProbeResult;

use super::fit::clean;
use super::number::TERMINAL;

/// One sentence per function that is missing.
pub(crate) fn lacking(probes: &ProbeResult) -> Vec<String> {
    if probes.lacking.is_empty() && !probes.missing.is_empty() {
        let missing: Vec<String> = probes.missing.iter().map(|name| clean(name)).collect();
        return vec![format!("spans may have passed unseen: the program lacks {}", missing.join(", "))];
    }
    let ended = probes.hits.get(ProbeKind::Calls.as_str()).copied().unwrap_or_default();
    let one = |site: &LackingSite| {
        if site.copy { copied(site, ended) } else { format!("{}, {}", cost(site), why(site)) }
    };
    let mut out: Vec<String> = probes.lacking.iter().map(one).collect();
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

/// A copy of the SDK, and how often spans of such copies ended.
fn copied(site: &LackingSite, ended: u64) -> String {
    let package = site.function.split(".(").next().unwrap_or_default();
    let seen = match ended {
        0 => String::new(),
        1 => " (1 such span ended)".to_owned(),
        some => format!(" ({} such spans ended)", TERMINAL.count(some)),
    };
    format!(
        "spans of the copy of the SDK in `{}` are not followed{seen}: the program has more than one, and one is probed",
        clean(package)
    )
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
            copy: false,
        };
        assert_eq!(why(&site(ProbeKind::Ended, &[])), "for the program has no `trace.(*tracer).f`");
        assert_eq!(
            why(&site(ProbeKind::Ended, &["a/b.c", "d.e"])),
            "for the compiler inlined `trace.(*tracer).f` into `b.c` and `d.e`"
        );
        let copy = LackingSite { copy: true, ..site(ProbeKind::Started, &[]) };
        for (ended, seen) in
            [(0, " are not followed: "), (1, "(1 such span ended)"), (2000, "(2,000 such spans ended)")]
        {
            let said = copied(&copy, ended);
            assert!(said.contains("in `example.test/otel/sdk/trace`") && said.contains(seen), "{said}");
        }
        let costs: Vec<&str> = ProbeKind::ALL.iter().map(|tells| cost(&site(*tells, &[]))).collect();
        assert!(costs[3..5].iter().all(|cost| *cost != costs[0]), "{costs:?}");
    }
}
