//! Answers to hidden faults beside the truth: tables that are read in a terminal and in a document alike.

use spanfate_model::finding::evaluation::{
    AdviceScore, BootstrapMean, CountedShare, Evaluation, EvaluationScore, KindScore, OutsideScore,
};

use crate::text::number::TERMINAL;

/// The tables.
pub(crate) fn render(found: &Evaluation) -> String {
    let score = &found.score;
    let mut out = format!(
        "{} of the {} set, seed {}, on {}. {} of them are not counted: the fault did not act, or cost no span.\n\n",
        TERMINAL.counted(score.cases, "case", "cases"),
        found.set.as_str(),
        found.seed,
        if found.machine.is_empty() { "no machine" } else { &found.machine },
        score.void
    );
    if found.again {
        out += "The answers were given again, from what was kept of the cases.\n\n";
    }
    if !found.kinds.is_empty() {
        out += &format!("Only these kinds were drawn: {}.\n\n", found.kinds.join(", "));
    }
    out += "| figure | value | 95 % |\n|---|---|---|\n";
    for (name, value, bounds) in figures(score) {
        out += &format!("| {name} | {value} | {bounds} |\n");
    }
    if let Some(outside) = &score.outside {
        out += &of_outside(score, outside);
    }
    out += "\n| confidence | first causes | mean confidence | right |\n|---|---|---|---|\n";
    for bin in &score.reliability {
        out += &format!(
            "| {} to {} | {} | {} | {} |\n",
            TERMINAL.fixed(bin.from, 1),
            TERMINAL.fixed(bin.to, 1),
            bin.cases,
            TERMINAL.fixed(bin.confidence, 2),
            TERMINAL.fixed(bin.right, 2)
        );
    }
    out += "\n| kind | cases | with loss | right | right, and its path | unknown | named instead |\n|---|---|---|---|---|---|---|\n";
    for kind in &score.kinds {
        out += &of_kind(kind);
    }
    out + &score.advice.as_ref().map(of_advice).unwrap_or_default()
}

/// All witnesses beside metrics and traces alone.
fn of_outside(score: &EvaluationScore, outside: &OutsideScore) -> String {
    let mut out =
        "\n| of the same cases | all witnesses | 95 % | metrics and traces alone | 95 % |\n|---|---|---|---|---|\n"
            .to_owned();
    let rows = [
        ("the first cause and its service are right", &score.top1, &outside.top1),
        ("the service is right, whatever the cause", &score.service, &outside.service),
        ("both are right among the first three", &score.top3, &outside.top3),
        ("false alarms without a fault", &score.false_alarms, &outside.false_alarms),
    ];
    for (name, full, alone) in rows {
        out += &format!(
            "| {name} | {} | {} | {} | {} |\n",
            counted(full),
            bounds(full.bounds),
            counted(alone),
            bounds(alone.bounds)
        );
    }
    out += "\n| kind, by metrics and traces alone | with loss | right | the service is right |\n|---|---|---|---|\n";
    for (kind, all, right, there) in &outside.kinds {
        out += &format!("| {kind} | {all} | {right} | {there} |\n");
    }
    out
}

/// What advised settings came to.
fn of_advice(advice: &AdviceScore) -> String {
    let mut out =
        "\n| advised settings, run with the same fault | value | 95 % |\n|---|---|---|\n".to_owned();
    let rows = [
        ("predicted loss within 2 points of the measured one", &advice.near),
        ("the same, also of trials that are not valid for loss", &advice.near_of_all),
    ];
    for (name, share) in rows {
        out += &format!("| {name} | {} | {} |\n", counted(share), bounds(share.bounds));
    }
    out += &format!("| lossy cases without settings that could be run | {} |  |\n", advice.without);
    out += "\n| case | kind | set | loss before | predicted | measured | apart, points | valid |\n|---|---|---|---|---|---|---|---|\n";
    for one in &advice.tried {
        out += &format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
            one.case,
            one.kind,
            one.lines.join(", "),
            TERMINAL.percent(one.original),
            TERMINAL.percent(one.predicted),
            TERMINAL.percent(one.measured),
            TERMINAL.fixed(one.apart_points(), 1),
            if one.valid { "yes" } else { "no" }
        );
    }
    out
}

fn figures(score: &EvaluationScore) -> Vec<(&'static str, String, String)> {
    let share = |name, one: &CountedShare| (name, counted(one), bounds(one.bounds));
    let mean = |name, one: &BootstrapMean| {
        let (low, high) = one.bounds;
        let text = |value| TERMINAL.fixed(value, 3);
        (name, text(one.value), format!("{} to {}", text(low), text(high)))
    };
    vec![
        share("the first cause is right", &score.top1),
        share("a right one is among the first three", &score.top3),
        ("who guesses is right", TERMINAL.percent(score.chance), String::new()),
        ("right so many times as often", TERMINAL.fixed(score.lift, 1), String::new()),
        share("right, and each step of its path", &score.grounded),
        share("the answer is that it is unknown", &score.abstained),
        share("of causes that were named, right", &score.precision),
        share("false alarms without a fault", &score.false_alarms),
        ("cases without a fault that lost spans", score.clean_lossy.to_string(), String::new()),
        mean("Brier score", &score.brier),
        mean("expected calibration error", &score.calibration_error),
    ]
}

fn counted(one: &CountedShare) -> String {
    format!("{} of {} ({})", one.hits, one.of, TERMINAL.percent(one.share()))
}

fn bounds(bounds: Option<(f64, f64)>) -> String {
    bounds.map_or_else(String::new, |(low, high)| {
        format!("{} to {}", TERMINAL.percent(low), TERMINAL.percent(high))
    })
}

fn of_kind(kind: &KindScore) -> String {
    let instead: Vec<String> = kind.instead.iter().map(|(what, times)| format!("{what} x {times}")).collect();
    let held_out = if kind.held_out { " (never tuned on)" } else { "" };
    format!(
        "| {}{held_out} | {} | {} | {} | {} | {} | {} |\n",
        kind.kind,
        kind.cases,
        kind.lossy,
        kind.top1,
        kind.grounded,
        kind.abstained,
        instead.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use spanfate_model::finding::evaluation::TriedAdvice;

    use super::*;

    #[test]
    fn what_was_wrong_is_named_beside_what_was_right() {
        let kind = KindScore {
            kind: "stall".to_owned(),
            held_out: true,
            cases: 5,
            lossy: 4,
            top1: 3,
            grounded: 2,
            abstained: 0,
            instead: vec![("order burst".to_owned(), 1)],
        };
        let top1 = CountedShare { hits: 3, of: 4, bounds: Some((0.19, 0.99)) };
        let score =
            EvaluationScore { cases: 5, void: 1, top1, kinds: vec![kind], ..EvaluationScore::default() };
        let text = render(&Evaluation { score, ..Evaluation::default() });
        assert!(text.contains("| stall (never tuned on) | 5 | 4 | 3 | 2 | 0 | order burst x 1 |"), "{text}");
        assert!(
            text.contains("| the first cause is right | 3 of 4 (75.00 %) | 19.00 % to 99.00 % |"),
            "{text}"
        );
        assert!(text.starts_with("5 cases of the tune set"), "{text}");
        assert!(!text.contains("advised settings") && !text.contains("alone"), "{text}");
    }

    #[test]
    fn metrics_and_traces_alone_stand_beside_all_witnesses() {
        let of = |hits| CountedShare { hits, of: 10, bounds: None };
        let outside = OutsideScore {
            top1: of(8),
            service: of(9),
            kinds: vec![("stall".to_owned(), 4, 3, 4)],
            ..OutsideScore::default()
        };
        let score = EvaluationScore { top1: of(10), outside: Some(outside), ..EvaluationScore::default() };
        let text = render(&Evaluation { score, again: true, ..Evaluation::default() });
        let row =
            "| the first cause and its service are right | 10 of 10 (100.00 %) |  | 8 of 10 (80.00 %) |  |";
        assert!(text.contains(row), "{text}");
        assert!(text.contains("| stall | 4 | 3 | 4 |") && text.contains("given again"), "{text}");
    }

    #[test]
    fn advice_that_ran_has_its_prediction_beside_what_was_measured() {
        let one = TriedAdvice {
            case: 3,
            kind: "latency".to_owned(),
            lines: vec!["OTEL_BSP_MAX_QUEUE_SIZE=2048".to_owned()],
            original: 0.2,
            predicted: 0.01,
            measured: 0.0,
            valid: true,
        };
        let near = CountedShare { hits: 1, of: 1, bounds: Some((0.025, 1.0)) };
        let advice = AdviceScore { near, near_of_all: near, without: 2, tried: vec![one] };
        let score = EvaluationScore { advice: Some(advice), ..EvaluationScore::default() };
        let text = render(&Evaluation { score, ..Evaluation::default() });
        let row = "| 3 | latency | OTEL_BSP_MAX_QUEUE_SIZE=2048 | 20.00 % | 1.00 % | 0.00 % | 1.0 | yes |";
        assert!(text.contains(row), "{text}");
        assert!(text.contains("| lossy cases without settings that could be run | 2 |"), "{text}");
    }
}
