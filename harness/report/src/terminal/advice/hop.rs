//! What to set of collectors, as text: what is set now, what is advised beside it, and the lines to paste.

use spanfate_model::advice::hop::lines::{leaves_processor, lines, shortfalls, yaml};
use spanfate_model::advice::hop::{HopChoice, HopDemand, HopPlan, NamedHopPlan};

use super::{aligned, span};
use crate::terminal::titled_rows::{row, time};
use crate::text::fit::clean;
use crate::text::number::{NONE, TERMINAL};

/// A block per exporter; ends with a newline.
pub(crate) fn plans(all: &[NamedHopPlan]) -> String {
    let blocks: Vec<String> = all.iter().map(block).collect();
    let mut out = blocks.join("\n");
    if !all.is_empty() {
        out += "\nholds: spans in a full queue, those that are tried again among them. outlasts: no answer for so long. survives: the back\n\
                end is away for so long, whatever chance does to the pauses between attempts. drain: until the queue is empty after it.\n";
    }
    out
}

fn block(one: &NamedHopPlan) -> String {
    let plan = &one.plan;
    let mut out = format!(
        "{} {}: {}\n{}\n\n",
        clean(&one.hop),
        clean(&one.exporter),
        asked(&plan.demand),
        sentence(plan)
    );
    let mut choices = vec![("set now", &plan.now)];
    if !plan.is_settled() {
        choices.push((if plan.lacks.is_empty() { "advised" } else { "at best" }, &plan.advised));
    }
    let head =
        ["", "queue", "consumers", "sent", "ceiling/s", "holds", "outlasts", "survives", "full", "drain"];
    out += &aligned(&head, choices.iter().map(|(name, choice)| cells(name, choice)));
    out.push('\n');
    let lines = lines(plan);
    if lines.is_empty() {
        row(&mut out, "paste", "nothing to change");
    } else {
        for (index, line) in yaml(&lines, &clean(&one.exporter)).iter().enumerate() {
            out += &format!("{:<11}{line}\n", if index == 0 { "paste" } else { "" });
        }
    }
    if leaves_processor(plan) {
        row(&mut out, "and", "take `batch` out of the pipeline's processors: the exporter makes the batches");
    }
    for (index, line) in lines.iter().enumerate() {
        let what = if index == 0 { "why" } else { "" };
        row(&mut out, what, &format!("{}: {}", line.keys.join("."), line.why));
    }
    for text in shortfalls(plan) {
        row(&mut out, "lacking", &text);
    }
    out
}

fn asked(demand: &HopDemand) -> String {
    let mut out = format!(
        "{} spans/s in requests of {} spans, {} to an answer",
        TERMINAL.fixed(demand.spans_per_s, 0),
        TERMINAL.fixed(demand.request_spans, 0),
        time(demand.round_trip_s * 1e3)
    );
    if demand.outage_s > 0.0 {
        out += &format!(", the back end away for {}", time(demand.outage_s * 1e3));
    }
    out
}

fn sentence(plan: &HopPlan) -> String {
    if plan.is_settled() {
        return "What is set suffices: nothing to change.".to_owned();
    }
    let now = &plan.now.outlook;
    let does = if now.loss > 0.0 {
        format!("What is set loses {} of all spans", TERMINAL.percent(now.loss))
    } else if now.lost_in_outage > 0.0 {
        format!("What is set loses {} spans or more of such an outage", TERMINAL.fixed(now.lost_in_outage, 0))
    } else if plan.demand.outage_s > now.survives_s && now.survives_s > 0.0 {
        format!("What is set survives an outage of {} for sure, and no longer one", span(now.survives_s))
    } else if plan.demand.outage_s > 0.0 && now.survives_s <= 0.0 {
        "What is set survives no outage".to_owned()
    } else {
        "What is set keeps up, with less than the margin".to_owned()
    };
    if plan.lacks.is_empty() {
        format!("{does}. By the capacity model what follows loses nothing.")
    } else {
        format!("{does}. What follows is the best there is:")
    }
}

fn cells(name: &str, choice: &HopChoice) -> Vec<String> {
    let HopChoice { settings, outlook } = choice;
    let queue = if settings.queue {
        format!("{} {}", TERMINAL.count(settings.queue_size), settings.sizer.as_str())
    } else {
        "off".to_owned()
    };
    vec![
        name.to_owned(),
        queue,
        TERMINAL.count(settings.consumers),
        TERMINAL.fixed(outlook.sent, 0),
        outlook.ceiling_per_s.map_or_else(|| NONE.to_owned(), |ceiling| TERMINAL.fixed(ceiling, 0)),
        TERMINAL.fixed(outlook.room, 0),
        span(outlook.outlasts_s),
        if outlook.survives_s > 0.0 { span(outlook.survives_s) } else { "none".to_owned() },
        TERMINAL.bytes(outlook.full_bytes as f64),
        outlook.drain_s.map_or_else(|| NONE.to_owned(), span),
    ]
}

#[cfg(test)]
mod tests {
    use spanfate_model::advice::hop::{HopSettings, plan};

    use super::*;

    fn shown(demand: HopDemand, settings: HopSettings) -> String {
        let plan = plan(&demand, &settings).unwrap();
        plans(&[NamedHopPlan { hop: "agent\u{1b}[31m".to_owned(), exporter: "otlp".to_owned(), plan }])
    }

    const DEMAND: HopDemand = HopDemand {
        spans_per_s: 5000.0,
        request_spans: 512.0,
        round_trip_s: 0.02,
        outage_s: 0.0,
        span_bytes: 500.0,
    };

    #[test]
    fn what_suffices_is_said_and_nothing_is_to_be_pasted() {
        let text = shown(DEMAND, HopSettings::DEFAULT);
        assert!(
            text.contains(
                "agent\u{fffd}[31m otlp: 5,000 spans/s in requests of 512 spans, 20 ms to an answer"
            ),
            "{text}"
        );
        assert!(text.contains("What is set suffices") && text.contains("nothing to change"), "{text}");
        assert!(!text.contains("advised") && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn an_outage_gives_lines_to_paste_with_their_reasons() {
        let text = shown(
            HopDemand { outage_s: 60.0, ..DEMAND },
            HopSettings { queue_size: 500, ..HopSettings::DEFAULT },
        );
        for part in [
            ", the back end away for 60 s\n",
            "What is set loses 44,000 spans or more of such an outage. By the capacity model what follows loses nothing.",
            "set now    500 requests",
            "paste      exporters:\n             otlp:\n               sending_queue:\n                 queue_size: ",
            "               retry_on_failure:\n                 initial_interval: 1s\n",
            "why        sending_queue.queue_size: in requests; 6,250 spans/s (with the margin) x ",
        ] {
            assert!(text.contains(part), "no `{part}` in\n{text}");
        }
    }

    #[test]
    fn what_no_settings_mend_is_said() {
        let far = HopDemand { round_trip_s: 600.0, ..DEMAND };
        let text = shown(far, HopSettings { queue: false, ..HopSettings::DEFAULT });
        assert!(text.contains("nothing to change"), "its senders hold what it does not take: {text}");
        let text = shown(far, HopSettings::DEFAULT);
        assert!(text.contains("at best") && text.contains("lacking    no consumers and batches"), "{text}");
        assert!(text.contains("loses 99.83 % of all spans"), "{text}");
    }
}
