//! What to set, as text: what the defaults do, what is advised, and the lines to paste.

pub(crate) mod hop;
mod observed;

use comfy_table::{CellAlignment, ContentArrangement, Table};
use spanfate_model::advice::demand::Demand;
use spanfate_model::advice::lines::assignment;
use spanfate_model::advice::plan::{AdvicePlan, Choice};
use spanfate_model::advice::settings::{BatchSettings, Outlook};
use spanfate_model::advice::why::{self, go_lines, shortfalls};

pub(crate) use observed::observed;

use crate::terminal::titled_rows::{row, time};
use crate::text::number::{NONE, TERMINAL};

/// The whole answer.
pub(crate) fn plan(plan: &AdvicePlan) -> String {
    let mut out = format!("{}\n{}\n\n", asked(&plan.demand), sentence(plan));
    let (advised, lacks) = plan.advised();
    let from_code = plan.code.as_ref().is_some_and(|code| code == advised);
    let mut choices = vec![("defaults", &plan.defaults)];
    choices.extend(is_set(plan).then_some(("set now", &plan.now)));
    if !plan.is_settled() {
        choices.push((if lacks.is_empty() { "advised" } else { "at best" }, advised));
    }
    // Less memory for a few lines of code, where variables do it as well.
    let other = plan.code.as_ref().filter(|_| !from_code);
    choices.extend(other.map(|code| ("with code", code)));
    out += &table(&choices);
    out.push('\n');
    let from = plan.now.settings;
    paste(&mut out, &advised.settings, &from, &plan.demand);
    if from_code {
        code(&mut out, advised, plan);
    } else if let Some(other) = other {
        row(&mut out, "or", &less(other, advised));
        for one in why::variables(&other.settings, &from, &plan.demand) {
            row(&mut out, "", &format!("export {}", assignment(one.name, one.value)));
        }
        code(&mut out, other, plan);
    }
    for text in shortfalls(plan) {
        row(&mut out, "lacking", &text);
    }
    if plan.is_large() {
        row(&mut out, "mind", "the receiver's limit of a message: gRPC takes 4 MiB by default");
    }
    if plan.demand.per_span_s.is_none()
        && let Some(assumes) = why::assumption(plan)
    {
        row(
            &mut out,
            "mind",
            &format!("an estimate: it holds if {assumes}; measure again, or give --per-span"),
        );
    }
    out
}

/// Something else than the defaults is set now.
fn is_set(plan: &AdvicePlan) -> bool {
    plan.now.settings != BatchSettings::DEFAULT
}

/// Columns: name, then what is set and what follows.
fn table(choices: &[(&str, &Choice)]) -> String {
    let head = [
        "",
        "batch",
        "queue",
        "ceiling/s",
        "headroom/s",
        "loss",
        "outlasts",
        "survives",
        "memory",
        "latency",
        "drain",
    ];
    let mut out = aligned(&head, choices.iter().map(|(name, choice)| cells(name, choice)));
    out += "\noutlasts: no answer for so long. survives: connections refused for so long, whatever chance does to the pauses between\n\
            retries. latency: until a span is exported, at most. drain: until the queue is empty after the outage.\n";
    out
}

/// A table without lines; all but the first column to the right.
pub(crate) fn aligned(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(head.iter().map(|name| (*name).to_owned()));
    for cells in rows {
        table.add_row(cells);
    }
    for at in 0..head.len() {
        if let Some(column) = table.column_mut(at) {
            column.set_padding((0, 2));
            if at > 0 {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    let mut out = String::new();
    out.extend(table.lines().map(|line| format!("{}\n", line.trim_end())));
    out
}

fn cells(name: &str, choice: &Choice) -> Vec<String> {
    let Choice { settings, outlook } = choice;
    let Outlook {
        ceiling_per_s,
        headroom_per_s,
        loss,
        outlasts_s,
        survives_s,
        memory_bytes,
        latency_s,
        drain_s,
        ..
    } = *outlook;
    vec![
        name.to_owned(),
        TERMINAL.count(settings.batch.into()),
        TERMINAL.count(settings.queue.into()),
        TERMINAL.fixed(ceiling_per_s, 0),
        TERMINAL.fixed(headroom_per_s, 0),
        TERMINAL.percent(loss),
        span(outlasts_s),
        if survives_s > 0.0 { span(survives_s) } else { "none".to_owned() },
        TERMINAL.bytes(memory_bytes as f64),
        span(latency_s),
        drain_s.map_or_else(|| NONE.to_owned(), span),
    ]
}

/// A time given in seconds; nobody counts days in seconds.
fn span(seconds: f64) -> String {
    match seconds {
        s if s >= 86_400.0 => "> 1 d".to_owned(),
        s if s >= 7200.0 => format!("{} h", TERMINAL.fixed(s / 3600.0, 1)),
        s if s >= 10.0 => format!("{} s", TERMINAL.fixed(s, 0)),
        s => time(s * 1e3),
    }
}

fn asked(demand: &Demand) -> String {
    let mut out = format!(
        "{} spans/s over {}, {} per export",
        TERMINAL.fixed(demand.spans_per_s, 0),
        demand.protocol.as_str(),
        time(demand.round_trip_s * 1e3)
    );
    if let Some(burst) = demand.burst {
        out += &format!(", up to {} for {}", TERMINAL.rate(burst.spans_per_s), time(burst.lasting_s * 1e3));
    }
    if demand.outage_s > 0.0 {
        out += &format!(", connections refused for {}", time(demand.outage_s * 1e3));
    }
    out
}

fn sentence(plan: &AdvicePlan) -> String {
    let now = &plan.now.outlook;
    if plan.is_settled() {
        return if is_set(plan) {
            "What is set now suffices: nothing to change.".to_owned()
        } else {
            "The SDK's defaults suffice: nothing to set.".to_owned()
        };
    }
    // One is what, the other are several.
    let (who, s) = if is_set(plan) { ("What is set now", "s") } else { ("The SDK's defaults", "") };
    let (advised, lacks) = plan.advised();
    let asked = plan.demand.outage_s;
    let does = if now.lost_per_s > 0.0 {
        format!(
            "{who} lose{s} {} of all spans, {}",
            TERMINAL.percent(now.loss),
            TERMINAL.rate(now.lost_per_s)
        )
    } else if asked > 0.0 && now.survives_s <= 0.0 {
        format!("{who} survive{s} no failed export at this rate")
    } else if asked > now.survives_s {
        format!("{who} survive{s} an outage of {} only", span(now.survives_s))
    } else {
        format!("{who} keep{s} up, with less than the margin")
    };
    let code = plan.code.as_ref().is_some_and(|code| code == advised);
    match (lacks.is_empty(), code) {
        (true, false) => format!("{does}. By the capacity model what follows loses nothing{}.", doubt(plan)),
        (true, true) => {
            format!(
                "{does}. Variables alone do not suffice; with the lines of code below nothing is lost by the capacity model."
            )
        }
        (false, _) if plan.keeps_up() => {
            format!(
                "{does}. By the capacity model what follows loses nothing, but with less than the margin{}.",
                doubt(plan)
            )
        }
        (false, _) => format!("{does}. No settings suffice:"),
    }
}

/// What a larger batch rests on, behind what is said of it.
fn doubt(plan: &AdvicePlan) -> String {
    why::assumption(plan).map_or_else(String::new, |assumes| format!(", if {assumes}"))
}

fn paste(out: &mut String, settings: &BatchSettings, from: &BatchSettings, demand: &Demand) {
    let variables = why::variables(settings, from, demand);
    if variables.is_empty() {
        row(out, "paste", "nothing to change");
    }
    for (index, one) in variables.iter().enumerate() {
        row(
            out,
            if index == 0 { "paste" } else { "" },
            &format!("export {}", assignment(one.name, one.value)),
        );
    }
    for (index, one) in variables.iter().enumerate() {
        row(out, if index == 0 { "why" } else { "" }, &format!("{}: {}", one.name, one.why));
    }
}

fn less(code: &Choice, advised: &Choice) -> String {
    format!(
        "with quicker retries, which only code sets, {} less of memory does it:",
        TERMINAL.bytes(advised.outlook.memory_bytes.saturating_sub(code.outlook.memory_bytes) as f64)
    )
}

/// Go, as it is to be pasted: indented by tabs there, by spaces here.
fn code(out: &mut String, choice: &Choice, plan: &AdvicePlan) {
    for (index, line) in go_lines(&choice.settings, plan.demand.protocol).iter().enumerate() {
        let what = if index == 0 { "code" } else { "" };
        out.push_str(&format!("{what:<11}{}\n", line.replace('\t', "    ")));
    }
}

#[cfg(test)]
mod tests;
