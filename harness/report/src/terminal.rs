//! The summary for a terminal.

pub(crate) mod advice;
pub(crate) mod attach_pid;
mod columns;
mod comparison;
mod ends;
pub(crate) mod explain;
mod faults;
pub(crate) mod frontier;
mod hops;
pub(crate) mod ink;
mod lines;
mod load;
pub(crate) mod noise;
mod paths;
pub(crate) mod peek;
mod probes;
pub(crate) mod selftest;
pub(crate) mod titled_rows;
mod traces;
pub(crate) mod why;

use spanfate_model::result::{Comparison, RunResult};

use crate::figures::sums::trials;
use crate::text::fit::clean;
use crate::text::number::TERMINAL;
use crate::text::words;
use ink::{TermInk, paint};

/// How the summary may look.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct TableStyle {
    /// Whether ANSI colours may be used.
    pub color: bool,
    /// Columns of the terminal; absent means that lines may be as long as they like.
    pub width: Option<u16>,
}

/// The whole summary; ends with a newline.
pub(crate) fn render(result: &RunResult, style: TableStyle) -> String {
    let mut out: Vec<String> = lines::first(result).into_iter().collect();
    out.push(heading(result));
    if let Some(text) = words::incomplete(result) {
        out.push(paint(TermInk::Warn, &text));
    }
    if let Some(fitted) = &result.plan.fitted {
        let ink = if fitted.is_lower() { TermInk::Warn } else { TermInk::Soft };
        out.push(paint(ink, &clean(&fitted.to_string())));
    }
    out.push(String::new());
    out.extend(columns::table(
        &result.variants,
        result.plan.subject().has_load(),
        style.width.map(usize::from),
    ));
    out.push(String::new());
    out.extend(traces::planted(result));
    out.extend(lines::lost(result));
    out.extend(paths::lines(result, style.width.map(usize::from)));
    out.extend(hops::lines(result));
    out.extend(hops::engines_said(result));
    out.extend(load::requests(result));
    out.extend(load::quotas(result));
    out.extend(faults::faults(result));
    out.extend(faults::exports(result));
    out.extend(traces::spans(result));
    out.extend(traces::traces(result));
    out.extend(faults::calls(result));
    out.extend(lines::books(result));
    out.extend(ends::lines(result));
    out.extend(traces::outside(result));
    out.extend(traces::unnumbered(result));
    out.extend(lines::unplaced(result));
    out.extend(lines::witnesses(result));
    out.extend(load::undisturbed(result));
    out.extend(load::attempts(result));
    out.extend(probes::lines(result));
    out.extend(traces::instrument(result));
    out.extend(lines::errors(result));
    out.extend(comparison::sweep(result));
    out.extend(comparison::of_run(result));
    out.extend(lines::expectations(result));
    out.extend(lines::verdict(result));
    let wrapped = out.iter().flat_map(|line| ink::wrap(line, style.width.map(usize::from)));
    let mut text = wrapped.collect::<Vec<_>>().join("\n");
    text.push('\n');
    ink::finish(&text, style.color)
}

/// Comparisons of two runs; ends with a newline.
pub(crate) fn comparisons(all: &[Comparison], style: TableStyle) -> String {
    let lines = all.iter().flat_map(comparison::lines);
    let wrapped = lines.flat_map(|line| ink::wrap(&line, style.width.map(usize::from)));
    let mut text = wrapped.collect::<Vec<_>>().join("\n");
    text.push('\n');
    ink::finish(&text, style.color)
}

fn heading(result: &RunResult) -> String {
    let plan = &result.plan;
    if !plan.subject().has_load() {
        let (name, run) = (paint(TermInk::Bold, &clean(&plan.title())), clean(&result.run_id));
        return format!("{name}  {} It ran without a load of ours, run {run}", clean(&plan.description));
    }
    let services =
        crate::text::plan_words::services(plan, TERMINAL).map(|text| format!("{text}, ")).unwrap_or_default();
    format!(
        "{}  {} after {} of warm-up, {} in {}, seed {}, run {}",
        paint(TermInk::Bold, &clean(&plan.title())),
        clean(&plan.load.to_string()),
        plan.load.warmup,
        services + &TERMINAL.counted(trials(result).count() as u64, "trial", "trials"),
        TERMINAL.counted(result.variants.len() as u64, "variant", "variants"),
        plan.seed,
        clean(&result.run_id),
    )
}
