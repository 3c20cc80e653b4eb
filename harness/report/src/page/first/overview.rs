//! The picture of the first screen: how much each variant lost, and the variant that matters most over time.

use spanfate_model::result::{RunResult, TrialResult, VariantResult};

use crate::answers::focus;
use crate::markup::Html;
use crate::page::frame::part::trial_name;
use crate::page::time::timeline;
use crate::plot::{LossRow, Losses, Timelines};
use crate::text::number::PAGE;
use crate::text::words;

/// Most variants that have a bar.
const SHOWN: usize = 8;

/// The picture; nothing where nothing ran.
pub(crate) fn picture(result: &RunResult) -> Html {
    let panels: Html = [losses(result), over_time(result)].into_iter().flatten().collect();
    if panels.is_empty() { panels } else { Html::element("div", &[("class", "overview")], panels) }
}

fn panel(caption: &str, plot: &Html, below: Option<String>) -> Html {
    let note = below.map(|text| Html::leaf("p", "note", text)).unwrap_or_default();
    Html::element("figure", &[], Html::leaf("figcaption", "", caption).with(plot).with(&note))
}

/// Loss by variant; of a single variant by trial.
fn losses(result: &RunResult) -> Option<Html> {
    let (what, rows, below) = match result.variants.as_slice() {
        [] => return None,
        [only] if only.trials.len() > 1 => {
            let rest = only.trials.iter().skip(SHOWN).map(|trial| trial.loss.lost > 0);
            ("trial", only.trials.iter().take(SHOWN).map(of_trial).collect(), others(rest))
        }
        _ => {
            let (shown, rest) = shown(result);
            let rest = rest.into_iter().map(|variant| words::due(variant).1 > 0);
            ("variant", shown.into_iter().map(of_variant).collect(), others(rest))
        }
    };
    let plot = Losses { rows };
    let end = PAGE.brief(plot.end());
    Some(panel(&format!("Loss by {what}; a full bar is {end}"), &plot.draw(), below))
}

/// How many others there are, each of which lost spans or did not.
fn others(lossy: impl Iterator<Item = bool>) -> Option<String> {
    let (lossy, clean): (Vec<bool>, Vec<bool>) = lossy.partition(|lossy| *lossy);
    let part = |n: usize, what: &str| (n > 0).then(|| format!("{} more {what}", PAGE.count(n as u64)));
    let parts: Vec<String> =
        [part(lossy.len(), "lost spans"), part(clean.len(), "lost nothing")].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("{}: see “How much is lost?”.", parts.join(", ")))
}

/// The variants that have a bar, and those for which there is no room: all in the plan's order; of many first the one that matters
/// most and those that lost the largest share.
fn shown(result: &RunResult) -> (Vec<&VariantResult>, Vec<&VariantResult>) {
    let mut all: Vec<&VariantResult> = result.variants.iter().collect();
    if all.len() > SHOWN {
        let first = focus(result).map(|variant| variant.name.as_str());
        let loss = |variant: &VariantResult| variant.summary.loss.mean;
        all.sort_by(|a, b| loss(b).total_cmp(&loss(a)));
        all.sort_by_key(|variant| Some(variant.name.as_str()) != first);
    }
    let rest = all.split_off(all.len().min(SHOWN));
    (all, rest)
}

fn of_variant(variant: &VariantResult) -> LossRow {
    let doubt = if variant.summary.loss.valid { "" } else { " (not valid)" };
    LossRow {
        name: variant.name.clone(),
        share: variant.summary.loss.mean,
        figure: format!("{}{doubt}", words::loss(variant, PAGE)),
    }
}

fn of_trial(trial: &TrialResult) -> LossRow {
    let loss = &trial.loss;
    let figure =
        if loss.lost == 0 { format!("0 of {}", PAGE.count(loss.due)) } else { PAGE.percent(loss.rate) };
    LossRow { name: format!("trial {}", trial.repetition + 1), share: loss.rate, figure }
}

/// The variant that matters most, in the trial that lost most.
fn over_time(result: &RunResult) -> Option<Html> {
    let variant = focus(result)?;
    let trial = timeline::worst(variant)?;
    let plot = Timelines::over(&[(variant, trial)], &result.plan).brief(variant, trial);
    let below = trial.faults.iter().any(|fault| !fault.windows.is_empty());
    let below = below
        .then(|| "Shaded: a fault acts. Its number is explained under “What happened when?”.".to_owned());
    Some(panel(&format!("{} over time", trial_name(variant, trial)), &plot, below))
}
