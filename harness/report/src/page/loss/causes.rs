//! Why were spans lost? Per lossy variant: causes with their shares, what a call was made of, the queue over time, and the path that
//! the disturbance took.

use spanfate_model::result::{LossProof, RunResult, VariantResult, WorkerCycle};

use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{LegendKey, PageSection, details, legend, note, plots};
use crate::plot::{CYCLE_INKS, cycles, path, queue};
use crate::text::causes::{cause_of, cycle_parts, evidence, fidelity, short};
use crate::text::number::{NONE, PAGE};
use crate::text::onsets;

/// Most variants whose queues are drawn at once, and at all; the tables have all.
const OPEN: usize = 3;
const DRAWN: usize = 12;

/// A variant whose queues were run again, with what that proves.
type Proved<'a> = (&'a VariantResult, &'a LossProof);

/// The section; absent where no queue was run again.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    let proved: Vec<Proved<'_>> = result
        .insights
        .why
        .iter()
        .filter_map(|cause| Some((result.variant(&cause.variant)?, cause.proof.as_ref()?)))
        .collect();
    let (first, _) = proved.first()?;
    let body = [
        table(&proved),
        Html::leaf("h4", "", "What a call of the exporter was made of"),
        cycle(&proved),
        Html::leaf("h4", "", "The queue, and what moved before spans were dropped"),
        courses(result, &proved),
        note(
            "A queue is run again with the spans that came to it and with each call as it was measured. Without one cause after the \
             other it is run again; what vanishes is that cause's share, on average over all orders in which the causes can be taken \
             away. What stays is unknown. Where several trials dropped spans, calls and queues are those of the trial that dropped most.",
        ),
    ];
    let answer = answer(result, &proved, first);
    Some(PageSection {
        id: "causes",
        question: "Why did queues run full?",
        answer,
        body: body.into_iter().collect(),
    })
}

fn answer(result: &RunResult, proved: &[Proved<'_>], first: &VariantResult) -> String {
    let one = |(variant, proof): &Proved<'_>| match proof.causes.first() {
        Some(cause) => format!(
            "{}: {} of the drops because {}",
            variant.name,
            PAGE.rough(cause.share),
            cause_of(cause.cause, proof, PAGE)
        ),
        None => format!("{}: the replay proves no cause", variant.name),
    };
    let focus = crate::answers::focus(result).map_or(first.name.as_str(), |variant| variant.name.as_str());
    let shown = proved.iter().find(|(variant, _)| variant.name == focus).or_else(|| proved.first());
    let said = shown.map(one).unwrap_or_default();
    match proved.len() {
        0 | 1 => format!("{said}."),
        all => format!("{all} variants dropped spans at full queues. {said}."),
    }
}

/// Every cause of every variant.
fn table(proved: &[Proved<'_>]) -> Html {
    let titles = [
        "Variant",
        "Cause",
        "#Share | of the drops",
        "#Alone | without it alone",
        "What was measured",
        "The replay",
    ];
    let mut grid = Grid::new("Causes of drops at full queues, from replays", titles);
    for (variant, proof) in proved {
        let fits = format!("{}.", fidelity(proof, PAGE));
        for one in &proof.causes {
            grid.row([
                variant.name.clone(),
                short(one.cause).to_owned(),
                PAGE.rough(one.share),
                PAGE.rough(one.alone),
                evidence(one.cause, proof, PAGE),
                fits.clone(),
            ]);
        }
        if proof.unknown >= 0.01 || proof.causes.is_empty() {
            let none = NONE.to_owned();
            let unknown = "unknown".to_owned();
            let why = "no cause makes them vanish".to_owned();
            grid.row([variant.name.clone(), unknown, PAGE.rough(proof.unknown), none, why, fits]);
        }
    }
    grid.render()
}

/// The worker's cycle of every variant: bars, and the same as numbers.
fn cycle(proved: &[Proved<'_>]) -> Html {
    let rows: Vec<(&str, &WorkerCycle)> = proved
        .iter()
        .filter(|(_, proof)| proof.cycle.calls > 0)
        .map(|(variant, proof)| (variant.name.as_str(), &proof.cycle))
        .collect();
    if rows.is_empty() {
        return note("No call of an exporter was open while spans were dropped.");
    }
    let names = cycle_parts(&WorkerCycle::default()).map(|(name, _)| name);
    let keys: Vec<_> =
        names.iter().zip(CYCLE_INKS).map(|(name, ink)| (LegendKey::Bar, ink.class(), *name)).collect();
    let titles = ["Variant", "#Calls"].into_iter().map(str::to_owned);
    let titles = titles.chain(names.iter().map(|name| format!("#{} | ms per call", capital(name))));
    let mut grid =
        Grid::new("Mean milliseconds of a call while spans were dropped, or the queue filled", titles);
    for (name, cycle) in &rows {
        let parts = cycle_parts(cycle).map(|(_, ms)| PAGE.short(ms));
        grid.row([(*name).to_owned(), PAGE.count(cycle.calls)].into_iter().chain(parts));
    }
    legend(&keys)
        .with(&Html::element("figure", &[], cycles("cycles", &rows)))
        .with(&note("All bars have the same scale. Parts are in the order of time, from left to right."))
        .with(&details("Numbers", grid.render()))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Queue and path of the variants that lost the largest share.
fn courses(result: &RunResult, proved: &[Proved<'_>]) -> Html {
    let drawn: Vec<(String, Html)> = proved
        .iter()
        .enumerate()
        .filter_map(|(at, (variant, _))| Some((variant.name.clone(), course(result, variant, at)?)))
        .take(DRAWN)
        .collect();
    if drawn.is_empty() {
        return note(
            "This result is older than courses of queues: `spanfate analyze` of its run makes them.",
        );
    }
    let mut open = drawn;
    let folded = open.split_off(open.len().min(OPEN));
    let mut out = plots(open);
    if !folded.is_empty() {
        let summary = PAGE.counted(folded.len() as u64, "more variant", "more variants");
        out.push(&details(&summary, plots(folded)));
    }
    out.with(&note(
        "Under each queue stands what left its usual value on the way to the drops, in the order of time: circles are times, squares \
         queues, the flat bar is the first drop. A time has moved where it is above three times its lowest tenth by 5\u{202f}ms, for \
         three values in a row or for half a second together. What was so from the beginning has not moved. Who disturbed whom is not said: only \
         what moved, and when.",
    ))
}

fn course(result: &RunResult, variant: &VariantResult, at: usize) -> Option<Html> {
    let (trial, replay) = onsets::worst(variant)?;
    let trial = variant.trials.get(trial)?;
    let plot = queue(format!("queue-{at}"), &result.plan, (variant, trial), replay.course.as_ref()?);
    let steps = onsets::steps(replay, PAGE);
    let mut out = plot;
    if !steps.is_empty() {
        out.push(&path(&format!("onsets-{at}"), &variant.name, &steps));
    }
    out.push(&onsets::only_queue(replay).map(note).unwrap_or_default());
    Some(out)
}
