//! What the probes lost, left out or shed; nothing is said where they were complete.

use spanfate_model::result::{ProbeResult, RunResult};

use super::ink::{TermInk, paint};
use super::lines::titled;
use crate::figures::sums::trials;
use crate::text::fit::clean;
use crate::text::lacking::lacking;
use crate::text::number::TERMINAL;

/// One line per process whose probes did not record everything.
pub(crate) fn lines(result: &RunResult) -> Vec<String> {
    let one = |variant: &str, probes: &ProbeResult| {
        let parts = parts(probes);
        let whose = format!("{}: {}: ", clean(variant), clean(&probes.service));
        (!parts.is_empty()).then(|| titled("probes", &paint(TermInk::Warn, &(whose + &parts.join("; ")))))
    };
    trials(result)
        .flat_map(|(variant, trial)| trial.probes.iter().filter_map(|probes| one(&variant.name, probes)))
        .collect()
}

fn parts(probes: &ProbeResult) -> Vec<String> {
    let mut out = Vec::new();
    let lost: u64 = probes.lost.values().sum();
    if lost > 0 {
        let first = probes.first_lost.as_ref().map(|first| {
            format!(", the first {} ms into the load at {}", TERMINAL.fixed(first.at_ms, 1), first.site)
        });
        let reported = match probes.reported_lost {
            0 => String::new(),
            some => format!("; the perf buffers themselves report {}", TERMINAL.count(some)),
        };
        let lost = TERMINAL.counted(lost, "record", "records");
        out.push(format!("lost {lost}, counted{}{reported}", first.unwrap_or_default()));
    }
    if let Some((at, less)) = probes.shed {
        let at = TERMINAL.fixed(at, 0);
        out.push(format!("cost more than they may: {} only, from {at} ms on", less.as_str()));
    }
    if probes.sampled_out > 0 {
        let hits = TERMINAL.counted(probes.sampled_out, "hit", "hits");
        out.push(format!("{hits} sampled out, counted"));
    }
    out.extend(lacking(probes));
    if let Some(nearest) = &probes.nearest {
        let proof = match probes.verified {
            Some(spans) => {
                format!("verified while it ran with {}", TERMINAL.counted(spans, "span", "spans"))
            }
            None => "nothing that came verifies them".to_owned(),
        };
        out.push(format!("struct offsets are those of {}; {proof}", clean(nearest)));
    }
    out
}
