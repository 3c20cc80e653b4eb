//! Figures of the probes that an expectation can name.

use spanfate_model::fate::witness::WitnessState;
use spanfate_model::format::probe::{ProbeKind, TRAP_TAKEN};
use spanfate_model::result::{CountedThing, ProbeResult, TrialResult};
use spanfate_model::scenario::figure::Figure;

/// The value of a figure; none where there were no probes.
pub(super) fn value(figure: Figure, trial: &TrialResult) -> Option<f64> {
    let there = |probes: &&ProbeResult| !matches!(probes.state, WitnessState::Absent(_));
    let all: Vec<&ProbeResult> = trial.probes.iter().filter(there).collect();
    if all.is_empty() {
        return None;
    }
    let sum = |of: &dyn Fn(&ProbeResult) -> u64| all.iter().map(|probes| of(probes)).sum::<u64>() as f64;
    Some(match figure {
        Figure::ProbeIds => {
            let rows = trial.agreement.iter().filter(|row| row.what.known().is_some_and(CountedThing::by_id));
            let mut differences = rows.map(|row| row.difference).peekable();
            differences.peek()?;
            differences.sum::<u64>() as f64
        }
        Figure::ProbeLost => sum(&|probes| probes.lost.values().sum()),
        Figure::ProbeUncounted => sum(&|probes| probes.uncounted),
        Figure::ProbeOvercount => {
            let hits =
                |probes: &ProbeResult, kind: ProbeKind| probes.hits.get(kind.as_str()).copied().unwrap_or(0);
            let sat = sum(&|probes| hits(probes, ProbeKind::Trap));
            if sat == 0.0 {
                return None;
            }
            sat - sum(&|probes| hits(probes, ProbeKind::Calls))
        }
        Figure::ProbeTrapTaken => {
            let told = all.iter().find_map(|probes| probes.trap.as_ref())?;
            f64::from(u8::from(told == TRAP_TAKEN))
        }
        _ => return None,
    })
}
