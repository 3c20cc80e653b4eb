//! Services that stood still: for a time they began nothing and ended nothing, though something was asked of them.

use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::Standstill;

use crate::evidence::opened::Opened;
use crate::evidence::process::Process;
use crate::replay::arrivals::{Arrivals, Backlog, STOOD_STILL};
use crate::statistics::quantile::millis;

/// The services that stood still before the drops of a queue, so that these came of what had waited; by when they began to.
pub(crate) fn before_drops(
    opened: &Opened<'_>,
    arrivals: &Arrivals,
    (first, last): (MonoNs, MonoNs),
) -> Vec<Standstill> {
    let Some(backlog) = arrivals.backlogs.iter().find(|one| one.back <= last && one.done >= first) else {
        return Vec::new();
    };
    let since = |at: MonoNs| millis(at.saturating_sub(opened.began));
    let mut out = Vec::new();
    for process in &opened.processes {
        let whose = opened.manifest.processes.iter().find(|one| one.process == process.header.process);
        if let Some((from, to)) = longest_within(process, *backlog)
            && let Some(whose) = whose
        {
            out.push(Standstill { service: whose.service.clone(), from_ms: since(from), to_ms: since(to) });
        }
    }
    out.sort_by(|a, b| a.from_ms.total_cmp(&b.from_ms));
    out
}

/// The longest time around a standstill of a queue in which a process began no span and ended none, if it is long enough.
fn longest_within(process: &Process<'_>, around: Backlog) -> Option<(MonoNs, MonoNs)> {
    let (from, to) = (around.from.saturating_sub(STOOD_STILL), around.back.saturating_add(STOOD_STILL));
    let mut times: Vec<MonoNs> = process
        .spans()
        .flat_map(|(_, span, _)| [span.started, span.closed])
        .filter(|at| (from..=to).contains(at))
        .collect();
    times.sort_unstable();
    let pairs = times.iter().zip(times.iter().skip(1)).map(|(a, b)| (*a, *b));
    pairs.max_by_key(|(a, b)| b - a).filter(|(a, b)| b - a >= STOOD_STILL)
}
