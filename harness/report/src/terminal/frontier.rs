//! The limits of a scenario's configurations, as text.

use comfy_table::{CellAlignment, ContentArrangement, Table};
use spanfate_model::advice::hop::NamedHopPlan;
use spanfate_model::advice::plan::{AdvicePlan, Shortfall};
use spanfate_model::finding::frontier::{Along, Frontier, SearchEnd, SetHop, VariantFrontier, Verified};

use crate::terminal::advice::aligned;
use crate::text::fit::clean;
use crate::text::number::{NONE, TERMINAL};

/// The table, how it is to be read, and what the scenario itself needs.
pub(crate) fn render(frontier: &Frontier, advised: Option<&AdvicePlan>, hops: &[NamedHopPlan]) -> String {
    let mut out = limits(frontier);
    out += &at_hops(frontier);
    if let Some(plan) = advised {
        out += &format!(
            "\nWhat {} needs:\n\n{}",
            clean(&frontier.scenario),
            crate::terminal::advice::plan(plan)
        );
    }
    if !hops.is_empty() {
        out += &format!("\nWhat {} needs of its collectors:\n\n", clean(&frontier.scenario));
        out += &crate::terminal::advice::hop::plans(hops);
        out.push('\n');
    }
    for one in &frontier.verified {
        out += &verified(one);
    }
    let too_slow = advised.is_some_and(|plan| plan.advised().1.contains(&Shortfall::Ceiling));
    if too_slow && frontier.verified.last().is_some_and(|one| one.lossy == 0 && one.clean > 0) {
        out += "That is what the queue took up in a trial of this length: by the capacity model a longer one loses spans.\n";
    }
    out
}

fn verified(one: &Verified) -> String {
    let trials = one.clean + one.lossy;
    let spoilt = match one.unusable {
        0 => String::new(),
        some => format!(
            "; {} not valid for other work on this machine",
            TERMINAL.counted(some, "trial", "trials")
        ),
    };
    let mut what = format!("a batch of {} and a queue of {}", one.batch, one.queue);
    for SetHop { hop, set } in &one.hops {
        what += &format!(", {} with {}", clean(hop), clean(&set.join(", ")));
    }
    let (lost, created) = (TERMINAL.count(one.lost), TERMINAL.count(one.created));
    match (one.lossy, trials) {
        (_, 0) => format!("not verified: {what}; no trial is valid, for other work on this machine\n"),
        (0, _) => format!(
            "verified: {what} lost {lost} of {created} spans, {trials}/{trials} trials clean{spoilt}\n"
        ),
        (lossy, _) => {
            format!("refuted: {what} lost {lost} of {created} spans in {lossy} of {trials} trials{spoilt}\n")
        }
    }
}

fn limits(frontier: &Frontier) -> String {
    let (what, unit) = match frontier.along {
        Along::Rate => ("the highest rate without a loss", "req/s"),
        Along::Outage => ("the longest outage without a loss", "s"),
    };
    let mut out = format!(
        "{}  {what}, in trials of {} s with {} at every value\n\n",
        clean(&frontier.scenario),
        TERMINAL.short(frontier.seconds),
        TERMINAL.counted(frontier.repeats, "repeat", "repeats"),
    );
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let spans = if frontier.along == Along::Rate { "spans/s" } else { "" };
    let head = ["variant", &format!("limit, {unit}"), spans, "model", "for ever", "export ms", "trials"];
    table.set_header(head.map(str::to_owned));
    for limit in &frontier.variants {
        table.add_row(row(limit, frontier.along));
    }
    for at in 0..head.len() {
        if let Some(column) = table.column_mut(at) {
            column.set_padding((0, 2));
            if at > 0 {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    out.extend(table.lines().map(|line| format!("{}\n", line.trim_end())));
    out += &notes(frontier);
    out
}

/// What the capacity model says of the collectors in the path.
fn at_hops(frontier: &Frontier) -> String {
    let unit = if frontier.along == Along::Rate { "model, req/s" } else { "model, s" };
    let head = ["collector", "variant", "holds", "consumers", "sent", "answer ms", "for ever/s", unit];
    let cells = frontier.variants.iter().flat_map(|variant| {
        variant.hops.iter().map(|hop| {
            vec![
                clean(&hop.hop),
                clean(&variant.variant),
                TERMINAL.fixed(hop.room, 0),
                TERMINAL.count(hop.consumers),
                TERMINAL.fixed(hop.sent, 0),
                TERMINAL.short(hop.answer_ms),
                TERMINAL.fixed(hop.ceiling, 0),
                TERMINAL.short(hop.predicted),
            ]
        })
    });
    if frontier.variants.iter().all(|variant| variant.hops.is_empty()) {
        return String::new();
    }
    format!(
        "\n{}\nholds: spans in its full queue. sent: spans of a request. model: what its queue, its consumers and the measured time to an \
         answer\npredict; after an outage it waits for its next attempt, which counts, too. The lowest limit of a path is its limit.\n",
        aligned(&head, cells)
    )
}

fn row(limit: &VariantFrontier, along: Along) -> Vec<String> {
    let number =
        |value: f64| if along == Along::Rate { TERMINAL.fixed(value, 0) } else { TERMINAL.fixed(value, 2) };
    let each = if along == Along::Rate { limit.spans_per_request } else { 0.0 };
    let interval = |factor: f64| match (limit.found.low, limit.found.high, limit.found.end) {
        (Some(low), Some(high), _) => format!("{} to {}", number(low * factor), number(high * factor)),
        (Some(low), None, SearchEnd::Machine) => format!("≥ {} (machine)", number(low * factor)),
        (Some(low), None, _) => format!("≥ {}", number(low * factor)),
        (None, Some(high), _) => format!("< {}", number(high * factor)),
        (None, None, _) => NONE.to_owned(),
    };
    let law = limit.law.map_or_else(|| NONE.to_owned(), |law| number(law.predicted));
    let ever = match (limit.law, along) {
        (Some(law), Along::Rate) if each > 0.0 => number(law.ceiling / each),
        _ => NONE.to_owned(),
    };
    let trials: u64 = limit.found.steps.iter().map(|step| step.clean + step.lossy + step.unusable).sum();
    vec![
        clean(&limit.variant),
        interval(1.0),
        if each > 0.0 { interval(each) } else { String::new() },
        law,
        ever,
        limit.law.map_or_else(|| NONE.to_owned(), |law| TERMINAL.short(law.export_ms)),
        trials.to_string(),
    ]
}

fn notes(frontier: &Frontier) -> String {
    let mut out = String::from("\n");
    out += match frontier.along {
        Along::Rate => {
            "limit: from the highest rate at which no trial lost a span to the lowest at which one did. law: what batch, queue and the\n\
             measured export time predict for trials of this length; for ever: batch / export time, without the queue's help.\n"
        }
        Along::Outage => {
            "limit: from the longest outage through which no trial lost a span to the shortest in which one did. law: how long the\n\
             queue outlasts at this rate without any export; after an outage the exporter waits for its next try, which counts, too.\n"
        }
    };
    if frontier.variants.iter().any(|limit| limit.found.end == SearchEnd::Machine) {
        out +=
            "≥ … (machine): above it the load, the receiver or other work on this machine was the limit.\n";
    }
    if let Some(why) = &frontier.stopped_by {
        out += &format!("The search is not complete: {}.\n", clean(why));
    }
    out
}
