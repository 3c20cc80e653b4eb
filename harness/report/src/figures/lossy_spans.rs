//! Which spans are lost and what that does to traces: the choices that terminal and page share.

use spanfate_model::books::breakdown::BreakdownRow;
use spanfate_model::books::damage::{Damage, ServiceDamage};
use spanfate_model::fate::witness::{Witness, WitnessState};
use spanfate_model::result::{RunResult, VariantResult};

use crate::figures::sums::trials;

/// The rows of one view of a variant's spans: `service`, `span`, `kind` or `place`.
pub(crate) fn view<'a>(variant: &'a VariantResult, by: &str) -> &'a [BreakdownRow] {
    variant.summary.breakdown.iter().find(|one| one.by == by).map_or(&[], |one| &one.rows)
}

/// The rows of a view that lost something, most first.
pub(crate) fn losing<'a>(variant: &'a VariantResult, by: &str) -> Vec<&'a BreakdownRow> {
    let mut rows: Vec<&BreakdownRow> = view(variant, by).iter().filter(|row| row.lost > 0).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.lost));
    rows
}

/// The variants of which it is known what happened to traces, in the plan's order.
pub(crate) fn traced(result: &RunResult) -> Vec<(&VariantResult, &Damage)> {
    let known = |variant: &'_ VariantResult| variant.summary.damage.is_some();
    let all = result.variants.iter().filter(|variant| known(variant));
    all.filter_map(|variant| Some((variant, variant.summary.damage.as_ref()?))).collect()
}

/// Of these the ones with damaged traces, worst first.
pub(crate) fn damaged(result: &RunResult) -> Vec<(&VariantResult, &Damage)> {
    let mut out = traced(result);
    out.retain(|(_, damage)| damage.damaged() > 0);
    out.sort_by(|a, b| b.1.damaged_share().total_cmp(&a.1.damaged_share()));
    out
}

/// The variants whose traces miss nothing but what was left out on purpose, most first.
pub(crate) fn thinned(result: &RunResult) -> Vec<(&VariantResult, &Damage)> {
    let mut out = traced(result);
    out.retain(|(_, damage)| damage.damaged() == 0 && damage.left_out > 0);
    out.sort_by_key(|(_, damage)| std::cmp::Reverse(damage.left_out));
    out
}

/// The called service that is missing altogether from most traces.
pub(crate) fn vanished(damage: &Damage) -> Option<&ServiceDamage> {
    let called = damage.services.iter().filter(|service| service.depth > 0 && service.invisible > 0);
    called.reduce(|most, service| if service.invisible > most.invisible { service } else { most })
}

/// Why nothing is known of single spans and traces.
pub(crate) fn unknown(result: &RunResult) -> String {
    let mut reports = trials(result).flat_map(|(_, trial)| &trial.witnesses);
    let absent = reports.find_map(|report| match &report.state {
        WitnessState::Absent(why) if report.witness == Witness::Process => Some(why.as_str()),
        _ => None,
    });
    match absent {
        Some(why) => format!(
            "That cannot be said: there was no witness in the process ({why}). Load and wire tell how many spans of a \
             request are missing, not which."
        ),
        None => "That is not part of this result.".to_owned(),
    }
}

/// Whether something is spoilt in a variant whose witness is priced, or in its twin without one.
pub(crate) fn is_spoilt(result: &RunResult, variant: &VariantResult) -> bool {
    let twins: Vec<&str> = variant.summary.costs().map(|(_, cost)| cost.without.as_str()).collect();
    let twins = result.variants.iter().filter(|other| twins.contains(&other.name.as_str()));
    std::iter::once(variant).chain(twins).any(|one| !one.summary.marks.is_empty())
}

/// Names of the variants of which nothing like that is known.
pub(crate) fn unseen(result: &RunResult) -> Vec<&str> {
    let unseen = |variant: &&VariantResult| variant.summary.damage.is_none();
    result.variants.iter().filter(unseen).map(|variant| variant.name.as_str()).collect()
}
